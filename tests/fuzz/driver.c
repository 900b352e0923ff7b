/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a fuzz target without an engine: each file of a corpus, then inputs made of them by a generator that makes the
 * same ones each time.
 *
 *   fuzz_NAME CORPUS [COUNT [SEED]]
 *
 * Each input lies in memory of exactly its size, so that a sanitizer sees the first byte that is read beside it. An
 * input that costs more than a second of CPU time is a failure. A failing input is written to fuzz-failure.bin.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fuzz.h"

#define SEEDS_MAX     64
#define SIZE_MAX_SEED (1U << 20)
#define SLOW_S        1.0

static struct {
	uint8_t *data;
	size_t size;
} seeds[SEEDS_MAX];
static size_t n_seeds;

static const uint8_t *current;
static size_t current_size;

static uint64_t random_state;

/* xorshift64* */
static uint64_t next_random(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL;
}

static size_t below(size_t n)
{
	return n ? (size_t)(next_random() % n) : 0;
}

/* Also from a signal handler. */
static void keep_failure(void)
{
	int fd = current ? open("fuzz-failure.bin", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

	if (fd < 0)
		return;
	for (size_t done = 0; done < current_size;) {
		ssize_t n = write(fd, current + done, current_size - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(fd);
}

static void on_crash(int sig)
{
	keep_failure();
	signal(sig, SIG_DFL);
	raise(sig);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_seed(const char *path)
{
	cleanup_fclose FILE *f = fopen(path, "re");
	struct stat st;

	if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)SIZE_MAX_SEED ||
	    n_seeds == SEEDS_MAX)
		return;
	size_t size = (size_t)st.st_size;
	uint8_t *data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, f) != size) {
		free(data);
		return;
	}
	seeds[n_seeds].data = data;
	seeds[n_seeds++].size = size;
}

/* In the order of their names, so that the generator starts from the same. */
static void read_seeds(const char *dir)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, by_name);

	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		add_seed(path);
		free(names[i]);
	}
	free(names);
}

/* Numbers that lengths and offsets break at. */
static uint64_t odd_number(size_t size)
{
	const uint64_t numbers[] = {0,
				    1,
				    7,
				    size,
				    size - 1,
				    size + 1,
				    0x7f,
				    0xff,
				    0x7fff,
				    0xffff,
				    INT32_MAX,
				    (uint64_t)INT32_MAX + 1,
				    UINT32_MAX,
				    UINT32_MAX - 7ULL,
				    INT64_MAX,
				    UINT64_MAX,
				    UINT64_MAX - 15,
				    0x480000,
				    0x400000 + size};

	return numbers[below(ARRAY_SIZE(numbers))];
}

static size_t mutate(uint8_t *data, size_t size)
{
	static const size_t widths[] = {1, 2, 4, 8};
	uint64_t number = below(2) ? odd_number(size) : next_random();
	size_t at = below(size), width = widths[below(ARRAY_SIZE(widths))], other = below(n_seeds), len;

	if (size == 0)
		return 0;
	switch (below(8)) {
	case 0:
		data[at] ^= (uint8_t)(1U << below(8));
		return size;
	case 1:
		data[at] = (uint8_t)number;
		return size;
	case 2: /* the end is cut off */
		return at;
	case 3: /* from another file */
		len = below(64);
		if (at + len <= size && at + len <= seeds[other].size)
			memcpy(data + at, seeds[other].data + at, len);
		return size;
	case 4: /* from elsewhere in the file */
		len = below(64);
		other = below(size);
		if (at + len <= size && other + len <= size)
			memmove(data + at, data + other, len);
		return size;
	default:
		at &= ~(width - 1);
		if (at + width <= size)
			memcpy(data + at, &number, width);
		return size;
	}
}

static bool run(const uint8_t *data, size_t size, double *ret_slowest)
{
	/* Its own allocation, however small, ends where the input does. */
	uint8_t *exact = malloc(size ? size : 1);
	clock_t begin = clock();

	if (!exact)
		abort();
	memcpy(exact, data, size);
	current = exact;
	current_size = size;
	LLVMFuzzerTestOneInput(exact, size);
	double took = (double)(clock() - begin) / CLOCKS_PER_SEC;
	if (took > *ret_slowest)
		*ret_slowest = took;
	if (took > SLOW_S)
		keep_failure();
	current = NULL;
	free(exact);
	return took <= SLOW_S;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	double slowest = 0;
	bool ok = true;

	random_state = (argc > 3 ? strtoull(argv[3], NULL, 10) : 1) * 0x9e3779b97f4a7c15ULL | 1;
	signal(SIGSEGV, on_crash);
	signal(SIGABRT, on_crash);
	if (argc > 1)
		read_seeds(argv[1]);
	if (n_seeds == 0) {
		fprintf(stderr, "usage: %s CORPUS [COUNT [SEED]]: there is no file in the corpus\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < n_seeds; i++)
		ok &= run(seeds[i].data, seeds[i].size, &slowest);
	for (unsigned long i = 0; i < count && ok; i++) {
		size_t seed = below(n_seeds), size = seeds[seed].size, times = 1 + below(6);
		uint8_t *data = malloc(size ? size : 1);

		if (!data)
			abort();
		memcpy(data, seeds[seed].data, size);
		while (times-- > 0)
			size = mutate(data, size);
		ok = run(data, size, &slowest);
		free(data);
	}
	printf("%zu seeds, %lu inputs, the slowest took %.1f ms of CPU time\n", n_seeds, count, slowest * 1000);
	for (size_t i = 0; i < n_seeds; i++)
		free(seeds[i].data);
	return ok ? 0 : 1;
}
