/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters that are arguments of the output, each by its name. */
#include <stdio.h>

#include "dialect/query.h"

const struct out_alias query_out_aliases[] = {
	{ "q", OUT_QUALITY },
	{ "colors", OUT_COLOURS },
	{ "chroma_subsampling", OUT_SUBSAMPLE },
	{ "optimize_coding", OUT_OPTIMISE_CODING },
	{ "optimize_scans", OUT_OPTIMISE_SCANS },
	{ "trellis_quantization", OUT_TRELLIS_QUANTISATION },
	{ "quantization_table", OUT_QUANTISATION_TABLE },
	{ NULL, OUT_COUNT },
};

size_t
query_out_find(struct slice name, const char **word)
{
	for (size_t i = 0; i < OUT_COUNT; i++) {
		*word = out_row((enum out)i)->name;
		if (query_has_out((enum out)i) && name_is(name, *word))
			return Q_OUTS + i;
	}
	for (size_t i = 0; query_out_aliases[i].name != NULL; i++) {
		*word = query_out_aliases[i].name;
		if (name_is(name, *word))
			return Q_OUTS + (size_t)query_out_aliases[i].out;
	}
	return Q_COUNT;
}

/*
 * An option that the named format does not have would do nothing. Where the
 * format is left open it may be there for one of those that it can become.
 */
static bool
out_belongs(const struct query *q, size_t i, enum format format, struct err *e)
{
	enum out out = (enum out)(i - Q_OUTS);
	format_set of = out_formats(out);
	char list[ERR_TEXT_MAX] = "a parameter for ";
	size_t n = strlen(list);

	if (format < (enum format)FORMAT_FIRST || of == 0 ||
	    (of & FORMAT_BIT(format)) != 0)
		return true;
	for (unsigned f = FORMAT_FIRST; f < FORMAT_COUNT; f++)
		if ((of & FORMAT_BIT(f)) != 0 && n < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n,
			    "%s%s", list[n - 1] == ' ' ? "" : ", ",
			    format_row((enum format)f)->name);
	if (n < sizeof(list))
		snprintf(list + n, sizeof(list) - n, ", not %s",
		    format_row(format)->name);
	return err_param(e, ERR_BAD_VALUE, q->name[i], q->value[i].at,
	    q->value[i].len, "%s", list);
}

bool
query_out(const struct query *q, struct plan *p, size_t i, struct err *e)
{
	const struct arg_row *row = out_row((enum out)(i - Q_OUTS));
	union arg value = { .on = 1 };

	if (q->name[i] == NULL)
		return true;
	/* Nothing after the name of a switch means on. */
	if ((row->type != ARG_BOOL || q->value[i].len > 0) &&
	    !arg_read(p, row, q->name[i], q->value[i], &value, e))
		return false;
	out_set(p, (enum out)(i - Q_OUTS), value);
	return out_belongs(q, i, (enum format)p->out.format, e);
}
