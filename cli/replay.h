/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands that read captures share. */
#ifndef SCHEDTOP_CLI_REPLAY_H
#define SCHEDTOP_CLI_REPLAY_H

#include "cli/options.h"

struct capture_reader;
struct fault;
struct loaded;
struct player;

/** Says on stderr what is lost of a file, if anything is. */
void replay_say_damage(struct capture_reader *r);

/** Prints the report of a capture, text or JSON, and what is lost of it. Returns the exit status. */
int replay_print_report(const struct options *o, const struct loaded *l);

/** Reads @path, or @fd when that isn't -1, and shows it on the screen. 0 or -errno with @fault. */
int replay_on_screen(const struct options *o, const char *path, int fd, struct fault *fault);

/** The same of several files (up to TUI_SESSIONS_MAX), open in @fds, side by side. */
int replay_files(const struct options *o, char *const *paths, const int *fds, size_t n, struct fault *fault);

/** Shows the players' sessions on the screen. 0 or -errno with @fault. */
int replay_show(const struct options *o, struct player *const *players, size_t n, struct fault *fault);

#endif
