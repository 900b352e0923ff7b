/* SPDX-License-Identifier: GPL-2.0-only */
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "tui/screen.h"
#include "tui/terminfo.h"

/* What a crash handler needs, collected beforehand: it may only write(2) and tcsetattr(3). */
static struct {
	struct termios before;
	bool have_before;
	char sequence[256];
	size_t len;
} restore;

static SCREEN *screen;
static struct cell *shown; /* what the terminal holds */
static int shown_cols, shown_rows;
static bool gone;

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void on_crash(int sig)
{
	if (restore.len && write(STDOUT_FILENO, restore.sequence, restore.len) < 0)
		restore.len = 0;
	if (restore.have_before)
		tcsetattr(STDIN_FILENO, TCSANOW, &restore.before);
	/* The handler is reset (SA_RESETHAND): this ends the program as it would have. */
	raise(sig);
}

static void add_sequence(const char *capability)
{
	const char *s = tigetstr(capability);

	if (!s || s == (char *)-1)
		return;
	size_t len = strlen(s);
	if (restore.len + len < sizeof(restore.sequence)) {
		memcpy(restore.sequence + restore.len, s, len);
		restore.len += len;
	}
}

static void prepare_crash(void)
{
	struct sigaction sa = {.sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

	restore.len = 0;
	/* Mouse reporting off, colours and attributes off, cursor on, the normal screen. */
	static const char mouse_off[] = "\033[?1006l\033[?1000l";
	memcpy(restore.sequence, mouse_off, sizeof(mouse_off) - 1);
	restore.len = sizeof(mouse_off) - 1;
	add_sequence("sgr0");
	add_sequence("cnorm");
	add_sequence("rmkx");
	add_sequence("rmcup");
	for (size_t i = 0; i < ARRAY_SIZE(crash_signals); i++)
		sigaction(crash_signals[i], &sa, NULL);
}

/* The machine doesn't know the terminal; perhaps we do. What we start later shall not inherit our word for it. */
static SCREEN *newterm_builtin(const char *term)
{
	const struct terminfo *known = terminfo_builtin(term);

	if (!known || setenv("TERMINFO", known->text, 1) < 0)
		return NULL;
	SCREEN *s = newterm(known->name, stdout, stdin);
	unsetenv("TERMINFO");
	return s;
}

int screen_open(bool mouse, struct fault *fault)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fault_set(fault, -ENOTTY, "screen", "standard input and output aren't a terminal");
		fault_todo(fault, "Use --batch for a report without a screen");
		return -ENOTTY;
	}
	restore.have_before = tcgetattr(STDIN_FILENO, &restore.before) == 0;
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		screen = newterm_builtin(term);
	const char *cup = screen ? tigetstr("cup") : NULL;
	if (!cup || cup == (char *)-1) {
		if (screen) {
			endwin();
			delscreen(screen);
			screen = NULL;
		}
		fault_set(fault, -ENOTTY, "screen", "the terminal type \"%s\" can't place a cursor", term ? term : "");
		fault_todo(fault, "Set TERM to what your terminal is (for example xterm-256color), or use --batch");
		return -ENOTTY;
	}
	set_term(screen);
	prepare_crash();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	leaveok(stdscr, TRUE);
	if (has_colors()) {
		start_color();
		use_default_colors(); /* what has no colour of ours keeps the terminal's own */
	}
	if (mouse) {
		mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0);
	}
	gone = false;
	return 0;
}

void screen_close(void)
{
	if (!screen)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(crash_signals); i++)
		signal(crash_signals[i], SIG_DFL);
	endwin();
	delscreen(screen);
	screen = NULL;
	free(shown);
	shown = NULL;
	shown_cols = shown_rows = 0;
}

int screen_colours(void)
{
	return has_colors() ? COLORS : 0;
}

void screen_resize(int *ret_cols, int *ret_rows)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col && ws.ws_row &&
	    (ws.ws_col != COLS || ws.ws_row != LINES))
		resizeterm(ws.ws_row, ws.ws_col);
	getmaxyx(stdscr, *ret_rows, *ret_cols);
	screen_redraw();
}

void screen_redraw(void)
{
	free(shown);
	shown = NULL;
	clear();
}

static unsigned distance(uint32_t a, uint32_t b)
{
	int r = (int)(a >> 16 & 255) - (int)(b >> 16 & 255), g = (int)(a >> 8 & 255) - (int)(b >> 8 & 255),
	    bl = (int)(a & 255) - (int)(b & 255);

	return (unsigned)(3 * r * r + 4 * g * g + 2 * bl * bl);
}

/* The nearest colour of xterm's 256: the cube of 6 levels and the greys (the first 16 are the user's own). */
static int nearest_256(uint32_t rgb)
{
	static const int level[] = {0, 95, 135, 175, 215, 255};
	int index[3];
	uint32_t cube = 0;

	for (int k = 0; k < 3; k++) {
		int v = (int)(rgb >> (16 - 8 * k) & 255), best = 0;

		for (int i = 1; i < 6; i++)
			best = abs(level[i] - v) < abs(level[best] - v) ? i : best;
		index[k] = best;
		cube = cube << 8 | (uint32_t)level[best];
	}
	int grey = ((int)(rgb >> 8 & 255) - 8 + 5) / 10;
	grey = grey < 0 ? 0 : grey > 23 ? 23 : grey;
	uint32_t g = (uint32_t)(8 + 10 * grey);
	if (distance(rgb, g << 16 | g << 8 | g) < distance(rgb, cube))
		return 232 + grey;
	return 16 + 36 * index[0] + 6 * index[1] + index[2];
}

