/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The S3 client with a pipe for a caller, so that pytest can use it on a real
 * store: a line of JSON for each call, a line for its answer.
 *
 *     s3_driver '{"endpoint":..., "bucket":..., "access":..., "secret":...}'
 *
 * A call: {"verb":"get", "key":...} and what struct s3_call calls the rest;
 * bodies come from "file" and go to "into". "presign" and "lifecycle" (a merge
 * of what the last answer said) need no store.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/lock.h"
#include "net/credentials.h"
#include "net/fetch.h"
#include "net/s3.h"

enum { PARTS = 16, CALL_S = 120, BODY_MAX = 512 << 20, URL_SIZE = 4096 };

static const char *const verbs[S3_VERB_COUNT] = { [S3_GET] = "get",
	[S3_HEAD] = "head",
	[S3_PUT] = "put",
	[S3_DELETE] = "delete",
	[S3_COPY] = "copy",
	[S3_LIST] = "list",
	[S3_LIST_VERSIONS] = "list_versions",
	[S3_DELETE_MANY] = "delete_many",
	[S3_UPLOAD] = "upload",
	[S3_UPLOAD_PART] = "upload_part",
	[S3_UPLOAD_DONE] = "upload_done",
	[S3_UPLOAD_ABORT] = "upload_abort",
	[S3_MAKE_BUCKET] = "make_bucket",
	[S3_GET_LIFECYCLE] = "get_lifecycle",
	[S3_PUT_LIFECYCLE] = "put_lifecycle",
	[S3_GET_VERSIONING] = "get_versioning",
	[S3_PUT_VERSIONING] = "put_versioning" };

struct driver {
	struct s3 *s3;
	struct credential_source *source;
	struct lock lock;
	struct cond done;
	bool is_done;
	json_t *answer;
	struct blob *body;
	char *xml;
};

static const char *
text(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static void
die(const char *what, const struct err *e)
{
	fprintf(
	    stderr, "s3_driver: %s: %s\n", what, e != NULL ? e->detail : "");
	exit(1);
}

static void
driver_done(struct driver *d)
{
	lock_take(&d->lock);
	d->is_done = true;
	cond_wake_all(&d->done);
	lock_drop(&d->lock);
}

static void
driver_wait(struct driver *d)
{
	lock_take(&d->lock);
	while (!d->is_done)
		cond_wait(&d->done, &d->lock, CLOCK_NEVER);
	lock_drop(&d->lock);
}

static bool
on_head(struct s3_call *c)
{
	struct driver *d = c->owner;

	c->into = blob_new(BODY_MAX, 0);
	if (c->into == NULL)
		return err_set(&c->err, ERR_TOO_LARGE, "no memory");
	d->body = blob_ref(c->into);
	return true;
}

static json_t *
list_json(struct slice xml)
{
	struct s3_list list;
	struct err e;
	json_t *out = json_array();

	if (!s3_list_read(xml, &list, &e))
		die("list", &e);
	for (size_t i = 0; i < list.n; i++) {
		const struct s3_entry *at = &list.entry[i];

		json_array_append_new(out,
		    json_pack("{s:s, s:s?, s:I, s:b, s:b, s:b}", "key", at->key,
			"version", at->version, "size", (json_int_t)at->size,
			"prefix", at->is_prefix, "marker", at->is_marker,
			"latest", at->is_latest));
	}
	out = json_pack("{s:o, s:s?, s:s?}", "entries", out, "after",
	    list.after, "after_version", list.after_version);
	s3_list_free(&list);
	return out;
}

/* What an answer in XML says, by the client's own readers. */
static void
add_xml(struct driver *d, const struct s3_call *c)
{
	struct err e;
	char id[S3_KEY_MAX + 1];
	size_t refused = 0;

	free(d->xml);
	d->xml = strndup(c->xml.at, c->xml.len);
	json_object_set_new(d->answer, "xml", json_string(d->xml));
	if (c->verb == S3_LIST || c->verb == S3_LIST_VERSIONS)
		json_object_set_new(d->answer, "list", list_json(c->xml));
	if (c->verb == S3_UPLOAD) {
		if (!s3_upload_read(c->xml, id, sizeof(id), &e))
			die("upload", &e);
		json_object_set_new(d->answer, "upload", json_string(id));
	}
	if (c->verb == S3_DELETE_MANY)
		json_object_set_new(d->answer, "all_deleted",
		    json_boolean(s3_deleted_read(c->xml, &refused, &e)));
}

static void
on_end(struct s3_call *c)
{
	struct driver *d = c->owner;
	const struct s3_facts *f = &c->facts;

	d->answer = json_pack("{s:b, s:i, s:s, s:s, s:s, s:i, s:b}", "ok",
	    c->ok, "status", c->status, "code", c->code, "error",
	    c->ok ? "" : err_row(c->err.code)->code, "detail",
	    c->ok ? "" : c->err.detail, "tries", (int)c->tries, "not_modified",
	    c->not_modified);
	json_object_update_new(d->answer,
	    json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:s}", "etag",
		f->etag, "version", f->version, "media_type", f->media_type,
		"modified", (json_int_t)f->modified_s, "size",
		(json_int_t)f->size, "encryption", f->encryption, "expiration",
		f->expiration, "request_id", f->request_id));
	if (c->ok && c->xml.len > 0)
		add_xml(d, c);
	if (c->into != NULL) {
		blob_finish(c->into, c->ok ? NULL : &c->err);
		blob_drop(c->into);
	}
	driver_done(d);
}

