// SPDX-License-Identifier: GPL-2.0-only

#include "textflag.h"

// func g() unsafe.Pointer
TEXT ·g(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET

// func TSC() uint64
TEXT ·TSC(SB), NOSPLIT, $0-8
	RDTSC
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, ret+0(FP)
	RET

// func Hold(ticks uint64) (start, asked, end uint64)
TEXT ·Hold(SB), NOSPLIT, $0-32
	MOVQ ticks+0(FP), CX
	MOVQ (TLS), BX
	XORQ SI, SI
	RDTSC
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, DI
	MOVQ AX, start+8(FP)

loop:
	RDTSC
	SHLQ  $32, DX
	ORQ   DX, AX
	TESTQ SI, SI
	JNE   next
	MOVQ  16(BX), R8     // g.stackguard0
	CMPQ  R8, $-1314     // stackPreempt
	JNE   next
	MOVQ  AX, SI

next:
	MOVQ AX, R8
	SUBQ DI, R8
	CMPQ R8, CX
	JCS  loop
	MOVQ SI, asked+16(FP)
	MOVQ AX, end+24(FP)
	RET
