/* SPDX-License-Identifier: Apache-2.0 */
#include "net/xml.h"

#include "base/codec.h"

void
xml_init(struct xml *x, struct slice doc)
{
	*x = (struct xml){ .doc = doc };
	/* No document has such a byte, and who copies one would lose the rest. */
	if (doc.len > 0 && memchr(doc.at, '\0', doc.len) != NULL)
		x->doc.len = 0;
	/* A byte order mark says nothing about UTF-8. */
	if (slice_starts(doc, SLICE("\xef\xbb\xbf")))
		x->at = 3;
}

bool
xml_is(const struct xml *x, const char *path)
{
	return strcmp(x->path, path) == 0;
}

static struct slice
xml_rest(const struct xml *x)
{
	return slice_skip(x->doc, x->at);
}

static bool
xml_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
xml_skip_blank(struct xml *x)
{
	while (x->at < x->doc.len && xml_is_blank(x->doc.at[x->at]))
		x->at++;
}

/* Behind the next occurrence of mark; false: there is none. */
static bool
xml_skip_past(struct xml *x, struct slice mark)
{
	struct slice rest = xml_rest(x);
	const char *found =
	    rest.len > 0 ? memmem(rest.at, rest.len, mark.at, mark.len) : NULL;

	if (found == NULL)
		return false;
	x->at += (size_t)(found - rest.at) + mark.len;
	return true;
}

/* Letters of names; more than XML allows, and no more than we print. */
static bool
xml_is_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	    c == ':';
}

static struct slice
xml_name(struct xml *x)
{
	struct slice rest = xml_rest(x);
	size_t n = 0;

	while (n < rest.len && xml_is_name(rest.at[n]))
		n++;
	x->at += n;
	return (struct slice){ rest.at, n };
}

/* From behind an element's name to behind its ">". */
static bool
xml_attributes(struct xml *x, bool *is_empty)
{
	char quote = '\0';

	for (; x->at < x->doc.len; x->at++) {
		char c = x->doc.at[x->at];

		if (quote != '\0') {
			if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '<') {
			return false;
		} else if (c == '>') {
			*is_empty = x->doc.at[x->at - 1] == '/';
			x->at++;
			return true;
		}
	}
	return false;
}

/* A name without its prefix goes behind path. */
static bool
xml_enter(struct xml *x, struct slice name)
{
	size_t used = strlen(x->path);
	size_t colon = slice_find(name, ':');
	struct slice local = name;

	if (colon < name.len)
		local = slice_skip(name, colon + 1);
	if (local.len == 0 || x->depth == XML_DEPTH_MAX ||
	    used + 1 + local.len >= sizeof(x->path))
		return false;
	x->open[x->depth].path = used;
	x->open[x->depth].name = name;
	if (used > 0)
		x->path[used++] = '/';
	memcpy(x->path + used, local.at, local.len);
	x->path[used + local.len] = '\0';
	x->depth++;
	return true;
}

static enum xml_token
xml_open(struct xml *x, size_t begin)
{
	struct slice name = xml_name(x);

	if (name.len == 0 || x->is_done || !xml_enter(x, name) ||
	    !xml_attributes(x, &x->is_empty))
		return XML_BAD;
	x->open[x->depth - 1].begin = begin;
	x->open[x->depth - 1].inside = x->at;
	x->is_leaf = true;
	return XML_OPEN;
}

/* The innermost element ends; its text ends at end. */
static enum xml_token
xml_leave(struct xml *x, size_t end)
{
	size_t begin = x->open[x->depth - 1].begin;
	size_t inside = x->open[x->depth - 1].inside;

	x->text = (struct slice){ "", 0 };
	if (x->is_leaf && end > inside)
		x->text = (struct slice){ x->doc.at + inside, end - inside };
	x->element = (struct slice){ x->doc.at + begin, x->at - begin };
	x->is_leaf = false;
	x->is_empty = false;
	x->is_done = x->depth == 1;
	x->closed = true;
	return XML_CLOSE;
}

static enum xml_token
xml_close(struct xml *x, size_t end)
{
	struct slice name = xml_name(x);

	xml_skip_blank(x);
	if (x->depth == 0 || !slice_eq(name, x->open[x->depth - 1].name) ||
	    x->at == x->doc.len || x->doc.at[x->at] != '>')
		return XML_BAD;
	x->at++;
	return xml_leave(x, end);
}

