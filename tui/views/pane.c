/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/views/pane.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"
#include "compare/figures.h"
#include "tui/draw.h"
#include "tui/views.h"

#define TALL_ROWS   9 /* from here on the verdict has a line of its own */
#define NAME_COLS   14
#define VALUE_COLS  10
#define RATIO_COLS  9
#define BIG_RATIO   2.0 /* from here on a ratio is worth a colour */
#define NOTICE_COLS 40

static int heading_rows(int height)
{
	return height >= TALL_ROWS ? 2 : 1;
}

struct rect pane_timeline(struct rect pane)
{
	int h = heading_rows(pane.h);

	return (struct rect){pane.x, pane.y + h, pane.w, pane.h - h};
}

/* ---- heading ---- */

/* "3.2 s", "ended: status 2, 3.2 s". Returns the role. */
static uint8_t say_age(const struct pane *pane, char *dst, size_t cap)
{
	char age[32], how[40] = "";
	uint8_t role = ROLE_HEADER;

	text_duration(age, sizeof(age), pane->now_ns > pane->start_ns ? pane->now_ns - pane->start_ns : 0);
	if (pane->exited && pane->exit_status >= 0 && WIFSIGNALED(pane->exit_status))
		snprintf(how, sizeof(how), "ended by signal %d, ", WTERMSIG(pane->exit_status));
	else if (pane->exited && pane->exit_status > 0)
		snprintf(how, sizeof(how), "ended: status %d, ", WEXITSTATUS(pane->exit_status));
	else if (pane->exited)
		snprintf(how, sizeof(how), "ended, ");
	if (*how)
		role = ROLE_WARNING;
	snprintf(dst, cap, "%s%s", how, age);
	return role;
}

static uint8_t severity_role(uint8_t s)
{
	return s == SEVERITY_CRITICAL ? ROLE_CRITICAL : s == SEVERITY_WARNING ? ROLE_WARNING : ROLE_OK;
}

/* Number and what is different, on the left; returns the column behind it. */
static int draw_name(const struct panes *p, int i, struct grid *g, struct rect r, int room, uint8_t bg)
{
	char title[512];
	int x = r.x;

	grid_fill(g, (struct rect){r.x, r.y, r.w, 1}, ' ', ROLE_HEADER, bg);
	x += grid_printf(g, x, r.y, room, i == p->focus ? ROLE_CURSOR : ROLE_KEY, bg, CELL_BOLD, " %d ", i + 1) + 1;
	x += grid_text(g, x, r.y, r.x + room - x, ROLE_HEADER, bg, CELL_BOLD, panes_title(p, i, title, sizeof(title)));
	return x;
}

static void draw_heading(const struct panes *p, int i, struct grid *g, struct rect r)
{
	const struct pane *pane = p->at[i];
	uint8_t bg = i == p->focus ? ROLE_SELECTED_BG : ROLE_HEADER_BG;
	bool tall = heading_rows(r.h) > 1;
	char age[80], about[100] = "";

	uint8_t age_role = say_age(pane, age, sizeof(age));
	int age_cols = (int)text_cols(age) + 1, right = r.x + r.w - age_cols;
	if (tall && *pane->facts.go_version)
		snprintf(about, sizeof(about), "%s  pid %u  ", pane->facts.go_version, pane->facts.pid);
	int about_cols = r.w >= 76 ? (int)text_cols(about) : 0;
	int async_cols = pane->async_on < 0 ? 0 : 11;
	int room = right - r.x - about_cols - async_cols - 2;
	int x = draw_name(p, i, g, r, tall ? room : room / 2, bg);

	grid_text(g, right, r.y, age_cols, age_role, bg, 0, age);
	if (about_cols)
		grid_text(g, right - about_cols, r.y, about_cols, ROLE_HEADER, bg, 0, about);
	if (async_cols)
		grid_text(g, right - about_cols - async_cols, r.y, async_cols - 1,
			  pane->async_on ? ROLE_OK : ROLE_CRITICAL, bg, CELL_BOLD,
			  pane->async_on ? " async ON" : "async OFF");
	uint8_t role = severity_role(pane->severity);
	if (tall)
		grid_text(g, r.x + 3, r.y + 1, r.w - 3, role, ROLE_BACKGROUND, CELL_BOLD, pane->verdict);
	else if (room + r.x - x > 12)
		grid_text(g, x + 2, r.y, room + r.x - x - 2, role, bg, 0, pane->verdict);
}

/* Of a target that failed, the last thing it said tells most. */
static void draw_last_words(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	struct model_counts counts;

	model_counts(ctx->model, &counts);
	if (!counts.exited || counts.exit_status <= 0 || !ctx->n_output || ctx->ui->cursor_ns || r.h < 1)
		return;
	struct rect line = {r.x, r.y + r.h - 1, r.w, 1};
	grid_fill(g, line, ' ', ROLE_TEXT, ROLE_BACKGROUND);
	grid_printf(g, line.x, line.y, line.w, ROLE_WARNING, ROLE_BACKGROUND, 0, "it said: %s",
		    ctx->output[ctx->n_output - 1]);
}

void pane_draw(const struct panes *p, const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	struct rect timeline = pane_timeline(r);

	draw_heading(p, ctx->pane, g, r);
	view_in(&view_timeline, ctx, g, timeline);
	draw_last_words(ctx, g, timeline);
}

