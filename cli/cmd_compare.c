/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/result_file.h"
#include "collectors/auto.h"
#include "collectors/collector.h"
#include "compare/assertion.h"
#include "compare/comparison.h"
#include "compare/cpus.h"
#include "compare/html.h"
#include "compare/preset.h"
#include "compare/ready.h"
#include "compare/runner.h"
#include "compare/variant.h"
#include "target/read_file.h"

#define DURATION_DEFAULT_S 5
#define TIMEOUT_DEFAULT_S  30
#define READY_LIMIT_NS     (30 * NS_PER_S)
#define FIGURES_MAX        64
#define WORDS_MAX          (2U << 20) /* what the kernel takes as arguments, by default */

struct plan {
	const struct options *o;
	struct comparison c;
	struct assertion asserts[OPTION_LIST_MAX];
	const char *figures[FIGURES_MAX + 1];
	char *figures_text; /* what they point into */
	struct result_file html;
};

/* Prints a fault, the text that it is about, and a mark under the place. Returns EXIT_USAGE. */
static int bad_text(const struct fault *fault, const char *text, size_t at)
{
	char whole[1024], before[1024];

	fault_print(fault, stderr);
	text_escape(whole, sizeof(whole), text, strlen(text));
	text_escape(before, sizeof(before), text, at);
	fprintf(stderr, "  %s\n  %*s^\n", whole, (int)text_cols(before), "");
	return EXIT_USAGE;
}

static struct comparison_variant *find_variant(struct comparison *c, const char *name, size_t len)
{
	for (size_t i = 0; i < c->n_variants; i++) {
		if (strlen(c->variants[i].name) == len && memcmp(c->variants[i].name, name, len) == 0)
			return &c->variants[i];
	}
	return NULL;
}

/* Takes over @name and @env. NULL when there are too many; out of memory ends the program's work all the same. */
static struct comparison_variant *add_variant(struct comparison *c, char *name, char **env)
{
	struct comparison_variant *more = realloc(c->variants, (c->n_variants + 1) * sizeof(*more));

	if (!more || !name || !env || c->n_variants == COMPARISON_VARIANTS_MAX) {
		c->variants = more ? more : c->variants;
		free(name);
		variant_free_list(env);
		return NULL;
	}
	c->variants = more;
	more[c->n_variants] = (struct comparison_variant){.name = name, .env = env};
	return &more[c->n_variants++];
}

static int too_many(void)
{
	return cli_usage("--variant", "there are too many variants", "Eight can be compared");
}

/* Status 0 or EXIT_USAGE, said. */
static int take_variant(struct plan *p, const char *text)
{
	struct fault fault = {0};
	struct variant v;
	size_t at;

	if (variant_parse(text, &v, &at, &fault) < 0)
		return bad_text(&fault, text, at);
	if (find_variant(&p->c, v.name, strlen(v.name))) {
		variant_done(&v);
		return cli_usage("--variant", "two variants have the same name", "Give each a name of its own");
	}
	char **env = variant_environment(&v, getenv("GODEBUG"));
	bool added = add_variant(&p->c, take_ptr(v.name), env);
	variant_done(&v);
	return added ? 0 : too_many();
}

/* NAME:VALUE, of a variant that is there, or that @make makes. */
static int take_named(struct plan *p, const char *option, const char *text, bool make, struct comparison_variant **ret,
		      const char **ret_value)
{
	struct fault fault = {0};
	size_t len = strcspn(text, ":");

	if (!text[len] || !text[len + 1])
		return cli_usage(option, "it is written NAME:VALUE", "NAME is that of a variant");
	*ret = find_variant(&p->c, text, len);
	*ret_value = text + len + 1;
	if (*ret)
		return 0;
	if (!make)
		return cli_usage(option, "there is no variant of this name", "Give one with --variant NAME");
	if (variant_name_check(text, len, &fault) < 0)
		return bad_text(&fault, text, 0);
	*ret = add_variant(&p->c, strndup(text, len), calloc(1, sizeof(char *)));
	return *ret ? 0 : too_many();
}

