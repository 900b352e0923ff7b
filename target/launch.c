/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"

/* Who the target runs as. */
struct identity {
	bool change;
	uid_t uid;
	gid_t gid;
	const char *user; /* for its groups; NULL = no such user, the group alone */
};

/* What the child needs, prepared before the fork: after it only async-signal-safe calls are made. */
struct plan {
	const char *path;
	char *const *argv;
	char **envp;
	int gate_fd, error_fd, output_fd;
	struct identity id;
	pid_t parent;
};

static int parse_id(const char *text, unsigned *ret)
{
	char *end;

	if (!text || !*text)
		return -EINVAL;
	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	if (errno || *end || v >= UINT32_MAX)
		return -EINVAL;
	*ret = (unsigned)v;
	return 0;
}

/* Under sudo the target belongs to who called it, not to root. */
static struct identity invoking_user(void)
{
	struct identity id = {0};
	unsigned uid, gid;

	if (geteuid() != 0 || parse_id(getenv("SUDO_UID"), &uid) < 0 || uid == 0)
		return id;
	const struct passwd *pw = getpwuid(uid);
	if (parse_id(getenv("SUDO_GID"), &gid) < 0)
		gid = pw ? pw->pw_gid : uid;
	id = (struct identity){.change = true, .uid = uid, .gid = gid, .user = pw ? pw->pw_name : NULL};
	return id;
}

static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return access(path, X_OK) < 0 ? -errno : 0;
}

