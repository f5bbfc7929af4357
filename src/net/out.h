/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into URLs and XML, at the end of a text in a room of fixed size. */
#pragma once

#include "base/text.h"

/* NULL: nothing. */
void out_word(struct text *t, const char *s);
/* Percent-encoded: all but letters, digits, - . _ ~ and those in also. */
void out_percent(struct text *t, struct slice s, const char *also);
/*
 * As the text of an XML element. What XML cannot hold, not even escaped
 * (control bytes), must have been refused before: see out_xml_holds().
 */
void out_xml(struct text *t, struct slice s);
bool out_xml_holds(struct slice s);
