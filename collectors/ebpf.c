/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The eBPF collector: loads the programs, empties the ring on a timer, puts the records in order and decodes them. It
 * is never woken by an event. Switches are read from where the kernel's side put them; of the other records each is
 * copied once. The slots hold what comes while nobody looks (8 MiB: 0.2 s at a million switches a second).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "collectors/calibrate.h"
#include "collectors/ebpf_internal.h"
#include "collectors/uprobe_multi.h"
#include "schedtop.skel.h"
#include "target/proc.h"

#define RING_BYTES_DEFAULT ((size_t)16 << 20)
#define RING_BYTES_MAX     ((size_t)1 << 30)
#define SLOTS_MIN          ((size_t)16) /* of a CPU */
#define ORDER_BYTES_MAX    ((size_t)128 << 20)

/*
 * How far back a record may lie behind one that is already in the ring: from its time stamp to its reservation no
 * thread switch can happen, only interrupts (microseconds) and the hypervisor (a virtual CPU that isn't run).
 */
#define HOLD_NS NS_PER_MS

/* What a hit costs, ns: tests/bench/run --only switch,uprobe on a virtual machine; samples by their stack walk. */
static const uint64_t hit_ns[HIT_CLASS_COUNT] = {
	[HIT_FOREIGN] = 40, [HIT_SWITCH] = 200,          [HIT_WAKE] = 60, [HIT_SIGNAL] = 400, [HIT_SAMPLE] = 1500,
	[HIT_UPROBE] = 700, [HIT_UPROBE_STEPPED] = 9500,
};
/* What our program adds to the bare cost of a uprobe, which is measured at the start. */
#define HANDLER_NS 300

/* The verifier's log comes as one text of many lines. */
static int on_libbpf_log(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	cleanup_free char *text = NULL;
	char *rest;

	(void)level;
	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		return 0;
	}
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (*line)
			log_write(LOG_COLLECT, "libbpf: %s", line);
	}
	return 0;
}

static int on_record(void *ctx, void *data, size_t size)
{
	struct ebpf *e = ctx;
	struct ev_head head;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	if (order_push(e->order, data, size, head.time_ns) < 0)
		e->lost_queue++;
	return 0;
}

/* May we load the simplest of programs? */
static bool may_load(void)
{
	cleanup_close int fd = uprobe_multi_empty_program();

	return fd >= 0 || (fd != -EPERM && fd != -EACCES);
}

static int open_fault(struct fault *fault, int err)
{
	/* -EACCES is the verifier's word too: then no right helps. */
	if (err == -EPERM || (err == -EACCES && !may_load())) {
		fault_set(fault, err, "eBPF", "the kernel refused to load the programs (%s)", strerror(-err));
		fault_todo(fault, "Run as root (sudo), or grant it once: setcap cap_bpf,cap_perfmon,cap_sys_ptrace,"
				  "cap_dac_read_search+ep on the schedtop binary");
	} else if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
		fault_set(fault, err, "eBPF", "this kernel has no type information (/sys/kernel/btf/vmlinux)");
		fault_todo(fault, "It needs a kernel built with CONFIG_DEBUG_INFO_BTF, as distributions' kernels are");
	} else {
		fault_set(fault, err, "eBPF", "the programs can't be loaded (%s)", strerror(-err));
		fault_todo(fault,
			   "Run with SCHEDTOP_DEBUG=collect and look at schedtop-debug.log; `schedtop doctor` tells "
			   "what this machine allows");
	}
	return err;
}

/* The least power of two times @unit that is at least @want. */
static size_t power_of_two(size_t unit, size_t want)
{
	size_t n = unit;

	while (n < want && n < RING_BYTES_MAX)
		n *= 2;
	return n;
}

