/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the runtime's Ps tell without a probe: how often they have switched goroutines, and how long their run queues
 * are. Read from the process's memory; cost: three reads of a few bytes a P, 250 ms apart.
 */
#include <string.h>

#include "engine/engine_internal.h"
#include "target/go_target.h"

#define PS_MAX 4096U
/* runtime/runtime2.go p.runq: the local queue is a ring of 256. */
#define RUNQ_MAX 257U

struct allp {
	uint64_t data, len, cap;
};

static bool read_allp(const struct engine *e, struct allp *ret)
{
	return go_target_read_var(e->go, "runtime.allp", ret, sizeof(*ret)) == 0 && ret->len <= PS_MAX;
}

static bool read_p(const struct engine *e, const struct allp *allp, uint64_t i, uint64_t *ret)
{
	return go_target_read(e->go, allp->data + 8 * i, ret, sizeof(*ret)) == 0 && *ret;
}

/* p.schedtick and p.syscalltick follow each other in every version (runtime/runtime2.go, Go 1.19 to 1.26). */
uint64_t ps_switches(const struct engine *e)
{
	struct allp allp;
	struct go_offsets off;
	bool guess;
	uint64_t p, sum = 0;

	if (e->check != CHECK_TRUSTED || go_binary_offsets(go_target_binary(e->go), &off, &guess) < 0 ||
	    !read_allp(e, &allp))
		return 0;
	for (uint64_t i = 0; i < allp.len; i++) {
		uint32_t ticks[2];

		if (read_p(e, &allp, i, &p) && go_target_read(e->go, p + off.p_schedtick, ticks, sizeof(ticks)) == 0)
			sum += (uint64_t)ticks[0] + ticks[1];
	}
	return sum;
}

static void tell_len(struct engine *e, uint16_t p, uint32_t len)
{
	engine_tell(e, (struct event){.head.kind = EV_RUNQ, .runq = {.len = len, .p = p}});
}

/* The length of a P's local queue; the tail may move between its two words, never by more than the ring holds. */
static bool local_len(const struct engine *e, const struct go_offsets *off, uint64_t p, uint32_t *ret)
{
	uint32_t ends[2];
	uint64_t next;

	if (off->p_runqtail != off->p_runqhead + sizeof(ends[0]) ||
	    go_target_read(e->go, p + off->p_runqhead, ends, sizeof(ends)) < 0 ||
	    go_target_read(e->go, p + off->p_runnext, &next, sizeof(next)) < 0)
		return false;
	*ret = ends[1] - ends[0] + (next != 0);
	return *ret <= RUNQ_MAX;
}

void ps_tell_queues(struct engine *e)
{
	struct allp allp;
	struct go_offsets off;
	bool guess;
	uint64_t p;
	int32_t global;
	uint32_t len;

	if (e->check != CHECK_TRUSTED || go_binary_offsets(go_target_binary(e->go), &off, &guess) < 0 ||
	    off.p_runnext == GO_OFF_NONE || !read_allp(e, &allp))
		return;
	for (uint64_t i = 0; i < allp.len && i < EV_NO_P; i++) {
		if (read_p(e, &allp, i, &p) && local_len(e, &off, p, &len))
			tell_len(e, (uint16_t)i, len);
	}
	if (off.sched_runqsize != GO_OFF_NONE &&
	    go_target_read_var_at(e->go, "runtime.sched", off.sched_runqsize, &global, sizeof(global)) == 0 &&
	    global >= 0)
		tell_len(e, EV_NO_P, (uint32_t)global);
}
