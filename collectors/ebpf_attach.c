/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "collectors/ebpf_internal.h"
#include "collectors/uprobe_multi.h"
#include "schedtop.skel.h"
#include "target/proc.h"

/* libbpf returns NULL and sets errno; a link of ours is never NULL by success. */
static int link_error(const struct bpf_link *link)
{
	return link ? 0 : errno ? -errno : -EINVAL;
}

int ebpf_attach_kernel(struct ebpf *e, struct session *session, struct fault *fault)
{
	const struct {
		struct bpf_program *prog;
		const char *what; /* that can't be seen without it; NULL = nothing can */
	} programs[] = {
		{e->skel->progs.on_switch, NULL},
		{e->skel->progs.on_wakeup, "run-queue latency after a wake-up"},
		{e->skel->progs.on_wakeup_new, "run-queue latency of new threads"},
		{e->skel->progs.on_fork, "the start of threads"},
		{e->skel->progs.on_exit, "the end of threads"},
		{e->skel->progs.on_exec, "an exec of the target"},
		{e->skel->progs.on_rename, "new names of threads"},
		{e->skel->progs.on_signal_generate, "the sending of SIGURG"},
		{e->skel->progs.on_signal_deliver, "where SIGURG interrupts"},
	};

	_Static_assert(ARRAY_SIZE(programs) <= ARRAY_SIZE(e->kernel_links), "room for every link");
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		if (!bpf_program__autoload(programs[i].prog))
			continue;
		struct bpf_link *link = bpf_program__attach(programs[i].prog);
		int err = link_error(link);

		if (err == 0) {
			e->kernel_links[e->n_kernel_links++] = link;
		} else if (!programs[i].what) {
			fault_set(fault, err, "eBPF", "the kernel refused the probe on context switches (%s)",
				  strerror(-err));
			fault_todo(fault, "Run as root, and see `schedtop doctor`");
			return err;
		} else {
			session_missing(session, "%s can't be seen: the kernel refused %s (%s)", programs[i].what,
					bpf_program__section_name(programs[i].prog), strerror(-err));
		}
	}
	return 0;
}

void ebpf_attach_samples(struct ebpf *e, struct session *session)
{
	/* Per CPU rather than per thread: nothing to switch with the thread, so no cost per context switch. */
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = e->opts.sample_hz,
		.exclude_idle = 1,
		.exclude_hv = 1,
	};
	int n_cpus = libbpf_num_possible_cpus(), err = 0;

	if (e->opts.sample_hz == 0 || n_cpus <= 0)
		return;
	e->samples = calloc((size_t)n_cpus, sizeof(*e->samples));
	if (!e->samples)
		return;
	for (int cpu = 0; cpu < n_cpus; cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd < 0) {
			if (errno != ENODEV) /* an offline CPU */
				err = -errno;
			continue;
		}
		struct bpf_link *link = bpf_program__attach_perf_event(e->skel->progs.on_sample, fd);
		if (!link) {
			err = link_error(link);
			close(fd);
			continue;
		}
		e->samples[e->n_samples++] = (struct sample_fd){.fd = fd, .link = link};
	}
	if (err)
		session_missing(
			session,
			"what long runs execute can't be sampled on every CPU: the kernel refused cpu-clock (%s)",
			strerror(-err));
}

static bool same_pid_namespace(pid_t pid)
{
	struct stat mine, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return stat("/proc/self/ns/pid", &mine) == 0 && stat(path, &theirs) == 0 && mine.st_ino == theirs.st_ino &&
	       mine.st_dev == theirs.st_dev;
}

/* Tells the programs where things are. false when the layout isn't known; then no goroutine is read. */
static bool configure(struct ebpf *e, struct session *session)
{
	const struct go_binary *b = go_target_binary(e->go);
	struct wire_config *c = &e->skel->bss->config;
	struct go_offsets off;
	int64_t tls_g;
	bool guess;

	if (go_binary_offsets(b, &off, &guess) < 0) {
		session_missing(session,
				"goroutines can't be named: the runtime's layout of this Go version isn't known");
		return false;
	}
	if (go_binary_tls_g(b, &tls_g) < 0) {
		session_missing(session,
				"goroutines can't be named: where the runtime keeps g isn't known in this binary");
		return false;
	}
	/* m.procid to m.p must lie in the programs' one read of 160 bytes. */
	if (off.m_p < off.m_procid || off.m_curg < off.m_procid || off.m_p - off.m_procid > 152 ||
	    off.m_curg - off.m_procid > 152) {
		session_missing(session, "goroutines can't be named: this runtime's M has an unexpected layout");
		return false;
	}
	*c = (struct wire_config){
		.tls_g = tls_g,
		.g_m = off.g_m,
		.g_goid = off.g_goid,
		.g_preempt = off.g_preempt,
		.g_atomicstatus = off.g_atomicstatus,
		.g_startpc = off.g_startpc,
		.g_gopc = off.g_gopc,
		.g_parentgoid = off.g_parentgoid,
		.g_waitreason = off.g_waitreason,
		.g_schedlink = off.g_schedlink,
		.m_procid = off.m_procid,
		.m_curg = off.m_curg,
		.m_p = off.m_p,
		.m_g0 = off.m_g0,
		.m_preemptoff = off.m_preemptoff,
		.p_id = off.p_id,
		.p_m = off.p_m,
		.go_minor = (uint8_t)go_binary_minor(b),
		.check_procid = same_pid_namespace((pid_t)e->opts.pid),
	};
	return true;
}

