/* SPDX-License-Identifier: Apache-2.0 */
/* IPTC: one walker over data sets, for showing and for copying. */
#include "image/iptc.h"

#include <string.h>

#include "base/codec.h"

/* ---- What is known of record 2 ---- */

static const struct row {
	uint8_t set;
	bool rights;
	const char *name;
} rows[] = {
	{ 5, false, "ObjectName" },
	{ 7, false, "EditStatus" },
	{ 10, false, "Urgency" },
	{ 15, false, "Category" },
	{ 20, false, "SupplementalCategory" },
	{ 25, false, "Keywords" },
	{ 40, false, "SpecialInstructions" },
	{ 55, false, "DateCreated" },
	{ 60, false, "TimeCreated" },
	{ 62, false, "DigitalCreationDate" },
	{ 63, false, "DigitalCreationTime" },
	{ 65, false, "OriginatingProgram" },
	{ 70, false, "ProgramVersion" },
	{ 80, true, "By-line" },
	{ 85, true, "By-lineTitle" },
	{ 90, false, "City" },
	{ 92, false, "Sub-location" },
	{ 95, false, "Province-State" },
	{ 100, false, "Country-PrimaryLocationCode" },
	{ 101, false, "Country-PrimaryLocationName" },
	{ 103, false, "OriginalTransmissionReference" },
	{ 105, false, "Headline" },
	{ 110, true, "Credit" },
	{ 115, true, "Source" },
	{ 116, true, "CopyrightNotice" },
	{ 118, false, "Contact" },
	{ 120, false, "Caption-Abstract" },
	{ 122, false, "Writer-Editor" },
};

enum { RESOURCE_IPTC = 0x0404, SETS_MAX = 1000 };

static const struct row *
row_of(uint8_t set)
{
	for (size_t i = 0; i < NELEM(rows); i++)
		if (rows[i].set == set)
			return &rows[i];
	return NULL;
}

/* ---- Where it is ---- */

struct bytes {
	const uint8_t *at;
	size_t size;
};

static size_t
be(const uint8_t *p, size_t n)
{
	size_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

static struct bytes
skip(struct bytes b, size_t n)
{
	n = n < b.size ? n : b.size;
	return (struct bytes){ b.at + n, b.size - n };
}

/* The resource among Photoshop's: "8BIM", number, name, size, bytes. */
static bool
find_resource(struct bytes in, struct bytes *found)
{
	while (in.size >= 12 && memcmp(in.at, "8BIM", 4) == 0) {
		size_t number = be(in.at + 4, 2);
		size_t name = ((size_t)in.at[6] + 2) / 2 * 2;
		size_t size;

		in = skip(in, 6 + name);
		if (in.size < 4)
			return false;
		size = be(in.at, 4);
		in = skip(in, 4);
		if (size > in.size)
			return false;
		if (number == RESOURCE_IPTC) {
			*found = (struct bytes){ in.at, size };
			return true;
		}
		in = skip(in, (size + 1) / 2 * 2);
	}
	return false;
}

static bool
find(const uint8_t *at, size_t size, struct bytes *found)
{
	struct bytes in = { at, size };

	if (size >= 14 && memcmp(at, "Photoshop 3.0", 14) == 0)
		return find_resource(skip(in, 14), found);
	if (size >= 4 && memcmp(at, "8BIM", 4) == 0)
		return find_resource(in, found);
	*found = in;
	return size >= 5 && *at == 0x1c;
}

/* ---- Data sets: 1C, record, set, size, bytes ---- */

struct set {
	uint8_t record, number;
	struct bytes all; /* with its head */
	struct slice value;
};

static bool
next_set(struct bytes *in, struct set *s)
{
	size_t size;

	if (in->size < 5 || *in->at != 0x1c)
		return false;
	size = be(in->at + 3, 2);
	/* 32 kB and more are said in another way; no text is so long. */
	if (size > INT16_MAX || size > in->size - 5)
		return false;
	*s = (struct set){ .record = in->at[1],
		.number = in->at[2],
		.all = { in->at, size + 5 },
		.value = { (const char *)in->at + 5, size } };
	*in = skip(*in, size + 5);
	return true;
}

bool
iptc_each(const uint8_t *bytes, size_t size, iptc_each_f *each, void *to)
{
	struct bytes in;
	struct set s;

	if (!find(bytes, size, &in))
		return false;
	for (unsigned n = 0; n < SETS_MAX && next_set(&in, &s); n++) {
		const struct row *row = s.record == 2 ? row_of(s.number) : NULL;

		if (row != NULL && s.value.len > 0)
			each(to, row->name, s.value);
	}
	return true;
}

size_t
iptc_text(struct slice value, char *out, size_t room)
{
	size_t used = 0;
	bool latin = !codec_is_utf8(value);

	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];
		bool two = latin && c > 0x7f;

		if (room - used < (two ? 2 : 1))
			break;
		if (two)
			out[used++] = (char)(0xc0 | c >> 6);
		out[used++] = (char)(two ? 0x80 | (c & 0x3f) : c);
	}
	return used;
}

/* ---- A copy ---- */

static bool
stays(const struct iptc_want *want, const struct set *s)
{
	const struct row *row = s->record == 2 ? row_of(s->number) : NULL;

	/* How its texts are coded, and the version of the record. */
	if ((s->record == 1 && s->number == 90) ||
	    (s->record == 2 && s->number == 0))
		return true;
	return row != NULL && (want->all || (want->rights && row->rights));
}

static void
put_head(uint8_t *out, size_t size)
{
	memcpy(out, "Photoshop 3.0\0008BIM\x04\x04\0\0", 22);
	for (size_t i = 0; i < 4; i++)
		out[22 + i] = (uint8_t)(size >> (24 - 8 * i));
}

size_t
iptc_write(const uint8_t *bytes, size_t size, const struct iptc_want *want,
    uint8_t *out, size_t room)
{
	size_t head = want->wrapped ? 26 : 0;
	size_t used = head;
	struct bytes in;
	struct set s;
	bool texts = false;

	if (!find(bytes, size, &in) || room < head + 1)
		return 0;
	for (unsigned n = 0; n < SETS_MAX && next_set(&in, &s); n++) {
		if (!stays(want, &s))
			continue;
		/* One byte is kept free for an even size. */
		if (s.all.size + 1 > room - used)
			return 0;
		memcpy(out + used, s.all.at, s.all.size);
		used += s.all.size;
		texts = texts || (s.record == 2 && s.number != 0);
	}
	if (!texts)
		return 0;
	if (want->wrapped) {
		put_head(out, used - head);
		if ((used - head) % 2 != 0)
			out[used++] = 0;
	}
	return used;
}
