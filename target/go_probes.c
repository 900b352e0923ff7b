/* SPDX-License-Identifier: GPL-2.0-only */
/* Where probes go. A function that is renamed or inlined in a version has its alternative as a row of its own. */
#include <errno.h>
#include <limits.h>

#include "base/cleanup.h"
#include "target/go_binary_internal.h"
#include "target/go_code.h"

#define LATEST INT_MAX

enum form {
	AT_BODY,         /* behind the stack check, where all arguments are still in place */
	AT_RET,          /* the only RET */
	AT_STRAIGHT,     /* the first cheap instruction of a nosplit function */
	AT_CALL,         /* the call of another function, whose arguments are in place */
	BEHIND_CALL,     /* the instruction behind it: its results are in place */
	AT_BRANCH_AFTER, /* the first conditional jump behind that call */
};

struct place {
	enum go_probe_id id;
	int from, to; /* minor versions */
	const char *func;
	enum form form;
	enum go_subject subject;
	const char *callee;
};

/* Of several rows for one version the first that the binary has is taken. */
static const struct place places[] = {
	{GO_PROBE_STW_STOP, 14, LATEST, "runtime.stopTheWorldWithSema", AT_BODY, GO_SUBJECT_NONE, NULL},
	/* From 1.23 the restart tells when the world had stopped; the RET costs a single step inside the pause. */
	{GO_PROBE_STW_STOPPED, 14, 22, "runtime.stopTheWorldWithSema", AT_RET, GO_SUBJECT_NONE, NULL},
	{GO_PROBE_STW_START, 14, LATEST, "runtime.startTheWorldWithSema", AT_BODY, GO_SUBJECT_NONE, NULL},
	{GO_PROBE_PREEMPT_REQUEST, 14, LATEST, "runtime.preemptone", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_SUSPEND, 14, LATEST, "runtime.suspendG", AT_BODY, GO_SUBJECT_AX, NULL},
	/* asyncPreempt2 starts with a sub before 1.21, the assembly before it with a push. */
	{GO_PROBE_ASYNC_TAKEN, 14, 20, "runtime.asyncPreempt", AT_STRAIGHT, GO_SUBJECT_G, NULL},
	{GO_PROBE_ASYNC_TAKEN, 21, LATEST, "runtime.asyncPreempt2", AT_STRAIGHT, GO_SUBJECT_G, NULL},
	/* goschedImpl got its argument "preempted" in 1.22; gopreempt_m is inlined into newstack from then on. */
	{GO_PROBE_LEAVE, 14, 21, "runtime.gopreempt_m", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_LEAVE, 22, LATEST, "runtime.goschedImpl", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_YIELD, 14, 21, "runtime.gosched_m", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_PARK_PREEMPTED, 14, LATEST, "runtime.preemptPark", AT_BODY, GO_SUBJECT_AX, NULL},

	{GO_PROBE_READY, 14, LATEST, "runtime.ready", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_READY_LIST, 14, LATEST, "runtime.injectglist", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_EXECUTE, 14, LATEST, "runtime.execute", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_PARK, 14, LATEST, "runtime.park_m", AT_BODY, GO_SUBJECT_AX, NULL},
	/* Nosplit: before 1.21 they start with a sub; then the call of save and the check of sp are taken. */
	{GO_PROBE_SYSCALL_ENTER, 14, LATEST, "runtime.reentersyscall", AT_STRAIGHT, GO_SUBJECT_G, NULL},
	{GO_PROBE_SYSCALL_BLOCK, 14, LATEST, "runtime.entersyscallblock", AT_STRAIGHT, GO_SUBJECT_G, NULL},
	{GO_PROBE_SYSCALL_EXIT, 14, LATEST, "runtime.exitsyscall", AT_STRAIGHT, GO_SUBJECT_G, NULL},
	{GO_PROBE_SYSCALL_WAIT, 14, 25, "runtime.exitsyscall0", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_SYSCALL_WAIT, 26, LATEST, "runtime.exitsyscallNoP", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_HANDOFF, 14, LATEST, "runtime.handoffp", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_EXIT, 14, 21, "runtime.goexit0", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_EXIT, 22, LATEST, "runtime.gdestroy", AT_BODY, GO_SUBJECT_AX, NULL},
	/* func1 is what newproc runs on the system stack: newg := newproc1(...); runqput(pp, newg, true). */
	{GO_PROBE_NEW, 18, LATEST, "runtime.newproc.func1", AT_CALL, GO_SUBJECT_BX, "runtime.runqput"},
	{GO_PROBE_NEW, 18, LATEST, "runtime.newproc.func1", BEHIND_CALL, GO_SUBJECT_AX, "runtime.newproc1"},
	/* Around systemstack(func() { gcAssistAlloc1(...) }): the entry also serves those who steal credit instead. */
	{GO_PROBE_ASSIST, 14, LATEST, "runtime.gcAssistAlloc", AT_CALL, GO_SUBJECT_G, "runtime.systemstack"},
	{GO_PROBE_ASSIST_END, 14, LATEST, "runtime.gcAssistAlloc", AT_BRANCH_AFTER, GO_SUBJECT_G,
	 "runtime.systemstack"},
	{GO_PROBE_P_ACQUIRE, 14, 25, "runtime.acquirep", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_P_ACQUIRE, 26, LATEST, "runtime.acquirepNoTrace", AT_BODY, GO_SUBJECT_AX, NULL},
	{GO_PROBE_P_RELEASE, 14, 21, "runtime.releasep", AT_BODY, GO_SUBJECT_M, NULL},
	{GO_PROBE_P_RELEASE, 22, LATEST, "runtime.releasepNoTrace", AT_BODY, GO_SUBJECT_M, NULL},
};

