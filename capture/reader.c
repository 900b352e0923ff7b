/* SPDX-License-Identifier: GPL-2.0-only */
/* Block by block from a file or a stream; after damage it goes on with the next intact block. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "capture/capture.h"
#include "capture/columns.h"
#include "capture/meta.h"
#include "capture/reader_internal.h"

/* So far the first block is looked for where a file's head is damaged. */
#define HEAD_SEARCH (64U << 10)
/* Of blocks whose numbers are further apart than that, the older are forgotten. */
#define READ_BITS_MAX (1U << 24)

static void skip(struct capture_reader *r, size_t n)
{
	if (!n)
		return;
	if (!r->in_damage)
		r->damage.blocks_damaged++;
	r->in_damage = true;
	r->damage.bytes_skipped += n;
	input_use(&r->in, n);
}

/* Skips at least a byte, to where a block's head may begin. */
static void skip_to_magic(struct capture_reader *r)
{
	const uint8_t *data = input_data(&r->in), *p = data + 1;
	size_t n = input_left(&r->in);

	while ((p = memchr(p, BLOCK_MAGIC & 0xff, n - (size_t)(p - data))) != NULL) {
		size_t at = (size_t)(p - data);

		/* What may be the begin of one stays until more has come. */
		if (at + 4 > n || load_le(p, 4) == BLOCK_MAGIC) {
			skip(r, at);
			return;
		}
		p++;
	}
	skip(r, n);
}

/*
 * The next intact block: it is at input_data(), and the caller uses it up. 1; 0 at the end of the input; -EAGAIN;
 * -errno.
 */
static int next_intact(struct capture_reader *r, struct block_head *ret)
{
	for (;;) {
		int have = input_want(&r->in, BLOCK_HEAD_SIZE);

		if (have < 0)
			return have;
		if (!have) {
			skip(r, input_left(&r->in));
			return 0;
		}
		if (!block_head_load(input_data(&r->in), ret) || ret->major != CAPTURE_MAJOR) {
			skip_to_magic(r);
			continue;
		}
		have = input_want(&r->in, BLOCK_HEAD_SIZE + ret->stored);
		if (have < 0)
			return have;
		if (have && block_intact(ret, input_data(&r->in) + BLOCK_HEAD_SIZE)) {
			r->in_damage = false;
			return 1;
		}
		if (ret->type == BLOCK_EVENTS) {
			r->cut_seq = ret->seq;
			r->cut_events = ret->n_events;
		}
		/* Bytes may be missing within it: the next head is looked for behind this one's, not behind its end. */
		skip_to_magic(r);
	}
}

/* ---- which blocks have been read ---- */

static bool was_read(const struct capture_reader *r, uint64_t seq)
{
	uint64_t bit = seq - r->base_seq;

	return bit / 8 < r->read.len && r->read.data[bit / 8] & (1U << (bit & 7));
}

static int set_read(struct capture_reader *r, uint64_t seq)
{
	if (!r->read.len || seq - r->base_seq >= READ_BITS_MAX) {
		r->read.len = 0;
		r->base_seq = seq;
	}
	uint64_t bit = seq - r->base_seq;
	size_t need = (size_t)(bit / 8) + 1;
	if (need > r->read.len) {
		if (!bytes_room(&r->read, need - r->read.len))
			return -ENOMEM;
		memset(r->read.data + r->read.len, 0, need - r->read.len);
		r->read.len = need;
	}
	r->read.data[bit / 8] |= (uint8_t)(1U << (bit & 7));
	return 0;
}

/* How many events the index knows of the block with that number. */
static uint64_t events_of(const struct capture_reader *r, uint64_t seq)
{
	size_t lo = 0, hi = r->n_blocks;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->blocks[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < r->n_blocks && r->blocks[lo].seq == seq)
		return r->blocks[lo].n_events;
	return seq == r->cut_seq ? r->cut_events : 0;
}

