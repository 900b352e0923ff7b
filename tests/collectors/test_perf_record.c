/* SPDX-License-Identifier: GPL-2.0-only */
/* The reader of perf's records: what each kind holds, and that no size or count in one is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#include "collectors/perf_record.h"

#define ALWAYS (PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU)

static const struct perf_layout plain = {.sample_type = ALWAYS};
static const struct perf_layout sampled = {.sample_type = ALWAYS | PERF_SAMPLE_IP | PERF_SAMPLE_CALLCHAIN |
							  PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER};

/* A record that is being written. */
static union {
	struct perf_event_header h;
	uint64_t words[64];
	uint8_t bytes[512];
} rec;
static size_t len;

static void begin(uint32_t type, uint16_t misc)
{
	memset(&rec, 0, sizeof(rec));
	rec.h.type = type;
	rec.h.misc = misc;
	len = sizeof(rec.h);
}

static void put(const void *data, size_t n)
{
	assert_true(len + n <= sizeof(rec));
	memcpy(rec.bytes + len, data, n);
	len += n;
}

static void put64(uint64_t v)
{
	put(&v, sizeof(v));
}

static void put_pair(uint32_t a, uint32_t b)
{
	put(&a, sizeof(a));
	put(&b, sizeof(b));
}

/* sample_id_all: thread 12 of process 10, at 1000 ns on CPU 3. */
static void put_trailer(void)
{
	put_pair(10, 12);
	put64(1000);
	put_pair(3, 0);
}

static int parse(const struct perf_layout *layout, struct perf_rec *ret)
{
	rec.h.size = (uint16_t)len;
	return perf_record_parse(&rec, len, layout, ret);
}

static void a_switch_has_its_direction(void **state)
{
	struct perf_rec r;

	(void)state;
	begin(PERF_RECORD_SWITCH, 0);
	put_trailer();
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.kind, PERF_REC_SWITCH_IN);
	assert_int_equal(r.pid, 10);
	assert_int_equal(r.tid, 12);
	assert_int_equal(r.time_ns, 1000);
	assert_int_equal(r.cpu, 3);
	rec.h.misc = PERF_RECORD_MISC_SWITCH_OUT;
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.kind, PERF_REC_SWITCH_OUT);
	assert_false(r.preempted);
	rec.h.misc |= PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
	assert_int_equal(parse(&plain, &r), 0);
	assert_true(r.preempted);
	assert_false(r.wide);
}

static void a_cpus_switch_names_the_other_side(void **state)
{
	struct perf_rec r;

	(void)state;
	begin(PERF_RECORD_SWITCH_CPU_WIDE, PERF_RECORD_MISC_SWITCH_OUT);
	put_pair(20, 21);
	put_trailer();
	assert_int_equal(parse(&plain, &r), 0);
	assert_true(r.wide);
	assert_int_equal(r.tid, 12);
	assert_int_equal(r.other_pid, 20);
	assert_int_equal(r.other_tid, 21);
	begin(PERF_RECORD_SWITCH_CPU_WIDE, PERF_RECORD_MISC_SWITCH_OUT);
	put_trailer();
	assert_int_equal(parse(&plain, &r), -EINVAL);
}

static void threads_are_born_named_and_die(void **state)
{
	struct perf_rec r;

	(void)state;
	begin(PERF_RECORD_FORK, 0);
	put_pair(10, 9);
	put_pair(13, 12);
	put64(999);
	put_trailer();
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.kind, PERF_REC_FORK);
	assert_int_equal(r.pid, 10);
	assert_int_equal(r.tid, 13);
	assert_int_equal(r.parent_tid, 12);
	rec.h.type = PERF_RECORD_EXIT;
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.kind, PERF_REC_EXIT);

	begin(PERF_RECORD_COMM, 0);
	put_pair(10, 12);
	put("name\0\0\0\0", 8);
	put_trailer();
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.kind, PERF_REC_COMM);
	assert_string_equal(r.comm, "name");
	rec.h.misc = PERF_RECORD_MISC_COMM_EXEC;
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.kind, PERF_REC_EXEC);

	/* A name that isn't ended is. */
	begin(PERF_RECORD_COMM, 0);
	put_pair(10, 12);
	put("0123456789abcdefXXXXXXXX", 24);
	put_trailer();
	assert_int_equal(parse(&plain, &r), 0);
	assert_string_equal(r.comm, "0123456789abcde");
}

static void losses_are_counted(void **state)
{
	struct perf_rec r;

	(void)state;
	begin(PERF_RECORD_LOST, 0);
	put64(7);
	put64(500);
	put_trailer();
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.kind, PERF_REC_LOST);
	assert_int_equal(r.lost, 500);
	begin(PERF_RECORD_LOST_SAMPLES, 0);
	put64(3);
	put_trailer();
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.lost, 3);
	begin(PERF_RECORD_THROTTLE, 0);
	put64(1);
	put64(2);
	put64(3);
	put_trailer();
	assert_int_equal(parse(&plain, &r), 0);
	assert_int_equal(r.kind, PERF_REC_THROTTLE);
}

