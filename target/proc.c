/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/proc.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "target/read_file.h"

/* CPUs whose lines /proc/stat may hold; each takes less than 128 bytes. */
#define STAT_BYTES_MAX (4096 * 128)
/* The kernel itself limits arguments and environment to a quarter of the stack limit; nobody's GO* is behind 2 MiB. */
#define ENVIRON_BYTES_MAX (2U << 20)
#define STATUS_BYTES_MAX  (64U << 10)

/* Columns of a cpu line: user nice system idle iowait irq softirq steal; guest time is in user already (proc(5)). */
#define CPU_IDLE      3
#define CPU_IOWAIT    4
#define CPU_COLUMNS   8
#define CPU_IDLE_MASK (1UL << CPU_IDLE | 1UL << CPU_IOWAIT)

static int read_comm(const char *path, char ret[EV_COMM_SIZE])
{
	size_t len = 0;
	cleanup_free char *text = read_file_text(path, 64, &len);

	if (!text)
		return -errno;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > EV_COMM_SIZE - 1)
		len = EV_COMM_SIZE - 1;
	memset(ret, 0, EV_COMM_SIZE);
	memcpy(ret, text, len);
	return 0;
}

int proc_comm(pid_t pid, char ret[EV_COMM_SIZE])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	return read_comm(path, ret);
}

int proc_each_thread(pid_t pid, int (*fn)(void *ctx, uint32_t tid, const char comm[EV_COMM_SIZE]), void *ctx)
{
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	for (struct dirent *d; (d = readdir(dir));) {
		char comm[EV_COMM_SIZE] = {0}, comm_path[128], *end;
		unsigned long tid = strtoul(d->d_name, &end, 10);

		if (end == d->d_name || *end || tid == 0 || tid > INT32_MAX)
			continue;
		snprintf(comm_path, sizeof(comm_path), "/proc/%d/task/%lu/comm", (int)pid, tid);
		if (read_comm(comm_path, comm) < 0)
			continue; /* ended meanwhile */
		n++;
		if (fn(ctx, (uint32_t)tid, comm))
			break;
	}
	closedir(dir);
	return n;
}

int proc_alive(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	cleanup_free char *text = read_file_text(path, 1024, NULL);
	if (!text)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	return proc_parse_alive(text);
}

int proc_parse_alive(const char *text)
{
	/* The name in parentheses may hold anything, parentheses and newlines too; behind it are only numbers. */
	const char *state = strrchr(text, ')');

	if (!state || state[1] != ' ' || !state[2])
		return -EPROTO;
	return state[2] != 'Z' && state[2] != 'X' && state[2] != 'x';
}

int proc_ns_tid(pid_t pid, uint32_t tid, uint32_t *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%u/status", (int)pid, tid);
	cleanup_free char *text = read_file_text(path, STATUS_BYTES_MAX, NULL);
	if (!text)
		return errno == ENOENT ? -ESRCH : -errno;
	return proc_parse_ns_id(text, ret);
}

int proc_parse_ns_id(const char *text, uint32_t *ret)
{
	/* No name can forge the line: the kernel escapes newlines in "Name:". */
	const char *p = strstr(text, "\nNSpid:");
	uint64_t id = 0;

	if (!p)
		return -ENODATA;
	p += strlen("\nNSpid:");
	while (*p == ' ' || *p == '\t') {
		char *end;

		p += strspn(p, " \t");
		if (*p < '0' || *p > '9')
			break;
		id = strtoull(p, &end, 10);
		p = end;
	}
	if (*p != '\n' || id == 0 || id > INT32_MAX)
		return -EPROTO;
	*ret = (uint32_t)id;
	return 0;
}

int proc_signal_pending(pid_t pid, uint32_t tid, int sig)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%u/status", (int)pid, tid);
	cleanup_free char *text = read_file_text(path, STATUS_BYTES_MAX, NULL);
	if (!text)
		return errno == ENOENT ? -ESRCH : -errno;
	return proc_parse_signal_pending(text, sig);
}

/* fs/proc/array.c render_sigset_t(): 16 hexadecimal digits, signal 1 is the lowest bit. */
static bool signal_set(const char *text, const char *line, uint64_t *ret)
{
	const char *p = strstr(text, line);
	size_t digits;

	if (!p)
		return false;
	p += strlen(line);
	p += strspn(p, "\t ");
	digits = strspn(p, "0123456789abcdef");
	if (digits == 0 || digits > 16 || p[digits] != '\n')
		return false;
	*ret = strtoull(p, NULL, 16);
	return true;
}

int proc_parse_signal_pending(const char *text, int sig)
{
	uint64_t own, shared;

	if (sig < 1 || sig > 64 || !signal_set(text, "\nSigPnd:", &own) || !signal_set(text, "\nShdPnd:", &shared))
		return -EPROTO;
	return ((own | shared) >> (sig - 1)) & 1;
}

char *proc_environ_get(pid_t pid, const char *name)
{
	size_t len = 0, name_len = strlen(name);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	cleanup_free char *text = read_file_text(path, ENVIRON_BYTES_MAX, &len);
	for (size_t i = 0; text && i < len; i += strlen(text + i) + 1) {
		if (strncmp(text + i, name, name_len) == 0 && text[i + name_len] == '=')
			return strdup(text + i + name_len + 1);
	}
	return NULL;
}

static bool take_u64(const char **p, uint64_t *ret)
{
	char *end;

	while (**p == ' ')
		(*p)++;
	if (**p < '0' || **p > '9')
		return false;
	*ret = strtoull(*p, &end, 10);
	*p = end;
	return true;
}

/* Ticks to nanoseconds, for sums that may be nonsense: saturates. */
static uint64_t ticks_ns(const uint64_t *v, unsigned long columns, uint64_t ns_per_tick)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < CPU_COLUMNS; i++) {
		if ((columns & 1UL << i) && __builtin_add_overflow(sum, v[i], &sum))
			return UINT64_MAX;
	}
	return __builtin_mul_overflow(sum, ns_per_tick, &sum) ? UINT64_MAX : sum;
}

size_t proc_parse_stat(const char *text, struct proc_cpu *ret, size_t cap)
{
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t ns_per_tick = NS_PER_S / (uint64_t)(hz > 0 ? hz : 100);
	size_t n = 0;

	for (const char *line = text; line && *line && n < cap;) {
		const char *next = strchr(line, '\n');
		const char *p = line + 3;
		uint64_t cpu, v[CPU_COLUMNS] = {0};

		if (next && strncmp(line, "cpu", 3) == 0 && *p != ' ' && take_u64(&p, &cpu) && cpu < UINT16_MAX) {
			size_t k = 0;

			while (k < CPU_COLUMNS && take_u64(&p, &v[k]))
				k++;
			if (k > CPU_IOWAIT) {
				ret[n].cpu = (uint16_t)cpu;
				ret[n].stat.idle_ns = ticks_ns(v, CPU_IDLE_MASK, ns_per_tick);
				ret[n].stat.busy_ns = ticks_ns(v, ~CPU_IDLE_MASK, ns_per_tick);
				n++;
			}
		}
		line = next ? next + 1 : NULL;
	}
	return n;
}

int proc_cpus(struct proc_cpu *ret, size_t cap)
{
	cleanup_free char *text = read_file_text("/proc/stat", STAT_BYTES_MAX, NULL);

	if (!text)
		return -errno;
	return (int)proc_parse_stat(text, ret, cap);
}
