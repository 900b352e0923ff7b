/* SPDX-License-Identifier: GPL-2.0-only */
/* Perf events of one layout, one or more on each CPU, that share a ring per CPU: libperf's evlist with what we need. */
#ifndef SCHEDTOP_COLLECTORS_PERF_SET_H
#define SCHEDTOP_COLLECTORS_PERF_SET_H

#include "collectors/perf_record.h"

#include <linux/perf_event.h>
#include <stddef.h>
#include <sys/types.h>

struct perf_evlist;
struct perf_mmap;

struct perf_set {
	struct perf_evlist *evlist; /* NULL = not open */
	struct perf_layout layout;
	struct perf_mmap **maps; /* of each CPU */
	size_t n_maps;
	/* For who reads: a thread that left, until it is known who came; one a ring. */
	struct perf_rec *held; /* kind PERF_REC_OTHER = nobody */
};

/** What all attributes have in common: CLOCK_MONOTONIC, no wake-up for an event, who, when and where in each record. */
struct perf_event_attr perf_set_attr(uint32_t type, uint64_t config);

/**
 * Opens the events @attrs (all of one sample_type, changed in place) on every online CPU and maps the rings; nothing is
 * recorded before perf_set_enable().
 * @tids   the threads, @n_tids of them; 0 = system-wide
 * @bytes  of one CPU's ring; less where the kernel doesn't allow so much locked memory
 * 0; -EACCES, -EPERM; -ESRCH (a thread has ended); -EMFILE; -ENOMEM; -errno.
 */
int perf_set_open(struct perf_set *s, struct perf_event_attr *attrs, size_t n_attrs, pid_t *tids, size_t n_tids,
		  size_t bytes);
void perf_set_enable(struct perf_set *s);
void perf_set_disable(struct perf_set *s);
/** Accepts one that isn't open. */
void perf_set_close(struct perf_set *s);

/** Hands over what ring @i holds, oldest first; a record that can't be read comes as NULL. */
void perf_set_read(struct perf_set *s, size_t i, void (*fn)(void *ctx, const struct perf_rec *rec), void *ctx);

#endif
