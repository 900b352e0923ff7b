// SPDX-License-Identifier: GPL-2.0-only

#include "textflag.h"

// func g() unsafe.Pointer
TEXT ·g(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET

// AX = CLOCK_MONOTONIC in nanoseconds; the timespec is the frame's 16 bytes.
#define NOW \
	MOVQ $228, AX        /* clock_gettime */ \
	MOVQ $1, DI          /* CLOCK_MONOTONIC */ \
	LEAQ ts-16(SP), SI   \
	SYSCALL              \
	MOVQ ts-16(SP), AX   \
	IMULQ $1000000000, AX \
	ADDQ ts-8(SP), AX

// func Hold(until int64) (asked, end int64)
TEXT ·Hold(SB), NOSPLIT, $16-24
	MOVQ until+0(FP), R8
	MOVQ (TLS), BX
	XORQ R9, R9          // asked
	XORQ R10, R10        // turns

loop:
	TESTQ R9, R9
	JNE  next
	MOVQ 16(BX), DX      // g.stackguard0
	CMPQ DX, $-1314      // stackPreempt
	JNE  next
	NOW
	MOVQ AX, R9

next:
	INCQ  R10
	TESTQ $0x3ffff, R10  // a look at the clock now and then
	JNE   loop
	NOW
	CMPQ AX, R8
	JLT  loop
	MOVQ R9, asked+8(FP)
	MOVQ AX, end+16(FP)
	RET
