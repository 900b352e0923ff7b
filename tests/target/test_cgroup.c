/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "target/proc.h"
#include "target/read_file.h"

static void cpu_max(void **state)
{
	struct ev_cgroup c = {0};

	(void)state;
	assert_int_equal(cgroup_parse_max("50000 100000\n", &c), 0);
	assert_int_equal(c.quota_ns, 50 * NS_PER_MS);
	assert_int_equal(c.period_ns, 100 * NS_PER_MS);
	assert_int_equal(cgroup_parse_max("max 200000\n", &c), 0);
	assert_int_equal(c.quota_ns, 0);
	assert_int_equal(c.period_ns, 200 * NS_PER_MS);

	static const char *const bad[] = {
		"", "max", "50000", "0 100000", "50000 0", "max 0", "x 1", "-5 100000", "18446744073709551615 100000"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cgroup_parse_max(bad[i], &c), -EINVAL);
	assert_int_equal(c.period_ns, 200 * NS_PER_MS);
}

static void cpu_stat(void **state)
{
	struct ev_cgroup c = {0};

	(void)state;
	assert_int_equal(cgroup_parse_stat("usage_usec 99\nuser_usec 1\nnr_periods 10\nnr_throttled 7\n"
					   "throttled_usec 1234\nnr_bursts 3\n",
					   &c),
			 0);
	assert_int_equal(c.nr_throttled, 7);
	assert_int_equal(c.throttled_ns, 1234000);
	assert_int_equal(cgroup_parse_stat("nr_periods 3\nnr_throttled 2\nthrottled_time 555", &c), 0);
	assert_int_equal(c.nr_throttled, 2);
	assert_int_equal(c.throttled_ns, 555);
	assert_int_equal(cgroup_parse_stat("nr_throttled 1\nthrottled_usec 18446744073709551615\n", &c), 0);
	assert_true(c.throttled_ns == UINT64_MAX);
	assert_int_equal(cgroup_parse_stat("usage_usec 99\nuser_usec 1\nsystem_usec 2\n", &c), -ENODATA);
	assert_int_equal(cgroup_parse_stat("", &c), -ENODATA);
}

static void assert_path(const char *text, const char *controller, const char *expect)
{
	char *path = cgroup_parse_path(text, controller);

	if (expect) {
		assert_non_null(path);
		assert_string_equal(path, expect);
	} else {
		assert_null(path);
	}
	free(path);
}

static void path_of_a_process(void **state)
{
	static const char hybrid[] = "12:cpuset:/a\n4:cpu,cpuacct:/user.slice/x:y\n1:name=systemd:/s\n0::/v2/path\n";

	(void)state;
	assert_path(hybrid, NULL, "/v2/path");
	assert_path(hybrid, "cpu", "/user.slice/x:y");
	assert_path(hybrid, "cpuacct", "/user.slice/x:y");
	assert_path(hybrid, "cpus", NULL);
	assert_path("0::/", NULL, "/");
	assert_path("0::/", "cpu", NULL);
	assert_path("1:cpu:/only", NULL, NULL);
	assert_path("nonsense\n:\n::\n\n", "cpu", NULL);
	assert_path("", NULL, NULL);
}

static void assert_mount(const char *text, const char *controller, const char *expect, const char *expect_root)
{
	char *mount = NULL, *root = NULL;

	assert_int_equal(cgroup_parse_mount(text, controller, &mount, &root), 0);
	assert_string_equal(mount, expect);
	assert_string_equal(root, expect_root);
	free(mount);
	free(root);
}

static void mount_points(void **state)
{
	static const char hybrid[] =
		"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"30 22 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
		"31 22 0:27 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
		"32 22 0:28 / /a\\040b\\134c rw master:1 - cgroup none rw,memory\n";
	char *mount = NULL, *root = NULL;

	(void)state;
	assert_mount(hybrid, NULL, "/sys/fs/cgroup/unified", "/");
	assert_mount(hybrid, "cpu", "/sys/fs/cgroup/cpu,cpuacct", "/docker/abc");
	assert_mount(hybrid, "memory", "/a b\\c", "/");
	assert_int_equal(cgroup_parse_mount(hybrid, "pids", &mount, &root), -ENOENT);
	assert_int_equal(cgroup_parse_mount("1 2 3\n - \n - cgroup2\n", NULL, &mount, &root), -ENOENT);
	assert_int_equal(cgroup_parse_mount("", NULL, &mount, &root), -ENOENT);
	assert_null(mount);
}

static char top[] = "/tmp/schedtop-cgroup-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void put_dir(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* top (1 CPU) / mid (half a CPU, throttled) / leaf (no quota), and other, beside them. */
static int make_tree(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	put_dir("mid");
	put_dir("mid/leaf");
	put_dir("midway");
	put("cpu.max", "100000 100000\n");
	put("mid/cpu.max", "25000 50000\n");
	put("mid/cpu.stat", "usage_usec 1\nnr_throttled 3\nthrottled_usec 9\n");
	put("mid/leaf/cpu.max", "max 100000\n");
	put("mid/leaf/cpu.stat", "usage_usec 1\nnr_throttled 0\nthrottled_usec 0\n");
	put("midway/cpu.max", "max 100000\n");
	put("midway/cpu.stat", "usage_usec 1\nnr_throttled 1\nthrottled_usec 5\n");
	put("midway/cpu.cfs_quota_us", "-1\n");
	put("midway/cpu.cfs_period_us", "100000\n");
	put("mid/leaf/cpu.cfs_quota_us", "30000\n");
	put("mid/leaf/cpu.cfs_period_us", "100000\n");
	return 0;
}

