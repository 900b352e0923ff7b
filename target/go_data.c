/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses of the runtime's variables. With a symbol table they are looked up; without, they are read out of functions
 * that are known to use them. What is found this way is a candidate: go_target_selfcheck() verifies it on the live
 * process.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "target/go_binary_internal.h"
#include "target/go_code.h"

#define OPERANDS_MAX 512

struct operands {
	struct go_operand op[OPERANDS_MAX];
	size_t n;
};

static bool operands_of(const struct go_binary *b, const char *func, struct operands *ret)
{
	struct go_func f;

	if (go_pclntab_func_named(&b->tab, func, &f) < 0)
		return false;
	ret->n = go_code_operands(&b->elf, &f, ret->op, OPERANDS_MAX);
	return ret->n > 0;
}

static bool uses(const struct operands *o, uint64_t vaddr, uint8_t size, bool stores)
{
	for (size_t i = 0; i < o->n; i++) {
		if (o->op[i].vaddr == vaddr && o->op[i].size == size && o->op[i].stores == stores)
			return true;
	}
	return false;
}

/* The first variable of 8 bytes that is loaded and whose next 8 bytes are loaded too: a slice or string. */
static int pair_in(const struct go_binary *b, const char *func, uint64_t *ret)
{
	struct operands o;

	if (!operands_of(b, func, &o))
		return -ENOENT;
	for (size_t i = 0; i < o.n; i++) {
		if (o.op[i].size == 8 && !o.op[i].stores && uses(&o, o.op[i].vaddr + 8, 8, false)) {
			*ret = o.op[i].vaddr;
			return 0;
		}
	}
	return -ENOENT;
}

/* runtime.preemptall ranges over allp (runtime/proc.go). */
static int find_allp(const struct go_binary *b, uint64_t *ret)
{
	return pair_in(b, "runtime.preemptall", ret);
}

/* A string variable handed to a function as its first argument: data in AX, length in BX. */
static int string_argument_in(const struct go_binary *b, const char *func, uint64_t *ret)
{
	struct operands o;

	if (!operands_of(b, func, &o))
		return -ENOENT;
	for (size_t i = 0; i < o.n; i++) {
		for (size_t j = 0; o.op[i].arg == 1 && j < o.n; j++) {
			if (o.op[j].arg == 2 && o.op[j].size == 8 && o.op[i].size == 8 &&
			    o.op[j].vaddr == o.op[i].vaddr + 8) {
				*ret = o.op[i].vaddr;
				return 0;
			}
		}
	}
	return -ENOENT;
}

/* parseRuntimeDebugVars (parsedebugvars before 1.21) hands godebugDefault to parsegodebug (runtime/runtime1.go). */
static int find_godebug_default(const struct go_binary *b, uint64_t *ret)
{
	int err = string_argument_in(b, "runtime.parseRuntimeDebugVars", ret);

	return err < 0 ? string_argument_in(b, "runtime.parsedebugvars", ret) : err;
}

static int first_int32_in(const struct go_binary *b, const char *func, uint64_t *ret)
{
	struct operands o;

	if (!operands_of(b, func, &o))
		return -ENOENT;
	for (size_t i = 0; i < o.n; i++) {
		if (o.op[i].size == 4 && !o.op[i].stores) {
			*ret = o.op[i].vaddr;
			return 0;
		}
	}
	return -ENOENT;
}

/* procresize begins with old := gomaxprocs (runtime/proc.go), GOMAXPROCS, which a program may lack, with a load too. */
static int find_gomaxprocs(const struct go_binary *b, uint64_t *ret)
{
	int err = first_int32_in(b, "runtime.GOMAXPROCS", ret);

	return err < 0 ? first_int32_in(b, "runtime.procresize", ret) : err;
}

/* mcommoninit: mp.alllink = allm; atomicstorep(&allm, mp) (runtime/proc.go): loaded, and its address taken. */
static int find_allm(const struct go_binary *b, uint64_t *ret)
{
	struct operands o;

	if (!operands_of(b, "runtime.mcommoninit", &o))
		return -ENOENT;
	for (size_t i = 0; i < o.n; i++) {
		if (o.op[i].size == 8 && !o.op[i].stores && uses(&o, o.op[i].vaddr, 0, false)) {
			*ret = o.op[i].vaddr;
			return 0;
		}
	}
	return -ENOENT;
}

/*
 * gcstopm reads sched.gcwaiting and counts sched.stopwait down (runtime/proc.go). The distance between the two is known
 * from the offsets, which makes a wrong pair unlikely.
 */