static int take_variants(struct plan *p, const struct preset *preset)
{
	const struct options *o = p->o;
	struct comparison_variant *v = NULL;
	const char *value = "";
	cpu_set_t cpus;
	int status = 0;

	for (size_t i = 0; status == 0 && i < o->variants.n; i++)
		status = take_variant(p, o->variants.text[i]);
	for (size_t i = 0; status == 0 && preset && !o->variants.n && preset->variants[i]; i++)
		status = take_variant(p, preset->variants[i]);
	for (size_t i = 0; status == 0 && i < o->binaries.n; i++) {
		status = take_named(p, "--binary", o->binaries.text[i], true, &v, &value);
		if (status == 0 && v) {
			free(v->binary);
			v->binary = strdup(value);
		}
	}
	for (size_t i = 0; status == 0 && i < o->cpus.n; i++) {
		status = take_named(p, "--cpus", o->cpus.text[i], false, &v, &value);
		if (status == 0 && cpus_parse(value, &cpus) < 0)
			status = cli_usage("--cpus", "this is no list of CPUs", "Write NAME:0-3,8");
		if (status == 0 && v) {
			free(v->cpus);
			v->cpus = strdup(value);
		}
	}
	if (status == 0 && p->c.n_variants < 2)
		status =
			cli_usage("compare", "there is nothing to compare",
				  "Give two variants: --variant on --variant off:asyncpreemptoff=1, a --preset, or two "
				  "--binary NAME:PATH");
	return status;
}

static char **copy_command(char *const *operands, const char *binary)
{
	size_t n = 0;

	while (operands[n])
		n++;
	char **argv = calloc(n + 2, sizeof(*argv));
	for (size_t i = 0; argv && i < (n ? n : 1); i++) {
		const char *word = i == 0 && binary ? binary : operands[i];

		argv[i] = word ? strdup(word) : NULL;
		if (!argv[i]) {
			variant_free_list(argv);
			return NULL;
		}
	}
	return argv;
}

/* The command of each variant: its binary takes the place of the first word. */
static int take_command(struct plan *p, char **operands)
{
	for (size_t i = 0; i < p->c.n_variants; i++) {
		struct comparison_variant *v = &p->c.variants[i];

		if (!operands[0] && !v->binary)
			return cli_usage(
				"compare", "no program given",
				"Write -- PROGRAM [ARG...] at the end, or --binary NAME:PATH for each variant");
		v->argv = copy_command(operands, v->binary);
		if (!v->argv)
			return cli_usage("compare", "out of memory", "Close other programs");
	}
	p->c.argv = copy_command(operands, operands[0] ? NULL : p->c.variants[0].binary);
	return 0;
}

static int take_asserts(struct plan *p)
{
	struct fault fault = {0};
	size_t at;

	for (size_t i = 0; i < p->o->asserts.n; i++) {
		const char *text = p->o->asserts.text[i];

		if (assertion_parse(text, &p->asserts[i], &at, &fault) < 0 ||
		    assertion_check(&p->asserts[i], &p->c, &at, &fault) < 0)
			return bad_text(&fault, text, at);
	}
	return 0;
}

static int take_figures(struct plan *p)
{
	size_t n = 0;

	if (!p->o->figures)
		return 0;
	if (strcmp(p->o->figures, "all") == 0) {
		for (size_t i = 0; figure_at(i) && n < FIGURES_MAX; i++) {
			/* Of histograms the four that one looks at first; the JSON has all. */
			if (figure_at(i)->stat != STAT_MIN && figure_at(i)->stat != STAT_P90)
				p->figures[n++] = figure_at(i)->name;
		}
		return 0;
	}
	p->figures_text = strdup(p->o->figures);
	for (char *rest = p->figures_text, *name; rest && (name = strsep(&rest, ",")) && n < FIGURES_MAX;) {
		struct fault fault = {0};

		if (!figure_find(name, strlen(name))) {
			fault_set(&fault, -EINVAL, "--figures", "no figure is called %s", name);
			fault_todo(&fault, "Did you mean %s? --figures=help lists them",
				   figure_like(name, strlen(name))->name);
			fault_print(&fault, stderr);
			return EXIT_USAGE;
		}
		p->figures[n++] = name;
	}
	return 0;
}

static int list_figures(void)
{
	for (size_t i = 0; figure_at(i); i++)
		puts(figure_at(i)->name);
	return cli_stdout_status(0);
}