void pane_draw_error(const struct panes *p, int i, struct grid *g, struct rect r)
{
	uint8_t bg = i == p->focus ? ROLE_SELECTED_BG : ROLE_HEADER_BG;

	draw_name(p, i, g, r, r.w, bg);
	grid_text(g, r.x + 2, r.y + 1, r.w - 2, ROLE_CRITICAL, ROLE_BACKGROUND, CELL_BOLD, "it couldn't be started");
	draw_wrapped(g, (struct rect){r.x, r.y + 2, r.w, r.h - 3}, 2, ROLE_TEXT, 0, p->at[i]->error);
	grid_text(g, r.x + 2, r.y + r.h - 1, r.w - 2, ROLE_DIM, ROLE_BACKGROUND, 0,
		  "C: close this pane   G: other settings");
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "?";
}

static void header_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	const struct session *s = model_session(ctx->model);
	char args[200] = "";

	for (size_t i = 1; s->args && s->args[0] && s->args[i] && strlen(args) < sizeof(args) - 2; i++)
		snprintf(args + strlen(args), sizeof(args) - strlen(args), " %s", s->args[i]);
	grid_fill(g, r, ' ', ROLE_HEADER, ROLE_HEADER_BG);
	grid_printf(g, r.x, r.y, r.w, ROLE_HEADER, ROLE_HEADER_BG, CELL_BOLD, " schedtop  %s%s  %d panes, %s",
		    base_name(s->exe), args, ctx->n_panes,
		    ctx->panes_free ? "each at its own time" : "times from each start");
}

const struct view view_panes_header = {
	.name = "panes",
	.title = "Side by side",
	.help = "what is compared",
	.min_rows = 1,
	.draw = header_draw,
};

void panes_draw_notice(const struct panes *p, struct grid *g, struct rect r)
{
	static const char notice[] = " they run at once and share the CPUs ";
	int cols = (int)sizeof(notice) - 1;

	if (panes_share_cpus(p) && r.h > 0 && r.w > cols + NOTICE_COLS)
		grid_text(g, r.x + r.w - cols, r.y, cols, ROLE_WARNING, ROLE_HEADER_BG, CELL_BOLD, notice);
}

/* ---- ratios ---- */

/* "47x", "1.2x", "0.04x". */
static char *say_ratio(char *dst, size_t cap, double ratio, bool ascii)
{
	const char *times = ascii ? "x" : "\u00d7";

	if (ratio >= 1e6)
		snprintf(dst, cap, ">1M%s", times);
	else if (ratio >= 100)
		snprintf(dst, cap, "%.0f%s", ratio, times);
	else if (ratio >= 10)
		snprintf(dst, cap, "%.1f%s", ratio, times);
	else
		snprintf(dst, cap, "%.2f%s", ratio, times);
	return dst;
}

static void put_right(struct grid *g, int x, int y, int cols, uint8_t role, uint8_t attr, const char *text)
{
	int pad = cols - (int)text_cols(text);

	grid_text(g, x + (pad > 0 ? pad : 0), y, cols, role, ROLE_BACKGROUND, attr, text);
}

static void draw_figure(const struct panes *p, size_t row, bool ascii, struct grid *g, struct rect r)
{
	const struct strip_figure *f = strip_figure(row);
	const struct figure *figure = figure_find(f->name, strlen(f->name));
	double base = p->at[0]->figures[row];
	int x = r.x + NAME_COLS;
	char text[40];

	grid_text(g, r.x, r.y, NAME_COLS, ROLE_LABEL, ROLE_BACKGROUND, 0, f->title);
	for (int i = 0; i < p->n; i++) {
		double v = pane_drawable(p->at[i]) ? p->at[i]->figures[row] : NAN;

		if (x + VALUE_COLS > r.x + r.w)
			break;
		put_right(g, x, r.y, VALUE_COLS - 1, ROLE_TEXT, 0, figure_text(text, sizeof(text), figure, v));
		x += VALUE_COLS;
		if (i == 0)
			continue;
		bool known = !isnan(v) && !isnan(base) && base > 0 && pane_drawable(p->at[0]);
		double ratio = known ? v / base : NAN;
		bool worse = known && ratio >= BIG_RATIO, better = known && ratio <= 1 / BIG_RATIO;

		if (known && x + RATIO_COLS <= r.x + r.w)
			put_right(g, x, r.y, RATIO_COLS - 2,
				  worse    ? ROLE_CRITICAL
				  : better ? ROLE_OK
					   : ROLE_TEXT,
				  CELL_BOLD, say_ratio(text, sizeof(text), ratio, ascii));
		x += RATIO_COLS;
	}
}

void pane_draw_strip(const struct panes *p, bool ascii, struct grid *g, struct rect r)
{
	int x = r.x + NAME_COLS;
	char head[24];

	if (r.h < 1)
		return;
	grid_fill(g, (struct rect){r.x, r.y, r.w, 1}, ' ', ROLE_TITLE, ROLE_BACKGROUND);
	grid_text(g, r.x, r.y, NAME_COLS, ROLE_TITLE, ROLE_BACKGROUND, CELL_BOLD, "So far");
	for (int i = 0; i < p->n; i++) {
		int cols = VALUE_COLS + (i ? RATIO_COLS : 0);

		snprintf(head, sizeof(head), "pane %d", i + 1);
		put_right(g, x, r.y, VALUE_COLS - 1, ROLE_KEY, CELL_BOLD, head);
		if (i)
			put_right(g, x + VALUE_COLS, r.y, RATIO_COLS - 2, ROLE_DIM, 0, "to 1");
		x += cols;
	}
	/* One run of each says how much, not how sure. */
	if (r.x + r.w - x > 12)
		grid_text(g, x + 1, r.y, r.x + r.w - x - 1, ROLE_DIM, ROLE_BACKGROUND, 0,
			  "one run each; schedtop compare says how sure");
	for (size_t row = 0; strip_figure(row) && (int)row + 1 < r.h; row++)
		draw_figure(p, row, ascii, g, (struct rect){r.x, r.y + 1 + (int)row, r.w, 1});
}
