/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/probe_kernel/probe_kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <perf/cpumap.h>
#include <perf/evsel.h>
#include <perf/threadmap.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What is refused is the answer, not something to print. */
static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

int feature_bpf_program(void)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	libbpf_set_print(quiet);
	cleanup_close int fd =
		bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "schedtop_probe", "GPL", insns, ARRAY_SIZE(insns), NULL);
	return fd < 0 ? fd : 0;
}

int feature_bpf_ring(void)
{
	libbpf_set_print(quiet);
	cleanup_close int fd =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "schedtop_ring", 0, 0, (__u32)sysconf(_SC_PAGESIZE), NULL);

	return fd < 0 ? fd : 0;
}

int feature_btf(void)
{
	libbpf_set_print(quiet);
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return -errno;
	btf__free(btf);
	return 0;
}

static int perf_open(struct perf_cpu_map *cpus, struct perf_thread_map *threads)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.disabled = 1,
		.exclude_kernel = 1,
	};
	struct perf_evsel *evsel = perf_evsel__new(&attr);

	if (!evsel)
		return -ENOMEM;
	int err = perf_evsel__open(evsel, cpus, threads);
	if (err == 0)
		perf_evsel__close(evsel);
	perf_evsel__delete(evsel);
	return err;
}

int feature_perf_self(void)
{
	struct perf_thread_map *self = perf_thread_map__new_dummy();
	struct perf_cpu_map *any = perf_cpu_map__dummy_new();
	int err = -ENOMEM;

	if (self && any) {
		perf_thread_map__set_pid(self, 0, 0);
		err = perf_open(any, self);
	}
	perf_thread_map__put(self);
	perf_cpu_map__put(any);
	return err;
}

int feature_perf_cpu(void)
{
	struct perf_thread_map *all = perf_thread_map__new_dummy();
	struct perf_cpu_map *first = perf_cpu_map__new("0");
	int err = all && first ? perf_open(first, all) : -ENOMEM;

	perf_thread_map__put(all);
	perf_cpu_map__put(first);
	return err;
}
