/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture/ stores the event stream of a session and gives it back: what the reader delivers is what the writer was
 * given, field by field and in the same order, so that a replay is the session. The format is described in
 * docs/capture-format.md; in short: a file is a chain of blocks, each of which can be decoded without the others, so
 * that a file that was cut off or damaged anywhere keeps the rest.
 *
 * The writer takes events on the engine's thread and encodes, compresses and writes on a thread of its own. What a
 * slow or full disk can't take is dropped, counted, and told in the stream (EV_LOST, EV_LOST_CAPTURE).
 *
 * The reader trusts nothing: every length, count and index is checked, and memory is bounded by the format's limits
 * whatever the file says. A reader or writer may be used by one thread at a time unless a function says more.
 */
#ifndef SCHEDTOP_CAPTURE_CAPTURE_H
#define SCHEDTOP_CAPTURE_CAPTURE_H

#include "events/event.h"
#include "events/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

/* ---- writing ---- */

struct capture_writer;

struct capture_writer_opts {
	size_t size;         /* of this struct, for growth */
	const char *path;    /* file to make (mode 0600, replaced if it exists); NULL = write to fd */
	int fd;              /* without a path: an open file, pipe or socket; stays the caller's */
	const char *options; /* how the program was called, for people; may be NULL */
	bool redact;         /* leave out arguments and the folders of paths */

	/* With a path: FILE is closed when it is that big or old, becomes FILE.1, and a new FILE begins. 0 = never */
	uint64_t rotate_bytes;
	uint64_t rotate_ns;
	unsigned keep; /* so many closed files stay: FILE.1 (the latest) to FILE.keep */

	/*
	 * Flight recorder: nothing is written but what the last flight_ns held when capture_writer_trigger() is called.
	 * With a path each trigger makes a whole file, and the one before becomes FILE.1, as far as keep goes.
	 */
	uint64_t flight_ns;
	size_t flight_bytes; /* memory for it, compressed; 0 = default (32 MiB). The oldest goes first */

	uint64_t bwlimit;     /* bytes a second, at most; 0 = no limit */
	size_t queue_events;  /* between engine and disk, rounded up to a power of two; 0 = default (262144, 12 MiB) */
	uint64_t end_wait_ns; /* how long the end waits for a reader that doesn't read; 0 = default (2 s) */
};

struct capture_writer_stats {
	uint64_t events;   /* stored, or on their way */
	uint64_t dropped;  /* counted in EV_LOST_CAPTURE */
	uint64_t bytes;    /* written, all files together */
	uint64_t files;    /* begun */
	uint64_t triggers; /* of the flight recorder, carried out */
	int error;         /* negative errno that ended the recording; 0 = none. Later events are dropped */
};

/**
 * Starts a writer: opens the file and writes its head, so that what can't work fails here. @session is what is known by
 * now; it is copied. The writer's thread takes no signals; a pipe that nobody reads is -EPIPE, not a SIGPIPE.
 * 0 or -errno with @fault filled; *ret is left alone then.
 */
int capture_writer_new(const struct capture_writer_opts *opts, const struct session *session,
		       struct capture_writer **ret, struct fault *fault);

/**
 * Takes one event; copies what it points to. Never blocks, makes no system call but a rare wake-up of the writer's
 * thread. One thread at a time, which may be another than the others' caller.
 */
void capture_writer_event(struct capture_writer *w, const struct event *ev);

/** An event_sink's function with the writer as its context. */
void capture_writer_sink_event(void *writer, const struct event *ev);

/**
 * Stores the session anew: call it when something in it has changed, and before the end. Copies; doesn't block on the
 * disk. Any thread. 0 or -ENOMEM.
 */
int capture_writer_session(struct capture_writer *w, const struct session *session);

/** Flight recorder: write out what is held, soon. Doesn't block. Any thread, and a signal handler. */
void capture_writer_trigger(struct capture_writer *w);

/** Any thread. */
void capture_writer_stats(const struct capture_writer *w, struct capture_writer_stats *ret);

/**
 * Writes what is left, the index and the end mark, closes the file and frees the writer (NULL is accepted). @ret_stats
 * may be NULL. Returns 0, or what ended the recording: -ENOSPC, -EPIPE, -ETIMEDOUT (a reader that doesn't read), ...
 * with @fault filled; what was written until then can be read.
 */
