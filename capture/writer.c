/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The writer: what the engine's thread calls, and the thread that makes blocks of events and writes them.
 *
 * A block is closed when it is full or BLOCK_NS old, so that a recorder that is killed loses less than a second: what
 * waits in the queue (WAKE_NS at most), in the open block, and in the write that is being made.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/privileges.h"
#include "capture/capture.h"
#include "capture/encode.h"
#include "capture/flight.h"
#include "capture/known.h"
#include "capture/meta.h"
#include "capture/out.h"
#include "capture/quantum.h"
#include "capture/queue.h"

#define BLOCK_NS            (800 * NS_PER_MS)
#define WAKE_NS             (50 * NS_PER_MS)
#define QUEUE_DEFAULT       (1U << 18)
#define FLIGHT_DEFAULT      (32U << 20)
#define END_WAIT_DEFAULT_NS (2 * NS_PER_S)
/* So often places in the queue are given back while a long row of events is encoded. */
#define POP_EVERY 256

struct capture_writer {
	struct capture_writer_opts opts;
	char *path, *options;
	pthread_t thread;
	sem_t wake;
	struct queue queue;
	_Atomic bool woken; /* a wake-up is under way */
	_Atomic bool ending, triggered;
	_Atomic uint64_t give_up_ns;
	_Atomic uint64_t taken;  /* events that went into the queue */
	_Atomic uint64_t failed; /* of them, not stored */
	_Atomic uint64_t bytes, files, triggers;
	_Atomic int error;
	pthread_mutex_t meta_lock;
	char *meta_next; /* under meta_lock: to be written */

	/* the writer thread's */
	char *meta;
	struct out out;
	struct flight flight;
	struct part_encoder events, context;
	struct known known;
	struct quantum quantum;
	struct bytes block;
	uint64_t seq;      /* of the open block */
	uint64_t block_ns; /* when its first event came */
	uint64_t last_ns;  /* time of the latest event */
	bool begins_file;  /* the next block is its file's first */
};

static void set_error(struct capture_writer *w, int err)
{
	int none = 0;

	if (err < 0)
		atomic_compare_exchange_strong(&w->error, &none, err);
}

static bool has_failed(const struct capture_writer *w)
{
	return atomic_load_explicit(&w->error, memory_order_relaxed) != 0;
}

/* ---- the thread: blocks ---- */

/* Begins a file: its head, and the session, as far as it is known. */
static int begin_file(struct capture_writer *w)
{
	int err = out_open(&w->out);

	if (err == 0 && w->meta)
		err = out_meta(&w->out, w->meta, w->seq);
	w->begins_file = true;
	return err;
}

static int end_file(struct capture_writer *w)
{
	int err = 0;

	if (!out_is_open(&w->out))
		return 0;
	if (w->meta)
		err = out_meta(&w->out, w->meta, w->seq);
	int end_err = out_finish(&w->out, w->seq);
	return err < 0 ? err : end_err;
}

static bool should_rotate(const struct capture_writer *w, size_t block_bytes)
{
	const struct capture_writer_opts *o = &w->opts;

	if (!w->path || !w->out.n_blocks)
		return false;
	if (o->rotate_bytes && w->out.offset + block_bytes > o->rotate_bytes)
		return true;
	return o->rotate_ns && clock_now_ns() - w->out.opened_ns >= o->rotate_ns;
}

/* Encodes what the open block has. 0 or -errno. */
static int encode_block(struct capture_writer *w, struct block_head *ret)
{
	uint32_t raw = 0, raw_context = 0;

	w->block.len = 0;
	w->block.failed = false;
	part_encoder_begin(&w->context, QUANTUM_ONE);
	known_context(&w->known, &w->events, w->seq, w->events.first_ns, w->begins_file, &w->context);
	int err = part_encoder_finish(&w->context, &w->block, &raw_context);
	if (err == 0)
		err = part_encoder_finish(&w->events, &w->block, &raw);
	if (err < 0)
		return err;
	*ret = (struct block_head){
		.type = BLOCK_EVENTS,
		.stored = (uint32_t)w->block.len,
		.raw = raw + raw_context,
		.seq = w->seq,
		.first_ns = w->events.first_ns,
		.last_ns = w->events.last_ns,
		.n_events = (uint32_t)w->events.n_events,
		.n_context = (uint32_t)w->context.n_events,
	};
	return w->block.len > BLOCK_STORED_MAX ? -EMSGSIZE : 0;
}

