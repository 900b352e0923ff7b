/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU quota and throttling. In cgroup v2 cpu.max and cpu.stat, in v1 cpu.cfs_quota_us, cpu.cfs_period_us and cpu.stat
 * of the cpu controller's hierarchy (Documentation/admin-guide/cgroup-v2.rst, Documentation/scheduler/sched-bwc.rst).
 * A quota of any ancestor holds too: the level with the least CPU time per period is the one that matters.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "target/proc.h"
#include "target/read_file.h"

#define SMALL_FILE    4096U
#define MOUNTINFO_MAX (1U << 20)
#define LEVELS_MAX    64

int cgroup_parse_max(const char *text, struct ev_cgroup *ret)
{
	unsigned long long quota_us = 0, period_us = 0;

	if (sscanf(text, "max %llu", &period_us) != 1 && sscanf(text, "%llu %llu", &quota_us, &period_us) != 2)
		return -EINVAL;
	bool unlimited = strncmp(text, "max", 3) == 0;
	if ((!unlimited && quota_us == 0) || period_us == 0 || period_us > UINT64_MAX / NS_PER_US ||
	    quota_us > UINT64_MAX / NS_PER_US)
		return -EINVAL;
	ret->quota_ns = quota_us * NS_PER_US;
	ret->period_ns = period_us * NS_PER_US;
	return 0;
}

