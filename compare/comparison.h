/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compare/ runs a program in variants and says what differs, by how much, and how sure that is.
 *
 *   figures.h     what can be compared, and how runs add up
 *   variant.h     "NAME:K=V,...": what a variant changes
 *   assertion.h   "FIGURE ratio<2": what a script asks for
 *   schedule.h    the order of the runs
 *   bootstrap.h   intervals
 *   comparison.h  the result: plain data, filled by runner.h, read by text, JSON and the screen
 *   runner.h      makes the runs
 *
 * Nothing but runner.h starts a process.
 */
#ifndef SCHEDTOP_COMPARE_COMPARISON_H
#define SCHEDTOP_COMPARE_COMPARISON_H

#include "base/fault.h"
#include "compare/figures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cJSON;
struct timeline;

#define COMPARISON_VARIANTS_MAX 8
#define COMPARISON_ROUNDS_MAX   100
/*
 * With three rounds each, one complete separation of two equal variants comes up in 2 of 20 comparisons by chance; with
 * four in 2 of 70.
 */
#define COMPARISON_ROUNDS_MIN 4

/* A program that got no further, and who held it. Text is foreign; NULL and 0 = unknown. */
struct hang {
	bool hung;
	uint64_t after_ns;   /* since its start: when it was ended */
	uint64_t pending_ns; /* how long what it waited for had been asked for; 0 = it waited for nothing that was seen
			      */
	const char *stw;     /* the stop of the world that didn't come about: its reason, static; NULL = none */
	uint64_t goid;       /* who held it */
	char *func, *file;
	uint32_t line;
};

/* One run of a variant. */
struct comparison_round {
	unsigned order; /* 0 = the first run of all, warm-ups included */
	struct tally tally;
	uint64_t duration_ns;
	int exit_status; /* as a shell gives it; -1 = ended by us */
	struct hang hang;
	char *capture;             /* the file that it was recorded to; NULL = none */
	struct cJSON *report;      /* of this run */
	struct timeline *timeline; /* its picture (timeline.h); NULL = not taken */
	int load_status;           /* of the load generator, as exit_status; -1 = none, or still running at the end */
};

struct comparison_variant {
	char *name;   /* foreign */
	char **env;   /* "K=V", NULL-terminated; GODEBUG settings joined into one */
	char *binary; /* NULL = the command's own */
	char *cpus;   /* a list ("0-1,4"); NULL = all */
	char **argv;  /* what is run, NULL-terminated */

	struct comparison_round *rounds; /* measured ones, in order; those that hung are among them */
	size_t n_rounds;
	struct tally merged;  /* all rounds; runs = 0: none */
	struct cJSON *report; /* merged over rounds: report_merge(); NULL = no round */
	unsigned hung;        /* rounds that hung */
	unsigned ended_badly; /* rounds in which the program ended by itself with another status than 0 */
	struct fault fault;   /* err < 0: it couldn't be run; rounds made before count all the same */
};

/* Why a difference isn't called significant. */
enum insignificance {
	SIGNIFICANT,
	TOO_FEW_ROUNDS,
	NOT_MEASURED,     /* unknown, or the baseline is 0 */
	INTERVAL_HAS_ONE, /* the interval includes 1 */
	WITHIN_NOISE,     /* the baseline differs from itself by as much */
};

struct comparison_ratio {
	const struct figure *figure;
	size_t variant;               /* index; the baseline is 0 */
	double baseline_value, value; /* NaN = unknown */
	double ratio;                 /* value / baseline_value; NaN = unknown */
	double lo, hi;                /* 95 % interval; NaN = none, hi may be infinite */
	enum insignificance why;
};

/* The baseline against itself: runs of the same schedule that are treated as if they were a variant. */
struct comparison_noise {
	bool checked;
	struct comparison_variant again; /* the baseline's second set of rounds */
	struct comparison_ratio *ratios; /* one for each figure; .variant is 0 */
	size_t n_ratios;
};

struct comparison {
	char **argv; /* the command, NULL-terminated */
	struct comparison_variant *variants;
	size_t n_variants;
	struct comparison_ratio *ratios; /* variants 1.. by figure: [(v - 1) * figure_count() + figure's index] */
	size_t n_ratios;
	struct comparison_noise noise;
	unsigned rounds_asked, warmups;
	double duration_s, timeout_s; /* duration 0 = until the program ends */
	bool parallel;
	bool interrupted;  /* by the user: fewer rounds than asked for */
	bool isolate_net;  /* each variant in a network namespace of its own */
	const char *ready; /* --ready and --load as given, static; NULL = none */
	const char *load;
	const char *preset; /* static; NULL = none */
	uint64_t seed;      /* of the resampling: the same data give the same intervals */
};

void comparison_init(struct comparison *c);
void comparison_done(struct comparison *c);
void comparison_variant_done(struct comparison_variant *v);

/**
 * From the rounds: merged tallies and reports, ratios, intervals, significance, noise. May be called again after
 * more rounds. 0 or -ENOMEM.
 */
int comparison_judge(struct comparison *c);

/** The ratio of a variant (1..) in a figure; NULL before comparison_judge(). */
const struct comparison_ratio *comparison_ratio(const struct comparison *c, size_t variant, const struct figure *f);

/** The baseline against itself in a figure; NULL where that wasn't checked. */
const struct comparison_ratio *comparison_noise(const struct comparison *c, const struct figure *f);

/** How far from 1, either way: 0.5 and 2 are 2. NaN for NaN. */
double ratio_factor(double ratio);

/** Did every variant run, without a hang, and (unless @ignore_status) without a bad end? */
bool comparison_succeeded(const struct comparison *c, bool ignore_status);

/** For people, the sentence first. @figures: names to show, NULL-terminated; NULL = those that matter most. 0 or
 * -errno. */
int comparison_text(const struct comparison *c, const char *const *figures, FILE *out);
/** Its first sentence, of one variant (1..), with a newline. */
void comparison_headline(const struct comparison *c, size_t variant, const char *const *figures, FILE *out);
/** "schedtop.compare/1". 0, -ENOMEM, or -errno of the stream. */
int comparison_json(const struct comparison *c, FILE *out);

#endif