static void put_sample(uint64_t n_chain, uint32_t raw_size, uint64_t abi)
{
	begin(PERF_RECORD_SAMPLE, 0);
	put64(0x1234);
	put_trailer();
	put64(n_chain);
	put64(PERF_CONTEXT_USER);
	put64(0x1111);
	put64(0x2222);
	put(&raw_size, sizeof(raw_size));
	put("abcdefghijkl", 12);
	put64(abi);
	for (uint64_t i = 0; i < PERF_R_COUNT; i++)
		put64(100 + i);
}

static void a_sample_has_chain_raw_and_registers(void **state)
{
	struct perf_rec r;
	uint64_t v;

	(void)state;
	put_sample(3, 12, PERF_SAMPLE_REGS_ABI_64);
	assert_int_equal(parse(&sampled, &r), 0);
	assert_int_equal(r.kind, PERF_REC_SAMPLE);
	assert_int_equal(r.ip, 0x1234);
	assert_int_equal(r.tid, 12);
	assert_int_equal(r.n_frames, 2); /* the mark is no frame */
	assert_int_equal(r.pc[0], 0x1111);
	assert_int_equal(r.pc[1], 0x2222);
	assert_int_equal(r.raw_len, 12);
	assert_memory_equal(r.raw, "abcdefghijkl", 12);
	assert_true(r.have_regs);
	assert_int_equal(r.regs[PERF_R_G], 100 + PERF_R_G);
	assert_true(perf_raw_uint(&r, (struct perf_field){.offset = 1, .size = 1}, &v));
	assert_int_equal(v, 'b');
	assert_false(perf_raw_uint(&r, (struct perf_field){.offset = 9, .size = 4}, &v));
	assert_false(perf_raw_uint(&r, (struct perf_field){.offset = 0, .size = 3}, &v));
}

static void sizes_and_counts_are_checked(void **state)
{
	struct perf_rec r;

	(void)state;
	put_sample(4, 12, PERF_SAMPLE_REGS_ABI_64);
	assert_int_equal(parse(&sampled, &r), -EINVAL); /* eats into what follows: the end is missing */
	put_sample(UINT64_MAX / 8 + 2, 12, PERF_SAMPLE_REGS_ABI_64);
	assert_int_equal(parse(&sampled, &r), -EINVAL);
	put_sample(3, UINT32_MAX, PERF_SAMPLE_REGS_ABI_64);
	assert_int_equal(parse(&sampled, &r), -EINVAL);
	/* Every shorter length of a good one. */
	put_sample(3, 12, PERF_SAMPLE_REGS_ABI_64);
	size_t whole = len;
	for (len = 0; len < whole; len++)
		assert_int_equal(parse(&sampled, &r), -EINVAL);
	len = whole;
	rec.h.size = (uint16_t)(whole - 8);
	assert_int_equal(perf_record_parse(&rec, whole, &sampled, &r), -EINVAL);
	/* Records of a layout that isn't known aren't read at all. */
	const struct perf_layout odd = {.sample_type = ALWAYS | PERF_SAMPLE_ADDR};
	assert_int_equal(parse(&odd, &r), -EINVAL);
}

static const char format[] = "name: sched_wakeup\nID: 310\nformat:\n"
			     "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
			     "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
			     "\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
			     "\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n";

static void fields_of_a_format(void **state)
{
	struct perf_field f;

	(void)state;
	assert_int_equal(perf_format_field(format, "pid", &f), 0); /* not common_pid */
	assert_int_equal(f.offset, 24);
	assert_int_equal(f.size, 4);
	assert_int_equal(perf_format_field(format, "common_type", &f), 0);
	assert_int_equal(f.offset, 0);
	assert_int_equal(f.size, 2);
	assert_int_equal(perf_format_field(format, "comm", &f), 0);
	assert_int_equal(f.size, 16);
	assert_int_equal(perf_format_field(format, "prio", &f), -ENOENT);
	assert_int_equal(f.size, 0);
	assert_int_equal(perf_format_field("field:int x", "x", &f), -EPROTO);
	assert_int_equal(perf_format_field("field:int x; offset:70000; size:4;", "x", &f), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_switch_has_its_direction),
		cmocka_unit_test(a_cpus_switch_names_the_other_side),
		cmocka_unit_test(threads_are_born_named_and_die),
		cmocka_unit_test(losses_are_counted),
		cmocka_unit_test(a_sample_has_chain_raw_and_registers),
		cmocka_unit_test(sizes_and_counts_are_checked),
		cmocka_unit_test(fields_of_a_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
