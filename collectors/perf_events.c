/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which events are opened. In one event per CPU are a cpu-clock sample, the switches, and the birth, death and name of
 * threads: system-wide where the kernel allows it (CAP_PERFMON, or perf_event_paranoid below 1), else one for each
 * thread that exists, which its children inherit. An inherited event must belong to a CPU to have a ring.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "collectors/perf_internal.h"
#include "target/proc.h"

#define RING_BYTES_DEFAULT ((size_t)4 << 20) /* of a CPU */
#define TRACE_RING_BYTES   ((size_t)1 << 20)
#define ATTEMPTS           5
#define FORMAT_MAX         8192U

struct tids {
	pid_t *ids;
	size_t n;
	struct perf *remember; /* NULL = not */
};

static int add_tid(void *ctx, uint32_t tid, const char comm[EV_COMM_SIZE])
{
	struct tids *t = ctx;
	pid_t *ids = realloc(t->ids, (t->n + 1) * sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	t->ids = ids;
	t->ids[t->n++] = (pid_t)tid;
	if (!t->remember)
		return 0;
	struct perf *p = t->remember;
	struct first_thread *first = realloc(p->first, (p->n_first + 1) * sizeof(*first));
	if (!first)
		return -ENOMEM;
	p->first = first;
	first[p->n_first].tid = tid;
	memcpy(first[p->n_first++].comm, comm, EV_COMM_SIZE);
	perf_thread_of(p, tid);
	return 0;
}

static void tids_free(struct tids *t)
{
	free(t->ids);
}

static struct perf_event_attr kernel_attr(const struct perf *p)
{
	uint64_t clock = p->opts.sample_hz ? PERF_COUNT_SW_CPU_CLOCK : PERF_COUNT_SW_DUMMY;
	struct perf_event_attr attr = perf_set_attr(PERF_TYPE_SOFTWARE, clock);

	attr.context_switch = 1;
	attr.task = 1;
	attr.comm = 1;
	attr.comm_exec = 1;
	if (p->opts.sample_hz) {
		attr.freq = 1;
		attr.sample_freq = p->opts.sample_hz;
		attr.exclude_idle = 1;
		attr.sample_type |= PERF_SAMPLE_CALLCHAIN;
		attr.sample_max_stack = 2 * WIRE_FRAMES; /* marks count too */
		attr.sample_regs_user = perf_regs_mask();
		if (attr.sample_regs_user)
			attr.sample_type |= PERF_SAMPLE_REGS_USER;
	}
	return attr;
}

static size_t ring_bytes(const struct perf *p)
{
	return p->opts.ring_bytes ? p->opts.ring_bytes : RING_BYTES_DEFAULT;
}

static int open_wide(struct perf *p)
{
	struct perf_event_attr attr = kernel_attr(p);

	return perf_set_open(&p->base, &attr, 1, NULL, 0, ring_bytes(p));
}

/* Descriptors: one for each thread and CPU. */
static void raise_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static int open_threads(struct perf *p, struct perf_set *set, struct tids *t)
{
	struct perf_event_attr attr = kernel_attr(p);

	attr.inherit = 1;
	attr.exclude_kernel = 1; /* at perf_event_paranoid 2 */
	return t->n ? perf_set_open(set, &attr, 1, t->ids, t->n, ring_bytes(p)) : -ESRCH;
}

static int open_own(struct perf *p)
{
	int err = -ESRCH;

	raise_limit();
	for (int i = 0; i < ATTEMPTS && err == -ESRCH; i++) { /* a thread may end between the list and its event */
		cleanup_with(tids_free) struct tids t = {.remember = p};

		free(p->first);
		p->first = NULL;
		p->n_first = 0;
		int n = proc_each_thread((pid_t)p->opts.pid, add_tid, &t);
		err = n < 0 ? n : open_threads(p, &p->base, &t);
	}
	return err;
}

static bool is_first(const struct perf *p, pid_t tid)
{
	for (size_t i = 0; i < p->n_first; i++) {
		if (p->first[i].tid == (uint32_t)tid)
			return true;
	}
	return false;
}

/* Is a birth among what has been recorded? Then its events were inherited. */
struct birth {
	struct perf_ring ring;
	struct tids *late;
};

static void on_early(void *ctx, const struct perf_rec *r)
{
	struct birth *b = ctx;

	perf_on_record(&b->ring, r);
	for (size_t i = 0; r && r->kind == PERF_REC_FORK && i < b->late->n; i++) {
		if (b->late->ids[i] == (pid_t)r->tid) {
			b->late->ids[i] = b->late->ids[--b->late->n];
			break;
		}
	}
}

/* Threads that were born after the list was read, by parents whose events weren't open yet. */
static void open_late(struct perf *p, struct session *session)
{
	cleanup_with(tids_free) struct tids all = {0}, late = {0};

	proc_each_thread((pid_t)p->opts.pid, add_tid, &all);
	for (size_t i = 0; i < all.n; i++) {
		if (!is_first(p, all.ids[i]))
			add_tid(&late, (uint32_t)all.ids[i], (const char[EV_COMM_SIZE]){0});
	}
	for (size_t i = 0; late.n && i < p->base.n_maps; i++) {
		struct birth b = {.ring = {.p = p, .set = &p->base, .i = i}, .late = &late};

		perf_set_read(&p->base, i, on_early, &b);
	}
	if (!late.n)
		return;
	int err = open_threads(p, &p->late, &late);
	if (err == 0)
		perf_set_enable(&p->late);
	else if (err != -ESRCH)
		session_missing(session, "%zu threads that started while schedtop did can't be seen (%s)", late.n,
				strerror(-err));
}

static int refused(struct perf *p, int err, struct fault *fault)
{
	char level[16] = "unknown";
	cleanup_fclose FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");

	if (f && fgets(level, sizeof(level), f))
		level[strcspn(level, "\n")] = '\0';
	if (err == -EMFILE || err == -ENFILE) {
		fault_set(fault, err, "perf", "%zu threads need more open files than this user may have", p->n_first);
		return fault_todo(fault, "Raise the limit: ulimit -n");
	}
	fault_set(fault, err, "perf", "the kernel refused to record this process (%s; perf_event_paranoid is %s)",
		  strerror(-err), level);
	return fault_todo(fault,
			  "Own processes need perf_event_paranoid 2 or less (sysctl kernel.perf_event_paranoid=2), "
			  "others CAP_PERFMON; some containers refuse perf_event_open altogether");
}

/* ---- tracepoints ---- */

static const struct {
	const char *name, *subject, *what;
} tracepoints[PERF_TRACE_COUNT] = {
	[PERF_TRACE_WAKEUP] = {"sched/sched_wakeup", "pid", "how long woken threads wait for a CPU"},
	[PERF_TRACE_WAKEUP_NEW] = {"sched/sched_wakeup_new", "pid", "how long new threads wait for a CPU"},
	[PERF_TRACE_GENERATE] = {"signal/signal_generate", "pid", "the sending of SIGURG"},
	[PERF_TRACE_DELIVER] = {"signal/signal_deliver", NULL, "where SIGURG interrupts"},
};

static int read_event_file(const char *name, const char *file, char *ret, size_t cap)
{
	static const char *const roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	int err = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(roots) && err < 0; i++) {
		char path[160];

		snprintf(path, sizeof(path), "%s/events/%s/%s", roots[i], name, file);
		cleanup_fclose FILE *f = fopen(path, "re");
		if (!f) {
			err = errno == ENOENT ? err : -errno;
			continue;
		}
		ret[fread(ret, 1, cap - 1, f)] = '\0';
		err = 0;
	}
	return err;
}