int capture_writer_end(struct capture_writer *w, struct capture_writer_stats *ret_stats, struct fault *fault);

/* ---- reading ---- */

struct capture_reader;

/* What was lost of a file. Everything 0 or false: nothing. */
struct capture_damage {
	uint64_t bytes_skipped;  /* that are no intact block */
	uint64_t blocks_damaged; /* places where something was skipped */
	uint64_t blocks_missing; /* by the blocks' numbers: damaged ones and those that are gone */
	uint64_t events_missing; /* as far as headers or the index tell */
	bool end_missing;        /* no end mark: the recorder was killed, the disk was full, or the file was cut */
	bool index_rebuilt;      /* the index was missing or damaged; the blocks' headers were read instead */
	bool header_damaged;     /* the file's first bytes are not what they should be */
};

/* Facts about the recording that are no part of the session. Foreign text; "" = unknown. */
struct capture_info {
	uint16_t major, minor; /* of the format */
	char writer[64];       /* "schedtop 0.1.0" */
	char kernel[128];      /* "Linux 6.1.0-18-amd64" */
	char machine[64];      /* "x86_64" */
	char options[256];
	bool redacted;
};

/* One block of events of a seekable file. */
struct capture_block {
	uint64_t offset;
	uint64_t seq;
	uint64_t first_ns, last_ns; /* smallest and largest time in it */
	uint32_t bytes;
	uint32_t n_events;
};

/**
 * Opens a capture; "-" is standard input. Of a file that can be read anywhere the index and the latest session are
 * read, or found by going through the blocks' headers. Of a stream only what has come is read, never waiting for more.
 * -EPROTONOSUPPORT: written by a newer schedtop (@fault says so); -EINVAL: no capture; other -errno; *ret is left alone
 * then.
 */
int capture_reader_open(const char *path, struct capture_reader **ret, struct fault *fault);

/** The same with an open file, pipe or socket, which stays the caller's; @name is for messages. */
int capture_reader_open_fd(int fd, const char *name, struct capture_reader **ret, struct fault *fault);

/** Accepts NULL. */
void capture_reader_close(struct capture_reader *r);

/**
 * Delivers the events of the next intact block, in order; pointers in them are valid during delivery. After a place
 * where blocks are missing, and at the start of a file that continues another, names and states that were told before
 * come first. Returns how many events were delivered, 0 at the end, -EAGAIN if a stream has nothing more yet (wait for
 * capture_reader_fd()), or -errno when it can't be read (-ENOMEM, -EIO, -EPROTONOSUPPORT, -EINVAL: not a capture).
 */
int64_t capture_reader_next_block(struct capture_reader *r, const struct event_sink *sink);

/** The descriptor to wait for when a stream has nothing more; -1 if this reader never returns -EAGAIN. */
int capture_reader_fd(const struct capture_reader *r);

/**
 * The session as last stored: of a whole file the last one in it, of a stream the last that has come; everything
 * unknown before the first. Owned by the reader; it changes with capture_reader_next_block() of a stream only.
 */
const struct session *capture_reader_session(const struct capture_reader *r);

void capture_reader_info(const struct capture_reader *r, struct capture_info *ret);

/** What has been found lost so far; complete when next_block() has returned 0. */
void capture_reader_damage(const struct capture_reader *r, struct capture_damage *ret);

/** One sentence for people about the damage; "" if there is none. Returns @dst. */
char *capture_damage_text(const struct capture_damage *damage, char *dst, size_t cap);

/** Smallest and largest time and the number of events: of a whole file, or of what a stream has had. */
void capture_reader_span(const struct capture_reader *r, uint64_t *ret_first_ns, uint64_t *ret_last_ns,
			 uint64_t *ret_events);

/** The blocks of events of a seekable file, by offset; owned by the reader. Returns how many; 0 for a stream. */
size_t capture_reader_blocks(const struct capture_reader *r, const struct capture_block **ret);

/**
 * Goes on with block number @block of capture_reader_blocks(). What was delivered before doesn't count as known any
 * more: names come again where they are needed. 0, -ESPIPE for a stream, -ERANGE.
 */
int capture_reader_seek(struct capture_reader *r, size_t block);

#endif
