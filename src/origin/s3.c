/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals in a bucket of an S3-compatible store. What its protocol needs is
 * net/s3.c's; here a store's rows become a client, and an object an original.
 *
 * An original's validator is its ETag, and behind it the version's id if the
 * bucket has versions. The ETag alone is asked with: the same bytes in another
 * version are the same image.
 */
#include "net/s3.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "conf/conf.h"
#include "net/credentials.h"
#include "net/fetch.h"
#include "origin/s3_store.h"

/* One transfer. */
struct object {
	struct s3_call call;
	struct store_fetch *t;
	struct blob *body;
	char *key;  /* with the store's prefix */
	char *etag; /* that is asked with; NULL: none */
};

static bool
bucket_fail(const struct conf_store *row, struct err *e)
{
	struct err why = *e;

	return err_set(e, ERR_CONFIG, "[store.%s] %s", row->name, why.detail);
}

static bool
bucket_way(const struct conf_store *row, struct fetch_way **out, struct err *e)
{
	const struct fetch_way_spec spec = {
		.ca_file = row->ca_file[0] != '\0' ? row->ca_file : NULL,
		.client_cert =
		    row->client_cert[0] != '\0' ? row->client_cert : NULL,
		.client_key =
		    row->client_key[0] != '\0' ? row->client_key : NULL,
		.connect_ns = row->connect_time,
		.silent_ns = row->silent_time,
		.transfers = (unsigned)row->transfers,
	};

	return fetch_way_new_take(&spec, out, e);
}

static bool
bucket_credentials(
    const struct conf_store *row, struct credential_source **out, struct err *e)
{
	const struct credential_spec spec = {
		.access = row->access_key,
		.secret = row->secret_key,
		.token = row->session_token,
		.profile = row->profile,
		.role = row->role,
		.external_id = row->external_id,
		.region = row->region,
		.name = row->name,
		.env = environ,
	};

	return row->signature == SIGNATURE_NONE ||
	    credential_source_new(&spec, out, e);
}

static bool
bucket_client(const struct conf_store *row, struct fetcher *fetcher,
    struct bucket *b, struct err *e)
{
	static const enum s3_addressing addressing[] = {
		[ADDRESSING_AUTO] = S3_AUTO,
		[ADDRESSING_VIRTUAL] = S3_VIRTUAL,
		[ADDRESSING_PATH] = S3_PATH,
	};
	struct s3_spec spec = {
		.fetcher = fetcher,
		.way = b->way,
		.credentials = b->credentials,
		.endpoint = row->endpoint,
		.bucket = row->bucket,
		.region = row->region,
		.addressing = addressing[row->addressing],
		.owner = row->expected_owner,
		.requester_pays = row->requester_pays,
		.customer_key = row->customer_key,
		.checksum = row->checksum,
		.retries = (unsigned)row->retries,
	};

	if (row->endpoint[0] == '\0' && b->credentials != NULL)
		spec.endpoint = credential_endpoint(b->credentials);
	return s3_new(&spec, &b->s3, e);
}

static void
bucket_free(struct bucket *b)
{
	if (b == NULL)
		return;
	s3_free(b->s3);
	credential_source_free(b->credentials);
	fetch_way_drop(b->way);
	free(b);
}

static bool
bucket_check(const struct conf_store *row, struct err *e)
{
	struct bucket *b = NULL;
	bool good;

	if (row->signature == SIGNATURE_V2)
		return err_set(e, ERR_CONFIG,
		    "[store.%s] signature = v2: needs a build with libs3",
		    row->name);
	/* All of it but credentials, which begin to be fetched. */
	b = xcalloc(1, sizeof(*b));
	good =
	    (bucket_way(row, &b->way, e) && bucket_client(row, NULL, b, e)) ||
	    bucket_fail(row, e);
	bucket_free(b);
	return good;
}

static bool
bucket_open(struct store *s, struct err *e)
{
	struct bucket *b = xcalloc(1, sizeof(*b));

	if (!bucket_way(s->conf, &b->way, e) ||
	    !bucket_credentials(s->conf, &b->credentials, e) ||
	    !bucket_client(s->conf, s->fetcher, b, e)) {
		bucket_free(b);
		return bucket_fail(s->conf, e);
	}
	s->state = b;
	return true;
}

static void
bucket_close(struct store *s)
{
	bucket_free(s->state);
	s->state = NULL;
}

/* --- one original --- */

static void
object_free(struct object *o)
{
	blob_drop(o->body);
	free(o->key);
	free(o->etag);
	free(o);
}

