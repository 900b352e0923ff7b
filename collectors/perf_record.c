/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/perf_record.h"

#include <asm/perf_regs.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_TYPES                                                                                                   \
	(PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_CALLCHAIN |               \
	 PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER)
/* What every record that isn't a sample ends with (sample_id_all): pid, tid; time; cpu, reserved. */
#define TRAILER 24U

uint64_t perf_regs_mask(void)
{
#if defined(__x86_64__)
	return 1ULL << PERF_REG_X86_AX | 1ULL << PERF_REG_X86_BX | 1ULL << PERF_REG_X86_CX | 1ULL << PERF_REG_X86_DI |
	       1ULL << PERF_REG_X86_SP | 1ULL << PERF_REG_X86_IP | 1ULL << PERF_REG_X86_R14;
#elif defined(__aarch64__)
	return 1ULL << PERF_REG_ARM64_X0 | 1ULL << PERF_REG_ARM64_X1 | 1ULL << PERF_REG_ARM64_X2 |
	       1ULL << PERF_REG_ARM64_X3 | 1ULL << PERF_REG_ARM64_X28 | 1ULL << PERF_REG_ARM64_SP |
	       1ULL << PERF_REG_ARM64_PC;
#else
	return 0;
#endif
}

/* What is left of a record. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static bool take(struct cursor *c, void *dst, size_t n)
{
	if (n > c->left)
		return false;
	if (dst)
		memcpy(dst, c->at, n);
	c->at += n;
	c->left -= n;
	return true;
}

static bool take_pair(struct cursor *c, uint32_t *first, uint32_t *second)
{
	uint32_t pair[2];

	if (!take(c, pair, sizeof(pair)))
		return false;
	*first = pair[0];
	if (second)
		*second = pair[1];
	return true;
}

/* The kernel's part is left out by exclude_callchain_kernel; its marks (PERF_CONTEXT_USER and others) are no frames. */
static bool take_chain(struct cursor *c, struct perf_rec *ret)
{
	uint64_t n, pc = 0;

	if (!take(c, &n, sizeof(n)) || n > c->left / sizeof(pc))
		return false;
	while (n-- > 0) {
		take(c, &pc, sizeof(pc));
		if (pc < (uint64_t)PERF_CONTEXT_MAX && ret->n_frames < WIRE_FRAMES)
			ret->pc[ret->n_frames++] = pc;
	}
	return true;
}

static bool take_raw(struct cursor *c, struct perf_rec *ret)
{
	uint32_t size;

	if (!take(c, &size, sizeof(size)))
		return false;
	ret->raw = c->at;
	ret->raw_len = size;
	return take(c, NULL, size);
}

static bool take_regs(struct cursor *c, struct perf_rec *ret)
{
	uint64_t abi;

	if (!take(c, &abi, sizeof(abi)))
		return false;
	ret->have_regs = abi == PERF_SAMPLE_REGS_ABI_64;
	return abi == PERF_SAMPLE_REGS_ABI_NONE || take(c, ret->regs, sizeof(ret->regs));
}

/* In the order of kernel/events/core.c perf_output_sample(). */
static bool parse_sample(struct cursor *c, uint64_t type, struct perf_rec *ret)
{
	return (!(type & PERF_SAMPLE_IP) || take(c, &ret->ip, sizeof(ret->ip))) && take_pair(c, &ret->pid, &ret->tid) &&
	       take(c, &ret->time_ns, sizeof(ret->time_ns)) && take_pair(c, &ret->cpu, NULL) &&
	       (!(type & PERF_SAMPLE_CALLCHAIN) || take_chain(c, ret)) &&
	       (!(type & PERF_SAMPLE_RAW) || take_raw(c, ret)) &&
	       (!(type & PERF_SAMPLE_REGS_USER) || take_regs(c, ret));
}

/* Cuts the trailer off. */
static bool parse_trailer(struct cursor *c, struct perf_rec *ret)
{
	struct cursor t = *c;

	if (c->left < TRAILER)
		return false;
	t.at += t.left - TRAILER;
	t.left = TRAILER;
	c->left -= TRAILER;
	return take_pair(&t, &ret->pid, &ret->tid) && take(&t, &ret->time_ns, sizeof(ret->time_ns)) &&
	       take_pair(&t, &ret->cpu, NULL);
}

/* struct { pid, ppid; tid, ptid; u64 time; } of PERF_RECORD_FORK and _EXIT. */
static bool parse_task(struct cursor *c, struct perf_rec *ret)
{
	return take_pair(c, &ret->pid, NULL) && take_pair(c, &ret->tid, &ret->parent_tid);
}

