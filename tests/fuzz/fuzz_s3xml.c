/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that reads a store's XML, on any bytes: it ends, stays inside the
 * bytes, and what it made of them holds what it promises.
 */
#include <assert.h>
#include <string.h>

#include "net/s3_run.h"
#include "net/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Tokens are balanced, and each text and element lies inside the document. */
static void
walk(struct slice doc)
{
	enum xml_token token;
	size_t depth = 0;
	struct xml x;
	char text[256];

	xml_init(&x, doc);
	while ((token = xml_next(&x)) == XML_OPEN || token == XML_CLOSE) {
		assert(strlen(x.path) < sizeof(x.path));
		if (token == XML_OPEN) {
			depth++;
			assert(depth <= XML_DEPTH_MAX);
			continue;
		}
		assert(depth > 0);
		depth--;
		assert(x.element.at >= doc.at &&
		    x.element.at + x.element.len <= doc.at + doc.len);
		assert(x.text.len <= x.element.len);
		if (xml_text(x.text, text, sizeof(text)))
			assert(strlen(text) <= x.text.len);
	}
	assert(token != XML_END || depth == 0);
	assert(xml_next(&x) == token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct s3_rule rule = {
		.id = "ours", .prefix = "a/", .days = 7
	};
	struct slice doc = { (const char *)data, size };
	struct s3_fault fault;
	struct s3_list list;
	struct s3_span span;
	scoped_free char *merged = NULL;
	char id[128];
	size_t refused;
	struct err e;

	walk(doc);
	if (s3_fault_read(doc, &fault)) {
		assert(fault.code[0] != '\0');
		assert(fault.region[0] == '\0' ||
		    s3_region_is_good(slice_of(fault.region)));
	}
	if (s3_list_read(doc, &list, &e)) {
		for (size_t i = 0; i < list.n; i++)
			assert(list.entry[i].key != NULL &&
			    list.entry[i].size >= 0);
		s3_list_free(&list);
	}
	if (s3_upload_read(doc, id, sizeof(id), &e))
		assert(id[0] != '\0');
	if (s3_deleted_read(doc, &refused, &e))
		assert(refused == 0);
	/* What is sent can be read again, unless it was taken over. */
	if (s3_lifecycle_merge(doc, &rule, 1, &merged, &e)) {
		assert(strstr(merged, "<ID>ours</ID>") != NULL);
		walk(slice_of(merged));
	}
	if (s3_span_read(doc, &span))
		assert(span.first <= span.last);
	return 0;
}
