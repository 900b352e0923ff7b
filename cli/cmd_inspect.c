/* SPDX-License-Identifier: GPL-2.0-only */
/* inspect: what is known of a Go program, as a file or as a process, without watching it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/privileges.h"
#include "base/text.h"
#include "cli/cli.h"
#include "report/json_write.h"
#include "target/go_target.h"

static const char *const probe_names[] = {
	[GO_PROBE_STW_STOP] = "stop the world asked",
	[GO_PROBE_STW_STOPPED] = "world stopped",
	[GO_PROBE_STW_START] = "world restarts",
	[GO_PROBE_PREEMPT_REQUEST] = "preemption requested",
	[GO_PROBE_SUSPEND] = "suspension requested",
	[GO_PROBE_ASYNC_TAKEN] = "preemption taken, async",
	[GO_PROBE_LEAVE] = "goroutine leaves",
	[GO_PROBE_YIELD] = "goroutine yields",
	[GO_PROBE_PARK_PREEMPTED] = "parked by request",
	[GO_PROBE_READY] = "runnable",
	[GO_PROBE_READY_LIST] = "a list runnable",
	[GO_PROBE_EXECUTE] = "runs",
	[GO_PROBE_PARK] = "parks",
	[GO_PROBE_SYSCALL_ENTER] = "enters a system call",
	[GO_PROBE_SYSCALL_BLOCK] = "blocks in a system call",
	[GO_PROBE_SYSCALL_EXIT] = "leaves a system call",
	[GO_PROBE_SYSCALL_WAIT] = "back without a P",
	[GO_PROBE_HANDOFF] = "P handed off",
	[GO_PROBE_EXIT] = "ends",
	[GO_PROBE_NEW] = "created",
	[GO_PROBE_ASSIST] = "GC assist begins",
	[GO_PROBE_ASSIST_END] = "GC assist ends",
	[GO_PROBE_P_ACQUIRE] = "P acquired",
	[GO_PROBE_P_RELEASE] = "P released",
};
_Static_assert(ARRAY_SIZE(probe_names) == GO_PROBE_COUNT, "each probe has a name");

static const char *const offsets_sources[] = {
	[GO_OFFSETS_TABLE] = "table",
	[GO_OFFSETS_DWARF] = "dwarf",
	[GO_OFFSETS_GUESS] = "guess",
};

struct inspection {
	pid_t pid; /* 0 = a file */
	struct go_target *target;
	const struct go_binary *binary;
	struct session session;
	int32_t gomaxprocs; /* -1 = unknown */
	bool have_offsets;
	enum go_offsets_source offsets;
	const char *offsets_version; /* of the toolchain they were read from; NULL = the program's own DWARF */
	struct go_godebug godebug[GO_GODEBUG_MAX];
	size_t n_godebug;
	int check; /* of the layout on the live process; 1 = not made */
	struct fault check_fault;
};

static void inspect_layout(struct inspection *in)
{
	in->have_offsets = go_binary_offsets_source(in->binary, &in->offsets, &in->offsets_version) == 0;
	if (!in->pid)
		return;
	in->check = go_target_selfcheck(in->target, &in->check_fault);
	if (go_target_gomaxprocs(in->target, &in->gomaxprocs) < 0)
		in->gomaxprocs = -1;
}

static int inspect(struct inspection *in, const char *path, struct fault *fault)
{
	cleanup_close int fd = -1;
	int err = path ? cli_open(path, &fd, fault) : cli_begin_tracing(fault);

	/* Of a process the memory is read, too; a file is all there is. */
	if (err == 0 && path) {
		cli_drop(SANDBOX_READ);
		err = go_target_open_file(fd, path, &in->target, fault);
	} else if (err == 0) {
		privileges_settle(PRIVILEGES_FOREIGN);
		sandbox_enter(SANDBOX_TRACE);
		err = go_target_open(in->pid, NULL, &in->target, fault);
	}
	if (err < 0)
		return err;
	in->binary = go_target_binary(in->target);
	if (in->pid)
		go_target_locate(in->target);
	err = go_target_describe(in->target, &in->session);
	if (err < 0)
		return fault_set(fault, err, "inspect", "%s", strerror(-err));
	if (go_target_is_go(in->target))
		inspect_layout(in);
	in->n_godebug = go_target_godebug(in->target, &in->session, in->godebug, ARRAY_SIZE(in->godebug));
	return 0;
}

