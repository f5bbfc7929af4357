/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the query language's parameters mean, where no row of op.def or
 * format.def says it, and an example of each. A parameter without a row here
 * has one made from its type.
 */
#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "dialect/query.h"

static const struct {
	const char *value; /* what may stand there; NULL: the row says it */
	const char *def;
	const char *text;
	const char *example;
} words[Q_OUTS] = {
	[Q_WIDTH] = { .example = "width=300" },
	[Q_HEIGHT] = { .example = "height=200" },
	[Q_RATIO] = { .example = "ratio=0.5" },
	[Q_DPR] = { NULL, NULL,
	    "Factor for width and height: how many pixels of the screen make "
	    "one of the page.",
	    "width=100&dpr=2" },
	[Q_FIT] = { NULL, "cover with both sides given, else inside", NULL,
	    "width=300&height=200&fit=contain" },
	[Q_POSITION] = { "centre, north, northeast, east, southeast, south, "
			 "southwest, west, northwest; top, right top, right, "
			 "right bottom, bottom, left bottom, left, left top; "
			 "entropy, attention",
	    "centre",
	    "Which part stays with cover, where the image lies with contain. "
	    "entropy keeps where most happens, attention what people look at.",
	    "width=200&height=200&position=attention" },
	[Q_FOCUS] = { "x,y, each from 0 (left, top) to 1", "none",
	    "Point that cover keeps in view, instead of a position.",
	    "width=200&height=200&focus=0.5,0.2" },
	[Q_KERNEL] = { .example = "width=300&kernel=cubic" },
	[Q_ENLARGE] = { "true or false", "false, but with ratio true",
	    "Whether the image may become larger than it is.",
	    "width=600&enlarge=true" },
	[Q_NO_ENLARGE] = { "true or false", "true, but with ratio false",
	    "The opposite of enlarge, as sharp says it.",
	    "width=600&without_enlargement=false" },
	[Q_NO_REDUCE] = { .example = "width=30&without_reduction=true" },
	[Q_AUTOORIENT] = { "true or false", "true",
	    "Turn and mirror the image as its EXIF orientation says.",
	    "autoorient=false" },
	[Q_ROTATE] = { "-3600 to 3600 degrees", "0",
	    "Turn the image clockwise; other angles than multiples of 90 "
	    "enlarge the canvas, whose corners have the background's colour.",
	    "rotate=90" },
	[Q_EXTRACT] = { "left,top,width,height, each in pixels or as 10% or "
			"10p (percent)",
	    "the whole image",
	    "Cut out an area, before anything is scaled; it must lie inside "
	    "the image.",
	    "extract=10p,10p,50p,50p" },
	[Q_FLATTEN] = { "true, false, or a colour",
	    "true with a solid background, else false",
	    "Lay the image on a background; the result has no alpha. true is "
	    "the background's colour, or white.",
	    "flatten=white" },
	[Q_BACKGROUND] = { NULL, "clear",
	    "Colour of what the image leaves free: the bars of contain, the "
	    "corners of rotate. A solid one lies behind clear pixels, too, "
	    "unless flatten=false.",
	    "width=300&height=300&fit=contain&background=navy" },
	[Q_OVERLAY] = { "KEY, or //STORE/KEY of any store of the mount", "none",
	    "Another image, to be laid on this one.", "overlay=logo.png" },
	[Q_OVERLAY2] = { "as overlay", "none", "A second one.",
	    "overlay=logo.png&overlay2=logo.png&composite=west"
	    "&composite2=east" },
	[Q_OVERLAY3] = { "as overlay", "none", "A third one.",
	    "overlay=logo.png&overlay2=logo.png&overlay3=logo.png" },
	[Q_OVERLAY4] = { "as overlay", "none", "A fourth one.",
	    "overlay=logo.png&overlay2=logo.png&overlay3=logo.png"
	    "&overlay4=logo.png" },
	[Q_COMPOSITE] = { "values as of an operation", "in the middle",
	    "How overlay is laid on: values in the order of the operation's "
	    "arguments, or by name.",
	    "overlay=logo.png&composite=southeast,opacity:50" },
	[Q_COMPOSITE2] = { "as composite", "in the middle",
	    "How overlay2 is laid on; source:1 takes the first one again.",
	    "overlay=logo.png&composite=west&composite2=east,source:1" },
	[Q_COMPOSITE3] = { "as composite", "in the middle",
	    "How overlay3 is laid on.",
	    "overlay=logo.png&overlay2=logo.png&overlay3=logo.png"
	    "&composite3=north" },
	[Q_COMPOSITE4] = { "as composite", "in the middle",
	    "How overlay4 is laid on.",
	    "overlay=logo.png&overlay2=logo.png&overlay3=logo.png"
	    "&overlay4=logo.png&composite4=south" },
	[Q_FORMAT] = { "auto, same, or the name of a format that can be "
		       "written; see pictor formats",
	    "same",
	    "Format of the result. auto is the best one that the "
	    "client accepts, same the original's own.",
	    "format=webp" },
	[Q_INFO] = { "true or false", "false",
	    "No picture but what is known of the original, as JSON: the same "
	    "as format=info.",
	    "info=true" },
	[Q_MOZJPEG] = { "true or false", "false",
	    "JPEG: all that mozjpeg has to make the result smaller, where "
	    "libvips has mozjpeg.",
	    "mozjpeg=true&format=jpeg" },
	[Q_PAGE] = { NULL, NULL,
	    "First page or frame of the original that is read, from 0.",
	    "page=0" },
	[Q_PAGES] = { NULL,
	    "all of an animation if the result can move, else 1",
	    "How many pages or frames are read.", "pages=1" },
	[Q_DENSITY] = { NULL, NULL,
	    "SVG, PDF: pixels of an inch; it makes the drawing larger or "
	    "smaller.",
	    "density=144" },
	[Q_ANIMATED] = { "true or false", "true",
	    "false: the first frame of an animation alone.", "animated=false" },
};

