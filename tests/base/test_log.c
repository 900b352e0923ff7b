/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES   200
#define THREADS 4

static void *writer(void *arg)
{
	const char *word = arg;

	for (int i = 0; i < LINES; i++)
		log_write(LOG_DRAW, "%s%s%s%s%s%s%s%s", word, word, word, word, word, word, word, word);
	return NULL;
}

/* One test, because log_init() is for once: topics, escapes, long lines, and lines of several threads. */
static void topics_lines_and_threads(void **state)
{
	char path[] = "/tmp/schedtop-log-XXXXXX", line[8192], big[5000];
	pthread_t t[THREADS];
	static const char *const words[THREADS] = {"aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"};

	(void)state;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	log_write(LOG_DRAW, "before the beginning");
	setenv("SCHEDTOP_DEBUG", "drawing,draw,,target,nonsense", 1);
	setenv("SCHEDTOP_DEBUG_FILE", path, 1);
	log_init();
	log_write(LOG_COLLECT, "is off");
	log_write(LOG_TARGET, "comm %s", "a\nb\033[2J");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_write(LOG_TARGET, "%s", big);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, writer, (void *)words[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);

	FILE *f = fdopen(fd, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(strstr(line, " comm a\\x0ab\\x1b[2J\n"));
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(strlen(strchr(line, ' ')), 1 + 511 + 1);
	int n = 0;
	for (; fgets(line, sizeof(line), f); n++) {
		const char *text = strchr(line, ' ');

		assert_non_null(text);
		assert_int_equal(strlen(text), 1 + 64 + 1);
		assert_int_equal(strspn(text + 1, (char[]){text[1], '\0'}), 64);
	}
	assert_int_equal(n, LINES * THREADS);
	fclose(f);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_lines_and_threads),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
