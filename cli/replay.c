/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "cli/cli.h"
#include "engine/load.h"
#include "engine/player.h"
#include "report/report.h"
#include "tui/tui.h"
#include "tui/view.h"

void replay_say_damage(struct capture_reader *r)
{
	struct capture_damage damage;
	char text[400];

	capture_reader_damage(r, &damage);
	if (*capture_damage_text(&damage, text, sizeof(text)))
		fprintf(stderr, "schedtop: %s\n", text);
}

int replay_print_report(const struct options *o, const struct loaded *l)
{
	replay_say_damage(l->reader);
	return cli_stdout_status(o->json ? report_json(l->model, NULL, stdout) : report_text(l->model, NULL, stdout));
}

static const struct model *feed_lock(void *ctx)
{
	return player_lock(ctx);
}

static void feed_unlock(void *ctx)
{
	player_unlock(ctx);
}

/* How the events are spread over the capture's time, by the blocks that hold them. */
static void spread(const struct player_state *st, uint32_t density[REPLAY_DENSITY])
{
	uint64_t whole = st->last_ns - st->first_ns + 1;

	for (size_t i = 0; i < st->n_blocks; i++) {
		const struct capture_block *b = &st->blocks[i];
		uint64_t from = b->first_ns > st->first_ns ? b->first_ns - st->first_ns : 0;
		uint64_t to = b->last_ns > b->first_ns ? from + (b->last_ns - b->first_ns) : from;
		size_t a = (size_t)((double)from / (double)whole * REPLAY_DENSITY);
		size_t z = (size_t)((double)to / (double)whole * REPLAY_DENSITY);

		for (size_t k = a; k <= z && k < REPLAY_DENSITY; k++)
			density[k] += b->n_events / (uint32_t)(z - a + 1) + 1;
	}
}

static void feed_state(void *ctx, struct replay_state *ret)
{
	struct player_state st;

	player_state(ctx, &st);
	*ret = (struct replay_state){.first_ns = st.first_ns,
				     .last_ns = st.last_ns,
				     .playhead_ns = st.playhead_ns,
				     .loaded = st.loaded,
				     .following = st.following,
				     .playing = st.playing,
				     .speed = st.speed,
				     .moments = st.moments,
				     .n_moments = st.n_moments};
	spread(&st, ret->density);
}

static void feed_play(void *ctx, bool play)
{
	player_play(ctx, play);
}

static void feed_speed(void *ctx, double speed)
{
	player_set_speed(ctx, speed);
}

static void feed_seek(void *ctx, uint64_t at_ns)
{
	player_seek(ctx, at_ns);
}

static void feed_step(void *ctx)
{
	player_step(ctx);
}

static void say_player_damage(struct player *p)
{
	struct capture_damage damage;
	char text[400];

	player_damage(p, &damage);
	if (*capture_damage_text(&damage, text, sizeof(text)))
		fprintf(stderr, "schedtop: %s\n", text);
}

int replay_show(const struct options *o, struct player *const *players, size_t n, struct fault *fault)
{
	static const struct tui_replay moves = {
		.state = feed_state, .play = feed_play, .set_speed = feed_speed, .seek = feed_seek, .step = feed_step};
	struct tui_feed feeds[TUI_SESSIONS_MAX] = {0};
	const struct tui_opts opts = {.size = sizeof(opts),
				      .theme = o->theme,
				      .no_color = o->no_color,
				      .ascii = o->ascii,
				      .duration_s = o->duration_s,
				      .mouse = !o->no_mouse};

	n = n < TUI_SESSIONS_MAX ? n : TUI_SESSIONS_MAX;
	for (size_t i = 0; i < n; i++)
		feeds[i] = (struct tui_feed){
			.lock = feed_lock, .unlock = feed_unlock, .replay = &moves, .ctx = players[i]};
	int err = tui_run(&opts, feeds, n, fault);
	for (size_t i = 0; i < n; i++) {
		say_player_damage(players[i]);
		if (err == 0 && player_error(players[i]) < 0)
			err = load_fault("the capture", player_error(players[i]), fault);
	}
	return err;
}