/* Said before anything is run. */
static int take_service(struct plan *p)
{
	struct ready ready = {0};
	struct fault fault = {0};
	int err = p->o->ready ? ready_parse(p->o->ready, &ready, &fault) : 0;

	ready_done(&ready);
	if (err < 0) {
		fault_print(&fault, stderr);
		return EXIT_USAGE;
	}
	if (p->o->ready_timeout_ns && !p->o->ready)
		return cli_usage("--ready-timeout", "nothing is waited for", "Add --ready, or leave it out");
	p->c.ready = p->o->ready;
	p->c.load = p->o->load;
	p->c.isolate_net = p->o->isolate_net;
	return 0;
}

static int make_plan(struct plan *p, char **operands)
{
	const struct options *o = p->o;
	const struct preset *preset = o->preset ? preset_find(o->preset) : NULL;

	if (o->preset && !preset)
		return cli_usage("--preset", "there is no such preset", "There are asyncpreempt and go-versions");
	p->c.preset = preset ? preset->name : NULL;
	p->c.rounds_asked = o->rounds;
	p->c.warmups = o->warmup;
	p->c.parallel = o->parallel;
	p->c.timeout_s = o->timeout_s > 0 ? o->timeout_s : TIMEOUT_DEFAULT_S;
	p->c.duration_s = o->duration_s > 0 ? o->duration_s : o->timeout_s > 0 ? 0 : DURATION_DEFAULT_S;
	if (p->c.duration_s > 0 && p->c.timeout_s < p->c.duration_s) {
		if (o->timeout_s > 0)
			return cli_usage("--timeout", "it is shorter than --duration", "Make it the longer one");
		p->c.timeout_s = 2 * p->c.duration_s;
	}
	int status = take_variants(p, preset);
	if (status == 0)
		status = take_command(p, operands);
	if (status == 0)
		status = take_asserts(p);
	if (status == 0)
		status = take_figures(p);
	if (status == 0)
		status = take_service(p);
	return status;
}

/* So that who waits sees that it goes on. */
static void say_progress(void *ctx, const struct comparison *c, struct schedule_run run, size_t i, size_t n)
{
	const char *name = run.variant < c->n_variants ? c->variants[run.variant].name : c->variants[0].name;

	(void)ctx;
	fprintf(stderr, "schedtop: run %zu of %zu: %s%s\n", i + 1, n, c->parallel ? "all variants" : name,
		run.warmup                     ? " (warm-up)"
		: run.variant >= c->n_variants ? " again (noise check)"
					       : "");
}

static void say_load(void *ctx, const char *variant, const char *line)
{
	(void)ctx;
	fprintf(stderr, "schedtop: the load on %s said: %s\n", variant, line);
}

/* Each variant that failed, or one message when it is the same for all: then it isn't the variant's fault. */
static void say_faults(const struct comparison *c)
{
	bool same = true;

	for (size_t i = 1; i < c->n_variants; i++)
		same = same && strcmp(c->variants[i].fault.why, c->variants[0].fault.why) == 0 &&
		       strcmp(c->variants[i].fault.what, c->variants[0].fault.what) == 0;
	for (size_t i = 0; i < (same ? 1 : c->n_variants); i++) {
		const struct comparison_variant *v = &c->variants[i];
		struct fault fault = v->fault;

		if (fault.err >= 0)
			continue;
		if (!same)
			snprintf(fault.what, sizeof(fault.what), "variant %s: %.100s", v->name, v->fault.what);
		fault_print(&fault, stderr);
	}
}

/* schedtop's own words, as they were before the options were taken from them: a list, and what it points into. */
static char **own_words(char **ret_text)
{
	size_t len = 0, n = 0;

	*ret_text = read_file_text("/proc/self/cmdline", WORDS_MAX, &len);
	for (size_t i = 0; *ret_text && i < len; i++)
		n += !(*ret_text)[i];
	char **words = calloc(n + 1, sizeof(*words));
	for (size_t i = 0, at = 0; words && i < n; i++) {
		words[i] = *ret_text + at;
		at += strlen(words[i]) + 1;
	}
	return words;
}

