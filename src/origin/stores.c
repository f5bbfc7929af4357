/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of store there are, and the stores of a configuration. */
#include "origin/stores.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/digest.h"
#include "conf/conf.h"

/* By store.type; NULL: not in this build. */
static const struct store_kind *const store_kinds[] = {
	[STORE_FILE] = &store_file,
	[STORE_S3] = &store_s3,
	[STORE_HTTP] = &store_http,
};
static const char *const store_words[] = {
	[STORE_FILE] = "file",
	[STORE_S3] = "s3",
	[STORE_HTTP] = "http",
};
_Static_assert(
    NELEM(store_kinds) == NELEM(store_words), "each type of store has a name");

/* type = s3 with signature = v2; NULL: not in this build. */
#ifdef HAVE_LIBS3
static const struct store_kind *const store_v2 = &store_s3_libs3;
#else
static const struct store_kind *const store_v2 = NULL;
#endif

static const struct store_kind *
store_kind(const struct conf_store *row)
{
	assert(row->type >= 0 && (size_t)row->type < NELEM(store_kinds));
	if (row->type == STORE_S3 && row->signature == SIGNATURE_V2)
		return store_v2;
	return store_kinds[row->type];
}

/* Its kind, if its rows are right. */
static bool
store_check(
    const struct conf_store *row, const struct store_kind **out, struct err *e)
{
	const struct store_kind *kind = store_kind(row);

	*out = kind;
	if (kind != NULL)
		return kind->check(row, e);
	if (row->type == STORE_S3 && row->signature == SIGNATURE_V2)
		return err_set(e, ERR_CONFIG,
		    "[store.%s] signature = v2: this build has no libs3: "
		    "./configure --with-libs3",
		    row->name);
	return err_set(e, ERR_CONFIG, "[store.%s] type = %s: not in this build",
	    row->name, store_words[row->type]);
}

/* --- one store --- */

struct store_life *
store_ref(struct store_life *life)
{
	atomic_fetch_add_explicit(&life->count, 1, memory_order_relaxed);
	return life;
}

void
store_drop(struct store_life *life)
{
	if (atomic_fetch_sub_explicit(&life->count, 1, memory_order_acq_rel) ==
	    1)
		life->unused(life->owner, life);
}

void
store_close(struct store_life *life)
{
	struct store *s = &life->store;

	if (s->kind->close != NULL)
		s->kind->close(s);
	conf_drop(s->whole);
	free(life);
}

/*
 * The same rows mean the same store; but files that they name may hold
 * something else by now, and a reload is how the operator says so.
 */
static bool
store_is_as_before(const struct store_life *life, const struct conf_store *row)
{
	return row->ca_file[0] == '\0' && row->client_cert[0] == '\0' &&
	    conf_store_same(life->store.conf, row);
}

static bool
store_open(const struct stores_spec *spec, const struct conf *conf,
    const struct conf_store *row, struct store_life **out, struct err *e)
{
	static _Atomic uint64_t serial;
	const struct store_kind *kind = NULL;
	struct store_life *life = NULL;
	struct store *s = NULL;

	if (!store_check(row, &kind, e))
		return false;
	life = xcalloc(1, sizeof(*life));
	s = &life->store;
	s->kind = kind;
	s->conf = row;
	s->fetcher = s->kind->blocks ? NULL : spec->fetcher;
	s->life = life;
	life->count = 1;
	life->unused = spec->unused;
	life->owner = spec->owner;
	life->serial =
	    atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed);
	s->whole = conf_ref(conf);
	if (s->kind->open != NULL && !s->kind->open(s, e)) {
		conf_drop(s->whole);
		free(life);
		return false;
	}
	*out = life;
	return true;
}

/* --- all of a configuration --- */

struct store_life *
stores_find(const struct origin_stores *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->store[i]->store.conf->name, name) == 0)
			return s->store[i];
	return NULL;
}

