/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * go_target against a fake runtime: the structs lie in this program, a forked child is the process that is looked at.
 * The child's memory is what the parent had at the fork, at the same addresses.
 */
#include "target/go_target.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "events/session.h"
#include "fake_binary.h"
#include "target/launch.h"

struct fake_g {
	uint64_t pad[6], m, goid;
};

struct fake_m {
	uint64_t g0, pad[3], procid, alllink, curg;
};

struct fake_p {
	int32_t id, status;
};

/* The fake runtime, all of it. */
static struct fake_runtime {
	uint64_t allm;
	struct {
		uint64_t data, len, cap;
	} allp, allgs, godebug_default;
	int32_t gomaxprocs, asyncpreemptoff;
	struct fake_g g0[3], g[2];
	struct fake_m m[3];
	struct fake_p p[2];
	uint64_t p_ptr[2], g_ptr[2];
	char godebug_text[64];
} rt;

static uint64_t own_bias;

static int find_bias(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	*(uint64_t *)data = info->dlpi_addr; /* the program comes first */
	return 1;
}

static uint64_t addr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static uint64_t vaddr(const void *p)
{
	return addr(p) - own_bias;
}

/* A sane runtime: m0 with a thread, one M that runs nowhere yet, one that is being made. */
static int setup(void **state)
{
	(void)state;
	dl_iterate_phdr(find_bias, &own_bias);
	memset(&rt, 0, sizeof(rt));
	for (size_t i = 0; i < 3; i++) {
		rt.m[i].g0 = addr(&rt.g0[i]);
		rt.g0[i].m = addr(&rt.m[i]);
		rt.m[i].alllink = i < 2 ? addr(&rt.m[i + 1]) : 0;
	}
	rt.m[2].g0 = 0;
	rt.allm = addr(&rt.m[0]);
	for (size_t i = 0; i < 2; i++) {
		rt.p[i].id = (int32_t)i;
		rt.p_ptr[i] = addr(&rt.p[i]);
	}
	rt.allp.data = addr(rt.p_ptr);
	rt.allp.len = rt.allp.cap = 2;
	rt.gomaxprocs = 2;
	for (size_t i = 0; i < 2; i++) {
		rt.g[i].goid = i + 1;
		rt.g_ptr[i] = addr(&rt.g[i]);
	}
	rt.allgs.data = addr(rt.g_ptr);
	rt.allgs.len = rt.allgs.cap = 2;
	rt.m[0].curg = addr(&rt.g[1]);
	rt.g[1].m = addr(&rt.m[0]);

	fake = (struct fake_binary){
		.is_go = true,
		.is_pie = true,
		.version = "go1.22.12",
		.minor = 22,
		.settings = {{"-buildmode", "pie"}, {"CGO_ENABLED", "0"}},
		.vars = {{"runtime.allm", vaddr(&rt.allm)},
			 {"runtime.allp", vaddr(&rt.allp)},
			 {"runtime.gomaxprocs", vaddr(&rt.gomaxprocs)},
			 {"runtime.godebugDefault", vaddr(&rt.godebug_default)},
			 {"runtime.allgs", vaddr(&rt.allgs)}},
		.asyncpreemptoff = vaddr(&rt.asyncpreemptoff),
	};
	memset(&fake.offsets, 0xff, sizeof(fake.offsets));
	fake.offsets.g_m = offsetof(struct fake_g, m);
	fake.offsets.g_goid = offsetof(struct fake_g, goid);
	fake.offsets.m_curg = offsetof(struct fake_m, curg);
	fake.offsets.m_g0 = offsetof(struct fake_m, g0);
	fake.offsets.m_procid = offsetof(struct fake_m, procid);
	fake.offsets.m_alllink = offsetof(struct fake_m, alllink);
	fake.offsets.p_id = offsetof(struct fake_p, id);
	return 0;
}

