/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/invoker.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static bool parse_id(const char *text, unsigned *ret)
{
	char *end;

	if (!text || !*text)
		return false;
	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	if (errno || *end || v >= UINT32_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

bool invoker_ids(uid_t *ret_uid, gid_t *ret_gid)
{
	unsigned uid, gid;

	if (geteuid() != 0 || !parse_id(getenv("SUDO_UID"), &uid) || uid == 0)
		return false;
	*ret_uid = uid;
	*ret_gid = parse_id(getenv("SUDO_GID"), &gid) ? gid : (gid_t)-1;
	return true;
}

void invoker_give(int fd)
{
	uid_t uid;
	gid_t gid;

	if (invoker_ids(&uid, &gid) && fchown(fd, uid, gid) < 0)
		log_write(LOG_TARGET, "a file stays root's: %s", strerror(errno));
}