/*
 * Between the tags: blanks, comments, "<?...?>", and inside an element text.
 * A comment inside a text makes it no leaf: nobody writes such values.
 */
static bool
xml_between(struct xml *x)
{
	while (x->at < x->doc.len) {
		struct slice rest = xml_rest(x);

		if (slice_starts(rest, SLICE("<!--"))) {
			x->is_leaf = false;
			if (!xml_skip_past(x, SLICE("-->")))
				return false;
		} else if (slice_starts(rest, SLICE("<?"))) {
			x->is_leaf = false;
			if (!xml_skip_past(x, SLICE("?>")))
				return false;
		} else if (rest.at[0] == '<') {
			return true;
		} else if (x->depth > 0) {
			x->at += slice_find(rest, '<');
		} else if (xml_is_blank(rest.at[0])) {
			x->at++;
		} else {
			return false;
		}
	}
	return true;
}

static enum xml_token
xml_step(struct xml *x)
{
	size_t begin;

	if (x->is_empty)
		return xml_leave(x, x->at);
	if (!xml_between(x))
		return XML_BAD;
	begin = x->at;
	if (begin == x->doc.len)
		return x->is_done ? XML_END : XML_BAD;
	x->at++;
	if (!slice_starts(xml_rest(x), SLICE("/")))
		return xml_open(x, begin);
	x->at++;
	return xml_close(x, begin);
}

enum xml_token
xml_next(struct xml *x)
{
	enum xml_token token;

	if (x->closed) {
		x->depth--;
		x->path[x->open[x->depth].path] = '\0';
		x->closed = false;
	}
	token = xml_step(x);
	if (token == XML_BAD) {
		/* What is asked again finds the same. */
		x->doc.len = x->at;
		x->is_done = false;
		x->is_empty = false;
		x->is_leaf = false;
	}
	return token;
}

/* A code point as UTF-8; 0: none that may be there. */
static size_t
xml_utf8(uint32_t code, char out[4])
{
	static const struct {
		uint32_t below;
		unsigned char first;
	} form[] = {
		{ 0x80, 0 },
		{ 0x800, 0xc0 },
		{ 0x10000, 0xe0 },
		{ 0x110000, 0xf0 },
	};
	size_t n = 0;

	if (code == 0 || (code >= 0xd800 && code < 0xe000))
		return 0;
	while (n < NELEM(form) && code >= form[n].below)
		n++;
	if (n == NELEM(form))
		return 0;
	for (size_t i = n; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)(form[n].first | code);
	return n + 1;
}

/* "#10" or "#xA" */
static size_t
xml_number(struct slice name, char out[4])
{
	uint32_t base = 10;
	uint32_t code = 0;

	name = slice_skip(name, 1);
	if (slice_starts(name, SLICE("x"))) {
		base = 16;
		name = slice_skip(name, 1);
	}
	if (name.len == 0 || name.len > 7)
		return 0;
	for (size_t i = 0; i < name.len; i++) {
		int digit = codec_hex_digit(name.at[i]);

		if (digit < 0 || (uint32_t)digit >= base)
			return 0;
		code = code * base + (uint32_t)digit;
	}
	return xml_utf8(code, out);
}

/* What stands between "&" and ";". */
static size_t
xml_entity(struct slice name, char out[4])
{
	static const struct {
		const char *name;
		char c;
	} entities[] = {
		{ "amp", '&' },
		{ "lt", '<' },
		{ "gt", '>' },
		{ "quot", '"' },
		{ "apos", '\'' },
	};

	if (slice_starts(name, SLICE("#")))
		return xml_number(name, out);
	for (size_t i = 0; i < NELEM(entities); i++)
		if (slice_is(name, entities[i].name)) {
			out[0] = entities[i].c;
			return 1;
		}
	return 0;
}

bool
xml_text(struct slice raw, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < raw.len; i++) {
		char part[4] = { raw.at[i] };
		size_t len = 1;

		if (raw.at[i] == '&') {
			struct slice name = slice_skip(raw, i + 1);

			name.len = slice_find(name, ';');
			i += 1 + name.len;
			len = i < raw.len ? xml_entity(name, part) : 0;
		}
		if (len == 0 || part[0] == '\0' || n + len >= size)
			return false;
		memcpy(out + n, part, len);
		n += len;
	}
	out[n] = '\0';
	return codec_is_utf8((struct slice){ out, n });
}
