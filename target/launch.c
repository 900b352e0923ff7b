/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/invoker.h"
#include "target/launcher.h"

/* Without close_range(2) (Linux before 5.9) descriptors are closed one by one, up to here. */
#define CLOSE_FDS_MAX 65536

/* Who the target runs as. */
struct identity {
	bool change;
	struct launch_user user;
};

/* What the child needs, prepared before the fork: after it only async-signal-safe calls are made. */
struct plan {
	const char *path;
	char *const *argv;
	char **envp;
	int gate_fd, error_fd, output_fd;
	bool output_is_own; /* a pipe of ours */
	int netns_fd;
	const char *cwd;                /* NULL = stay */
	const struct launch_user *user; /* as asked for; @id is made of it */
	const struct identity *id;
	pid_t parent;
};

/* Under sudo the target belongs to who called it, not to root. Looked up here: NSS is no business of a forked child. */
static void invoking_user(struct identity *id)
{
	uid_t uid;
	gid_t gid;

	id->change = false;
	if (!invoker_ids(&uid, &gid))
		return;
	const struct passwd *pw = getpwuid(uid);
	if (gid == (gid_t)-1)
		gid = pw ? pw->pw_gid : uid;
	id->change = true;
	id->user.uid = uid;
	id->user.gid = gid;
	id->user.n_groups = LAUNCH_GROUPS_MAX;
	if (!pw || getgrouplist(pw->pw_name, gid, id->user.groups, &id->user.n_groups) < 0) {
		id->user.groups[0] = gid;
		id->user.n_groups = 1;
	}
}

/* Becoming another user fails in the child unless we are root. */
static void given_user(struct identity *id, const struct launch_user *user)
{
	id->change = user->uid != geteuid();
	id->user = *user;
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
		/* The file is there but can't be run; a directory that can't be searched is no such news. */
		if (err == -EACCES && access(path, F_OK) == 0)
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

/* An environment with @extra over it; the strings are borrowed. */
static char **merge_env(char *const base[], char *const extra[])
{
	size_t n = 0, n_extra = 0;

	while (base[n])
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

			replaced = strncmp(base[i], extra[j], len) == 0 && base[i][len] == '=';
		}
		if (!replaced)
			env[out++] = base[i];
	}
	/* Of two settings of one name the later counts, as on env(1)'s command line; libc and Go take the first. */
	for (size_t j = 0; j < n_extra; j++) {
		size_t len = name_len(extra[j]);
		bool again = false;

		for (size_t k = j + 1; k < n_extra && !again; k++)
			again = strncmp(extra[k], extra[j], len) == 0 && extra[k][len] == '=';
		if (!again)
			env[out++] = extra[j];
	}
	return env;
}

