/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "events/wait_reason.h"
#include "events/wire.h"
#include "target/go_target.h"
#include "target/go_wait_reason.h"

/* Program counters and locations that are remembered; a program's hot places are far fewer. Powers of two. */
#define PC_SLOTS   16384U
#define LOC_SLOTS  65536U
#define COMM_SLOTS 1024U

struct pc_slot {
	uint64_t pc; /* 0 = free */
	uint32_t loc;
	bool is_runtime;
};

struct loc_slot {
	const char *func, *file; /* the binary's own strings: equal pointers, equal places */
	uint32_t line;
	uint32_t id; /* 0 = free */
};

struct comm_slot {
	uint32_t tid;
	char comm[EV_COMM_SIZE];
};

struct decoder {
	const struct go_target *go;
	uint32_t last_loc;
	size_t n_pcs, n_locs;
	struct pc_slot pcs[PC_SLOTS];
	struct loc_slot locs[LOC_SLOTS];
	struct comm_slot comms[COMM_SLOTS];
};

/* One record's way through: where its events go and the time they get. */
struct delivery {
	const struct event_sink *sink;
	uint64_t time_ns;
	int n;
};

static void deliver(struct delivery *d, struct event *ev)
{
	ev->head.time_ns = d->time_ns;
	event_deliver(d->sink, ev);
	d->n++;
}

struct decoder *decoder_new(void)
{
	return calloc(1, sizeof(struct decoder));
}

void decoder_free(struct decoder *d)
{
	free(d);
}

void decoder_set_target(struct decoder *d, const struct go_target *go)
{
	d->go = go;
	memset(d->pcs, 0, sizeof(d->pcs));
	memset(d->locs, 0, sizeof(d->locs));
	d->n_pcs = d->n_locs = 0;
}

static uint32_t hash_u64(uint64_t v)
{
	return (uint32_t)((v * 0x9e3779b97f4a7c15ULL) >> 32);
}

/* The id of a place; announced when it is new. EV_NO_LOC when the table is full. */
static uint32_t loc_id(struct decoder *d, const struct go_loc *loc, struct delivery *to)
{
	uint32_t i =
		hash_u64((uint64_t)(uintptr_t)loc->func ^ ((uint64_t)loc->line << 40) ^ (uint64_t)(uintptr_t)loc->file);

	for (;; i++) {
		struct loc_slot *s = &d->locs[i % LOC_SLOTS];

		if (!s->id) {
			if (d->n_locs >= LOC_SLOTS / 4 * 3)
				return EV_NO_LOC;
			*s = (struct loc_slot){loc->func, loc->file, loc->line, ++d->last_loc};
			d->n_locs++;
			struct event ev = {.head.kind = EV_LOC,
					   .loc = {.func = loc->func,
						   .file = loc->file ? loc->file : "",
						   .id = s->id,
						   .line = loc->line,
						   .is_runtime = loc->is_runtime}};
			deliver(to, &ev);
			return s->id;
		}
		if (s->func == loc->func && s->file == loc->file && s->line == loc->line)
			return s->id;
	}
}

/* Resolves one PC through the cache. @back: a return address; the call is before it. */
static struct pc_slot resolve(struct decoder *d, uint64_t pc, bool back, struct delivery *to)
{
	struct pc_slot none = {.loc = EV_NO_LOC, .is_runtime = true};
	struct go_loc loc;

	pc -= back;
	if (!d->go || pc == 0 || pc == UINT64_MAX)
		return none;
	if (d->n_pcs >= PC_SLOTS / 4 * 3) {
		memset(d->pcs, 0, sizeof(d->pcs));
		d->n_pcs = 0;
	}
	uint32_t i = hash_u64(pc);
	while (d->pcs[i % PC_SLOTS].pc && d->pcs[i % PC_SLOTS].pc != pc)
		i++;
	struct pc_slot *s = &d->pcs[i % PC_SLOTS];
	if (!s->pc) {
		*s = none;
		s->pc = pc;
		d->n_pcs++;
		if (go_target_resolve(d->go, pc, &loc) == 0) {
			s->loc = loc_id(d, &loc, to);
			s->is_runtime = loc.is_runtime;
		}
	}
	return *s;
}

