/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sampler costs on a process: sampler_cost PID HZ SECONDS prints "cpu_pct=... calls=... ms=... torn=...". */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "collectors/sampler.h"
#include "target/go_target.h"

static void count(void *ctx, const struct event *ev)
{
	uint64_t *carried = ctx;

	*carried += ev->head.kind == EV_SAMPLED && ev->sampled.what == EV_SAMPLED_CARRIES && ev->sampled.goid;
}

int main(int argc, char **argv)
{
	struct fault fault = {0};
	struct go_target *go;
	struct sampler *s;
	uint64_t carried = 0;
	const struct event_sink sink = {.event = count, .ctx = &carried};

	if (argc != 4)
		return 2;
	struct sampler_opts opts = {.size = sizeof(opts),
				    .pid = (uint32_t)strtoul(argv[1], NULL, 10),
				    .hz = (uint32_t)strtoul(argv[2], NULL, 10),
				    .estimate = true};
	if (go_target_open((pid_t)opts.pid, NULL, &go, &fault) < 0) {
		fault_print(&fault, stderr);
		return 1;
	}
	opts.go = go;
	if (sampler_open(&opts, &s, &fault) < 0) {
		fault_print(&fault, stderr);
		return 1;
	}
	struct sampler_stats first = {0}, last = {0};
	uint64_t from = 0, end = clock_now_ns() + (uint64_t)(strtod(argv[3], NULL) * 1e9);
	while (clock_now_ns() < end) {
		uint64_t now = clock_now_ns(), next = sampler_next_ns(s);

		if (next > now)
			poll(NULL, 0, (int)((next - now + NS_PER_MS - 1) / NS_PER_MS));
		sampler_poll(s, clock_now_ns(), &sink);
		sampler_stats(s, &last);
		/* The self-check and the first look find all out: what goes on is counted behind them. */
		if (!from && last.rounds == 2) {
			first = last;
			from = clock_now_ns();
		}
	}
	uint64_t rounds = last.rounds - first.rounds;
	if (!from || !rounds)
		return 1;
	printf("cpu_pct=%.3f us=%.1f calls=%.2f rounds=%llu torn=%llu carried=%llu\n",
	       (double)(last.cpu_ns - first.cpu_ns) / (double)(clock_now_ns() - from) * 100,
	       (double)(last.cpu_ns - first.cpu_ns) / (double)rounds / 1000,
	       (double)(last.calls - first.calls) / (double)rounds, (unsigned long long)rounds,
	       (unsigned long long)last.torn, (unsigned long long)carried);
	sampler_close(s);
	go_target_close(go);
	return 0;
}