/* Forks the process to look at. It writes its own id into the first M's procid, plus @lie. */
static pid_t start(int lie)
{
	int fds[2];
	char c;

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		rt.m[0].procid = (uint64_t)getpid() + (uint64_t)lie;
		if (write(fds[1], "r", 1) == 1) {
			for (;;)
				pause();
		}
		_exit(1);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int selfcheck(int lie, struct fault *fault)
{
	struct go_target *t = NULL;
	pid_t pid = start(lie);
	int err = go_target_open(pid, NULL, &t, fault);

	if (err == 0)
		err = go_target_selfcheck(t, fault);
	go_target_close(t);
	stop(pid);
	assert_int_equal(fake.open, 0);
	return err;
}

static void assert_selfcheck(int expect, const char *what)
{
	struct fault fault = {0};

	assert_int_equal(selfcheck(0, &fault), expect);
	assert_int_equal(fault.err, expect);
	if (what)
		assert_string_equal(fault.what, what);
}

static void a_sane_runtime_is_trusted(void **state)
{
	(void)state;
	assert_selfcheck(0, NULL);
	assert_int_equal(selfcheck(0, NULL), 0); /* nobody asks why */
}

static void a_young_runtime_is_asked_again(void **state)
{
	(void)state;
	rt.allm = 0;
	assert_selfcheck(-EAGAIN, "runtime.allm");
	setup(NULL);
	rt.m[0].g0 = 0;
	assert_selfcheck(-EAGAIN, "runtime.allm");
	setup(NULL);
	rt.allp.len = 0;
	assert_selfcheck(-EAGAIN, "runtime.allp");
	setup(NULL);
	rt.p_ptr[1] = 0;
	assert_selfcheck(-EAGAIN, "runtime.allp");
}

static void wrong_goroutines_are_refused(void **state)
{
	(void)state;
	rt.m[0].curg = 0; /* in the scheduler */
	assert_selfcheck(0, NULL);
	setup(NULL);
	rt.m[0].curg = 16;
	assert_selfcheck(-EINVAL, "m.curg");
	setup(NULL);
	rt.g[1].m = addr(&rt.m[1]);
	assert_selfcheck(-EINVAL, "m.curg");
	setup(NULL);
	rt.g[1].goid = 0;
	assert_selfcheck(-EINVAL, "m.curg");
	setup(NULL);
	rt.g[1].goid = UINT64_MAX / 2;
	assert_selfcheck(-EINVAL, "m.curg");
	setup(NULL);
	rt.g[0].goid = 2;
	assert_selfcheck(-EINVAL, "g.goid");
	setup(NULL);
	rt.allgs.len = 0;
	assert_selfcheck(-EAGAIN, "runtime.allgs");
	setup(NULL);
	rt.allgs.len = 3;
	assert_selfcheck(-EINVAL, "runtime.allgs");
	setup(NULL);
	rt.allgs.data = 8;
	assert_selfcheck(-EINVAL, "runtime.allgs");
	setup(NULL);
	fake.vars[4].vaddr = 0; /* not to be found: the others must do */
	rt.g[0].goid = 2;
	assert_selfcheck(0, NULL);
	setup(NULL);
	fake.offsets.g_goid = GO_OFF_NONE;
	assert_selfcheck(-EINVAL, "runtime layout");
}

static void wrong_offsets_are_refused(void **state)
{
	struct fault fault = {0};

	(void)state;
	assert_int_equal(selfcheck(1 << 30, &fault), -EINVAL);
	assert_string_equal(fault.what, "m.procid");
	rt.g0[0].m++;
	assert_selfcheck(-EINVAL, "m.g0");
	setup(NULL);
	rt.m[0].g0 = 8;
	assert_selfcheck(-EINVAL, "m.g0");
	setup(NULL);
	rt.allm = 8;
	assert_selfcheck(-EINVAL, "runtime.allm");
	setup(NULL);
	rt.m[2].alllink = UINT64_MAX - 4;
	assert_selfcheck(-EINVAL, "runtime.allm");
	setup(NULL);
	rt.p[1].id = 7;
	assert_selfcheck(-EINVAL, "p.id");
	setup(NULL);
	rt.allp.len = rt.allp.cap = UINT64_MAX;
	assert_selfcheck(-EINVAL, "runtime.allp");
	setup(NULL);
	rt.allp.cap = 1;
	assert_selfcheck(-EINVAL, "runtime.allp");
	setup(NULL);
	rt.allp.data = 16;
	assert_selfcheck(-EINVAL, "runtime.allp");
	setup(NULL);
	fake.offsets.m_procid = GO_OFF_NONE;
	assert_selfcheck(-EINVAL, "runtime layout");
	setup(NULL);
	fake.offsets_err = -ENODATA;
	assert_selfcheck(-EINVAL, "runtime layout");
	setup(NULL);
	fake.vars[0].vaddr = 0;
	assert_selfcheck(-EINVAL, "runtime.allm");
}

static void a_list_without_end_is_left(void **state)
{
	(void)state;
	rt.m[2].alllink = addr(&rt.m[0]);
	assert_selfcheck(0, NULL);
}

static void ids_in_a_pid_namespace_match(void **state)
{
	struct fault fault = {0};
	struct go_target *t = NULL;
	int up[2], down[2];
	pid_t child = -1;

	(void)state;
	assert_int_equal(pipe(up), 0);
	assert_int_equal(pipe(down), 0);
	pid_t middle = fork();
	if (middle == 0) {
		char c;

		close(down[1]);
		rt.m[0].procid = 1; /* what gettid() answers in there */
		pid_t first = unshare(CLONE_NEWPID) < 0 ? -1 : fork();
		if (first == 0)
			_exit(read(down[0], &c, 1) < 0);
		if (write(up[1], &first, sizeof(first)) < 0)
			_exit(1);
		if (first > 0)
			waitpid(first, NULL, 0);
		_exit(0);
	}
	close(down[0]);
	assert_int_equal(read(up[0], &child, sizeof(child)), sizeof(child));
	int err = child > 0 ? go_target_open(child, NULL, &t, &fault) : 0;
	if (child > 0 && err == 0)
		err = go_target_selfcheck(t, &fault);
	go_target_close(t);
	close(down[1]);
	close(up[0]);
	close(up[1]);
	waitpid(middle, NULL, 0);
	if (child < 0) {
		print_message("no permission to make a pid namespace\n");
		skip();
	}
	assert_int_equal(err, 0);
}

static void memory(void **state)
{
	struct go_target *t = NULL;
	struct go_loc loc;
	long page = sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), buf[16];

	(void)state;
	assert_true(two != MAP_FAILED);
	memset(two, 'x', (size_t)page);
	munmap(two + page, (size_t)page);
	pid_t pid = start(0);
	assert_int_equal(go_target_open(pid, NULL, &t, NULL), 0);
	assert_int_equal(go_target_pid(t), pid);
	assert_true(go_target_is_go(t));
	assert_int_equal(go_target_locate(t), 0);
	assert_true(go_target_bias(t) == own_bias);
	assert_int_equal(go_target_read(t, addr(two) + (uint64_t)page - 8, buf, 8), 0);
	assert_memory_equal(buf, "xxxxxxxx", 8);
	assert_int_equal(go_target_read(t, addr(two) + (uint64_t)page - 8, buf, 16), -EFAULT); /* never short */
	assert_int_equal(go_target_read(t, 0, buf, 1), -EFAULT);
	assert_int_equal(go_target_read(t, UINT64_MAX - 3, buf, 16), -EFAULT);
	assert_int_equal(go_target_resolve(t, own_bias + 0x1234, &loc), 0);
	assert_true(loc.entry == 0x1234);
	if (own_bias)
		assert_int_equal(go_target_resolve(t, own_bias - 1, &loc), -ENOENT);
	fake.is_pie = false;
	assert_int_equal(go_target_locate(t), 0);
	assert_int_equal(go_target_bias(t), 0);
	stop(pid);
	assert_int_equal(go_target_read(t, addr(two), buf, 8), -ESRCH);
	assert_int_equal(go_target_locate(t), -ESRCH);
	assert_int_equal(go_target_selfcheck(t, NULL), -ESRCH);
	go_target_close(t);
	munmap(two, (size_t)page);
}