/* ---- text ---- */

static const char *escaped(char *dst, size_t cap, const char *s)
{
	text_escape(dst, cap, s, strlen(s));
	return dst;
}

#define ESC(s) escaped((char[1024]){0}, 1024, (s))

static const char *yes_no(bool v)
{
	return v ? "yes" : "no";
}

static void text_settings(const struct inspection *in)
{
	const struct session *s = &in->session;

	for (size_t i = 0; i < s->n_build_settings; i++)
		printf("%s%s=%s\n", i ? "                " : "build settings  ", ESC(s->build_settings[i].key),
		       ESC(s->build_settings[i].value));
	for (size_t i = 0; i < s->n_env; i++)
		printf("%s%s=%s\n", i ? "                " : "environment     ", ESC(s->env[i].key),
		       ESC(s->env[i].value));
}

static void text_async(const struct inspection *in)
{
	const struct session *s = &in->session;
	const char *source = async_source_name(s->async_source);

	printf("async preempt   %s%s%s\n",
	       s->async_enabled < 0 ? "unknown"
	       : s->async_enabled   ? "on"
				    : "OFF",
	       source ? ", decided by: " : "", source ? source : "");
	for (size_t i = 0; i < s->n_async_evidence; i++)
		printf("                - %s\n", ESC(s->async_evidence[i]));
}

/* Environment variables that change the same things as GODEBUG, and what holds when they aren't set. */
static const struct {
	const char *name, *unset;
} runtime_env[] = {
	{"GOMAXPROCS", "as many as CPUs, from Go 1.25 no more than the cgroup's quota"},
	{"GOGC", "100"},
	{"GOMEMLIMIT", "no limit"},
};

static const char *env_value(const struct session *s, const char *name)
{
	for (size_t i = 0; i < s->n_env; i++) {
		if (strcmp(s->env[i].key, name) == 0)
			return s->env[i].value;
	}
	return NULL;
}

/* "since 1.21", "1.22 to 1.24", "" for what every version has. */
static const char *versions(char *dst, size_t cap, const struct go_godebug *g)
{
	dst[0] = '\0';
	if (g->since && g->until)
		snprintf(dst, cap, "1.%d to 1.%d", g->since, g->until);
	else if (g->since)
		snprintf(dst, cap, "since 1.%d", g->since);
	else if (g->until)
		snprintf(dst, cap, "until 1.%d", g->until);
	return dst;
}

static void text_godebug(const struct inspection *in)
{
	puts("GODEBUG");
	for (size_t i = 0; i < in->n_godebug; i++) {
		const struct go_godebug *g = &in->godebug[i];
		const char *source = async_source_name((enum async_source)g->source);
		char value[32] = "?", when[32];

		if (g->known)
			snprintf(value, sizeof(value), "%" PRId32, g->value);
		versions(when, sizeof(when), g);
		if (g->exists)
			printf("  %-24s %-10s %-14s %s%s%s\n", g->name, value, source ? source : "unknown", g->about,
			       when[0] ? "; " : "", when);
		else if (g->source != ASYNC_SOURCE_DEFAULT)
			printf("  %-24s %-10s %-14s has no effect: this version of Go doesn't have it (%s)\n", g->name,
			       "-", source ? source : "unknown", when);
	}
	for (size_t i = 0; i < ARRAY_SIZE(runtime_env) && in->pid; i++) {
		const char *value = env_value(&in->session, runtime_env[i].name);

		printf("%-15s %s%s\n", runtime_env[i].name,
		       value ? ESC(value) : "not set: ", value ? " (environment)" : runtime_env[i].unset);
	}
}

