/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query language's further images: overlay=KEY, overlay2=KEY, ... and how
 * each is laid on: composite=VALUES, composite2=VALUES, ...
 *
 * A key is one of the mount's first store, as the path is; //STORE/KEY is one
 * of any store of the mount, and so is one of the first whose own name begins
 * with two slashes. An overlay without a composite lies in the middle. composite2=source:1 takes the first again.
 */
#include "dialect/query.h"

_Static_assert(Q_OVERLAY4 - Q_OVERLAY + 1 == (int)PLAN_OVERLAYS &&
	Q_COMPOSITE4 - Q_COMPOSITE + 1 == (int)PLAN_OVERLAYS,
    "a parameter of each kind for each overlay");

/* Cuts "//STORE/" off; false: there is no such store here. */
static bool
cut_store(const struct dialect_in *in, struct slice *key, struct slice *store)
{
	struct slice name;

	*store = slice_of(in->stores[0]);
	if (!slice_starts(*key, SLICE("//")))
		return true;
	*key = slice_skip(*key, 2);
	name = slice_cut(key, '/');
	for (size_t i = 0; key->at != NULL && i < in->nstore; i++) {
		if (slice_is(name, in->stores[i])) {
			*store = name;
			return true;
		}
	}
	return false;
}

bool
query_overlays(const struct dialect_in *in, const struct query *q,
    struct plan *p, struct err *e)
{
	for (size_t i = 0; i < PLAN_OVERLAYS; i++) {
		size_t param = Q_OVERLAY + i;
		struct slice key = q->value[param];
		struct slice store;
		const char *fault;

		if (q->name[param] == NULL)
			continue;
		if (p->nsource != i + 1)
			return query_refuse(
			    q, param, e, "the overlays before it, too");
		if (!cut_store(in, &key, &store))
			return query_refuse(q, param, e,
			    "//STORE/NAME with a store of this mount");
		fault = key_fault(in, store, key);
		if (fault != NULL)
			return query_refuse(q, param, e, fault);
		if (!source_add(p, store, key, e))
			return false;
	}
	return true;
}

bool
query_composites(struct query *q, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < PLAN_OVERLAYS; i++) {
		size_t param = Q_COMPOSITE + i;
		union arg source = { .whole = (int64_t)i + 1 };
		struct plan_step *step = NULL;

		if (q->name[param] != NULL) {
			if (!query_step(q, param, p, OP_COMPOSITE, &step, e))
				return false;
		} else if (q->name[Q_OVERLAY + i] == NULL) {
			continue;
		} else if (!plan_add(p, OP_COMPOSITE, &step, e)) {
			return false;
		}
		if (step != NULL && i > 0 && !step_has(step, COMPOSITE_SOURCE))
			step_set(step, COMPOSITE_SOURCE, source);
	}
	return true;
}
