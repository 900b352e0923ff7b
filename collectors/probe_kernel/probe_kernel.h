/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel lets this process do, found out by doing it: tiny programs, a map and an event that are made and
 * thrown away. For doctor; the collectors find out for themselves.
 */
#ifndef SCHEDTOP_COLLECTORS_PROBE_KERNEL_H
#define SCHEDTOP_COLLECTORS_PROBE_KERNEL_H

/** Loads a program of two instructions of the kind that traces. 0 or -errno (-EPERM: not allowed). */
int feature_bpf_program(void);

/** Makes a ring buffer of one page. 0 or -errno. */
int feature_bpf_ring(void);

/** Reads the kernel's type information. 0 or -errno (-ENOENT: built without). */
int feature_btf(void);

/** Opens a software clock as a perf event on this process. 0 or -errno. */
int feature_perf_self(void);

/** The same on CPU 0, for all processes. 0 or -errno. */
int feature_perf_cpu(void);

#endif
