/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/highlight.h"

void highlight_init(struct highlight *h, const struct ui_state *ui, const struct model *m)
{
	bool here = ui->followed && ui->followed_in == model_session(m);

	match_init(&h->find, m, ui->find);
	match_init(&h->filter, m, ui->filter);
	match_init_func(&h->func, m, ui->followed && !here ? ui->followed_func : "");
	h->goid = here ? ui->followed : 0;
	h->on = !h->find.any || !h->filter.any || !h->func.any || h->goid;
}

bool highlight_followed(struct highlight *h, uint64_t goid, uint32_t start_func)
{
	return h->goid ? goid == h->goid : match_func(&h->func, start_func);
}

bool highlight_goroutine(struct highlight *h, uint64_t goid, uint32_t start_func)
{
	return match_goroutine(&h->find, goid, start_func) && match_goroutine(&h->filter, goid, start_func) &&
	       highlight_followed(h, goid, start_func);
}

bool highlight_run(struct highlight *h, uint64_t goid, uint32_t start_func, uint32_t tid)
{
	return match_run(&h->find, goid, start_func, tid) && match_run(&h->filter, goid, start_func, tid) &&
	       highlight_followed(h, goid, start_func);
}

bool highlight_on_row(struct highlight *h, const struct row *row, uint64_t goid, uint32_t start_func, uint32_t tid)
{
	return (match_run(&h->find, goid, start_func, tid) || match_row(&h->find, row)) &&
	       (match_run(&h->filter, goid, start_func, tid) || match_row(&h->filter, row)) &&
	       highlight_followed(h, goid, start_func);
}

bool highlight_gap(struct highlight *h, const struct gap *gap)
{
	uint32_t start_func = 0;

	model_goroutine(h->find.model, gap->goid, &start_func);
	return match_gap(&h->find, gap) && match_gap(&h->filter, gap) && highlight_followed(h, gap->goid, start_func);
}
