/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which goroutine a thread carried when. Labels are observations in time: one seen at t holds from the previous
 * observation (or the start of the run interval) to t; where two observations differ, the change is put in the middle.
 * What lies behind the last observation until a switch-out without a goroutine is the runtime's own time.
 */
#include "model/model_internal.h"

static uint8_t class_of(struct label label)
{
	if (!label.valid)
		return SPAN_UNLABELLED;
	return label.goid ? SPAN_RUN : SPAN_RUNTIME;
}

static void paint_run(struct model *m, struct thread *th, uint64_t a, uint64_t b, struct label label)
{
	if (label.valid && label.goid)
		slice_begin(m, th, label.goid, a);
	else if (label.valid)
		slice_end(m, th, a);
	lanes_paint(m, th, a, b, label, class_of(label));
}

void label_begin(struct thread *th, uint64_t t)
{
	th->painted_ns = t;
	/* A thread comes back with the goroutine that it left with: the kernel doesn't change what it carries. */
	th->observed = th->label.valid && th->label.goid;
}

/* Paints up to @t, where @label holds. */
static void paint_to(struct model *m, struct thread *th, uint64_t t, struct label label)
{
	uint64_t from = th->painted_ns;

	if (th->observed && (th->label.goid != label.goid || th->label.p != label.p)) {
		uint64_t middle = from + (t - from) / 2;

		paint_run(m, th, from, middle, th->label);
		from = middle;
	}
	paint_run(m, th, from, t, label);
	th->painted_ns = t;
}

void label_observe(struct model *m, struct thread *th, uint64_t t, struct label label)
{
	if (th->state != TH_RUN || !label.valid)
		return;
	gaps_on_label(m, th, label, t);
	paint_to(m, th, t, label);
	th->label = label;
	th->observed = true;
}

void label_end(struct model *m, struct thread *th, uint64_t t, struct label label)
{
	if (label.valid)
		gaps_on_label(m, th, label, t);
	if (!label.valid) {
		/* Not read: the last observation holds, if there is one. */
		paint_run(m, th, th->painted_ns, t, th->observed ? th->label : label);
		th->painted_ns = t;
		return;
	}
	if (label.goid)
		paint_to(m, th, t, label);
	else
		paint_run(m, th, th->painted_ns, t, label);
	th->painted_ns = t;
	th->label = label;
}

void label_leave(struct model *m, struct thread *th, uint64_t t, struct label label)
{
	if (label.valid)
		paint_to(m, th, t, label);
	else
		paint_run(m, th, th->painted_ns, t, th->observed ? th->label : label);
	th->painted_ns = t;
	slice_end(m, th, t);
	th->label = (struct label){.p = EV_NO_P};
	th->observed = false;
}
