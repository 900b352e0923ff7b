/* SPDX-License-Identifier: GPL-2.0-only */
#include "engine/player.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"

/* The lock is held for so many events at most, a fraction of a millisecond: the screen draws in between. */
#define FEED_CHUNK 2048
/* While it plays, the playhead moves this often. */
#define PLAY_MS     10
#define GIVE_WAY_US 20
struct player {
	atomic_int waiting;   /* who wants the lock to look: the thread would take it again at once */
	pthread_mutex_t lock; /* everything below but the reader, which is the thread's */
	pthread_t thread;
	bool thread_started, quit;
	/* eventfds: a command has come; the first block has been read, or none can be; the end has been read once */
	int wake_fd, begun_fd, done_fd;
	bool begun;

	struct capture_reader *reader;
	struct model_opts opts;
	struct model *model; /* what is shown */
	struct model *next;  /* fed up to the playhead's new place, when that lies before; NULL = none */

	/* The current block's events that haven't been fed; what has pointers in it is fed at once. */
	struct event *events;
	size_t n_events, cap_events, at_event;

	uint64_t goal_ns; /* feed up to here; UINT64_MAX = to the end */
	bool rewind;      /* goal_ns lies before the playhead */
	bool step;
	bool playing;
	double speed;
	uint64_t play_from_ns, play_since_ns; /* playhead and clock when it began to play */
	bool loaded, at_end;
	int error;
	uint64_t first_ns, last_ns;

	/* Found while it is read for the first time; later readings would count it again. */
	struct moments moments;
	struct capture_damage damage;
};

static void wake(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		log_write(LOG_MODEL, "eventfd: %s", strerror(errno));
}

static struct model *target_model(struct player *p)
{
	return p->next ? p->next : p->model;
}

/* Names are valid during delivery only, and belong to no moment: they are fed at once, the rest waits for its time. */
static void on_event(void *ctx, const struct event *ev)
{
	struct player *p = ctx;

	if (ev->head.kind == EV_LOC || ev->head.kind == EV_COMM) {
		model_feed(target_model(p), ev);
		return;
	}
	if (p->n_events == p->cap_events) {
		size_t cap = p->cap_events ? p->cap_events * 2 : 4096;
		struct event *grown = realloc(p->events, cap * sizeof(*grown));

		if (!grown) {
			p->error = -ENOMEM;
			return;
		}
		p->events = grown;
		p->cap_events = cap;
	}
	p->events[p->n_events++] = *ev;
}

/* Reads the next block. 1; 0 at the end; -EAGAIN when a stream has nothing more yet. With the lock held. */
static int read_block(struct player *p)
{
	const struct event_sink sink = {.event = on_event, .ctx = p};

	p->n_events = p->at_event = 0;
	int64_t n = capture_reader_next_block(p->reader, &sink);
	if (n > 0)
		return 1;
	if (n < 0 && n != -EAGAIN)
		p->error = (int)n;
	return n == -EAGAIN ? -EAGAIN : 0;
}

static void reached_end(struct player *p)
{
	p->at_end = true;
	p->playing = false;
	if (p->loaded)
		return;
	moments_gather(&p->moments, p->model);
	capture_reader_damage(p->reader, &p->damage);
	p->loaded = true;
	wake(p->done_fd);
}

/* ---- the thread ---- */

/* A fresh model, fed from the start: the playhead goes back. */
static void do_rewind(struct player *p)
{
	p->rewind = false;
	if (capture_reader_seek(p->reader, 0) < 0)
		return;
	model_free(p->next);
	p->next = model_new(&p->opts, capture_reader_session(p->reader));
	p->n_events = p->at_event = 0;
	p->at_end = false;
}

static void swap_models(struct player *p)
{
	struct model *old = p->model;

	if (!p->next)
		return;
	p->model = p->next;
	p->next = NULL;
	model_free(old);
}

