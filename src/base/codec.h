/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encodings: percent, base64, hex, UTF-8. Pure functions, thread-safe, not
 * constant time.
 */
#pragma once

#include "base/slice.h"

struct err;

/*
 * Decodes percent-encoding (RFC 3986 section 2.1) once. '+' stays '+'.
 * out: room for in.len bytes, not NUL-terminated.
 * Fails with BAD_URL at a '%' without two hex digits and at a zero byte.
 */
bool codec_percent(
    struct slice in, char *out, size_t *size, struct err *e) must_check;
/*
 * Encodes what is not unreserved (RFC 3986 section 2.3) or in also.
 * also may be NULL. out: room for 3 * in.len bytes. Returns the length.
 */
size_t codec_percent_encode(struct slice in, const char *also, char *out);
/*
 * Base64 (RFC 4648 section 4): padded, whole groups. url: section 5, padding
 * optional. Unused bits of the last group are ignored, as every common decoder
 * does. out: room for 3 * (in.len / 4) + 3 bytes.
 * Fails with BAD_URL at the first byte outside the alphabet.
 */
bool codec_base64(struct slice in, bool url, uint8_t *out, size_t *size,
    struct err *e) must_check;
/*
 * out: room for 4 * ((size + 2) / 3) + 1 bytes; NUL-terminated; url: no
 * padding. Returns the length.
 */
size_t codec_base64_encode(const uint8_t *in, size_t size, bool url, char *out);
/* Of either case; -1: not a hex digit. */
int codec_hex_digit(char c);
/* out: room for 2 * size + 1 bytes; lower case, NUL-terminated. */
void codec_hex(const uint8_t *in, size_t size, char *out);
/* RFC 3629: no surrogates, no overlong forms, at most U+10FFFF. */
bool codec_is_utf8(struct slice in);
/*
 * Writes s as the inside of a JSON string: escapes quote, backslash, control
 * bytes; bytes that are not UTF-8 become U+FFFD. Cut to fit, always
 * NUL-terminated, never in the middle of an escape. Returns the length.
 */
size_t codec_json_escape(struct slice s, char *out, size_t size);
/* The same for the value of a log line: additionally escapes spaces as \x20
 * so that key=value stays one word. */
size_t codec_log_escape(struct slice s, char *out, size_t size);
/*
 * For text in HTML: & < > " ' become entities, and what HTML cannot hold
 * (control and broken bytes) U+FFFD. Same cutting rules.
 */
size_t codec_html_escape(struct slice s, char *out, size_t size);
/*
 * Edit distance (insert, delete, replace, swap of neighbours), for "did you
 * mean". SIZE_MAX (far) if one is longer than 40 bytes.
 */
size_t codec_distance(struct slice a, struct slice b);
