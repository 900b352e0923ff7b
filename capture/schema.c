/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/schema.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): members can't be in parentheses */
#define F(arm, member, coder, column)                                                                                  \
	{                                                                                                              \
		offsetof(struct event, arm.member), sizeof(((struct event *)0)->arm.member), (coder), (column)         \
	}
/* Reserved bytes that are no member of a width of 1, 2, 4 or 8. */
#define R(arm, at, width, coder, column)                                                                               \
	{                                                                                                              \
		offsetof(struct event, arm) + (at), (width), (coder), (column)                                         \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

/* Kinds that came after the format's major version have no row: older readers take them as opaque. */
static const struct field fields[EV_DETAIL + 1][FIELDS_MAX + 1] = {
	[EV_TICK] = {{0}},
	[EV_SWITCH] = {F(sw, goid, CODE_GOID, 20), F(sw, p, CODE_P, 21), F(sw, next_tid, CODE_TID_NEXT, 22),
		       F(sw, waker_tid, CODE_TID_WAKER, 23), F(sw, wake_delta_ns, CODE_WAIT, 24),
		       F(sw, state, CODE_SMALL_A, 0), F(sw, reserved, CODE_SMALL_B, 0)},
	[EV_THREAD_NEW] = {F(thread, creator_tid, CODE_TID, 25), F(thread, reserved, CODE_NUMBER, 26),
			   F(thread, comm, CODE_COMM, 27)},
	[EV_THREAD_EXIT] = {{0}},
	[EV_EXEC] = {{0}},
	[EV_SIGNAL_SEND] = {F(signal, sender_tid, CODE_TID, 28), F(signal, reserved, CODE_NUMBER, 29)},
	[EV_SIGNAL_DELIVER] = {F(at, goid, CODE_GOID, 30), F(at, p, CODE_P, 31), F(at, loc, CODE_LOC, 32),
			       F(at, blame, CODE_LOC, 33), R(at, 18, 2, CODE_NUMBER, 34),
			       R(at, 20, 4, CODE_NUMBER, 35)},
	[EV_SAMPLE] = {F(at, goid, CODE_GOID, 36), F(at, p, CODE_P, 37), F(at, loc, CODE_LOC, 38),
		       F(at, blame, CODE_LOC, 39), R(at, 18, 2, CODE_NUMBER, 40), R(at, 20, 4, CODE_NUMBER, 41)},
	[EV_STW_STOP] = {F(stw, goid, CODE_GOID, 42), F(stw, reason, CODE_SMALL_A, 0), R(stw, 9, 1, CODE_SMALL_B, 0),
			 R(stw, 10, 2, CODE_NUMBER, 43), R(stw, 12, 4, CODE_NUMBER, 44)},
	[EV_STW_STOPPED] = {{0}},
	[EV_STW_START] = {F(stw_end, asked_ns, CODE_TIME, 45), F(stw_end, stopped_ns, CODE_TIME, 46),
			  F(stw_end, reason, CODE_SMALL_A, 0), R(stw_end, 17, 1, CODE_SMALL_B, 0),
			  R(stw_end, 18, 2, CODE_NUMBER, 47), R(stw_end, 20, 4, CODE_NUMBER, 48)},
	[EV_PREEMPT_REQUEST] = {F(preempt, m_tid, CODE_TID_SUBJECT, 49), F(preempt, goid, CODE_GOID, 50),
				F(preempt, p, CODE_P, 51), F(preempt, loc, CODE_LOC, 52),
				F(preempt, how, CODE_SMALL_A, 0), R(preempt, 19, 1, CODE_SMALL_B, 0),
				R(preempt, 20, 4, CODE_NUMBER, 53)},
	[EV_PREEMPT_TAKEN] = {F(preempt, m_tid, CODE_TID_SUBJECT, 54), F(preempt, goid, CODE_GOID, 55),
			      F(preempt, p, CODE_P, 56), F(preempt, loc, CODE_LOC, 57),
			      F(preempt, how, CODE_SMALL_A, 0), R(preempt, 19, 1, CODE_SMALL_B, 0),
			      R(preempt, 20, 4, CODE_NUMBER, 58)},
	[EV_GOROUTINE] = {F(goroutine, goid, CODE_GOID_OTHER, 59), F(goroutine, parent_goid, CODE_GOID_OTHER, 60),
			  F(goroutine, start_loc, CODE_LOC, 61), F(goroutine, create_loc, CODE_LOC, 62)},
	[EV_CPU_STAT] = {F(cpu_stat, idle_ns, CODE_CPU_DELTA_0, 63), F(cpu_stat, busy_ns, CODE_CPU_DELTA_1, 64)},
	[EV_CGROUP_STAT] = {F(cgroup, quota_ns, CODE_DELTA, 65), F(cgroup, period_ns, CODE_DELTA, 66),
			    F(cgroup, throttled_ns, CODE_DELTA, 67), F(cgroup, nr_throttled, CODE_DELTA, 68)},
	[EV_LOST] = {F(lost, count, CODE_NUMBER, 69), F(lost, cause, CODE_NUMBER, 70),
		     F(lost, reserved, CODE_NUMBER, 71)},
	[EV_LOC] = {F(loc, func, CODE_TEXT, 72), F(loc, file, CODE_TEXT, 73), F(loc, id, CODE_LOC, 74),
		    F(loc, line, CODE_NUMBER, 75), F(loc, is_runtime, CODE_SMALL_A, 0)},
	[EV_COMM] = {F(comm, tid, CODE_TID, 76), F(comm, tgid, CODE_NUMBER, 77), F(comm, comm, CODE_COMM, 78)},
	[EV_RUNTIME] = {F(runtime, gomaxprocs, CODE_NUMBER, 79), F(runtime, asyncpreemptoff, CODE_SMALL_A, 0),
			R(runtime, 5, 1, CODE_SMALL_B, 0), R(runtime, 6, 2, CODE_NUMBER, 80)},
	[EV_OVERHEAD] = {F(overhead, probe_ns, CODE_DELTA, 81), F(overhead, self_ns, CODE_DELTA, 82),
			 F(overhead, hits, CODE_DELTA, 83)},
	[EV_TARGET_EXIT] = {F(exited, status, CODE_NUMBER, 84)},
	[EV_G] = {F(g, goid, CODE_GOID, 85), F(g, other, CODE_GOID_OTHER, 86), F(g, p, CODE_P, 87),
		  F(g, change, CODE_SMALL_A, 0), F(g, reason, CODE_SMALL_B, 0), F(g, reserved, CODE_NUMBER, 88)},
	[EV_P] = {F(p, p, CODE_P, 89), F(p, change, CODE_SMALL_A, 0), R(p, 3, 1, CODE_SMALL_B, 0),
		  R(p, 4, 4, CODE_NUMBER, 90)},
	[EV_RUNQ] = {F(runq, len, CODE_NUMBER, 91), F(runq, p, CODE_P, 92), F(runq, reserved, CODE_NUMBER, 93)},
	[EV_DETAIL] = {F(detail, level, CODE_SMALL_A, 0), F(detail, why, CODE_SMALL_B, 0),
		       F(detail, reserved, CODE_NUMBER, 94), F(detail, overhead_bp, CODE_NUMBER, 95)},
};

#define W(n)                                                                                                           \
	{                                                                                                              \
		offsetof(struct event, sw) + 8 * (n), 8, CODE_NUMBER, 96 + (n)                                         \
	}

static const struct field opaque[] = {W(0), W(1), W(2), W(3), {0}};

_Static_assert(sizeof(struct event) == 48, "an event that is stored as it is has a payload of four words");

const struct field *schema_opaque(void)
{
	return opaque;
}

const struct field *schema_fields(uint8_t kind)
{
	return kind == EV_NONE || kind > EV_DETAIL ? opaque : fields[kind];
}