static int put_block(struct capture_writer *w)
{
	struct block_head head;
	int err = 0;

	/* Before it is encoded: the first block of a file tells more. */
	if (should_rotate(w, w->block.len)) {
		err = end_file(w);
		if (err == 0)
			err = begin_file(w);
	}
	if (err == 0)
		err = encode_block(w, &head);
	if (err < 0)
		return err;
	w->begins_file = false;
	if (w->opts.flight_ns)
		return flight_keep(&w->flight, &head, w->block.data);
	return out_events(&w->out, &head, w->block.data);
}

static void close_block(struct capture_writer *w)
{
	size_t n = w->events.n_events;

	if (!n)
		return;
	int err = put_block(w);
	if (err < 0) {
		set_error(w, err);
		atomic_fetch_add(&w->failed, n);
	}
	w->seq++;
	part_encoder_begin(&w->events, quantum_get(&w->quantum));
}

static void take_event(struct capture_writer *w, struct event *ev)
{
	if (has_failed(w)) {
		atomic_fetch_add(&w->failed, 1);
		return;
	}
	if (ev->head.kind == EV_LOC && w->opts.redact)
		ev->loc.file = meta_base_name(ev->loc.file);
	if (!w->events.n_events)
		w->block_ns = clock_now_ns();
	/* What was told before a name changes is in the blocks before. A name that can't be kept is a name less. */
	known_tell(&w->known, ev, w->seq);
	part_encoder_event(&w->events, ev);
	w->last_ns = ev->head.time_ns;
	if (part_encoder_full(&w->events))
		close_block(w);
}

static void drain(struct capture_writer *w)
{
	for (size_t n; (n = queue_ready(&w->queue)) > 0;) {
		if (n > POP_EVERY)
			n = POP_EVERY;
		for (size_t i = 0; i < n; i++)
			take_event(w, queue_at(&w->queue, i));
		queue_pop(&w->queue, n);
	}
}

static void write_session(struct capture_writer *w)
{
	pthread_mutex_lock(&w->meta_lock);
	char *next = take_ptr(w->meta_next);
	pthread_mutex_unlock(&w->meta_lock);

	if (!next)
		return;
	free(w->meta);
	w->meta = next;
	if (out_is_open(&w->out) && !has_failed(w))
		set_error(w, out_meta(&w->out, w->meta, w->seq));
}

/* The flight recorder has been triggered: a whole file, or more of a stream. */
static void write_flight(struct capture_writer *w)
{
	int err = 0;

	close_block(w);
	if (has_failed(w))
		return;
	if (!out_is_open(&w->out))
		err = begin_file(w);
	if (err == 0)
		err = flight_write(&w->flight, &w->out);
	if (w->path) {
		int end_err = end_file(w);

		err = err < 0 ? err : end_err;
	} else {
		flight_clear(&w->flight);
	}
	w->begins_file = false;
	set_error(w, err);
	atomic_fetch_add(&w->triggers, 1);
}

/* Everything that was asked for until now. */
static void work(struct capture_writer *w)
{
	bool triggered = atomic_exchange(&w->triggered, false);

	write_session(w);
	drain(w);
	if (w->events.n_events && clock_now_ns() - w->block_ns >= BLOCK_NS)
		close_block(w);
	if (triggered && w->opts.flight_ns)
		write_flight(w);
}

/* What is missing in the file, as its last block. 0, also when nothing is missing; -errno. */
static int tell_lost(struct capture_writer *w)
{
	struct event lost = {
		.head = {.time_ns = w->last_ns, .kind = EV_LOST},
		.lost = {.count = queue_untold(&w->queue) + atomic_load(&w->failed), .cause = EV_LOST_CAPTURE},
	};

	if (!lost.lost.count)
		return 0;
	part_encoder_event(&w->events, &lost);
	int err = put_block(w);
	if (err == 0)
		atomic_fetch_add(&w->taken, 1);
	return err;
}

