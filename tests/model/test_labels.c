/* SPDX-License-Identifier: GPL-2.0-only */
/* Which goroutine a thread carried when, slices, rows of Ps and Gs. */
#include "tests/model/stream.h"

static void a_label_reaches_back(void **state)
{
	struct model *m = *state;

	comes(m, 1000, 0, 10);
	sample(m, 3000, 0, 10, 7, 1, 0);
	tick(m, 3500);
	assert_span(m, ROW_CPU, 0, 1000, 3000, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 3000, 0, SPAN_RUN, 7); /* goes on with what was seen last */
	sleeps(m, 4000, 0, 10, 7, 1);
	assert_span(m, ROW_CPU, 0, 1000, 4000, SPAN_RUN, 7);
	assert_int_equal(total_of(m, 7).run_ns, US(3000));
	assert_int_equal(total_of(m, 7).slices, 1);
	assert_int_equal(total_of(m, 7).max_slice_ns, US(3000));
}

static void different_labels_meet_in_the_middle(void **state)
{
	struct model *m = *state;

	comes(m, 1000, 0, 10);
	sample(m, 2000, 0, 10, 7, 1, 0);
	sample(m, 3000, 0, 10, 8, 1, 0);
	sleeps(m, 4000, 0, 10, 8, 1);
	assert_span(m, ROW_CPU, 0, 1000, 2500, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 2500, 4000, SPAN_RUN, 8);
	assert_span(m, ROW_P, 1, 2500, 4000, SPAN_RUN, 8);
	assert_span(m, ROW_G, 7, 1000, 2500, SPAN_RUN, 7);
}

static void taken_is_exact(void **state)
{
	struct model *m = *state;

	comes(m, 1000, 0, 10);
	taken(m, 1800, 10, 7, 1, EV_TAKEN_ASYNC);
	sleeps(m, 4000, 0, 10, 8, 1);
	assert_span(m, ROW_CPU, 0, 1000, 1800, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 1800, 4000, SPAN_RUN, 8);
	assert_int_equal(total_of(m, 7).max_slice_ns, US(800));
}

static void behind_the_last_label_the_runtime_runs(void **state)
{
	struct model *m = *state;

	comes(m, 1000, 0, 10);
	sample(m, 2000, 0, 10, 7, 1, 0);
	sleeps(m, 2300, 0, 10, 0, EV_NO_P);
	assert_span(m, ROW_CPU, 0, 1000, 2000, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 2000, 2300, SPAN_RUNTIME, 0);
}

static void without_labels_nothing_is_claimed(void **state)
{
	struct model *m = *state;

	comes(m, 1000, 0, 10);
	sleeps(m, 2300, 0, 10, NO_GOID, EV_NO_P);
	assert_span(m, ROW_CPU, 0, 1000, 2300, SPAN_UNLABELLED, 0);
	assert_int_equal(model_goroutines(m, &(struct g_total){0}, 1), 0);
	assert_int_equal(model_rows(m, ROW_P, NULL, 0), 0);
}

static void a_slice_outlives_kernel_preemption(void **state)
{
	struct model *m = *state;
	struct g_total g;

	comes(m, 0, 0, 10);
	preempted_by(m, 5000, 0, 10, 7, 1, FOREIGN(9));
	switch_to(m, 8000, 0, NULL, 10, -1);
	tick(m, 12000);
	assert_span(m, ROW_M, 10, 8000, 0, SPAN_RUN, 7); /* it carries what it left with */
	taken(m, 14000, 10, 7, 1, EV_TAKEN_COOP);
	g = total_of(m, 7);
	assert_int_equal(g.slices, 1);
	assert_int_equal(g.max_slice_ns, US(14000));
	assert_int_equal(g.overrun_ns, US(14000) - GO_SLICE_NS);
	assert_int_equal(g.run_ns, US(11000));
}

static void the_open_slice_counts(void **state)
{
	struct model *m = *state;

	location(m, 5, "main.crunch", "/src/crunch.go", 42);
	comes(m, 0, 0, 10);
	sample(m, 1000, 0, 10, 7, 1, 5);
	tick(m, 30000);
	assert_int_equal(total_of(m, 7).max_slice_ns, US(30000));
	assert_string_equal(model_func(m, total_of(m, 7).worst_func)->name, "main.crunch");
	assert_int_equal(total_of(m, 7).worst_loc, 5);
}

