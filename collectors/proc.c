/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last resort, where neither eBPF nor perf is allowed: the kernel's accounts of the target's threads in /proc, 20
 * times a second, and looks into its memory (sampler.h). It needs no right but to read a process of one's own.
 *
 * Cost: a round reads the directory of the threads and 8 bytes to some dozen of each thread's schedstat through a
 * descriptor that stays open; the two other files only of a thread that has run.
 */
#include "collectors/collector.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/values.h"
#include "collectors/proc_account.h"
#include "collectors/sampler.h"
#include "target/go_target.h"
#include "target/proc.h"

#define ROUND_NS    (50 * NS_PER_MS)
#define THREADS_MAX 16384U
#define FDS_MAX     256U /* schedstat files that are kept open */
#define TEXT_BYTES  4096U

struct watched {
	uint32_t tid;
	int fd;        /* of its schedstat; -1 = opened each time */
	uint64_t born; /* round in which it was found first */
	uint64_t seen; /* round in which it was seen last */
	uint64_t told_ns;
	bool ran; /* at the last look */
	uint64_t run_ns, wait_ns, voluntary, involuntary;
};

struct proc_source {
	struct collector_opts opts;
	struct sampler *sampler; /* NULL = not Go, or refused */
	struct fault refused;    /* why there is no sampler; err 0 = none is meant */
	struct watched *threads; /* by tid */
	size_t n, cap, n_fds;
	uint64_t round, next_ns;
	uint64_t events;
	uint64_t tick_ns;
	dev_t exe_dev;
	ino_t exe_ino;
	bool stopped;
};

static void deliver(struct proc_source *p, const struct event_sink *sink, struct event ev, uint64_t now_ns)
{
	ev.head.time_ns = now_ns;
	event_deliver(sink, &ev);
	p->events++;
}

static int read_text(int fd, char *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size - 1, 0);

	if (n <= 0)
		return -ESRCH;
	buf[n] = '\0';
	return 0;
}

