/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The screen's loop. A frame: lock, draw into memory, unlock, send what changed. Frames come when a key was pressed or
 * when time has moved by a column's eighth, at most fps times a second: a column that can't have changed needs no
 * frame.
 */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/invoker.h"
#include "base/log.h"
#include "tui/actions.h"
#include "tui/backend.h"
#include "tui/find_keys.h"
#include "tui/panes.h"
#include "tui/panes_draw.h"
#include "tui/panes_keys.h"
#include "tui/prompt.h"
#include "tui/replay_keys.h"
#include "tui/rescue_keys.h"
#include "tui/screen.h"
#include "tui/tui.h"
#include "tui/views/timeline.h"

#define FPS_DEFAULT 30.0
/* With fewer colours dimmed hues and those of functions may be the same. */
#define SHADES_FROM_COLOURS 256
#define MESSAGE_NS          (4 * NS_PER_S)
#define SLOWEST_NS          (250 * NS_PER_MS) /* the figures move even when the timeline's columns are wide */

struct app {
	const struct tui_opts *opts;
	struct panes panes;
	struct panes_control control;
	struct ui_state ui;
	struct theme theme;
	unsigned theme_index;
	struct grid grid;
	uint64_t drawn_at_ns;
	bool dirty, quit;
};

/* The handler's way to the loop; signals come to any thread. */
static int signal_pipe[2] = {-1, -1};

static void on_signal(int sig)
{
	int saved = errno;
	unsigned char b = (unsigned char)sig;

	if (write(signal_pipe[1], &b, 1) < 0)
		errno = saved; /* full: one is enough */
	errno = saved;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
static struct sigaction signals_before[ARRAY_SIZE(signals)];

static int signals_take(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, &signals_before[i]);
	return 0;
}

static void signals_give_back(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &signals_before[i], NULL);
	close(signal_pipe[0]);
	close(signal_pipe[1]);
}

static void message(struct app *a, const char *text)
{
	snprintf(a->ui.message, sizeof(a->ui.message), "%s", text);
	a->ui.message_until_ns = clock_now_ns() + MESSAGE_NS;
	a->dirty = true;
}

/* The pane that keys and the mouse are for. */
static struct pane *focused(struct app *a)
{
	return a->panes.at[a->panes.focus];
}

/* Read to its end: all of a replay is shown, once. */
static void fit_replays(struct app *a)
{
	for (int i = 0; i < a->panes.n; i++) {
		struct pane *pane = a->panes.at[i];

		if (pane->replay.loaded && !pane->fitted)
			panes_fit(&a->panes, &a->ui);
		pane->fitted = pane->replay.loaded;
	}
}

static void suit_rows(struct app *a)
{
	const struct tui_feed *feed = &a->panes.at[0]->feed;

	if (a->ui.rows_chosen || !pane_drawable(a->panes.at[0]))
		return;
	ui_suit_rows(&a->ui, feed->lock(feed->ctx));
	feed->unlock(feed->ctx);
}

static void draw(struct app *a)
{
	const struct panes_over over = {.toggles = a->control.toggles_open ? &a->control.toggles : NULL,
					.ask = a->control.asking ? a->control.ask : NULL,
					.can_relaunch = a->opts->relaunch != NULL};

	a->ui.no_shades = a->theme.mono || screen_colours() < SHADES_FROM_COLOURS;
	suit_rows(a);
	panes_look(&a->panes, &a->ui);
	fit_replays(a);
	panes_draw(&a->panes, &a->ui, &over, &a->grid);
	screen_show(&a->grid, &a->theme);
	a->drawn_at_ns = clock_now_ns();
	a->dirty = false;
}

/* What comes now takes a while: it is told before. */
static void show_now(void *ctx, const char *text)
{
	struct app *a = ctx;

	message(a, text);
	draw(a);
}

/* Writes one form of the screen to a new file of the invoking user. 0 or -errno. */
static int save_as(const struct app *a, const char *stamp, const char *suffix,
		   int (*write_grid)(const struct app *, FILE *))
{
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/schedtop-%s.%s", a->opts->snapshot_dir ? a->opts->snapshot_dir : ".", stamp, suffix) <
	    0)
		return -ENOMEM;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	invoker_give(fd);
	FILE *f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	int err = write_grid(a, f);
	return fclose(f) == 0 ? err : -errno;
}

static int write_svg(const struct app *a, FILE *f)
{
	return backend_svg(&a->grid, &a->theme, f);
}

static int write_text(const struct app *a, FILE *f)
{
	return backend_text(&a->grid, f);
}

static void save(struct app *a)
{
	char stamp[32], text[200];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	int err = save_as(a, stamp, "svg", write_svg);
	if (err == 0)
		err = save_as(a, stamp, "txt", write_text);
	if (err == 0)
		snprintf(text, sizeof(text), "saved schedtop-%s.svg and .txt", stamp);
	else
		snprintf(text, sizeof(text), "schedtop-%s can't be saved: %s", stamp, strerror(-err));
	message(a, text);
}