static bool comm_is_new(struct decoder *d, uint32_t tid, const char comm[EV_COMM_SIZE])
{
	struct comm_slot *s = &d->comms[tid % COMM_SLOTS];

	if (s->tid == tid && memcmp(s->comm, comm, EV_COMM_SIZE) == 0)
		return false;
	s->tid = tid;
	memcpy(s->comm, comm, EV_COMM_SIZE);
	return true;
}

/* Where a thread is: the innermost frame, and the innermost that isn't the runtime's. */
static void decode_at(struct decoder *d, const struct wire_at *w, struct event *ev, struct delivery *to)
{
	uint32_t n = w->n_frames < WIRE_FRAMES ? w->n_frames : WIRE_FRAMES;
	uint32_t loc = EV_NO_LOC, blame = EV_NO_LOC;

	for (uint32_t i = 0; i < n && blame == EV_NO_LOC; i++) {
		struct pc_slot at = resolve(d, w->pc[i], i > 0, to);

		if (i == 0)
			loc = at.loc;
		if (at.loc != EV_NO_LOC && !at.is_runtime)
			blame = at.loc;
	}
	if (w->head.kind == EV_PREEMPT_TAKEN)
		ev->preempt = (struct ev_preempt){
			.goid = w->goid, .m_tid = w->head.tid, .loc = blame, .p = w->p, .how = w->how};
	else
		ev->at = (struct ev_at){.goid = w->goid, .loc = loc, .blame = blame, .p = w->p};
	deliver(to, ev);
}

static void decode_goroutine(struct decoder *d, const struct wire_goroutine *w, struct event *ev, struct delivery *to)
{
	struct go_loc start;
	bool known = d->go && w->startpc && go_target_resolve_start(d->go, w->startpc, &start) == 0;

	ev->goroutine = (struct ev_goroutine){
		.goid = w->goid,
		.parent_goid = w->parent_goid,
		.start_loc = known ? loc_id(d, &start, to) : EV_NO_LOC,
		.create_loc = resolve(d, w->gopc, true, to).loc,
	};
	deliver(to, ev);
}

static void decode_g(const struct decoder *d, const struct wire_g *w, struct event *ev, struct delivery *to)
{
	ev->g = w->g;
	if (w->g.change != EV_G_PARK)
		ev->g.reason = WAIT_NONE;
	else if (w->g.reason == WIRE_REASON_PREEMPTED)
		ev->g.reason = WAIT_PREEMPTED;
	else
		ev->g.reason =
			d->go ? go_wait_reason(go_binary_minor(go_target_binary(d->go)), w->g.reason) : WAIT_NONE;
	deliver(to, ev);
}

uint8_t stw_reason_of_text(const char *text, size_t len)
{
	/* runtime of Go 1.19 and 1.20: the argument of stopTheWorld; gcStart sets none, gcMarkDone "gcing" (mgc.go). */
	static const struct {
		const char *text;
		uint8_t reason;
	} known[] = {
		{"", EV_STW_GC_SWEEP_TERM},
		{"gcing", EV_STW_GC_MARK_TERM},
		{"write heap dump", EV_STW_WRITE_HEAP_DUMP},
		{"profile", EV_STW_GOROUTINE_PROFILE},
		{"profile cleanup", EV_STW_GOROUTINE_PROFILE_CLEANUP},
		{"stack trace", EV_STW_ALL_GOROUTINES_STACK},
		{"read mem stats", EV_STW_READ_MEM_STATS},
		{"doAllThreadsSyscall", EV_STW_ALL_THREADS_SYSCALL},
		{"GOMAXPROCS", EV_STW_GOMAXPROCS},
		{"start tracing", EV_STW_START_TRACE},
		{"stop tracing", EV_STW_STOP_TRACE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strlen(known[i].text) == len && memcmp(known[i].text, text, len) == 0)
			return known[i].reason;
	}
	return EV_STW_UNKNOWN;
}

