/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracks of the Perfetto UI: a group with the CPUs; below the process its pauses, Ps, gaps, goroutines, counters and
 * threads.
 */
#include "export/perfetto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define KIND_BITS     4
#define GROUP_NAME    64
#define THREADS_MAX   16384
#define NAME_MAX_SIZE 1200

_Static_assert(TRACK_COUNTER < 1 << KIND_BITS && COUNTER_KIND_COUNT <= 1 << PERFETTO_COUNTER_BITS,
	       "kinds fit their bits");

/*
 * Small ids make small numbers, which are short on the wire. No runtime counts goroutines to 2^59: such ids of a
 * damaged capture may share tracks. Never 0, which would be the trace's own track.
 */
static uint64_t uuid_of(enum perfetto_track kind, uint64_t id)
{
	return (id + 1) << KIND_BITS | kind;
}

static void describe(struct export *x, Pf__TrackDescriptor *d, uint64_t uuid)
{
	Pf__TracePacket p = PF__TRACE_PACKET__INIT;

	d->has_uuid = true;
	d->uuid = uuid;
	p.track_descriptor = d;
	perfetto_put(x, &p, PERFETTO_NEEDS_STATE);
}

static void set_parent(Pf__TrackDescriptor *d, uint64_t uuid, uint64_t rank)
{
	d->has_parent_uuid = true;
	d->parent_uuid = uuid;
	d->has_sibling_order_rank = true;
	d->sibling_order_rank = rank < INT32_MAX ? (int32_t)rank : INT32_MAX;
}

