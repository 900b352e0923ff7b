/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/async_source.h"

#include "base/cleanup.h"
#include "target/go_target.h"

#define SETTING "asyncpreemptoff"
/* Characters of a foreign list that a sentence quotes. */
#define QUOTED "%.200s"

/* runtime/runtime1.go, Go 1.25 and later: gccheckmark=1 turns async preemption off by itself. */
static bool by_gccheckmark(const struct async_facts *f, const char *defaults)
{
	int32_t v = 0;

	if (f->set.go_minor < 25)
		return false;
	if (!godebug_in_list(f->set.godebug, "gccheckmark", &v))
		godebug_in_list(defaults, "gccheckmark", &v);
	return v > 0;
}

void async_source_decide(const struct async_facts *f, struct session *s)
{
	cleanup_free char *owned = NULL;
	bool by_linker;
	const char *defaults = godebug_defaults(&f->set, &owned, &by_linker);
	int32_t said = 0, by_default;
	enum async_source source = godebug_setter(&f->set, SETTING, &said);
	bool in_default = godebug_in_list(defaults, SETTING, &by_default);
	bool off = f->live_known ? f->live != 0 : said != 0;

	s->async_enabled = !off;
	if (f->live_known && off != (said != 0)) /* an environment that can't be read might explain it */
		source = f->set.env_known ? ASYNC_SOURCE_RUNTIME_MEMORY : ASYNC_SOURCE_UNKNOWN;
	else if (!f->live_known && !f->set.env_known && !f->set.is_file)
		s->async_enabled = -1, source = ASYNC_SOURCE_UNKNOWN;
	s->async_source = source;

	if (godebug_in_list(f->set.godebug, SETTING, &said))
		session_async_evidence(s, "GODEBUG=" QUOTED " is in the process's environment", f->set.godebug);
	if (in_default && by_linker)
		session_async_evidence(s, "the linker set runtime.godebugDefault to " QUOTED, defaults);
	else if (in_default)
		session_async_evidence(s, "DefaultGODEBUG in the build info is " QUOTED, defaults);
	if (source == ASYNC_SOURCE_DEFAULT)
		session_async_evidence(s, f->set.is_file
						  ? "no linker or //go:debug setting changes the default, which is on"
						  : "no GODEBUG, linker or //go:debug setting changes the default, "
						    "which is on");
	if (f->set.is_file)
		session_async_evidence(s, "GODEBUG in a process's environment would go over it");
	else if (!f->set.env_known)
		session_async_evidence(s, "the process's environment can't be read");
	if (f->live_known)
		session_async_evidence(s, "runtime.debug.asyncpreemptoff is %d in the process's memory", (int)f->live);
	if (source != ASYNC_SOURCE_RUNTIME_MEMORY)
		return;
	if (off && by_gccheckmark(f, defaults))
		session_async_evidence(s, "gccheckmark=1 makes Go 1.25 and later turn it off");
	else
		session_async_evidence(s, "no setting explains that value: it was written while the process ran");
}

void async_source_of_process(const struct go_target *t, bool env_known, struct session *s)
{
	cleanup_with(godebug_facts_done) struct godebug_held held;
	struct async_facts f = {0};

	godebug_facts_of_process(t, env_known, s, &held);
	f.set = held.facts;
	f.live_known = go_target_asyncpreemptoff(t, &f.live) == 0;
	async_source_decide(&f, s);
}

void async_source_of_file(const struct go_binary *b, struct session *s)
{
	cleanup_with(godebug_facts_done) struct godebug_held held;

	godebug_facts_of_file(b, &held);
	async_source_decide(&(struct async_facts){.set = held.facts}, s);
}
