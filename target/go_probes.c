/* SPDX-License-Identifier: GPL-2.0-only */
/* Where probes go. A function that is renamed or inlined in a version has its alternative as a row of its own. */
#include <errno.h>
#include <limits.h>

#include "base/cleanup.h"
#include "target/go_binary_internal.h"
#include "target/go_code.h"

#define LATEST INT_MAX

static const struct {
	enum go_probe_id id;
	int from, to; /* minor versions */
	const char *func;
	bool at_ret;
} places[] = {
	{GO_PROBE_STW_STOP, 14, LATEST, "runtime.stopTheWorldWithSema", false},
	/* From 1.23 the restart tells when the world had stopped; the RET costs a single step inside the pause. */
	{GO_PROBE_STW_STOPPED, 14, 22, "runtime.stopTheWorldWithSema", true},
	{GO_PROBE_STW_START, 14, LATEST, "runtime.startTheWorldWithSema", false},
	{GO_PROBE_PREEMPT_REQUEST, 14, LATEST, "runtime.preemptone", false},
	{GO_PROBE_SUSPEND, 14, LATEST, "runtime.suspendG", false},
	/* asyncPreempt2 starts with a sub before 1.21, the assembly before it with a push. */
	{GO_PROBE_ASYNC_TAKEN, 14, 20, "runtime.asyncPreempt", false},
	{GO_PROBE_ASYNC_TAKEN, 21, LATEST, "runtime.asyncPreempt2", false},
	/* goschedImpl got its argument "preempted" in 1.22; gopreempt_m is inlined into newstack from then on. */
	{GO_PROBE_LEAVE, 14, 21, "runtime.gopreempt_m", false},
	{GO_PROBE_LEAVE, 22, LATEST, "runtime.goschedImpl", false},
	{GO_PROBE_YIELD, 14, 21, "runtime.gosched_m", false},
	{GO_PROBE_PARK_PREEMPTED, 14, LATEST, "runtime.preemptPark", false},
};

static int place_in(const struct go_binary *b, const char *func, bool at_ret, struct go_probe *ret)
{
	struct go_func f;
	uint64_t off;
	bool emulated = false;
	int err = go_pclntab_func_named(&b->tab, func, &f);

	if (err < 0)
		return err;
	err = at_ret ? go_code_ret(&b->elf, &f, &off) : go_code_body(&b->elf, &f, &off, &emulated);
	if (err < 0)
		return err;
	ret->vaddr = f.entry + off;
	ret->func = func;
	ret->emulated = emulated;
	return elf_offset(&b->elf, ret->vaddr, &ret->file_offset) ? 0 : -ENODATA;
}

bool go_binary_probe_wanted(const struct go_binary *b, enum go_probe_id id)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (places[i].id == id && b->minor >= places[i].from && b->minor <= places[i].to)
			return true;
	}
	return false;
}

int go_binary_probe(const struct go_binary *b, enum go_probe_id id, struct go_probe *ret)
{
	if (!go_binary_is_go(b))
		return -ENODATA;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (places[i].id == id && b->minor >= places[i].from && b->minor <= places[i].to)
			return place_in(b, places[i].func, places[i].at_ret, ret);
	}
	return -ENOENT;
}