static int write_html(struct plan *p, struct fault *fault)
{
	cleanup_free char *text = NULL;
	cleanup_free char **words = own_words(&text);
	char kernel[256], machine[256], when[64];
	time_t now = time(NULL);
	struct tm tm;
	const struct html_facts facts = {
		.version = SCHEDTOP_VERSION,
		.when = when,
		.kernel = kernel,
		.machine = machine,
		.command = words,
		.figures = *p->figures ? p->figures : NULL,
	};

	if (!localtime_r(&now, &tm) || !strftime(when, sizeof(when), "%Y-%m-%d %H:%M %z", &tm))
		*when = '\0';
	html_machine(kernel, sizeof(kernel), machine, sizeof(machine));
	FILE *out = fdopen(dup(p->html.fd), "w");
	int err = out ? comparison_html(&p->c, &facts, out) : -errno;
	if (out && fclose(out) != 0 && err == 0)
		err = -errno;
	return err < 0 ? fault_set(fault, err, p->o->html, "it can't be written (%s)", strerror(-err)) : 0;
}

static int report(struct plan *p)
{
	struct fault fault = {0};
	bool any = false, holds = true;

	say_faults(&p->c);
	for (size_t i = 0; i < p->c.n_variants; i++)
		any = any || p->c.variants[i].n_rounds;
	if (comparison_judge(&p->c) < 0) {
		fault_set(&fault, -ENOMEM, "the comparison", "out of memory");
		return cli_fail(&fault);
	}
	if (!any && !p->o->json)
		return EXIT_FAILURE;
	int err = p->o->json ? comparison_json(&p->c, stdout)
			     : comparison_text(&p->c, *p->figures ? p->figures : NULL, stdout);
	int status = cli_stdout_status(err);
	if (p->o->html) {
		err = result_file_close(&p->html, write_html(p, &fault), &fault);
		status = err < 0 ? cli_fail(&fault) : status;
	}
	for (size_t i = 0; i < p->o->asserts.n; i++)
		holds = assertion_holds(&p->asserts[i], &p->c, stderr) && holds;
	return holds && comparison_succeeded(&p->c, p->o->ignore_status) ? status : EXIT_FAILURE;
}

static int run_plan(struct plan *p)
{
	struct fault fault = {0};
	sigset_t set;
	struct runner_opts opts = {
		.size = sizeof(opts),
		.collectors = collectors_named(p->o->collector),
		.detail = p->o->detail,
		.sample_hz = p->o->sample_hz,
		.max_overhead_pct = p->o->max_overhead_pct,
		.noise = !p->o->no_noise_check,
		.ignore_status = p->o->ignore_status,
		.save_dir = p->o->save,
		.progress = say_progress,
		.load_said = say_load,
		.timelines = p->o->html != NULL,
		.service = {.ready = p->o->ready,
			    .ready_limit_ns = p->o->ready_timeout_ns ? p->o->ready_timeout_ns : READY_LIMIT_NS,
			    .load = p->o->load,
			    .isolate_net = p->o->isolate_net},
	};

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	cleanup_close int signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	opts.signal_fd = opts.service.stop_fd = signal_fd;
	int err = p->o->html ? result_file_open(&p->html, p->o->html, &fault) : 0;
	if (err == 0)
		err = runner_run(&opts, &p->c, &fault);
	/* A second signal shall end schedtop at once; the first was asked for the end and the report. */
	struct signalfd_siginfo info;
	while (signal_fd >= 0 && read(signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return err < 0 ? cli_fail(&fault) : report(p);
}

int cmd_compare(const struct options *o, char **operands)
{
	struct plan p = {.o = o, .html.fd = -1};

	if (o->figures && strcmp(o->figures, "help") == 0)
		return list_figures();
	if (strcmp(o->collector, collector_schedtrace.name) == 0)
		return cli_usage("--collector=schedtrace", "it is for schedtop run alone",
				 "Use --collector=ebpf, or auto, the default");
	comparison_init(&p.c);
	int status = make_plan(&p, operands);
	if (status == 0)
		status = run_plan(&p);
	if (p.html.path)
		result_file_close(&p.html, -ECANCELED, NULL);
	comparison_done(&p.c);
	free(p.figures_text);
	return status;
}
