/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "tui/actions.h"
#include "tui/backend.h"
#include "tui/theme.h"
#include "tui/tui.h"
#include "tui/views.h"

static int choose_rows(const char *name, size_t len, struct ui_state *ui)
{
	static const struct {
		const char *name;
		enum row_kind kind;
	} rows[] = {{"cpus", ROW_CPU}, {"ps", ROW_P}, {"threads", ROW_M}, {"goroutines", ROW_G}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0) {
			ui->rows = rows[i].kind;
			return 0;
		}
	}
	return -EINVAL;
}

static int choose_panel(const char *name, struct ui_state *ui)
{
	for (size_t i = 0; i < view_n_panels(); i++) {
		if (strcmp(view_panels[i]->name, name) == 0) {
			ui->panel = (int)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int choose_view(const char *view, struct ui_state *ui, struct fault *fault)
{
	size_t len = strcspn(view, ",");

	if (choose_rows(view, len, ui) == 0 && (!view[len] || choose_panel(view + len + 1, ui) == 0))
		return 0;
	fault_set(fault, -EINVAL, "--view", "'%s' is no view", view);
	char panels[160] = "";
	for (size_t i = 0; i < view_n_panels(); i++) {
		strncat(panels, i ? ", " : "", sizeof(panels) - strlen(panels) - 1);
		strncat(panels, view_panels[i]->name, sizeof(panels) - strlen(panels) - 1);
	}
	return fault_todo(fault, "Rows are cpus, ps, threads, goroutines; behind a comma may stand a panel: %s",
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

int tui_draw_snapshot(const struct tui_snapshot *opts, const struct model *m, FILE *out, struct fault *fault)
{
	struct view_ctx ctx = {.model = m, .now_ns = model_now(m), .still = true};
	struct ui_state ui;
	struct theme theme;
	struct grid g;
	int err = theme_load(&theme, opts->no_color ? "mono" : opts->theme, fault);

	ui_state_init(&ui, opts->ascii);
	if (err == 0 && opts->view)
		err = choose_view(opts->view, &ui, fault);
	if (err < 0)
		return err;
	err = grid_init(&g, opts->cols, opts->rows);
	if (err < 0)
		return fault_set(fault, err, "--size", "%s", strerror(-err));
	ctx.ui = &ui;
	action_do(ACTION_FIT, &ui, m, ctx.now_ns, opts->cols, opts->rows);
	ui.follow = false;
	ui.end_ns = ctx.now_ns;
	if (opts->window_ns)
		ui.span_ns = opts->window_ns;
	ui_window(&ui, m, ctx.now_ns, &ctx.t0_ns, &ctx.t1_ns);
	views_draw(&ctx, &g);
	err = write_as(opts->format ? opts->format : "text", &g, &theme, out, fault);
	grid_done(&g);
	return err;
}
