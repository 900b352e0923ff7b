/* SPDX-License-Identifier: GPL-2.0-only */
/* What no probe tells: the kernel's account of each CPU, the cgroup's quota, and what watching costs. */
#include <sys/resource.h>

#include "base/clock.h"
#include "engine/engine_internal.h"
#include "target/proc.h"

#define CPUS_MAX 1024

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * NS_PER_S + (uint64_t)tv.tv_usec * NS_PER_US;
}

static uint64_t self_cpu_ns(void)
{
	struct rusage ru;

	if (getrusage(RUSAGE_SELF, &ru) < 0)
		return 0;
	return timeval_ns(ru.ru_utime) + timeval_ns(ru.ru_stime);
}

void gauges_begin(struct engine *e)
{
	e->self_base_ns = self_cpu_ns();
}

static void tell_cpus(struct engine *e)
{
	struct proc_cpu cpus[CPUS_MAX];
	int n = proc_cpus(cpus, CPUS_MAX);

	for (int i = 0; i < n; i++)
		engine_tell(e, (struct event){
				       .head = {.kind = EV_CPU_STAT, .cpu = cpus[i].cpu, .flags = EVF_CPU},
				       .cpu_stat = cpus[i].stat,
			       });
}

static void tell_cgroup(struct engine *e)
{
	struct event ev = {.head.kind = EV_CGROUP_STAT};

	if (proc_cgroup_cpu(e->opts.pid, &ev.cgroup) == 0)
		engine_tell(e, ev);
}

static void tell_overhead(struct engine *e)
{
	struct collector_stats stats = {0};
	uint64_t self_ns = self_cpu_ns();

	e->opts.collector->stats(e->collector, &stats);
	engine_tell(e, (struct event){
			       .head.kind = EV_OVERHEAD,
			       .overhead = {.probe_ns = stats.probe_ns,
					    .self_ns = self_ns > e->self_base_ns ? self_ns - e->self_base_ns : 0,
					    .hits = stats.probe_hits},
		       });
}

void gauges_tell(struct engine *e)
{
	tell_cpus(e);
	tell_cgroup(e);
	tell_overhead(e);
}