static void next_theme(struct app *a)
{
	struct theme t;

	do {
		a->theme_index++;
		if (!theme_builtin(a->theme_index))
			a->theme_index = 0;
	} while (theme_load(&t, theme_builtin(a->theme_index), NULL) < 0);
	if (!a->theme.mono || screen_colours() >= 8) {
		a->theme = t;
		screen_redraw();
	}
	a->dirty = true;
}

static void click(struct app *a, const struct key_event *k)
{
	int hit = panes_hit(&a->panes, &a->ui, &a->grid, k->x, k->y);

	if (hit >= 0)
		panes_focus(&a->panes, &a->ui, hit);
	struct pane *pane = focused(a);
	struct rect r = panes_timeline(&a->panes, &a->ui, &a->grid);
	int n_rows = (int)pane->n_rows, col = k->x - r.x - timeline_label_cols(a->ui.rows, r.w);
	int y = k->y - r.y - 2, row = y / timeline_row_height(r.h, n_rows);

	if (!pane_drawable(pane) || col < 0 || y < 0 || row >= timeline_row_count(r.h, n_rows))
		return;
	const struct model *m = pane->feed.lock(pane->feed.ctx);
	ui_click(&a->ui, m, pane->now_ns, timeline_time_cols(a->ui.rows, r.w), col, row);
	pane->feed.unlock(pane->feed.ctx);
}

static void trigger(struct app *a)
{
	bool any = false;

	for (int i = 0; i < a->panes.n; i++) {
		const struct tui_feed *feed = &a->panes.at[i]->feed;

		if (feed->trigger)
			feed->trigger(feed->ctx);
		any |= feed->trigger != NULL;
	}
	message(a, any ? "the flight recorder is being written"
		       : "there is no flight recorder: start with --flight SECONDS -o FILE");
}

/* A time was typed: the playhead of a replay moves there, a live session is looked at there. */
static void go_to(struct app *a, const struct pane *pane, const struct model *m, uint64_t rel_ns,
		  struct replay_wish *wish)
{
	uint64_t at = model_start(m) + rel_ns;

	if (pane->feed.replay && pane->replay.loaded && !pane->replay.following) {
		wish->seek = true;
		wish->seek_ns = at;
		a->ui.follow = true;
		a->ui.cursor_ns = 0;
	} else {
		ui_go_to(&a->ui, m, pane->now_ns, at);
	}
}

/* What changes the picture: with the lock held. */
static void act(struct app *a, enum action act, const struct key_event *k, const struct pane *pane,
		const struct model *m, struct replay_wish *wish)
{
	struct rect r = panes_timeline(&a->panes, &a->ui, &a->grid);
	uint64_t rel_ns;

	a->ui.message[0] = '\0';
	if (a->ui.prompt) {
		enum prompt typed = prompt_key(&a->ui, k->key);

		if (typed == PROMPT_TIME && prompt_time(&a->ui, &rel_ns))
			go_to(a, pane, m, rel_ns, wish);
		find_typed(typed, &a->ui, m, pane->now_ns, timeline_time_cols(a->ui.rows, r.w),
			   timeline_row_count(r.h, (int)pane->n_rows));
	} else if (act == ACTION_FIT) {
		panes_fit(&a->panes, &a->ui);
	} else if (!pane->feed.replay || !replay_action(act, &a->ui, &pane->replay, m, pane->now_ns, wish)) {
		action_do(act, &a->ui, m, pane->now_ns, timeline_time_cols(a->ui.rows, r.w),
			  timeline_row_count(r.h, (int)pane->n_rows));
	}
}

/* Linked captures are moved together, each to the same time since its start. */
static void fulfil(struct app *a, const struct replay_wish *wish)
{
	const struct pane *from = a->panes.at[a->panes.clock];

	for (int i = 0; i < a->panes.n; i++) {
		const struct pane *pane = a->panes.at[i];
		struct replay_wish its = *wish;

		if (!pane->feed.replay || (a->panes.free && pane != from))
			continue;
		if (pane != from && its.seek)
			its.seek_ns =
				pane->start_ns + (wish->seek_ns > from->start_ns ? wish->seek_ns - from->start_ns : 0);
		replay_fulfil(&its, &pane->feed);
	}
}

static void on_key(struct app *a, const struct key_event *k)
{
	struct pane *pane = a->panes.at[a->panes.clock];
	enum action what = a->ui.prompt ? ACTION_NONE : action_of_key(k->key);
	struct replay_wish wish = {0};

	a->dirty = true;
	if (a->ui.asking || (what == ACTION_RESCUE && !a->control.asking && !a->control.toggles_open)) {
		a->ui.message[0] = '\0';
		if (a->ui.asking)
			rescue_answer(&a->ui, &pane->feed, k->key);
		else
			rescue_ask(&a->ui, &pane->feed);
		a->ui.message_until_ns = clock_now_ns() + MESSAGE_NS;
		return;
	}
	if (panes_key(&a->control, k->key)) {
		a->ui.message_until_ns = clock_now_ns() + MESSAGE_NS;
	} else if (what == ACTION_QUIT) {
		a->quit = true;
	} else if (what == ACTION_SNAPSHOT) {
		save(a);
	} else if (what == ACTION_THEME) {
		next_theme(a);
	} else if (what == ACTION_TRIGGER) {
		trigger(a);
	} else if (k->key == KEY_MOUSE_CLICK_ && !a->ui.prompt) {
		click(a, k);
	} else {
		const struct model *m = pane->feed.lock(pane->feed.ctx);

		if (pane->feed.replay)
			pane->feed.replay->state(pane->feed.ctx, &pane->replay);
		act(a, what, k, pane, m, &wish);
		pane->feed.unlock(pane->feed.ctx);
		fulfil(a, &wish);
		a->ui.message_until_ns = clock_now_ns() + MESSAGE_NS;
	}
}

