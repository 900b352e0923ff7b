/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/PID/task says of a thread, and what a Go program prints under GODEBUG=schedtrace. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "collectors/proc_account.h"
#include "collectors/schedtrace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct schedtrace_row row;
	uint64_t a, b;
	uint8_t state;
	uint16_t cpu;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	account_parse_schedstat(text, &a, &b);
	account_parse_stat(text, &state, &cpu, &a);
	account_parse_status(text, &a, &b);
	free(text);
	/* A line as it comes: without an end. */
	char *line = malloc(size ? size : 1);
	if (!line)
		return 0;
	memcpy(line, data, size);
	schedtrace_parse(line, size, &row);
	free(line);
	return 0;
}
