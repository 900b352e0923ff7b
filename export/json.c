/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON lines: an object a line. The first says what the session is, the last one how many there were of what, so that a
 * reader knows that nothing was cut off. What is unknown is null.
 */
#include "export/record.h"

static void put_key(struct outbuf *o, const char *key)
{
	outbuf_char(o, ',');
	outbuf_char(o, '"');
	outbuf_text(o, key);
	outbuf_char(o, '"');
	outbuf_char(o, ':');
}

static void put_uint(struct outbuf *o, const char *key, uint64_t v, bool known)
{
	put_key(o, key);
	if (known)
		outbuf_uint(o, v);
	else
		outbuf_text(o, "null");
}

static void put_text(struct outbuf *o, const char *key, const char *text)
{
	put_key(o, key);
	if (text)
		outbuf_json_text(o, text);
	else
		outbuf_text(o, "null");
}

static void put(struct outbuf *o, const struct record *r)
{
	outbuf_char(o, '{');
	for (unsigned c = 0; c < RECORD_COLUMN_COUNT; c++) {
		if (!(record_infos[c].kinds & r->kind))
			continue;
		outbuf_text(o, c ? ",\"" : "\"");
		outbuf_text(o, record_infos[c].name);
		outbuf_text(o, "\":");
		if (!(r->known & 1U << c)) {
			outbuf_text(o, "null");
		} else if (record_infos[c].type == RECORD_TYPE_UINT) {
			outbuf_uint(o, r->v[c].uint);
		} else if (record_infos[c].type == RECORD_TYPE_INT) {
			outbuf_int(o, r->v[c].sint);
		} else {
			outbuf_json_text(o, r->v[c].text);
		}
	}
	outbuf_text(o, "}\n");
}

static int begin(struct export *x)
{
	const struct session *s = model_session(x->model);
	struct outbuf *o = &x->out;

	((struct record_writer *)x->state)->put = put;
	outbuf_text(o, "{\"kind\":\"session\"");
	put_text(o, "schema", "schedtop.export/1");
	put_text(o, "schedtop_version", SCHEDTOP_VERSION);
	put_uint(o, "pid", s->pid, s->pid != 0);
	put_text(o, "exe", s->exe);
	put_text(o, "go_version", s->go_version);
	put_text(o, "collector", s->collector);
	put_text(o, "detail", detail_name(s->detail));
	put_uint(o, "cpus", s->n_cpus, s->n_cpus != 0);
	put_uint(o, "start_ns", s->start_ns, s->start_ns != 0);
	put_uint(o, "start_wall_ns", s->start_wall_ns, s->start_wall_ns != 0);
	outbuf_text(o, "}\n");
	return 0;
}

static void end(struct export *x)
{
	struct outbuf *o = &x->out;
	struct model_counts c;

	model_counts(x->model, &c);
	outbuf_text(o, "{\"kind\":\"end\"");
	put_uint(o, "first_ns", model_start(x->model), true);
	put_uint(o, "last_ns", model_now(x->model), true);
	put_uint(o, "events", c.events, true);
	put_uint(o, "lost", c.lost[EV_LOST_RING] + c.lost[EV_LOST_QUEUE] + c.lost[EV_LOST_CAPTURE], true);
	put_uint(o, "spans", x->counts.spans, true);
	put_uint(o, "gaps", x->counts.gaps, true);
	put_uint(o, "stws", x->counts.stws, true);
	put_uint(o, "counters", x->counts.counters, true);
	put_uint(o, "settings", x->counts.settings, true);
	outbuf_text(o, "}\n");
}

const struct export_format export_json = {
	.name = "json",
	.help = "an object a line",
	RECORD_FUNCTIONS,
	.begin = begin,
	.end = end,
};
