/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reports of several runs of one program as one report of the same schema. Counts and totals are summed, largest
 * values stay the largest, means are averaged, histograms are the caller's, who has their buckets. Lists of the worst
 * and the busiest are merged and cut to their usual length; their entries say which run they are from ("round", from
 * 1). Text is kept where all runs agree, and is null where they don't. A sum is null when a run doesn't know its part.
 */
#ifndef SCHEDTOP_REPORT_MERGE_H
#define SCHEDTOP_REPORT_MERGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/hist.h"

struct model;
struct report_opts;

/** What report_json() prints, as an object to delete. NULL on ENOMEM. */
cJSON *report_object(const struct model *m, const struct report_opts *opts);

/* A histogram of all runs. */
struct report_merged_hist {
	const char *path; /* "preempt.latency_ns" */
	bool known;
	struct hist_summary summary;
};

/** @reports: @n of them, as report_object() made them. An object to delete; NULL on ENOMEM or when @n is 0. */
cJSON *report_merge(cJSON *const *reports, size_t n, const struct report_merged_hist *hists, size_t n_hists);

#endif
