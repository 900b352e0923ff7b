/* SPDX-License-Identifier: GPL-2.0-only */
#include "events/wait_reason.h"

const char *wait_reason_name(uint8_t reason)
{
	static const char *const names[WAIT_REASON_COUNT] = {
#define WAIT_REASON_NAME(id, text) [id] = (text),
		WAIT_REASONS(WAIT_REASON_NAME)
#undef WAIT_REASON_NAME
	};

	return reason < WAIT_REASON_COUNT && names[reason][0] ? names[reason] : "unknown";
}