static void text_layout(const struct inspection *in)
{
	int64_t tls;

	if (go_binary_tls_g(in->binary, &tls) == 0)
		printf("TLS offset      g is at the thread pointer %+" PRId64 "\n", tls);
	else
		puts("TLS offset      unknown: goroutines can't be labelled");
	printf("offsets         %s%s",
	       !in->have_offsets                 ? "unknown for this version"
	       : in->offsets == GO_OFFSETS_DWARF ? "from the program's own DWARF"
	       : in->offsets == GO_OFFSETS_TABLE ? "from the table, of "
						 : "not known for this version; tried are those of ",
	       in->have_offsets && in->offsets_version ? in->offsets_version : "");
	if (in->check == 0)
		puts("; verified on the process");
	else if (in->check < 0)
		printf("; not verified: %s %s\n", ESC(in->check_fault.what), ESC(in->check_fault.why));
	else
		puts("");
}

static void text_probes(const struct inspection *in)
{
	/* The cost was measured on x86-64 only. */
	bool measured = strcmp(go_binary_arch(in->binary), "amd64") == 0;

	puts("probes");
	for (int id = 0; id < GO_PROBE_COUNT; id++) {
		struct go_probe p;

		if (!go_binary_probe_wanted(in->binary, (enum go_probe_id)id))
			continue;
		printf("  %-24s ", probe_names[id]);
		if (go_binary_probe(in->binary, (enum go_probe_id)id, &p) == 0)
			printf("%-32s file offset 0x%-8" PRIx64 " %s\n", p.func, p.file_offset,
			       !measured    ? (p.emulated ? "emulated" : "single-stepped")
			       : p.emulated ? "emulated, 0.7 µs a hit"
					    : "single-stepped, 9.5 µs a hit");
		else
			puts("no place for it: inlined away, or changed");
	}
}

static void print_text(const struct inspection *in)
{
	const struct session *s = &in->session;
	const char *module = go_binary_path(in->binary);

	printf("program         %s\n", ESC(s->exe ? s->exe : "?"));
	if (in->pid)
		printf("process         %d\n", (int)in->pid);
	printf("architecture    %s\n", ESC(go_binary_arch(in->binary)));
	printf("Go version      %s\n", s->go_version ? ESC(s->go_version) : "not a Go program");
	printf("stripped        %s\n", yes_no(go_binary_stripped(in->binary)));
	printf("PIE             %s\n", yes_no(go_binary_is_pie(in->binary)));
	if (!go_binary_is_go(in->binary))
		return;
	if (module)
		printf("module          %s\n", ESC(module));
	if (s->linkmode)
		printf("linked          %s\n", ESC(s->linkmode));
	text_settings(in);
	text_async(in);
	if (in->gomaxprocs > 0)
		printf("GOMAXPROCS      %" PRId32 "\n", in->gomaxprocs);
	text_godebug(in);
	text_layout(in);
	text_probes(in);
}

/* ---- JSON ---- */

static void json_probes(cJSON *root, const struct inspection *in)
{
	cJSON *a = cJSON_AddArrayToObject(root, "probes");

	for (int id = 0; id < GO_PROBE_COUNT; id++) {
		struct go_probe p = {0};

		if (!go_binary_probe_wanted(in->binary, (enum go_probe_id)id))
			continue;
		bool found = go_binary_probe(in->binary, (enum go_probe_id)id, &p) == 0;
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "name", probe_names[id]);
		json_add_text(o, "func", found ? p.func : NULL);
		json_add_known(o, "file_offset", p.file_offset, found);
		json_add_known(o, "vaddr", p.vaddr, found);
		json_add_tristate(o, "emulated", found ? p.emulated : -1);
		json_add_text(o, "detail", go_probe_is_exact((enum go_probe_id)id) ? "exact" : "sched");
		cJSON_AddItemToArray(a, o);
	}
}

static void add_version(cJSON *o, const char *key, int minor)
{
	char text[16];

	snprintf(text, sizeof(text), "1.%d", minor);
	json_add_text(o, key, minor ? text : NULL);
}