/* "etag", or "etag" and version, as long as it fits. */
static void
object_validator(const struct s3_facts *facts, char out[ORIGIN_VALIDATOR_MAX])
{
	size_t etag = strlen(facts->etag);
	size_t version = strlen(facts->version);

	out[0] = '\0';
	if (etag == 0 || etag >= ORIGIN_VALIDATOR_MAX)
		return;
	memcpy(out, facts->etag, etag + 1);
	if (version == 0 || etag + 1 + version >= ORIGIN_VALIDATOR_MAX)
		return;
	out[etag] = ' ';
	memcpy(out + etag + 1, facts->version, version + 1);
}

/* The ETag of a validator; NULL: there is none to be asked with. */
static char *
object_etag(const char *validator)
{
	const char *end;
	char *etag;

	if (validator == NULL || validator[0] != '"')
		return NULL;
	end = strchr(validator + 1, '"');
	if (end == NULL)
		return NULL;
	etag = xstrdup(validator);
	etag[end - validator + 1] = '\0';
	return etag;
}

static void
object_facts(struct object *o)
{
	const struct s3_facts *said = &o->call.facts;
	struct origin_facts *facts = &o->t->facts;
	struct text id = { .at = facts->request_id,
		.size = sizeof(facts->request_id) };

	object_validator(said, facts->validator);
	slice_copy(slice_of(said->media_type), facts->media_type,
	    sizeof(facts->media_type));
	slice_copy(
	    slice_of(said->version), facts->version, sizeof(facts->version));
	text_put(&id, slice_of(said->request_id));
	if (said->id_2[0] != '\0')
		text_printf(&id, " %s", said->id_2);
	facts->modified_s = said->modified_s;
	facts->size = said->size;
}

static bool
object_size(struct object *o, struct err *e)
{
	int64_t size = o->call.facts.size;

	if (size == 0)
		return err_set(e, ERR_EMPTY, "0 bytes");
	return size < 0 || store_takes(o->t, (uint64_t)size, e);
}

static bool
object_head(struct s3_call *c)
{
	struct object *o = c->owner;
	size_t most = o->t->max_bytes;

	object_facts(o);
	if (!object_size(o, &c->err))
		return false;
	if (c->facts.size > 0)
		most = (size_t)c->facts.size;
	o->body = blob_new(most, c->facts.size > 0 ? most : 0);
	if (o->body == NULL) {
		err_set(&c->err, ERR_BUSY, "no memory for %zu bytes", most);
		c->err.retry_after_s = 1;
		return false;
	}
	c->into = o->body;
	store_begin(o->t, o->body);
	return true;
}

static void
object_end(struct s3_call *c)
{
	struct object *o = c->owner;
	struct store_fetch *t = o->t;
	bool same = c->ok && c->not_modified;
	/* Where the length was not said, it turns out here. */
	bool empty = c->ok && !same && blob_look(o->body).size == 0;

	if (same) {
		object_facts(o);
		/* What is asked for by its ETag is that version, whatever the
		 * answer says or leaves out. */
		slice_copy(slice_of(t->validator), t->facts.validator,
		    sizeof(t->facts.validator));
		store_begin(t, NULL);
	}
	if (empty)
		err_set(&c->err, ERR_EMPTY, "0 bytes");
	store_end(t, c->ok && !empty ? NULL : &c->err);
	object_free(o);
}

static void
bucket_fetch(struct store_fetch *t)
{
	const struct conf_store *row = t->store->conf;
	const struct bucket *b = t->store->state;
	struct object *o = xcalloc(1, sizeof(*o));
	size_t size = strlen(row->prefix) + strlen(t->key) + 1;

	o->t = t;
	o->key = xcalloc(1, size);
	/* Without its own key it would be a folder's marker. */
	if (t->key[0] != '\0')
		snprintf(o->key, size, "%s%s", row->prefix, t->key);
	o->etag = object_etag(t->validator);
	o->call = (struct s3_call){
		.verb = S3_GET,
		.key = o->key,
		.version = t->version,
		.if_none_match = o->etag,
		.due_ns = &t->deadline_ns,
		.cancel = &t->cancel,
		.head = object_head,
		.end = object_end,
		.owner = o,
	};
	s3_start(b->s3, &o->call);
}

const struct store_kind store_s3 = {
	.name = "s3",
	.remembers = true,
	.check = bucket_check,
	.open = bucket_open,
	.close = bucket_close,
	.fetch = bucket_fetch,
	.probe = bucket_probe,
};
