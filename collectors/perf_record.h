/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's perf records, as they lie in a ring (include/uapi/linux/perf_event.h): libperf hands them over as they
 * are. Every size and count in a record is checked against its length; one that doesn't fit is refused as a whole.
 */
#ifndef SCHEDTOP_COLLECTORS_PERF_RECORD_H
#define SCHEDTOP_COLLECTORS_PERF_RECORD_H

#include "events/event.h"
#include "events/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The registers that are asked for, in the order in which the kernel writes them (asm/perf_regs.h, by number). */
enum perf_reg {
#if defined(__aarch64__)
	PERF_R_AX, /* x0: first argument */
	PERF_R_BX, /* x1 */
	PERF_R_CX, /* x2 */
	PERF_R_DI, /* x3: the fourth */
	PERF_R_G,  /* x28: the current goroutine */
	PERF_R_SP,
	PERF_R_IP,
#else
	PERF_R_AX, /* ABIInternal's first argument (cmd/compile/abi-internal.md) */
	PERF_R_BX,
	PERF_R_CX,
	PERF_R_DI, /* the fourth */
	PERF_R_SP,
	PERF_R_IP,
	PERF_R_G, /* R14: the current goroutine */
#endif
	PERF_R_COUNT
};

/** The bits of perf_event_attr.sample_regs_user for them; 0 on machines that aren't known. */
uint64_t perf_regs_mask(void);

/* How the records of a ring are laid out: every event that writes into it has the same. */
struct perf_layout {
	uint64_t sample_type; /* of IP, TID, TIME, CPU, CALLCHAIN, RAW and REGS_USER; TID, TIME and CPU always */
};

enum perf_rec_kind {
	PERF_REC_OTHER, /* of no interest */
	PERF_REC_SWITCH_OUT,
	PERF_REC_SWITCH_IN,
	PERF_REC_FORK,
	PERF_REC_EXIT,
	PERF_REC_COMM,
	PERF_REC_EXEC, /* with its name */
	PERF_REC_SAMPLE,
	PERF_REC_LOST,
	PERF_REC_THROTTLE,
};

struct perf_rec {
	enum perf_rec_kind kind;
	uint64_t time_ns;
	uint32_t pid, tid; /* whom it is about */
	uint32_t cpu;
	bool preempted;                /* SWITCH_OUT: it stays runnable */
	bool wide;                     /* a switch that names the other side: */
	uint32_t other_pid, other_tid; /* who comes (OUT) or left (IN); tid 0 = nobody, the CPU is idle */
	uint32_t parent_tid;           /* FORK */
	char comm[EV_COMM_SIZE];       /* COMM, EXEC: NUL-padded, foreign text */
	uint64_t lost;                 /* LOST */

	/* SAMPLE */
	uint64_t ip;
	bool have_regs;
	uint64_t regs[PERF_R_COUNT];
	uint8_t n_frames; /* of the user's call chain, innermost first */
	uint64_t pc[WIRE_FRAMES];
	const uint8_t *raw; /* the tracepoint's record, within the one that was given; NULL = none */
	uint32_t raw_len;
};

/** Reads one record of @len bytes. 0, or -EINVAL: a size or a count in it doesn't fit. */
int perf_record_parse(const void *record, size_t len, const struct perf_layout *layout, struct perf_rec *ret);

/* Where a field of a tracepoint's record lies (its "format" file in tracefs). */
struct perf_field {
	uint16_t offset, size; /* size 0 = there is none of that name */
};

/** Finds a field in the text of a format file. 0, -ENOENT, -EPROTO. */
int perf_format_field(const char *text, const char *name, struct perf_field *ret);

/** An integer field of 1, 2, 4 or 8 bytes in a raw record; false where it isn't within. */
bool perf_raw_uint(const struct perf_rec *rec, struct perf_field field, uint64_t *ret);

#endif
