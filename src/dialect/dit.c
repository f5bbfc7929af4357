/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language of AWS's Dynamic Image Transformation for CloudFront, version
 * 7: a path that is the base64 of a JSON object,
 *
 *   {"bucket":"NAME","key":"cat.jpg","edits":{"resize":{"width":300}}}
 *
 * or a path in Thumbor's style (dit_thumbor.c), and over either some edits as
 * query parameters (dit_query.c).
 *
 * Deviations, all meant: the Content-Type is that of the bytes also where an
 * option object ("webp": {...}) has changed the format; flip mirrors each frame
 * of an animation and leaves their order; a bad edit is seen before a missing
 * image (dit_edits.c); "rotate":"auto" turns as the camera was held.
 */
#include "dialect/dit.h"

#include <assert.h>
#include <math.h>

#include "base/codec.h"

/* ---- Path to JSON ---- */

static bool
is_base64_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/*
 * Whole groups of four, as DIT counts them: it lets the leading slash, which is
 * in the alphabet, count as a letter, so one '=' may be missing.
 */
static bool
is_base64(struct slice text)
{
	size_t pad = slice_ends(text, SLICE("==")) ? 2
	    : slice_ends(text, SLICE("="))         ? 1
						   : 0;

	for (size_t i = 0; i < text.len - pad; i++)
		if (!is_base64_char(text.at[i]))
			return false;
	return text.len % 4 == 0 || (pad == 0 && text.len % 4 == 3);
}

/* NULL: the path is not of this kind. */
static json_t *
read_path(struct slice text)
{
	scoped_free char *padded = mem_try(text.len + 2);
	scoped_free uint8_t *bytes = mem_try(text.len + 4);
	struct err unused;
	size_t size;

	if (padded == NULL || bytes == NULL || text.len == 0 ||
	    !is_base64(text))
		return NULL;
	slice_copy(text, padded, text.len + 1);
	if (text.len % 4 == 3)
		padded[text.len++] = '=';
	if (!codec_base64((struct slice){ padded, text.len }, false, bytes,
		&size, &unused))
		return NULL;
	return json_read((struct slice){ (char *)bytes, size }, &unused);
}

/*
 * What follows the last dot if that is an extension by DIT's rule: the dot is
 * not the first character, and no dot or slash follows it.
 */
static struct slice
path_extension(struct slice path)
{
	size_t dot = path.len;

	for (size_t i = 1; i < path.len; i++) {
		if (path.at[i] == '.')
			dot = i;
		else if (path.at[i] == '/' || path.at[i] == '\\')
			dot = path.len;
	}
	return slice_skip(path, dot + 1);
}

/* Does DIT take the path for one in Thumbor's style? By its extension alone. */
static bool
is_thumbor(struct slice path)
{
	static const char *const words[] = { "jpg", "jpeg", "png", "webp",
		"tiff", "tif", "svg", "gif", "avif" };
	struct slice extension = path_extension(path);

	for (size_t i = 0; i < NELEM(words); i++)
		if (slice_eq_nocase(extension, slice_of(words[i])))
			return true;
	return extension.len == 0;
}

/* ---- Fields ---- */

/* How JavaScript writes a value into the message of a missing key. */
static struct slice
key_text(const json_t *key)
{
	if (key == NULL)
		return SLICE("undefined");
	switch (json_typeof(key)) {
	case JSON_STRING:
		return (struct slice){ json_string_value(key),
			json_string_length(key) };
	case JSON_NULL:
		return SLICE("null");
	case JSON_TRUE:
		return SLICE("true");
	case JSON_FALSE:
		return SLICE("false");
	case JSON_OBJECT:
		return SLICE("[object Object]");
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_ARRAY:
		break;
	}
	return SLICE("");
}

static bool
read_bucket(const struct dialect_in *in, const json_t *root,
    struct slice *store, struct err *e)
{
	const json_t *bucket = json_object_get(root, "bucket");
	const char *name = json_string_value(bucket);