/* Which handler a place has, and what can't be seen without it. */
static const struct {
	enum wire_probe handler;
	const char *what;
} places[GO_PROBE_COUNT] = {
	[GO_PROBE_STW_STOP] = {WIRE_PROBE_STW_STOP, "the start of stop-the-world pauses"},
	[GO_PROBE_STW_STOPPED] = {WIRE_PROBE_STW_STOPPED, "when the world has stopped"},
	[GO_PROBE_STW_START] = {WIRE_PROBE_STW_START, "the end of stop-the-world pauses"},
	[GO_PROBE_PREEMPT_REQUEST] = {WIRE_PROBE_PREEMPT_REQUEST, "preemption requests"},
	[GO_PROBE_SUSPEND] = {WIRE_PROBE_SUSPEND, "requests for a stack scan"},
	[GO_PROBE_ASYNC_TAKEN] = {WIRE_PROBE_ASYNC_TAKEN, "asynchronous preemption"},
	[GO_PROBE_LEAVE] = {WIRE_PROBE_LEAVE, "cooperative preemption"},
	[GO_PROBE_YIELD] = {WIRE_PROBE_YIELD, "runtime.Gosched"},
	[GO_PROBE_PARK_PREEMPTED] = {WIRE_PROBE_PARK_PREEMPTED, "preemption for a stack scan"},
	[GO_PROBE_HANDOFF] = {WIRE_PROBE_HANDOFF, "Ps that are taken from system calls"},
	[GO_PROBE_READY] = {WIRE_PROBE_READY, "when goroutines become runnable"},
	[GO_PROBE_READY_LIST] = {WIRE_PROBE_READY_LIST, "goroutines that the network poller wakes"},
	[GO_PROBE_EXECUTE] = {WIRE_PROBE_EXECUTE, "goroutine switches"},
	[GO_PROBE_PARK] = {WIRE_PROBE_PARK, "what goroutines wait for"},
	[GO_PROBE_SYSCALL_ENTER] = {WIRE_PROBE_SYSCALL_ENTER, "system calls"},
	[GO_PROBE_SYSCALL_BLOCK] = {WIRE_PROBE_SYSCALL_BLOCK, "system calls that are known to block"},
	[GO_PROBE_SYSCALL_EXIT] = {WIRE_PROBE_SYSCALL_EXIT, "the end of system calls"},
	[GO_PROBE_SYSCALL_WAIT] = {WIRE_PROBE_SYSCALL_WAIT, "goroutines that come back from a system call without a P"},
	[GO_PROBE_EXIT] = {WIRE_PROBE_EXIT, "the end of goroutines"},
	[GO_PROBE_NEW] = {WIRE_PROBE_NEW, "the start of goroutines"},
	[GO_PROBE_ASSIST] = {WIRE_PROBE_ASSIST, "work for the garbage collector"},
	[GO_PROBE_ASSIST_END] = {WIRE_PROBE_ASSIST_END, "the end of work for the garbage collector"},
	[GO_PROBE_P_ACQUIRE] = {WIRE_PROBE_P_ACQUIRE, "Ps that are acquired"},
	[GO_PROBE_P_RELEASE] = {WIRE_PROBE_P_RELEASE, "Ps that are released"},
};

void ebpf_choose_links(struct ebpf *e)
{
	log_write(LOG_COLLECT, "uprobes: %s", e->multi ? "one link a level" : "perf events");
	if (e->multi)
		bpf_program__set_expected_attach_type(e->skel->progs.on_probe,
						      (enum bpf_attach_type)UPROBE_MULTI_ATTACH_TYPE);
}

/* One after the other. Returns how many places were refused, with the last reason. */
static size_t place_singly(struct ebpf *e, struct ebpf_probes *set, const struct uprobe_places *at, int *ret_err)
{
	size_t refused = 0;

	set->links = calloc(at->n, sizeof(*set->links));
	if (!set->links) {
		*ret_err = -ENOMEM;
		return at->n;
	}
	for (size_t i = 0; i < at->n; i++) {
		LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = at->cookies[i]);
		struct bpf_link *link =
			bpf_program__attach_uprobe_opts(e->skel->progs.on_probe, (pid_t)e->opts.pid,
							go_target_probe_path(e->go), at->offsets[i], &opts);
		int err = link_error(link);

		if (err < 0) {
			*ret_err = err;
			refused++;
			continue;
		}
		set->links[set->n_links++] = link;
	}
	return refused;
}

