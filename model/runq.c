/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lengths of the run queues. A collector reads all of them together, a few times a second; what comes within
 * ROUND_NS, each P once, is one round. How unequal they are is told by rounds: the longest queue against the mean.
 */
#include "model/model_internal.h"

#define ROUND_NS 1000000ULL /* reading the queues of all Ps takes some microseconds */
#define SEEN_PS  64U

static void end_round(struct runq_book *b)
{
	if (b->round_n) {
		b->rounds++;
		b->sum_longest += b->round_max;
		b->sum_mean_milli += b->round_sum * 1000 / b->round_n;
		if (b->round_max > b->max_longest)
			b->max_longest = b->round_max;
		if (b->round_max - b->round_min > b->max_spread)
			b->max_spread = b->round_max - b->round_min;
	}
	b->round_n = 0;
	b->round_sum = b->round_seen = 0;
}

static void add_read(struct runq *q, uint32_t len)
{
	q->reads++;
	q->sum += len;
	q->latest = len;
	if (len > q->max)
		q->max = len;
}

void runq_on_length(struct model *m, const struct ev_runq *ev, uint64_t t)
{
	struct runq_book *b = &m->runqs;
	struct proc *proc;
	uint64_t bit = ev->p < SEEN_PS ? 1ULL << ev->p : 0;

	if (ev->p == EV_NO_P) {
		add_read(&b->global, ev->len);
		return;
	}
	proc = proc_get(m, ev->p);
	if (!proc) {
		model_invalid(m);
		return;
	}
	add_read(&proc->runq, ev->len);
	if (b->round_n && (t - b->round_ns > ROUND_NS || b->round_seen & bit))
		end_round(b);
	if (!b->round_n) {
		b->round_ns = t;
		b->round_max = b->round_min = ev->len;
	}
	b->round_n++;
	b->round_seen |= bit;
	b->round_sum += ev->len;
	if (ev->len > b->round_max)
		b->round_max = ev->len;
	if (ev->len < b->round_min)
		b->round_min = ev->len;
}

static struct runq_total total_of(const struct runq *q, uint16_t p)
{
	return (struct runq_total){
		.p = p, .latest = q->latest, .max = q->max, .mean = (double)q->sum / (double)q->reads};
}

size_t model_runqs(const struct model *m, struct runq_total *ret, size_t cap)
{
	size_t n = 0;

	for (unsigned i = 0; i < m->n_procs && n < cap; i++) {
		if (m->procs[i] && m->procs[i]->runq.reads)
			ret[n++] = total_of(&m->procs[i]->runq, (uint16_t)i);
	}
	if (m->runqs.global.reads && n < cap)
		ret[n++] = total_of(&m->runqs.global, EV_NO_P);
	return n;
}

void model_runq_summary(const struct model *m, struct runq_summary *ret)
{
	struct runq_book b = m->runqs;

	end_round(&b);
	*ret = (struct runq_summary){.rounds = b.rounds, .max = b.max_longest, .max_spread = b.max_spread};
	if (!b.rounds)
		return;
	ret->mean_longest = (double)b.sum_longest / (double)b.rounds;
	ret->mean = (double)b.sum_mean_milli / 1000.0 / (double)b.rounds;
	ret->imbalance = ret->mean_longest > ret->mean ? ret->mean_longest - ret->mean : 0;
}