static uint8_t known_reason(uint8_t reason)
{
	return reason < EV_STW_REASON_COUNT ? reason : EV_STW_UNKNOWN;
}

static void decode_stw(const struct wire_stw *w, struct event *ev, struct delivery *to)
{
	ev->stw = (struct ev_stw){.goid = w->goid, .reason = known_reason(w->reason)};
	if (w->is_text)
		ev->stw.reason = stw_reason_of_text(w->text, w->text_len <= WIRE_TEXT ? w->text_len : 0);
	deliver(to, ev);
}

int decoder_record(struct decoder *d, const void *record, size_t len, uint64_t not_before_ns,
		   const struct event_sink *sink)
{
	struct event ev = {0};
	struct delivery to = {.sink = sink};

	if (len < sizeof(ev.head))
		return -EINVAL;
	memcpy(&ev.head, record, sizeof(ev.head));
	to.time_ns = ev.head.time_ns > not_before_ns ? ev.head.time_ns : not_before_ns;

#define NEED(type)                                                                                                     \
	if (len < sizeof(type))                                                                                        \
	return -EINVAL
	switch (ev.head.kind) {
	case EV_SWITCH:
		NEED(struct wire_switch);
		ev.sw = ((const struct wire_switch *)record)->sw;
		deliver(&to, &ev);
		break;
	case EV_COMM:
		NEED(struct wire_comm);
		ev.comm = ((const struct wire_comm *)record)->comm;
		if (comm_is_new(d, ev.comm.tid, ev.comm.comm))
			deliver(&to, &ev);
		break;
	case EV_PREEMPT_TAKEN:
		if (len < sizeof(struct wire_at)) {
			NEED(struct wire_preempt);
			ev.preempt = ((const struct wire_preempt *)record)->preempt;
			deliver(&to, &ev);
			break;
		}
		__attribute__((fallthrough)); /* with a stack */
	case EV_SAMPLE:
	case EV_SIGNAL_DELIVER:
		NEED(struct wire_at);
		decode_at(d, record, &ev, &to);
		break;
	case EV_GOROUTINE:
		NEED(struct wire_goroutine);
		decode_goroutine(d, record, &ev, &to);
		break;
	case EV_STW_STOP:
		NEED(struct wire_stw);
		decode_stw(record, &ev, &to);
		break;
	case EV_STW_START:
		NEED(struct wire_stw_end);
		ev.stw_end = ((const struct wire_stw_end *)record)->end;
		ev.stw_end.reason = known_reason(ev.stw_end.reason);
		deliver(&to, &ev);
		break;
	case EV_PREEMPT_REQUEST:
		NEED(struct wire_preempt);
		ev.preempt = ((const struct wire_preempt *)record)->preempt;
		deliver(&to, &ev);
		break;
	case EV_THREAD_NEW:
		NEED(struct wire_thread);
		ev.thread = ((const struct wire_thread *)record)->thread;
		deliver(&to, &ev);
		break;
	case EV_G:
		NEED(struct wire_g);
		decode_g(d, record, &ev, &to);
		break;
	case EV_P:
		NEED(struct wire_p);
		ev.p = ((const struct wire_p *)record)->p;
		deliver(&to, &ev);
		break;
	case EV_SIGNAL_SEND:
		NEED(struct wire_signal);
		ev.signal = ((const struct wire_signal *)record)->signal;
		deliver(&to, &ev);
		break;
	case EV_THREAD_EXIT:
	case EV_EXEC:
	case EV_STW_STOPPED:
		deliver(&to, &ev);
		break;
	default:
		return -EINVAL;
	}
#undef NEED
	return to.n;
}