/* Tells the parent errno. */
static void child_fail(const struct plan *p)
{
	int err = errno;

	if (write(p->error_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

static void child_become(const struct plan *p)
{
	const struct identity *id = p->id;

	if (!id->change)
		return;
	const struct launch_user *u = &id->user;
	if (setgroups((size_t)u->n_groups, u->groups) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
	    setresuid(u->uid, u->uid, u->uid) < 0)
		child_fail(p);
	if (setuid(0) == 0) { /* root must be gone for good */
		errno = EPERM;
		child_fail(p);
	}
}

/*
 * What schedtop was given to trace with isn't the program's: it starts with what its user has. (An exec by another user
 * than root ends the capabilities of a file anyway; here they don't count for finding the program either.)
 */
static void child_drop(const struct plan *p)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {0};

	if (geteuid() == 0)
		return;
	if (syscall(SYS_capget, &head, caps) < 0)
		child_fail(p);
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		caps[i].effective = caps[i].permitted = 0;
	if (syscall(SYS_capset, &head, caps) < 0)
		child_fail(p);
}

static void close_between(unsigned first, unsigned last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (unsigned fd = first; fd <= last && fd < CLOSE_FDS_MAX; fd++)
		close((int)fd);
}

/*
 * Keeps the standard three and two more. All others go before the wait, not at the exec: a second child must not hold
 * the first one's gate open.
 */
static void close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	close_between(3, low - 1);
	close_between(low + 1, high - 1);
	close_between(high + 1, ~0U);
}

/* Runs in the forked child, with all signals blocked; never returns. */
static void child_run(struct plan *p)
{
	sigset_t none;
	char go;

	setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	/* Out of the way of 0, 1 and 2, which may have been closed when schedtop started. */
	int gate = fcntl(p->gate_fd, F_DUPFD_CLOEXEC, 3), error = fcntl(p->error_fd, F_DUPFD_CLOEXEC, 3);
	int output = fcntl(p->output_fd, F_DUPFD_CLOEXEC, 3);
	if (gate < 0 || error < 0 || output < 0)
		child_fail(p);
	p->gate_fd = gate;
	p->error_fd = error;
	if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		child_fail(p);
	int null = open("/dev/null", O_RDONLY), ends[2];
	/* A bare chroot has none: a pipe that nobody writes to ends at once, too. */
	if (null < 0 && pipe2(ends, O_CLOEXEC) == 0) {
		null = ends[0];
		close(ends[1]);
	}
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		child_fail(p);
	/* While we may: the user that the child becomes can't. */
	if (p->netns_fd > 0 && setns(p->netns_fd, CLONE_NEWNET) < 0)
		child_fail(p);
	close_others(gate, error);
	/* So that the target may open /dev/stderr again. Here, because schedtop itself may have given up the right. */
	if (p->output_is_own && p->id->change && fchown(STDERR_FILENO, p->id->user.uid, p->id->user.gid) < 0)
		child_fail(p);
	child_become(p);
	if (p->cwd && chdir(p->cwd) < 0)
		child_fail(p);
	child_drop(p);

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

	execve(p->path, p->argv, p->envp);
	child_fail(p);
}

/* Who targets run as that the launcher forks: looked up before it is there. */
static struct identity launcher_identity;

static void run_launched(const struct launcher_job *job)
{
	struct plan plan = {
		.path = job->path,
		.argv = job->argv,
		.envp = job->envp,
		.gate_fd = job->gate_fd,
		.error_fd = job->error_fd,
		.output_fd = job->output_fd,
		.output_is_own = job->output_is_own,
		.cwd = job->cwd,
		.id = &launcher_identity,
		.parent = getppid(),
	};

	if (job->user)
		given_user(&launcher_identity, job->user); /* in the child's copy */
	child_run(&plan);
}

int launch_prepare(void)
{
	invoking_user(&launcher_identity);
	return launcher_start(run_launched);
}

/* Returns the child's id, or -errno; doesn't return in a child. */
static pid_t fork_child(struct plan *plan)
{
	const struct launcher_job job = {
		.path = plan->path,
		.argv = plan->argv,
		.envp = plan->envp,
		.gate_fd = plan->gate_fd,
		.error_fd = plan->error_fd,
		.output_fd = plan->output_fd,
		.output_is_own = plan->output_is_own,
		.cwd = plan->cwd,
		.user = plan->user,
	};

	/* Who gives targets a network of their own keeps what entering it takes, and needs no launcher. */
	if (launcher_is_there() && plan->netns_fd <= 0)
		return launcher_fork(&job);
	pid_t pid = fork();
	if (pid == 0)
		child_run(plan);
	return pid < 0 ? -errno : pid;
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
	const struct launch_opts opts = {.argv = argv, .env_extra = env_extra, .output = output};

	return launch_start_with(l, &opts, fault);
}

int launch_start_with(struct launch *l, const struct launch_opts *opts, struct fault *fault)
{
	char *const *argv = opts->argv;
	const enum launch_output output = opts->output;
	cleanup_close int gate_r = -1, gate_w = -1, error_r = -1, error_w = -1, out_r = -1, out_w = -1;
	cleanup_free char **envp = NULL;
	cleanup_free struct identity *id = NULL;
	sigset_t all, before;
	int fds[2];

	*l = (struct launch){.pid = -1, .output_fd = -1, .pidfd = -1, .gate_fd = -1, .exec_error_fd = -1};
	if (!argv[0])
		return launch_fault(fault, "command", -EINVAL);
	const char *program = opts->path ? opts->path : argv[0];
	int err = find_program(program, &l->path);
	if (err < 0)
		return launch_fault(fault, program, err);
	envp = merge_env(opts->env ? opts->env : environ, opts->env_extra);
	id = malloc(sizeof(*id));
	if (!envp || !id)
		return launch_fault(fault, argv[0], -ENOMEM);
	if (opts->user)
		given_user(id, opts->user);
	else
		invoking_user(id);

	/* A socket, because a write to a pipe whose child has been killed would be our own SIGPIPE. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
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
		.output_is_own = output == LAUNCH_TO_PIPE,
		.user = opts->user,
		.netns_fd = opts->netns_fd,
		.cwd = opts->cwd,
		.id = id,
		.parent = getpid(),
	};
	/* No handler of schedtop's may run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork_child(&plan);
	err = pid < 0 ? (int)pid : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err < 0)
		return launch_fault(fault, argv[0], err);
	setpgid(pid, pid); /* both sides do: whoever comes first */
	l->pid = pid;
	l->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	l->gate_fd = take_fd(gate_w);
	l->exec_error_fd = take_fd(error_r);
	l->output_fd = take_fd(out_r);
	return 0;
}

/* Waits until the child has ended, which it is about to. */
static void reap(struct launch *l)
{
	while (!l->reaped) {
		pid_t done = waitpid(l->pid, &l->status, 0);

		l->reaped = done == l->pid || errno != EINTR;
	}
}

int launch_go(struct launch *l, struct fault *fault)
{
	int child_errno = 0;
	ssize_t n;

	if (l->gate_fd < 0)
		return fault_set(fault, -EALREADY, l->path ? l->path : "target", "has been started already");
	bool sent = send(l->gate_fd, "g", 1, MSG_NOSIGNAL) == 1;
	close(l->gate_fd); /* had the byte been lost, this would end the child */
	l->gate_fd = -1;
	do {
		n = read(l->exec_error_fd, &child_errno, sizeof(child_errno));
	} while (n < 0 && errno == EINTR);
	close(l->exec_error_fd);
	l->exec_error_fd = -1;
	if (n == (ssize_t)sizeof(child_errno)) {
		reap(l);
		return launch_fault(fault, l->path, child_errno > 0 ? -child_errno : -EIO);
	}
	if (!sent) {
		reap(l);
		return fault_set(fault, -ECHILD, l->path, "the child was ended before it could start the program");
	}
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

/* One signal for each process of the target: a second SIGTERM means "at once" to many programs. */
void launch_signal(const struct launch *l, int sig)
{
	if (kill(-l->pid, sig) < 0)
		kill(l->pid, sig); /* it has left its group */
}

/* Asks it to end, and gives it @grace_ms for that. */
static void ask_to_end(struct launch *l, unsigned grace_ms, bool (*over)(struct launch *l))
{
	uint64_t now = clock_now_ns(), deadline = now + grace_ms * NS_PER_MS;

	launch_signal(l, SIGTERM);
	launch_signal(l, SIGCONT); /* a stopped one couldn't react */
	while (now < deadline && !over(l)) {
		struct pollfd p = {.fd = l->pidfd, .events = POLLIN};
		uint64_t left_ms = (deadline - now + NS_PER_MS - 1) / NS_PER_MS;

		poll(&p, 1, l->pidfd >= 0 || left_ms < 10 ? (int)left_ms : 10);
		now = clock_now_ns();
	}
}

void launch_end(struct launch *l, unsigned grace_ms)
{
	if (l->pid <= 0 || launch_ended(l))
		return;
	ask_to_end(l, grace_ms, launch_ended);
	if (launch_ended(l))
		return;
	launch_signal(l, SIGKILL);
	reap(l);
}

bool launch_exited(const struct launch *l)
{
	siginfo_t info = {0};

	if (l->reaped || l->pid <= 0)
		return l->reaped;
	return waitid(P_PID, (id_t)l->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == l->pid;
}

static bool exited(struct launch *l)
{
	return launch_exited(l);
}

void launch_end_group(struct launch *l, unsigned grace_ms)
{
	if (l->pid <= 0 || l->reaped)
		return;
	if (!launch_exited(l))
		ask_to_end(l, grace_ms, exited);
	/* While it isn't reaped, its number can't be another group's. */
	launch_signal(l, SIGKILL);
	reap(l);
}

void launch_done(struct launch *l)
{
	if (l->gate_fd >= 0)
		launch_end(l, 0);
	launch_ended(l); /* no zombie of one that has ended by itself */
	int *fds[] = {&l->output_fd, &l->pidfd, &l->gate_fd, &l->exec_error_fd};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	free(l->path);
	l->path = NULL;
}