static char *
read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rbe");
	struct stat st;
	char *data;

	if (f == NULL || fstat(fileno(f), &st) != 0)
		die(path, NULL);
	*size = (size_t)st.st_size;
	data = xcalloc(1, *size + 1);
	if (fread(data, 1, *size, f) != *size)
		die(path, NULL);
	fclose(f);
	return data;
}

static void
write_body(struct driver *d, const char *path)
{
	struct blob_view view = blob_look(d->body);
	FILE *f = fopen(path, "wbe");

	if (f == NULL || fwrite(view.data, 1, view.size, f) != view.size ||
	    fclose(f) != 0)
		die(path, NULL);
}

static void
fill_lists(const json_t *j, struct s3_call *c, struct s3_name *names,
    struct s3_part *parts)
{
	json_t *one = NULL;
	size_t i;

	json_array_foreach(json_object_get(j, "names"), i, one)
	    names[c->nnames++] = (struct s3_name){ .key = text(one, "key"),
		    .version = text(one, "version") };
	json_array_foreach(json_object_get(j, "parts"), i, one)
	    parts[c->nparts++] = (struct s3_part){ .number = (unsigned)i + 1,
		    .etag = json_string_value(one) };
	c->names = names;
	c->parts = parts;
}

static struct s3_call
call_of(const json_t *j)
{
	const char *encryption = text(j, "encryption");
	json_t *first = json_object_get(j, "first");
	json_t *last = json_object_get(j, "last");

	return (struct s3_call){ .key = text(j, "key"),
		.version = text(j, "version"),
		.if_match = text(j, "if_match"),
		.if_none_match = text(j, "if_none_match"),
		.is_range = first != NULL,
		.first = json_integer_value(first),
		.last = last != NULL ? json_integer_value(last) : -1,
		.media_type = text(j, "media_type"),
		.encryption = encryption == NULL     ? S3_SSE_NONE
		    : strcmp(encryption, "kms") == 0 ? S3_SSE_KMS
						     : S3_SSE_S3,
		.kms_key = text(j, "kms_key"),
		.from = text(j, "from"),
		.from_bucket = text(j, "from_bucket"),
		.upload = text(j, "upload"),
		.part =
		    (unsigned)json_integer_value(json_object_get(j, "part")),
		.prefix = text(j, "prefix"),
		.delimiter = text(j, "delimiter"),
		.after = text(j, "after"),
		.after_version = text(j, "after_version"),
		.most =
		    (unsigned)json_integer_value(json_object_get(j, "most")),
		.transition = text(j, "transition"),
		.deadline_ns = clock_ns() + CALL_S * NS_PER_S,
		.head = on_head,
		.end = on_end };
}

static void
run_call(struct driver *d, const json_t *j, enum s3_verb verb)
{
	struct s3_call c = call_of(j);
	struct s3_name *names = xcalloc(S3_NAMES_MAX, sizeof(*names));
	struct s3_part parts[PARTS];
	const char *file = text(j, "file");
	const char *said = text(j, "text");
	char *data = NULL;
	size_t size = 0;

	c.verb = verb;
	c.owner = d;
	fill_lists(j, &c, names, parts);
	if (file != NULL) {
		data = read_file(file, &size);
		c.body = (struct slice){ data, size };
	} else if (said != NULL) {
		c.body = slice_of(said);
	}
	d->is_done = false;
	s3_start(d->s3, &c);
	driver_wait(d);
	if (d->body != NULL && text(j, "into") != NULL)
		write_body(d, text(j, "into"));
	blob_drop(d->body);
	d->body = NULL;
	free(data);
	free(names);
}

