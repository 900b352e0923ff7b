/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/toggles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/values.h"
#include "tui/actions.h"

#define KEY_ENTER_A  '\r'
#define KEY_ENTER_B  '\n'
#define KEY_ERASE_A  127
#define KEY_ERASE_B  8
#define KEY_KILL     21 /* Ctrl-U, as a shell has it */
#define PAGE         10
#define PROCS_MAX    1000000
#define UTF8_MAX     4
#define UNICODE_LAST 0x10ffffU

static void copy(char *dst, size_t cap, const char *src)
{
	snprintf(dst, cap, "%s", src ? src : "");
}

void toggles_add(struct toggles *t, enum toggle_kind kind, const char *name, const char *about, const char *current,
		 const char *initial)
{
	if (t->n == TOGGLES_MAX)
		return;
	struct toggle *g = &t->at[t->n++];
	*g = (struct toggle){.kind = kind};
	copy(g->name, sizeof(g->name), name);
	copy(g->about, sizeof(g->about), about);
	copy(g->current, sizeof(g->current), current);
	copy(g->initial, sizeof(g->initial), initial);
}

/* runtime/string.go atoi32: an optional minus and digits. */
static bool is_int32(const char *text)
{
	unsigned long v;
	bool negative = *text == '-';

	return value_uint(text + negative, (unsigned long)INT32_MAX + negative, &v) == 0;
}

static bool is_bytes(const char *text)
{
	static const char *const units[] = {"", "B", "KiB", "MiB", "GiB", "TiB"};
	size_t digits = strspn(text, "0123456789");

	for (size_t i = 0; digits && digits < 19 && i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(text + digits, units[i]) == 0)
			return true;
	}
	return false;
}