static void json_godebug(cJSON *root, const struct inspection *in)
{
	cJSON *a = cJSON_AddArrayToObject(root, "godebug");
	cJSON *env = cJSON_AddObjectToObject(root, "runtime_env");

	for (size_t i = 0; i < in->n_godebug; i++) {
		const struct go_godebug *g = &in->godebug[i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "name", g->name);
		if (g->known)
			cJSON_AddNumberToObject(o, "value", g->value);
		else
			cJSON_AddNullToObject(o, "value");
		json_add_text(o, "source", async_source_name((enum async_source)g->source));
		cJSON_AddBoolToObject(o, "exists", g->exists);
		add_version(o, "since", g->since);
		add_version(o, "until", g->until);
		cJSON_AddStringToObject(o, "about", g->about);
		cJSON_AddItemToArray(a, o);
	}
	for (size_t i = 0; i < ARRAY_SIZE(runtime_env); i++)
		json_add_text(env, runtime_env[i].name, env_value(&in->session, runtime_env[i].name));
}

static void json_layout(cJSON *root, const struct inspection *in)
{
	cJSON *o = cJSON_AddObjectToObject(root, "layout");
	int64_t tls;

	if (go_binary_tls_g(in->binary, &tls) == 0)
		cJSON_AddNumberToObject(o, "tls_g", (double)tls);
	else
		cJSON_AddNullToObject(o, "tls_g");
	json_add_text(o, "offsets", !in->have_offsets ? NULL : in->offsets == GO_OFFSETS_GUESS ? "guess" : "known");
	json_add_text(o, "offsets_source", in->have_offsets ? offsets_sources[in->offsets] : NULL);
	json_add_text(o, "offsets_version", in->offsets_version);
	json_add_tristate(o, "verified", in->check > 0 ? -1 : in->check == 0);
	json_add_text(o, "why", in->check < 0 ? in->check_fault.why : NULL);
}

static int print_json(const struct inspection *in)
{
	cleanup_with(json_write_delete) cJSON *root = cJSON_CreateObject();
	const struct session *s = &in->session;
	bool go = go_binary_is_go(in->binary);

	cJSON_AddStringToObject(root, "schema", "schedtop.inspect/1");
	json_add_known(root, "pid", (uint64_t)in->pid, in->pid > 0);
	json_add_text(root, "exe", s->exe);
	json_add_text(root, "arch", go_binary_arch(in->binary));
	json_add_text(root, "go_version", s->go_version);
	json_add_text(root, "module", go ? go_binary_path(in->binary) : NULL);
	json_add_tristate(root, "stripped", s->stripped);
	json_add_tristate(root, "pie", go_binary_is_pie(in->binary));
	json_add_text(root, "linkmode", s->linkmode);
	json_add_kvs(root, "build_settings", s->build_settings, s->n_build_settings);
	json_add_kvs(root, "env", s->env, s->n_env);
	json_add_known(root, "gomaxprocs", (uint64_t)in->gomaxprocs, in->gomaxprocs > 0);
	cJSON *async = cJSON_AddObjectToObject(root, "async_preempt");
	json_add_tristate(async, "enabled", s->async_enabled);
	json_add_text(async, "source", async_source_name(s->async_source));
	json_add_texts_n(async, "evidence", s->async_evidence, s->n_async_evidence);
	json_godebug(root, in);
	json_layout(root, in);
	json_probes(root, in);
	return json_write_print(root, stdout);
}

int cmd_inspect(const struct options *o, char **operands)
{
	struct inspection in = {.gomaxprocs = -1, .check = 1};
	struct fault fault = {0};
	const char *what = operands[0];
	int err = 0;

	if (!what || operands[1])
		return cli_usage("inspect", "one program is needed", "Write schedtop inspect BINARY, or a process id");
	if (strspn(what, "0123456789") == strlen(what)) {
		if (options_parse_pid(what, &in.pid, &fault) < 0) {
			fault_print(&fault, stderr);
			return EXIT_USAGE;
		}
		what = NULL;
	}
	session_init(&in.session);
	int status = EXIT_FAILURE;
	if (inspect(&in, what, &fault) < 0) {
		cli_fail(&fault);
	} else {
		if (o->json)
			err = print_json(&in);
		else
			print_text(&in);
		status = cli_stdout_status(err);
	}
	session_done(&in.session);
	go_target_close(in.target);
	return status;
}
