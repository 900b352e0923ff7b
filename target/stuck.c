/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/stuck.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "target/go_target.h"
#include "target/proc.h"

/* runtime/proc.go schedinit: sched.maxmcount. */
#define MS_MAX 10000

/* ---- the live process ---- */

struct find_tid {
	pid_t pid;
	uint32_t ns_tid, tid;
};

static int same_tid(void *ctx, uint32_t tid, const char comm[EV_COMM_SIZE])
{
	struct find_tid *f = ctx;
	uint32_t own;

	(void)comm;
	if (proc_ns_tid(f->pid, tid, &own) < 0 || own != f->ns_tid)
		return 0;
	f->tid = tid;
	return 1;
}

/* m.procid is the id in the process's own pid namespace. 0 = no such thread. */
static uint32_t tid_of(pid_t pid, uint64_t procid)
{
	struct find_tid f = {.pid = pid, .ns_tid = (uint32_t)procid};
	uint32_t own;

	if (procid == 0 || procid > INT32_MAX)
		return 0;
	if (proc_ns_tid(pid, (uint32_t)pid, &own) < 0 || own == (uint32_t)pid)
		return (uint32_t)procid;
	proc_each_thread(pid, same_tid, &f);
	return f.tid;
}

/* One M of the list: is its signal pending, and whose is it? 1, 0, -errno. */
static int look_at(const struct go_target *t, const struct go_offsets *off, uint64_t m, struct stuck_m *ret)
{
	uint32_t pending, gen;
	uint64_t procid = 0;
	int err = go_target_read(t, m + off->m_signalpending, &pending, sizeof(pending));

	if (err < 0 || pending == 0)
		return err;
	err = go_target_read(t, m + off->m_preemptgen, &gen, sizeof(gen));
	if (err == 0)
		err = go_target_read(t, m + off->m_procid, &procid, sizeof(procid));
	if (err < 0)
		return err;
	uint32_t tid = tid_of(go_target_pid(t), procid);
	/* Without a thread: an M that is being made, or one that a cgo program keeps for callbacks. */
	int held = tid ? proc_signal_pending(go_target_pid(t), tid, SIGURG) : -ESRCH;
	if (held < 0)
		return held == -ESRCH ? 0 : held;
	*ret = (struct stuck_m){.m = m, .tid = tid, .gen = gen, .on_its_way = held > 0};
	return 1;
}

static int live_pending(void *ctx, struct stuck_m *ret, size_t cap)
{
	const struct go_target *t = ctx;
	struct go_offsets off;
	bool guess;
	uint64_t m = 0;
	size_t n = 0;
	int err = go_binary_offsets(go_target_binary(t), &off, &guess);

	if (err == 0)
		err = go_target_read_var(t, "runtime.allm", &m, sizeof(m));
	for (unsigned i = 0; err == 0 && m && i < MS_MAX && n < cap; i++) {
		int one = look_at(t, &off, m, &ret[n]);

		n += one > 0;
		err = one < 0 ? one : go_target_read(t, m + off.m_alllink, &m, sizeof(m));
	}
	return err < 0 ? err : (int)n;
}

static int live_send(void *ctx, uint32_t tid)
{
	return syscall(SYS_tgkill, go_target_pid(ctx), (pid_t)tid, SIGURG) < 0 ? -errno : 0;
}

int stuck_reader_of(struct go_target *t, struct stuck_reader *ret)
{
	struct go_offsets off;
	bool guess;

	if (go_binary_offsets(go_target_binary(t), &off, &guess) < 0 || off.m_signalpending == GO_OFF_NONE ||
	    off.m_preemptgen == GO_OFF_NONE || off.m_procid == GO_OFF_NONE || off.m_alllink == GO_OFF_NONE)
		return -ENODATA;
	*ret = (struct stuck_reader){.pending = live_pending, .send = live_send, .ctx = t};
	return 0;
}

/* ---- the search ---- */

