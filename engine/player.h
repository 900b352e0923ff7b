/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The player runs a session from a capture: the same model, fed by a reader instead of a collector, on a thread of its
 * own. A file is read to its end at first, as fast as it goes; from then on the playhead can be moved: what is shown is
 * always the model as it was at that moment, because it is fed anew up to there. A stream is followed as it grows.
 */
#ifndef SCHEDTOP_ENGINE_PLAYER_H
#define SCHEDTOP_ENGINE_PLAYER_H

#include "capture/capture.h"
#include "model/model.h"
#include "model/moments.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct player;

struct player_state {
	uint64_t first_ns, last_ns; /* of what is known of the capture */
	uint64_t playhead_ns;       /* the model's now */
	uint64_t goal_ns;           /* where the playhead is on its way to */
	bool loaded;                /* read to the end once */
	bool following;             /* a stream that still grows */
	bool playing;
	double speed;
	const struct moment *moments; /* in order of time; valid while the player is locked */
	size_t n_moments;
	const struct capture_block *blocks; /* of a file, for an overview; valid as long as the player */
	size_t n_blocks;
};

#define PLAYER_SPEED_MIN 0.1
#define PLAYER_SPEED_MAX 100.0

/**
 * Opens @path, or reads @fd when that isn't -1 (it stays the caller's; @path is for messages then), and starts to read.
 * 0 or -errno with @fault.
 */
int player_start(const char *path, int fd, const struct model_opts *opts, struct player **ret, struct fault *fault);

/** The model under the lock; pair with player_unlock(). Any thread. The model may be another one after each lock. */
const struct model *player_lock(struct player *p);
void player_unlock(struct player *p);

/** With the lock held. */
void player_state(const struct player *p, struct player_state *ret);

/* ---- commands: any thread, without the lock; they come into effect soon ---- */

/** Plays from the playhead, or from the start when that is at the end; or stops there. Not for a stream. */
void player_play(struct player *p, bool play);
/** Clamped to [PLAYER_SPEED_MIN, PLAYER_SPEED_MAX]. */
void player_set_speed(struct player *p, double speed);
/** Moves the playhead, clamped to the capture. Going back feeds a fresh model; the old one is shown until it is there.
 */
void player_seek(struct player *p, uint64_t at_ns);
/** Moves the playhead to the next event that is no tick. */
void player_step(struct player *p);

/** Waits until there is something to show. 0, or -errno: what comes is no capture, or can't be read. */
int player_wait_begun(struct player *p);

/** Waits until everything has been read, or @fd becomes readable (-1 = no other reason). false = the latter. */
bool player_wait(struct player *p, int fd);

/** What is known of the file itself. After the end has been read. */
void player_damage(struct player *p, struct capture_damage *ret);

/** Why reading ended early; 0 = it didn't. */
int player_error(const struct player *p);

void player_free(struct player *p);

#endif