/* A value that is inside the row's limits, and its default if that says most. */
static void
print_value(const struct arg_row *row, char *out, size_t size)
{
	char text[ARG_TEXT_MAX] = "";
	union arg value = { .whole = 0 };
	double number =
	    isnan(row->def) ? fmax(row->min, fmin(row->max, 5)) : row->def;

	switch (row->type) {
	case ARG_BOOL:
		(void)snprintf(out, size, "true");
		return;
	case ARG_PICK:
		value.pick = row->choices[1] != NULL;
		break;
	case ARG_SET:
		value.set = 1;
		break;
	case ARG_COLOUR:
		(void)snprintf(out, size, "teal");
		return;
	case ARG_NUM:
		value.num = number;
		break;
	case ARG_WHOLE:
		value.whole = (int64_t)number;
		break;
	case ARG_LENGTH:
		value.length.value = (float)number;
		break;
	case ARG_LIST:
		num_print(row->min > 0 ? row->min : 0, text);
		break;
	}
	if (row->type != ARG_LIST)
		arg_print(row, value, text);
	(void)snprintf(out, size, "%s", text);
}

/* With the first format that it is for, or it would say nothing. */
static void
make_example(enum out arg, struct dialect_word *out)
{
	static const struct {
		enum out out;
		const char *example;
	} better[] = {
		{ OUT_QUALITY, "quality=60" },
		{ OUT_KEEP, "keep=icc,exif" },
		{ OUT_DELAY, "delay=100,200&format=gif" },
		{ OUT_BITDEPTH, "bitdepth=8&format=avif" },
	};
	char value[ARG_TEXT_MAX];
	unsigned f = FORMAT_FIRST;

	for (size_t i = 0; i < NELEM(better); i++) {
		if (better[i].out == arg) {
			(void)snprintf(out->example, sizeof(out->example), "%s",
			    better[i].example);
			return;
		}
	}
	print_value(out_row(arg), value, sizeof(value));
	while (f < FORMAT_COUNT && (out_formats(arg) & FORMAT_BIT(f)) == 0)
		f++;
	(void)snprintf(out->example, sizeof(out->example), "%s=%s%s%s",
	    out->name, value, f < FORMAT_COUNT ? "&format=" : "",
	    f < FORMAT_COUNT ? format_row((enum format)f)->name : "");
}

static void
param_word(size_t i, struct dialect_word *out)
{
	const struct param_row *row = &query_params[i];

	*out = (struct dialect_word){ .name = row->name,
		.value = words[i].value,
		.def = words[i].def,
		.text = words[i].text };
	for (size_t k = 0; k < NELEM(row->alias); k++)
		out->alias[k] = row->alias[k];
	out->arg = row->kind == KIND_RESIZE ? &op_row(OP_RESIZE)->arg[row->arg]
					    : query_own((enum param)i);
	if (out->arg == NULL && out->value == NULL)
		out->value =
		    row->kind == KIND_SWITCH ? "true or false" : "a value";
	if (out->text == NULL && out->arg == NULL)
		out->text = "Not described.";
	(void)snprintf(out->example, sizeof(out->example), "%s",
	    words[i].example != NULL ? words[i].example : "");
}

static void
out_word(enum out arg, struct dialect_word *out)
{
	size_t n = 0;

	*out = (struct dialect_word){ .name = out_row(arg)->name,
		.arg = out_row(arg) };
	for (size_t i = 0; query_out_aliases[i].name != NULL; i++)
		if (query_out_aliases[i].out == arg &&
		    n + 1 < NELEM(out->alias))
			out->alias[n++] = query_out_aliases[i].name;
	make_example(arg, out);
}

bool
query_word(size_t i, struct dialect_word *out)
{
	if (i < Q_OUTS) {
		param_word(i, out);
		return true;
	}
	i -= Q_OUTS;
	for (unsigned arg = 0; arg < OUT_COUNT; arg++) {
		if (!query_has_out((enum out)arg) || i-- != 0)
			continue;
		out_word((enum out)arg, out);
		return true;
	}
	for (unsigned op = 0; op < OP_COUNT; op++) {
		if (!query_is_plain((enum op)op) || i-- != 0)
			continue;
		*out = (struct dialect_word){ .name = op_row((enum op)op)->name,
			.op = op_row((enum op)op) };
		(void)snprintf(out->example, sizeof(out->example), "%s",
		    op_row((enum op)op)->example);
		return true;
	}
	return false;
}
