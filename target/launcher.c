/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/launcher.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* The kernel takes no more than 6 MiB of arguments and environment (fs/exec.c bprm_stack_limits). */
#define WORDS_BYTES_MAX (8U << 20)

/* Descriptors of a request: the words, the gate, the error pipe, the output. */
enum { FD_WORDS, FD_GATE, FD_ERROR, FD_OUTPUT, FD_COUNT };

/* The words' file: the path, the folder, then so many arguments, then so many variables, each with its NUL. */
struct request {
	uint32_t argc, envc;
	bool output_is_own, have_cwd, have_user;
	struct launch_user user;
};

static int to_launcher = -1;

/* Room for one message's descriptors, aligned as the macros want it. */
union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(FD_COUNT * sizeof(int))];
};

static uint32_t count(char *const *list)
{
	uint32_t n = 0;

	while (list[n])
		n++;
	return n;
}

/* ---- the launcher's side ---- */

static bool receive(int from, struct request *ret, int fds[FD_COUNT])
{
	union control c;
	struct iovec iov = {.iov_base = ret, .iov_len = sizeof(*ret)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	ssize_t n;

	do {
		n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	const struct cmsghdr *head = n == (ssize_t)sizeof(*ret) ? CMSG_FIRSTHDR(&msg) : NULL;
	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(FD_COUNT * sizeof(int)))
		return false;
	memcpy(fds, CMSG_DATA(head), FD_COUNT * sizeof(int));
	return true;
}

/* Points @list at the next @n words. */
static bool take_words(char **at, const char *end, char **list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (*at >= end)
			return false;
		list[i] = *at;
		*at += strlen(*at) + 1;
	}
	return true;
}

static pid_t start_child(const struct request *r, const int fds[FD_COUNT], void (*run)(const struct launcher_job *job))
{
	struct stat st;
	pid_t pid = -EBADMSG;

	if (fstat(fds[FD_WORDS], &st) < 0 || st.st_size <= 0 || st.st_size > WORDS_BYTES_MAX || r->argc > st.st_size ||
	    r->envc > st.st_size)
		return pid;
	size_t len = (size_t)st.st_size;
	char *words = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fds[FD_WORDS], 0);
	cleanup_free char **lists = calloc((size_t)r->argc + r->envc + 2, sizeof(*lists));
	if (words == MAP_FAILED)
		return -ENOMEM;
	if (!lists) {
		munmap(words, len);
		return -ENOMEM;
	}
	struct launcher_job job = {.argv = lists,
				   .envp = lists + r->argc + 1,
				   .gate_fd = fds[FD_GATE],
				   .error_fd = fds[FD_ERROR],
				   .output_fd = fds[FD_OUTPUT],
				   .output_is_own = r->output_is_own,
				   .user = r->have_user ? &r->user : NULL};
	char *at = words, *path = NULL, *cwd = NULL;
	if (words[len - 1] == '\0' && take_words(&at, words + len, &path, 1) && take_words(&at, words + len, &cwd, 1) &&
	    take_words(&at, words + len, lists, r->argc) && take_words(&at, words + len, job.envp, r->envc)) {
		job.path = path;
		job.cwd = r->have_cwd ? cwd : NULL;
		/* fork() with schedtop as the parent; there is one thread here, so nothing of libc's is left locked. */
		pid = (pid_t)syscall(SYS_clone, (unsigned long)CLONE_PARENT | SIGCHLD, 0UL, 0UL, 0UL, 0UL);
		if (pid == 0)
			run(&job);
		pid = pid < 0 ? -errno : pid;
	}
	munmap(words, len);
	return pid;
}

static void serve(int from, void (*run)(const struct launcher_job *job))
{
	struct request r;
	int fds[FD_COUNT];

	while (receive(from, &r, fds)) {
		pid_t pid = start_child(&r, fds, run);

		for (int i = 0; i < FD_COUNT; i++)
			close(fds[i]);
		if (send(from, &pid, sizeof(pid), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

int launcher_start(void (*run)(const struct launcher_job *job))
{
	sigset_t all, before;
	int ends[2];

	if (to_launcher >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0) {
		/* Not of the terminal's foreground, and with no other way to end than schedtop's end. */
		setpgid(0, 0);
		close(ends[0]);
		serve(ends[1], run);
	}
	int err = pid < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (err < 0)
		close(ends[0]);
	else
		to_launcher = ends[0];
	return err;
}

/* ---- schedtop's side ---- */

bool launcher_is_there(void)
{
	return to_launcher >= 0;
}

static int write_word(int fd, const char *word)
{
	size_t n = strlen(word) + 1;

	return write(fd, word, n) == (ssize_t)n ? 0 : -EIO;
}

static int write_words(int fd, const struct launcher_job *job)
{
	int err = write_word(fd, job->path);

	if (err == 0)
		err = write_word(fd, job->cwd ? job->cwd : "");
	for (char *const *p = job->argv; err == 0 && *p; p++)
		err = write_word(fd, *p);
	for (char *const *p = job->envp; err == 0 && *p; p++)
		err = write_word(fd, *p);
	return err == 0 && lseek(fd, 0, SEEK_CUR) > WORDS_BYTES_MAX ? -E2BIG : err;
}

pid_t launcher_fork(const struct launcher_job *job)
{
	struct request r = {.argc = count(job->argv),
			    .envc = count(job->envp),
			    .output_is_own = job->output_is_own,
			    .have_cwd = job->cwd != NULL,
			    .have_user = job->user != NULL};
	cleanup_close int words = memfd_create("schedtop-words", MFD_CLOEXEC);
	const int fds[FD_COUNT] = {words, job->gate_fd, job->error_fd, job->output_fd};
	union control c = {.room = {0}};
	struct iovec iov = {.iov_base = &r, .iov_len = sizeof(r)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	pid_t pid;
	ssize_t n;

	if (words < 0)
		return -errno;
	if (job->user)
		r.user = *job->user;
	int err = write_words(words, job);
	if (err < 0)
		return err;
	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&c.head), fds, sizeof(fds));
	if (sendmsg(to_launcher, &msg, MSG_NOSIGNAL) < 0)
		return -errno;
	do {
		n = recv(to_launcher, &pid, sizeof(pid), 0);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(pid) ? pid : -EPIPE;
}