static int open_of(const struct proc_source *p, uint32_t tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", p->opts.pid, tid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int read_file_of(const struct proc_source *p, uint32_t tid, const char *name, char *buf)
{
	cleanup_close int fd = open_of(p, tid, name);

	return fd < 0 ? -ESRCH : read_text(fd, buf, TEXT_BYTES);
}

static void forget(struct proc_source *p, struct watched *w)
{
	if (w->fd < 0)
		return;
	close(w->fd);
	p->n_fds--;
	w->fd = -1;
}

/* The first look at a thread; what it did before doesn't count. */
static void begin(struct proc_source *p, struct watched *w, const struct event_sink *sink, uint64_t now_ns)
{
	struct event ev = {.head = {.kind = EV_THREAD_NEW, .tid = w->tid, .flags = p->round == 1 ? EVF_INITIAL : 0}};
	char text[TEXT_BYTES];

	if (read_file_of(p, w->tid, "comm", text) == 0) {
		text[strcspn(text, "\n")] = '\0';
		memcpy(ev.thread.comm, text, strnlen(text, EV_COMM_SIZE - 1));
	}
	deliver(p, sink, ev, now_ns);
	w->told_ns = now_ns;
	if (p->n_fds < FDS_MAX) {
		w->fd = open_of(p, w->tid, "schedstat");
		p->n_fds += w->fd >= 0;
	}
}

/* Looks at one thread; tells what has changed. */
static void account(struct proc_source *p, struct watched *w, const struct event_sink *sink, uint64_t now_ns)
{
	char text[TEXT_BYTES];
	uint64_t run, wait, ticks, voluntary, involuntary;
	struct event ev = {.head = {.kind = EV_THREAD_STAT, .tid = w->tid, .flags = EVF_CPU}};
	bool first = w->born == p->round, by_ticks = false;
	int err = w->fd >= 0 ? read_text(w->fd, text, sizeof(text)) : read_file_of(p, w->tid, "schedstat", text);

	if (err < 0 || account_parse_schedstat(text, &run, &wait) < 0) {
		by_ticks = true; /* a kernel without CONFIG_SCHED_INFO */
		run = wait = 0;
	} else if (!first && run == w->run_ns && wait == w->wait_ns && !w->ran) {
		return;
	}
	if (read_file_of(p, w->tid, "stat", text) < 0 ||
	    account_parse_stat(text, &ev.stat.state, &ev.head.cpu, &ticks) < 0)
		return;
	if (by_ticks)
		run = ticks * p->tick_ns;
	if (read_file_of(p, w->tid, "status", text) < 0 || account_parse_status(text, &voluntary, &involuntary) < 0)
		voluntary = involuntary = 0;
	uint64_t gap = now_ns - w->told_ns;
	bool old = first && p->round == 1; /* it lived before the session */
	if (!old) {
		ev.stat.run_ns = run > w->run_ns ? run - w->run_ns : 0;
		ev.stat.wait_ns = wait > w->wait_ns ? wait - w->wait_ns : 0;
		ev.stat.voluntary = voluntary > w->voluntary ? (uint32_t)(voluntary - w->voluntary) : 0;
		ev.stat.involuntary = involuntary > w->involuntary ? (uint32_t)(involuntary - w->involuntary) : 0;
		if (first)
			gap = ROUND_NS; /* it was born since the round before */
	}
	ev.stat.gap_ns = gap < UINT32_MAX ? (uint32_t)gap : UINT32_MAX;
	deliver(p, sink, ev, now_ns);
	w->ran = ev.stat.run_ns || ev.stat.state == EV_STATE_RUNNABLE;
	w->told_ns = now_ns;
	w->run_ns = run;
	w->wait_ns = wait;
	w->voluntary = voluntary;
	w->involuntary = involuntary;
}

static int by_tid(const void *a, const void *b)
{
	const struct watched *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* Takes note of the threads that there are. The table is sorted but for those added now, behind @sorted. */
static int list_threads(struct proc_source *p)
{
	size_t sorted = p->n;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task", p->opts.pid);
	DIR *dir = opendir(path);
	if (!dir)
		return -errno;
	for (struct dirent *d; (d = readdir(dir));) {
		unsigned long tid;
		struct watched *w;

		if (value_uint(d->d_name, INT32_MAX, &tid) < 0 || tid == 0)
			continue;
		struct watched key = {.tid = (uint32_t)tid};
		w = sorted ? bsearch(&key, p->threads, sorted, sizeof(key), by_tid) : NULL;
		if (w) {
			w->seen = p->round;
			continue;
		}
		if (p->n == p->cap) {
			size_t cap = p->cap ? 2 * p->cap : 64;
			struct watched *grown = p->n < THREADS_MAX ? realloc(p->threads, cap * sizeof(*grown)) : NULL;

			if (!grown)
				break;
			p->threads = grown;
			p->cap = cap;
		}
		p->threads[p->n++] = (struct watched){.tid = key.tid, .fd = -1, .born = p->round, .seen = p->round};
	}
	closedir(dir);
	if (p->n > sorted)
		qsort(p->threads, p->n, sizeof(*p->threads), by_tid);
	return 0;
}

static void look_at_threads(struct proc_source *p, const struct event_sink *sink, uint64_t now_ns)
{
	size_t kept = 0;

	p->round++;
	if (list_threads(p) < 0)
		return;
	for (size_t i = 0; i < p->n; i++) {
		struct watched *w = &p->threads[i];

		if (w->seen != p->round) {
			deliver(p, sink, (struct event){.head = {.kind = EV_THREAD_EXIT, .tid = w->tid}}, now_ns);
			forget(p, w);
			continue;
		}
		if (w->born == p->round)
			begin(p, w, sink, now_ns);
		account(p, w, sink, now_ns);
		p->threads[kept++] = *w;
	}
	p->n = kept;
}

/* Nothing announces an exec; the process runs another file then. */
static bool has_execed(struct proc_source *p)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%u/exe", p->opts.pid);
	if (stat(path, &st) < 0 || (st.st_dev == p->exe_dev && st.st_ino == p->exe_ino))
		return false;
	p->exe_dev = st.st_dev;
	p->exe_ino = st.st_ino;
	return true;
}

static void open_sampler(struct proc_source *p)
{
	struct sampler_opts opts = {.size = sizeof(opts), .pid = p->opts.pid, .go = p->opts.go, .estimate = true};

	p->refused = (struct fault){0};
	if (p->opts.go && p->opts.detail != DETAIL_THREADS && sampler_open(&opts, &p->sampler, &p->refused) < 0)
		p->sampler = NULL;
}

static void proc_close(struct collector *c)
{
	struct proc_source *p = (struct proc_source *)c;

	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		forget(p, &p->threads[i]);
	sampler_close(p->sampler);
	free(p->threads);
	free(p);
}

static int proc_open(const struct collector_opts *opts, struct collector **ret, struct fault *fault)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task", opts->pid);
	if (access(path, R_OK | X_OK) < 0) {
		int err = -errno;

		fault_set(fault, err, path, "it can't be read (%s)", strerror(-err));
		return fault_todo(fault, "Run schedtop as that process's user or as root");
	}
	struct proc_source *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(fault, -ENOMEM, "/proc", "out of memory");
	p->opts = *opts;
	long hz = sysconf(_SC_CLK_TCK);
	p->tick_ns = NS_PER_S / (uint64_t)(hz > 0 ? hz : 100);
	has_execed(p);
	open_sampler(p);
	*ret = (struct collector *)p;
	return 0;
}

