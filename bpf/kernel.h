/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that our programs read, with only the members they use; CO-RE relocates them against the running
 * kernel's BTF (include/linux/sched.h, arch/x86/include/asm/processor.h). Building needs no BTF of the build machine.
 */
#ifndef SCHEDTOP_BPF_KERNEL_H
#define SCHEDTOP_BPF_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/bpf.h>
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct thread_struct {
	unsigned long fsbase;
};

/* kernel/sched/stats.h: kept with CONFIG_SCHED_INFO, which SCHEDSTATS and TASK_DELAY_ACCT select. */
struct sched_info {
	unsigned long run_delay;        /* ns waited for a CPU so far */
	unsigned long long last_queued; /* when the wait that goes on began, by its run queue's clock; 0 = none */
};

struct rq {
	unsigned long long clock; /* kernel/sched/core.c: brought up to date before a switch */
};

/* kernel/sched/sched.h, with CONFIG_FAIR_GROUP_SCHED: every task has it, whatever its class */
struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
};

struct pid_namespace;

/* include/linux/pid.h: a thread's id in each namespace that sees it; numbers[] has one more than the level */
struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct task_struct {
	unsigned int __state;
	int on_cpu; /* CONFIG_SMP */
	int pid;
	int tgid;
	struct pid *thread_pid;
	char comm[16];
	struct sched_entity se;
	struct sched_info sched_info;
	struct thread_struct thread;
};

struct kernel_siginfo;
struct k_sigaction;
struct linux_binprm;

#pragma clang attribute pop

/* The context of a uprobe and a sample: its layout is the kernel's user interface (asm/ptrace.h). */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

/* include/linux/sched.h, Linux 5.14 to 6.18 */
#define TASK_INTERRUPTIBLE   0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_STOPPED_TRACED  0x000c
#define TASK_GONE            0x00b0 /* EXIT_DEAD, EXIT_ZOMBIE, TASK_DEAD */

#define SIGURG 23

#endif
