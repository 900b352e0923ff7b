/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's account of a thread, as /proc/PID/task/TID tells it. The parsers take foreign text. */
#ifndef SCHEDTOP_COLLECTORS_PROC_ACCOUNT_H
#define SCHEDTOP_COLLECTORS_PROC_ACCOUNT_H

#include <stdint.h>

/** schedstat: time on a CPU and time runnable without one, ns. 0, -EPROTO. */
int account_parse_schedstat(const char *text, uint64_t *ret_run_ns, uint64_t *ret_wait_ns);

/** stat: enum ev_state, the last CPU, and utime + stime in ticks. 0, -EPROTO. The name in it may hold anything. */
int account_parse_stat(const char *text, uint8_t *ret_state, uint16_t *ret_cpu, uint64_t *ret_ticks);

/** status: switches by itself, and taken from it. 0, -EPROTO. */
int account_parse_status(const char *text, uint64_t *ret_voluntary, uint64_t *ret_involuntary);

#endif
