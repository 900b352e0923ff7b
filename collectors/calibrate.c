/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/calibrate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "collectors/uprobe_multi.h"

#define ROUNDS 5
#define CALLS  16 /* a round; the least of the rounds counts, so that an interrupt doesn't */

#ifdef __x86_64__

/* Like the beginning of a Go function behind its stack check, and like one where only a single step helps. */
__asm__(".text\n"
	".globl calibrate_emulated\n.type calibrate_emulated,@function\n"
	"calibrate_emulated: push %rbp\n pop %rbp\n ret\n.size calibrate_emulated, .-calibrate_emulated\n"
	".globl calibrate_stepped\n.type calibrate_stepped,@function\n"
	"calibrate_stepped: cmp $0, %rsp\n ret\n.size calibrate_stepped, .-calibrate_stepped\n");
void calibrate_emulated(void) __attribute__((visibility("hidden")));
void calibrate_stepped(void) __attribute__((visibility("hidden")));

static uint64_t ns_a_call(void (*fn)(void))
{
	uint64_t least = UINT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = clock_now_ns();

		for (int i = 0; i < CALLS; i++)
			fn();
		uint64_t ns = (clock_now_ns() - start) / CALLS;
		least = ns < least ? ns : least;
	}
	return least;
}

/* Where in its file the code at @at lies, by the mapping that holds it. */
static int file_offset(const void *at, uint64_t *ret)
{
	cleanup_fclose FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset;

		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 && (uintptr_t)at >= start &&
		    (uintptr_t)at < end) {
			*ret = (uintptr_t)at - start + offset;
			return 0;
		}
	}
	return -ENOENT;
}

int calibrate_probes(struct probe_cost *ret)
{
	struct uprobe_places at = {.n = 2};

	if (!uprobe_multi_supported())
		return -ENOTSUP;
	cleanup_close int prog = uprobe_multi_empty_program();
	if (prog < 0)
		return prog;
	int err = file_offset((void *)calibrate_emulated, &at.offsets[0]);
	if (err == 0)
		err = file_offset((void *)calibrate_stepped, &at.offsets[1]);
	if (err < 0)
		return err;
	uint64_t bare = ns_a_call(calibrate_emulated);
	cleanup_close int link = uprobe_multi_attach(prog, getpid(), "/proc/self/exe", &at);
	if (link < 0)
		return link;
	uint64_t emulated = ns_a_call(calibrate_emulated), stepped = ns_a_call(calibrate_stepped);
	if (emulated <= bare || stepped <= bare)
		return -EAGAIN;
	ret->emulated_ns = emulated - bare;
	ret->stepped_ns = stepped - bare;
	return 0;
}

#else

int calibrate_probes(struct probe_cost *ret)
{
	(void)ret;
	return -ENOTSUP;
}

#endif