/* Feeds a chunk of what lies before the goal. Returns true when the goal is reached. With the lock held. */
static bool feed_chunk(struct player *p)
{
	struct model *m = target_model(p);

	for (int i = 0; i < FEED_CHUNK && p->at_event < p->n_events; i++) {
		const struct event *ev = &p->events[p->at_event];

		if (ev->head.time_ns > p->goal_ns && !p->step)
			return true;
		model_feed(m, ev);
		p->at_event++;
		if (p->step && ev->head.kind != EV_TICK) {
			p->step = false;
			p->goal_ns = model_now(m);
			return true;
		}
	}
	return false;
}

/* Where the playhead should be now. With the lock held. */
static void move_goal(struct player *p)
{
	if (!p->playing)
		return;
	double ns = (double)(clock_now_ns() - p->play_since_ns) * p->speed;
	p->goal_ns = p->play_from_ns + (uint64_t)ns;
}

/* One piece of work. Returns how long to wait before the next, ms; -1 = until a command. With the lock held. */
static int work(struct player *p)
{
	if (p->rewind)
		do_rewind(p);
	move_goal(p);
	if (p->at_event == p->n_events && !p->at_end) {
		int n = p->error ? 0 : read_block(p);

		if (n != -EAGAIN && !p->begun) {
			p->begun = true;
			wake(p->begun_fd);
		}
		if (n == -EAGAIN)
			return -1;
		if (n == 0) {
			swap_models(p);
			reached_end(p);
			return -1;
		}
	}
	if (p->at_end && p->at_event == p->n_events) {
		p->step = false;
		return -1;
	}
	bool there = feed_chunk(p);
	if (!p->loaded)
		moments_watch(&p->moments, p->model);
	if (!there)
		return 0;
	swap_models(p);
	return p->playing ? PLAY_MS : -1;
}

static void *player_thread(void *arg)
{
	struct player *p = arg;
	int stream = capture_reader_fd(p->reader);

	pthread_setname_np(pthread_self(), "schedtop-player");
	for (;;) {
		pthread_mutex_lock(&p->lock);
		int wait_ms = work(p);
		bool quit = p->quit, wants_more = !p->at_end && p->at_event == p->n_events;

		pthread_mutex_unlock(&p->lock);
		if (quit)
			return NULL;
		while (atomic_load(&p->waiting))
			usleep(GIVE_WAY_US);
		struct pollfd fds[] = {{.fd = p->wake_fd, .events = POLLIN},
				       {.fd = wants_more ? stream : -1, .events = POLLIN}};
		uint64_t n;

		if (wait_ms != 0 && poll(fds, ARRAY_SIZE(fds), wait_ms) > 0 && fds[0].revents &&
		    read(p->wake_fd, &n, sizeof(n)) < 0)
			log_write(LOG_MODEL, "eventfd: %s", strerror(errno));
	}
}

static int start_thread(struct player *p)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = pthread_create(&p->thread, NULL, player_thread, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	p->thread_started = err == 0;
	return -err;
}

int player_start(const char *path, int fd, const struct model_opts *opts, struct player **ret, struct fault *fault)
{
	struct player *p = calloc(1, sizeof(*p));

	if (!p)
		return fault_set(fault, -ENOMEM, path, "out of memory");
	pthread_mutex_init(&p->lock, NULL);
	p->opts = *opts;
	p->goal_ns = UINT64_MAX;
	p->speed = 1;
	p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->begun_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int err = fd >= 0 ? capture_reader_open_fd(fd, path, &p->reader, fault)
			  : capture_reader_open(path, &p->reader, fault);
	if (err == 0) {
		p->model = model_new(&p->opts, capture_reader_session(p->reader));
		bool made = p->model && p->wake_fd >= 0 && p->begun_fd >= 0 && p->done_fd >= 0;

		err = made ? start_thread(p) : -ENOMEM;
		if (err < 0)
			fault_set(fault, err, path, "the replay can't be set up (%s)", strerror(-err));
	}
	if (err < 0) {
		player_free(p);
		return err;
	}
	*ret = p;
	return 0;
}

const struct model *player_lock(struct player *p)
{
	atomic_fetch_add(&p->waiting, 1);
	pthread_mutex_lock(&p->lock);
	atomic_fetch_sub(&p->waiting, 1);
	return p->model;
}