int cgroup_parse_stat(const char *text, struct ev_cgroup *ret)
{
	bool found = false;

	for (const char *line = text; line && *line;) {
		unsigned long long v;

		if (sscanf(line, "nr_throttled %llu", &v) == 1) {
			ret->nr_throttled = v;
			found = true;
		} else if (sscanf(line, "throttled_usec %llu", &v) == 1) {
			ret->throttled_ns = v > UINT64_MAX / NS_PER_US ? UINT64_MAX : v * NS_PER_US;
		} else if (sscanf(line, "throttled_time %llu", &v) == 1) {
			ret->throttled_ns = v;
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return found ? 0 : -ENODATA;
}

/* Is @word one of the comma-separated words in [@list, @list + len)? */
static bool has_word(const char *list, size_t len, const char *word)
{
	size_t want = strlen(word);

	while (len > 0) {
		const char *comma = memchr(list, ',', len);
		size_t n = comma ? (size_t)(comma - list) : len;

		if (n == want && memcmp(list, word, n) == 0)
			return true;
		if (!comma)
			break;
		list += n + 1;
		len -= n + 1;
	}
	return false;
}

char *cgroup_parse_path(const char *text, const char *controller)
{
	/* Lines of "ID:controllers:path"; v2 is "0::path". */
	for (const char *line = text; line && *line;) {
		size_t len = strcspn(line, "\n");
		const char *first = memchr(line, ':', len);
		const char *second = first ? memchr(first + 1, ':', len - (size_t)(first + 1 - line)) : NULL;

		if (second) {
			size_t n = (size_t)(second - first - 1);
			bool hit =
				controller ? has_word(first + 1, n, controller) : n == 0 && strncmp(line, "0:", 2) == 0;

			if (hit)
				return strndup(second + 1, len - (size_t)(second + 1 - line));
		}
		line += len + (line[len] == '\n');
	}
	return NULL;
}

/* Undoes the \040 escapes of mountinfo, in place. */
static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			*out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

int cgroup_parse_mount(const char *text, const char *controller, char **ret_mount, char **ret_root)
{
	/* "36 35 98:0 /root /mount options... - type source super-options" */
	for (const char *line = text; line && *line;) {
		size_t len = strcspn(line, "\n");
		cleanup_free char *copy = strndup(line, len);

		if (!copy)
			return -ENOMEM;
		char *dash = strstr(copy, " - ");
		char root[PATH_MAX], mount[PATH_MAX], type[32], super[1024] = "";
		if (dash && sscanf(copy, "%*s %*s %*s %4095s %4095s", root, mount) == 2 &&
		    sscanf(dash + 3, "%31s %*s %1023s", type, super) >= 1) {
			bool hit = controller
					   ? strcmp(type, "cgroup") == 0 && has_word(super, strlen(super), controller)
					   : strcmp(type, "cgroup2") == 0;

			if (hit) {
				unescape(root);
				unescape(mount);
				*ret_mount = strdup(mount);
				*ret_root = strdup(root);
				if (*ret_mount && *ret_root)
					return 0;
				free(*ret_mount);
				free(*ret_root);
				return -ENOMEM;
			}
		}
		line += len + (line[len] == '\n');
	}
	return -ENOENT;
}

static bool read_u64(const char *dir, const char *name, bool *ret_negative, uint64_t *ret)
{
	char path[PATH_MAX];
	long long v;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	cleanup_free char *text = read_file_text(path, SMALL_FILE, NULL);
	if (!text || sscanf(text, "%lld", &v) != 1)
		return false;
	*ret_negative = v < 0;
	*ret = v < 0 ? 0 : (uint64_t)v;
	return true;
}

/* One directory's quota and throttling. false when the controller isn't at work there. */
static bool read_level(const char *dir, bool v1, struct ev_cgroup *ret)
{
	char path[PATH_MAX];

	*ret = (struct ev_cgroup){0};
	if (v1) {
		uint64_t quota_us, period_us;
		bool unlimited, negative;

		if (!read_u64(dir, "cpu.cfs_quota_us", &unlimited, &quota_us) ||
		    !read_u64(dir, "cpu.cfs_period_us", &negative, &period_us) || negative || period_us == 0 ||
		    period_us > NS_PER_S || quota_us > UINT64_MAX / NS_PER_US)
			return false;
		ret->quota_ns = unlimited ? 0 : quota_us * NS_PER_US;
		ret->period_ns = period_us * NS_PER_US;
	} else {
		if (snprintf(path, sizeof(path), "%s/cpu.max", dir) >= (int)sizeof(path))
			return false;
		cleanup_free char *text = read_file_text(path, SMALL_FILE, NULL);
		if (!text || cgroup_parse_max(text, ret) < 0)
			return false;
	}
	if (snprintf(path, sizeof(path), "%s/cpu.stat", dir) >= (int)sizeof(path))
		return false;
	cleanup_free char *stat = read_file_text(path, SMALL_FILE, NULL);
	if (stat)
		cgroup_parse_stat(stat, ret);
	return true;
}

/*
 * Is @a the tighter limit? Quotas as shares of their period; none is looser than any, but where nobody has one, a level
 * that was throttled while it had is worth more than one that never was.
 */
static bool tighter(const struct ev_cgroup *a, const struct ev_cgroup *b)
{
	if (!a->quota_ns && !b->quota_ns)
		return a->nr_throttled > b->nr_throttled;
	if (!a->quota_ns || !b->quota_ns)
		return a->quota_ns != 0;
	return (double)a->quota_ns / (double)a->period_ns < (double)b->quota_ns / (double)b->period_ns;
}

static bool has_dotdot(const char *path)
{
	for (const char *p = strstr(path, "/.."); p; p = strstr(p + 3, "/..")) {
		if (p[3] == '/' || !p[3])
			return true;
	}
	return false;
}

int cgroup_walk(const char *mount, const char *root, const char *path, bool v1, struct ev_cgroup *ret)
{
	char dir[PATH_MAX];
	bool found = false;

	/*
	 * In a container the mount shows a part of the hierarchy: its root is our path or above it. Otherwise, as for a
	 * process outside of our cgroup namespace ("/../x"), only the mount point itself can be looked at.
	 */
	size_t root_len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, root_len) == 0 && (path[root_len] == '/' || !path[root_len]) && !has_dotdot(path))
		path += root_len;
	else
		path = "";
	if (snprintf(dir, sizeof(dir), "%s%s", mount, path) >= (int)sizeof(dir))
		return -ENAMETOOLONG;
	for (int level = 0; level < LEVELS_MAX; level++) {
		struct ev_cgroup here;

		if (read_level(dir, v1, &here) && (!found || tighter(&here, ret))) {
			*ret = here;
			found = true;
		}
		char *slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < strlen(mount))
			break;
		*slash = '\0';
	}
	return found && (ret->quota_ns || ret->nr_throttled) ? 0 : -ENODATA;
}

int proc_cgroup_cpu(pid_t pid, struct ev_cgroup *ret)
{
	static const char *const controllers[] = {NULL, "cpu"}; /* v2, v1 */
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	cleanup_free char *mine = read_file_text(path, SMALL_FILE * 4, NULL);
	cleanup_free char *mounts = read_file_text("/proc/self/mountinfo", MOUNTINFO_MAX, NULL);
	if (!mine || !mounts)
		return -ENODATA;
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		cleanup_free char *group = cgroup_parse_path(mine, controllers[i]);
		cleanup_free char *mount = NULL, *root = NULL;
		struct ev_cgroup found;

		if (!group || cgroup_parse_mount(mounts, controllers[i], &mount, &root) < 0)
			continue;
		if (cgroup_walk(mount, root, group, controllers[i] != NULL, &found) == 0) {
			*ret = found;
			return 0;
		}
	}
	return -ENODATA;
}
