/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of an image, as JSON: the header's facts, what its metadata
 * say, and how it looks.
 *
 * Private by default: places are left out unless the plan keeps gps, numbers
 * of one camera and names of its owner unless it keeps exif (or xmp).
 */
#include "image/info.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/json_out.h"
#include "base/num.h"
#include "image/carry.h"
#include "image/colour.h"
#include "image/exif.h"
#include "image/iptc.h"
#include "image/look.h"
#include "image/pixel.h"
#include "image/turn.h"
#include "image/xmp.h"

/*
 * Bytes of JSON. What has no room in its section is left out; all that is
 * short, with the largest profile's name, is less than OTHER_BYTES.
 */
enum {
	OTHER_BYTES = 5 * 1024,
	DELAY_BYTES = 8 * 1024,
	EXIF_BYTES = 10 * 1024,
	GPS_BYTES = 3 * 1024,
	XMP_BYTES = 12 * 1024,
	IPTC_BYTES = 10 * 1024,
	TEXT_MAX = 512,
	NUMBERS_MAX = 8,
	LISTED_MAX = 256
};
_Static_assert(OTHER_BYTES + DELAY_BYTES + EXIF_BYTES + GPS_BYTES + XMP_BYTES +
	    IPTC_BYTES <=
	INFO_MAX,
    "the longest info has room");

struct info {
	struct render *r;
	VipsImage *im; /* the header's */
	struct json_out json;
	unsigned keep;
};

static bool
asks(const struct info *f, unsigned keep)
{
	return (f->keep & 1U << keep) != 0;
}

static bool
int_of(VipsImage *im, const char *name, int *value)
{
	return vips_image_get_typeof(im, name) == G_TYPE_INT &&
	    vips_image_get_int(im, name, value) == 0;
}

/* Text of others: control bytes are spaces. */
static void
put_said(struct json_out *j, const char *name, char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = ' ';
	json_put_text(j, name, (struct slice){ text, len });
}

/* ---- Sections of which only as much is said as has room ---- */

struct section {
	struct info *f;
	size_t end; /* where the JSON of the section must end */
	bool open;
	const char *name;
	bool (*shown)(const struct info *f, const struct exif_field *field);
};

/* The section is opened by its first piece. */
static struct json_mark
section_begin(struct section *s)
{
	if (!s->open)
		json_put_open(&s->f->json, s->name, '{');
	s->open = true;
	return json_mark(&s->f->json);
}

static void
section_settle(struct section *s, struct json_mark before)
{
	if (s->f->json.text.len > s->end || s->f->json.text.full)
		json_return(&s->f->json, before);
}

static void
section_end(struct section *s)
{
	if (s->open)
		json_put_close(&s->f->json, '}');
}

/* ---- EXIF ---- */

static void
exif_numbers(struct json_out *j, const struct exif_field *field)
{
	bool list = field->count > 1;
	bool finite;

	if (list)
		json_put_open(j, field->name, '[');
	for (uint32_t i = 0; i < field->count; i++) {
		double value = exif_number(field, i, &finite);

		if (finite)
			json_put_number(j, list ? NULL : field->name, value);
		else
			json_put_null(j, list ? NULL : field->name);
	}
	if (list)
		json_put_close(j, ']');
}

static void
exif_put(void *to, const struct exif_field *field)
{
	struct section *s = to;
	struct json_mark before;
	char text[TEXT_MAX];
	size_t n;

	if (!s->shown(s->f, field))
		return;
	n = exif_text(field, text, sizeof(text));
	if (n == 0 &&
	    (field->type == EXIF_ASCII || field->count > NUMBERS_MAX ||
		(field->flags & (EXIF_UTF16 | EXIF_COMMENT)) != 0))
		return;
	before = section_begin(s);
	if (n > 0)
		put_said(&s->f->json, field->name, text, n);
	else
		exif_numbers(&s->f->json, field);
	section_settle(s, before);
}

static bool
exif_is_shown(const struct info *f, const struct exif_field *field)
{
	return field->group != EXIF_GPS &&
	    ((field->flags & EXIF_PERSONAL) == 0 || asks(f, KEEP_EXIF));
}

static bool
exif_is_gps(const struct info *f, const struct exif_field *field)
{
	(void)f;
	return field->group == EXIF_GPS;
}