static int find_sched(const struct go_binary *b, uint64_t *ret)
{
	struct go_offsets off;
	struct operands o;
	bool guess;

	if (go_binary_offsets(b, &off, &guess) < 0 || off.sched_gcwaiting == GO_OFF_NONE ||
	    off.sched_stopwait == GO_OFF_NONE || !operands_of(b, "runtime.gcstopm", &o))
		return -ENOENT;
	uint64_t apart = (uint64_t)off.sched_stopwait - off.sched_gcwaiting;
	for (size_t i = 0; i < o.n; i++) {
		if ((o.op[i].size == 1 || o.op[i].size == 4) && !o.op[i].stores &&
		    uses(&o, o.op[i].vaddr + apart, 4, true)) {
			*ret = o.op[i].vaddr - off.sched_gcwaiting;
			return 0;
		}
	}
	return -ENOENT;
}

/* allgadd: allgs = append(allgs, gp) (runtime/proc.go) stores a slice's three words. */
static int find_allgs(const struct go_binary *b, uint64_t *ret)
{
	struct operands o;

	if (!operands_of(b, "runtime.allgadd", &o))
		return -ENOENT;
	for (size_t i = 0; i < o.n; i++) {
		if (o.op[i].size == 8 && o.op[i].stores && uses(&o, o.op[i].vaddr + 8, 8, true) &&
		    uses(&o, o.op[i].vaddr + 16, 8, true)) {
			*ret = o.op[i].vaddr;
			return 0;
		}
	}
	return -ENOENT;
}

static const struct {
	const char *name;
	int (*find)(const struct go_binary *b, uint64_t *ret);
} variables[] = {
	{"runtime.allgs", find_allgs},
	{"runtime.allm", find_allm},
	{"runtime.allp", find_allp},
	{"runtime.gomaxprocs", find_gomaxprocs},
	{"runtime.godebugDefault", find_godebug_default},
	{"runtime.sched", find_sched},
};

int go_binary_data(const struct go_binary *b, const char *name, uint64_t *ret_vaddr)
{
	unsigned char type;

	if (!go_binary_is_go(b))
		return -ENODATA;
	if (elf_symbol(&b->elf, name, ret_vaddr, &type) && type != STT_TLS)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		if (strcmp(variables[i].name, name) == 0)
			return variables[i].find(b, ret_vaddr);
	}
	return -ENOENT;
}

/* An entry of dbgvars: {name string; value *int32; atomic *atomic.Int32; ...} (runtime/runtime1.go, Go 1.19 to 1.26).
 */
static bool knob_entry(const struct go_binary *b, uint64_t header, size_t len, uint64_t *ret)
{
	uint64_t n, value, atomic;

	if (!elf_pointer(&b->elf, header + 8, &n) || n != len || !elf_pointer(&b->elf, header + 16, &value))
		return false;
	if (!value && elf_pointer(&b->elf, header + 24, &atomic))
		value = atomic;
	/* A variable lives in writable data, which may be beyond what the file holds (.bss). */
	for (size_t i = 0; i < b->elf.n_phdrs; i++) {
		const Elf64_Phdr *p = &b->elf.phdrs[i];

		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) && value >= p->p_vaddr &&
		    value - p->p_vaddr < p->p_memsz) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* How often a name may stand in a file, and be pointed to, before it is given up. */
#define TRIES_MAX 64

/* The entry of a setting, and the variable behind it. */
static int find_entry(const struct go_binary *b, const char *name, uint64_t *ret_header, uint64_t *ret_vaddr)
{
	size_t len = strlen(name);
	int tries = 0;

	/* The bytes of the name stand in read-only data, maybe as a part of other strings; a string header points to
	 * them. */
	for (size_t i = 0; i < b->elf.n_phdrs; i++) {
		const Elf64_Phdr *p = &b->elf.phdrs[i];
		size_t size;

		if (p->p_type != PT_LOAD || (p->p_flags & PF_X) || p->p_filesz == 0)
			continue;
		const unsigned char *data = elf_rest(&b->elf, p->p_vaddr, &size), *at = data;
		while (at && (at = memmem(at, size - (size_t)(at - data), name, len))) {
			uint64_t text = p->p_vaddr + (uint64_t)(at - data);

			*ret_header = 0;
			while (tries++ < TRIES_MAX && elf_find_pointer(&b->elf, text, ret_header)) {
				if (knob_entry(b, *ret_header, len, ret_vaddr))
					return 0;
			}
			if (tries >= TRIES_MAX)
				return -ENOENT;
			at++;
		}
	}
	return -ENOENT;
}