/* A level's places as one link; what the kernel refuses goes to session->missing. */
static void place_all(struct ebpf *e, struct ebpf_probes *set, const struct uprobe_places *at, struct session *session)
{
	size_t refused = 0;
	int err = 0;

	if (at->n == 0)
		return;
	if (e->multi) {
		set->fd = uprobe_multi_attach(bpf_program__fd(e->skel->progs.on_probe), (pid_t)e->opts.pid,
					      go_target_probe_path(e->go), at);
		err = set->fd < 0 ? set->fd : 0;
		refused = err < 0 ? at->n : 0;
	} else {
		refused = place_singly(e, set, at, &err);
	}
	/* When it has ended meanwhile, nothing is missing. */
	if (refused && proc_alive((pid_t)e->opts.pid) != 0)
		session_missing(session, "%s can't be seen: the kernel refused %zu of %zu probes (%s)",
				at->exact ? "goroutine switches" : "pauses and preemption", refused, at->n,
				strerror(-err));
}

static uint64_t cookie_of(enum go_probe_id id, const struct go_probe *at)
{
	uint64_t cookie = places[id].handler;

	if (!at->emulated)
		cookie |= WIRE_PROBE_STEPPED;
	if (at->subject == GO_SUBJECT_BX)
		cookie |= WIRE_PROBE_IN_BX;
	else if (at->subject == GO_SUBJECT_G)
		cookie |= WIRE_PROBE_IN_G;
	return cookie;
}

static void collect_places(const struct ebpf *e, bool exact, struct uprobe_places *ret, struct session *session)
{
	const struct go_binary *b = go_target_binary(e->go);

	*ret = (struct uprobe_places){.exact = exact};
	for (int i = 0; i < GO_PROBE_COUNT; i++) {
		enum go_probe_id id = (enum go_probe_id)i;
		struct go_probe at;

		if (go_probe_is_exact(id) != exact || !go_binary_probe_wanted(b, id))
			continue;
		if (go_binary_probe(b, id, &at) < 0) {
			session_missing(session, "%s can't be seen: this Go version has no place for the probe",
					places[id].what);
			continue;
		}
		ret->offsets[ret->n] = at.file_offset;
		ret->cookies[ret->n++] = cookie_of(id, &at);
	}
}

static bool is_placed(const struct ebpf_probes *set)
{
	return set->fd >= 0 || set->n_links > 0;
}

static void place_level(struct ebpf *e, struct ebpf_probes *set, bool exact, struct session *session)
{
	struct uprobe_places at;

	if (is_placed(set))
		return;
	collect_places(e, exact, &at, session);
	place_all(e, set, &at, session);
}

static void remove_level(struct ebpf_probes *set)
{
	if (set->fd >= 0)
		close(set->fd);
	for (size_t i = 0; i < set->n_links; i++)
		bpf_link__destroy(set->links[i]);
	free(set->links);
	*set = (struct ebpf_probes){.fd = -1};
}

static void *remover(void *arg)
{
	remove_level(arg);
	free(arg);
	return NULL;
}

/* The kernel waits for every CPU before it lets probes go, tens of milliseconds: nobody here has to wait for that. */
static void remove_level_aside(struct ebpf_probes *set)
{
	struct ebpf_probes *copy;
	pthread_t thread;

	if (!is_placed(set))
		return;
	copy = malloc(sizeof(*copy));
	if (!copy) {
		remove_level(set);
		return;
	}
	*copy = *set;
	if (pthread_create(&thread, NULL, remover, copy) != 0) {
		free(copy);
		remove_level(set);
		return;
	}
	pthread_detach(thread);
	*set = (struct ebpf_probes){.fd = -1};
}

void ebpf_apply_level(struct ebpf *e, struct session *session)
{
	struct wire_config *c = &e->skel->bss->config;
	enum detail_level level = e->configured ? e->level : DETAIL_THREADS;

	c->exact = level >= DETAIL_EXACT;
	c->labels = level >= DETAIL_SCHED;
	if (level < DETAIL_EXACT)
		remove_level_aside(&e->exact);
	if (level < DETAIL_SCHED)
		remove_level_aside(&e->sched);
	if (level >= DETAIL_SCHED)
		place_level(e, &e->sched, false, session);
	if (level >= DETAIL_EXACT)
		place_level(e, &e->exact, true, session);
}

void ebpf_attach_probes(struct ebpf *e, struct session *session)
{
	ebpf_detach_probes(e);
	e->skel->bss->generation++;
	e->configured = e->go && go_target_is_go(e->go) && e->opts.detail != DETAIL_THREADS && configure(e, session);
	ebpf_apply_level(e, session);
}

void ebpf_detach_probes(struct ebpf *e)
{
	e->skel->bss->config.labels = 0;
	remove_level(&e->exact);
	remove_level(&e->sched);
}

void ebpf_detach_all(struct ebpf *e)
{
	ebpf_detach_probes(e);
	for (size_t i = 0; i < e->n_samples; i++) /* the link owns the descriptor */
		bpf_link__destroy(e->samples[i].link);
	e->n_samples = 0;
	for (size_t i = 0; i < e->n_kernel_links; i++)
		bpf_link__destroy(e->kernel_links[i]);
	e->n_kernel_links = 0;
}