/* Half of the memory is the ring, half the switches' slots. */
static void size_buffers(struct ebpf *e)
{
	size_t half = (e->opts.ring_bytes ? e->opts.ring_bytes : RING_BYTES_DEFAULT) / 2;
	int n_cpus = libbpf_num_possible_cpus();

	e->n_runs = n_cpus < 1 ? 1 : n_cpus > WIRE_CPUS ? WIRE_CPUS : (uint32_t)n_cpus;
	size_t slots = power_of_two(SLOTS_MIN, half / sizeof(struct wire_switch) / e->n_runs);
	e->slots_bytes = slots * e->n_runs * sizeof(struct wire_switch);
	e->skel->rodata->n_cpus = e->n_runs;
	e->skel->rodata->slot_mask = (uint32_t)slots - 1;
	bpf_map__set_max_entries(e->skel->maps.switches, (uint32_t)slots * e->n_runs);
	bpf_map__set_max_entries(e->skel->maps.ring, (uint32_t)power_of_two((size_t)sysconf(_SC_PAGESIZE), half));
}

static int map_slots(struct ebpf *e)
{
	void *at;

	e->runs = calloc(e->n_runs, sizeof(*e->runs));
	if (!e->runs)
		return -ENOMEM;
	at = mmap(NULL, e->slots_bytes, PROT_READ, MAP_SHARED, bpf_map__fd(e->skel->maps.switches), 0);
	if (at == MAP_FAILED)
		return -errno;
	e->slots = at;
	for (uint32_t i = 0; i < e->n_runs; i++)
		e->runs[i] = (struct order_run){
			.slots = e->slots + i * (e->slots_bytes / e->n_runs),
			.size = sizeof(struct wire_switch),
			.mask = e->skel->rodata->slot_mask,
		};
	return 0;
}

/*
 * Is the clock of the kernel's run queues (sched_clock) exact? It is where the kernel trusts the CPU's counter. Else it
 * may stand still between two ticks, and a wait of 20 µs would show as 0 (kernel/sched/clock.c sched_clock_local).
 */
static bool queue_clock_is_exact(void)
{
	cleanup_fclose FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
	char name[32] = "";

	return f && fgets(name, sizeof(name), f) &&
	       (strcmp(name, "tsc\n") == 0 || strcmp(name, "arch_sys_counter\n") == 0);
}

/*
 * @queue_clock: the kernel tells how long a thread has waited for a CPU. It fails where the fields for it are missing
 * (CONFIG_SCHED_INFO and CONFIG_FAIR_GROUP_SCHED, which distributions' kernels have).
 */
static int load(struct ebpf *e, bool queue_clock)
{
	e->skel = schedtop_bpf__open();
	if (!e->skel)
		return -errno;
	e->skel->rodata->target_tgid = e->view.tgid;
	e->skel->rodata->target_pid = e->opts.pid;
	e->skel->rodata->ns_level = e->view.level;
	e->skel->rodata->ns_address = e->view.address;
	e->skel->rodata->queue_clock = queue_clock;
	bpf_program__set_autoload(e->skel->progs.on_wakeup, !queue_clock);
	bpf_program__set_autoload(e->skel->progs.on_wakeup_new, !queue_clock);
	size_buffers(e);
	ebpf_choose_links(e);
	int err = schedtop_bpf__load(e->skel);
	if (err < 0) {
		schedtop_bpf__destroy(e->skel);
		e->skel = NULL;
	}
	return err;
}

static void learn_costs(struct ebpf *e)
{
	struct probe_cost cost;

	memcpy(e->hit_ns, hit_ns, sizeof(e->hit_ns));
	int err = calibrate_probes(&cost);
	if (err == 0) {
		e->hit_ns[HIT_UPROBE] = cost.emulated_ns + HANDLER_NS;
		e->hit_ns[HIT_UPROBE_STEPPED] = cost.stepped_ns + HANDLER_NS;
	}
	log_write(LOG_COLLECT, "a probe costs %llu ns a hit, %llu single-stepped (%s)",
		  (unsigned long long)e->hit_ns[HIT_UPROBE], (unsigned long long)e->hit_ns[HIT_UPROBE_STEPPED],
		  err == 0 ? "measured" : strerror(-err));
}

static void ebpf_close(struct collector *c);

