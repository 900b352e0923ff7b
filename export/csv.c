/* SPDX-License-Identifier: GPL-2.0-only */
/* CSV as RFC 4180 quotes it, with a header line and LF line ends. What is unknown is empty. */
#include "export/record.h"

static void put(struct outbuf *o, const struct record *r)
{
	for (unsigned c = 0; c < RECORD_COLUMN_COUNT; c++) {
		if (c)
			outbuf_char(o, ',');
		if (!(r->known & 1U << c))
			continue;
		if (record_infos[c].type == RECORD_TYPE_UINT)
			outbuf_uint(o, r->v[c].uint);
		else if (record_infos[c].type == RECORD_TYPE_INT)
			outbuf_int(o, r->v[c].sint);
		else if (record_infos[c].type == RECORD_TYPE_WORD)
			outbuf_text(o, r->v[c].text);
		else
			outbuf_csv_text(o, r->v[c].text);
	}
	outbuf_char(o, '\n');
}

static int begin(struct export *x)
{
	((struct record_writer *)x->state)->put = put;
	for (unsigned c = 0; c < RECORD_COLUMN_COUNT; c++) {
		if (c)
			outbuf_char(&x->out, ',');
		outbuf_text(&x->out, record_infos[c].name);
	}
	outbuf_char(&x->out, '\n');
	return 0;
}

static void end(struct export *x)
{
	(void)x;
}

const struct export_format export_csv = {
	.name = "csv",
	.help = "one table",
	RECORD_FUNCTIONS,
	.begin = begin,
	.end = end,
};
