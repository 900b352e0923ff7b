/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which goroutine a thread carried when.
 *
 * At detail sched labels are observations in time: one seen at t holds from the previous observation (or the start of
 * the run interval) to t; where two observations differ, the change is put in the middle. What lies behind the last
 * observation until a switch-out without a goroutine is the runtime's own time.
 *
 * At detail exact the changes are events: label_run() and label_left() say who starts and who leaves, to the
 * nanosecond, and between them the runtime runs. What switches and samples read from the thread's memory says nothing
 * new then; where it differs, it is either a moment behind (curg is set after runtime.execute was entered, and cleared
 * after the goroutine parked), or events were lost and the memory is right.
 */
#include "model/model_internal.h"

/* From the event to where the thread's memory agrees take some hundred instructions; the kernel may interrupt them. */
#define BEHIND_NS 1000000ULL

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
	th->observed = th->label.valid && (th->label.goid || th->exact);
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

void label_settle(struct model *m, struct thread *th, uint64_t t)
{
	if (th->state != TH_RUN || th->painted_ns >= t)
		return;
	paint_run(m, th, th->painted_ns, t, th->observed ? th->label : (struct label){.p = EV_NO_P});
	th->painted_ns = t;
}

/*
 * What the thread's memory said, corrected by what is known exactly. @settled: nothing of the runtime's is half done.
 * Where it shows that events were lost, the thread isn't exact any more.
 */
static struct label corrected(struct model *m, struct thread *th, uint64_t t, struct label seen, bool settled)
{
	bool behind;

	if (!th->exact || !seen.valid)
		return seen;
	if (seen.goid == th->label.goid) {
		if (seen.p != th->label.p && th->label.p != EV_NO_P)
			label_settle(m, th, t); /* when it changed isn't known: up to now, then */
		th->label.p = seen.p;
		return th->label;
	}
	behind = seen.goid ? seen.goid == th->left_goid : !settled;
	if (behind && t - th->exact_ns < BEHIND_NS)
		return th->label;
	th->exact = false;
	return seen;
}

void label_observe(struct model *m, struct thread *th, uint64_t t, struct label label)
{
	if (th->state != TH_RUN || !label.valid)
		return;
	label = corrected(m, th, t, label, false);
	gaps_on_label(m, th, label, t);
	paint_to(m, th, t, label);
	th->label = label;
	th->observed = true;
}

void label_end(struct model *m, struct thread *th, uint64_t t, struct label label, bool blocks)
{
	bool was_exact = th->exact;

	label = corrected(m, th, t, label, blocks);
	if (label.valid)
		gaps_on_label(m, th, label, t);
	if (!label.valid) {
		/* Not read: the last observation holds, if there is one; not beyond a sleep, after which it may be
		 * another's thread. */
		label_settle(m, th, t);
		if (blocks && !th->exact)
			th->label = (struct label){.p = EV_NO_P};
		return;
	}
	if (label.goid || was_exact)
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
		label_settle(m, th, t);
	th->painted_ns = t;
	slice_end(m, th, t);
	th->label = (struct label){.p = EV_NO_P};
	th->observed = th->exact = false;
}

static void now_carries(struct model *m, struct thread *th, uint64_t t, uint64_t goid, uint16_t p)
{
	struct proc *proc;

	th->label = (struct label){.goid = goid, .p = p, .valid = true};
	th->observed = th->exact = true;
	th->exact_ns = t;
	proc = p != EV_NO_P ? proc_get(m, p) : NULL;
	if (proc)
		proc->tid = th->tid;
}

void label_run(struct model *m, struct thread *th, uint64_t t, struct label label)
{
	uint16_t p = label.p != EV_NO_P || !th->exact ? label.p : th->label.p;

	gaps_on_run(m, th->tid, label, t);
	if (th->state == TH_RUN) {
		if (th->label.valid && !th->label.goid)
			th->observed = true; /* it came to its CPU as the scheduler, and has been that since */
		if (th->observed && th->label.goid && th->label.goid != label.goid)
			paint_to(m, th, t, (struct label){.p = p, .valid = true}); /* who left unseen */
		else
			label_settle(m, th, t);
	}
	slice_end(m, th, t);
	now_carries(m, th, t, label.goid, p);
	th->left_goid = 0;
	if (th->state == TH_RUN)
		slice_begin(m, th, label.goid, t);
}

void label_moved(struct model *m, struct thread *th, uint64_t t, uint64_t goid)
{
	if (!th || !th->label.valid || th->label.goid != goid)
		return;
	if (th->state == TH_RUN && th->observed)
		paint_to(m, th, t, (struct label){.p = EV_NO_P, .valid = true});
	else if (th->state == TH_SLEEP)
		lanes_paint(m, th, th->since_ns, t, (struct label){.goid = goid, .p = EV_NO_P, .valid = true},
			    SPAN_SYSCALL);
	slice_end(m, th, t);
	th->kgap_start_ns = 0; /* whoever the CPU was kept from, it isn't this one */
	th->label = (struct label){.p = EV_NO_P, .valid = true};
	th->left_goid = goid;
	th->exact_ns = t;
}

void label_left(struct model *m, struct thread *th, uint64_t t, struct label label)
{
	uint16_t p = label.p != EV_NO_P || !th->exact ? label.p : th->label.p;

	if (th->exact && !th->label.goid && th->left_goid == label.goid)
		return; /* told already */
	if (th->state == TH_RUN && label.goid && !(th->observed && th->label.goid == label.goid))
		paint_to(m, th, t, (struct label){.goid = label.goid, .p = p, .valid = true});
	else
		label_settle(m, th, t);
	slice_end(m, th, t);
	now_carries(m, th, t, 0, p);
	th->left_goid = label.goid;
}

void label_set_p(struct model *m, struct thread *th, uint64_t t, uint16_t p)
{
	if (!th->exact || th->label.p == p)
		return;
	label_settle(m, th, t);
	now_carries(m, th, th->exact_ns, th->label.goid, p);
}