static void set_ordered(Pf__TrackDescriptor *d)
{
	d->has_child_ordering = true;
	d->child_ordering = PF__TRACK_DESCRIPTOR__CHILD_ORDERING__EXPLICIT;
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static void describe_process(struct export *x)
{
	const struct session *s = model_session(x->model);
	const char *exe = s->exe ? base_name(s->exe) : "";
	Pf__ProcessDescriptor process = PF__PROCESS_DESCRIPTOR__INIT;
	Pf__TrackDescriptor d = PF__TRACK_DESCRIPTOR__INIT;
	char name[NAME_MAX_SIZE];

	text_escape(name, sizeof(name), exe, strlen(exe));
	process.has_pid = true;
	process.pid = (int32_t)s->pid;
	process.process_name = name;
	d.process = &process;
	set_ordered(&d);
	describe(x, &d, uuid_of(TRACK_PROCESS, 0));
}

static void describe_group(struct export *x, enum perfetto_group group, uint64_t rank)
{
	static const char *const names[GROUP_COUNT] = {
		[GROUP_CPUS] = "CPUs",
		[GROUP_PS] = "Ps",
		[GROUP_GAPS] = "preemption gaps",
		[GROUP_GS] = "goroutines",
		[GROUP_COUNTERS] = "counters",
	};
	Pf__TrackDescriptor d = PF__TRACK_DESCRIPTOR__INIT;
	char name[GROUP_NAME];

	snprintf(name, sizeof(name), "%s", names[group]);
	d.name = name;
	set_ordered(&d);
	if (group != GROUP_CPUS) /* other processes run there too */
		set_parent(&d, uuid_of(TRACK_PROCESS, 0), rank);
	describe(x, &d, uuid_of(TRACK_GROUP, group));
}

void perfetto_tracks_begin(struct export *x)
{
	Pf__TrackDescriptor d = PF__TRACK_DESCRIPTOR__INIT;
	char name[] = "stop the world";

	describe_process(x);
	d.name = name;
	set_parent(&d, uuid_of(TRACK_PROCESS, 0), 0);
	describe(x, &d, uuid_of(TRACK_STW, 0));
	for (unsigned g = 0; g < GROUP_COUNT; g++)
		describe_group(x, g, 1 + g);
}

static void describe_settings(struct export *x)
{
	Pf__TrackDescriptor d = PF__TRACK_DESCRIPTOR__INIT;
	char name[] = "written into the process";

	d.name = name;
	set_parent(&d, uuid_of(TRACK_PROCESS, 0), 0);
	describe(x, &d, uuid_of(TRACK_SETTING, 0));
}

static void describe_thread(struct export *x, uint32_t tid)
{
	const char *comm = model_comm(x->model, tid);
	Pf__ThreadDescriptor thread = PF__THREAD_DESCRIPTOR__INIT;
	Pf__TrackDescriptor d = PF__TRACK_DESCRIPTOR__INIT;
	char name[NAME_MAX_SIZE];

	thread.has_pid = true;
	thread.pid = (int32_t)model_session(x->model)->pid;
	thread.has_tid = true;
	thread.tid = (int32_t)tid;
	if (*comm) {
		text_escape(name, sizeof(name), comm, strlen(comm));
		thread.thread_name = name;
	}
	d.thread = &thread;
	set_parent(&d, uuid_of(TRACK_PROCESS, 0), tid);
	describe(x, &d, uuid_of(TRACK_M, tid));
}

static void describe_counter(struct export *x, uint64_t id)
{
	const struct counter_info *info = counter_info(id & ((1U << PERFETTO_COUNTER_BITS) - 1));
	Pf__CounterDescriptor counter = PF__COUNTER_DESCRIPTOR__INIT;
	Pf__TrackDescriptor d = PF__TRACK_DESCRIPTOR__INIT;
	char name[GROUP_NAME];

	if (info->has_id)
		snprintf(name, sizeof(name), "%s %u", info->title, (unsigned)(id >> PERFETTO_COUNTER_BITS));
	else
		snprintf(name, sizeof(name), "%s", info->title);
	counter.has_unit = true;
	counter.unit = info->is_ns ? PF__COUNTER_DESCRIPTOR__UNIT__TIME_NS : PF__COUNTER_DESCRIPTOR__UNIT__COUNT;
	d.counter = &counter;
	d.name = name;
	set_parent(&d, uuid_of(TRACK_GROUP, GROUP_COUNTERS), id);
	describe(x, &d, uuid_of(TRACK_COUNTER, id));
}

static void describe_goroutine(struct export *x, uint64_t goid, uint32_t func)
{
	const struct func_info *f = model_func(x->model, func);
	Pf__TrackDescriptor d = PF__TRACK_DESCRIPTOR__INIT;
	char name[NAME_MAX_SIZE];
	int n = snprintf(name, sizeof(name), f ? "G %llu " : "G %llu", (unsigned long long)goid);

	if (f)
		text_escape(name + n, sizeof(name) - (size_t)n, f->name, strlen(f->name));
	d.name = name;
	set_parent(&d, uuid_of(TRACK_GROUP, GROUP_GS), goid);
	describe(x, &d, uuid_of(TRACK_G, goid));
}

static void describe_plain(struct export *x, enum perfetto_track kind, uint64_t id)
{
	static const struct {
		const char *prefix;
		enum perfetto_group group;
	} kinds[] = {
		[TRACK_CPU] = {"CPU ", GROUP_CPUS},
		[TRACK_P] = {"P ", GROUP_PS},
		[TRACK_GAP_P] = {"gaps of P ", GROUP_GAPS},
		[TRACK_GAP_M] = {"gaps of thread ", GROUP_GAPS},
		[TRACK_GAP_G] = {"gaps of goroutine ", GROUP_GAPS},
	};
	Pf__TrackDescriptor d = PF__TRACK_DESCRIPTOR__INIT;
	char name[GROUP_NAME];

	snprintf(name, sizeof(name), "%s%llu", kinds[kind].prefix, (unsigned long long)id);
	d.name = name;
	set_parent(&d, uuid_of(TRACK_GROUP, kinds[kind].group), id);
	describe(x, &d, uuid_of(kind, id));
}

uint64_t perfetto_track(struct export *x, enum perfetto_track kind, uint64_t id, uint32_t func)
{
	struct perfetto *pf = x->state;
	uint64_t uuid = uuid_of(kind, id);
	uint64_t *slot = &pf->tracks[(uuid * 0x9e3779b97f4a7c15ULL) >> 48];

	if (*slot == uuid || kind == TRACK_STW)
		return uuid;
	*slot = uuid;
	if (kind == TRACK_M)
		describe_thread(x, (uint32_t)id);
	else if (kind == TRACK_G)
		describe_goroutine(x, id, func);
	else if (kind == TRACK_SETTING)
		describe_settings(x);
	else if (kind == TRACK_COUNTER)
		describe_counter(x, id);
	else
		describe_plain(x, kind, id);
	return uuid;
}

void perfetto_tracks_end(struct export *x)
{
	cleanup_free struct thread_total *threads = calloc(THREADS_MAX, sizeof(*threads));

	if (!threads) {
		x->out.err = -ENOMEM;
		return;
	}
	size_t n = model_threads(x->model, threads, THREADS_MAX);
	for (size_t i = 0; i < n && i < THREADS_MAX; i++) {
		if (*threads[i].comm)
			describe_thread(x, threads[i].tid);
	}
}
