/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Golden frames: the same scene, a script of keys, a size; the screen as text must be the file in golden/. After a
 * change that is meant, UPDATE_GOLDEN=1 shows the difference and writes the files anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "scene.h"
#include "tui/backend.h"
#include "tui/theme.h"

static void draw(struct scene *s, struct grid *g, int cols, int rows, const char *keys, bool ascii, bool no_shades)
{
	struct scene_shot shot = {.cols = cols,
				  .rows = rows,
				  .keys = keys,
				  .span_ns = 2000000000,
				  .ascii = ascii,
				  .no_shades = no_shades};

	assert_int_equal(scene_draw(s, &shot, g), 0);
}

static char *read_all(const char *path)
{
	cleanup_fclose FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 16);

	if (f && text)
		text[fread(text, 1, (1 << 16) - 1, f)] = '\0';
	return text;
}

static void compare(const char *name, const char *got)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.txt", GOLDEN_DIR, name);
	cleanup_free char *want = read_all(path);
	if (strcmp(want, got) == 0)
		return;
	fprintf(stderr, "--- %s\n%s\n+++ now\n%s\n", path, want, got);
	if (!getenv("UPDATE_GOLDEN"))
		fail_msg("%s differs; if the change is meant, run with UPDATE_GOLDEN=1", path);
	cleanup_fclose FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(got, f);
}

struct frame {
	const char *name;
	int cols, rows;
	const char *keys;
	bool ascii;
	bool no_shades;
};

static void compare_frames(struct scene *s, const struct frame *frames, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *text = NULL;
		struct grid g;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		draw(s, &g, frames[i].cols, frames[i].rows, frames[i].keys, frames[i].ascii, frames[i].no_shades);
		assert_int_equal(backend_text(&g, f), 0);
		fclose(f);
		compare(frames[i].name, text);
		grid_done(&g);
	}
}

static void golden(void **state)
{
	static const struct frame frames[] = {
		{"cpus-120x40", 120, 40, "", false},
		{"cpus-80x24", 80, 24, "", false},
		{"cpus-40x10", 40, 10, "", false},
		{"cpus-80x24-ascii", 80, 24, "", true},
		{"too-small", 39, 9, "", false},
		{"ps-80x24", 80, 24, "p", false},
		{"scheduler-100x30", 100, 30, "\t\t\t\t", false},
		{"threads-100x30", 100, 30, "m\t\t", false},
		{"goroutines-100x30", 100, 30, "v\t\t\t", false},
		{"verdicts-100x30", 100, 30, "\t", false},
		{"help-80x24", 80, 24, "?", false},
		{"help-120x40", 120, 40, "?", false},
		{"cursor-100x30", 100, 30, "[j", false},
		{"zoomed-100x30", 100, 30, "[++++", false},
		{"output-100x30", 100, 30, "o", false},
	};
	struct scene s;

	(void)state;
	scene_init(&s, false);
	compare_frames(&s, frames, ARRAY_SIZE(frames));
	scene_done(&s);
}

static void golden_exact(void **state)
{
	static const struct frame frames[] = {
		{"exact-goroutines-140x40", 140, 40, "v\t\t\t", false},
		{"exact-scheduler-100x30", 100, 30, "v\t\t\t\t", false},
		{"exact-scheduler-80x24-ascii", 80, 24, "v\t\t\t\tJJ", true},
		{"exact-cursor-100x30", 100, 30, "v[j", false},
	};
	struct scene s;

	(void)state;
	scene_init_exact(&s, false);
	compare_frames(&s, frames, ARRAY_SIZE(frames));
	scene_done(&s);
}