static int check_binary(const char *path, char *why, size_t cap)
{
	struct stat st;

	if (stat(path, &st) < 0)
		snprintf(why, cap, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		snprintf(why, cap, "%s: this is no file", path);
	else if (access(path, X_OK) < 0 || !(st.st_mode & 0111))
		snprintf(why, cap, "%s: it can't be executed", path);
	else
		return 0;
	return -EINVAL;
}

int toggle_check(const struct toggle *t, const char *value, char *why, size_t cap)
{
	unsigned long v;
	const char *want = NULL;

	if (!*value)
		return 0;
	switch (t->kind) {
	case TOGGLE_GODEBUG:
		want = is_int32(value) ? NULL : "a whole number";
		break;
	case TOGGLE_PROCS:
		want = value_uint(value, PROCS_MAX, &v) == 0 && v > 0 ? NULL : "a number above 0";
		break;
	case TOGGLE_PERCENT:
		want = is_int32(value) || strcmp(value, "off") == 0 ? NULL : "a percentage, or off";
		break;
	case TOGGLE_BYTES:
		want = is_bytes(value) || strcmp(value, "off") == 0 ? NULL : "a size (512MiB, 4GiB), or off";
		break;
	case TOGGLE_BINARY:
		return check_binary(value, why, cap);
	}
	if (want)
		snprintf(why, cap, "%s: '%s' is not %s", t->name, value, want);
	return want ? -EINVAL : 0;
}

/* A choice that changes nothing is none. */
static void choose(struct toggle *g, const char *value)
{
	const char *now = *g->current ? g->current : g->kind == TOGGLE_GODEBUG ? g->initial : "";
	bool nothing = g->kind == TOGGLE_BINARY && !*value;

	copy(g->chosen, sizeof(g->chosen), value);
	g->is_chosen = !nothing && strcmp(value, now) != 0;
}

static void flip(struct toggle *g)
{
	const char *now = g->is_chosen ? g->chosen : *g->current ? g->current : g->initial;

	choose(g, !*now || strcmp(now, "0") == 0 ? "1" : "0");
}

static void begin_edit(struct toggles *t, uint32_t first)
{
	const struct toggle *g = &t->at[t->row];

	t->editing = true;
	if (first)
		snprintf(t->typed, sizeof(t->typed), "%c", (char)first);
	else
		copy(t->typed, sizeof(t->typed), g->is_chosen ? g->chosen : g->current);
}

/* A character as UTF-8; how many bytes. Paths may have any. */
static size_t encode(uint32_t ch, char dst[UTF8_MAX])
{
	if (ch < 0x80) {
		dst[0] = (char)ch;
		return 1;
	}
	if (ch < 0x800) {
		dst[0] = (char)(0xc0 | ch >> 6);
		dst[1] = (char)(0x80 | (ch & 0x3f));
		return 2;
	}
	if (ch < 0x10000) {
		dst[0] = (char)(0xe0 | ch >> 12);
		dst[1] = (char)(0x80 | (ch >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (ch & 0x3f));
		return 3;
	}
	dst[0] = (char)(0xf0 | ch >> 18);
	dst[1] = (char)(0x80 | (ch >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (ch >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (ch & 0x3f));
	return 4;
}

static void edit_key(struct toggles *t, uint32_t key)
{
	struct toggle *g = &t->at[t->row];
	size_t len = strlen(t->typed);
	char bytes[UTF8_MAX];

	if (key == KEY_ENTER_A || key == KEY_ENTER_B) {
		if (toggle_check(g, t->typed, t->error, sizeof(t->error)) < 0)
			return;
		choose(g, t->typed);
		t->editing = false;
	} else if (key == KEY_ESC_) {
		t->editing = false;
	} else if (key == KEY_KILL) {
		t->typed[0] = '\0';
	} else if (key == KEY_ERASE_A || key == KEY_ERASE_B) {
		while (len && ((unsigned char)t->typed[--len] & 0xc0) == 0x80)
			;
		t->typed[len] = '\0';
	} else if (key >= ' ' && key <= UNICODE_LAST) {
		size_t n = encode(key, bytes);

		if (len + n < sizeof(t->typed)) {
			memcpy(t->typed + len, bytes, n);
			t->typed[len + n] = '\0';
		}
	}
}

static void move(struct toggles *t, int by)
{
	int last = (int)t->n - 1;

	t->row += by;
	t->row = t->row > last ? last : t->row;
	t->row = t->row < 0 ? 0 : t->row;
}

enum toggles_wish toggles_key(struct toggles *t, uint32_t key)
{
	t->error[0] = '\0';
	if (t->editing) {
		edit_key(t, key);
		return TOGGLES_STAY;
	}
	switch (key) {
	case KEY_UP_:
	case 'k':
		move(t, -1);
		return TOGGLES_STAY;
	case KEY_DOWN_:
	case 'j':
		move(t, 1);
		return TOGGLES_STAY;
	case KEY_PGUP_:
		move(t, -PAGE);
		return TOGGLES_STAY;
	case KEY_PGDN_:
		move(t, PAGE);
		return TOGGLES_STAY;
	case KEY_HOME_:
		move(t, -TOGGLES_MAX);
		return TOGGLES_STAY;
	case KEY_END_:
		move(t, TOGGLES_MAX);
		return TOGGLES_STAY;
	case KEY_ESC_:
	case 'G':
	case 'q':
		return TOGGLES_CLOSE;
	case 'r':
		return TOGGLES_RELAUNCH;
	case 'R':
		return TOGGLES_RELAUNCH_ALONE;
	default:
		break;
	}
	if (!t->n)
		return TOGGLES_STAY;
	struct toggle *g = &t->at[t->row];
	if (key == 'x')
		g->is_chosen = false;
	else if (key == ' ' || key == KEY_ENTER_A || key == KEY_ENTER_B)
		g->on_off ? flip(g) : begin_edit(t, 0);
	else if (key == 'e')
		begin_edit(t, 0);
	else if ((key >= '0' && key <= '9') || (key == '/' && g->kind == TOGGLE_BINARY))
		begin_edit(t, key);
	return TOGGLES_STAY;
}

void toggles_keep(struct toggles *to, const struct toggles *from)
{
	for (size_t i = 0; i < to->n; i++) {
		for (size_t j = 0; j < from->n; j++) {
			if (from->at[j].is_chosen && strcmp(to->at[i].name, from->at[j].name) == 0)
				choose(&to->at[i], from->at[j].chosen);
		}
	}
	to->row = from->row < (int)to->n ? from->row : 0;
}

size_t toggles_chosen(const struct toggles *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->at[i].is_chosen;
	return n;
}

char *toggles_text(const struct toggles *t, char *dst, size_t cap)
{
	const char *between = "GODEBUG=";

	dst[0] = '\0';
	for (size_t i = 0; i < t->n; i++) {
		const struct toggle *g = &t->at[i];

		if (!g->is_chosen || g->kind != TOGGLE_GODEBUG)
			continue;
		if (*g->chosen)
			text_append(dst, cap, "%s%s=%s", between, g->name, g->chosen);
		else
			text_append(dst, cap, "%s-%s", between, g->name);
		between = ",";
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct toggle *g = &t->at[i];

		if (!g->is_chosen || g->kind == TOGGLE_GODEBUG)
			continue;
		text_append(dst, cap, "%s", *dst ? " " : "");
		if (*g->chosen)
			text_append(dst, cap, "%s=%s", g->name, g->chosen);
		else
			text_append(dst, cap, "no %s", g->name);
	}
	if (!*dst)
		text_append(dst, cap, "the same settings");
	return dst;
}