static int proc_start(struct collector *c, struct session *session, struct fault *fault)
{
	struct proc_source *p = (struct proc_source *)c;

	(void)fault;
	session_missing(session, "context switches: what threads did is estimated from /proc, 20 times a second; when "
				 "within 50 ms they ran, and who had the CPU instead, isn't known");
	if (p->opts.detail == DETAIL_EXACT) {
		session->detail = DETAIL_SCHED;
		session_missing(session, "each switch of goroutines: detail exact needs --collector=ebpf, as root");
	}
	session->no_pauses = !p->sampler;
	if (p->sampler)
		session_missing(session, "the runtime's own requests and stops of the world: gaps and pauses are "
					 "estimated from looks into the process's memory, 100 times a second");
	else if (p->refused.err < 0)
		session_missing(session, "goroutines, gaps and pauses: %s: %s. %s", p->refused.what, p->refused.why,
				p->refused.todo);
	return 0;
}

static int round_at(struct proc_source *p, const struct event_sink *sink, uint64_t now_ns, bool due)
{
	uint64_t before = p->events;

	if (due) {
		p->next_ns = now_ns + ROUND_NS;
		if (has_execed(p))
			deliver(p, sink, (struct event){.head = {.kind = EV_EXEC, .tid = p->opts.pid}}, now_ns);
		look_at_threads(p, sink, now_ns);
	}
	int n = p->sampler ? sampler_poll(p->sampler, now_ns, sink) : 0;
	if (n > 0)
		p->events += (uint64_t)n;
	deliver(p, sink, (struct event){.head.kind = EV_TICK}, now_ns);
	return (int)(p->events - before);
}

static int proc_poll(struct collector *c, const struct event_sink *sink)
{
	struct proc_source *p = (struct proc_source *)c;
	uint64_t now_ns = clock_now_ns();

	return round_at(p, sink, now_ns, now_ns >= p->next_ns);
}

static void proc_stop(struct collector *c, const struct event_sink *sink)
{
	struct proc_source *p = (struct proc_source *)c;

	if (p->stopped)
		return;
	p->stopped = true;
	if (access("/proc/self", F_OK) == 0 && proc_alive((pid_t)p->opts.pid) > 0)
		round_at(p, sink, clock_now_ns(), true);
}

static int proc_retarget(struct collector *c, struct go_target *go, struct session *session, struct fault *fault)
{
	struct proc_source *p = (struct proc_source *)c;

	p->opts.go = go;
	if (p->sampler)
		return sampler_retarget(p->sampler, go, fault);
	open_sampler(p);
	session->no_pauses = !p->sampler;
	return 0;
}

static void proc_stats(const struct collector *c, struct collector_stats *ret)
{
	*ret = (struct collector_stats){.events = ((const struct proc_source *)c)->events};
}

const struct collector_ops collector_proc = {
	.name = "proc",
	.open = proc_open,
	.start = proc_start,
	.poll = proc_poll,
	.stop = proc_stop,
	.retarget = proc_retarget,
	.stats = proc_stats,
	.close = proc_close,
};
