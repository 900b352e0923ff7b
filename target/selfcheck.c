/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * go_target_selfcheck(): are the offsets of the runtime's structs right for this process? The process runs on while its
 * lists are read, so one contradiction may be a torn read; only one that comes back is believed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "target/go_target.h"
#include "target/proc.h"

/* As long as the list of a sane program can be: runtime/proc.go schedinit, sched.maxmcount = 10000. */
#define MS_MAX 10000
/* More Ps than any machine has CPUs. */
#define PS_MAX   65536
#define ATTEMPTS 3
/* Ids count up from 1, in batches of 16 a P (runtime/proc.go newproc1); a million a second take 34 years to come here.
 */
#define GOID_MAX (1ULL << 50)

/* The threads of the process, by the ids that they have in their own pid namespace. */
struct tids {
	pid_t pid;
	bool translate;
	size_t n, cap;
	uint32_t *ids;
};

static int add_tid(void *ctx, uint32_t tid, const char comm[EV_COMM_SIZE])
{
	struct tids *t = ctx;

	(void)comm;
	if (t->translate && proc_ns_tid(t->pid, tid, &tid) < 0)
		return 0; /* ended meanwhile */
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		uint32_t *grown = realloc(t->ids, cap * sizeof(*grown));

		if (!grown)
			return 1;
		t->ids = grown;
		t->cap = cap;
	}
	t->ids[t->n++] = tid;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void tids_read(struct tids *t, pid_t pid)
{
	uint32_t own;

	*t = (struct tids){.pid = pid};
	t->translate = proc_ns_tid(pid, (uint32_t)pid, &own) == 0 && own != (uint32_t)pid;
	proc_each_thread(pid, add_tid, t);
	if (t->n > 0)
		qsort(t->ids, t->n, sizeof(*t->ids), by_id);
}

static void tids_free(struct tids *t)
{
	free(t->ids);
}

static bool tids_has(const struct tids *t, uint64_t id)
{
	uint32_t key = (uint32_t)id;

	return id <= UINT32_MAX && t->n > 0 && bsearch(&key, t->ids, t->n, sizeof(key), by_id);
}

static int read_word(const struct go_target *t, uint64_t addr, uint64_t *ret)
{
	return go_target_read(t, addr, ret, sizeof(*ret));
}

static int unreadable(struct fault *fault, const char *name, int err)
{
	if (err != -EAGAIN && err != -ESRCH)
		err = -EINVAL;
	return fault_set(fault, err, name, "can't be found or read");
}

/* Does the goroutine that an M runs know its M, and has it an id? It may have been switched while this was read. */
static bool curg_agrees(const struct go_target *t, const struct go_offsets *off, uint64_t m, uint64_t g)
{
	uint64_t back, goid;

	return read_word(t, g + off->g_m, &back) == 0 && back == m && read_word(t, g + off->g_goid, &goid) == 0 &&
	       goid > 0 && goid < GOID_MAX;
}

/* The first goroutine is runtime.main's, made before any other, and never ends (runtime/asm_amd64.s rt0_go). */
static int check_first_g(const struct go_target *t, const struct go_offsets *off, struct fault *fault)
{
	struct {
		uint64_t data, len, cap;
	} allgs;
	uint64_t g, goid;

	/* Where allgs can't be found the goroutines of the Ms must do. */
	if (go_target_read_var(t, "runtime.allgs", &allgs, sizeof(allgs)) < 0)
		return 0;
	if (allgs.len == 0)
		return fault_set(fault, -EAGAIN, "runtime.allgs", "no goroutine has been made yet");
	if (allgs.len > allgs.cap || read_word(t, allgs.data, &g) < 0 || read_word(t, g + off->g_goid, &goid) < 0)
		return fault_set(fault, -EINVAL, "runtime.allgs", "leads to unmapped memory");
	if (goid != 1)
		return fault_set(fault, -EINVAL, "g.goid", "of the main goroutine isn't 1");
	return 0;
}