struct asked {
	struct credential_wait wait; /* first: on_credential() gets it */
	struct credential *c;
	struct driver *d;
};

static void
on_credential(
    struct credential_wait *w, struct credential *c, const struct err *e)
{
	struct asked *of = (struct asked *)w;

	if (c == NULL)
		die("credentials", e);
	of->c = c;
	driver_done(of->d);
}

static void
run_presign(struct driver *d, const json_t *j)
{
	struct asked of = { .wait = { .ready = on_credential,
				.deadline_ns = clock_ns() + CALL_S * NS_PER_S },
		.d = d };
	const struct s3_presign what = { .is_put = text(j, "put") != NULL,
		.key = text(j, "key"),
		.version = text(j, "version"),
		.media_type = text(j, "media_type"),
		.expires_s =
		    json_integer_value(json_object_get(j, "expires")) };
	char url[URL_SIZE];
	struct err e;

	d->is_done = false;
	credential_get(d->source, &of.wait);
	driver_wait(d);
	if (!s3_presign(d->s3, of.c, &what, url, sizeof(url), &e))
		die("presign", &e);
	credential_drop(of.c);
	d->answer = json_pack("{s:s}", "url", url);
}

static void
run_lifecycle(struct driver *d, const json_t *j)
{
	const struct s3_rule rule = { .id = text(j, "id"),
		.prefix = text(j, "prefix"),
		.days =
		    (unsigned)json_integer_value(json_object_get(j, "days")) };
	char *out = NULL;
	struct err e;

	if (!s3_lifecycle_merge(slice_of(text(j, "xml")), &rule, 1, &out, &e))
		die("lifecycle", &e);
	d->answer = json_pack("{s:s}", "xml", out);
	free(out);
}

static void
run_line(struct driver *d, const char *line)
{
	json_error_t why;
	json_t *j = json_loads(line, 0, &why);
	const char *verb = text(j, "verb");
	size_t i = 0;

	if (verb == NULL)
		die(why.text, NULL);
	while (i < S3_VERB_COUNT && strcmp(verb, verbs[i]) != 0)
		i++;
	if (i < S3_VERB_COUNT)
		run_call(d, j, (enum s3_verb)i);
	else if (strcmp(verb, "presign") == 0)
		run_presign(d, j);
	else if (strcmp(verb, "lifecycle") == 0)
		run_lifecycle(d, j);
	else
		die(verb, NULL);
	json_dumpf(d->answer, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(d->answer);
	json_decref(j);
}

int
main(int argc, char **argv)
{
	json_error_t why;
	json_t *j = json_loads(argc == 2 ? argv[1] : "", 0, &why);
	char *env[] = { NULL };
	const struct credential_spec keys = { .access = text(j, "access"),
		.secret = text(j, "secret"),
		.token = text(j, "token"),
		.region = "us-east-1",
		.name = "driver",
		.env = env };
	const struct fetch_way_spec spec = { .ca_file = text(j, "ca"),
		.connect_ns = 5 * NS_PER_S,
		.silent_ns = 10 * NS_PER_S,
		.transfers = 4 };
	struct driver d = { .s3 = NULL };
	struct s3_spec s3 = { .endpoint = text(j, "endpoint"),
		.bucket = text(j, "bucket"),
		.region = "us-east-1",
		.checksum = true,
		.customer_key = text(j, "customer_key"),
		.owner = text(j, "owner"),
		.requester_pays = json_is_true(json_object_get(j, "payer")),
		.retries = 2 };
	char *line = NULL;
	size_t size = 0;
	struct err e;

	lock_init(&d.lock);
	cond_init(&d.done);
	if (!credential_source_new(&keys, &d.source, &e) ||
	    !fetcher_new(4, &s3.fetcher, &e) ||
	    !fetch_way_new_take(&spec, &s3.way, &e))
		die("start", &e);
	if (!json_is_true(json_object_get(j, "unsigned")))
		s3.credentials = d.source;
	if (!s3_new(&s3, &d.s3, &e))
		die("s3_new", &e);
	while (getline(&line, &size, stdin) > 0)
		run_line(&d, line);
	s3_free(d.s3);
	fetch_way_drop(s3.way);
	fetcher_free(s3.fetcher);
	credential_source_free(d.source);
	cond_fini(&d.done);
	lock_fini(&d.lock);
	free(d.xml);
	free(line);
	json_decref(j);
	return 0;
}
