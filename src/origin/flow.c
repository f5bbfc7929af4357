/* SPDX-License-Identifier: Apache-2.0 */
/* What identifies a transfer, and its own copy of what it asks for. */
#include "origin/flow.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "conf/conf.h"

static void
id_text(struct digest_run *run, const char *text)
{
	/* With its end: no two lists of texts have the same bytes. */
	digest_add(
	    run, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

static bool
row_forwards(const struct conf_store *row, const char *name)
{
	for (size_t i = 0; i < row->forward.n; i++)
		if (slice_eq_nocase(
			slice_of(row->forward.item[i]), slice_of(name)))
			return true;
	return false;
}

struct digest
flow_id(const struct store_life *life, const struct origin_fetch *f)
{
	struct digest_run *run = digest_new();

	digest_add(run, &life->serial, sizeof(life->serial));
	id_text(run, f->key);
	id_text(run, f->version);
	for (size_t i = 0; i < f->nheader; i++) {
		if (!row_forwards(life->store.conf, f->header[i].name))
			continue;
		id_text(run, f->header[i].name);
		id_text(run, f->header[i].value);
	}
	return digest_end(run);
}

uint64_t
flow_site(const struct store_life *life, const char *key)
{
	const struct conf_store *row = life->store.conf;
	struct digest digest;
	uint64_t id = 0;
	size_t len = 0;

	if (row->type != STORE_HTTP || row->endpoint[0] != '\0')
		return 0;
	/* "https://host:port", as it is written. */
	for (unsigned slashes = 0; key[len] != '\0'; len++)
		if (key[len] == '/' && ++slashes == 3)
			break;
	digest = digest_of(key, len);
	memcpy(&id, digest.byte, sizeof(id));
	return id != 0 ? id : 1;
}

bool
store_takes(const struct store_fetch *t, uint64_t size, struct err *e)
{
	const struct conf_store *row = t->store->conf;

	if (size <= t->max_bytes)
		return true;
	if (row->bytes > 0 && (uint64_t)row->bytes <= t->max_bytes)
		return err_set(e, ERR_TOO_LARGE,
		    "%" PRIu64 " bytes, accepted: %zu ([store.%s] bytes)", size,
		    t->max_bytes, row->name);
	return err_set(e, ERR_TOO_LARGE,
	    "%" PRIu64 " bytes, accepted: %zu ([limit] original_bytes)", size,
	    t->max_bytes);
}

static const char *
text_copy(struct arena *arena, const char *text)
{
	return text != NULL && text[0] != '\0'
	    ? arena_copy(arena, slice_of(text))
	    : NULL;
}

static void
flow_headers(struct store_flow *flow, const struct origin_fetch *f)
{
	struct store_fetch *t = &flow->t;

	for (size_t i = 0; i < f->nheader && t->nheader < ORIGIN_HEADERS_MAX;
	     i++) {
		const struct origin_header *h = &f->header[i];

		if (!row_forwards(flow->life->store.conf, h->name))
			continue;
		flow->header[t->nheader++] = (struct origin_header){
			.name = arena_copy(flow->arena, slice_of(h->name)),
			.value = arena_copy(flow->arena, slice_of(h->value)),
		};
	}
	t->header = flow->header;
}

struct store_flow *
flow_new(struct store_life *life, const struct digest *id,
    const struct origin_fetch *f)
{
	struct store_flow *flow = xcalloc(1, sizeof(*flow));
	struct store *s = &life->store;
	int64_t most = s->conf->bytes;

	if (most == 0 || most > s->whole->limit_original_bytes)
		most = s->whole->limit_original_bytes;
	flow->life = store_ref(life);
	flow->id = *id;
	flow->site = flow_site(life, f->key);
	flow->first_ns = f->deadline_ns;
	flow->arena = arena_new(KIB);
	flow->t = (struct store_fetch){
		.store = s,
		.key = arena_copy(flow->arena, slice_of(f->key)),
		.version = text_copy(flow->arena, f->version),
		.validator = text_copy(flow->arena, f->validator),
		.deadline_ns = f->deadline_ns,
		.max_bytes = (size_t)most,
		.facts = { .modified_s = -1,
		    .size = -1,
		    .fresh_s = -1,
		    .stale_if_error_s = -1 },
		.flow = flow,
	};
	flow_headers(flow, f);
	return flow;
}

void
flow_free(struct store_flow *flow)
{
	blob_drop(flow->body);
	store_drop(flow->life);
	arena_free(flow->arena);
	free(flow);
}