static int ebpf_open(const struct collector_opts *opts, struct collector **ret, struct fault *fault)
{
	struct ebpf *e = calloc(1, sizeof(*e));
	int err = -ENOMEM;

	if (!e)
		return fault_set(fault, -ENOMEM, "eBPF", "out of memory");
	libbpf_set_print(on_libbpf_log);
	e->opts = *opts;
	e->level = opts->detail;
	e->sched.fd = e->exact.fd = -1;
	e->go = opts->go;
	e->order = order_new(ORDER_BYTES_MAX);
	e->decoder = decoder_new();
	if (!e->order || !e->decoder)
		goto fail;
	err = pid_namespace_view((pid_t)e->opts.pid, &e->view);
	if (err < 0)
		goto fail;
	e->multi = uprobe_multi_supported();
	/* Where not, wake-ups are traced. */
	err = opts->wakeups > 0 || (opts->wakeups == 0 && !queue_clock_is_exact()) ? -ENOENT : load(e, true);
	if (err < 0 && err != -EPERM)
		err = load(e, false);
	if (err == 0)
		err = map_slots(e);
	if (err < 0)
		goto fail;
	e->rb = ring_buffer__new(bpf_map__fd(e->skel->maps.ring), on_record, e, NULL);
	if (!e->rb) {
		err = -errno;
		goto fail;
	}
	learn_costs(e);
	decoder_set_target(e->decoder, e->go);
	*ret = (struct collector *)e;
	return 0;
fail:
	open_fault(fault, err);
	ebpf_close((struct collector *)e);
	return err;
}

