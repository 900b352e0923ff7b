/* SPDX-License-Identifier: GPL-2.0-only */
#include "engine/governor.h"

#define SECOND_NS 1000000000ULL
/* The first wait before a higher level is tried again; it doubles each time that this was a mistake. */
#define WAIT_FIRST_NS (5 * SECOND_NS)
#define WAIT_MAX_NS   (320 * SECOND_NS)
/* A level is tried again when it is expected to cost at most this share of the limit. */
#define ROOM 0.6
/* So short after a step up, a step down says that the step up was a mistake. */
#define MISTAKE_NS (10 * SECOND_NS)

static void begin_window(struct governor *g, const struct governor_sample *now)
{
	g->window_start_ns = now->now_ns;
	g->window_probe_ns = now->probe_ns;
	g->window_run_ns = now->target_run_ns;
	g->window_switches = now->switches;
}

void governor_init(struct governor *g, enum detail_level asked, double max_pct, const struct governor_sample *now)
{
	*g = (struct governor){.max_pct = max_pct, .asked = asked, .level = asked, .wait_ns = WAIT_FIRST_NS, .pct = -1};
	begin_window(g, now);
}

static uint64_t since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

/* What share of the target's time a cost is. */
static double share_pct(const struct governor *g, const struct governor_sample *now, double cost_ns)
{
	uint64_t wall = since(now->now_ns, g->window_start_ns), run = since(now->target_run_ns, g->window_run_ns);
	uint64_t whole = run > wall ? run : wall;

	return whole ? cost_ns * 100.0 / (double)whole : 0;
}

static void step_down(struct governor *g, const struct governor_sample *now)
{
	uint64_t switches = since(now->switches, g->window_switches);

	g->ns_a_switch = switches ? (double)since(now->probe_ns, g->window_probe_ns) / (double)switches : 0;
	/* retry_ns is when the level was tried: long ago, if it went well. */
	if (g->retry_ns && since(now->now_ns, g->retry_ns) < MISTAKE_NS)
		g->wait_ns = g->wait_ns < WAIT_MAX_NS / 2 ? g->wait_ns * 2 : WAIT_MAX_NS;
	else
		g->wait_ns = WAIT_FIRST_NS;
	g->retry_ns = now->now_ns + g->wait_ns;
	g->level--;
}

/* May the level above be tried? Its cost is expected from the switches that the runtime counts. */
static bool room_above(const struct governor *g, const struct governor_sample *now)
{
	uint64_t switches = since(now->switches, g->window_switches);

	if (g->level >= g->asked || now->now_ns < g->retry_ns)
		return false;
	return share_pct(g, now, (double)switches * g->ns_a_switch) <= g->max_pct * ROOM && g->pct <= g->max_pct * ROOM;
}

enum detail_level governor_step(struct governor *g, const struct governor_sample *now)
{
	if (since(now->now_ns, g->window_start_ns) < GOVERNOR_WINDOW_NS)
		return g->level;
	g->pct = share_pct(g, now, (double)since(now->probe_ns, g->window_probe_ns));
	if (g->max_pct > 0 && g->pct > g->max_pct && g->level > DETAIL_THREADS) {
		step_down(g, now);
	} else if (g->max_pct > 0 && room_above(g, now)) {
		g->retry_ns = now->now_ns;
		g->level++;
	}
	begin_window(g, now);
	return g->level;
}