/* The block that comes has this number: counts those that should have come before it. Returns their events. */
static uint64_t count_missing(struct capture_reader *r, uint64_t seq)
{
	bool known = r->have_seq || r->n_blocks;
	uint64_t next = r->have_seq ? r->next_seq : r->n_blocks ? r->blocks[0].seq : 0;
	uint64_t events = 0, gap = known && seq > next ? seq - next : 0;

	r->damage.blocks_missing += gap;
	for (uint64_t i = 0; i < gap && i < READ_BITS_MAX; i++)
		events += events_of(r, next + i);
	r->damage.events_missing += events;
	return events;
}

/* ---- events ---- */

struct delivery {
	struct capture_reader *r;
	const struct block_head *head;
	const struct event_sink *sink;
	uint64_t n;
};

static void deliver(struct delivery *d, const struct event *ev)
{
	event_deliver(d->sink, ev);
	d->n++;
}

/* What was told in blocks that haven't been read. */
static int deliver_context(struct delivery *d)
{
	struct part_decoder *dec = &d->r->decoder;
	struct event ev;
	int err = 0;

	for (uint32_t i = 0; i < d->head->n_context && err == 0; i++) {
		err = part_decoder_event(dec, &ev);
		uint64_t ago = part_decoder_known(dec);

		if (err == 0 && !was_read(d->r, d->head->seq - ago))
			deliver(d, &ev);
	}
	return err;
}

static int deliver_events(struct delivery *d, uint32_t *ret_left)
{
	struct part_decoder *dec = &d->r->decoder;
	struct event ev;
	int err = 0;

	for (; *ret_left > 0; --*ret_left) {
		err = part_decoder_event(dec, &ev);
		if (err < 0)
			break;
		deliver(d, &ev);
	}
	return err;
}

static void tell_lost(struct delivery *d, uint64_t missing, uint64_t at_ns)
{
	if (missing)
		deliver(d, &(struct event){
				   .head = {.time_ns = at_ns, .kind = EV_LOST},
				   .lost = {.count = missing, .cause = EV_LOST_CAPTURE},
			   });
}

/* Nothing comes any more: tells what should have come before the block with that number. */
static int64_t take_end(struct capture_reader *r, uint64_t seq, const struct event_sink *sink)
{
	struct delivery d = {.r = r, .sink = sink};

	tell_lost(&d, count_missing(r, seq), r->last_ns);
	r->ended = true;
	return (int64_t)d.n;
}

static void count_span(struct capture_reader *r, const struct block_head *h)
{
	if (r->in.seekable || !h->n_events)
		return;
	if (h->first_ns < r->first_ns)
		r->first_ns = h->first_ns;
	if (h->last_ns > r->last_ns)
		r->last_ns = h->last_ns;
	r->n_events += h->n_events;
}

static int deliver_parts(struct delivery *d, struct cursor src, uint32_t *left)
{
	uint32_t raw_left = d->head->raw;
	int err = part_decoder_begin(&d->r->decoder, &src, &raw_left);

	if (err == 0)
		err = deliver_context(d);
	if (err == 0)
		err = part_decoder_begin(&d->r->decoder, &src, &raw_left);
	return err < 0 ? err : deliver_events(d, left);
}

/* Returns how many events were delivered, or -ENOMEM. */
static int64_t take_events(struct capture_reader *r, const struct block_head *h, const uint8_t *stored,
			   const struct event_sink *sink)
{
	struct delivery d = {.r = r, .head = h, .sink = sink};
	uint32_t left = h->n_events;

	tell_lost(&d, count_missing(r, h->seq), h->first_ns);
	int err = deliver_parts(&d, (struct cursor){.p = stored, .end = stored + h->stored}, &left);
	if (err == -EBADMSG) {
		/* Its checksum is right, so that somebody made it like this. */
		r->damage.blocks_damaged++;
		r->damage.events_missing += left;
		err = 0;
	}
	if (err == 0)
		err = set_read(r, h->seq);
	if (err < 0)
		return err;
	r->have_seq = true;
	r->next_seq = h->seq + 1;
	count_span(r, h);
	return (int64_t)d.n;
}

int reader_take_meta(struct capture_reader *r, const struct block_head *h, const uint8_t *stored)
{
	cleanup_free uint8_t *raw = malloc(h->raw + 1);

	if (!raw)
		return -ENOMEM;
	int err = columns_unpack_one(r->decoder.zstd, stored, h->stored, raw, h->raw);
	return err < 0 ? err : meta_parse((const char *)raw, h->raw, &r->session, &r->info);
}

