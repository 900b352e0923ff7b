/* SPDX-License-Identifier: GPL-2.0-only */
/* gopclntab in its four layouts (debug/gosym/pclntab.go, cmd/link/internal/ld/pcln.go). */
#include <elf.h>
#include <string.h>

#include "base/cleanup.h"
#include "synthetic_internal.h"

enum { N_FUNCS = 3 };

/* Where the pieces are, from the start of the parts that hold them. */
struct pieces {
	struct buf names, pcs, files;
	size_t name[N_FUNCS], small, pc_file, pc_line, pc_inline;
	size_t main_go;
};

/* A table of steps (runtime/symtab.go pcvalue): differences of value and of PC. */
static size_t put_steps(struct buf *b, unsigned quantum, const int32_t (*steps)[2], size_t n)
{
	size_t at = b->len;
	int32_t value = -1;

	for (size_t i = 0; i < n; i++) {
		int32_t delta = steps[i][0] - value;

		put_leb(b, ((uint32_t)delta << 1) ^ (uint32_t)(delta >> 31));
		put_leb(b, (uint32_t)steps[i][1] / quantum);
		value = steps[i][0];
	}
	put8(b, 0);
	return at;
}

static unsigned quantum(const struct synth *s)
{
	return s->machine == EM_AARCH64 ? 4 : 1;
}

static void make_pieces(const struct synth *s, struct pieces *p)
{
	static const int32_t lines[][2] = {{10, 0x10}, {20, 0x10}, {11, 0x20}};
	static const int32_t calls[][2] = {{-1, 0x10}, {0, 0x10}, {-1, 0x20}};
	/* Files count from 1 before 1.16, from 0 after. */
	int32_t file[][2] = {{s->magic == SYNTH_MAGIC_12 ? 1 : 0, 0x40}};

	*p = (struct pieces){0};
	put8(&p->names, 0);
	p->name[0] = put_text(&p->names, "main.main");
	p->name[1] = put_text(&p->names, "runtime.ready");
	p->name[2] = put_text(&p->names, "runtime.goexit");
	p->small = put_text(&p->names, "main.small");
	put8(&p->pcs, 0);
	p->pc_file = put_steps(&p->pcs, quantum(s), file, 1);
	p->pc_line = put_steps(&p->pcs, quantum(s), lines, ARRAY_SIZE(lines));
	p->pc_inline = put_steps(&p->pcs, quantum(s), calls, ARRAY_SIZE(calls));
	put8(&p->files, 0);
	p->main_go = put_text(&p->files, "/src/main.go");
}

static void free_pieces(struct pieces *p)
{
	free_buf(&p->names);
	free_buf(&p->pcs);
	free_buf(&p->files);
}

static const uint64_t entries[N_FUNCS + 1] = {SYNTH_MAIN, SYNTH_READY, SYNTH_GOEXIT, SYNTH_END};

static void put_head(struct file *f)
{
	put_pad(&f->b, 32);
	f->pclntab = f->b.len;
	put32(&f->b, f->s->magic);
	put16(&f->b, 0);
	put8(&f->b, quantum(f->s));
	put8(&f->b, 8);
	put64(&f->b, N_FUNCS);
}

static void set32(struct file *f, size_t at, uint64_t v)
{
	memcpy(f->b.p + at, &(uint32_t){(uint32_t)v}, 4);
}

/* Go 1.2 to 1.15: one index of pointers, and all places count from the start. */
static void put_old_tab(struct file *f, const struct pieces *p)
{
	struct buf *b = &f->b;
	size_t index, start;

	put_head(f);
	start = f->pclntab;
	index = b->len;
	for (size_t i = 0; i < N_FUNCS; i++) {
		put_pointer(f, entries[i]);
		put64(b, 0);
	}
	put_pointer(f, SYNTH_END);
	put32(b, 0);
	size_t names = b->len - start;
	put_bytes(b, p->names.p, p->names.len);
	size_t pcs = b->len - start;
	put_bytes(b, p->pcs.p, p->pcs.len);
	size_t text = b->len - start;
	put_bytes(b, p->files.p, p->files.len);
	put_pad(b, 8);
	set32(f, index + N_FUNCS * 16 + 8, b->len - start);
	put32(b, 2);
	put32(b, text + p->main_go);
	for (size_t i = 0; i < N_FUNCS; i++) {
		put_pad(b, 8);
		set32(f, index + i * 16 + 8, b->len - start);
		put_pointer(f, entries[i]);
		put32(b, names + p->name[i]);
		put32(b, 0);
		put32(b, 0);
		put32(b, 0);
		put32(b, i == 2 ? 0 : pcs + p->pc_file);
		put32(b, i == 2 ? 0 : pcs + p->pc_line);
		put32(b, 0);
		put32(b, 0);
	}
	f->pclntab_len = b->len - start;
}

