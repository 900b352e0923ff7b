/* SPDX-License-Identifier: GPL-2.0-only */
#include "engine/load.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/fault.h"

struct load {
	struct loaded l;
	const struct load_opts *opts;
	uint64_t until_ns; /* of the clock; 0 = not known before the first event */
	int err;           /* the caller's own */
};

static void on_event(void *ctx, const struct event *ev)
{
	struct load *load = ctx;
	const struct load_opts *o = load->opts;

	if (!load->until_ns) {
		uint64_t start = capture_reader_session(load->l.reader)->start_ns;

		start = start ? start : ev->head.time_ns;
		load->until_ns = o->until_ns < UINT64_MAX - start ? start + o->until_ns : UINT64_MAX;
	}
	if (ev->head.time_ns > load->until_ns || load->err < 0)
		return;
	model_feed(load->l.model, ev);
	if (o->event)
		load->err = o->event(o->ctx, &load->l, ev);
}

int load_fault(const char *path, int err, struct fault *fault)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;

	if (err == -EINVAL)
		return fault_set(fault, err, name, "this is no capture of schedtop");
	if (err == -EPROTONOSUPPORT)
		return fault_set(fault, err, name, "it has a format that this schedtop (%s) doesn't read",
				 SCHEDTOP_VERSION);
	return fault_set(fault, err, name, "it can't be read on (%s)", strerror(-err));
}

static int read_all(struct load *load, const char *path, struct fault *fault)
{
	const struct event_sink sink = {.event = on_event, .ctx = load};
	struct capture_reader *r = load->l.reader;

	for (;;) {
		int64_t n = capture_reader_next_block(r, &sink);

		if (load->err < 0)
			return load->err;
		if (n == 0 || (load->until_ns && model_now(load->l.model) >= load->until_ns))
			return 0;
		if (n == -EAGAIN) {
			struct pollfd p = {.fd = capture_reader_fd(r), .events = POLLIN};

			if (poll(&p, 1, -1) < 0 && errno != EINTR)
				return load_fault(path, -errno, fault);
		} else if (n < 0) {
			return load_fault(path, (int)n, fault);
		}
	}
}

int load_capture(const char *path, const struct load_opts *opts, struct loaded *ret, struct fault *fault)
{
	struct load load = {.opts = opts};
	int err = opts->fd ? capture_reader_open_fd(opts->fd, path, &load.l.reader, fault)
			   : capture_reader_open(path, &load.l.reader, fault);

	if (err == 0) {
		load.l.model = model_new(&opts->model, capture_reader_session(load.l.reader));
		err = load.l.model ? 0 : fault_set(fault, -ENOMEM, path, "out of memory");
	}
	if (err == 0 && opts->opened)
		err = opts->opened(opts->ctx, &load.l);
	if (err == 0)
		err = read_all(&load, path, fault);
	if (err < 0)
		load_done(&load.l);
	else
		*ret = load.l;
	return err;
}

void load_done(struct loaded *l)
{
	model_free(l->model);
	capture_reader_close(l->reader);
	*l = (struct loaded){0};
}
