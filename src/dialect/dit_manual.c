/* SPDX-License-Identifier: Apache-2.0 */
/* What the edits of the DIT language mean, where op.def does not say it. */
#include "dialect/dit.h"

static const struct {
	const char *name;
	const char *value;
	const char *text;
} words[] = {
	{ "animated", "true or false",
	    "All frames, or the first one; without it all where the original "
	    "is a GIF." },
	{ "crop", "{left, top, width, height}",
	    "As extract. After a resize the area is one of its result." },
	{ "greyscale", "true", "The same as grayscale." },
	{ "boolean", "-",
	    "Refused, as there: it needs two arguments and has one." },
	{ "joinChannel", "-",
	    "Refused: it names files of the server, and none may be read." },
	{ "normalize", "true or {lower, upper}", "The same as normalise." },
	{ "overlayWith", "{bucket, key, alpha, wRatio, hRatio, options}",
	    "Lay another image of the stores over this one." },
	{ "roundCrop", "true or {left, top, rx, ry}",
	    "Cut out an ellipse; the rest is clear." },
	{ "rotate", "degrees, null, or \"auto\"",
	    "Turn clockwise, background black. null: leave EXIF's orientation "
	    "alone and take metadata away. auto: as the camera was held." },
	{ "smartCrop", "true or {faceIndex, padding}",
	    "Cut out what attracts the eye, half of each side. Faces are not "
	    "looked for: that area stands for the first one." },
	{ "contentModeration", "true or an object",
	    "Blur what a service finds to be unsafe." },
	{ "toColorspace", "a word", "The same as toColourspace." },
	{ "toColourspace", "a word",
	    "b-w makes the result grey; with any other it is sRGB." },
	{ "pipelineColorspace", "a word", "The same as pipelineColourspace." },
	{ "pipelineColourspace", "a word",
	    "Of no effect: the work is done in sRGB, as deep as the image." },
	{ "toFormat", "a word",
	    "Format of the result: jpeg, jpg, png, webp, avif, gif, ..." },
	{ "extractChannel", "a word or a number", "One band of the image." },
	{ "ensureAlpha", "null, or a number from 0 to 1",
	    "Give the image an alpha channel." },
	{ "removeAlpha", "true", "Take the alpha channel away." },
	{ "heif", "an object",
	    "Options of the encoder: as avif, with compression av1." },
};

bool
dit_word(size_t i, struct dialect_word *out)
{
	bool later;
	const char *name = dit_edit_name(i, &later);
	enum format format;
	enum op op;

	if (name == NULL || later)
		return false;
	*out = (struct dialect_word){ .name = name };
	for (size_t k = 0; k < NELEM(words); k++) {
		if (strcmp(words[k].name, name) == 0) {
			out->value = words[k].value;
			out->text = words[k].text;
			return true;
		}
	}
	if (op_find(slice_of(name), &op)) {
		out->op = op_row(op);
		return true;
	}
	out->value = "an object";
	out->text = format_find(slice_of(name), &format)
	    ? "Write in this format, with options of its encoder."
	    : "As sharp's method of that name.";
	return true;
}
