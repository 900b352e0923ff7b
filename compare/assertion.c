/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/assertion.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/text.h"
#include "base/values.h"

#define NUMBER_MAX 1e18

static const char option[] = "--assert";
static const char *const op_names[] = {
	[OP_LESS] = "<", [OP_LESS_EQUAL] = "<=", [OP_GREATER] = ">", [OP_GREATER_EQUAL] = ">="};

/* A word up to a blank or an operator. */
struct word {
	const char *at;
	size_t len;
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static struct word take_word(const char **p)
{
	struct word w = {.at = skip_blanks(*p)};

	w.len = strcspn(w.at, " \t<>=!");
	*p = w.at + w.len;
	return w;
}

static bool word_is(const struct word *w, const char *text)
{
	return strlen(text) == w->len && memcmp(w->at, text, w->len) == 0;
}

static int parse_figure(const struct word *w, struct assertion *a, struct fault *fault)
{
	a->figure = figure_find(w->at, w->len);
	if (a->figure)
		return 0;
	if (!w->len)
		fault_set(fault, -EINVAL, option, "a figure is missing");
	else
		fault_set(fault, -EINVAL, option, "no figure of this name");
	fault_todo(fault, "Did you mean %s? schedtop compare --figures=help lists them",
		   figure_like(w->at, w->len)->name);
	return -EINVAL;
}

static int parse_op(const char **p, struct assertion *a, struct fault *fault)
{
	/* The longer ones first. */
	static const enum assertion_op ops[] = {OP_LESS_EQUAL, OP_GREATER_EQUAL, OP_LESS, OP_GREATER};

	*p = skip_blanks(*p);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strncmp(*p, op_names[ops[i]], strlen(op_names[ops[i]])) != 0)
			continue;
		a->op = ops[i];
		*p += strlen(op_names[ops[i]]);
		return 0;
	}
	return fault_set(fault, -EINVAL, option, "one of < <= > >= must stand here");
}

static int scale_of(const struct word *unit, const struct assertion *a, double *ret, struct fault *fault)
{
	static const struct {
		const char *name;
		enum figure_unit unit;
		double scale;
	} units[] = {{"ns", UNIT_NS, 1},   {"us", UNIT_NS, 1e3}, {"\u00b5s", UNIT_NS, 1e3},
		     {"ms", UNIT_NS, 1e6}, {"s", UNIT_NS, 1e9},  {"%", UNIT_PERCENT, 1}};

	*ret = 1;
	if (!unit->len)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!word_is(unit, units[i].name))
			continue;
		if (a->ratio)
			return fault_set(fault, -EINVAL, option, "a ratio has no unit");
		if (a->figure->unit != units[i].unit)
			return fault_set(fault, -EINVAL, option, "%s isn't measured in this unit", a->figure->name);
		*ret = units[i].scale;
		return 0;
	}
	return fault_set(fault, -EINVAL, option, "the units are ns, us, ms, s and %%");
}

static int parse_number(const char **p, const char **at, struct assertion *a, struct fault *fault)
{
	char digits[32];
	double scale;

	*p = *at = skip_blanks(*p);
	size_t len = strspn(*p, "0123456789.");
	if (len == 0 || len >= sizeof(digits))
		return fault_set(fault, -EINVAL, option, "a number must stand here");
	memcpy(digits, *p, len);
	digits[len] = '\0';
	if (value_decimal(digits, NUMBER_MAX, &a->number) < 0)
		return fault_set(fault, -EINVAL, option, "this is no number");
	*p = *at = *p + len;
	struct word unit = take_word(p);
	*at = unit.at;
	int err = scale_of(&unit, a, &scale, fault);
	a->number *= scale;
	return err;
}