/* From 1.16: parts of their own. @tree: address of the inline tree, or its offset from gofunc. */
static void put_tab(struct file *f, const struct pieces *p, uint64_t tree)
{
	struct buf *b = &f->b;
	bool old = f->s->magic == SYNTH_MAGIC_116, no_line = f->s->magic == SYNTH_MAGIC_118;
	size_t words, start, index, step = old ? 16 : 8;

	put_head(f);
	start = f->pclntab;
	put64(b, 1); /* files */
	if (!old)
		put_pointer(f, SYNTH_TEXT);
	words = b->len;
	for (int i = 0; i < 5; i++)
		put64(b, 0);
	set32(f, words, b->len - start);
	put_bytes(b, p->names.p, p->names.len);
	put_pad(b, 8);
	set32(f, words + 8, b->len - start);
	put32(b, p->main_go);
	set32(f, words + 16, b->len - start);
	put_bytes(b, p->files.p, p->files.len);
	set32(f, words + 24, b->len - start);
	put_bytes(b, p->pcs.p, p->pcs.len);
	put_pad(b, 32);
	index = b->len;
	set32(f, words + 32, index - start);
	for (size_t i = 0; i <= N_FUNCS; i++) {
		if (old)
			put_pointer(f, entries[i]);
		else
			put32(b, entries[i] - SYNTH_TEXT);
		put_bytes(b, "\0\0\0\0\0\0\0", i < N_FUNCS ? step / 2 : 0);
	}
	for (size_t i = 0; i < N_FUNCS; i++) {
		bool inlines = i == 0;

		put_pad(b, 8);
		set32(f, index + i * step + step / 2, b->len - index);
		if (old)
			put_pointer(f, entries[i]);
		else
			put32(b, entries[i] - SYNTH_TEXT);
		put32(b, p->name[i]);
		put32(b, 0);
		put32(b, 0);
		put32(b, 0);
		put32(b, i == 2 ? 0 : p->pc_file);
		put32(b, i == 2 ? 0 : p->pc_line);
		put32(b, inlines ? 3 : 0);
		put32(b, 0); /* its files begin at the first of the unit's */
		if (!old && !no_line)
			put32(b, 9);
		put32(b, inlines ? 4U << 24 : 0);
		if (!inlines)
			continue;
		put32(b, 0);
		put32(b, 0);
		put32(b, p->pc_inline);
		for (int k = 0; old && k < 3; k++)
			put64(b, 0);
		for (int k = 0; !old && k < 3; k++)
			put32(b, UINT32_MAX);
		if (old)
			put_pointer(f, tree);
		else
			put32(b, tree);
	}
	f->pclntab_len = b->len - start;
}

/* The tree of one call. Returns where it is. */
static size_t put_tree(struct file *f, const struct pieces *p)
{
	size_t at;

	put_pad(&f->b, 8);
	at = f->b.len;
	if (f->s->magic == SYNTH_MAGIC_120) {
		put32(&f->b, 0);
		put32(&f->b, p->small);
		put64(&f->b, 0);
	} else {
		put64(&f->b, 0);
		put32(&f->b, 0);
		put32(&f->b, p->small);
		put32(&f->b, 0);
	}
	return at;
}

void put_pclntab(struct file *f)
{
	cleanup_with(free_pieces) struct pieces p;

	make_pieces(f->s, &p);
	size_t tree = put_tree(f, &p);
	if (f->s->magic == SYNTH_MAGIC_12) {
		put_old_tab(f, &p);
	} else if (f->s->magic == SYNTH_MAGIC_116) {
		put_tab(f, &p, SYNTH_BASE + tree);
	} else {
		put_tab(f, &p, 0);
		put_pad(&f->b, 32);
		size_t module = f->b.len;
		for (size_t i = 0; i < MODULE_SIZE; i++)
			put8(&f->b, 0);
		uint64_t names;
		memcpy(&names, f->b.p + f->pclntab + 32, 8);
		pointer(f, module, SYNTH_BASE + f->pclntab);
		pointer(f, module + 8, SYNTH_BASE + f->pclntab + names);
		pointer(f, module + 176, SYNTH_TEXT);
		pointer(f, module + (f->s->magic == SYNTH_MAGIC_118 ? 304 : 320), SYNTH_BASE + tree);
	}
}
