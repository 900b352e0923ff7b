/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/invoker.h"
#include "capture/columns.h"

/* So much can be written to a pipe that poll() calls writable without waiting (pipe(7), PIPE_BUF). */
#define PIPE_STEP 4096
#define FILE_STEP 65536
#define WAIT_MS   20
/* An index is a help, not a need: one that were too big for a block is left out. */
#define INDEX_MAX (BLOCK_RAW_MAX / 2)

int out_init(struct out *o, const struct out_opts *opts)
{
	*o = (struct out){.opts = *opts, .fd = -1};
	o->zstd = columns_packer_new();
	return o->zstd ? 0 : -ENOMEM;
}

static void close_file(struct out *o)
{
	if (o->fd >= 0 && o->opts.path)
		close(o->fd);
	o->fd = -1;
}

void out_done(struct out *o)
{
	if (!o->zstd)
		return;
	close_file(o);
	bytes_done(&o->index);
	columns_packer_free(o->zstd);
	o->zstd = NULL;
}

static bool giving_up(const struct out *o, uint64_t now_ns)
{
	uint64_t at = atomic_load(o->opts.give_up_ns);

	return at && now_ns >= at;
}

/* Waits until the bandwidth limit lets more pass. Once the end has been asked for, there is no limit. */
static void wait_for_turn(struct out *o, size_t n)
{
	uint64_t now_ns = clock_now_ns();

	if (!o->opts.bwlimit)
		return;
	while (now_ns < o->send_next_ns && !atomic_load(o->opts.give_up_ns)) {
		uint64_t left_ns = o->send_next_ns - now_ns;
		struct timespec ts = {.tv_nsec = (long)(left_ns < WAIT_MS * NS_PER_MS ? left_ns : WAIT_MS * NS_PER_MS)};

		nanosleep(&ts, NULL);
		now_ns = clock_now_ns();
	}
	if (o->send_next_ns < now_ns)
		o->send_next_ns = now_ns;
	o->send_next_ns += (uint64_t)((double)n / (double)o->opts.bwlimit * (double)NS_PER_S);
}

/* Waits until a pipe takes PIPE_STEP bytes. 0 or -ETIMEDOUT. */
static int wait_for_reader(const struct out *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};

	/* An error or a closed other end is for write() to tell. */
	while (poll(&p, 1, WAIT_MS) == 0) {
		if (giving_up(o, clock_now_ns()))
			return -ETIMEDOUT;
	}
	return 0;
}

static int write_all(struct out *o, const uint8_t *src, size_t n)
{
	const size_t max = o->regular ? FILE_STEP : PIPE_STEP;

	while (n > 0) {
		size_t step = n < max ? n : max;

		wait_for_turn(o, step);
		int err = o->regular ? 0 : wait_for_reader(o);
		if (err < 0)
			return err;
		ssize_t done = write(o->fd, src, step);
		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			return -ENOSPC;
		src += done;
		n -= (size_t)done;
		o->offset += (uint64_t)done;
		atomic_fetch_add(o->opts.bytes, (uint64_t)done);
	}
	return 0;
}

/* All of it or, in a file, nothing. */
static int write_block(struct out *o, struct block_head *head, const uint8_t *stored)
{
	uint64_t begin = o->offset;
	uint8_t bytes[BLOCK_HEAD_SIZE];

	head->major = CAPTURE_MAJOR;
	block_head_store(head, stored, bytes);
	int err = write_all(o, bytes, sizeof(bytes));
	if (err == 0)
		err = write_all(o, stored, head->stored);
	if (err < 0 && o->regular && ftruncate(o->fd, (off_t)begin) == 0 && lseek(o->fd, (off_t)begin, SEEK_SET) >= 0)
		o->offset = begin;
	return err;
}

/* FILE.1 becomes FILE.2 and so on; the last one is replaced. Gaps in the row do no harm. */
static void move_older(const struct out *o)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (unsigned i = o->opts.keep; i > 0; i--) {
		if (i == 1)
			snprintf(from, sizeof(from), "%s", o->opts.path);
		else
			snprintf(from, sizeof(from), "%s.%u", o->opts.path, i - 1);
		snprintf(to, sizeof(to), "%s.%u", o->opts.path, i);
		rename(from, to);
	}
}

