/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/schedule.h"

/* Runs of a round. */
static size_t width(const struct schedule *s)
{
	return s->variants + (s->noise ? 1 : 0);
}

size_t schedule_length(const struct schedule *s)
{
	return s->variants * s->warmups + width(s) * s->rounds;
}

struct schedule_run schedule_at(const struct schedule *s, size_t i)
{
	size_t n_warm = s->variants * s->warmups;
	bool warmup = i < n_warm;
	size_t per = warmup ? s->variants : width(s), k = warmup ? i : i - n_warm;
	unsigned round = (unsigned)(k / per);
	size_t at = k % per;

	return (struct schedule_run){.variant = round % 2 ? per - 1 - at : at, .round = round, .warmup = warmup};
}
