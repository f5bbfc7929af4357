/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in XML: lists, an upload's id, what could not be deleted. */
#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "base/codec.h"
#include "base/num.h"
#include "net/s3_run.h"
#include "net/xml.h"

/* A page has at most 1,000 entries, and as many prefixes. */
enum { S3_ENTRIES_MAX = 4000, S3_TEXT_MAX = 4096 };

struct s3_lister {
	struct s3_list *list;
	struct s3_entry now; /* of the element that is open */
	size_t room;
	bool is_encoded, is_cut;
};

/* As form fields have it: "+" is a blank. */
static char *
s3_decode(const struct s3_lister *to, const char *text)
{
	size_t size = strlen(text);
	char *out = xcalloc(1, size + 1);
	char *plus = xstrdup(text);
	struct err e;

	if (!to->is_encoded) {
		free(out);
		return plus;
	}
	for (size_t i = 0; i < size; i++)
		if (plus[i] == '+')
			plus[i] = ' ';
	if (!codec_percent((struct slice){ plus, size }, out, &size, &e)) {
		/* Nothing else says where the text ends. */
		free(out);
		return plus;
	}
	out[size] = '\0';
	free(plus);
	return out;
}

/* "2013-05-24T00:00:00.000Z"; -1: another form. */
static int64_t
s3_time(const char *text)
{
	struct tm tm = { .tm_sec = 0 };

	if (strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return -1;
	return (int64_t)timegm(&tm);
}

static void
s3_entry_fini(struct s3_entry *entry)
{
	free(entry->key);
	free(entry->version);
	free(entry->etag);
	*entry = (struct s3_entry){ .modified_s = -1 };
}

void
s3_list_free(struct s3_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		s3_entry_fini(&list->entry[i]);
	free(list->entry);
	free(list->after);
	free(list->after_version);
	*list = (struct s3_list){ .n = 0 };
}

static void
s3_set(char **at, char *text)
{
	free(*at);
	*at = text;
}

/* False: it is not a whole entry, or there are too many. */
static bool
s3_entry_add(struct s3_lister *to)
{
	struct s3_list *list = to->list;

	if (to->now.key == NULL || list->n == S3_ENTRIES_MAX)
		return false;
	if (list->n == to->room) {
		size_t room = to->room > 0 ? 2 * to->room : 64;
		struct s3_entry *more =
		    realloc(list->entry, room * sizeof(*more));

		if (more == NULL)
			return false;
		list->entry = more;
		to->room = room;
	}
	list->entry[list->n++] = to->now;
	to->now = (struct s3_entry){ .modified_s = -1 };
	return true;
}

/* A leaf of an entry. */
static void
s3_entry_leaf(struct s3_lister *to, const char *name, const char *text)
{
	struct s3_entry *now = &to->now;

	if (strcmp(name, "Key") == 0 || strcmp(name, "Prefix") == 0)
		s3_set(&now->key, s3_decode(to, text));
	else if (strcmp(name, "VersionId") == 0)
		s3_set(&now->version, xstrdup(text));
	else if (strcmp(name, "ETag") == 0)
		s3_set(&now->etag, xstrdup(text));
	else if (strcmp(name, "LastModified") == 0)
		now->modified_s = s3_time(text);
	else if (strcmp(name, "IsLatest") == 0)
		now->is_latest = strcmp(text, "true") == 0;
	else if (strcmp(name, "Size") == 0 &&
	    !num_int(slice_of(text), 0, INT64_MAX, &now->size))
		now->size = 0;
}

/* A leaf of the page itself. */
static void
s3_page_leaf(struct s3_lister *to, const char *name, const char *text)
{
	if (strcmp(name, "EncodingType") == 0)
		to->is_encoded = strcmp(text, "url") == 0;
	else if (strcmp(name, "IsTruncated") == 0)
		to->is_cut = strcmp(text, "true") == 0;
	else if (strcmp(name, "NextContinuationToken") == 0 ||
	    strcmp(name, "NextKeyMarker") == 0)
		s3_set(&to->list->after, xstrdup(text));
	else if (strcmp(name, "NextVersionIdMarker") == 0)
		s3_set(&to->list->after_version, xstrdup(text));
}

/* What ends here; path is without the name of the document. */
static bool
s3_list_close(struct s3_lister *to, const struct xml *x, const char *path)
{
	static const char *const entries[] = { "Contents", "Version",
		"DeleteMarker", "CommonPrefixes" };
	const char *slash = strchr(path, '/');
	char text[S3_TEXT_MAX];

	for (size_t i = 0; slash == NULL && i < NELEM(entries); i++)
		if (strcmp(path, entries[i]) == 0) {
			to->now.is_marker = i == 2;
			to->now.is_prefix = i == 3;
			return s3_entry_add(to);
		}
	if (x->text.len == 0)
		return true;
	if (!xml_text(x->text, text, sizeof(text)))
		return false;
	if (slash == NULL)
		s3_page_leaf(to, path, text);
	else
		s3_entry_leaf(to, slash + 1, text);
	return true;
}

/* S3 says how keys are encoded behind them as well as before. */
static bool
s3_is_encoded(struct slice xml)
{
	static const char said[] = "<EncodingType>url</EncodingType>";

	return xml.len > 0 &&
	    memmem(xml.at, xml.len, said, sizeof(said) - 1) != NULL;
}

static bool
s3_list_all(struct s3_lister *to, struct slice xml)
{
	static const char *const roots[] = { "ListBucketResult",
		"ListVersionsResult" };
	enum xml_token token;
	bool is_list = false;
	bool good = true;
	struct xml x;

	xml_init(&x, xml);
	while (good &&
	    ((token = xml_next(&x)) == XML_OPEN || token == XML_CLOSE)) {
		struct slice path = slice_of(x.path);
		struct slice root = slice_cut(&path, '/');

		if (token == XML_OPEN)
			continue;
		is_list = slice_is(root, roots[0]) || slice_is(root, roots[1]);
		if (path.at != NULL)
			good = is_list && s3_list_close(to, &x, path.at);
	}
	return good && is_list && token == XML_END;
}

bool
s3_list_read(struct slice xml, struct s3_list *out, struct err *e)
{
	struct s3_list list = { .n = 0 };
	struct s3_lister to = { .list = &list,
		.is_encoded = s3_is_encoded(xml),
		.now.modified_s = -1 };
	bool good = s3_list_all(&to, xml);
	char *next = list.after;

	s3_entry_fini(&to.now);
	if (!good) {
		s3_list_free(&list);
		return err_set(e, ERR_ORIGIN_FAILED, "no list of a bucket");
	}
	/* A marker is a key, a token is not. */
	if (next != NULL && memmem(xml.at, xml.len, "<NextKeyMarker>", 15)) {
		list.after = s3_decode(&to, next);
		free(next);
	}
	if (!to.is_cut) {
		s3_set(&list.after, NULL);
		s3_set(&list.after_version, NULL);
	}
	*out = list;
	return true;
}

bool
s3_upload_read(struct slice xml, char *out, size_t size, struct err *e)
{
	enum xml_token token;
	bool found = false;
	struct xml x;

	xml_init(&x, xml);
	while ((token = xml_next(&x)) == XML_OPEN || token == XML_CLOSE)
		if (token == XML_CLOSE &&
		    xml_is(&x, "InitiateMultipartUploadResult/UploadId"))
			found = xml_text(x.text, out, size) && out[0] != '\0';
	if (token == XML_END && found)
		return true;
	return err_set(e, ERR_ORIGIN_FAILED, "no id of an upload");
}

bool
s3_deleted_read(struct slice xml, size_t *refused, struct err *e)
{
	char key[S3_TEXT_MAX] = "";
	char code[S3_CODE_SIZE] = "";
	enum xml_token token;
	bool is_known = false;
	struct xml x;

	*refused = 0;
	xml_init(&x, xml);
	while ((token = xml_next(&x)) == XML_OPEN || token == XML_CLOSE) {
		if (token == XML_OPEN)
			continue;
		if (xml_is(&x, "DeleteResult/Error"))
			++*refused;
		else if (xml_is(&x, "DeleteResult"))
			is_known = true;
		else if (*refused == 0 && xml_is(&x, "DeleteResult/Error/Key"))
			is_known = xml_text(x.text, key, sizeof(key));
		else if (*refused == 0 && xml_is(&x, "DeleteResult/Error/Code"))
			is_known = xml_text(x.text, code, sizeof(code));
	}
	if (token != XML_END || !is_known)
		return err_set(
		    e, ERR_ORIGIN_FAILED, "no answer about deleted keys");
	if (*refused > 0) {
		s3_print(slice_of(key), key, sizeof(key));
		s3_print(slice_of(code), code, sizeof(code));
		return err_set(e, ERR_ORIGIN_FAILED,
		    "%zu keys were not deleted, the first: %.100s: %s",
		    *refused, key, code);
	}
	return true;
}