/* What a container's seccomp filter does to process_vm_readv. */
static void forbid_vm_readv(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
}

static void memory_where_vm_readv_is_forbidden(void **state)
{
	int status;

	(void)state;
	pid_t reader = fork(); /* a filter stays for good */
	if (reader == 0) {
		struct go_target *t = NULL;
		struct iovec local = {.iov_base = &status, .iov_len = sizeof(status)};
		int32_t n = 0;
		char c;

		forbid_vm_readv();
		pid_t pid = start(0);
		int failed = process_vm_readv(pid, &local, 1, &local, 1, 0) != -1 || errno != EPERM;
		failed |= go_target_open(pid, NULL, &t, NULL) < 0 || go_target_selfcheck(t, NULL) < 0;
		failed |= go_target_gomaxprocs(t, &n) < 0 || n != 2;
		failed |= go_target_read(t, 0, &c, 1) != -EFAULT || go_target_read(t, UINT64_MAX, &c, 1) != -EFAULT;
		go_target_close(t);
		stop(pid);
		_exit(failed);
	}
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void settings_in_memory(void **state)
{
	struct go_target *t = NULL;
	int32_t v = -7;

	(void)state;
	rt.asyncpreemptoff = 1;
	pid_t pid = start(0);
	assert_int_equal(go_target_open(pid, NULL, &t, NULL), 0);
	assert_int_equal(go_target_gomaxprocs(t, &v), -EAGAIN); /* not located */
	assert_int_equal(go_target_asyncpreemptoff(t, &v), -EAGAIN);
	assert_int_equal(go_target_locate(t), 0);
	assert_int_equal(v, -7);
	assert_int_equal(go_target_gomaxprocs(t, &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(go_target_asyncpreemptoff(t, &v), 0);
	assert_int_equal(v, 1);
	go_target_close(t);
	fake.asyncpreemptoff = 0;
	assert_int_equal(go_target_open(pid, NULL, &t, NULL), 0);
	assert_int_equal(go_target_locate(t), 0);
	assert_int_equal(go_target_asyncpreemptoff(t, &v), -ENOENT);
	go_target_close(t);
	stop(pid);

	setup(NULL);
	rt.gomaxprocs = 0; /* before schedinit has come to GODEBUG */
	pid = start(0);
	assert_int_equal(go_target_open(pid, NULL, &t, NULL), 0);
	assert_int_equal(go_target_locate(t), 0);
	assert_int_equal(go_target_gomaxprocs(t, &v), -EAGAIN);
	assert_int_equal(go_target_asyncpreemptoff(t, &v), -EAGAIN);
	assert_int_equal(v, 1);
	go_target_close(t);
	stop(pid);
}

static void no_program_behind_a_pid(void **state)
{
	struct fault fault = {0};
	struct go_target *t = NULL;
	siginfo_t si;

	(void)state;
	assert_int_equal(go_target_open(INT32_MAX, NULL, &t, &fault), -ESRCH);
	assert_string_equal(fault.what, "process 2147483647");
	assert_true(fault.todo[0]);
	assert_int_equal(go_target_open(INT32_MAX, "/bin/sh", &t, &fault), -ESRCH);
	assert_int_equal(go_target_open(getpid(), "/no/such/file", &t, &fault), -ENOENT);
	pid_t pid = start(0);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(go_target_open(pid, NULL, &t, &fault), -ESRCH);
	waitpid(pid, NULL, 0);
	assert_null(t);
	assert_int_equal(fake.open, 0);
}

static const char *env_value(const struct session *s, const char *key)
{
	for (size_t i = 0; i < s->n_env; i++) {
		if (strcmp(s->env[i].key, key) == 0)
			return s->env[i].value;
	}
	return NULL;
}

static void described_before_and_after_the_exec(void **state)
{
	char *argv[] = {(char *)"/bin/sleep", (char *)"60", NULL};
	char *env[] = {(char *)"GODEBUG=asyncpreemptoff=1", (char *)"GOGC=50", (char *)"SECRET=no", NULL};
	struct fault fault = {0};
	struct launch l;
	struct go_target *t = NULL;
	struct session s;

	(void)state;
	session_init(&s);
	s.launched = true;
	/* Nothing of the runtime is in sleep's memory. */
	memset(fake.vars, 0, sizeof(fake.vars));
	fake.asyncpreemptoff = 0;
	setenv("GODEBUG", "gctrace=1", 1); /* schedtop's own */
	assert_int_equal(launch_start(&l, argv, env, LAUNCH_TO_STDERR, &fault), 0);
	unsetenv("GODEBUG");
	assert_int_equal(go_target_open(l.pid, l.path, &t, &fault), 0);
	assert_string_equal(go_target_probe_path(t), "/bin/sleep");

	assert_int_equal(go_target_locate(t), -EAGAIN);
	assert_int_equal(go_target_selfcheck(t, &fault), -EAGAIN);
	assert_int_equal(go_target_describe(t, &s), 0);
	assert_int_equal(s.pid, l.pid);
	assert_string_equal(strrchr(s.exe, '/'), "/sleep");
	assert_string_equal(s.go_version, "go1.22.12");
	assert_string_equal(s.linkmode, "internal");
	assert_int_equal(s.stripped, 0);
	assert_int_equal(s.n_build_settings, 2);
	assert_string_equal(s.build_settings[1].value, "0");
	assert_null(s.args);
	assert_int_equal(s.n_env, 0);
	assert_int_equal(s.async_enabled, -1);

	assert_int_equal(launch_go(&l, &fault), 0);
	assert_int_equal(go_target_locate(t), 0);
	session_missing(&s, "stays");
	assert_int_equal(go_target_describe(t, &s), 0);
	assert_string_equal(s.args[0], "/bin/sleep");
	assert_string_equal(s.args[1], "60");
	assert_null(s.args[2]);
	assert_string_equal(env_value(&s, "GODEBUG"), "asyncpreemptoff=1");
	assert_string_equal(env_value(&s, "GOGC"), "50");
	assert_null(env_value(&s, "SECRET"));
	assert_int_equal(s.async_enabled, 0);
	assert_int_equal(s.async_source, ASYNC_SOURCE_ENVIRONMENT);
	assert_int_equal(s.n_build_settings, 2);
	assert_string_equal(s.missing[0], "stays");
	assert_true(s.launched);
	go_target_close(t);
	launch_end(&l, 5000);
	launch_done(&l);
	session_done(&s);
}

static void described_from_memory(void **state)
{
	struct go_target *t = NULL;
	struct session s;

	(void)state;
	session_init(&s);
	strcpy(rt.godebug_text, "asyncpreemptoff=1");
	rt.godebug_default.data = addr(rt.godebug_text);
	rt.godebug_default.len = strlen(rt.godebug_text);
	rt.asyncpreemptoff = 1;
	pid_t pid = start(0);
	assert_int_equal(go_target_open(pid, NULL, &t, NULL), 0);
	assert_int_equal(go_target_describe(t, &s), 0);
	assert_non_null(strstr(s.exe, "test_target_go_target"));
	assert_int_equal(s.async_enabled, 0);
	assert_int_equal(s.async_source, ASYNC_SOURCE_LINKER);
	fake.is_go = false;
	assert_int_equal(go_target_describe(t, &s), 0);
	assert_null(s.go_version);
	assert_null(s.linkmode);
	assert_int_equal(s.async_enabled, -1);
	assert_int_equal(s.n_async_evidence, 0);
	go_target_close(t);
	stop(pid);
	session_done(&s);
}

static void a_hostile_string_header_is_refused(void **state)
{
	struct go_target *t = NULL;
	struct session s;

	(void)state;
	session_init(&s);
	rt.godebug_default.data = 8;
	rt.godebug_default.len = UINT64_MAX;
	pid_t pid = start(0);
	assert_int_equal(go_target_open(pid, NULL, &t, NULL), 0);
	assert_int_equal(go_target_describe(t, &s), 0);
	assert_int_equal(s.async_source, ASYNC_SOURCE_DEFAULT);
	go_target_close(t);
	stop(pid);
	session_done(&s);
}

static void a_file_is_described(void **state)
{
	struct go_target *t = NULL;
	struct session s;
	int32_t v;

	(void)state;
	session_init(&s);
	assert_int_equal(go_target_open(0, NULL, &t, NULL), -ESRCH);
	assert_int_equal(go_target_open(-1, "/bin/sh", &t, NULL), -ESRCH);
	assert_int_equal(go_target_open(0, "/bin/../bin/sh", &t, NULL), 0);
	assert_int_equal(go_target_locate(t), -ESRCH);
	assert_int_equal(go_target_selfcheck(t, NULL), -ESRCH);
	assert_int_equal(go_target_gomaxprocs(t, &v), -EAGAIN);
	assert_int_equal(go_target_describe(t, &s), 0);
	assert_null(strstr(s.exe, ".."));
	assert_null(s.args);
	assert_int_equal(s.pid, 0);
	assert_int_equal(s.async_enabled, 1);
	assert_int_equal(s.async_source, ASYNC_SOURCE_DEFAULT);
	go_target_close(t);
	session_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_sane_runtime_is_trusted, setup),
		cmocka_unit_test_setup(a_young_runtime_is_asked_again, setup),
		cmocka_unit_test_setup(wrong_offsets_are_refused, setup),
		cmocka_unit_test_setup(wrong_goroutines_are_refused, setup),
		cmocka_unit_test_setup(a_list_without_end_is_left, setup),
		cmocka_unit_test_setup(ids_in_a_pid_namespace_match, setup),
		cmocka_unit_test_setup(memory, setup),
		cmocka_unit_test_setup(memory_where_vm_readv_is_forbidden, setup),
		cmocka_unit_test_setup(settings_in_memory, setup),
		cmocka_unit_test_setup(no_program_behind_a_pid, setup),
		cmocka_unit_test_setup(described_before_and_after_the_exec, setup),
		cmocka_unit_test_setup(described_from_memory, setup),
		cmocka_unit_test_setup(a_hostile_string_header_is_refused, setup),
		cmocka_unit_test_setup(a_file_is_described, setup),
	};

	return cmocka_run_group_tests_name("go target", tests, NULL, NULL);
}
