/* SPDX-License-Identifier: GPL-2.0-only */
/* What no probe tells: the kernel's account of each CPU, the cgroup's quota, and what watching costs. */
#include <sys/resource.h>
#include <time.h>

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

static uint64_t target_cpu_ns(const struct engine *e)
{
	clockid_t clock;
	struct timespec ts;

	if (clock_getcpuclockid(e->opts.pid, &clock) != 0 || clock_gettime(clock, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static struct governor_sample governor_sample(const struct engine *e)
{
	struct collector_stats stats = {0};

	e->ops->stats(e->collector, &stats);
	return (struct governor_sample){.now_ns = clock_now_ns(),
					.probe_ns = stats.probe_ns - stats.idle_ns,
					.target_run_ns = target_cpu_ns(e),
					.switches = e->governor.level < e->governor.asked ? ps_switches(e) : 0};
}

static void tell_detail(struct engine *e, uint8_t why)
{
	double pct = e->governor.pct > 0 ? e->governor.pct : 0;

	engine_tell(e, (struct event){.head.kind = EV_DETAIL,
				      .detail = {.level = (uint8_t)e->governor.level,
						 .why = why,
						 .overhead_bp = (uint32_t)(pct * 100)}});
}

void gauges_begin(struct engine *e)
{
	struct governor_sample now;

	e->self_base_ns = self_cpu_ns();
	e->governor.asked = e->governor.level = e->opts.detail;
	now = governor_sample(e);
	governor_init(&e->governor, e->opts.detail, e->ops->set_detail ? e->opts.max_overhead_pct : 0, &now);
	tell_detail(e, EV_DETAIL_ASKED);
}

/* Carries out what the governor decides. */
static void govern(struct engine *e)
{
	struct governor_sample now = governor_sample(e);
	enum detail_level before = e->governor.level, level = governor_step(&e->governor, &now);

	if (level == before)
		return;
	e->ops->set_detail(e->collector, level, &e->session);
	tell_detail(e, level < before ? EV_DETAIL_OVERHEAD : EV_DETAIL_CALM);
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

	e->ops->stats(e->collector, &stats);
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
	if (e->governor.level == DETAIL_EXACT)
		ps_tell_queues(e);
	govern(e);
}
