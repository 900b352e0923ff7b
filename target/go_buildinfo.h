/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The build information that the go command links into every program: version, path of the main package, settings
 * (debug/buildinfo/buildinfo.go; strings inline from Go 1.18, behind pointers before).
 */
#ifndef SCHEDTOP_TARGET_GO_BUILDINFO_H
#define SCHEDTOP_TARGET_GO_BUILDINFO_H

#include "target/elf_file.h"

struct go_setting {
	char *key;
	char *value;
};

struct go_buildinfo {
	char *version; /* "go1.22.12"; NULL = none found */
	char *path;    /* of the main package; NULL = not said */
	struct go_setting *settings;
	size_t n_settings;
};

/** Finds and copies it. 0, -ENODATA when the program has none, -ENOMEM. Free with go_buildinfo_done(). */
int go_buildinfo_read(struct go_buildinfo *b, const struct elf_file *elf);
void go_buildinfo_done(struct go_buildinfo *b);

#endif