static int parse(const char *text, const char **at, struct assertion *a, struct fault *fault)
{
	const char *p = text;
	struct word w = take_word(&p);

	*at = w.at;
	int err = parse_figure(&w, a, fault);
	if (err < 0)
		return err;
	w = take_word(&p);
	*at = w.at;
	if (!word_is(&w, "ratio") && !word_is(&w, "value")) {
		if (!w.len)
			return fault_set(fault, -EINVAL, option, "'ratio' or 'value' must stand here");
		err = variant_name_check(w.at, w.len, fault);
		if (err < 0)
			return fault_set(fault, err, option,
					 "this is neither 'ratio' nor 'value' nor a variant's name");
		memcpy(a->variant, w.at, w.len);
		a->variant[w.len] = '\0';
		w = take_word(&p);
		*at = w.at;
		if (!word_is(&w, "ratio") && !word_is(&w, "value"))
			return fault_set(fault, -EINVAL, option, "'ratio' or 'value' must stand here");
	}
	a->ratio = word_is(&w, "ratio");
	*at = skip_blanks(p);
	err = parse_op(&p, a, fault);
	if (err < 0)
		return err;
	err = parse_number(&p, at, a, fault);
	if (err < 0)
		return err;
	*at = skip_blanks(p);
	return **at ? fault_set(fault, -EINVAL, option, "nothing may follow") : 0;
}

int assertion_parse(const char *text, struct assertion *ret, size_t *ret_at, struct fault *fault)
{
	struct assertion a = {.text = text};
	const char *at = text;
	int err = parse(text, &at, &a, fault);

	*ret_at = (size_t)(at - text);
	if (err < 0)
		return err;
	*ret = a;
	return 0;
}

int assertion_check(const struct assertion *a, const struct comparison *c, size_t *ret_at, struct fault *fault)
{
	const char *p = a->text;

	take_word(&p);
	*ret_at = (size_t)(skip_blanks(p) - a->text);
	if (a->ratio && c->n_variants < 2)
		return fault_set(fault, -EINVAL, option, "there is one variant only, and so no ratio");
	for (size_t i = 0; *a->variant && i < c->n_variants; i++) {
		if (strcmp(c->variants[i].name, a->variant) != 0)
			continue;
		if (i == 0 && a->ratio)
			return fault_set(fault, -EINVAL, option, "this is the baseline: its ratio is 1");
		return 0;
	}
	return *a->variant ? fault_set(fault, -EINVAL, option, "no variant of this name") : 0;
}

static bool fulfils(double measured, enum assertion_op op, double number)
{
	switch (op) {
	case OP_LESS:
		return measured < number;
	case OP_LESS_EQUAL:
		return measured <= number;
	case OP_GREATER:
		return measured > number;
	case OP_GREATER_EQUAL:
		return measured >= number;
	}
	return false;
}

bool assertion_holds(const struct assertion *a, const struct comparison *c, FILE *out)
{
	bool all = true;

	for (size_t i = a->ratio ? 1 : 0; i < c->n_variants; i++) {
		const struct comparison_variant *v = &c->variants[i];
		const struct comparison_ratio *r = a->ratio ? comparison_ratio(c, i, a->figure) : NULL;
		double measured = r ? r->ratio : a->ratio ? NAN : figure_value(a->figure, &v->merged);
		char text[512], name[VARIANT_NAME_MAX * 4 + 1], value[64];

		if (*a->variant && strcmp(v->name, a->variant) != 0)
			continue;
		if (!isnan(measured) && fulfils(measured, a->op, a->number))
			continue;
		all = false;
		text_escape(text, sizeof(text), a->text, strlen(a->text));
		text_escape(name, sizeof(name), v->name, strlen(v->name));
		if (isnan(measured))
			snprintf(value, sizeof(value), "not known");
		else if (a->ratio)
			snprintf(value, sizeof(value), "%.3g", measured);
		else
			figure_text(value, sizeof(value), a->figure, measured);
		fprintf(out, "schedtop: --assert '%s' doesn't hold: with %s the %s is %s\n", text, name,
			a->ratio ? "ratio" : "value", value);
	}
	return all;
}