/* Returns how many events were delivered; 0 also for blocks without; -errno. */
static int64_t take_block(struct capture_reader *r, const struct block_head *h, const struct event_sink *sink)
{
	const uint8_t *stored = input_data(&r->in) + BLOCK_HEAD_SIZE;

	switch (h->type) {
	case BLOCK_EVENTS:
		return take_events(r, h, stored, sink);
	case BLOCK_META:
		/* A whole file's latest one is known from the start. */
		if (!r->in.seekable && reader_take_meta(r, h, stored) == -ENOMEM)
			return -ENOMEM;
		return 0;
	case BLOCK_END:
		r->damage.end_missing = false;
		return take_end(r, h->seq, sink);
	default:
		return 0;
	}
}

/* ---- the file's head ---- */

static int find_first_block(struct capture_reader *r)
{
	int have = input_want(&r->in, HEAD_SEARCH);

	if (have < 0)
		return have;
	const uint8_t *data = input_data(&r->in);
	size_t n = input_left(&r->in);
	for (size_t at = 0; at + BLOCK_HEAD_SIZE <= n; at++) {
		struct block_head h;

		if (data[at] == (BLOCK_MAGIC & 0xff) && block_head_load(data + at, &h))
			return 0;
	}
	return -EINVAL;
}

/* 0; -EAGAIN; -EINVAL: no capture; -EPROTONOSUPPORT; -errno. */
static int take_head(struct capture_reader *r)
{
	int have = input_want(&r->in, FILE_HEAD_SIZE);

	if (have < 0)
		return have;
	int err = -EBADMSG;
	if (have)
		err = file_head_load(input_data(&r->in), &r->info.major, &r->info.minor);
	else if (input_left(&r->in) < FILE_MAGIC_SIZE || memcmp(input_data(&r->in), FILE_MAGIC, FILE_MAGIC_SIZE) != 0)
		err = -EINVAL;
	if (err == -EINVAL) {
		err = find_first_block(r);
		if (err < 0)
			return err;
		err = -EBADMSG;
	}
	r->damage.header_damaged = err == -EBADMSG;
	if (err == 0 && r->info.major != CAPTURE_MAJOR)
		return -EPROTONOSUPPORT;
	if (err == 0)
		input_use(&r->in, FILE_HEAD_SIZE);
	r->head_done = true;
	return 0;
}

int64_t capture_reader_next_block(struct capture_reader *r, const struct event_sink *sink)
{
	struct block_head h;

	if (!r->head_done) {
		int err = take_head(r);

		if (err < 0)
			return err;
	}
	while (!r->ended) {
		int have = next_intact(r, &h);

		if (have < 0)
			return have;
		if (!have) {
			r->ended = true;
			r->damage.end_missing = true;
			if (r->have_seq && r->cut_seq >= r->next_seq)
				return take_end(r, r->cut_seq + 1, sink);
			break;
		}
		int64_t n = take_block(r, &h, sink);
		input_use(&r->in, BLOCK_HEAD_SIZE + h.stored);
		if (n != 0)
			return n;
	}
	return 0;
}

/* ---- life ---- */

static int open_fault(const struct capture_reader *r, int err, struct fault *fault)
{
	switch (err) {
	case -EINVAL:
		return fault_set(fault, err, r->name, "this is no capture of schedtop");
	case -EPROTONOSUPPORT:
		fault_set(fault, err, r->name, "it has format %u.%u, and this schedtop (%s) reads %d", r->info.major,
			  r->info.minor, SCHEDTOP_VERSION, CAPTURE_MAJOR);
		fault_todo(fault, "Use a schedtop at least as new as the one that recorded it");
		return err;
	case -ENOMEM:
		return fault_set(fault, err, r->name, "out of memory");
	default:
		return fault_set(fault, err, r->name, "it can't be read (%s)", strerror(-err));
	}
}

static int open_input(struct capture_reader *r, int fd)
{
	struct stat st;

	r->in.fd = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	r->in.seekable = S_ISREG(st.st_mode);
	r->in.size = r->in.seekable ? (uint64_t)st.st_size : 0;
	int err = part_decoder_init(&r->decoder);
	if (err < 0 || !r->in.seekable)
		return err;
	err = take_head(r);
	return err < 0 ? err : reader_survey(r);
}