static int learn_tracepoint(struct perf *p, size_t i)
{
	struct perf_tracepoint t = {0};
	char text[FORMAT_MAX];

	int err = read_event_file(tracepoints[i].name, "id", text, sizeof(text));
	if (err < 0)
		return err;
	t.id = strtoul(text, NULL, 10);
	err = read_event_file(tracepoints[i].name, "format", text, sizeof(text));
	if (err == 0)
		err = perf_format_field(text, "common_type", &t.type);
	if (err == 0 && tracepoints[i].subject)
		err = perf_format_field(text, tracepoints[i].subject, &t.subject);
	if (err < 0)
		return err;
	perf_format_field(text, "sig", &t.sig);
	perf_format_field(text, "result", &t.result);
	p->tracepoints[i] = t;
	return 0;
}

static void open_trace(struct perf *p, struct session *session)
{
	struct perf_event_attr attrs[PERF_TRACE_COUNT];
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < PERF_TRACE_COUNT && err == 0; i++) {
		err = learn_tracepoint(p, i);
		if (err < 0)
			break;
		attrs[n] = perf_set_attr(PERF_TYPE_TRACEPOINT, p->tracepoints[i].id);
		attrs[n].sample_period = 1;
		attrs[n].sample_type |= PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW;
		attrs[n].sample_max_stack = 2 * WIRE_FRAMES;
		attrs[n].sample_regs_user = perf_regs_mask();
		if (attrs[n].sample_regs_user)
			attrs[n].sample_type |= PERF_SAMPLE_REGS_USER;
		/* Only where it interrupts is of interest. */
		attrs[n].exclude_callchain_user = i != PERF_TRACE_DELIVER;
		n++;
	}
	if (err == 0)
		err = perf_set_open(&p->trace, attrs, n, NULL, 0, TRACE_RING_BYTES);
	if (err == 0) {
		perf_set_enable(&p->trace);
		return;
	}
	for (size_t i = 0; i < PERF_TRACE_COUNT; i++) {
		p->tracepoints[i].id = 0;
		session_missing(session, "%s can't be seen: the tracepoint %s can't be used (%s)", tracepoints[i].what,
				tracepoints[i].name, err == -ENOENT ? "tracefs isn't mounted" : strerror(-err));
	}
}

int perf_open_events(struct perf *p, struct session *session, struct fault *fault)
{
	int err = open_wide(p);

	p->wide = err == 0;
	log_write(LOG_COLLECT, "perf: system-wide: %s", err == 0 ? "yes" : strerror(-err));
	if (!p->wide)
		err = open_own(p);
	if (err < 0)
		return refused(p, err, fault);
	perf_set_enable(&p->base);
	if (p->wide) {
		struct tids t = {.remember = p};

		proc_each_thread((pid_t)p->opts.pid, add_tid, &t);
		free(t.ids);
		open_trace(p, session);
		return 0;
	}
	open_late(p, session);
	session_missing(session,
			"what else runs on the CPUs can't be seen: the kernel shows this user only his own "
			"processes (as root, or: setcap cap_perfmon,cap_sys_ptrace+ep on the schedtop binary)");
	session_missing(session,
			"how long woken threads wait for a CPU can't be seen: their wake-ups are shown to root "
			"and CAP_PERFMON only");
	return 0;
}