static void finish(struct capture_writer *w)
{
	close_block(w);
	/*
	 * Also after an error, since a full disk may have room for so little. An end mark says that the file is whole:
	 * there is none when the loss can't be told.
	 */
	int err = tell_lost(w);
	if (err == 0)
		err = end_file(w);
	set_error(w, err);
}

static void *writer_thread(void *arg)
{
	struct capture_writer *w = arg;

	pthread_setname_np(pthread_self(), "schedtop-writer");
	privileges_drop_thread();
	for (bool ending = false; !ending;) {
		quantum_round(&w->quantum);
		uint64_t soon_ns = quantum_next_ns(&w->quantum);
		uint64_t until_ns = clock_now_ns() + (soon_ns && soon_ns < WAKE_NS ? soon_ns : WAKE_NS);
		struct timespec ts = {.tv_sec = (time_t)(until_ns / NS_PER_S), .tv_nsec = (long)(until_ns % NS_PER_S)};

		while (sem_clockwait(&w->wake, CLOCK_MONOTONIC, &ts) < 0 && errno == EINTR)
			;
		atomic_store(&w->woken, false);
		ending = atomic_load(&w->ending);
		work(w);
	}
	finish(w);
	return NULL;
}

/* ---- what others call ---- */

static void wake(struct capture_writer *w)
{
	if (!atomic_exchange(&w->woken, true))
		sem_post(&w->wake);
}

void capture_writer_event(struct capture_writer *w, const struct event *ev)
{
	uint64_t dropped = atomic_load_explicit(&w->queue.dropped, memory_order_relaxed);

	if (has_failed(w)) {
		queue_drop(&w->queue);
		return;
	}
	if (queue_push(&w->queue, ev) && !atomic_load_explicit(&w->woken, memory_order_relaxed))
		wake(w);
	if (atomic_load_explicit(&w->queue.dropped, memory_order_relaxed) == dropped)
		atomic_fetch_add_explicit(&w->taken, 1, memory_order_relaxed);
}

void capture_writer_sink_event(void *writer, const struct event *ev)
{
	capture_writer_event(writer, ev);
}

int capture_writer_session(struct capture_writer *w, const struct session *session)
{
	char *json = meta_print(session, w->options, w->opts.redact);

	if (!json)
		return -ENOMEM;
	pthread_mutex_lock(&w->meta_lock);
	free(w->meta_next);
	w->meta_next = json;
	pthread_mutex_unlock(&w->meta_lock);
	return 0;
}

void capture_writer_trigger(struct capture_writer *w)
{
	atomic_store(&w->triggered, true);
	wake(w);
}

void capture_writer_stats(const struct capture_writer *w, struct capture_writer_stats *ret)
{
	uint64_t taken = atomic_load(&w->taken), failed = atomic_load(&w->failed);

	*ret = (struct capture_writer_stats){
		.events = taken > failed ? taken - failed : 0,
		.dropped = atomic_load(&w->queue.dropped) + failed,
		.bytes = atomic_load(&w->bytes),
		.files = atomic_load(&w->files),
		.triggers = atomic_load(&w->triggers),
		.error = atomic_load(&w->error),
	};
}

static void writer_free(struct capture_writer *w)
{
	queue_done(&w->queue);
	out_done(&w->out);
	flight_done(&w->flight);
	part_encoder_done(&w->events);
	part_encoder_done(&w->context);
	known_done(&w->known);
	bytes_done(&w->block);
	free(w->meta);
	free(w->meta_next);
	free(w->path);
	free(w->options);
	sem_destroy(&w->wake);
	pthread_mutex_destroy(&w->meta_lock);
	free(w);
}

static int copy_opts(struct capture_writer *w, const struct capture_writer_opts *opts)
{
	memcpy(&w->opts, opts, opts->size && opts->size < sizeof(w->opts) ? opts->size : sizeof(w->opts));
	if (w->opts.path && !(w->path = strdup(w->opts.path)))
		return -ENOMEM;
	if (w->opts.options && !(w->options = strdup(w->opts.options)))
		return -ENOMEM;
	/* The caller's strings aren't ours. */
	w->opts.path = w->path;
	w->opts.options = w->options;
	return 0;
}

