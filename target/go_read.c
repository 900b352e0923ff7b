/* SPDX-License-Identifier: GPL-2.0-only */
/* Many pieces of a process's memory with few system calls. */
#include <errno.h>
#include <sys/uio.h>

#include "target/go_target.h"

/* The kernel's own limit of pieces in a call: include/uapi/linux/uio.h UIO_MAXIOV. */
#define PIECES_MAX 1024U

/*
 * The kernel reads piece after piece and stops where one can't be read: that one and what of it came is left out, and
 * the next call goes on behind it.
 */
int go_target_read_many(const struct go_target *t, struct go_read *r, size_t n, uint64_t *ret_calls)
{
	struct iovec local[PIECES_MAX], remote[PIECES_MAX];
	int good = 0;

	for (size_t done = 0; done < n;) {
		size_t take = n - done < PIECES_MAX ? n - done : PIECES_MAX, whole = 0;

		for (size_t i = 0; i < take; i++) {
			r[done + i].ok = false;
			local[i] = (struct iovec){.iov_base = r[done + i].buf, .iov_len = r[done + i].len};
			remote[i] = (struct iovec){
				.iov_base = (void *)(uintptr_t)r[done + i].addr, /* NOLINT(performance-no-int-to-ptr) */
				.iov_len = r[done + i].len};
		}
		ssize_t got = process_vm_readv(go_target_pid(t), local, take, remote, take, 0);
		++*ret_calls;
		if (got < 0 && errno == ESRCH)
			return -ESRCH;
		if (got < 0 && (errno == EPERM || errno == ENOSYS)) {
			/* Through /proc/PID/mem, which may be allowed all the same. */
			int err = go_target_read(t, r[done].addr, r[done].buf, r[done].len);

			++*ret_calls;
			if (err == -EPERM || err == -ESRCH)
				return err;
			r[done].ok = err == 0;
			good += err == 0;
			done++;
			continue;
		}
		if (got < 0 && errno != EFAULT)
			return -errno;
		for (ssize_t left = got < 0 ? 0 : got; whole < take && (size_t)left >= r[done + whole].len; whole++) {
			left -= (ssize_t)r[done + whole].len;
			r[done + whole].ok = true;
		}
		good += (int)whole;
		done += whole < take ? whole + 1 : whole;
	}
	return good;
}