static int check_ms(const struct go_target *t, const struct go_offsets *off, struct fault *fault)
{
	uint64_t m = 0;
	size_t started = 0, matched = 0, running = 0, agreed = 0;
	cleanup_with(tids_free) struct tids tids;

	tids_read(&tids, go_target_pid(t));
	int err = go_target_read_var(t, "runtime.allm", &m, sizeof(m));
	if (err < 0)
		return unreadable(fault, "runtime.allm", err);
	for (int n = 0; m && n < MS_MAX; n++) {
		uint64_t procid, g0, back, curg;

		if (read_word(t, m + off->m_procid, &procid) < 0 || read_word(t, m + off->m_g0, &g0) < 0 ||
		    read_word(t, m + off->m_curg, &curg) < 0)
			return fault_set(fault, -EINVAL, "runtime.allm", "the list of Ms leads to unmapped memory");
		/* Without a thread: an M that is being made, or one that a cgo program keeps for callbacks. */
		if (procid && g0) {
			if (read_word(t, g0 + off->g_m, &back) < 0 || back != m)
				return fault_set(fault, -EINVAL, "m.g0", "doesn't point back to its M");
			started++;
			matched += tids_has(&tids, procid);
			running += curg != 0;
			agreed += curg && curg_agrees(t, off, m, curg);
		}
		if (read_word(t, m + off->m_alllink, &m) < 0)
			return fault_set(fault, -EINVAL, "m.alllink", "leads to unmapped memory");
	}
	/* Threads and goroutines come and go while the lists are read, but not all of them. */
	if (matched > 0 && running > 0 && agreed == 0)
		return fault_set(fault, -EINVAL, "m.curg", "points to no goroutine that points back to its M");
	if (matched > 0)
		return 0;
	if (started > 0)
		return fault_set(fault, -EINVAL, "m.procid", "is the id of no thread of the process");
	return fault_set(fault, -EAGAIN, "runtime.allm", "no M has started yet");
}

static int check_ps(const struct go_target *t, const struct go_offsets *off, struct fault *fault)
{
	struct {
		uint64_t data, len, cap;
	} allp;
	int err = go_target_read_var(t, "runtime.allp", &allp, sizeof(allp));

	if (err < 0)
		return unreadable(fault, "runtime.allp", err);
	if (allp.len == 0)
		return fault_set(fault, -EAGAIN, "runtime.allp", "no P has been made yet");
	if (allp.len > PS_MAX || allp.len > allp.cap)
		return fault_set(fault, -EINVAL, "runtime.allp", "has an impossible length");
	for (uint64_t i = 0; i < allp.len; i++) {
		uint64_t p;
		int32_t id;

		if (read_word(t, allp.data + 8 * i, &p) < 0)
			return fault_set(fault, -EINVAL, "runtime.allp", "leads to unmapped memory");
		if (!p)
			return fault_set(fault, -EAGAIN, "runtime.allp", "the Ps are being made");
		if (go_target_read(t, p + off->p_id, &id, sizeof(id)) < 0 || id != (int32_t)i)
			return fault_set(fault, -EINVAL, "p.id", "isn't its index in allp");
	}
	return 0;
}

int go_target_selfcheck(struct go_target *t, struct fault *fault)
{
	struct go_offsets off;
	bool guess;
	int err = go_binary_offsets(go_target_binary(t), &off, &guess);

	if (err < 0 || off.m_procid == GO_OFF_NONE || off.m_g0 == GO_OFF_NONE || off.m_alllink == GO_OFF_NONE ||
	    off.g_m == GO_OFF_NONE || off.g_goid == GO_OFF_NONE || off.m_curg == GO_OFF_NONE || off.p_id == GO_OFF_NONE)
		return fault_set(fault, -EINVAL, "runtime layout", "isn't known for this version of Go");
	err = go_target_locate(t);
	if (err < 0)
		return fault_set(fault, err, "program", "isn't loaded: %s", strerror(-err));
	for (int i = 0; i < ATTEMPTS; i++) {
		err = check_ms(t, &off, fault);
		if (err == 0)
			err = check_ps(t, &off, fault);
		if (err == 0)
			err = check_first_g(t, &off, fault);
		if (err != -EINVAL)
			break;
	}
	if (err == -EINVAL && proc_alive(go_target_pid(t)) == 0)
		err = fault_set(fault, -ESRCH, "process", "has ended");
	if (err == 0 && fault)
		fault->err = 0; /* of an attempt that found a torn read */
	log_write(LOG_TARGET, "self-check of %d: %d", (int)go_target_pid(t), err);
	return err;
}
