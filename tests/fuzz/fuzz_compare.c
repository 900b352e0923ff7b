/* SPDX-License-Identifier: GPL-2.0-only */
/* What a person writes to compare: the first byte says whether the rest is a variant, an assertion or a list of CPUs.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "compare/assertion.h"
#include "compare/cpus.h"
#include "compare/variant.h"

static void try_variant(const char *text, size_t len)
{
	struct fault fault;
	struct variant v;
	size_t at = 0;

	if (variant_parse(text, &v, &at, &fault) < 0) {
		if (at > len || v.name || v.env || v.godebug)
			abort();
		return;
	}
	char **env = variant_environment(&v, "gctrace=1");
	for (char **e = env; e && *e; e++) {
		if (!strchr(*e, '=') || **e == '=')
			abort();
	}
	variant_free_list(env);
	variant_done(&v);
}

static void try_assertion(const char *text, size_t len)
{
	struct assertion a;
	struct fault fault;
	size_t at = 0;

	if (assertion_parse(text, &a, &at, &fault) < 0) {
		if (at > len)
			abort();
		return;
	}
	if (!a.figure || !(a.number >= 0) || memchr(a.variant, '\0', sizeof(a.variant)) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cpu_set_t cpus;

	if (size < 1)
		return 0;
	char *text = strndup((const char *)data + 1, size - 1);
	if (!text)
		return 0;
	if (*data == 'v')
		try_variant(text, strlen(text));
	else if (*data == 'a')
		try_assertion(text, strlen(text));
	else if (cpus_parse(text, &cpus) == 0 && CPU_COUNT(&cpus) == 0)
		abort();
	free(text);
	return 0;
}
