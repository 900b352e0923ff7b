/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the eBPF collector share: ebpf.c (life, polling) and ebpf_attach.c (programs and probes). */
#ifndef SCHEDTOP_COLLECTORS_EBPF_INTERNAL_H
#define SCHEDTOP_COLLECTORS_EBPF_INTERNAL_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/collector.h"
#include "collectors/decode.h"
#include "collectors/order.h"
#include "collectors/pid_namespace.h"
#include "events/wire.h"
#include "target/go_target.h"

struct fault;
struct schedtop_bpf;

struct sample_fd {
	int fd;
	struct bpf_link *link;
};

/* The runtime probes of one level. */
struct ebpf_probes {
	int fd;                  /* one link for all; -1 = none */
	struct bpf_link **links; /* or one each, with older kernels */
	size_t n_links;
};

struct first_thread {
	uint32_t tid;
	char comm[EV_COMM_SIZE];
};

struct ebpf {
	struct collector_opts opts;
	struct pid_view view; /* how the kernel calls the target */
	struct schedtop_bpf *skel;
	struct ring_buffer *rb;
	struct order *order;
	const unsigned char *slots; /* of the switches, in the kernel's map */
	size_t slots_bytes;
	struct order_run *runs; /* of each CPU */
	uint32_t n_runs;
	struct decoder *decoder;
	struct go_target *go;

	struct bpf_link *kernel_links[16];
	size_t n_kernel_links;
	bool multi;              /* probes are links of their own, not perf events */
	enum detail_level level; /* at most opts.detail */
	bool configured;         /* the programs know the target's layout */
	struct ebpf_probes sched, exact;
	struct sample_fd *samples;
	size_t n_samples;
	struct first_thread *first; /* threads found at the start, until they are told */
	size_t n_first;

	uint64_t hit_ns[HIT_CLASS_COUNT];   /* what a hit costs on this machine */
	uint64_t cut_ns;                    /* everything up to here has been delivered */
	uint64_t lost_queue;                /* order was full */
	uint64_t lost_late;                 /* came too late for their place */
	uint64_t told[EV_LOST_CAUSE_COUNT]; /* already delivered as EV_LOST */
	uint64_t events;
	bool stopped;
};

/** Before loading: programs must be loaded for the way in which they will be attached (e->multi). */
void ebpf_choose_links(struct ebpf *e);

/** Places the kernel's programs (all detail levels). 0, or -errno with @fault when even switches can't be seen. */
int ebpf_attach_kernel(struct ebpf *e, struct session *session, struct fault *fault);

/** Starts cpu-clock samples on every CPU; what is refused goes to session->missing. */
void ebpf_attach_samples(struct ebpf *e, struct session *session);

/** Places the uprobes in e->go and tells the programs its layout; what can't be placed goes to session->missing. */
void ebpf_attach_probes(struct ebpf *e, struct session *session);

/** Places and removes probes so that they are those of e->level. */
void ebpf_apply_level(struct ebpf *e, struct session *session);

void ebpf_detach_probes(struct ebpf *e);
void ebpf_detach_all(struct ebpf *e);

#endif
