/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/preset.h"

#include <string.h>

#include "base/cleanup.h"

#define US(v) ((v)*1e3)
#define MS(v) ((v)*1e6)

static const struct preset presets[] = {
	{
		.name = "asyncpreempt",
		.variants = {"on:asyncpreemptoff=0", "off:asyncpreemptoff=1"},
		.figures = {{"preempt.latency_ns.mean", 0, 0},
			    {"preempt.latency_ns.max", 0, 0},
			    {"sched.max_slice_ns", MS(14.1), MS(658)},
			    {"stw.total_ns.max", 0, 0}},
		.published = "the worst time that a tight loop kept others waiting",
		.note = {"That time begins with the loop's slice of 10 ms, as sched.max_slice_ns does;",
			 "preempt.latency_ns begins when the runtime asks the goroutine to yield."},
	},
	{
		.name = "go-versions",
		.figures = {{"stw.total_ns.p95", US(1240), US(310)},
			    {"stw.total_ns.max", US(3860), US(790)},
			    {"stw.stopping_ns.max", 0, 0},
			    {"preempt.latency_ns.max", 0, 0}},
		.published = "Go 1.20 against 1.21, loops of 100 ms with a stack frame of 8 MB",
		.note = {"Machine and collector aren't told with them."},
	},
};

const struct preset *preset_at(size_t i)
{
	return i < ARRAY_SIZE(presets) ? &presets[i] : NULL;
}

const struct preset *preset_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(presets); i++) {
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	}
	return NULL;
}
