/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of a replay: what they ask of the player, without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "scene.h"
#include "tui/replay_keys.h"

/* Where the scene begins (scene.c). */
#define START_NS 1000000000000ULL

static struct scene scene;
static struct ui_state ui;
static struct moment moments[] = {
	{.at_ns = START_NS + 100000000, .ns = 50000000, .kind = MOMENT_GAP},
	{.at_ns = START_NS + 600000000, .ns = 20000000, .kind = MOMENT_STW},
	{.at_ns = START_NS + 900000000, .kind = MOMENT_VERDICT, .code = "throttled"},
};
static struct replay_state st;

static int setup(void **state)
{
	(void)state;
	scene_init(&scene, false);
	ui_state_init(&ui, false);
	ui.span_ns = 1000000000;
	st = (struct replay_state){.first_ns = START_NS,
				   .last_ns = START_NS + 2000000000,
				   .playhead_ns = START_NS + 500000000,
				   .loaded = true,
				   .speed = 1,
				   .moments = moments,
				   .n_moments = 3};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scene_done(&scene);
	return 0;
}

static struct replay_wish act(enum action a, bool handled)
{
	struct replay_wish wish = {0};

	assert_int_equal(replay_action(a, &ui, &st, scene.model, model_now(scene.model), &wish), handled);
	return wish;
}

static void space_plays_and_stops(void **state)
{
	(void)state;
	struct replay_wish w = act(ACTION_PAUSE, true);
	assert_true(w.play && !w.stop && !w.seek);
	st.playing = true;
	w = act(ACTION_PAUSE, true);
	assert_true(w.stop && !w.play);
	st.playing = false;
	ui.cursor_ns = START_NS + 42; /* from there on */
	w = act(ACTION_PAUSE, true);
	assert_true(w.play && w.seek && w.seek_ns == START_NS + 42);
	assert_int_equal(ui.cursor_ns, 0);
}

static void speed_doubles_and_halves(void **state)
{
	(void)state;
	assert_true(act(ACTION_FASTER, true).speed == 2);
	assert_true(act(ACTION_SLOWER, true).speed == 0.5);
	assert_true(act(ACTION_STEP, true).step);
	assert_true(act(ACTION_STEP_BACK, true).seek_ns < st.playhead_ns);
}

static void moments_before_and_behind_the_playhead(void **state)
{
	(void)state;
	/* Behind the playhead: it moves to the moment's end. */
	struct replay_wish w = act(ACTION_NEXT, true);
	assert_true(w.seek && w.seek_ns == moments[1].at_ns + moments[1].ns);
	assert_int_equal(ui.cursor_ns, moments[1].at_ns);
	w = act(ACTION_NEXT, true);
	assert_true(w.seek && w.seek_ns == moments[2].at_ns);
	assert_non_null(strstr(ui.message, "throttled"));
	w = act(ACTION_NEXT, true);
	assert_false(w.seek);
	assert_non_null(strstr(ui.message, "no further"));
	/* Before it: only the cursor moves. */
	ui.cursor_ns = 0;
	w = act(ACTION_PREVIOUS, true);
	assert_false(w.seek);
	assert_int_equal(ui.cursor_ns, moments[0].at_ns);
}

static void a_stream_cannot_be_moved(void **state)
{
	(void)state;
	st.following = true;
	st.loaded = false;
	struct replay_wish w = act(ACTION_STEP, true);
	assert_false(w.step);
	assert_non_null(strstr(ui.message, "stream"));
	act(ACTION_PAUSE, false); /* pauses the picture, as live */
	act(ACTION_NEXT, false);
	st.following = false;
	act(ACTION_PAUSE, true);
	assert_non_null(strstr(ui.message, "still being read"));
	act(ACTION_ZOOM_IN, false);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(space_plays_and_stops),
		TEST(speed_doubles_and_halves),
		TEST(moments_before_and_behind_the_playhead),
		TEST(a_stream_cannot_be_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
