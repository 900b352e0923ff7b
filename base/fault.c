/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/fault.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

int fault_set(struct fault *f, int err, const char *what, const char *why, ...)
{
	va_list ap;

	if (!f)
		return err;
	f->err = err;
	snprintf(f->what, sizeof(f->what), "%s", what);
	va_start(ap, why);
	vsnprintf(f->why, sizeof(f->why), why, ap);
	va_end(ap);
	f->todo[0] = '\0';
	return err;
}

int fault_todo(struct fault *f, const char *todo, ...)
{
	va_list ap;

	if (!f)
		return 0;
	va_start(ap, todo);
	vsnprintf(f->todo, sizeof(f->todo), todo, ap);
	va_end(ap);
	return f->err;
}

void fault_print(const struct fault *f, FILE *out)
{
	/* An escape makes four bytes of one at most. */
	char what[4 * sizeof(f->what)], why[4 * sizeof(f->why)], todo[4 * sizeof(f->todo)];

	text_escape(what, sizeof(what), f->what, strlen(f->what));
	text_escape(why, sizeof(why), f->why, strlen(f->why));
	text_escape(todo, sizeof(todo), f->todo, strlen(f->todo));
	fprintf(out, "schedtop: %s: %s.%s%s%s\n", what, why, *todo ? " " : "", todo, *todo ? "." : "");
}