/* Forks are seen already when the list is read: a thread born between is told twice, which does no harm. */
static int remember_thread(void *ctx, uint32_t tid, const char comm[EV_COMM_SIZE])
{
	struct ebpf *e = ctx;
	struct first_thread *grown = realloc(e->first, (e->n_first + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	e->first = grown;
	e->first[e->n_first].tid = tid;
	memcpy(e->first[e->n_first++].comm, comm, EV_COMM_SIZE);
	return 0;
}

static int ebpf_start(struct collector *c, struct session *session, struct fault *fault)
{
	struct ebpf *e = (struct ebpf *)c;

	e->cut_ns = clock_now_ns();
	int err = ebpf_attach_kernel(e, session, fault);
	if (err < 0) {
		ebpf_detach_all(e);
		return err;
	}
	proc_each_thread((pid_t)e->opts.pid, remember_thread, e);
	if (e->opts.detail != DETAIL_THREADS)
		ebpf_attach_samples(e, session);
	ebpf_attach_probes(e, session);
	return 0;
}

struct flush {
	struct ebpf *e;
	const struct event_sink *sink;
};

static void flush_record(void *ctx, const void *record, size_t len, int late)
{
	struct flush *f = ctx;
	int n = decoder_record(f->e->decoder, record, len, f->e->cut_ns, f->sink);

	if (n > 0)
		f->e->events += (uint64_t)n;
	f->e->lost_late += late != 0;
}

static void lost_of(const struct ebpf *e, uint64_t lost[EV_LOST_CAUSE_COUNT])
{
	memset(lost, 0, EV_LOST_CAUSE_COUNT * sizeof(*lost));
	for (size_t cpu = 0; cpu < WIRE_CPUS; cpu++) {
		lost[EV_LOST_RING] += e->skel->bss->cpus[cpu].lost[EV_LOST_RING];
		lost[EV_LOST_LABEL] += e->skel->bss->cpus[cpu].lost[EV_LOST_LABEL];
	}
	lost[EV_LOST_QUEUE] = e->lost_queue;
	lost[EV_LOST_LATE] = e->lost_late;
}

static void tell(struct ebpf *e, const struct event_sink *sink, struct event ev)
{
	ev.head.time_ns = e->cut_ns;
	event_deliver(sink, &ev);
	e->events++;
}

static void tell_lost(struct ebpf *e, const struct event_sink *sink)
{
	uint64_t lost[EV_LOST_CAUSE_COUNT];

	lost_of(e, lost);
	for (uint32_t cause = 0; cause < EV_LOST_CAUSE_COUNT; cause++) {
		if (lost[cause] == e->told[cause])
			continue;
		tell(e, sink,
		     (struct event){.head.kind = EV_LOST,
				    .lost = {.count = lost[cause] - e->told[cause], .cause = cause}});
		e->told[cause] = lost[cause];
	}
}

/* Whoever lives already, before the first event about them. */
static void tell_first(struct ebpf *e, const struct event_sink *sink)
{
	for (size_t i = 0; i < e->n_first; i++) {
		struct event ev = {.head = {.kind = EV_THREAD_NEW, .tid = e->first[i].tid, .flags = EVF_INITIAL}};

		memcpy(ev.thread.comm, e->first[i].comm, EV_COMM_SIZE);
		tell(e, sink, ev);
	}
	free(e->first);
	e->first = NULL;
	e->n_first = 0;
}

static void flush(struct ebpf *e, uint64_t until_ns, struct flush *f)
{
	struct wire_cpu *cpus = e->skel->bss->cpus;

	for (uint32_t i = 0; i < e->n_runs; i++)
		e->runs[i].end = __atomic_load_n(&cpus[i].made, __ATOMIC_ACQUIRE);
	order_flush(e->order, e->runs, e->n_runs, until_ns, flush_record, f);
	for (uint32_t i = 0; i < e->n_runs; i++)
		__atomic_store_n(&cpus[i].taken, e->runs[i].next, __ATOMIC_RELEASE);
}

static int drain(struct ebpf *e, const struct event_sink *sink, uint64_t until_ns)
{
	struct flush f = {.e = e, .sink = sink};
	uint64_t before = e->events;

	tell_first(e, sink);
	int err = ring_buffer__consume(e->rb);
	if (err < 0)
		return err;
	flush(e, until_ns, &f);
	if (until_ns > e->cut_ns)
		e->cut_ns = until_ns;
	tell_lost(e, sink);
	tell(e, sink, (struct event){.head.kind = EV_TICK});
	return (int)(e->events - before);
}

static int ebpf_poll(struct collector *c, const struct event_sink *sink)
{
	return drain((struct ebpf *)c, sink, clock_now_ns() - HOLD_NS);
}

static void ebpf_stop(struct collector *c, const struct event_sink *sink)
{
	struct ebpf *e = (struct ebpf *)c;

	if (e->stopped)
		return;
	e->stopped = true;
	ebpf_detach_all(e);
	drain(e, sink, clock_now_ns());
}

static int ebpf_retarget(struct collector *c, struct go_target *go, struct session *session, struct fault *fault)
{
	struct ebpf *e = (struct ebpf *)c;

	(void)fault;
	e->go = go;
	decoder_set_target(e->decoder, go);
	ebpf_attach_probes(e, session);
	return 0;
}

static int ebpf_set_detail(struct collector *c, enum detail_level level, struct session *session)
{
	struct ebpf *e = (struct ebpf *)c;

	if (level > e->opts.detail)
		return -EINVAL;
	e->level = level;
	ebpf_apply_level(e, session);
	return 0;
}

static void ebpf_stats(const struct collector *c, struct collector_stats *ret)
{
	const struct ebpf *e = (const struct ebpf *)c;

	*ret = (struct collector_stats){.events = e->events};
	lost_of(e, ret->lost);
	for (size_t cpu = 0; cpu < WIRE_CPUS; cpu++) {
		for (int class = 0; class < HIT_CLASS_COUNT; class ++) {
			uint64_t n = e->skel->bss->cpus[cpu].hits[class];

			ret->probe_hits += n;
			ret->probe_ns += n * e->hit_ns[class];
		}
		ret->idle_ns += e->skel->bss->cpus[cpu].repeats * e->hit_ns[HIT_UPROBE];
	}
}

static void ebpf_close(struct collector *c)
{
	struct ebpf *e = (struct ebpf *)c;

	if (!e)
		return;
	if (e->skel)
		ebpf_detach_all(e);
	ring_buffer__free(e->rb);
	if (e->slots)
		munmap((void *)e->slots, e->slots_bytes);
	free(e->runs);
	schedtop_bpf__destroy(e->skel);
	order_free(e->order);
	decoder_free(e->decoder);
	free(e->samples);
	free(e->first);
	free(e);
}

const struct collector_ops collector_ebpf = {
	.name = "ebpf",
	.open = ebpf_open,
	.start = ebpf_start,
	.poll = ebpf_poll,
	.stop = ebpf_stop,
	.retarget = ebpf_retarget,
	.set_detail = ebpf_set_detail,
	.stats = ebpf_stats,
	.close = ebpf_close,
};