	if (in->nstore == 0)
		return dit_fail(
		    e, ERR_FORBIDDEN, DIT_NO_BUCKETS, "bucket", NULL);
	*store = slice_of(in->stores[0]);
	if (bucket == NULL)
		return true;
	*store = dialect_store(in, slice_of(name));
	if (name != NULL && store->at != NULL)
		return true;
	return dit_fail(e, ERR_FORBIDDEN, DIT_BUCKET, "bucket", name);
}

/*
 * S3 may have objects of any name; one that a path cannot say does not exist
 * here. nameable: the request does name one.
 */
static bool
set_key(const struct dialect_in *in, struct slice store, struct slice key,
    bool nameable, struct plan *p, struct err *e)
{
	char shown[ERR_TEXT_MAX];

	/* Also where it has a fault: the error's text names it whole. */
	if (source_set(p, store, key, e) && nameable &&
	    key_fault(in, store, key) == NULL)
		return true;
	if (p->source[0].key.len != key.len)
		p->source[0].key.len = 0;
	slice_copy(key, shown, sizeof(shown));
	return dit_fail(e, ERR_NO_SOURCE, DIT_NO_KEY, "key", shown);
}

/* The key as it is written, never decoded. */
static bool
read_key(const struct dialect_in *in, const json_t *root, struct plan *p,
    struct err *e)
{
	const json_t *json = json_object_get(root, "key");
	struct slice store = SLICE("");

	return read_bucket(in, root, &store, e) &&
	    set_key(in, store, key_text(json), json_is_string(json), p, e);
}

static bool
thumbor_key(const struct dialect_in *in, struct plan *p, struct err *e)
{
	scoped_free char *room = mem_try(in->path.len + 1);
	struct slice name = dit_thumbor_bucket(in->path, in);
	struct slice key;

	if (in->nstore == 0)
		return dit_fail(
		    e, ERR_FORBIDDEN, DIT_NO_BUCKETS, "bucket", NULL);
	if (room == NULL)
		return err_set(e, ERR_BUSY, "no memory for a path");
	return dit_thumbor_key(in->path, name, room, &key, e) &&
	    set_key(in, dialect_store(in, name), key, true, p, e);
}

/* The order of choice: toFormat, outputFormat, an encoder's own options. */
static bool
choose_format(const json_t *root, const struct dit_edits *edits, struct plan *p,
    bool *named, struct err *e)
{
	const json_t *output = json_object_get(root, "outputFormat");
	enum format format = edits->chosen;
	const char *type = edits->to_type;

	*named = edits->to_given;
	if (edits->to_given) {
		format = edits->to;
	} else if (dit_truthy(output)) {
		if (!dit_format_read(output, false, &format, e))
			return false;
		type = dit_format_type(output);
		*named = true;
	}
	p->out.format = (uint16_t)format;
	return type == NULL ||
	    plan_text(p, slice_of(type), &p->answer.media_type, e);
}

/*
 * DIT decides by the type that it is going to answer: GIF moves, anything else
 * is its first frame, unless "animated" says so. An option object changes the
 * format behind its back.
 */
static int32_t
choose_pages(const struct dit_edits *edits, enum format format, bool named)
{
	if (edits->animated_given)
		return edits->animated ? PAGES_ALL : 1;
	if (!named)
		return PAGES_GIF;
	return format == FORMAT_GIF ? PAGES_AUTO : 1;
}

/* effort at the top is WebP's, when outputFormat has chosen that. */
static void
read_effort(const json_t *root, struct dit_edits *edits)
{
	const json_t *effort = json_object_get(root, "effort");
	const char *output =
	    json_string_value(json_object_get(root, "outputFormat"));
	struct dit_options *o = &edits->options[FORMAT_WEBP];
	double value = 4;

	if (effort == NULL || output == NULL || strcmp(output, "webp") != 0)
		return;
	if (!dit_number(effort, &value) || !(trunc(value) >= 0) ||
	    !(trunc(value) <= 6))
		value = 4;
	o->arg[OUT_EFFORT].whole = (int64_t)trunc(value);
	o->set |= (uint64_t)1 << OUT_EFFORT;
}

/* ---- Headers ---- */

