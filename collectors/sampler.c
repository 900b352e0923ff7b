/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/sampler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "collectors/decode.h"
#include "collectors/sampler_look.h"
#include "collectors/sampler_tell.h"
#include "target/go_target.h"
#include "target/proc.h"

/* The runtime is up within milliseconds; what stays unverified that long is looked at less often, as engine/ does. */
#define CHECK_EAGER_NS (200 * NS_PER_MS)
#define CHECK_EVERY_NS (250 * NS_PER_MS)
#define RUNQS_EVERY_NS (250 * NS_PER_MS)

struct sampler {
	struct sampler_opts opts;
	struct decoder *own; /* the decoder, where it is ours */
	bool trusted, refused;
	uint64_t since_ns, check_next_ns, next_ns, runqs_next_ns;
	bool translate; /* the target's thread ids are those of another pid namespace */
	struct look look;
	struct tell tell;
	struct sampler_stats stats;
};

static uint64_t period_ns(const struct sampler *s)
{
	return NS_PER_S / s->opts.hz;
}

static int read_target(void *ctx, struct go_read *r, size_t n, uint64_t *ret_calls)
{
	const struct sampler *s = ctx;

	return go_target_read_many(s->opts.go, r, n, ret_calls);
}

struct wanted {
	pid_t pid;
	uint32_t id, tid;
};

static int is_wanted(void *ctx, uint32_t tid, const char comm[EV_COMM_SIZE])
{
	struct wanted *w = ctx;
	uint32_t id;

	(void)comm;
	if (proc_ns_tid(w->pid, tid, &id) < 0 || id != w->id)
		return 0;
	w->tid = tid;
	return 1;
}

static uint32_t tid_of(void *ctx, uint64_t procid)
{
	const struct sampler *s = ctx;
	struct wanted w = {.pid = (pid_t)s->opts.pid, .id = (uint32_t)procid};
	char path[64];

	if (procid == 0 || procid > INT32_MAX)
		return 0;
	if (s->translate) {
		proc_each_thread(w.pid, is_wanted, &w);
		return w.tid;
	}
	snprintf(path, sizeof(path), "/proc/%u/task/%u", s->opts.pid, w.id);
	return access(path, F_OK) == 0 ? w.id : 0;
}

/* Is the process's memory ours to read? An address that nobody has answers it: EFAULT is a yes. */
static int may_read(uint32_t pid)
{
	char byte;
	struct iovec local = {.iov_base = &byte, .iov_len = 1}, remote = {.iov_base = NULL, .iov_len = 1};

	if (process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT)
		return 0;
	if (errno == ESRCH)
		return -ESRCH;
	char path[64];
	snprintf(path, sizeof(path), "/proc/%u/mem", pid);
	return access(path, R_OK) == 0 && errno == ENOSYS ? 0 : -EPERM;
}

/* Yama's ptrace_scope; -1 = this kernel has none. */
static int ptrace_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &scope) != 1) /* NOLINT(cert-err34-c): a digit of the kernel's */
		scope = -1;
	fclose(f);
	return scope;
}

static int refused(uint32_t pid, struct fault *fault)
{
	char what[48];
	int scope = ptrace_scope();

	snprintf(what, sizeof(what), "the memory of process %u", pid);
	fault_set(fault, -EPERM, what,
		  scope == 1   ? "this user may not read it: Yama's ptrace_scope is 1, which allows it for own children"
		  : scope >= 2 ? "this user may not read it: Yama's ptrace_scope is %d"
			       : "this user may not read it",
		  scope);
	fault_todo(fault,
		   scope == 1
			   ? "Start the program with schedtop run, or run: sudo sysctl kernel.yama.ptrace_scope=0, or "
			     "grant it once: setcap cap_sys_ptrace+ep on the schedtop binary"
			   : "Run schedtop as that process's user or as root, or grant it once: setcap "
			     "cap_sys_ptrace+ep on the schedtop binary");
	return -EPERM;
}

