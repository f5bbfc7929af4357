/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XMP: a reader of tags that hands each piece on as it stands in the packet,
 * so that a copy is the packet without some pieces.
 */
#include "image/xmp.h"

#include <ctype.h>
#include <string.h>

#include "base/codec.h"

/* ---- The reader ---- */

enum token {
	TOKEN_OPEN,  /* <name, without attributes */
	TOKEN_ATTR,  /* a space, name="value" */
	TOKEN_BODY,  /* > or /> */
	TOKEN_CLOSE, /* </name>, or the end of <name/> */
	TOKEN_TEXT,
	TOKEN_NOTE /* <?...?> */
};

struct reader;

struct piece {
	enum token token;
	struct slice raw; /* as it stands there */
	struct slice name, value;
};

typedef void reader_f(struct reader *r, const struct piece *p);

struct reader {
	struct slice rest;
	struct slice open[XMP_DEPTH]; /* names, outermost first */
	size_t depth;
	reader_f *on;
	void *to;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_name(char c)
{
	return (unsigned char)c > 0x7f || isalnum((unsigned char)c) != 0 ||
	    strchr("_:.-", c) != NULL;
}

/* Takes up to and with the text; false: it does not come. */
static bool
take_to(struct slice *rest, const char *text, struct slice *taken)
{
	size_t n = strlen(text);
	const char *at =
	    rest->len > 0 ? memmem(rest->at, rest->len, text, n) : NULL;

	if (at == NULL)
		return false;
	*taken = (struct slice){ rest->at, (size_t)(at - rest->at) + n };
	*rest = slice_skip(*rest, taken->len);
	return true;
}

static struct slice
take_name(struct slice *rest)
{
	struct slice name = { rest->at, 0 };

	while (name.len < rest->len && rest->at[name.len] != '\0' &&
	    is_name(rest->at[name.len]))
		name.len++;
	*rest = slice_skip(*rest, name.len);
	return name;
}

static size_t
spaces(struct slice s)
{
	size_t n = 0;

	while (n < s.len && is_space(s.at[n]))
		n++;
	return n;
}

static void
say(struct reader *r, enum token token, const char *from, struct slice name,
    struct slice value)
{
	struct piece p = { token, { from, (size_t)(r->rest.at - from) }, name,
		value };