enum { HEADER_NAME_MAX = 64, HEADER_VALUE_MAX = KEY_MAX };

static bool
is_header_name(struct slice name)
{
	return slice_is_token(name) && name.len <= HEADER_NAME_MAX;
}

/* Visible ASCII, spaces and tabs inside; bytes above are not text to anyone. */
static bool
is_header_value(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if ((c < ' ' && c != '\t') || c >= 0x7f)
			return false;
	}
	return value.len <= HEADER_VALUE_MAX &&
	    slice_trim(value).len == value.len;
}

static bool
bad_header(const char *name, struct err *e)
{
	char shown[ERR_PARAM_MAX];

	slice_copy(slice_of(name), shown, sizeof(shown));
	return dit_fail(e, ERR_BAD_VALUE, DIT_HEADER, shown, NULL);
}

/* Not those of DIT, and not those that are ours. */
static bool
is_header_allowed(struct slice name)
{
	/* DIT's list; then those that our own answer decides. */
	static const char *const names[] = { "authorization", "connection",
		"server", "transfer-encoding", "referrer-policy",
		"permissions-policy", "www-authenticate", "proxy-authenticate",
		"x-api-key", "set-cookie", "expires", "last-modified",

		"accept-ranges", "age", "alt-svc", "clear-site-data", "date",
		"etag", "keep-alive", "link", "location", "nel",
		"origin-agent-cluster", "proxy-connection", "refresh",
		"report-to", "reporting-endpoints", "server-timing",
		"service-worker-allowed", "sourcemap", "te", "trailer",
		"upgrade", "vary", "via", "x-cache", "x-request-id" };
	static const char *const prefixes[] = { "x-frame-", "x-content-",
		"x-xss-", "strict-transport-", "permissions-", "x-amz-",
		"x-amzn-", "access-control-", "cross-origin-", "content-" };

	for (size_t i = 0; i < NELEM(names); i++)
		if (slice_eq_nocase(name, slice_of(names[i])))
			return false;
	for (size_t i = 0; i < NELEM(prefixes); i++) {
		struct slice front = name;

		if (front.len > strlen(prefixes[i]))
			front.len = strlen(prefixes[i]);
		if (slice_eq_nocase(front, slice_of(prefixes[i])))
			return false;
	}
	return true;
}

static bool
read_header(struct plan *p, const char *name, const json_t *json, struct err *e)
{
	struct plan_answer *a = &p->answer;
	struct slice value = { json_string_value(json),
		json_string_length(json) };

	if (!is_header_allowed(slice_of(name)))
		return true;
	if (!json_is_string(json) || !is_header_name(slice_of(name)) ||
	    !is_header_value(value))
		return bad_header(name, e);
	if (slice_eq_nocase(slice_of(name), SLICE("cache-control")))
		return plan_text(p, value, &a->cache_control, e);
	for (size_t i = 0; i < a->nheader; i++)
		if (slice_eq_nocase(
			slice_of(name), plan_slice(p, a->header[i].name)))
			return bad_header(name, e);
	if (a->nheader == PLAN_HEADERS)
		return bad_header(name, e);
	if (!plan_text(p, slice_of(name), &a->header[a->nheader].name, e) ||
	    !plan_text(p, value, &a->header[a->nheader].value, e))
		return false;
	a->nheader++;
	return true;
}

static bool
read_headers(const json_t *root, struct plan *p, struct err *e)
{
	json_t *headers = json_object_get(root, "headers");
	const char *name;
	json_t *value;

	if (!plan_text(
		p, SLICE(DIT_CACHE_CONTROL), &p->answer.cache_control, e))
		return false;
	if (!json_is_object(headers))
		return true;
	json_object_foreach(headers, name,
	    value) if (!read_header(p, name, value, e)) return false;
	return true;
}

/* ---- From edits to a plan ---- */

/*
 * The options of the encoder that a path names are for the one that writes the
 * result: /filters:quality(20)/photo.jpg?format=webp is WebP of quality 20.
 */