/* A field that is there twice counts the first time: JSON has it once. */
struct once {
	exif_each_f *each;
	void *to;
	struct {
		enum exif_group group;
		uint16_t tag;
	} seen[EXIF_FIELDS];
	size_t n;
};

static void
exif_once(void *to, const struct exif_field *field)
{
	struct once *o = to;

	for (size_t i = 0; i < o->n; i++)
		if (o->seen[i].group == field->group &&
		    o->seen[i].tag == field->tag)
			return;
	assert(o->n < EXIF_FIELDS);
	o->seen[o->n].group = field->group;
	o->seen[o->n++].tag = field->tag;
	o->each(o->to, field);
}

static void
put_exif(struct info *f)
{
	struct slice block = carry_blob(f->im, VIPS_META_EXIF_NAME);
	const uint8_t *bytes = (const uint8_t *)block.at;
	struct section fields = { .f = f,
		.end = f->json.text.len + EXIF_BYTES,
		.name = "exif",
		.shown = exif_is_shown };
	struct once once = { .each = exif_put, .to = &fields };
	double north;
	double east;

	if (block.len == 0)
		return;
	(void)exif_each(bytes, block.len, exif_once, &once);
	section_end(&fields);
	if (!asks(f, KEEP_GPS))
		return;

	struct section gps = { .f = f,
		.end = f->json.text.len + GPS_BYTES,
		.name = "gps",
		.shown = exif_is_gps };

	if (exif_place(bytes, block.len, &north, &east)) {
		(void)section_begin(&gps);
		json_put_number(&f->json, "latitude", north);
		json_put_number(&f->json, "longitude", east);
	}
	once = (struct once){ .each = exif_put, .to = &gps };
	(void)exif_each(bytes, block.len, exif_once, &once);
	section_end(&gps);
}

/* ---- XMP and IPTC: names of which some come several times ---- */

enum { LISTED_NAME = 96 };

struct listed {
	const struct info *f;
	size_t n;
	struct {
		char name[LISTED_NAME];
		struct slice value;
	} item[LISTED_MAX];
};

static void
listed_add(struct listed *l, struct slice name, struct slice value)
{
	if (l->n == LISTED_MAX || name.len >= LISTED_NAME ||
	    !codec_is_utf8(name))
		return;
	slice_copy(name, l->item[l->n].name, LISTED_NAME);
	l->item[l->n++].value = value;
}

static bool
holds(struct slice s, const char *word)
{
	return memmem(s.at, s.len, word, strlen(word)) != NULL;
}

static void
xmp_list(void *to, struct slice name, struct slice value)
{
	struct listed *l = to;
	bool personal = holds(name, "Serial") || holds(name, "OwnerName");

	if ((xmp_is_place(name) && !asks(l->f, KEEP_GPS)) ||
	    (personal && !asks(l->f, KEEP_XMP)) || holds(name, "Thumbnails"))
		return;
	listed_add(l, name, value);
}

static void
iptc_list(void *to, const char *name, struct slice value)
{
	listed_add(to, slice_of(name), value);
}

typedef size_t text_f(struct slice value, char *out, size_t room);

/* All values of the name of item i. */
static void
listed_values(
    struct json_out *j, const struct listed *l, size_t i, text_f *text)
{
	const char *name = l->item[i].name;
	char room[TEXT_MAX] = "";
	size_t count = 0;

	for (size_t k = i; k < l->n; k++)
		count += strcmp(l->item[k].name, name) == 0;
	if (count > 1)
		json_put_open(j, name, '[');
	for (size_t k = i; k < l->n; k++) {
		if (strcmp(l->item[k].name, name) != 0)
			continue;
		put_said(j, count > 1 ? NULL : name, room,
		    text(l->item[k].value, room, sizeof(room)));
	}
	if (count > 1)
		json_put_close(j, ']');
}

static void
put_listed(struct section *s, const struct listed *l, text_f *text)
{
	for (size_t i = 0; i < l->n; i++) {
		bool first = true;
		struct json_mark before;

		for (size_t k = 0; k < i && first; k++)
			first = strcmp(l->item[k].name, l->item[i].name) != 0;
		if (!first)
			continue;
		before = section_begin(s);
		listed_values(&s->f->json, l, i, text);
		section_settle(s, before);
	}
	section_end(s);
}

