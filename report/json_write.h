/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few forms that our JSON is made of, over cJSON. Out of memory they leave a member out; who prints the object
 * finds out (json_write_print).
 */
#ifndef SCHEDTOP_REPORT_JSON_WRITE_H
#define SCHEDTOP_REPORT_JSON_WRITE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct session_kv;
struct hist_summary;

/** An integer as it is (cJSON goes through double and may choose an exponent); larger than 2^53 becomes 2^53. */
void json_add_uint(cJSON *o, const char *key, uint64_t v);
/** The same where @known, else null. */
void json_add_known(cJSON *o, const char *key, uint64_t v, bool known);
/** A number with three decimals. */
void json_add_decimal(cJSON *o, const char *key, double v);
/** The figures of a histogram; what an empty one doesn't have is null. @s NULL = not watched at all: null. */
void json_add_hist(cJSON *o, const char *key, const struct hist_summary *s);
/** true, false, or null for a negative value. */
void json_add_tristate(cJSON *o, const char *key, int v);
/** Foreign text, escaped; NULL becomes null. */
void json_add_text(cJSON *o, const char *key, const char *s);
/** An array of foreign texts; NULL-terminated, NULL is an empty one. */
void json_add_texts(cJSON *o, const char *key, char *const *list);
/** The same, counted. */
void json_add_texts_n(cJSON *o, const char *key, char *const *list, size_t n);
/** An object of foreign keys and values; of a key given twice the last one counts. */
void json_add_kvs(cJSON *o, const char *key, const struct session_kv *kv, size_t n);

/** Prints and a newline. 0, -ENOMEM, or -errno of the stream. */
int json_write_print(const cJSON *root, FILE *out);

/** For cleanup_with(). */
void json_write_delete(cJSON **j);

#endif