static const struct stuck_m *find(const struct stuck_m *now, size_t n, uint64_t m)
{
	for (size_t i = 0; i < n; i++) {
		if (now[i].m == m)
			return &now[i];
	}
	return NULL;
}

/* Has the handler run, or will it? */
static bool moves(const struct stuck_m *before, const struct stuck_m *now)
{
	return !now || now->on_its_way || now->gen != before->gen || now->tid != before->tid;
}

static void keep_unmoved(struct stuck *s, const struct stuck_m *now, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!moves(&s->ms[i], find(now, n, s->ms[i].m)))
			s->ms[kept++] = s->ms[i];
	}
	s->n = kept;
}

static void take_candidates(struct stuck *s, const struct stuck_m *now, size_t n)
{
	s->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (!now[i].on_its_way)
			s->ms[s->n++] = now[i];
	}
}

static void send_all(struct stuck *s, const struct stuck_reader *r, uint64_t now_ns)
{
	size_t kept = 0;

	s->found = (unsigned)s->n;
	for (size_t i = 0; i < s->n; i++) {
		int err = r->send(r->ctx, s->ms[i].tid);

		log_write(LOG_TARGET, "SIGURG to thread %u, which had lost its own: %d", s->ms[i].tid, err);
		if (err == -ESRCH) {
			s->found--; /* the thread has ended, and its M with it */
			continue;
		}
		if (err < 0)
			s->err = err;
		s->ms[kept++] = s->ms[i];
	}
	s->n = kept;
	s->phase = STUCK_REPAIRING;
	s->since_ns = now_ns;
}

/* An M that has answered isn't pending any more, or is so for a later request. */
static void count_answers(struct stuck *s, const struct stuck_m *now, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct stuck_m *m = find(now, n, s->ms[i].m);

		if (m && m->gen == s->ms[i].gen)
			s->ms[kept++] = s->ms[i];
		else
			s->repaired++;
	}
	s->n = kept;
}

void stuck_begin(struct stuck *s, uint64_t now_ns)
{
	*s = (struct stuck){.phase = STUCK_SEARCHING, .since_ns = now_ns};
}

bool stuck_step(struct stuck *s, const struct stuck_reader *r, uint64_t now_ns)
{
	static struct stuck_m now[STUCK_MAX]; /* one search at a time steps */
	uint64_t age_ns = now_ns - s->since_ns;

	if (s->phase == STUCK_OVER)
		return true;
	int n = r->pending(r->ctx, now, STUCK_MAX);
	if (n < 0) {
		/* A list that changes while it is read; a process that has ended stays unreadable. */
		s->err = n;
		if (n == -ESRCH || age_ns > REPAIR_NS)
			s->phase = STUCK_OVER;
		return s->phase == STUCK_OVER;
	}
	if (s->phase == STUCK_REPAIRING)
		count_answers(s, now, (size_t)n);
	else if (s->looks++ == 0)
		take_candidates(s, now, (size_t)n);
	else
		keep_unmoved(s, now, (size_t)n);
	if (s->n == 0 || (s->phase == STUCK_REPAIRING && age_ns > REPAIR_NS))
		s->phase = STUCK_OVER;
	else if (s->phase == STUCK_SEARCHING && age_ns >= STUCK_NS && s->looks >= STUCK_LOOKS)
		send_all(s, r, now_ns);
	return s->phase == STUCK_OVER;
}

const char *stuck_text(const struct stuck *s, char *dst, size_t cap)
{
	const char *many = s->found == 1 ? "" : "s";

	if (s->found)
		snprintf(dst, cap, "%u thread%s had lost the signal; %u repaired with one SIGURG each", s->found, many,
			 s->repaired);
	else if (s->err < 0 && s->err != -ESRCH)
		snprintf(dst, cap, "threads that lost the signal couldn't be looked for: %s", strerror(-s->err));
	else
		snprintf(dst, cap, "no thread had lost its preemption signal");
	return dst;
}
