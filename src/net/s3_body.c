/* SPDX-License-Identifier: Apache-2.0 */
/* The XML that is sent: parts of an upload, keys to delete, rules of a
 * lifecycle. */
#include <assert.h>
#include <stdio.h>

#include "net/s3_run.h"
#include "net/xml.h"

#define S3_XMLNS "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

/* A text escaped may be six times as long. */
enum { S3_ESCAPED = 6, S3_TAGS = 128, S3_RULE_TAGS = 768 };

static void
s3_element(struct text *t, const char *name, const char *value)
{
	text_printf(t, "<%s>", name);
	out_xml(t, slice_of(value));
	text_printf(t, "</%s>", name);
}

const char *
s3_body_parts(struct s3_run *run)
{
	const struct s3_call *c = run->call;
	size_t size = 2 * (size_t)S3_TAGS;
	struct text t;

	assert(c->nparts <= S3_PARTS_MAX);
	for (size_t i = 0; i < c->nparts; i++)
		size += S3_TAGS + S3_ESCAPED * strlen(c->parts[i].etag);
	t = (struct text){ .at = arena_alloc(run->arena, size), .size = size };
	out_word(&t, "<CompleteMultipartUpload " S3_XMLNS ">");
	for (size_t i = 0; i < c->nparts; i++) {
		if (!out_xml_holds(slice_of(c->parts[i].etag)))
			return NULL;
		text_printf(&t, "<Part><PartNumber>%u</PartNumber>",
		    c->parts[i].number);
		s3_element(&t, "ETag", c->parts[i].etag);
		out_word(&t, "</Part>");
	}
	out_word(&t, "</CompleteMultipartUpload>");
	assert(!t.full);
	return t.at;
}

const char *
s3_body_names(struct s3_run *run)
{
	const struct s3_call *c = run->call;
	size_t size = 2 * (size_t)S3_TAGS;
	struct text t;

	assert(c->nnames <= S3_NAMES_MAX);
	for (size_t i = 0; i < c->nnames; i++)
		size += S3_TAGS +
		    S3_ESCAPED *
			(strlen(c->names[i].key) +
			    slice_of(c->names[i].version).len);
	t = (struct text){ .at = arena_alloc(run->arena, size), .size = size };
	/* Quiet: only what failed is answered. */
	out_word(&t, "<Delete " S3_XMLNS "><Quiet>true</Quiet>");
	for (size_t i = 0; i < c->nnames; i++) {
		if (!out_xml_holds(slice_of(c->names[i].key)))
			return NULL;
		out_word(&t, "<Object>");
		s3_element(&t, "Key", c->names[i].key);
		if (c->names[i].version != NULL)
			s3_element(&t, "VersionId", c->names[i].version);
		out_word(&t, "</Object>");
	}
	out_word(&t, "</Delete>");
	assert(!t.full);
	return t.at;
}

const char *
s3_body_region(struct s3_run *run)
{
	const char *region = run->s3->region;

	/* S3's oldest region is the only one that may not be said. */
	if (region[0] == '\0' || strcmp(region, "us-east-1") == 0)
		return "";
	return arena_printf(run->arena,
	    "<CreateBucketConfiguration " S3_XMLNS "><LocationConstraint>%s"
	    "</LocationConstraint></CreateBucketConfiguration>",
	    region);
}

static void
s3_rule_print(struct text *t, const struct s3_rule *rule)
{
	out_word(t, "<Rule>");
	s3_element(t, "ID", rule->id);
	out_word(t, "<Filter>");
	s3_element(t, "Prefix", rule->prefix);
	out_word(t, "</Filter><Status>Enabled</Status>");
	if (rule->days > 0)
		text_printf(
		    t, "<Expiration><Days>%u</Days></Expiration>", rule->days);
	if (rule->noncurrent > 0)
		text_printf(t,
		    "<NoncurrentVersionExpiration><NoncurrentDays>%u"
		    "</NoncurrentDays></NoncurrentVersionExpiration>",
		    rule->noncurrent);
	if (rule->abort_parts > 0)
		text_printf(t,
		    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>%u"
		    "</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
		    rule->abort_parts);
	out_word(t, "</Rule>");
}

/* Rules of the bucket that stay, as they stand there. */
static bool
s3_rules_keep(
    struct text *t, struct slice xml, const struct s3_rule *rule, size_t n)
{
	enum xml_token token = XML_END;
	bool is_ours = false;
	bool is_known = false;
	struct xml x;
	char id[1024];

	if (xml.len == 0)
		return true;
	xml_init(&x, xml);
	while ((token = xml_next(&x)) == XML_OPEN || token == XML_CLOSE) {
		if (token == XML_OPEN)
			continue;
		if (xml_is(&x, "LifecycleConfiguration/Rule/ID")) {
			if (!xml_text(x.text, id, sizeof(id)))
				return false;
			for (size_t i = 0; i < n; i++)
				is_ours |= strcmp(rule[i].id, id) == 0;
		} else if (xml_is(&x, "LifecycleConfiguration/Rule")) {
			if (!is_ours)
				text_put(t, x.element);
			is_ours = false;
		} else if (xml_is(&x, "LifecycleConfiguration")) {
			is_known = true;
		}
	}
	/* Of another document we would make a bucket without its rules. */
	return token == XML_END && is_known;
}

bool
s3_lifecycle_merge(struct slice xml, const struct s3_rule *rule, size_t n,
    char **out, struct err *e)
{
	size_t size = xml.len + 2 * (size_t)S3_TAGS;
	scoped_free char *at = NULL;
	struct text t;

	for (size_t i = 0; i < n; i++) {
		if (!out_xml_holds(slice_of(rule[i].id)) ||
		    !out_xml_holds(slice_of(rule[i].prefix)))
			return err_set(e, ERR_ORIGIN_FAILED,
			    "rule %zu: id or prefix has a control byte", i);
		size += S3_RULE_TAGS +
		    S3_ESCAPED * (strlen(rule[i].id) + strlen(rule[i].prefix));
	}
	at = xcalloc(1, size);
	t = (struct text){ .at = at, .size = size };
	out_word(&t, "<LifecycleConfiguration " S3_XMLNS ">");
	if (!s3_rules_keep(&t, xml, rule, n))
		return err_set(e, ERR_ORIGIN_FAILED,
		    "the bucket's lifecycle cannot be read");
	for (size_t i = 0; i < n; i++)
		s3_rule_print(&t, &rule[i]);
	out_word(&t, "</LifecycleConfiguration>");
	assert(!t.full);
	*out = take_ptr(at);
	return true;
}