/* { pid, tid; char comm[]; }: the name's size is a multiple of 8, at most 16. */
static bool parse_comm(struct cursor *c, struct perf_rec *ret)
{
	if (!take_pair(c, &ret->pid, &ret->tid))
		return false;
	size_t n = c->left < EV_COMM_SIZE ? c->left : EV_COMM_SIZE;
	memcpy(ret->comm, c->at, n);
	ret->comm[EV_COMM_SIZE - 1] = '\0';
	size_t len = strlen(ret->comm);
	memset(ret->comm + len, 0, EV_COMM_SIZE - len);
	return true;
}

static bool parse_body(struct cursor *c, const struct perf_event_header *h, struct perf_rec *ret)
{
	bool out = h->misc & PERF_RECORD_MISC_SWITCH_OUT;

	switch (h->type) {
	case PERF_RECORD_SWITCH_CPU_WIDE:
		ret->wide = true;
		if (!take_pair(c, &ret->other_pid, &ret->other_tid))
			return false;
		__attribute__((fallthrough));
	case PERF_RECORD_SWITCH:
		ret->kind = out ? PERF_REC_SWITCH_OUT : PERF_REC_SWITCH_IN;
		ret->preempted = out && h->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
		return true;
	case PERF_RECORD_FORK:
		ret->kind = PERF_REC_FORK;
		return parse_task(c, ret);
	case PERF_RECORD_EXIT:
		ret->kind = PERF_REC_EXIT;
		return parse_task(c, ret);
	case PERF_RECORD_COMM:
		ret->kind = h->misc & PERF_RECORD_MISC_COMM_EXEC ? PERF_REC_EXEC : PERF_REC_COMM;
		return parse_comm(c, ret);
	case PERF_RECORD_LOST: /* { u64 id, lost; } */
		ret->kind = PERF_REC_LOST;
		return take(c, NULL, sizeof(uint64_t)) && take(c, &ret->lost, sizeof(ret->lost));
	case PERF_RECORD_LOST_SAMPLES: /* { u64 lost; } */
		ret->kind = PERF_REC_LOST;
		return take(c, &ret->lost, sizeof(ret->lost));
	case PERF_RECORD_THROTTLE:
		ret->kind = PERF_REC_THROTTLE;
		return true;
	default:
		ret->kind = PERF_REC_OTHER;
		return true;
	}
}

int perf_record_parse(const void *record, size_t len, const struct perf_layout *layout, struct perf_rec *ret)
{
	const uint64_t always = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
	struct perf_event_header h;
	struct cursor c;

	memset(ret, 0, sizeof(*ret));
	if (layout->sample_type & ~(uint64_t)SAMPLE_TYPES || (layout->sample_type & always) != always)
		return -EINVAL;
	if (len < sizeof(h))
		return -EINVAL;
	memcpy(&h, record, sizeof(h));
	if (h.size != len)
		return -EINVAL;
	c = (struct cursor){.at = (const uint8_t *)record + sizeof(h), .left = len - sizeof(h)};
	if (h.type == PERF_RECORD_SAMPLE) {
		ret->kind = PERF_REC_SAMPLE;
		return parse_sample(&c, layout->sample_type, ret) ? 0 : -EINVAL;
	}
	return parse_trailer(&c, ret) && parse_body(&c, &h, ret) ? 0 : -EINVAL;
}

/* "\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;" */
int perf_format_field(const char *text, const char *name, struct perf_field *ret)
{
	size_t n = strlen(name);

	*ret = (struct perf_field){0};
	for (const char *at = text; (at = strstr(at, "field:"));) {
		const char *end = strchr(at, ';');
		unsigned offset, size;

		if (!end)
			return -EPROTO;
		/* The name is the last word, but for the length of an array. */
		const char *bracket = memchr(at, '[', (size_t)(end - at));
		const char *last = bracket ? bracket : end;
		if ((size_t)(last - at) > n && memcmp(last - n, name, n) == 0 &&
		    (last[-(ptrdiff_t)n - 1] == ' ' || last[-(ptrdiff_t)n - 1] == '*')) {
			if (sscanf(end, "; offset:%5u; size:%5u;", &offset, &size) != 2 || offset > UINT16_MAX ||
			    size > UINT16_MAX)
				return -EPROTO;
			*ret = (struct perf_field){.offset = (uint16_t)offset, .size = (uint16_t)size};
			return 0;
		}
		at = end;
	}
	return -ENOENT;
}

bool perf_raw_uint(const struct perf_rec *rec, struct perf_field field, uint64_t *ret)
{
	uint64_t v = 0;

	if (!rec->raw || (size_t)field.offset + field.size > rec->raw_len ||
	    (field.size != 1 && field.size != 2 && field.size != 4 && field.size != 8))
		return false;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy((uint8_t *)&v + sizeof(v) - field.size, rec->raw + field.offset, field.size);
#else
	memcpy(&v, rec->raw + field.offset, field.size);
#endif
	*ret = v;
	return true;
}