static void
put_xmp_iptc(struct info *f)
{
	struct slice xmp = carry_blob(f->im, VIPS_META_XMP_NAME);
	struct slice iptc = carry_blob(f->im, VIPS_META_IPTC_NAME);
	struct listed *l = xcalloc(1, sizeof(*l));
	struct section s = { .f = f, .name = "xmp" };

	l->f = f;
	s.end = f->json.text.len + XMP_BYTES;
	/* Of a damaged packet nothing is shown, as nothing of it is copied. */
	if (xmp_each(xmp, xmp_list, l))
		put_listed(&s, l, xmp_text);
	*l = (struct listed){ .f = f };
	s = (struct section){
		.f = f, .name = "iptc", .end = f->json.text.len + IPTC_BYTES
	};
	if (iptc_each((const uint8_t *)iptc.at, iptc.len, iptc_list, l))
		put_listed(&s, l, iptc_text);
	free(l);
}

static void
exif_note_place(void *to, const struct exif_field *field)
{
	bool *place = to;

	/* A version alone is no place. */
	*place = *place || (field->group == EXIF_GPS && field->tag != 0);
}

/* Which kinds of metadata the original has, shown or not. */
static void
put_carries(struct info *f)
{
	static const struct {
		const char *field, *name;
	} kinds[] = { { VIPS_META_ICC_NAME, "icc" },
		{ VIPS_META_EXIF_NAME, "exif" }, { VIPS_META_XMP_NAME, "xmp" },
		{ VIPS_META_IPTC_NAME, "iptc" } };
	struct slice exif = carry_blob(f->im, VIPS_META_EXIF_NAME);
	bool place = false;

	(void)exif_each(
	    (const uint8_t *)exif.at, exif.len, exif_note_place, &place);
	json_put_open(&f->json, "carries", '[');
	for (size_t i = 0; i < NELEM(kinds); i++)
		if (carry_blob(f->im, kinds[i].field).len > 0)
			json_put_text(&f->json, NULL, slice_of(kinds[i].name));
	if (place)
		json_put_text(&f->json, NULL, SLICE("gps"));
	json_put_close(&f->json, ']');
}

/* ---- The header ---- */

static void
put_size(struct json_out *j, const char *name, uint32_t width, uint32_t height)
{
	json_put_open(j, name, '{');
	json_put_number(j, "width", width);
	json_put_number(j, "height", height);
	json_put_close(j, '}');
}

static void
put_animation(struct info *f)
{
	int *delay = NULL;
	size_t end;
	int n = 0;
	int loop;

	json_put_number(&f->json, "pages", f->r->facts.original.pages);
	if (f->r->facts.original.pages < 2)
		return;
	if (int_of(f->im, "loop", &loop))
		json_put_number(&f->json, "loop", loop);
	if (vips_image_get_typeof(f->im, "delay") != VIPS_TYPE_ARRAY_INT ||
	    vips_image_get_array_int(f->im, "delay", &delay, &n) != 0)
		return;
	end = f->json.text.len + DELAY_BYTES - NUM_TEXT_MAX;
	json_put_open(&f->json, "delay", '[');
	for (int i = 0; i < n && f->json.text.len < end; i++)
		json_put_number(&f->json, NULL, delay[i]);
	json_put_close(&f->json, ']');
}

static void
put_pixels(struct info *f)
{
	const char *space =
	    vips_enum_nick(VIPS_TYPE_INTERPRETATION, f->im->Type);
	int bits = (int)vips_format_sizeof(f->im->BandFmt) * 8;
	int palette;
	int coded;

	if (int_of(f->im, "heif-bitdepth", &coded) && coded > 0 && coded <= 16)
		bits = coded;
	json_put_text(&f->json, "space", slice_of(space));
	json_put_number(&f->json, "bands", f->im->Bands);
	json_put_number(&f->json, "depth", bits);
	json_put_bool(
	    &f->json, "float", vips_band_format_isfloat(f->im->BandFmt));
	json_put_bool(&f->json, "alpha", f->r->alpha);
	if (int_of(f->im, "palette-bit-depth", &palette) && palette > 0)
		json_put_number(&f->json, "palette_depth", palette);
}