static void resize(struct app *a)
{
	int cols, rows;

	screen_resize(&cols, &rows);
	if (cols != a->grid.cols || rows != a->grid.rows)
		grid_resize(&a->grid, cols, rows);
	a->dirty = true;
}

static void on_signals(struct app *a)
{
	unsigned char b;

	while (read(signal_pipe[0], &b, 1) == 1) {
		if (b == SIGWINCH)
			resize(a);
		else
			a->quit = true;
	}
}

/* How long until the next frame is due: the picture changes by an eighth of a column, but not more often than fps. */
static uint64_t frame_ns(const struct app *a)
{
	double fps = a->opts->fps > 0 ? a->opts->fps : FPS_DEFAULT;
	uint64_t least = (uint64_t)(1e9 / fps), step = SLOWEST_NS;

	if (a->ui.follow && !a->ui.paused) {
		int cols = timeline_time_cols(a->ui.rows, a->grid.cols);
		step = a->ui.span_ns / (unsigned)cols;
	}
	return step < least ? least : step > SLOWEST_NS ? SLOWEST_NS : step;
}

static void loop(struct app *a)
{
	uint64_t start = clock_now_ns();

	while (!a->quit && !screen_gone()) {
		struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				       {.fd = signal_pipe[0], .events = POLLIN}};
		uint64_t now = clock_now_ns(), due = a->drawn_at_ns + frame_ns(a);
		struct key_event k;

		for (int i = 0; i < a->panes.n; i++) {
			const struct tui_feed *feed = &a->panes.at[i]->feed;

			if (!feed->lock || !rescue_news(&a->ui, feed))
				continue;
			a->ui.message_until_ns = now + 2 * MESSAGE_NS;
			a->dirty = true;
		}
		if (a->dirty || now >= due) {
			if (*a->ui.message && now > a->ui.message_until_ns)
				a->ui.message[0] = '\0';
			draw(a);
			now = clock_now_ns();
			due = a->drawn_at_ns + frame_ns(a);
		}
		if (poll(fds, 2, due > now ? (int)((due - now) / NS_PER_MS) + 1 : 0) < 0 && errno != EINTR)
			break;
		on_signals(a);
		while (!a->quit && screen_key(&k))
			on_key(a, &k);
		if (a->opts->duration_s > 0 && (double)(clock_now_ns() - start) / 1e9 >= a->opts->duration_s)
			a->quit = true;
	}
}

/* The theme that was asked for, or the monochrome one where there are no colours. */
static int choose_theme(struct app *a, struct fault *fault)
{
	const char *no_color = getenv("NO_COLOR");
	int err = theme_load(&a->theme, a->opts->theme, fault);

	if (err < 0)
		return err;
	for (unsigned i = 0; theme_builtin(i); i++) {
		if (strcmp(theme_builtin(i), a->theme.name) == 0)
			a->theme_index = i;
	}
	if (a->opts->no_color || (no_color && *no_color))
		return theme_load(&a->theme, "mono", fault);
	return 0;
}

static void show(struct app *a)
{
	resize(a);
	loop(a);
}

int tui_run(const struct tui_opts *opts, const struct tui_feed *feeds, size_t n, struct fault *fault)
{
	static struct app a; /* the grid is large, and there is one screen */
	int err;

	setlocale(LC_CTYPE, ""); /* ncurses and the choice of characters go by it */
	a = (struct app){.opts = opts, .dirty = true};
	a.control = (struct panes_control){
		.panes = &a.panes, .ui = &a.ui, .relaunch = opts->relaunch, .show = show_now, .ctx = &a};
	ui_state_init(&a.ui, opts->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
	err = choose_theme(&a, fault);
	if (err < 0)
		return err;
	for (size_t i = 0; i < n && err == 0; i++)
		err = panes_add(&a.panes, &a.ui, &feeds[i], NULL, NULL);
	panes_focus(&a.panes, &a.ui, 0);
	if (err == 0)
		err = screen_open(opts->mouse, fault);
	if (err < 0) {
		panes_done(&a.panes);
		return err;
	}
	if (screen_colours() < 8)
		err = theme_load(&a.theme, "mono", fault);
	if (err == 0)
		err = signals_take();
	if (err == 0) {
		err = grid_init(&a.grid, 80, 24);
		if (err == 0)
			show(&a);
		signals_give_back();
	}
	screen_close();
	grid_done(&a.grid);
	panes_done(&a.panes);
	if (err < 0 && fault && !fault->err)
		fault_set(fault, err, "screen", "%s", strerror(-err));
	return err;
}