static void
move_options(json_t *edits)
{
	static const char *const words[] = { "jpeg", "png", "webp", "tiff",
		"heif", "gif", "avif" };
	const char *to = json_string_value(json_object_get(edits, "toFormat"));
	json_t *options = NULL;

	if (to == NULL || to[0] == '\0')
		return;
	if (strcmp(to, "jpg") == 0)
		to = "jpeg";
	for (size_t i = 0; i < NELEM(words) && options == NULL; i++) {
		options = json_object_get(edits, words[i]);
		if (options == NULL)
			continue;
		json_incref(options);
		json_object_del(edits, words[i]);
		json_object_set_new(edits, to, options);
	}
}

/*
 * What a request says, whichever way it says it. root: the JSON that it is;
 * NULL: a path in Thumbor's style.
 */
static bool
parse_edits(const struct dialect_in *in, const json_t *root, json_t *said,
    struct plan *p, struct err *e)
{
	struct dit_edits edits;
	bool named;

	if (!dit_edits_read(in, said, p, &edits, e) ||
	    !choose_format(root, &edits, p, &named, e))
		return false;
	if (!edits.any && p->out.format == FORMAT_SAME) {
		p->out.untouched = 1;
		return true;
	}
	read_effort(root, &edits);
	p->in.tolerant = 1;
	p->in.pages = choose_pages(&edits, (enum format)p->out.format, named);
	dit_options_apply(&edits, (enum format)p->out.format, p);
	return dit_steps(&edits, p->in.pages != 1, p, e);
}

/* ---- The row ---- */

static bool
parse_json(
    const struct dialect_in *in, json_t *root, struct plan *p, struct err *e)
{
	scoped_json edits = json_object();
	scoped_json query = json_object();
	json_t *said = json_object_get(root, "edits");

	if (json_is_null(root))
		return dit_fail(e, ERR_BAD_URL, DIT_INTERNAL, "path", NULL);
	if (!read_key(in, root, p, e) ||
	    !dit_query_edits(in->query, query, e) || !read_headers(root, p, e))
		return false;
	/* An edit that both have keeps its place and takes the new value. */
	if (json_is_object(said))
		json_object_update(edits, said);
	json_object_update(edits, query);
	return parse_edits(in, root, edits, p, e);
}

static bool
parse_thumbor(const struct dialect_in *in, struct plan *p, struct err *e)
{
	scoped_json edits = json_object();
	scoped_json query = json_object();

	if (!is_thumbor(in->path))
		return dit_fail(e, ERR_BAD_URL, DIT_REQUEST_TYPE, "path", NULL);
	if (!thumbor_key(in, p, e) || !dit_thumbor_edits(in->path, edits, e) ||
	    !dit_query_edits(in->query, query, e) || !read_headers(NULL, p, e))
		return false;
	json_object_update(edits, query);
	move_options(edits);
	return parse_edits(in, NULL, edits, p, e);
}

static bool
dit_parse(const struct dialect_in *in, struct plan *out, struct err *e)
{
	scoped_json root = read_path(slice_skip(in->path, 1));

	if (root == NULL)
		return parse_thumbor(in, out, e);
	return parse_json(in, root, out, e);
}

static const char *const answer_headers[][2] = {
	{ "Access-Control-Allow-Methods", "GET" },
	{ "Access-Control-Allow-Headers", "Content-Type, Authorization" },
	{ "Access-Control-Allow-Credentials", "true" },
	{ NULL, NULL },
};

const struct dialect dialect_dit = {
	.name = "dit",
	.text = "Requests of AWS's Dynamic Image Transformation for "
		"CloudFront, version 7: a path that is the base64 of a JSON "
		"object with key, edits, outputFormat and headers, or one in "
		"Thumbor's style; and query parameters.",
	/* {"key":"photo.jpg","edits":{"resize":{"width":300}}} */
	.sample = "/eyJrZXkiOiJwaG90by5qcGciLCJlZGl0cyI6eyJyZXNpemUiOnsid2lk"
		  "dGgiOjMwMH19fQ==",
	.claim = dit_claim,
	.parse = dit_parse,
	.print = dit_print,
	.word = dit_word,
	.error = dit_error,
	.headers = answer_headers,
};