static void two_ms_never_hold_one_p(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	comes(m, 500, 1, 11);
	sleeps(m, 800, 1, 11, 8, 3);
	sleeps(m, 1000, 0, 10, 7, 3);
	assert_span(m, ROW_P, 3, 500, 800, SPAN_RUN, 8);
	assert_span(m, ROW_P, 3, 800, 1000, SPAN_RUN, 7);
	assert_span(m, ROW_M, 10, 0, 1000, SPAN_RUN, 7);
}

static void rows_have_names_and_order(void **state)
{
	struct model *m = *state;
	struct row rows[4];

	location(m, 5, "main.worker", "/src/w.go", 10);
	goroutine(m, 7, 5);
	names_thread(m, 10, "tightloop");
	comes(m, 0, 0, 10);
	sleeps(m, 100, 0, 10, 8, 0);
	comes(m, 200, 1, 11);
	sleeps(m, 900, 1, 11, 7, 1);
	assert_int_equal(model_rows(m, ROW_G, rows, 4), 2);
	assert_int_equal(rows[0].id, 7);
	assert_string_equal(rows[0].name, "main.worker");
	assert_string_equal(rows[1].name, "");
	assert_int_equal(model_rows(m, ROW_M, rows, 4), 2);
	assert_int_equal(rows[0].id, 11);
	assert_string_equal(rows[1].name, "tightloop");
	assert_int_equal(model_rows(m, ROW_CPU, rows, 1), 2);
	assert_int_equal(rows[0].id, 0);
	assert_string_equal(model_func(m, total_of(m, 7).start_func)->name, "main.worker");
}

static void functions_are_interned(void **state)
{
	struct model *m = *state;
	struct loc_info a, b;

	location(m, 1, "main.f", "/src/f.go", 10);
	location(m, 2, "main.f", "/src/f.go", 12);
	assert_true(model_loc(m, 1, &a));
	assert_true(model_loc(m, 2, &b));
	assert_int_equal(a.func, b.func);
	assert_int_equal(b.line, 12);
	assert_string_equal(b.file, "/src/f.go");
	assert_false(model_loc(m, 3, &a));
	assert_null(model_func(m, 0));
	assert_null(model_func(m, 2));
}

static void many_goroutines_stay_bounded(void **state)
{
	struct model *m = *state;
	static struct g_total all[200000];
	uint64_t newest = 0;
	struct row row;
	size_t n;

	comes(m, 0, 0, 10);
	for (uint64_t i = 1; i <= 150000; i++)
		taken(m, i * 10, 10, i, 0, EV_TAKEN_YIELD);
	n = model_goroutines(m, all, 200000);
	assert_true(n <= 100000);
	assert_true(n > 50000);
	for (size_t i = 0; i < n; i++)
		newest = all[i].goid > newest ? all[i].goid : newest;
	assert_int_equal(newest, 150000);
	assert_int_equal(model_rows(m, ROW_G, &row, 1), 512);
	/* One that runs much gets a row though all are given away. */
	sleeps(m, 3000000, 0, 10, 150001, 0);
	assert_true(model_rows(m, ROW_G, &row, 1) <= 512);
	assert_int_equal(row.id, 150001);
}

static void exec_forgets_goroutines(void **state)
{
	struct model *m = *state;
	struct g_total g;

	comes(m, 0, 0, 10);
	sample(m, 100, 0, 10, 7, 0, 0);
	plain(m, 200, EV_EXEC, 10);
	assert_int_equal(model_goroutines(m, &g, 1), 0);
	sleeps(m, 300, 0, 10, 1, 0);
	assert_int_equal(model_goroutines(m, &g, 1), 1);
	assert_int_equal(g.goid, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(a_label_reaches_back),
		model_test(different_labels_meet_in_the_middle),
		model_test(taken_is_exact),
		model_test(behind_the_last_label_the_runtime_runs),
		model_test(without_labels_nothing_is_claimed),
		model_test(a_slice_outlives_kernel_preemption),
		model_test(the_open_slice_counts),
		model_test(two_ms_never_hold_one_p),
		model_test(rows_have_names_and_order),
		model_test(functions_are_interned),
		model_test(many_goroutines_stay_bounded),
		model_test(exec_forgets_goroutines),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
