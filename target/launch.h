/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting a target so that its first microsecond is seen: the child is forked and waits; the caller places the probes;
 * launch_go() lets it exec. It runs as the invoking user (SUDO_UID, SUDO_GID and that user's groups when schedtop runs
 * under sudo), in its own process group, with the terminal kept from it (stdin from /dev/null) and none of schedtop's
 * descriptors. It doesn't outlive schedtop unnoticed: when the *thread* that launched it ends (so also when schedtop is
 * killed) it gets SIGTERM. Therefore launch from the main thread. A struct launch is used by one thread at a time.
 */
#ifndef SCHEDTOP_TARGET_LAUNCH_H
#define SCHEDTOP_TARGET_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

struct fault;

enum launch_output {
	LAUNCH_TO_STDERR, /* --batch: the target's stdout joins stderr */
	LAUNCH_TO_PIPE,   /* the screen: stdout and stderr come through launch.output_fd */
};

/* Who a target runs as. */
#define LAUNCH_GROUPS_MAX 1024
struct launch_user {
	uid_t uid;
	gid_t gid;
	int n_groups;
	gid_t groups[LAUNCH_GROUPS_MAX];
};

/* All is used during the call only. */
struct launch_opts {
	char *const *argv;      /* NULL-terminated */
	char *const *env_extra; /* as in launch_start() */
	enum launch_output output;
	const char *path;               /* what to exec; NULL = argv[0], found as a shell does */
	char *const *env;               /* the whole environment, under env_extra; NULL = schedtop's own */
	const char *cwd;                /* NULL = schedtop's own; with one, path must be absolute */
	const struct launch_user *user; /* NULL = the invoking user */
	int netns_fd;                   /* the network namespace to start it in; 0 and below = schedtop's own */
};

struct launch {
	pid_t pid;
	int output_fd;     /* non-blocking; -1 unless LAUNCH_TO_PIPE */
	int pidfd;         /* readable when the target has ended; -1 before Linux 5.3 */
	int gate_fd;       /* internal: a byte lets the child go, closing it ends the child */
	int exec_error_fd; /* internal: the child's errno if exec failed */
	char *path;        /* what will be exec'ed, found through PATH */
	bool reaped;
	int status; /* as wait(2) gives it, valid when reaped */
};

/**
 * From now on targets are forked by a process that is made here (launcher.h). Call it while schedtop has what its user
 * has, when targets may be launched after privileges have been given up. From the main thread. 0 or -errno.
 */
int launch_prepare(void);

/**
 * Forks the child and leaves it waiting. @argv is NULL-terminated; @env_extra ("K=V", NULL-terminated, may be NULL)
 * overrides the environment; of two settings of one name the last counts. @argv and @env_extra are used during the call
 * only. 0, or -errno with @fault: -ENOENT not found, -EACCES not executable. Call launch_done() in any case.
 */
int launch_start(struct launch *l, char *const argv[], char *const env_extra[], enum launch_output output,
		 struct fault *fault);

/**
 * The same, with what only some callers ask for. A folder that the user can't enter shows in launch_go(), and so does a
 * network namespace that can't be entered: that needs CAP_SYS_ADMIN.
 */
int launch_start_with(struct launch *l, const struct launch_opts *opts, struct fault *fault);

/**
 * Lets it exec and waits until it has (close-on-exec pipe). 0, or -errno with @fault: of the exec, -ECHILD when the
 * child was killed before, -EALREADY the second time. After an error of the exec the child has ended and is reaped.
 */
int launch_go(struct launch *l, struct fault *fault);

/** Has it ended? Reaps without waiting. */
bool launch_ended(struct launch *l);

/** One signal for each process of its group. Any thread, as long as it isn't known to have ended. */
void launch_signal(const struct launch *l, int sig);

/** Ends it if it still runs: SIGTERM to its process group, @grace_ms later SIGKILL; reaps. Waits @grace_ms at most. */
void launch_end(struct launch *l, unsigned grace_ms);

/** Has it ended by itself? Unlike launch_ended() leaves it unreaped, so that its process group is still its own. */
bool launch_exited(const struct launch *l);

/**
 * Ends it with all that is left of its process group, also when it has ended by itself: SIGTERM while it runs, SIGKILL
 * to the group when it has ended or after @grace_ms; reaps. Nothing after it has been reaped.
 */
void launch_end_group(struct launch *l, unsigned grace_ms);

/** Frees; a child that still waits at the gate is killed, a running one is left alone. Accepts a half-built one. */
void launch_done(struct launch *l);

#endif
