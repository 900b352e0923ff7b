/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "target/go_binary_internal.h"
#include "target/go_dwarf.h"

static const struct row {
	int minor;
	const char *version; /* of the toolchain that the row was read from */
	struct go_offsets offsets;
} table[] = {
#include "target/go_offsets_table.inc"
	/* Read off go1.20.14 built from its tag; no package of 1.20 is there to make the row anew from. */
	{20,
	 "go1.20.14",
	 {.g_stack_lo = 0,
	  .g_stack_hi = 8,
	  .g_stackguard0 = 16,
	  .g_m = 48,
	  .g_sched_sp = 56,
	  .g_sched_pc = 64,
	  .g_atomicstatus = 144,
	  .g_goid = 152,
	  .g_schedlink = 160,
	  .g_waitsince = 168,
	  .g_waitreason = 176,
	  .g_preempt = 177,
	  .g_parentgoid = GO_OFF_NONE,
	  .g_gopc = 296,
	  .g_startpc = 312,
	  .g_lockedm = 232,
	  .m_g0 = 0,
	  .m_procid = 72,
	  .m_gsignal = 80,
	  .m_curg = 192,
	  .m_p = 208,
	  .m_id = 232,
	  .m_preemptoff = 248,
	  .m_locks = 264,
	  .m_spinning = 276,
	  .m_incgo = 280,
	  .m_preemptgen = 816,
	  .m_signalpending = 820,
	  .m_alllink = 336,
	  .p_id = 0,
	  .p_status = 4,
	  .p_schedtick = 16,
	  .p_m = 56,
	  .p_runqhead = 400,
	  .p_runqtail = 404,
	  .p_runnext = 2456,
	  .p_gcassisttime = 4624,
	  .p_gcmarkworkermode = 4648,
	  .p_preempt = 8896,
	  .sched_gcwaiting = 232,
	  .sched_stopwait = 236,
	  .sched_runqsize = 120}},
};

/* The row of the release line, else the newest before it. NULL for a version before all of them. */
static const struct row *row_of(int minor)
{
	const struct row *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].minor <= minor && (!best || table[i].minor > best->minor))
			best = &table[i];
	}
	return best;
}

int go_binary_find_offsets(struct go_binary *b)
{
	const struct row *row = row_of(b->minor);

	if (!go_binary_is_go(b))
		return 0;
	/* Point releases and experiments can move fields; the version string names both ("go1.22.12 X:arenas"). */
	if (!row || strcmp(row->version, b->info.version) != 0) {
		int err = go_dwarf_offsets(&b->elf, &b->offsets);

		if (err == -ENOMEM)
			return err;
		if (err == 0) {
			b->offsets_source = GO_OFFSETS_DWARF;
			b->has_offsets = true;
			return 0;
		}
	}
	if (!row)
		return 0;
	b->offsets = row->offsets;
	b->offsets_source = row->minor == b->minor ? GO_OFFSETS_TABLE : GO_OFFSETS_GUESS;
	b->offsets_version = row->version;
	b->has_offsets = true;
	return 0;
}

int go_binary_offsets(const struct go_binary *b, struct go_offsets *ret, bool *ret_guess)
{
	if (!b->has_offsets)
		return -ENODATA;
	*ret = b->offsets;
	*ret_guess = b->offsets_source == GO_OFFSETS_GUESS;
	return 0;
}

int go_binary_offsets_source(const struct go_binary *b, enum go_offsets_source *ret, const char **ret_version)
{
	if (!b->has_offsets)
		return -ENODATA;
	*ret = b->offsets_source;
	*ret_version = b->offsets_version;
	return 0;
}
