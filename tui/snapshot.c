/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "tui/actions.h"
#include "tui/backend.h"
#include "tui/find_keys.h"
#include "tui/panes.h"
#include "tui/panes_draw.h"
#include "tui/theme.h"
#include "tui/tui.h"
#include "tui/views.h"
#include "tui/views/timeline.h"

static int choose_rows(const char *name, size_t len, struct ui_state *ui)
{
	static const struct {
		const char *name;
		enum row_kind kind;
	} rows[] = {{"cpus", ROW_CPU}, {"ps", ROW_P}, {"threads", ROW_M}, {"goroutines", ROW_G}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0) {
			ui->rows = rows[i].kind;
			ui->rows_chosen = true;
			return 0;
		}
	}
	return -EINVAL;
}

static int choose_panel(const char *name, struct ui_state *ui)
{
	int i = view_panel_index(name);

	if (i >= 0) {
		ui->panel = i;
		return 0;
	}
	return -EINVAL;
}

/* ROWS[,PANEL], or compare[,ROWS]. */
static int parse_view(const char *view, struct ui_state *ui, bool *ret_compare)
{
	static const char compare[] = "compare";
	size_t len = strcspn(view, ",");

	*ret_compare = len == strlen(compare) && strncmp(view, compare, len) == 0;
	if (*ret_compare)
		return view[len] ? choose_rows(view + len + 1, strlen(view + len + 1), ui) : 0;
	int err = choose_rows(view, len, ui);
	return err == 0 && view[len] ? choose_panel(view + len + 1, ui) : err;
}

static int choose_view(const char *view, size_t n_models, struct ui_state *ui, struct fault *fault)
{
	bool compare = false;

	if (!view || parse_view(view, ui, &compare) == 0) {
		if (compare || n_models == 1)
			return 0;
		fault_set(fault, -EINVAL, "--view", "it shows one capture, and %zu are given", n_models);
		return fault_todo(fault, "Give one, or see them side by side with --view compare");
	}
	fault_set(fault, -EINVAL, "--view", "'%s' is no view", view);
	char panels[160] = "";
	for (size_t i = 0; i < view_n_panels(); i++) {
		strncat(panels, i ? ", " : "", sizeof(panels) - strlen(panels) - 1);
		strncat(panels, view_panels[i]->name, sizeof(panels) - strlen(panels) - 1);
	}
	return fault_todo(
		fault,
		"Rows are cpus, ps, threads, goroutines; behind a comma may stand a panel: %s. Several captures "
		"are seen with compare, or compare,ROWS",
		panels);
}

static int write_as(const char *format, const struct grid *g, const struct theme *t, FILE *out, struct fault *fault)
{
	if (strcmp(format, "text") == 0)
		return backend_text(g, out);
	if (strcmp(format, "ansi") == 0)
		return backend_ansi(g, t, out);
	if (strcmp(format, "svg") == 0)
		return backend_svg(g, t, out);
	fault_set(fault, -EINVAL, "--format", "'%s' is not text, ansi or svg", format);
	return fault_todo(fault, "See schedtop snapshot --help");
}

static const struct model *still_lock(void *ctx)
{
	return ctx;
}

static void still_unlock(void *ctx)
{
	(void)ctx;
}

/* The window: the whole session, or its last part. */
static void choose_window(const struct tui_snapshot *opts, const struct panes *p, struct ui_state *ui)
{
	const struct pane *first = p->at[p->clock];
	uint64_t longest = 0;

	panes_fit(p, ui);
	for (int i = 0; i < p->n; i++) {
		uint64_t age = p->at[i]->now_ns - p->at[i]->start_ns;

		longest = age > longest ? age : longest;
	}
	ui->follow = false;
	ui->end_ns = first->start_ns + longest;
	if (opts->window_ns)
		ui->span_ns = opts->window_ns;
}

/* As if they were typed. */
static void choose_texts(const struct tui_snapshot *opts, struct panes *p, struct ui_state *ui, const struct grid *g)
{
	const struct {
		enum prompt what;
		const char *text;
	} typed[] = {{PROMPT_FILTER, opts->filter}, {PROMPT_FIND, opts->find}, {PROMPT_FOLLOW, opts->follow}};
	const struct pane *first = p->at[p->clock];

	for (size_t i = 0; i < ARRAY_SIZE(typed); i++) {
		if (!typed[i].text || !*typed[i].text)
			continue;
		struct rect r = panes_timeline(p, ui, g);

		snprintf(ui->typed, sizeof(ui->typed), "%s", typed[i].text);
		find_typed(typed[i].what, ui, first->feed.ctx, first->now_ns, timeline_time_cols(ui->rows, r.w),
			   timeline_row_count(r.h, (int)first->n_rows));
		panes_look(p, ui);
	}
}

static int draw_panes(const struct tui_snapshot *opts, const struct model *const *models, size_t n, struct ui_state *ui,
		      struct grid *g)
{
	struct panes p = {0};
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++) {
		const struct tui_feed feed = {
			.lock = still_lock, .unlock = still_unlock, .still = true, .ctx = (void *)models[i]};

		err = panes_add(&p, ui, &feed, NULL, NULL);
	}
	panes_focus(&p, ui, 0);
	if (err == 0) {
		ui_suit_rows(ui, models[0]);
		panes_look(&p, ui);
		choose_window(opts, &p, ui);
		choose_texts(opts, &p, ui, g);
		panes_draw(&p, ui, &(struct panes_over){0}, g);
	}
	panes_done(&p);
	return err;
}

int tui_draw_snapshot(const struct tui_snapshot *opts, const struct model *const *models, size_t n, FILE *out,
		      struct fault *fault)
{
	struct ui_state ui;
	struct theme theme;
	struct grid g;
	int err = theme_load(&theme, opts->no_color ? "mono" : opts->theme, fault);

	ui_state_init(&ui, opts->ascii);
	/* Text has no colours to dim. */
	ui.no_shades = theme.mono || !opts->format || strcmp(opts->format, "text") == 0;
	if (err == 0)
		err = choose_view(opts->view, n, &ui, fault);
	if (err < 0)
		return err;
	err = grid_init(&g, opts->cols, opts->rows);
	if (err < 0)
		return fault_set(fault, err, "--size", "%s", strerror(-err));
	err = draw_panes(opts, models, n, &ui, &g);
	if (err < 0)
		fault_set(fault, err, "the frame", "%s", strerror(-err));
	else
		err = write_as(opts->format ? opts->format : "text", &g, &theme, out, fault);
	grid_done(&g);
	return err;
}