static void
put_profile(struct info *f)
{
	struct slice icc = carry_blob(f->im, VIPS_META_ICC_NAME);
	const uint8_t *bytes = (const uint8_t *)icc.at;
	char name[TEXT_MAX];
	size_t n;

	if (icc.len == 0) {
		json_put_null(&f->json, "profile");
		return;
	}
	json_put_open(&f->json, "profile", '{');
	n = colour_profile_name(bytes, icc.len, name, sizeof(name));
	put_said(&f->json, "name", name, n);
	json_put_number(&f->json, "bytes", (double)icc.len);
	json_put_bool(
	    &f->json, "is_srgb", colour_profile_is_srgb(bytes, icc.len));
	json_put_close(&f->json, '}');
}

/* Dots per inch, where the file says so: 1 mm for a pixel means it does not. */
static void
put_density(struct info *f)
{
	double x = f->im->Xres;
	double y = f->im->Yres;

	if (!isfinite(x) || !isfinite(y) || x <= 0 || y <= 0 ||
	    (fabs(x - 1) < 1e-9 && fabs(y - 1) < 1e-9)) {
		json_put_null(&f->json, "density");
		return;
	}
	json_put_open(&f->json, "density", '{');
	json_put_number(&f->json, "x", round(x * 2540) / 100);
	json_put_number(&f->json, "y", round(y * 2540) / 100);
	json_put_close(&f->json, '}');
}

static void
put_header(struct info *f)
{
	const struct facts *facts = &f->r->facts;
	const struct format_row *row = format_row(f->r->from);
	uint32_t width = facts->original.width;
	uint32_t height = facts->original.height;
	bool swaps = turn_swaps(facts->orientation);

	json_put_text(&f->json, "format", slice_of(row->name));
	json_put_text(&f->json, "media_type", slice_of(row->media_type));
	json_put_number(&f->json, "bytes", (double)f->r->input.size);
	json_put_number(&f->json, "width", swaps ? height : width);
	json_put_number(&f->json, "height", swaps ? width : height);
	put_size(&f->json, "stored", width, height);
	json_put_number(&f->json, "orientation", facts->orientation);
	put_animation(f);
	put_pixels(f);
	put_profile(f);
	put_density(f);
}

/* ---- How it looks ---- */

/* As large as a look may be, or its own size, as it is stored. */
static bool
look_scale(const struct op_context *ctx, VipsImage *in,
    const struct image_size *size, VipsImage **out, struct err *e)
{
	double longest = fmax(size->width, size->height);
	double by = fmin(1, LOOK_SIDE / longest);
	struct pixel_scale to = { .field_width = in->Xsize,
		.field_height = in->Ysize,
		.width = (int)fmax(1, round(size->width * by)),
		.height = (int)fmax(1, round(size->height * by)),
		.kernel = VIPS_KERNEL_LANCZOS3 };
	scoped_image solid = NULL;
	scoped_image small = NULL;

	return pixel_premultiply(ctx, in, &solid, e) &&
	    pixel_resample(ctx, solid, &to, &small, e) &&
	    pixel_unpremultiply(ctx, small, out, e);
}

static bool
look_image(struct render *r, VipsImage **out, struct err *e)
{
	const struct image_size *size = &r->facts.original;
	uint32_t longest =
	    size->width > size->height ? size->width : size->height;
	struct op_context ctx = { .plan = r->plan,
		.original = *size,
		.pages = 1,
		.deadline_ns = r->job->deadline_ns,
		.profile = PROFILE_SRGB };
	scoped_image opened = NULL;
	scoped_image small = NULL;
	scoped_image colours = NULL;
	scoped_image turned = NULL;

	r->pages = 1;
	r->shrink = 1;
	r->scale = 1;
	while (r->from == FORMAT_JPEG && r->shrink < 8 &&
	    longest / (r->shrink * 2) >= LOOK_SIDE)
		r->shrink *= 2;
	if (r->from == FORMAT_WEBP && size->pages == 1 &&
	    longest > 2 * LOOK_SIDE)
		r->scale = 2.0 * LOOK_SIDE / longest;
	return open_pixels(r, &opened, e) &&
	    look_scale(&ctx, opened, size, &small, e) &&
	    colour_convert(&ctx, small, &colours, e) &&
	    turn_apply(&ctx, colours, r->facts.orientation, &turned, e) &&
	    pixel_read(&ctx, turned, out, e);
}