static int remove_tree(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

static void the_tightest_ancestor_counts(void **state)
{
	struct ev_cgroup c = {0};

	(void)state;
	assert_int_equal(cgroup_walk(top, "/", "/mid/leaf", false, &c), 0);
	assert_int_equal(c.quota_ns, 25 * NS_PER_MS);
	assert_int_equal(c.period_ns, 50 * NS_PER_MS);
	assert_int_equal(c.nr_throttled, 3);
	assert_int_equal(c.throttled_ns, 9000);
	assert_int_equal(cgroup_walk(top, "/", "/", false, &c), 0);
	assert_int_equal(c.quota_ns, 100 * NS_PER_MS);
	/* A directory that is gone: its ancestors still hold. */
	assert_int_equal(cgroup_walk(top, "/", "/mid/gone", false, &c), 0);
	assert_int_equal(c.quota_ns, 25 * NS_PER_MS);
}

static void a_container_sees_a_part(void **state)
{
	char mid[PATH_MAX];
	struct ev_cgroup c = {0};

	(void)state;
	snprintf(mid, sizeof(mid), "%s/mid", top);
	assert_int_equal(cgroup_walk(mid, "/docker/abc", "/docker/abc/leaf", false, &c), 0);
	assert_int_equal(c.quota_ns, 25 * NS_PER_MS);
	/* A sibling's name that begins alike, and paths outside of the namespace, stay at the mount point. */
	assert_int_equal(cgroup_walk(mid, "/docker/abc", "/docker/abcd/leaf", false, &c), 0);
	assert_int_equal(c.nr_throttled, 3);
	snprintf(mid, sizeof(mid), "%s/mid/leaf", top);
	assert_int_equal(cgroup_walk(mid, "/", "/../..", false, &c), -ENODATA);
	assert_int_equal(cgroup_walk(mid, "/", "/../../..x", false, &c), -ENODATA);
}

static void version_1(void **state)
{
	char dir[PATH_MAX];
	struct ev_cgroup c = {0};

	(void)state;
	assert_int_equal(cgroup_walk(top, "/", "/mid/leaf", true, &c), 0);
	assert_int_equal(c.quota_ns, 30 * NS_PER_MS);
	assert_int_equal(c.period_ns, 100 * NS_PER_MS);
	/* No quota now, but there was one that throttled. */
	snprintf(dir, sizeof(dir), "%s/midway", top);
	assert_int_equal(cgroup_walk(dir, "/", "/", true, &c), 0);
	assert_int_equal(c.quota_ns, 0);
	assert_int_equal(c.nr_throttled, 1);
	assert_int_equal(cgroup_walk(top, "/", "/", true, &c), -ENODATA);
}

static bool put_number(const char *dir, const char *name, long value)
{
	char path[PATH_MAX + 32], text[32];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC), n = snprintf(text, sizeof(text), "%ld", value);
	bool ok = fd >= 0 && write(fd, text, (size_t)n) == n;
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool skipped;

/* The real kernel: a busy child in a group of its own with a fifth of a CPU. */
static void a_quota_throttles(void **state)
{
	char *mounts = read_file_text("/proc/self/mountinfo", 1 << 20, NULL), *mount = NULL, *root = NULL;
	char dir[PATH_MAX];
	bool v1 = true;

	(void)state;
	assert_non_null(mounts);
	if (cgroup_parse_mount(mounts, "cpu", &mount, &root) < 0) {
		v1 = false;
		assert_int_equal(cgroup_parse_mount(mounts, NULL, &mount, &root), 0);
	}
	snprintf(dir, sizeof(dir), "%s/schedtop-test-%d", mount, (int)getpid());
	free(mounts);
	free(mount);
	free(root);
	bool made = mkdir(dir, 0755) == 0;
	/* "20000" alone keeps the period of 100 ms, in both versions. */
	if (!made || !put_number(dir, v1 ? "cpu.cfs_quota_us" : "cpu.max", 20000)) {
		if (made)
			rmdir(dir);
		print_message("SKIPPED: no CPU controller that this user may use: throttling isn't tested\n");
		skipped = true;
		skip();
	}

	pid_t child = fork();
	if (child == 0) {
		for (;;)
			;
	}
	struct ev_cgroup before = {0}, after = {0};
	bool moved = put_number(dir, "cgroup.procs", child);
	int err_before = proc_cgroup_cpu(child, &before);
	usleep(600000);
	int err_after = proc_cgroup_cpu(child, &after);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (int i = 0; rmdir(dir) < 0 && errno == EBUSY && i < 100; i++)
		usleep(10000);
	assert_true(moved);
	assert_int_equal(err_before, 0);
	assert_int_equal(err_after, 0);
	assert_int_equal(after.quota_ns, 20 * NS_PER_MS);
	assert_int_equal(after.period_ns, 100 * NS_PER_MS);
	assert_true(after.nr_throttled >= before.nr_throttled + 2);
	assert_true(after.throttled_ns > before.throttled_ns + 100 * NS_PER_MS);
	assert_true(proc_cgroup_cpu(INT32_MAX, &after) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_max),
		cmocka_unit_test(cpu_stat),
		cmocka_unit_test(path_of_a_process),
		cmocka_unit_test(mount_points),
		cmocka_unit_test(the_tightest_ancestor_counts),
		cmocka_unit_test(a_container_sees_a_part),
		cmocka_unit_test(version_1),
		cmocka_unit_test(a_quota_throttles),
	};

	int failed = cmocka_run_group_tests_name("cgroup", tests, make_tree, remove_tree);

	return failed || !skipped ? failed : 77; /* meson's and automake's word for "skipped" */
}
