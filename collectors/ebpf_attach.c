/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/perf_event.h>
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

static struct bpf_program *probe_program(const struct ebpf *e, enum go_probe_id id)
{
	switch (id) {
	case GO_PROBE_STW_STOP:
		return e->skel->progs.probe_stw_stop;
	case GO_PROBE_STW_STOPPED:
		return e->skel->progs.probe_stw_stopped;
	case GO_PROBE_STW_START:
		return e->skel->progs.probe_stw_start;
	case GO_PROBE_PREEMPT_REQUEST:
		return e->skel->progs.probe_preempt_request;
	case GO_PROBE_SUSPEND:
		return e->skel->progs.probe_suspend;
	case GO_PROBE_ASYNC_TAKEN:
		return e->skel->progs.probe_async_taken;
	case GO_PROBE_LEAVE:
		return e->skel->progs.probe_leave;
	case GO_PROBE_YIELD:
		return e->skel->progs.probe_yield;
	case GO_PROBE_PARK_PREEMPTED:
		return e->skel->progs.probe_park_preempted;
	default: /* of detail exact */
		break;
	}
	return NULL;
}

void ebpf_choose_links(struct ebpf *e)
{
	log_write(LOG_COLLECT, "uprobes: %s", e->multi ? "links of their own" : "perf events");
	for (int id = 0; id < GO_PROBE_COUNT; id++) {
		e->probe_fds[id] = -1;
		if (e->multi && !go_probe_is_exact((enum go_probe_id)id))
			bpf_program__set_expected_attach_type(probe_program(e, (enum go_probe_id)id),
							      (enum bpf_attach_type)UPROBE_MULTI_ATTACH_TYPE);
	}
}

static int place_probe(struct ebpf *e, enum go_probe_id id, const struct go_probe *at)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = !at->emulated);
	const char *path = go_target_probe_path(e->go);
	struct bpf_program *prog = probe_program(e, id);

	if (!e->multi) {
		e->probe_links[id] =
			bpf_program__attach_uprobe_opts(prog, (pid_t)e->opts.pid, path, at->file_offset, &opts);
		return link_error(e->probe_links[id]);
	}
	int fd = uprobe_multi_attach(bpf_program__fd(prog), (pid_t)e->opts.pid, path, at->file_offset, !at->emulated);
	if (fd >= 0)
		e->probe_fds[id] = fd;
	return fd < 0 ? fd : 0;
}

void ebpf_attach_probes(struct ebpf *e, struct session *session)
{
	static const char *const what[GO_PROBE_COUNT] = {
		[GO_PROBE_STW_STOP] = "the start of stop-the-world pauses",
		[GO_PROBE_STW_STOPPED] = "when the world has stopped",
		[GO_PROBE_STW_START] = "the end of stop-the-world pauses",
		[GO_PROBE_PREEMPT_REQUEST] = "preemption requests",
		[GO_PROBE_SUSPEND] = "requests for a stack scan",
		[GO_PROBE_ASYNC_TAKEN] = "asynchronous preemption",
		[GO_PROBE_LEAVE] = "cooperative preemption",
		[GO_PROBE_YIELD] = "runtime.Gosched",
		[GO_PROBE_PARK_PREEMPTED] = "preemption for a stack scan",
	};

	ebpf_detach_probes(e);
	if (!e->go || !go_target_is_go(e->go) || e->opts.detail == DETAIL_THREADS || !configure(e, session))
		return;
	const struct go_binary *b = go_target_binary(e->go);
	for (int id = 0; id < GO_PROBE_COUNT; id++) {
		struct go_probe at;

		if (go_probe_is_exact((enum go_probe_id)id) || !go_binary_probe_wanted(b, (enum go_probe_id)id))
			continue;
		if (go_binary_probe(b, (enum go_probe_id)id, &at) < 0) {
			session_missing(session, "%s can't be seen: this Go version has no place for the probe",
					what[id]);
			continue;
		}
		int err = place_probe(e, (enum go_probe_id)id, &at);
		if (err < 0 && proc_alive((pid_t)e->opts.pid) == 0)
			return; /* it ended meanwhile: nothing is missing */
		if (err < 0)
			session_missing(session, "%s can't be seen: the kernel refused the probe (%s)", what[id],
					strerror(-err));
	}
	e->skel->bss->config.labels = 1;
}

void ebpf_detach_probes(struct ebpf *e)
{
	e->skel->bss->config.labels = 0;
	for (int id = 0; id < GO_PROBE_COUNT; id++) {
		bpf_link__destroy(e->probe_links[id]);
		e->probe_links[id] = NULL;
		if (e->multi && e->probe_fds[id] >= 0)
			close(e->probe_fds[id]);
		e->probe_fds[id] = -1;
	}
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
