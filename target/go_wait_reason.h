/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a goroutine waits: the number in g.waitreason, which every release line of Go counts anew, as one of ours.
 */
#ifndef SCHEDTOP_TARGET_GO_WAIT_REASON_H
#define SCHEDTOP_TARGET_GO_WAIT_REASON_H

#include <stdint.h>

/**
 * @go_minor  go_binary_minor()
 * @raw       g.waitreason (runtime/runtime2.go waitReason)
 * Returns an enum wait_reason (events/wait_reason.h); WAIT_NONE for 0, for a number that the version doesn't have and
 * for a version whose numbers aren't known (before 1.19, after 1.26).
 */
uint8_t go_wait_reason(int go_minor, uint8_t raw);

#endif
