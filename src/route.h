/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a configuration means for requests: its mounts with everything looked
 * up that is named in them (dialect, formats, sizes, stores). Made once per
 * configuration, counted, constant.
 */
#pragma once

#include "base/digest.h"
#include "conf/conf.h"
#include "dialect/dialect.h"
#include "origin/origin.h"
#include "reading.h"

struct arena;

struct route {
	const struct conf_mount *mount;
	const struct dialect *dialect;
	struct plan_policy policy;
	format_set results;   /* formats that results may have */
	format_set originals; /* formats that originals may have */
	struct digest scope;  /* of the name and both sets, for the key */
	/* The buckets of mount->stores, by the same index. */
	const char *const *buckets;
	/* Do they take keys with empty segments? See struct dialect_in. */
	const bool *gaps;
	/* Names of the headers that its stores get of the request, each once;
	 * vary: with commas between, NULL: none. */
	const char *const *forward;
	size_t nforward;
	const char *vary;
	/* mount.fallback in its two parts; empty: none. */
	struct slice fallback_store, fallback_key;
};

struct routes {
	const struct conf *conf; /* a reference */
	const struct route *route;
	size_t n; /* longest path first */
	struct readings *readings;
	/* By origin_open(), before it is used; NULL where nothing is
	 * fetched. */
	struct origin_stores *stores;
	struct arena *arena; /* what it points to */
	_Atomic uint32_t count;
};

/*
 * Fails with CONFIG, naming the section, the key and what would be right.
 * Takes over the caller's reference to conf, also when it fails.
 */
bool routes_new_take(
    const struct conf *conf, struct routes **out, struct err *e) must_check;
struct routes *routes_ref(struct routes *t);
void routes_drop(struct routes *t); /* NULL is allowed */
/*
 * The mount of a raw path: the longest prefix that fits. NULL: none, or the
 * path is one of the server's own (below /-/).
 */
const struct route *routes_find(const struct routes *t, struct slice path);
/* Every format that any mount loads, or writes. */
format_set routes_formats(const struct routes *t, bool originals);