/* What isn't asked for is dimmed, by characters here, as where there are few colours. */
static void golden_asked_for(void **state)
{
	static const struct frame frames[] = {
		{"find-100x30", 100, 30, "/pool\r", false, true},
		{"find-cpu-80x24-ascii", 80, 24, "/crunch\rn", true, true},
		{"find-nothing-80x24", 80, 24, "/nobody\r", false, true},
		{"filter-100x30", 100, 30, "fpool\r\t\t\t", false, true},
		{"filter-goroutines-100x30", 100, 30, "vfpool\r\t\t\t", false, true},
		{"filter-nothing-80x24", 80, 24, "vfnobody\r", false, true},
		{"follow-100x30", 100, 30, "[g", false, true},
		{"follow-goroutines-100x30", 100, 30, "[gv", false, true},
		{"events-100x30", 100, 30, "e", false, true},
		{"events-walk-120x40", 120, 40, "eKK", false, true},
		{"events-80x24-ascii", 80, 24, "e[", true, true},
		{"prompt-80x24", 80, 24, "/cru", false, true},
	};
	struct scene s;

	(void)state;
	scene_init(&s, false);
	compare_frames(&s, frames, ARRAY_SIZE(frames));
	scene_done(&s);
}

/* Whatever a process calls itself: no control character, no broken UTF-8, no markup gets through. */
static void foreign_text(void **state)
{
	struct scene s;
	struct theme t;

	(void)state;
	scene_init_exact(&s, true);
	assert_int_equal(theme_load(&t, "dark", NULL), 0);
	for (const char *keys = "pmvceg\t\t\t\t?"; *keys; keys++) {
		char one[] = {'v', *keys, '7', '\r', 0};
		cleanup_free char *svg = NULL;
		struct grid g;
		size_t len;
		FILE *f = open_memstream(&svg, &len);

		draw(&s, &g, 120, 40, one, false, false);
		for (int i = 0; i < g.cols * g.rows; i++) {
			uint32_t ch = g.cells[i].ch;

			assert_true(ch == 0 || (ch >= 0x20 && ch != 0x7f && !(ch >= 0x80 && ch < 0xa0)));
			assert_true(g.cells[i].fg < ROLE_ALL && g.cells[i].bg < ROLE_ALL);
		}
		assert_int_equal(backend_svg(&g, &t, f), 0);
		fclose(f);
		assert_null(strstr(svg, "<crunch>"));
		assert_null(strstr(svg, "app<"));
		assert_null(memchr(svg, 033, len));
		grid_done(&g);
	}
	scene_done(&s);
}

/* Every "<" opens an element that is closed; attributes are quoted. */
static void svg_is_well_formed(void **state)
{
	struct scene s;
	struct theme t;
	struct grid g;
	cleanup_free char *svg = NULL;
	size_t len;
	int depth = 0;

	(void)state;
	scene_init(&s, false);
	for (unsigned i = 0; theme_builtin(i); i++) {
		FILE *f = open_memstream(&svg, &len);

		assert_int_equal(theme_load(&t, theme_builtin(i), NULL), 0);
		draw(&s, &g, 100, 30, "", false, false);
		assert_int_equal(backend_svg(&g, &t, f), 0);
		fclose(f);
		grid_done(&g);
		for (const char *p = svg; (p = strchr(p, '<')); p++) {
			const char *end = strchr(p, '>');
			int quotes = 0;

			assert_non_null(end);
			for (const char *q = p; q < end; q++)
				quotes += *q == '"';
			assert_int_equal(quotes % 2, 0);
			depth += p[1] == '/' ? -1 : end[-1] == '/' ? 0 : 1;
			assert_true(depth >= 0);
		}
		assert_int_equal(depth, 0);
		free(take_ptr(svg));
	}
	scene_done(&s);
}

static void any_size_draws(void **state)
{
	struct scene s;

	(void)state;
	scene_init_exact(&s, false);
	for (int cols = 1; cols < 260; cols += 13) {
		for (int rows = 1; rows < 80; rows += 7) {
			struct grid g;

			draw(&s, &g, cols, rows, "v[?o", rows % 2, false);
			grid_done(&g);
			draw(&s, &g, cols, rows, "m/pool\rfapp\reK", rows % 2, cols % 2);
			grid_done(&g);
		}
	}
	scene_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(golden_exact),
		cmocka_unit_test(golden_asked_for),
		cmocka_unit_test(foreign_text),
		cmocka_unit_test(svg_is_well_formed),
		cmocka_unit_test(any_size_draws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
