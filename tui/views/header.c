/* SPDX-License-Identifier: GPL-2.0-only */
/* The first lines: who is watched, and whether asynchronous preemption is on, in this size because it is the question.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tui/views.h"

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "?";
}

/* What the live memory says goes over what the session found at its start. */
static int async_enabled(const struct model_counts *counts, const struct session *s)
{
	return counts->asyncpreemptoff >= 0 ? !counts->asyncpreemptoff : s->async_enabled;
}

static const char *set_by(enum async_source source)
{
	switch (source) {
	case ASYNC_SOURCE_ENVIRONMENT:
		return "set by GODEBUG in the environment";
	case ASYNC_SOURCE_GO_DEBUG:
		return "set by a //go:debug line";
	case ASYNC_SOURCE_LINKER:
		return "set by the linker";
	case ASYNC_SOURCE_RUNTIME_MEMORY:
		return "set in the running process";
	default:
		return "";
	}
}

static void header_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	const struct session *s = model_session(ctx->model);
	struct model_counts counts;
	char line[512], args[256] = "", dur[32], inside[32] = "";

	model_counts(ctx->model, &counts);
	grid_fill(g, r, ' ', ROLE_HEADER, ROLE_HEADER_BG);
	for (size_t i = 1; s->args && s->args[0] && s->args[i] && strlen(args) < sizeof(args) - 2; i++)
		snprintf(args + strlen(args), sizeof(args) - strlen(args), " %s", s->args[i]);
	text_duration(dur, sizeof(dur),
		      ctx->now_ns > model_start(ctx->model) ? ctx->now_ns - model_start(ctx->model) : 0);
	if (s->ns_pid)
		snprintf(inside, sizeof(inside), " (inside: %u)", s->ns_pid);
	snprintf(line, sizeof(line), " schedtop  %s%s  pid %u%s  %s", base_name(s->exe), args, s->pid, inside,
		 s->go_version ? s->go_version : "not Go");
	if (counts.gomaxprocs > 0)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "  GOMAXPROCS %d", counts.gomaxprocs);
	snprintf(line + strlen(line), sizeof(line) - strlen(line), "  %u CPUs", s->n_cpus);
	if (counts.cgroup.quota_ns && counts.cgroup.period_ns)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "  quota %.2f%s",
			 (double)counts.cgroup.quota_ns / (double)counts.cgroup.period_ns,
			 counts.nr_throttled ? ", throttled" : "");
	int used = grid_text(g, r.x, r.y, r.w, ROLE_HEADER, ROLE_HEADER_BG, CELL_BOLD, line);
	if (used + (int)text_cols(dur) + 3 < r.w)
		grid_text(g, r.x + r.w - (int)text_cols(dur) - 1, r.y, (int)text_cols(dur), ROLE_HEADER, ROLE_HEADER_BG,
			  0, dur);

	if (r.h < 2 || !s->go_version)
		return;
	int on = async_enabled(&counts, s), x = r.x + 1;
	x += grid_text(g, x, r.y + 1, r.w - 1, ROLE_LABEL, ROLE_HEADER_BG, 0, "async preemption ");
	x += grid_text(g, x, r.y + 1, r.x + r.w - x,
		       on > 0    ? ROLE_OK
		       : on == 0 ? ROLE_CRITICAL
				 : ROLE_DIM,
		       ROLE_HEADER_BG, on == 0 ? CELL_BOLD | CELL_REVERSE : CELL_BOLD,
		       on > 0    ? "ON"
		       : on == 0 ? " OFF "
				 : "unknown");
	if (on == 0 && *set_by(s->async_source))
		grid_printf(g, x + 1, r.y + 1, r.x + r.w - x - 1, ROLE_WARNING, ROLE_HEADER_BG, 0, "%s",
			    set_by(s->async_source));
}

const struct view view_header = {
	.name = "header",
	.title = "Target",
	.help = "who is watched, and whether asynchronous preemption is on",
	.min_rows = 1,
	.draw = header_draw,
};
