/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/reader_internal.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define READ_STEP (64U << 10)

static ssize_t read_some(struct input *in, uint8_t *dst, size_t n)
{
	struct pollfd p = {.fd = in->fd, .events = POLLIN};

	if (in->seekable)
		return pread(in->fd, dst, n, (off_t)(in->at_offset + input_left(in)));
	int ready = poll(&p, 1, 0);
	if (ready <= 0) {
		errno = ready < 0 ? errno : EAGAIN;
		return -1;
	}
	return read(in->fd, dst, n);
}

static int read_more(struct input *in)
{
	if (!bytes_room(&in->buf, READ_STEP))
		return -ENOMEM;
	ssize_t n = read_some(in, in->buf.data + in->buf.len, READ_STEP);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	in->eof = n == 0;
	in->buf.len += (size_t)n;
	return 0;
}

int input_want(struct input *in, size_t n)
{
	if (input_left(in) >= n)
		return 1;
	/* What has been used makes room: a block at a time stays in memory. */
	if (in->at) {
		memmove(in->buf.data, in->buf.data + in->at, input_left(in));
		in->buf.len -= in->at;
		in->at = 0;
	}
	while (input_left(in) < n && !in->eof) {
		int err = read_more(in);

		if (err < 0)
			return err;
	}
	return input_left(in) >= n;
}

void input_use(struct input *in, size_t n)
{
	in->at += n;
	in->at_offset += n;
}

void input_seek(struct input *in, uint64_t offset)
{
	in->buf.len = in->at = 0;
	in->at_offset = offset;
	in->eof = false;
}

int input_read_at(const struct input *in, uint64_t offset, uint8_t *dst, size_t n)
{
	while (n > 0) {
		ssize_t got = pread(in->fd, dst, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EBADMSG;
		dst += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}