static int init_all(struct capture_writer *w, const struct session *session)
{
	const struct out_opts out = {
		.path = w->path,
		.fd = w->opts.fd,
		.keep = w->opts.keep,
		.bwlimit = w->opts.bwlimit,
		.give_up_ns = &w->give_up_ns,
		.bytes = &w->bytes,
		.files = &w->files,
	};

	w->flight.max_ns = w->opts.flight_ns;
	w->flight.max_bytes = w->opts.flight_bytes ? w->opts.flight_bytes : FLIGHT_DEFAULT;
	known_init(&w->known);
	int err = queue_init(&w->queue, w->opts.queue_events ? w->opts.queue_events : QUEUE_DEFAULT);
	if (err == 0)
		err = out_init(&w->out, &out);
	if (err == 0)
		err = part_encoder_init(&w->events);
	if (err == 0)
		err = part_encoder_init(&w->context);
	w->meta = meta_print(session, w->options, w->opts.redact);
	return w->meta ? err : -ENOMEM;
}

/* A flight recorder's file is made when it is triggered; that it can be made is to be known before. */
static int check_folder(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return access(dirname(copy), W_OK | X_OK) < 0 ? -errno : 0;
}

static int open_out(struct capture_writer *w)
{
	if (!w->opts.flight_ns)
		return begin_file(w);
	return w->path ? check_folder(w->path) : 0;
}

/* The writer's thread takes no signals: those are for who owns the session. SIGPIPE is pending there, and ends with it.
 */
static int start_thread(struct capture_writer *w)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = pthread_create(&w->thread, NULL, writer_thread, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

int capture_writer_new(const struct capture_writer_opts *opts, const struct session *session,
		       struct capture_writer **ret, struct fault *fault)
{
	struct capture_writer *w = aligned_alloc(_Alignof(struct capture_writer), sizeof(*w));
	sigset_t sigpipe, old;

	if (!w)
		return fault_set(fault, -ENOMEM, "the capture", "out of memory");
	memset(w, 0, sizeof(*w));
	w->out.fd = -1;
	sem_init(&w->wake, 0, 0);
	pthread_mutex_init(&w->meta_lock, NULL);
	int err = copy_opts(w, opts);
	if (err == 0)
		err = init_all(w, session);
	/* What is written here is written on the caller's thread. */
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &old);
	if (err == 0)
		err = open_out(w);
	if (err == -EPIPE && !sigismember(&old, SIGPIPE))
		sigtimedwait(&sigpipe, NULL, &(struct timespec){0});
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err == 0)
		err = start_thread(w);
	if (err == 0) {
		*ret = w;
		return 0;
	}
	fault_set(fault, err, opts->path ? opts->path : "the capture", "it can't be written (%s)", strerror(-err));
	writer_free(w);
	return err;
}

static int end_fault(const struct capture_writer *w, int err, struct fault *fault)
{
	const char *what = w->path ? w->path : "the capture";

	if (err == -ENOSPC) {
		fault_set(fault, err, what, "the disk is full; the recording ended there");
		return fault_todo(fault, "What was written until then can be replayed");
	}
	if (err == -EPIPE)
		return fault_set(fault, err, what, "its reader has gone");
	if (err == -ETIMEDOUT)
		return fault_set(fault, err, what, "its reader doesn't read; the end is missing");
	return fault_set(fault, err, what, "writing failed (%s)", strerror(-err));
}

int capture_writer_end(struct capture_writer *w, struct capture_writer_stats *ret_stats, struct fault *fault)
{
	if (!w)
		return 0;
	atomic_store(&w->give_up_ns,
		     clock_now_ns() + (w->opts.end_wait_ns ? w->opts.end_wait_ns : END_WAIT_DEFAULT_NS));
	atomic_store(&w->ending, true);
	atomic_store(&w->woken, true);
	sem_post(&w->wake);
	pthread_join(w->thread, NULL);
	int err = atomic_load(&w->error);
	if (ret_stats)
		capture_writer_stats(w, ret_stats);
	if (err < 0)
		end_fault(w, err, fault);
	writer_free(w);
	return err;
}