static int open_path(struct out *o)
{
	struct stat st;

	/* Only a file is moved away, and only one that this recording wrote. */
	if (atomic_load(o->opts.files) > 0 && stat(o->opts.path, &st) == 0 && S_ISREG(st.st_mode))
		move_older(o);
	o->fd = open(o->opts.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (o->fd < 0)
		return -errno;
	/* A file that was there keeps its mode: what is recorded concerns nobody else. */
	if (fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		if (fchmod(o->fd, 0600) < 0)
			return -errno;
		invoker_give(o->fd);
	}
	return 0;
}

int out_open(struct out *o)
{
	uint8_t head[FILE_HEAD_SIZE];
	struct stat st;
	int err = 0;

	if (o->opts.path)
		err = open_path(o);
	else
		o->fd = o->opts.fd;
	if (err < 0)
		return err;
	o->regular = fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode);
	o->offset = 0;
	o->opened_ns = clock_now_ns();
	o->meta_at = o->n_events = o->n_blocks = 0;
	o->index_end = o->index_ns = 0;
	o->index.len = 0;
	o->index.failed = false;
	file_head_store(head);
	atomic_fetch_add(o->opts.files, 1);
	return write_all(o, head, sizeof(head));
}

int out_events(struct out *o, struct block_head *head, const uint8_t *stored)
{
	uint64_t at = o->offset;
	int err = write_block(o, head, stored);

	if (err < 0)
		return err;
	o->n_events += head->n_events;
	o->n_blocks++;
	if (o->index.len > INDEX_MAX)
		return 0;
	put_leb(&o->index, at - o->index_end);
	put_leb(&o->index, head->stored);
	put_leb(&o->index, head->seq);
	put_leb(&o->index, head->n_events);
	put_leb(&o->index, zigzag(head->first_ns - o->index_ns));
	put_leb(&o->index, head->last_ns - head->first_ns);
	o->index_end = o->offset;
	o->index_ns = head->first_ns;
	return 0;
}

static int write_packed(struct out *o, struct block_head *head, const uint8_t *raw, size_t n)
{
	struct bytes packed = {0};
	int64_t len = columns_pack_one(o->zstd, raw, n, &packed);
	int err = (int)len;

	if (len >= 0) {
		head->raw = (uint32_t)n;
		head->stored = (uint32_t)len;
		err = write_block(o, head, packed.data);
	}
	bytes_done(&packed);
	return err;
}

int out_meta(struct out *o, const char *json, uint64_t seq)
{
	struct block_head head = {.type = BLOCK_META, .seq = seq};
	uint64_t at = o->offset;
	int err = write_packed(o, &head, (const uint8_t *)json, strlen(json));

	if (err == 0)
		o->meta_at = at;
	return err;
}

static int write_end(struct out *o, uint64_t seq, uint64_t index_at)
{
	struct block_head head = {.type = BLOCK_END, .seq = seq, .stored = END_SIZE, .raw = END_SIZE};
	uint8_t end[END_SIZE];

	store_le(end, index_at, 8);
	store_le(end + 8, o->meta_at, 8);
	store_le(end + 16, o->n_events, 8);
	store_le(end + 24, o->n_blocks, 8);
	return write_block(o, &head, end);
}

int out_finish(struct out *o, uint64_t seq)
{
	struct block_head head = {.type = BLOCK_INDEX, .seq = seq};
	uint64_t index_at = 0;
	int err = 0;

	if (!out_is_open(o))
		return 0;
	if (o->index.len && o->index.len <= INDEX_MAX && !o->index.failed) {
		index_at = o->offset;
		err = write_packed(o, &head, o->index.data, o->index.len);
	}
	if (err == 0)
		err = write_end(o, seq, index_at);
	if (o->opts.path && o->fd >= 0 && close(take_fd(o->fd)) < 0 && err == 0)
		err = -errno;
	o->fd = -1;
	return err;
}
