/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a variant changes, as it is written on the command line: NAME, or NAME:K=V[,K=V...].
 *
 *   on                                 nothing
 *   off:asyncpreemptoff=1              a GODEBUG setting by its name
 *   off:GODEBUG=asyncpreemptoff=1      the same
 *   quiet:GOGC=off,GOMEMLIMIT=1GiB     environment variables
 *   a:GODEBUG=panicnil=1,http2client=0,GOGC=50
 *
 * A key is a GODEBUG setting when it is one that schedtop knows, or when it has lower-case letters and digits only and
 * follows GODEBUG= or such a setting, as in GODEBUG's own lists. Every other key is an environment variable. GODEBUG
 * may be given again; all settings are joined. A comma in a value is written \, and a backslash \\.
 */
#ifndef SCHEDTOP_COMPARE_VARIANT_H
#define SCHEDTOP_COMPARE_VARIANT_H

#include <stddef.h>

struct fault;

#define VARIANT_NAME_MAX     32
#define VARIANT_SETTINGS_MAX 64

struct variant {
	char *name;    /* letters, digits, '.', '_', '-' */
	char **env;    /* "K=V", NULL-terminated, without GODEBUG */
	char *godebug; /* "a=1,b=2"; NULL = none */
};

/**
 * 0 with what variant_done() frees; -EINVAL with @fault, and in *ret_at the byte at which @text is wrong; -ENOMEM.
 * @ret is left empty on failure.
 */
int variant_parse(const char *text, struct variant *ret, size_t *ret_at, struct fault *fault);

/** Is it a name that variant_parse() takes? @len bytes. */
int variant_name_check(const char *name, size_t len, struct fault *fault);

/**
 * The environment that the variant adds: its own variables, and GODEBUG with its settings behind @godebug, that of the
 * caller's environment (NULL = none), since the runtime lets the last one count. A list to free with
 * variant_free_list(); NULL on ENOMEM.
 */
char **variant_environment(const struct variant *v, const char *godebug);

void variant_free_list(char **list);
void variant_done(struct variant *v);

#endif