int go_binary_godebug_knob(const struct go_binary *b, const char *name, uint64_t *ret_vaddr)
{
	uint64_t header;

	return go_binary_is_go(b) ? find_entry(b, name, &header, ret_vaddr) : -ENODATA;
}

const char *go_binary_preempt_reader(const struct go_binary *b, uint64_t vaddr)
{
	/* Where debug.asyncpreemptoff is read (runtime/proc.go, preempt.go, signal_unix.go), Go 1.19 to 1.26. */
	static const char *const readers[] = {"runtime.preemptone", "runtime.suspendG", "runtime.sighandler"};
	struct operands o;

	for (size_t i = 0; go_binary_is_go(b) && i < ARRAY_SIZE(readers); i++) {
		if (operands_of(b, readers[i], &o) && uses(&o, vaddr, 4, false))
			return readers[i];
	}
	return NULL;
}

/* The entries lie together: some 30 of 24 to 48 bytes. */
#define TABLE_BYTES  4096U
#define NAME_MAX_LEN 32U

int go_binary_godebug_knobs(const struct go_binary *b, const char *const *names, size_t n, uint64_t *ret_vaddrs)
{
	uint64_t anchor, vaddr;

	if (!go_binary_is_go(b))
		return -ENODATA;
	int err = find_entry(b, "asyncpreemptoff", &anchor, &vaddr);
	if (err < 0)
		return err;
	memset(ret_vaddrs, 0, n * sizeof(*ret_vaddrs));
	for (uint64_t at = anchor - TABLE_BYTES; at < anchor + TABLE_BYTES; at += 8) {
		uint64_t text, len;

		if (!elf_pointer(&b->elf, at + 8, &len) || len == 0 || len > NAME_MAX_LEN ||
		    !elf_pointer(&b->elf, at, &text))
			continue;
		const void *name = elf_at(&b->elf, text, (size_t)len);
		for (size_t i = 0; name && i < n; i++) {
			if (!ret_vaddrs[i] && strlen(names[i]) == len && memcmp(names[i], name, (size_t)len) == 0 &&
			    knob_entry(b, at, (size_t)len, &vaddr))
				ret_vaddrs[i] = vaddr;
		}
	}
	return 0;
}

int go_binary_tls_g(const struct go_binary *b, int64_t *ret_offset)
{
	/* Functions in assembly that fetch g at their start (runtime/asm_amd64.s, sys_linux_amd64.s), and save_g's
	 * callers. */
	static const char *const readers[] = {"runtime.morestack",
					      "runtime.asmcgocall",
					      "runtime.asmcgocall.abi0",
					      "runtime.cgocallback",
					      "runtime.sigtramp",
					      "runtime.rt0_go",
					      "runtime.gogo",
					      "gogo",
					      "runtime.mcall"};
	uint64_t value;
	unsigned char type;

	if (!go_binary_is_go(b))
		return -ENODATA;
	/* runtime/tls_arm64.s: the word is only kept for C's sake; else g is in x28 alone. */
	if (b->elf.machine == EM_AARCH64) {
		struct go_func f;

		if (!go_binary_is_cgo_linked(b) || go_pclntab_func_named(&b->tab, "runtime.load_g", &f) < 0)
			return -ENODATA;
		return go_code_tls(&b->elf, &f, ret_offset) < 0 ? -ENODATA : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		struct go_func f;

		if (go_pclntab_func_named(&b->tab, readers[i], &f) == 0 && go_code_tls(&b->elf, &f, ret_offset) == 0)
			return 0;
	}
	/* x86-64 puts the thread-local segment right below the thread pointer (ELF TLS, variant II). */
	for (size_t i = 0; i < b->elf.n_phdrs; i++) {
		const Elf64_Phdr *p = &b->elf.phdrs[i];

		if (p->p_type != PT_TLS || p->p_memsz > INT32_MAX || p->p_align > 4096)
			continue;
		uint64_t align = p->p_align ? p->p_align : 1, size = (p->p_memsz + align - 1) / align * align;
		if (!elf_symbol(&b->elf, "runtime.tlsg", &value, &type) || type != STT_TLS || value > size)
			return -ENODATA;
		*ret_offset = (int64_t)value - (int64_t)size;
		return 0;
	}
	*ret_offset = -8; /* cmd/link: no TLS segment of C's; g is the word below the thread pointer */
	return 0;
}
