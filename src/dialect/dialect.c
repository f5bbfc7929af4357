/* SPDX-License-Identifier: Apache-2.0 */
/* The list of languages, the Accept header, and what all of them share. */
#include "dialect/dialect.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/num.h"
#include "dialect/common.h"

const struct dialect *const dialect_all[] = {
	&dialect_query,
	&dialect_dit,
	NULL,
};

struct slice
dialect_store(const struct dialect_in *in, struct slice name)
{
	for (size_t i = 0; i < in->nstore; i++)
		if (slice_is(name, in->stores[i]))
			return slice_of(in->stores[i]);
	for (size_t i = 0;
	     in->buckets != NULL && name.len > 0 && i < in->nstore; i++)
		if (slice_is(name, in->buckets[i]))
			return slice_of(in->stores[i]);
	return (struct slice){ NULL, 0 };
}

const struct dialect *
dialect_find(const char *name)
{
	for (size_t i = 0; dialect_all[i] != NULL; i++)
		if (strcmp(dialect_all[i]->name, name) == 0)
			return dialect_all[i];
	return NULL;
}

/* ---- Accept ---- */

/*
 * Is the range wanted at all? q is 1 where it is missing; what is not a number
 * from 0 to 1 counts as 0: such a client gets what everyone understands.
 */
static bool
range_wanted(struct slice parameters)
{
	double q;

	while (parameters.at != NULL) {
		struct slice value = slice_cut(&parameters, ';');
		struct slice name = slice_trim(slice_cut(&value, '='));

		if (slice_eq_nocase(name, SLICE("q")))
			return num_double(slice_trim(value), 0, 1, &q) && q > 0;
	}
	return true;
}

format_set
dialect_accepts(struct slice accept)
{
	/* What "auto" can become; others would only be more keys. */
	static const format_set known = FORMAT_BIT(FORMAT_JPEG) |
	    FORMAT_BIT(FORMAT_PNG) | FORMAT_BIT(FORMAT_WEBP) |
	    FORMAT_BIT(FORMAT_AVIF) | FORMAT_BIT(FORMAT_GIF);
	format_set set = 0;
	format_set refused = 0;

	while (accept.at != NULL) {
		struct slice range = slice_cut(&accept, ',');
		struct slice type = slice_trim(slice_cut(&range, ';'));

		for (unsigned i = FORMAT_FIRST; i < FORMAT_COUNT; i++) {
			const struct format_row *row =
			    format_row((enum format)i);

			if ((known & FORMAT_BIT(i)) == 0 ||
			    !slice_eq_nocase(type, slice_of(row->media_type)))
				continue;
			if (range_wanted(range))
				set |= FORMAT_BIT(i);
			else
				refused |= FORMAT_BIT(i);
		}
	}
	return (set & ~refused) | FORMAT_BIT(FORMAT_JPEG) |
	    FORMAT_BIT(FORMAT_PNG) | FORMAT_BIT(FORMAT_GIF);
}

/* ---- Keys ---- */

static bool
store_has_gaps(const struct dialect_in *in, struct slice store)
{
	for (size_t i = 0; in->gaps != NULL && i < in->nstore; i++)
		if (slice_is(store, in->stores[i]))
			return in->gaps[i];
	return false;
}

const char *
key_fault(const struct dialect_in *in, struct slice store, struct slice key)
{
	struct slice rest = key;
	bool gaps = store_has_gaps(in, store);

	if (key.len == 0)
		return "the name of an image";
	if (key.len > KEY_MAX)
		return "a name of at most 1024 bytes";
	if (!codec_is_utf8(key))
		return "a name in UTF-8";
	for (size_t i = 0; i < key.len; i++)
		if ((unsigned char)key.at[i] < ' ' || key.at[i] == 0x7f)
			return "a name without control characters";
	/* What a store of type http may take instead of a name: a URL. */
	if (slice_starts(key, SLICE("http://")) ||
	    slice_starts(key, SLICE("https://")))
		rest = slice_skip(rest, strlen("http://") + (key.at[4] == 's'));
	while (rest.at != NULL) {
		struct slice segment = slice_cut(&rest, '/');

		if (segment.len == 0 && !gaps)
			return "a name without empty segments";
		if (slice_is(segment, ".") || slice_is(segment, ".."))
			return "a name without segments of dots";
	}
	return NULL;
}

bool
source_add(struct plan *p, struct slice store, struct slice key, struct err *e)
{
	struct plan_source *s = &p->source[p->nsource];

	if (p->nsource >= PLAN_SOURCES)
		return err_set(e, ERR_BAD_URL,
		    "more than %d images in one request", PLAN_SOURCES);
	p->nsource++;
	return plan_text(p, store, &s->store, e) &&
	    plan_text(p, key, &s->key, e);
}

bool
source_set(struct plan *p, struct slice store, struct slice key, struct err *e)
{
	struct plan_source *s = &p->source[0];

	p->nsource = 1;
	return plan_text(p, store, &s->store, e) &&
	    plan_text(p, key, &s->key, e);
}

/* ---- Printing ---- */

static bool
same_text(
    const struct plan *a, struct span s, const struct plan *b, struct span t)
{
	return slice_eq(plan_slice(a, s), plan_slice(b, t));
}

static bool
same_answer(const struct plan *a, const struct plan *b)
{
	if (!same_text(
		a, a->answer.cache_control, b, b->answer.cache_control) ||
	    !same_text(a, a->answer.file_name, b, b->answer.file_name) ||
	    !same_text(a, a->answer.media_type, b, b->answer.media_type) ||
	    a->answer.nheader != b->answer.nheader)
		return false;
	for (size_t i = 0; i < a->answer.nheader; i++)
		if (!same_text(a, a->answer.header[i].name, b,
			b->answer.header[i].name) ||
		    !same_text(a, a->answer.header[i].value, b,
			b->answer.header[i].value))
			return false;
	return true;
}

/*
 * Do both lead to the same answer? What the client accepts is left aside: it
 * is no part of a URL.
 */
static bool
plan_same(const struct plan *a, const struct plan *b)
{
	char line[2][PLAN_LINE];
	struct plan copy = *b;

	copy.out.accepts = a->out.accepts;
	plan_print(a, true, line[0]);
	plan_print(&copy, true, line[1]);
	return strcmp(line[0], line[1]) == 0 && same_answer(a, b);
}

bool
print_verify(const struct dialect *d, const struct plan *p, const char *url,
    struct err *e)
{
	struct slice query = slice_of(url);
	char name[PLAN_SOURCES][256];
	const char *stores[PLAN_SOURCES];
	bool gaps[PLAN_SOURCES];
	struct dialect_in in = { .stores = stores, .gaps = gaps };
	struct plan again;
	struct err why;

	plan_init(&again);
	in.path = slice_cut(&query, '?');
	in.query = query;
	/* The first image's is the mount's first. */
	for (size_t i = 0; i < p->nsource; i++) {
		struct slice store = plan_slice(p, p->source[i].store);

		if (store.len >= sizeof(name[i]))
			break;
		slice_copy(store, name[i], sizeof(name[i]));
		/* Whatever its store takes: here it is about the language. */
		gaps[in.nstore] = true;
		stores[in.nstore++] = name[i];
	}
	if (in.nstore == p->nsource && in.nstore > 0 &&
	    d->parse(&in, &again, &why) && plan_same(p, &again))
		return true;
	return err_set(e, ERR_NOT_SUPPORTED,
	    "the plan cannot be said in the language %s", d->name);
}
