/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of XML as S3 answers with, read from untrusted bytes: elements and
 * their text. Attributes, comments and processing instructions are passed
 * over; a DTD, CDATA, entities of one's own and everything that is not well
 * formed end the reading. Nothing is allocated, nothing is copied; time grows
 * with the bytes, of which the caller bounds the number. One thread.
 */
#pragma once

#include "base/slice.h"

enum { XML_DEPTH_MAX = 12, XML_PATH_MAX = 192 };

enum xml_token { XML_OPEN, XML_CLOSE, XML_END, XML_BAD };

struct xml {
	struct slice doc;
	size_t at; /* bytes read so far; with XML_BAD: about where */
	/* Of the last token: names of the open elements, it included:
	 * "Error/Code". Prefixes of namespaces are left out. */
	char path[XML_PATH_MAX];
	/* With XML_CLOSE: what stands in an element that has no others, as it
	 * is written (see xml_text()), and the element itself with its tags. */
	struct slice text, element;

	/* Its own. */
	struct {
		size_t begin, inside, path; /* offsets in doc, and in path */
		struct slice name;          /* with its prefix */
	} open[XML_DEPTH_MAX];
	size_t depth;
	bool is_leaf;  /* nothing was opened in the last one that is open */
	bool is_empty; /* <a/>: its end comes next */
	bool is_done;  /* the outermost element has ended */
	bool closed;   /* the last token was an end: path is cut first */
};

void xml_init(struct xml *x, struct slice doc);
/* XML_END: all was read, one element and all in it. XML_BAD is for ever. */
enum xml_token xml_next(struct xml *x);
bool xml_is(const struct xml *x, const char *path);
/*
 * Text with its entities read: UTF-8, without blanks at its ends left out.
 * out: NUL-terminated. False: an unknown entity, a zero byte, no UTF-8, or it
 * has no room (size > 0).
 */
bool xml_text(struct slice raw, char *out, size_t size) must_check;
