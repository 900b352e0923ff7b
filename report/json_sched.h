/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the JSON report that say what the Go scheduler did. Private to report/json*.c. */
#ifndef SCHEDTOP_REPORT_JSON_SCHED_H
#define SCHEDTOP_REPORT_JSON_SCHED_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct g_total;
struct model;

/** "sched": run queues, garbage collection, parks, starvation. @seen: the runtime was watched. 0 or -ENOMEM. */
int json_sched(cJSON *root, const struct model *m, bool seen);

/** Adds what detail exact knows to one goroutine; null for what it doesn't. */
void json_sched_goroutine(cJSON *o, const struct model *m, const struct g_total *t);

/** "by_func": the functions whose requests weren't served, @max at most. 0 or -ENOMEM. */
int json_sched_by_func(cJSON *preempt, const struct model *m, size_t max);

/** "detail", "detail_asked" and "detail_changes". */
void json_sched_detail(cJSON *collector, const struct model *m);

#endif