int sampler_open(const struct sampler_opts *opts, struct sampler **ret, struct fault *fault)
{
	struct sampler *s = calloc(1, sizeof(*s));
	struct go_offsets off;
	uint32_t own;
	bool guess;
	int err;

	if (!s)
		return fault_set(fault, -ENOMEM, "the sampler", "out of memory");
	s->opts = *opts;
	if (!s->opts.hz)
		s->opts.hz = SAMPLER_HZ_DEFAULT;
	if (s->opts.hz > SAMPLER_HZ_MAX)
		s->opts.hz = SAMPLER_HZ_MAX;
	if (!s->opts.decoder)
		s->opts.decoder = s->own = decoder_new();
	if (!s->opts.decoder) {
		sampler_close(s);
		return fault_set(fault, -ENOMEM, "the sampler", "out of memory");
	}
	err = may_read(opts->pid);
	if (err < 0) {
		sampler_close(s);
		return err == -EPERM ? refused(opts->pid, fault)
				     : fault_set(fault, err, "the sampler", "the process has ended");
	}
	if (opts->go && go_binary_offsets(go_target_binary(opts->go), &off, &guess) < 0) {
		sampler_close(s);
		return fault_set(fault, -ENODATA, "the sampler", "the layout of this version of Go isn't known");
	}
	s->translate = proc_ns_tid((pid_t)opts->pid, opts->pid, &own) == 0 && own != opts->pid;
	s->tell.decoder = s->opts.decoder;
	s->tell.estimate = opts->estimate;
	s->tell.period_ns = (uint32_t)period_ns(s);
	sampler_retarget(s, s->opts.go, NULL);
	*ret = s;
	return 0;
}

int sampler_retarget(struct sampler *s, struct go_target *go, struct fault *fault)
{
	(void)fault;
	s->opts.go = go;
	s->trusted = false;
	s->since_ns = clock_now_ns();
	s->check_next_ns = 0;
	look_done(&s->look);
	tell_reset(&s->tell);
	if (s->own)
		decoder_set_target(s->own, go);
	return 0;
}

/* Where the runtime's variables are, once its layout has been verified on the process. */
static bool trust(struct sampler *s, uint64_t now_ns)
{
	struct look_at at = {.read = read_target, .tid_of = tid_of, .ctx = s};
	struct fault fault = {0};
	bool guess;

	if (!s->opts.go || now_ns < s->check_next_ns)
		return false;
	s->check_next_ns = now_ns - s->since_ns < CHECK_EAGER_NS ? 0 : now_ns + CHECK_EVERY_NS;
	if (go_target_selfcheck(s->opts.go, &fault) < 0 ||
	    go_binary_offsets(go_target_binary(s->opts.go), &at.off, &guess) < 0 ||
	    go_target_var(s->opts.go, "runtime.allm", &at.allm) < 0 ||
	    go_target_var(s->opts.go, "runtime.allp", &at.allp) < 0 ||
	    go_target_var(s->opts.go, "runtime.sched", &at.sched) < 0)
		return false;
	go_target_var(s->opts.go, "runtime.gcphase", &at.gcphase);
	look_done(&s->look);
	look_init(&s->look, &at);
	s->trusted = true;
	return true;
}

static uint64_t thread_cpu_ns(void)
{
	return clock_ns_of(CLOCK_THREAD_CPUTIME_ID);
}

static int round_once(struct sampler *s, uint64_t now_ns, const struct event_sink *sink)
{
	bool runqs = now_ns >= s->runqs_next_ns;
	int err = look_round(&s->look, runqs);

	if (runqs)
		s->runqs_next_ns = now_ns + RUNQS_EVERY_NS;
	if (err == -EAGAIN)
		return 0;
	return err < 0 ? err : tell_look(&s->tell, &s->look, now_ns, sink);
}

int sampler_poll(struct sampler *s, uint64_t now_ns, const struct event_sink *sink)
{
	if (now_ns < s->next_ns)
		return 0;
	if (s->next_ns && now_ns - s->next_ns > period_ns(s) / 2)
		s->stats.late++;
	/* In step with the period while that can be kept; a timer that is late by a little doesn't shift it. */
	s->next_ns =
		s->next_ns && now_ns - s->next_ns < period_ns(s) ? s->next_ns + period_ns(s) : now_ns + period_ns(s);
	if (s->refused)
		return -EPERM;
	if (!s->trusted && !trust(s, now_ns))
		return 0;
	uint64_t cpu_ns = thread_cpu_ns();
	int n = round_once(s, now_ns, sink);
	s->stats.cpu_ns += thread_cpu_ns() - cpu_ns;
	s->stats.rounds++;
	s->stats.refused += n < 0;
	s->refused = n == -EPERM;
	return n;
}

uint64_t sampler_next_ns(const struct sampler *s)
{
	return s->next_ns;
}

void sampler_stats(const struct sampler *s, struct sampler_stats *ret)
{
	*ret = s->stats;
	ret->calls = s->look.calls;
	ret->torn = s->look.torn;
}

void sampler_close(struct sampler *s)
{
	if (!s)
		return;
	look_done(&s->look);
	tell_done(&s->tell);
	decoder_free(s->own);
	free(s);
}
