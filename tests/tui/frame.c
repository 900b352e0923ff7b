/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws the test scene as the screen would, to look at it without a terminal, and measures what a frame costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "scene.h"
#include "tui/backend.h"

static const char usage[] = "usage: frame [-s COLSxROWS] [-t THEME] [-f text|ansi|svg] [-k KEYS] [-w WINDOW_MS] [-a] "
			    "[-b SWITCHES] [-n FRAMES]\n"
			    "  -k KEYS      typed before the picture, one character each\n"
			    "  -a           ASCII only\n"
			    "  -b SWITCHES  a busy session with so many context switches instead of the small one\n"
			    "  -n FRAMES    draw so often and print the time of one to stderr\n";

static int write_as(const char *format, const struct grid *g, const struct theme *t)
{
	if (strcmp(format, "text") == 0)
		return backend_text(g, stdout);
	if (strcmp(format, "ansi") == 0)
		return backend_ansi(g, t, stdout);
	if (strcmp(format, "svg") == 0)
		return backend_svg(g, t, stdout);
	fputs(usage, stderr);
	return -1;
}

int main(int argc, char **argv)
{
	struct scene_shot shot = {.cols = 120, .rows = 40, .keys = "", .span_ns = 2 * NS_PER_S};
	const char *theme = NULL, *format = "svg";
	unsigned busy = 0, frames = 1;
	struct fault fault = {0};
	struct scene scene;
	struct theme t;
	struct grid g;
	int opt;

	while ((opt = getopt(argc, argv, "s:t:f:k:w:ab:n:")) != -1) {
		switch (opt) {
		case 's':
			if (sscanf(optarg, "%dx%d", &shot.cols, &shot.rows) == 2)
				break;
			fputs(usage, stderr);
			return 2;
		case 't':
			theme = optarg;
			break;
		case 'f':
			format = optarg;
			break;
		case 'k':
			shot.keys = optarg;
			break;
		case 'w':
			shot.span_ns = strtoull(optarg, NULL, 10) * NS_PER_MS;
			break;
		case 'a':
			shot.ascii = true;
			break;
		case 'b':
			busy = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			frames = (unsigned)strtoul(optarg, NULL, 10);
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (theme_load(&t, theme, &fault) < 0) {
		fault_print(&fault, stderr);
		return 1;
	}
	if (busy)
		scene_init_busy(&scene, busy);
	else
		scene_init(&scene, false);
	uint64_t start = clock_ns_of(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned i = 1; i < frames; i++) {
		if (scene_draw(&scene, &shot, &g) < 0)
			return 1;
		grid_done(&g);
	}
	if (frames > 1)
		fprintf(stderr, "%.3f ms of CPU a frame\n",
			(double)(clock_ns_of(CLOCK_PROCESS_CPUTIME_ID) - start) / (frames - 1) / 1e6);
	if (scene_draw(&scene, &shot, &g) < 0)
		return 1;
	int err = write_as(format, &g, &t);
	grid_done(&g);
	scene_done(&scene);
	return err < 0;
}
