/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query language's parameters that are no step: which pages are read, and
 * format and arguments of the output, each by its name.
 */
#include <stdio.h>

#include "base/codec.h"
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

/* Puts parameter i, of Q_OUTS and on, into the plan if the URL has it. */
static bool
take_out(const struct query *q, struct plan *p, size_t i, struct err *e)
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

static bool
bad_format(struct query *q, struct err *e)
{
	char list[ERR_TEXT_MAX] = "auto, same";
	size_t n = strlen(list);
	const char *best = NULL;
	size_t least = 3;

	for (unsigned i = FORMAT_FIRST; i < FORMAT_COUNT; i++) {
		const char *name = format_row((enum format)i)->name;
		size_t far = codec_distance(q->value[Q_FORMAT], slice_of(name));

		if ((format_row((enum format)i)->flags & F_SAVE) == 0)
			continue;
		if (n < sizeof(list))
			n += (size_t)snprintf(
			    list + n, sizeof(list) - n, ", %s", name);
		/* Half of a word wrong is another word. */
		if (far < least && 2 * far <= strlen(name)) {
			least = far;
			best = name;
		}
	}
	err_param(e, ERR_BAD_VALUE, q->name[Q_FORMAT], q->value[Q_FORMAT].at,
	    q->value[Q_FORMAT].len, "one of %s", list);
	if (best != NULL)
		err_hint(e, "did you mean %s?", best);
	return false;
}

/* sharp's short word for several; what is named by itself wins. */
static bool
build_mozjpeg(struct query *q, struct plan *p, struct err *e)
{
	static const enum out on[] = { OUT_PROGRESSIVE, OUT_OPTIMISE_SCANS,
		OUT_TRELLIS_QUANTISATION, OUT_OVERSHOOT_DERINGING };
	union arg table = { .whole = 3 };

	if (!query_switched(q, Q_MOZJPEG, false))
		return true;
	if (p->out.format >= FORMAT_FIRST && p->out.format != FORMAT_JPEG)
		return query_refuse(q, Q_MOZJPEG, e, "a parameter for jpeg");
	for (size_t i = 0; i < NELEM(on); i++)
		if (!out_has(p, on[i]))
			out_set(p, on[i], (union arg){ .on = 1 });
	if (!out_has(p, OUT_QUANTISATION_TABLE))
		out_set(p, OUT_QUANTISATION_TABLE, table);
	return true;
}

bool
query_out(
    const struct dialect_in *in, struct query *q, struct plan *p, struct err *e)
{
	format_set savable = format_all(F_SAVE);
	enum format format = FORMAT_SAME;

	if (query_given(q, Q_FORMAT) &&
	    (!format_find(q->value[Q_FORMAT], &format) ||
		(format >= (enum format)FORMAT_FIRST &&
		    (savable & FORMAT_BIT(format)) == 0)))
		return bad_format(q, e);
	if (query_switched(q, Q_INFO, false)) {
		if (query_given(q, Q_FORMAT) && format != FORMAT_INFO)
			return query_refuse(
			    q, Q_INFO, e, "info or a format, not both");
		format = FORMAT_INFO;
	}
	p->out.format = (uint16_t)format;
	if (format == FORMAT_AUTO)
		p->out.accepts = dialect_accepts(in->accept) & savable &
		    (in->formats != 0 ? in->formats : savable);
	for (size_t i = Q_OUTS; i < Q_OPS; i++)
		if (!take_out(q, p, i, e))
			return false;
	return build_mozjpeg(q, p, e);
}

bool
query_in(struct query *q, struct plan *p, struct err *e)
{
	union arg page = { .whole = 0 };
	union arg pages = { .whole = PAGES_AUTO };
	union arg density = { .whole = 0 };

	if (query_given(q, Q_PAGE) &&
	    !arg_read(p, query_own(Q_PAGE), q->name[Q_PAGE], q->value[Q_PAGE],
		&page, e))
		return false;
	if (query_given(q, Q_DENSITY) &&
	    !arg_read(p, query_own(Q_DENSITY), q->name[Q_DENSITY],
		q->value[Q_DENSITY], &density, e))
		return false;
	if (query_given(q, Q_PAGES) && query_given(q, Q_ANIMATED))
		return query_refuse(
		    q, Q_ANIMATED, e, "animated or pages, not both");
	if (slice_is(q->value[Q_PAGES], "all"))
		pages.whole = PAGES_ALL;
	else if (query_given(q, Q_PAGES) &&
	    !arg_read(p, query_own(Q_PAGES), q->name[Q_PAGES],
		q->value[Q_PAGES], &pages, e))
		return false;
	if (!query_switched(q, Q_ANIMATED, true))
		pages.whole = 1;
	/* 72 is what there is without. */
	p->in.density = (uint16_t)(density.whole == 72 ? 0 : density.whole);
	p->in.page = (int32_t)page.whole;
	p->in.pages = (int32_t)pages.whole;
	return true;
}
