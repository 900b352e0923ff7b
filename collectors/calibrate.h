/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a uprobe costs on this machine, found out on schedtop itself. It differs by more than ten times between
 * machines: 0.3 µs on bare metal, 0.7 to 7 µs where a hypervisor takes part in each trap, three times that where the
 * instruction is single-stepped.
 */
#ifndef SCHEDTOP_COLLECTORS_CALIBRATE_H
#define SCHEDTOP_COLLECTORS_CALIBRATE_H

#include <stdint.h>

struct probe_cost {
	uint64_t emulated_ns; /* a hit on an instruction that the kernel emulates, with an empty program */
	uint64_t stepped_ns;  /* on one that it single-steps */
};

/**
 * Places probes with an empty program on two functions of this process, calls them and takes the probes away: about
 * two milliseconds. 0; -ENOTSUP where the kernel has no link for many uprobes (Linux 6.6) or the machine isn't x86-64;
 * -errno of the kernel.
 */
int calibrate_probes(struct probe_cost *ret);

#endif