static int offset_in(const struct go_binary *b, const struct place *at, const struct go_func *f, uint64_t *ret_offset,
		     bool *ret_emulated)
{
	uint64_t call = 0, behind = 0;
	struct go_func callee;
	int err;

	*ret_emulated = at->form != BEHIND_CALL;
	switch (at->form) {
	case AT_BODY:
		return go_code_body(&b->elf, f, ret_offset, ret_emulated);
	case AT_RET:
		return go_code_ret(&b->elf, f, ret_offset, ret_emulated);
	case AT_STRAIGHT:
		return go_code_straight(&b->elf, f, ret_offset);
	case AT_CALL:
	case BEHIND_CALL:
	case AT_BRANCH_AFTER:
		err = go_pclntab_func_named(&b->tab, at->callee, &callee);
		if (err == 0)
			err = go_code_call(&b->elf, f, callee.entry, &call, &behind);
		if (err == 0 && at->form == AT_BRANCH_AFTER)
			return go_code_branch(&b->elf, f, behind, ret_offset);
		if (err == 0)
			*ret_offset = at->form == AT_CALL ? call : behind;
		return err;
	}
	return -ENOENT;
}

static int place_in(const struct go_binary *b, const struct place *at, struct go_probe *ret)
{
	struct go_func f;
	uint64_t off = 0;
	bool emulated;
	int err = go_pclntab_func_named(&b->tab, at->func, &f);

	if (err == 0)
		err = offset_in(b, at, &f, &off, &emulated);
	if (err < 0)
		return err;
	*ret = (struct go_probe){
		.vaddr = f.entry + off,
		.func = at->func,
		.emulated = emulated,
		.subject = (uint8_t)at->subject,
	};
	return elf_offset(&b->elf, ret->vaddr, &ret->file_offset) ? 0 : -ENODATA;
}

static bool fits(const struct go_binary *b, const struct place *at, enum go_probe_id id)
{
	return at->id == id && b->minor >= at->from && b->minor <= at->to;
}

bool go_probe_is_exact(enum go_probe_id id)
{
	return id >= GO_PROBE_READY && id != GO_PROBE_HANDOFF; /* sysmon's hand-offs are few */
}

bool go_binary_probe_wanted(const struct go_binary *b, enum go_probe_id id)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (fits(b, &places[i], id))
			return true;
	}
	return false;
}

int go_binary_probe(const struct go_binary *b, enum go_probe_id id, struct go_probe *ret)
{
	int err = -ENOENT;

	if (!go_binary_is_go(b))
		return -ENODATA;
	for (size_t i = 0; i < ARRAY_SIZE(places) && err < 0; i++) {
		if (fits(b, &places[i], id))
			err = place_in(b, &places[i], ret);
	}
	return err;
}