	r->on(r, &p);
}

/* Without spaces and line ends around it. */
static struct slice
trimmed(struct slice s)
{
	s = slice_skip(s, spaces(s));
	while (s.len > 0 && is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* name="value", the space before it included. */
static bool
read_attr(struct reader *r)
{
	const char *from = r->rest.at;
	struct slice name;
	struct slice value;
	char quote[2] = "";

	r->rest = slice_skip(r->rest, spaces(r->rest));
	name = take_name(&r->rest);
	r->rest = slice_skip(r->rest, spaces(r->rest));
	if (name.len == 0 || r->rest.len < 1 || *r->rest.at != '=')
		return false;
	r->rest = slice_skip(r->rest, 1);
	r->rest = slice_skip(r->rest, spaces(r->rest));
	if (r->rest.len < 2 || strchr("\"'", *r->rest.at) == NULL)
		return false;
	quote[0] = *r->rest.at;
	r->rest = slice_skip(r->rest, 1);
	if (!take_to(&r->rest, quote, &value))
		return false;
	value.len--;
	if (memchr(value.at, '<', value.len) != NULL)
		return false;
	say(r, TOKEN_ATTR, from, name, value);
	return true;
}

static bool
read_close(struct reader *r)
{
	const char *from = r->rest.at;
	struct slice name;

	r->rest = slice_skip(r->rest, 2);
	name = take_name(&r->rest);
	r->rest = slice_skip(r->rest, spaces(r->rest));
	if (r->depth == 0 || !slice_eq(name, r->open[r->depth - 1]) ||
	    r->rest.len == 0 || *r->rest.at != '>')
		return false;
	r->rest = slice_skip(r->rest, 1);
	say(r, TOKEN_CLOSE, from, name, (struct slice){ NULL, 0 });
	r->depth--;
	return true;
}

static bool
read_open(struct reader *r)
{
	const struct slice none = { NULL, 0 };
	const char *from = r->rest.at;
	struct slice name;
	bool empty;

	r->rest = slice_skip(r->rest, 1);
	name = take_name(&r->rest);
	if (name.len == 0 || r->depth == XMP_DEPTH)
		return false;
	r->open[r->depth++] = name;
	say(r, TOKEN_OPEN, from, name, none);
	for (;;) {
		size_t gap = spaces(r->rest);

		if (gap == r->rest.len)
			return false;
		if (strchr("/>", r->rest.at[gap]) != NULL)
			break;
		if (gap == 0 || !read_attr(r))
			return false;
	}
	from = r->rest.at;
	r->rest = slice_skip(r->rest, spaces(r->rest));
	empty = *r->rest.at == '/';
	r->rest = slice_skip(r->rest, empty ? 1 : 0);
	if (r->rest.len == 0 || *r->rest.at != '>')
		return false;
	r->rest = slice_skip(r->rest, 1);
	say(r, TOKEN_BODY, from, name, none);
	if (empty) {
		say(r, TOKEN_CLOSE, r->rest.at, name, none);
		r->depth--;
	}
	return true;
}

static bool
read_text(struct reader *r)
{
	const char *from = r->rest.at;
	const char *end = memchr(from, '<', r->rest.len);
	struct slice text = { from,
		end != NULL ? (size_t)(end - from) : r->rest.len };

	r->rest = slice_skip(r->rest, text.len);
	if (r->depth == 0)
		return spaces(text) == text.len ||
		    slice_eq(trimmed(text), SLICE("\xef\xbb\xbf"));
	say(r, TOKEN_TEXT, from, (struct slice){ NULL, 0 }, text);
	return true;
}

/* Comments are passed over; CDATA and declarations are not of XMP. */
static bool
read_piece(struct reader *r)
{
	const struct slice none = { NULL, 0 };
	const char *from = r->rest.at;
	struct slice raw;

	if (*from != '<')
		return read_text(r);
	if (slice_starts(r->rest, SLICE("<!--")))
		return take_to(&r->rest, "-->", &raw);
	if (slice_starts(r->rest, SLICE("<!")))
		return false;
	if (slice_starts(r->rest, SLICE("</")))
		return read_close(r);
	if (!slice_starts(r->rest, SLICE("<?")))
		return read_open(r);
	if (!take_to(&r->rest, "?>", &raw))
		return false;
	say(r, TOKEN_NOTE, from, none, none);
	return true;
}

static bool
read_packet(struct slice packet, reader_f *on, void *to)
{
	struct reader r = { .on = on, .to = to };
	bool elements = false;

	while (packet.len > 0 && packet.at[packet.len - 1] == '\0')
		packet.len--;
	if (packet.len == 0 || packet.len > XMP_MAX || !codec_is_utf8(packet) ||
	    memchr(packet.at, '\0', packet.len) != NULL)
		return false;
	r.rest = packet;
	while (r.rest.len > 0) {
		if (!read_piece(&r))
			return false;
		elements = elements || r.depth > 0;
	}
	return elements && r.depth == 0;
}

/* ---- Properties ---- */

static struct slice
local_name(struct slice name)
{
	const char *colon = memchr(name.at, ':', name.len);

	return colon != NULL ? slice_skip(name, (size_t)(colon - name.at) + 1)
			     : name;
}

static bool
has_prefix(struct slice name, struct slice prefix)
{
	return slice_starts(name, prefix) && name.len > prefix.len &&
	    name.at[prefix.len] == ':';
}

/* Words of the form itself. */
static bool
is_form(struct slice name)
{
	return has_prefix(name, SLICE("rdf")) ||
	    has_prefix(name, SLICE("xml")) || has_prefix(name, SLICE("x")) ||
	    has_prefix(name, SLICE("xmlns")) || slice_is(name, "xmlns");
}

struct lister {
	xmp_each_f *each;
	void *to;
};

enum { NAME_ROOM = 160 };

/* The outermost and the innermost name of what is open, and one more. */
static void
list_value(struct reader *r, struct slice last, struct slice value)
{
	struct lister *l = r->to;
	struct slice part[2] = { { NULL, 0 }, { NULL, 0 } };
	char name[NAME_ROOM];
	size_t n = 0;

	for (size_t i = 0; i <= r->depth; i++) {
		struct slice one = i < r->depth ? r->open[i] : last;

		if (one.len > 0 && !is_form(one))
			part[part[0].len > 0 ? 1 : 0] = one;
	}
	if (part[0].len == 0 || part[0].len + part[1].len + 1 > sizeof(name) ||
	    trimmed(value).len == 0)
		return;
	memcpy(name, part[0].at, part[0].len);
	n = part[0].len;
	if (part[1].len > 0) {
		name[n++] = '/';
		memcpy(name + n, part[1].at, part[1].len);
		n += part[1].len;
	}
	l->each(l->to, (struct slice){ name, n }, value);
}

static void
list_piece(struct reader *r, const struct piece *p)
{
	if (p->token == TOKEN_TEXT ||
	    (p->token == TOKEN_ATTR && !is_form(p->name)))
		list_value(r, p->name, p->value);
}

bool
xmp_each(struct slice packet, xmp_each_f *each, void *to)
{
	struct lister l = { each, to };

	return read_packet(packet, list_piece, &l);
}

/* ---- Texts ---- */

/* The character that an entity between & and ; means; 0: none. */
static uint32_t
entity(struct slice name)
{
	static const struct {
		const char *name;
		char c;
	} named[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' },
		{ "quot", '"' }, { "apos", '\'' } };
	bool hex = name.len > 2 && (name.at[1] == 'x' || name.at[1] == 'X');
	uint32_t c = 0;

	for (size_t i = 0; i < NELEM(named); i++)
		if (slice_is(name, named[i].name))
			return (uint32_t)named[i].c;
	if (name.len < 2 || name.len > 9 || name.at[0] != '#')
		return 0;
	for (size_t i = hex ? 2 : 1; i < name.len; i++) {
		int digit = (unsigned char)name.at[i];

		if (isdigit(digit) != 0)
			digit -= '0';
		else if (hex && isxdigit(digit) != 0)
			digit = (digit | 0x20) - 'a' + 10;
		else
			return 0;
		c = c * (hex ? 16 : 10) + (uint32_t)digit;
	}
	return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? c : 0;
}

static size_t
put_char(uint32_t c, char out[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1) {
		*out = (char)c;
		return 1;
	}
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	*out = (char)(uint8_t)(0xf00 >> n | c);
	return n;
}

size_t
xmp_text(struct slice value, char *out, size_t room)
{
	size_t used = 0;

	value = trimmed(value);
	while (value.len > 0) {
		size_t n = 1;
		char one[4] = { *value.at };
		const char *end = *value.at == '&'
		    ? memchr(value.at, ';', value.len < 12 ? value.len : 12)
		    : NULL;
		uint32_t c = end == NULL ? 0
					 : entity((struct slice){ value.at + 1,
					       (size_t)(end - value.at) - 1 });

		if (c != 0) {
			n = put_char(c, one);
			value = slice_skip(value, (size_t)(end - value.at));
		}
		value = slice_skip(value, 1);
		if (n > room - used)
			break;
		memcpy(out + used, one, n);
		used += n;
	}
	return used;
}

/* ---- Copies ---- */

static bool
holds_nocase(struct slice s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.len; i++)
		if (strncasecmp(s.at + i, word, n) == 0)
			return true;
	return false;
}

bool
xmp_is_place(struct slice name)
{
	/* Drones write GpsLongtitude. */
	static const char *const words[] = { "gps", "latitude", "longitude",
		"longtitude", "altitude", "geotag", "geolocation" };

	for (size_t i = 0; i < NELEM(words); i++)
		if (holds_nocase(name, words[i]))
			return true;
	return false;
}

struct copier {
	const struct xmp_want *want;
	size_t skip; /* the depth of what is left out; 0: nothing is */
	char *out;
	size_t room, used;
	size_t values; /* texts and attributes that were copied */
	bool full;
};

static bool
stays(const struct copier *c, struct slice name)
{
	/* Sizes and previews of another image; a packet that is elsewhere. */
	static const char *const never[] = { "Thumbnails", "PixelXDimension",
		"PixelYDimension", "ImageWidth", "ImageLength",
		"HasExtendedXMP" };
	struct slice local = local_name(name);

	for (size_t i = 0; i < NELEM(never); i++)
		if (slice_is(local, never[i]))
			return false;
	if (c->want->turned && slice_is(local, "Orientation"))
		return false;
	return c->want->place || !xmp_is_place(local);
}

static void
copy(struct copier *c, struct slice raw)
{
	if (raw.len > c->room - c->used) {
		c->full = true;
		return;
	}
	memcpy(c->out + c->used, raw.at, raw.len);
	c->used += raw.len;
}

static void
copy_piece(struct reader *r, const struct piece *p)
{
	struct copier *c = r->to;

	if (p->token == TOKEN_OPEN && c->skip == 0 && !stays(c, p->name))
		c->skip = r->depth;
	if (c->skip == 0 && (p->token != TOKEN_ATTR || stays(c, p->name))) {
		copy(c, p->raw);
		c->values += p->token == TOKEN_TEXT
		    ? trimmed(p->value).len > 0
		    : p->token == TOKEN_ATTR && !is_form(p->name);
	}
	if (p->token == TOKEN_CLOSE && c->skip == r->depth)
		c->skip = 0;
}

/* ---- Who made it, who may use it: a packet of our own ---- */

enum form { FORM_TEXT, FORM_LIST, FORM_LANGUAGES };

static const struct {
	const char *name;
	enum form form;
} rights[] = {
	{ "dc:creator", FORM_LIST },
	{ "dc:rights", FORM_LANGUAGES },
	{ "photoshop:Credit", FORM_TEXT },
	{ "xmpRights:Marked", FORM_TEXT },
	{ "xmpRights:Owner", FORM_LIST },
	{ "xmpRights:UsageTerms", FORM_LANGUAGES },
	{ "xmpRights:WebStatement", FORM_TEXT },
};

/* The first value, and of lists some more. */
enum { RIGHTS_VALUES = 8 };

struct gatherer {
	struct slice value[NELEM(rights)][RIGHTS_VALUES];
	size_t n[NELEM(rights)];
};

static void
gather(void *to, struct slice name, struct slice value)
{
	struct gatherer *g = to;

	for (size_t i = 0; i < NELEM(rights); i++) {
		size_t most = rights[i].form == FORM_LIST ? RIGHTS_VALUES : 1;

		if (slice_is(name, rights[i].name) && g->n[i] < most)
			g->value[i][g->n[i]++] = trimmed(value);
	}
}

static void
copy_right(struct copier *c, const struct gatherer *g, size_t i)
{
	static const char *const open[] = { "", "<rdf:Seq>", "<rdf:Alt>" };
	static const char *const item[] = { "", "<rdf:li>",
		"<rdf:li xml:lang=\"x-default\">" };
	static const char *const close[] = { "", "</rdf:Seq>", "</rdf:Alt>" };
	enum form form = rights[i].form;

	if (g->n[i] == 0)
		return;
	copy(c, SLICE("<"));
	copy(c, slice_of(rights[i].name));
	copy(c, SLICE(">"));
	copy(c, slice_of(open[form]));
	for (size_t k = 0; k < g->n[i]; k++) {
		copy(c, slice_of(item[form]));
		copy(c, g->value[i][k]);
		copy(c, form == FORM_TEXT ? SLICE("") : SLICE("</rdf:li>"));
	}
	copy(c, slice_of(close[form]));
	copy(c, SLICE("</"));
	copy(c, slice_of(rights[i].name));
	copy(c, SLICE(">"));
	c->values++;
}

static bool
write_rights(struct slice packet, struct copier *c)
{
	struct gatherer g = { 0 };

	if (!xmp_each(packet, gather, &g))
		return false;
	copy(c,
	    SLICE("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf="
		  "\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
		  "<rdf:Description rdf:about=\"\" "
		  "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
		  "xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" "
		  "xmlns:xmpRights=\"http://ns.adobe.com/xap/1.0/rights/\">"));
	for (size_t i = 0; i < NELEM(rights); i++)
		copy_right(c, &g, i);
	copy(c, SLICE("</rdf:Description></rdf:RDF></x:xmpmeta>"));
	return true;
}

size_t
xmp_write(
    struct slice packet, const struct xmp_want *want, char *out, size_t room)
{
	struct copier c = { .want = want, .out = out, .room = room };
	bool good;

	if (want->all)
		good = read_packet(packet, copy_piece, &c);
	else
		good = want->rights && write_rights(packet, &c);
	return good && !c.full && c.values > 0 ? c.used : 0;
}