static int nearest_16(uint32_t rgb, int colours)
{
	static const uint32_t ansi[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
					  0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
					  0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
	int best = 0;

	for (int i = 1; i < 16 && i < colours; i++)
		best = distance(ansi[i], rgb) < distance(ansi[best], rgb) ? i : best;
	return best;
}

static int colour_of(uint32_t rgb)
{
	if (COLORS >= 1 << 24)
		return (int)rgb;
	return COLORS >= 256 ? nearest_256(rgb) : nearest_16(rgb, COLORS);
}

static int pair_of(const struct theme *t, const struct cell *c)
{
	/* Roles are few: each pair of them is looked up once per theme. */
	static int pairs[ROLE_ALL][ROLE_ALL];
	static uint32_t made_for[2 * ROLE_ALL];
	static bool made;

	if (!made || memcmp(made_for, t->rgb, sizeof(t->rgb)) != 0) {
		memset(pairs, 0, sizeof(pairs));
		memcpy(made_for, t->rgb, sizeof(t->rgb));
		made = true;
	}
	int *p = &pairs[c->fg][c->bg];
	if (!*p) {
		*p = alloc_pair(colour_of(t->rgb[c->fg]), colour_of(t->rgb[c->bg]));
		if (*p < 0)
			*p = 0;
	}
	return *p;
}

static void put_cell(int x, int y, const struct cell *c, const struct theme *t)
{
	uint8_t a = c->attr | t->attr[c->fg] | t->attr[c->bg];
	attr_t attr = (a & CELL_BOLD ? A_BOLD : 0) | (a & CELL_UNDERLINE ? A_UNDERLINE : 0) |
		      (a & CELL_REVERSE ? A_REVERSE : 0);
	int pair = t->mono || !has_colors() ? 0 : pair_of(t, c);
	wchar_t text[2] = {(wchar_t)c->ch, 0};
	cchar_t wide;

	setcchar(&wide, text, attr, 0, &pair);
	mvadd_wch(y, x, &wide);
}

void screen_show(const struct grid *g, const struct theme *t)
{
	size_t n = (size_t)g->cols * (size_t)g->rows;
	bool fresh = !shown || shown_cols != g->cols || shown_rows != g->rows;

	if (fresh) {
		free(shown);
		shown = calloc(n, sizeof(*shown));
		shown_cols = g->cols;
		shown_rows = g->rows;
	}
	for (size_t i = 0; i < n; i++) {
		if (!g->cells[i].ch || (shown && !fresh && memcmp(&shown[i], &g->cells[i], sizeof(*shown)) == 0))
			continue;
		put_cell((int)(i % (size_t)g->cols), (int)(i / (size_t)g->cols), &g->cells[i], t);
	}
	if (shown)
		memcpy(shown, g->cells, n * sizeof(*shown));
	refresh();
}

static bool from_mouse(struct key_event *ret)
{
	MEVENT m;

	if (getmouse(&m) != OK)
		return false;
	ret->x = m.x;
	ret->y = m.y;
	ret->key = m.bstate & BUTTON4_PRESSED   ? KEY_WHEEL_UP_
		   : m.bstate & BUTTON5_PRESSED ? KEY_WHEEL_DOWN_
						: KEY_MOUSE_CLICK_;
	return true;
}

bool screen_key(struct key_event *ret)
{
	static const struct {
		int code;
		uint32_t key;
	} keys[] = {
		{KEY_UP, KEY_UP_},     {KEY_DOWN, KEY_DOWN_}, {KEY_LEFT, KEY_LEFT_},  {KEY_RIGHT, KEY_RIGHT_},
		{KEY_HOME, KEY_HOME_}, {KEY_END, KEY_END_},   {KEY_PPAGE, KEY_PGUP_}, {KEY_NPAGE, KEY_PGDN_},
		{KEY_F(1), KEY_F1_},   {KEY_F(10), KEY_F10_}, {KEY_BTAB, KEY_BTAB_},  {KEY_RESIZE, KEY_RESIZE_},
		{KEY_BACKSPACE, 127}, /* as terminals send it */
	};
	wint_t ch;

	for (;;) {
		int rc = get_wch(&ch);

		*ret = (struct key_event){0};
		if (rc == ERR) {
			struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

			gone = poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL));
			return false;
		}
		if (rc != KEY_CODE_YES) {
			ret->key = (uint32_t)ch;
			return true;
		}
		if (ch == KEY_MOUSE) {
			if (from_mouse(ret))
				return true;
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			if ((wint_t)keys[i].code == ch) {
				ret->key = keys[i].key;
				return true;
			}
		}
	}
}

bool screen_gone(void)
{
	return gone;
}
