/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tui/layout.h"
#include "tui/views/timeline.h"

static bool inside(struct rect r, int cols, int rows)
{
	return r.h == 0 || (r.x >= 0 && r.y >= 0 && r.w > 0 && r.h > 0 && r.x + r.w <= cols && r.y + r.h <= rows);
}

static bool apart(struct rect a, struct rect b)
{
	return a.h == 0 || b.h == 0 || a.y + a.h <= b.y || b.y + b.h <= a.y || a.x + a.w <= b.x || b.x + b.w <= a.x;
}

static void every_size(void **state)
{
	(void)state;
	for (int cols = 1; cols <= 300; cols++) {
		for (int rows = 1; rows <= 100; rows++) {
			for (int n = 0; n <= 64; n += 16) {
				struct layout l = layout_compute(cols, rows, n, rows % 2, false);
				const struct rect all[] = {l.header, l.verdict, l.timeline, l.latency,
							   l.panel,  l.output,  l.status};

				assert_int_equal(l.too_small, cols < LAYOUT_MIN_COLS || rows < LAYOUT_MIN_ROWS);
				for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
					assert_true(inside(all[i], cols, rows));
					for (size_t j = 0; j < i; j++)
						assert_true(apart(all[i], all[j]));
				}
				if (!l.too_small) {
					assert_true(l.timeline.h > TIMELINE_EXTRA_ROWS);
					assert_int_equal(l.status.h, 1);
					assert_true(l.header.h >= 1 && l.verdict.h >= 1);
				}
			}
		}
	}
}

static void many_rows_leave_the_panels(void **state)
{
	struct layout l = layout_compute(120, 40, 64, false, false);

	(void)state;
	assert_true(l.panel.h >= 9);
	assert_true(l.latency.h == l.panel.h);
	assert_true(l.timeline.h >= 20);
}

static void standard_terminal(void **state)
{
	struct layout l = layout_compute(80, 24, 2, false, false);

	(void)state;
	assert_int_equal(l.header.h, 2);
	assert_true(l.panel.h >= 6 && l.panel.w >= 40);
	assert_true(timeline_row_height(l.timeline.h, 2) >= 1);
}

static void columns_and_times(void **state)
{
	(void)state;
	for (int cols = 1; cols < 300; cols += 7) {
		for (int c = 0; c < cols; c++) {
			uint64_t at = timeline_col_ns(1000, 4001000, cols, c);

			assert_int_equal(timeline_col_of(1000, 4001000, cols, at + 1), c);
		}
	}
	assert_int_equal(timeline_col_of(1000, 2000, 10, 999), -1);
	assert_int_equal(timeline_col_of(1000, 2000, 10, 2000), -1);
	assert_int_equal(timeline_col_of(UINT64_MAX - 10, UINT64_MAX, 10, UINT64_MAX - 1), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size),
		cmocka_unit_test(many_rows_leave_the_panels),
		cmocka_unit_test(standard_terminal),
		cmocka_unit_test(columns_and_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