static void
look_fill(const VipsImage *in, uint8_t *rgba)
{
	size_t bands = (size_t)in->Bands;
	size_t pixels = (size_t)in->Xsize * (size_t)in->Ysize;

	for (size_t i = 0; i < pixels; i++, rgba += 4) {
		const uint8_t *p = in->data + i * bands;

		rgba[0] = p[0];
		rgba[1] = p[bands < 3 ? 0 : 1];
		rgba[2] = p[bands < 3 ? 0 : 2];
		rgba[3] = bands == 2 ? p[1] : bands > 3 ? p[3] : 255;
	}
}

static void
put_colour(struct json_out *j, const char *name, const uint8_t rgb[3])
{
	char text[2 + 6] = "#";

	codec_hex(rgb, 3, text + 1);
	json_put_text(j, name, slice_of(text));
}

static void
put_look(struct info *f, const struct look *look)
{
	struct look_colour colour[LOOK_COLOURS];
	uint8_t thumb[LOOK_THUMBHASH_MAX];
	char text[LOOK_BLURHASH_MAX];
	uint8_t average[3];
	bool wide = look->width > look->height;
	bool tall = look->height > look->width;
	size_t n = look_colours(look, colour);

	if (n > 0)
		f->r->facts.colour = 1U << 24 |
		    (uint32_t)colour[0].rgb[0] << 16 |
		    (uint32_t)colour[0].rgb[1] << 8 | colour[0].rgb[2];
	look_average(look, average);
	put_colour(&f->json, "average", average);
	json_put_open(&f->json, "dominant", '[');
	for (size_t i = 0; i < n; i++) {
		json_put_open(&f->json, NULL, '{');
		put_colour(&f->json, "colour", colour[i].rgb);
		json_put_number(
		    &f->json, "share", round(colour[i].share * 1000) / 1000);
		json_put_close(&f->json, '}');
	}
	json_put_close(&f->json, ']');
	look_blurhash(look, tall ? 3 : 4, wide ? 3 : 4, text);
	json_put_text(&f->json, "blurhash", slice_of(text));
	n = look_thumbhash(look, thumb);
	_Static_assert(
	    4 * ((LOOK_THUMBHASH_MAX + 2) / 3) + 1 <= LOOK_BLURHASH_MAX,
	    "a thumbhash as text has room");
	codec_base64_encode(thumb, n, false, text);
	json_put_text(&f->json, "thumbhash", slice_of(text));
	snprintf(text, sizeof(text), "%016" PRIx64, look_phash(look));
	json_put_text(&f->json, "phash", slice_of(text));
}

/* ---- All of it ---- */

bool
info_has_steps(const struct plan *p)
{
	for (size_t i = 0; i < p->nstep; i++)
		if (p->step[i].op != OP_AUTOORIENT)
			return true;
	return false;
}

static bool
info_write(struct info *f, const struct look *look, struct err *e)
{
	struct render *r = f->r;

	json_put_open(&f->json, NULL, '{');
	put_header(f);
	if (info_has_steps(r->plan))
		put_size(&f->json, "result", r->width, r->height);
	put_look(f, look);
	put_carries(f);
	put_exif(f);
	put_xmp_iptc(f);
	json_put_close(&f->json, '}');
	return !f->json.text.full ||
	    err_set(e, ERR_INTERNAL, "info is too long");
}

bool
info_make(struct render *r, struct image_result *result, struct err *e)
{
	struct info f = { .r = r,
		.im = r->opened,
		.keep = (unsigned)out_get(r->plan, OUT_KEEP).set };
	struct facts *facts = &r->facts;
	uint8_t *rgba;
	struct look look;
	scoped_image small = NULL;
	bool good;

	if (!look_image(r, &small, e))
		return false;
	look.width = (size_t)small->Xsize;
	look.height = (size_t)small->Ysize;
	look.rgba = rgba = xcalloc(look.width * look.height, 4);
	look_fill(small, rgba);
	f.json.text.at = g_malloc(INFO_MAX);
	f.json.text.size = INFO_MAX;
	good = info_write(&f, &look, e);
	free(rgba);
	result->bytes = (uint8_t *)f.json.text.at;
	result->size = f.json.text.len;
	facts->to = r->to;
	facts->result = (struct image_size){ r->width, r->height, 1 };
	facts->alpha = 0;
	facts->shrink =
	    r->shrink > 1 ? r->shrink : (uint32_t)lround(1 / r->scale);
	return good;
}
