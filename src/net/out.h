/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text put together in a place of fixed size: URLs, what is signed, the XML of
 * requests. What does not fit is left out, and said once, at the end.
 *
 * at is NUL-terminated at any time. One thread.
 */
#pragma once

#include "base/slice.h"

struct out {
	char *at;
	size_t size; /* of at, at least 1 */
	size_t len;
	bool is_cut; /* something did not fit */
};

/* size > 0 */
struct out out_over(char *at, size_t size);
void out_add(struct out *o, struct slice s);
void out_text(struct out *o, const char *s); /* NULL: nothing */
void out_printf(struct out *o, const char *format, ...) printf_like(2, 3);
/* Percent-encoded: all but letters, digits, - . _ ~ and those in also. */
void out_percent(struct out *o, struct slice s, const char *also);
/*
 * As the text of an XML element. What XML cannot hold, not even escaped
 * (control bytes), must have been refused before: see out_xml_holds().
 */
void out_xml(struct out *o, struct slice s);
bool out_xml_holds(struct slice s);
