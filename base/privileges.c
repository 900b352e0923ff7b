/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/invoker.h"
#include "base/log.h"

/* What a session begins with under sudo. CAP_SYS_RESOURCE: kernels before 5.11 count maps as locked memory. */
#define TRACING (PRIVILEGES_PROBES | PRIVILEGES_FOREIGN | PRIVILEGE(CAP_SYS_RESOURCE))
/* Root is used to write into other users' folders, and its targets may become other users. */
#define ROOTS_OWN (PRIVILEGE(CAP_DAC_OVERRIDE) | PRIVILEGE(CAP_FOWNER) | PRIVILEGE(CAP_KILL))

static uint64_t have(capng_type_t set)
{
	uint64_t caps = 0;

	if (capng_get_caps_process() < 0)
		return 0;
	for (unsigned c = 0; c <= CAP_LAST_CAP; c++)
		caps |= capng_have_capability(set, c) ? PRIVILEGE(c) : 0;
	return caps;
}

uint64_t privileges_effective(void)
{
	return have(CAPNG_EFFECTIVE);
}

uint64_t privileges_permitted(void)
{
	return have(CAPNG_PERMITTED);
}

static void plan(uint64_t effective, uint64_t permitted)
{
	for (unsigned c = 0; c <= CAP_LAST_CAP; c++) {
		capng_update(effective & PRIVILEGE(c) ? CAPNG_ADD : CAPNG_DROP, CAPNG_EFFECTIVE, c);
		capng_update(permitted & PRIVILEGE(c) ? CAPNG_ADD : CAPNG_DROP, CAPNG_PERMITTED, c);
	}
}

static int apply(uint64_t effective, uint64_t permitted)
{
	if (capng_get_caps_process() < 0)
		return -EIO;
	plan(effective, permitted);
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
}

static uint64_t roots_own(void)
{
	return geteuid() == 0 ? ROOTS_OWN : 0;
}

int privileges_begin(void)
{
	uint64_t permitted = privileges_permitted() & TRACING;
	uid_t uid;
	gid_t gid;

	if (!invoker_ids(&uid, &gid))
		return 0;
	const struct passwd *pw = getpwuid(uid);
	if (gid == (gid_t)-1)
		gid = pw ? pw->pw_gid : uid;
	plan(permitted, permitted);
	if (capng_change_id((int)uid, (int)gid, pw ? CAPNG_INIT_SUPP_GRP : CAPNG_DROP_SUPP_GRP) != 0)
		return -EPERM;
	return setuid(0) == 0 ? -EPERM : 0; /* root must be gone for good */
}

static int settle(uint64_t keep)
{
	keep &= privileges_permitted();
	int err = apply(keep, keep);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 && err == 0)
		err = -errno;
	return err;
}

int privileges_settle(uint64_t keep)
{
	return settle(keep | roots_own());
}

int privileges_drop(void)
{
	return settle(0);
}

void privileges_drop_thread(void)
{
	uint64_t keep = privileges_permitted() & roots_own();
	int err = apply(keep, keep);

	if (err < 0)
		log_write(LOG_TARGET, "a thread keeps its capabilities: %s", strerror(-err));
}

uint64_t privileges_lower(void)
{
	uint64_t was = privileges_effective();

	privileges_restore(was & roots_own());
	return was;
}

uint64_t privileges_raise(void)
{
	uint64_t was = privileges_effective();

	privileges_restore(privileges_permitted());
	return was;
}

void privileges_restore(uint64_t effective)
{
	int err = apply(effective, privileges_permitted());

	if (err < 0)
		log_write(LOG_TARGET, "the capabilities in effect can't be changed: %s", strerror(-err));
}