void player_unlock(struct player *p)
{
	pthread_mutex_unlock(&p->lock);
}

void player_state(const struct player *p, struct player_state *ret)
{
	uint64_t n_events;

	*ret = (struct player_state){
		.playhead_ns = model_now(p->model),
		.goal_ns = p->goal_ns,
		.loaded = p->loaded,
		.following = capture_reader_fd(p->reader) >= 0 && !p->at_end,
		.playing = p->playing,
		.speed = p->speed,
		.moments = p->moments.at,
		.n_moments = p->loaded ? p->moments.n : 0,
	};
	capture_reader_span(p->reader, &ret->first_ns, &ret->last_ns, &n_events);
	ret->n_blocks = capture_reader_blocks(p->reader, &ret->blocks);
}

/* Commands, but for the lock and the wake-up. */
static void seek_to(struct player *p, uint64_t at_ns)
{
	uint64_t first, last, n;

	capture_reader_span(p->reader, &first, &last, &n);
	at_ns = at_ns < first ? first : at_ns > last ? last : at_ns;
	/* What has been fed can't be taken back, whether it is shown already or not. */
	if (at_ns < model_now(target_model(p)))
		p->rewind = true;
	p->goal_ns = at_ns;
	p->play_from_ns = at_ns;
	p->play_since_ns = clock_now_ns();
}

static bool can_move(const struct player *p)
{
	return p->loaded && capture_reader_fd(p->reader) < 0;
}

void player_play(struct player *p, bool play)
{
	player_lock(p);
	if (can_move(p)) {
		uint64_t first, last, n;

		capture_reader_span(p->reader, &first, &last, &n);
		seek_to(p, play && p->at_end && !p->rewind ? first : model_now(p->model));
		p->playing = play;
	}
	player_unlock(p);
	wake(p->wake_fd);
}

void player_set_speed(struct player *p, double speed)
{
	player_lock(p);
	p->speed = speed < PLAYER_SPEED_MIN ? PLAYER_SPEED_MIN : speed > PLAYER_SPEED_MAX ? PLAYER_SPEED_MAX : speed;
	p->play_from_ns = p->playing ? p->goal_ns : p->play_from_ns;
	p->play_since_ns = clock_now_ns();
	player_unlock(p);
	wake(p->wake_fd);
}

void player_seek(struct player *p, uint64_t at_ns)
{
	player_lock(p);
	if (can_move(p))
		seek_to(p, at_ns);
	player_unlock(p);
	wake(p->wake_fd);
}

void player_step(struct player *p)
{
	player_lock(p);
	if (can_move(p) && !p->at_end && !p->next && !p->rewind) {
		p->playing = false;
		p->step = true;
	}
	player_unlock(p);
	wake(p->wake_fd);
}

int player_wait_begun(struct player *p)
{
	struct pollfd fd = {.fd = p->begun_fd, .events = POLLIN};

	while (poll(&fd, 1, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	player_lock(p);
	int err = p->error;
	player_unlock(p);
	return err;
}

bool player_wait(struct player *p, int fd)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = p->done_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return false;
		if (fds[0].revents)
			return true;
		if (fds[1].revents)
			return false;
	}
}

void player_damage(struct player *p, struct capture_damage *ret)
{
	player_lock(p);
	if (p->loaded)
		*ret = p->damage;
	else
		capture_reader_damage(p->reader, ret);
	player_unlock(p);
}

int player_error(const struct player *p)
{
	return p->error;
}

void player_free(struct player *p)
{
	if (!p)
		return;
	if (p->thread_started) {
		player_lock(p);
		p->quit = true;
		player_unlock(p);
		wake(p->wake_fd);
		pthread_join(p->thread, NULL);
	}
	capture_reader_close(p->reader);
	model_free(p->next);
	model_free(p->model);
	free(p->events);
	if (p->wake_fd >= 0)
		close(p->wake_fd);
	if (p->begun_fd >= 0)
		close(p->begun_fd);
	if (p->done_fd >= 0)
		close(p->done_fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