/* What execvp would run. */
static int find_program(const char *name, char **ret)
{
	int found_err = -ENOENT;

	if (strchr(name, '/')) {
		int err = check_executable(name);

		if (err < 0)
			return err;
		*ret = strdup(name);
		return *ret ? 0 : -ENOMEM;
	}
	const char *dirs = getenv("PATH");
	if (!dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	for (const char *p = dirs; *name; p++) {
		size_t len = strcspn(p, ":");
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%.*s/%s", len ? (int)len : 1, len ? p : ".", name) < 0)
			return -ENOMEM;
		int err = check_executable(path);
		if (err == 0) {
			*ret = take_ptr(path);
			return 0;
		}
		if (err == -EACCES)
			found_err = err;
		p += len;
		if (!*p)
			break;
	}
	return found_err;
}

static size_t name_len(const char *kv)
{
	const char *eq = strchr(kv, '=');

	return eq ? (size_t)(eq - kv) : strlen(kv);
}

/* The environment with @extra over it; the strings are borrowed. */
static char **merge_env(char *const extra[])
{
	size_t n = 0, n_extra = 0;

	while (environ[n])
		n++;
	while (extra && extra[n_extra])
		n_extra++;
	char **env = calloc(n + n_extra + 1, sizeof(*env));
	if (!env)
		return NULL;
	size_t out = 0;
	for (size_t i = 0; i < n; i++) {
		bool replaced = false;

		for (size_t j = 0; j < n_extra && !replaced; j++) {
			size_t len = name_len(extra[j]);

			replaced = strncmp(environ[i], extra[j], len) == 0 && environ[i][len] == '=';
		}
		if (!replaced)
			env[out++] = environ[i];
	}
	for (size_t j = 0; j < n_extra; j++)
		env[out++] = extra[j];
	return env;
}

static void child_fail(const struct plan *p)
{
	int err = errno;

	if (write(p->error_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

static void child_become(const struct plan *p)
{
	if (!p->id.change)
		return;
	int err = p->id.user ? initgroups(p->id.user, p->id.gid) : setgroups(1, &p->id.gid);
	if (err < 0 || setresgid(p->id.gid, p->id.gid, p->id.gid) < 0 || setresuid(p->id.uid, p->id.uid, p->id.uid) < 0)
		child_fail(p);
	if (setuid(0) == 0) { /* root must be gone for good */
		errno = EPERM;
		child_fail(p);
	}
}

/* Runs in the forked child; never returns. */
static void child_run(const struct plan *p)
{
	sigset_t none;
	char go;

	setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(p->output_fd, STDOUT_FILENO) < 0 ||
	    dup2(p->output_fd, STDERR_FILENO) < 0)
		child_fail(p);
	child_become(p);

	/* After the change of user, which clears it; the parent may have died before. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		child_fail(p);
	if (getppid() != p->parent)
		_exit(127);

	/* End of file without a byte: the parent gave up. */
	ssize_t n;
	do {
		n = read(p->gate_fd, &go, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(127);

	syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
	execve(p->path, p->argv, p->envp);
	child_fail(p);
}

static int launch_fault(struct fault *fault, const char *program, int err)
{
	fault_set(fault, err, program, "%s", strerror(-err));
	switch (err) {
	case -ENOENT:
		return fault_todo(fault, "Give the path of an executable, or a name found through PATH"), err;
	case -EACCES:
	case -EISDIR:
		return fault_todo(fault, "It must be an executable file that the target's user may run"), err;
	case -ENOEXEC:
		return fault_todo(fault, "It is no program for this machine; a script needs its #! line"), err;
	default:
		return err;
	}
}

int launch_start(struct launch *l, char *const argv[], char *const env_extra[], enum launch_output output,
		 struct fault *fault)
{
	cleanup_close int gate_r = -1, gate_w = -1, error_r = -1, error_w = -1, out_r = -1, out_w = -1;
	cleanup_free char **envp = NULL;
	int fds[2];

	*l = (struct launch){.pid = -1, .output_fd = -1, .pidfd = -1, .gate_fd = -1, .exec_error_fd = -1};
	int err = find_program(argv[0], &l->path);
	if (err < 0)
		return launch_fault(fault, argv[0], err);
	envp = merge_env(env_extra);
	if (!envp)
		return launch_fault(fault, argv[0], -ENOMEM);

	if (pipe2(fds, O_CLOEXEC) < 0)
		return launch_fault(fault, argv[0], -errno);
	gate_r = fds[0], gate_w = fds[1];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return launch_fault(fault, argv[0], -errno);
	error_r = fds[0], error_w = fds[1];
	if (output == LAUNCH_TO_PIPE) {
		if (pipe2(fds, O_CLOEXEC) < 0)
			return launch_fault(fault, argv[0], -errno);
		out_r = fds[0], out_w = fds[1];
		if (fcntl(out_r, F_SETFL, O_NONBLOCK) < 0)
			return launch_fault(fault, argv[0], -errno);
	}

	struct plan plan = {
		.path = l->path,
		.argv = argv,
		.envp = envp,
		.gate_fd = gate_r,
		.error_fd = error_w,
		.output_fd = output == LAUNCH_TO_PIPE ? out_w : STDERR_FILENO,
		.id = invoking_user(),
		.parent = getpid(),
	};
	pid_t pid = fork();
	if (pid < 0)
		return launch_fault(fault, argv[0], -errno);
	if (pid == 0) {
		close(gate_w); /* so that the parent's death opens the gate with an end of file */
		child_run(&plan);
	}
	setpgid(pid, pid); /* both sides do: whoever comes first */
	l->pid = pid;
	l->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	l->gate_fd = take_fd(gate_w);
	l->exec_error_fd = take_fd(error_r);
	l->output_fd = take_fd(out_r);
	return 0;
}

int launch_go(struct launch *l, struct fault *fault)
{
	int child_errno = 0;
	ssize_t n;

	if (l->gate_fd < 0)
		return -EALREADY;
	if (write(l->gate_fd, "g", 1) != 1)
		return fault_set(fault, -ECHILD, l->path, "the child ended before it could start the program");
	close(l->gate_fd);
	l->gate_fd = -1;
	do {
		n = read(l->exec_error_fd, &child_errno, sizeof(child_errno));
	} while (n < 0 && errno == EINTR);
	close(l->exec_error_fd);
	l->exec_error_fd = -1;
	if (n == (ssize_t)sizeof(child_errno))
		return launch_fault(fault, l->path, child_errno > 0 ? -child_errno : -EIO);
	return 0;
}

bool launch_ended(struct launch *l)
{
	if (!l->reaped && l->pid > 0) {
		pid_t done = waitpid(l->pid, &l->status, WNOHANG);

		l->reaped = done == l->pid || (done < 0 && errno == ECHILD);
	}
	return l->reaped;
}

void launch_end(struct launch *l, unsigned grace_ms)
{
	if (l->pid <= 0 || launch_ended(l))
		return;
	kill(-l->pid, SIGTERM);
	kill(l->pid, SIGTERM);
	uint64_t deadline = clock_now_ns() + grace_ms * NS_PER_MS;
	while (!launch_ended(l) && clock_now_ns() < deadline) {
		struct pollfd p = {.fd = l->pidfd, .events = POLLIN};

		poll(&p, 1, l->pidfd >= 0 ? (int)grace_ms : 10);
	}
	if (launch_ended(l))
		return;
	kill(-l->pid, SIGKILL);
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, &l->status, 0) < 0 && errno == EINTR)
		;
	l->reaped = true;
}

void launch_done(struct launch *l)
{
	if (l->gate_fd >= 0)
		launch_end(l, 0);
	int *fds[] = {&l->output_fd, &l->pidfd, &l->gate_fd, &l->exec_error_fd};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	free(l->path);
	l->path = NULL;
}
