/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

static unsigned topics;
static int log_fd = -1;

static const struct {
	const char *name;
	unsigned bits;
} names[] = {
	{"collect", LOG_COLLECT}, {"model", LOG_MODEL}, {"draw", LOG_DRAW}, {"target", LOG_TARGET}, {"all", ~0U},
};

void log_init(void)
{
	const char *want = getenv("SCHEDTOP_DEBUG");
	const char *path = getenv("SCHEDTOP_DEBUG_FILE");

	if (!want || !*want)
		return;
	while (*want) {
		size_t len = strcspn(want, ",");

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (strlen(names[i].name) == len && memcmp(names[i].name, want, len) == 0)
				topics |= names[i].bits;
		}
		want += len + (want[len] == ',');
	}
	log_fd = open(path && *path ? path : "schedtop-debug.log",
		      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void log_write(enum log_topic topic, const char *fmt, ...)
{
	char text[512], line[sizeof(text) * 4 + 32];
	va_list ap;

	if (!(topics & topic) || log_fd < 0)
		return;
	uint64_t now = clock_now_ns();
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	size_t len = (size_t)snprintf(line, sizeof(line), "%llu.%06llu ", (unsigned long long)(now / NS_PER_S),
				      (unsigned long long)(now % NS_PER_S / 1000));
	len += text_escape(line + len, sizeof(line) - len - 1, text, strlen(text));
	line[len++] = '\n';
	/* One write a line: lines of several threads don't mix. A full disk is not worth a word here. */
	if (write(log_fd, line, len) < 0)
		return;
}
