/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to bytes: percent, base64, hex. What escapes text is codec_text.c. */
#include "base/codec.h"

#include <assert.h>

#include "base/err.h"

static const char hex_digits[] = "0123456789abcdef";
static const char hex_capitals[] = "0123456789ABCDEF";

int
codec_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
codec_percent(struct slice in, char *out, size_t *size, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		if (c == '%') {
			int high =
			    i + 2 < in.len ? codec_hex_digit(in.at[i + 1]) : -1;
			int low =
			    i + 2 < in.len ? codec_hex_digit(in.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return err_set(e, ERR_BAD_URL,
				    "byte %zu: %% without two hex digits", i);
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			return err_set(
			    e, ERR_BAD_URL, "byte %zu: a zero byte", i);
		out[n++] = c;
	}
	*size = n;
	return true;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

size_t
codec_percent_encode(struct slice in, const char *also, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		/* strchr() would find the NUL at the end of also. */
		if (is_unreserved(c) ||
		    (c != '\0' && also != NULL && strchr(also, c) != NULL)) {
			out[n++] = c;
			continue;
		}
		out[n++] = '%';
		out[n++] = hex_capitals[(unsigned char)c >> 4];
		out[n++] = hex_capitals[(unsigned char)c & 15];
	}
	return n;
}

static const char base64_plain[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* -1: outside the alphabet. */
static int
base64_value(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	if (c == (url ? '_' : '/'))
		return 63;
	return -1;
}

bool
codec_base64(
    struct slice in, bool url, uint8_t *out, size_t *size, struct err *e)
{
	struct slice text = in;
	uint32_t bits = 0;
	size_t n = 0;

	/* At most two, and only where they complete a group of four. */
	while (in.len % 4 == 0 && text.len > 0 && in.len - text.len < 2 &&
	    text.at[text.len - 1] == '=')
		text.len--;
	if (text.len % 4 == 1 || (!url && in.len % 4 != 0))
		return err_set(
		    e, ERR_BAD_URL, "base64 of %zu bytes is cut off", in.len);
	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.at[i], url);

		if (value < 0)
			return err_set(
			    e, ERR_BAD_URL, "byte %zu is not base64", i);
		bits = bits << 6 | (uint32_t)value;
		/* 6 12 18 24 bits are there: a byte is whole from 12 on. */
		if (i % 4 != 0)
			out[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	*size = n;
	return true;
}

size_t
codec_base64_encode(const uint8_t *in, size_t size, bool url, char *out)
{
	const char *alphabet = url ? base64_url : base64_plain;
	size_t n = 0;

	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t bits = (uint32_t)in[i] << 16;

		if (left > 1)
			bits |= (uint32_t)in[i + 1] << 8;
		if (left > 2)
			bits |= in[i + 2];
		for (unsigned int k = 0; k < 4; k++) {
			/* One byte fills two letters, two fill three. */
			if (k <= left)
				out[n++] = alphabet[bits >> (18 - 6 * k) & 63];
			else if (!url)
				out[n++] = '=';
		}
	}
	out[n] = '\0';
	return n;
}

void
codec_hex(const uint8_t *in, size_t size, char *out)
{
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = hex_digits[in[i] >> 4];
		out[2 * i + 1] = hex_digits[in[i] & 15];
	}
	out[2 * size] = '\0';
}