static int open_any(int fd, bool owned, const char *name, struct capture_reader **ret, struct fault *fault)
{
	struct capture_reader *r = calloc(1, sizeof(*r));

	if (!r || !(r->name = strdup(name))) {
		free(r);
		if (owned)
			close(fd);
		return fault_set(fault, -ENOMEM, name, "out of memory");
	}
	session_init(&r->session);
	r->in.owned = owned;
	r->first_ns = UINT64_MAX;
	int err = open_input(r, fd);
	if (err < 0) {
		open_fault(r, err, fault);
		capture_reader_close(r);
		return err;
	}
	*ret = r;
	return 0;
}

int capture_reader_open_fd(int fd, const char *name, struct capture_reader **ret, struct fault *fault)
{
	return open_any(fd, false, name, ret, fault);
}

int capture_reader_open(const char *path, struct capture_reader **ret, struct fault *fault)
{
	if (strcmp(path, "-") == 0)
		return open_any(STDIN_FILENO, false, "standard input", ret, fault);
	/* O_NONBLOCK: a FIFO without a writer must not hold the screen. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		int err = -errno;

		return fault_set(fault, err, path, "it can't be opened (%s)", strerror(-err));
	}
	return open_any(fd, true, path, ret, fault);
}

void capture_reader_close(struct capture_reader *r)
{
	if (!r)
		return;
	if (r->in.owned && r->in.fd >= 0)
		close(r->in.fd);
	bytes_done(&r->in.buf);
	bytes_done(&r->read);
	part_decoder_done(&r->decoder);
	session_done(&r->session);
	free(r->blocks);
	free(r->name);
	free(r);
}

int capture_reader_fd(const struct capture_reader *r)
{
	return r->in.seekable ? -1 : r->in.fd;
}

const struct session *capture_reader_session(const struct capture_reader *r)
{
	return &r->session;
}

void capture_reader_info(const struct capture_reader *r, struct capture_info *ret)
{
	*ret = r->info;
}

void capture_reader_damage(const struct capture_reader *r, struct capture_damage *ret)
{
	*ret = r->damage;
}

void capture_reader_span(const struct capture_reader *r, uint64_t *ret_first_ns, uint64_t *ret_last_ns,
			 uint64_t *ret_events)
{
	*ret_first_ns = r->n_events ? r->first_ns : 0;
	*ret_last_ns = r->last_ns;
	*ret_events = r->n_events;
}

size_t capture_reader_blocks(const struct capture_reader *r, const struct capture_block **ret)
{
	*ret = r->blocks;
	return r->n_blocks;
}

int capture_reader_seek(struct capture_reader *r, size_t block)
{
	if (!r->in.seekable)
		return -ESPIPE;
	if (block >= r->n_blocks)
		return -ERANGE;
	input_seek(&r->in, r->blocks[block].offset);
	r->read.len = 0;
	r->have_seq = true;
	r->next_seq = r->blocks[block].seq;
	r->in_damage = false;
	r->ended = false;
	return 0;
}

char *capture_damage_text(const struct capture_damage *d, char *dst, size_t cap)
{
	size_t n = 0;

	if (cap)
		dst[0] = '\0';
#define SAY(...)                                                                                                       \
	do {                                                                                                           \
		if (n < cap)                                                                                           \
			n += (size_t)snprintf(dst + n, cap - n, __VA_ARGS__);                                          \
	} while (0)
	if (d->end_missing)
		SAY("the recording was cut off: its end is missing");
	if (d->header_damaged)
		SAY("%sthe file's head is damaged", n ? "; " : "");
	if (d->blocks_damaged)
		SAY("%s%" PRIu64 " bytes in %" PRIu64 " places are damaged and were skipped", n ? "; " : "",
		    d->bytes_skipped, d->blocks_damaged);
	if (d->blocks_missing)
		SAY("%s%" PRIu64 " blocks with %s%" PRIu64 " events are missing", n ? "; " : "", d->blocks_missing,
		    d->events_missing ? "" : "at least ", d->events_missing);
#undef SAY
	return dst;
}