static void
stores_free(struct origin_stores *s)
{
	for (size_t i = 0; i < s->n; i++)
		store_drop(s->store[i]);
	free(s->store);
	conf_drop(s->conf);
	free(s);
}

bool
stores_need_fetcher(const struct conf *conf)
{
	for (size_t i = 0; i < conf->nstore; i++)
		if (store_kind(&conf->store[i]) != NULL &&
		    !store_kind(&conf->store[i])->blocks)
			return true;
	return false;
}

bool
stores_open(const struct stores_spec *spec, const struct conf *conf,
    struct origin_stores **out, struct err *e)
{
	struct origin_stores *s = xcalloc(1, sizeof(*s));

	s->conf = conf_ref(conf);
	s->store = xcalloc(conf->nstore, sizeof(struct store_life *));
	s->count = 1;
	for (size_t i = 0; i < conf->nstore; i++) {
		const struct conf_store *row = &conf->store[i];
		struct store_life *old = spec->before != NULL
		    ? stores_find(spec->before, row->name)
		    : NULL;

		if (old != NULL && store_is_as_before(old, row)) {
			s->store[s->n++] = store_ref(old);
			continue;
		}
		if (!store_open(spec, conf, row, &s->store[s->n], e)) {
			stores_free(s);
			return false;
		}
		s->n++;
	}
	*out = s;
	return true;
}

struct origin_stores *
origin_stores_ref(struct origin_stores *s)
{
	atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
	return s;
}

void
origin_stores_drop(struct origin_stores *s)
{
	if (s != NULL &&
	    atomic_fetch_sub_explicit(&s->count, 1, memory_order_acq_rel) == 1)
		stores_free(s);
}

/* --- what a configuration alone says --- */

bool
origin_check(const struct conf *conf, struct err *e)
{
	const struct store_kind *kind;

	for (size_t i = 0; i < conf->nstore; i++)
		if (!store_check(&conf->store[i], &kind, e))
			return false;
	return true;
}

/* Headers that a store always sends may decide what it answers. */
static void
place_headers(const struct conf_store *row, char *hex)
{
	struct digest_run *run = digest_new();
	struct digest digest;

	for (size_t i = 0; i < row->headers.n; i++)
		digest_add(run, row->headers.item[i],
		    strlen(row->headers.item[i]) + 1);
	digest = digest_end(run);
	codec_hex(digest.byte, sizeof(digest.byte), hex);
}

static char *
place_of(const struct conf_store *row)
{
	char hex[2 * DIGEST_SIZE + 1] = "";
	char *text = NULL;
	int n = 0;

	if (row->headers.n > 0)
		place_headers(row, hex);
	switch ((enum store_type)row->type) {
	case STORE_FILE:
		n = asprintf(&text, "file:%s", row->root);
		break;
	case STORE_S3:
		/* AWS has one name space of buckets for each partition. */
		n = asprintf(&text, "s3:%s %s/%s",
		    row->endpoint[0] != '\0' ? row->endpoint : row->region,
		    row->bucket, row->prefix);
		break;
	case STORE_HTTP:
		n = asprintf(&text, "http:%s %s", row->endpoint, hex);
		break;
	}
	assert(n > 0);
	return text;
}

void
origin_identity(
    const struct conf *conf, struct slice store, char *out, size_t size)
{
	const struct conf_store *row = conf_store_find(conf, store);
	scoped_free char *place = NULL;
	struct digest digest;
	char *at = out;

	assert(size >= ORIGIN_IDENTITY_MIN);
	out[0] = '\0';
	if (row == NULL)
		return;
	place = place_of(row);
	if (strlen(place) < size) {
		memcpy(out, place, strlen(place) + 1);
		return;
	}
	/* Two long places must not become one by being cut. */
	digest = digest_of(place, strlen(place));
	at = stpcpy(at, store_words[row->type]);
	*at++ = ':';
	*at++ = '#';
	codec_hex(digest.byte, sizeof(digest.byte), at);
}
