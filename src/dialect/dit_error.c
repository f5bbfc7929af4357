/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as DIT says them: status, code and message in a small JSON object,
 * without Cache-Control. The texts are part of its protocol.
 */
#include <assert.h>
#include <stdio.h>

#include "base/codec.h"
#include "dialect/dit.h"

/* What the '%s' of a message stands for. */
enum fill { FILL_NONE, FILL_KEY, FILL_VALUE, FILL_PARAM };

struct fault {
	const char *code;
	const char *message;
	int status; /* 0: the error's own */
	enum fill fill;
};

/* clang-format off */
static const struct fault faults[DIT_FAULTS] = {
	[DIT_PROCESSING] = { "ProcessingFailure",
	    "Image processing failed.", 500, FILL_NONE },
	[DIT_RESIZE] = { "InvalidResizeException",
	    "The image size is invalid.", 400, FILL_NONE },
	[DIT_CROP] = { "Crop::AreaOutOfBounds",
	    "The cropping area you provided exceeds the boundaries of the "
	    "original image. Please try choosing a correct cropping value.",
	    400, FILL_NONE },
	[DIT_BUCKET] = { "ImageBucket::CannotAccessBucket",
	    "The bucket you specified could not be accessed. Please check "
	    "that the bucket is specified in your SOURCE_BUCKETS.",
	    403, FILL_NONE },
	[DIT_NO_BUCKETS] = { "GetAllowedSourceBuckets::NoSourceBuckets",
	    "This mount has no store.", 400, FILL_NONE },
	[DIT_REQUEST_TYPE] = { "RequestTypeError",
	    "The type of request you are making could not be processed. "
	    "Please ensure that your original image is of a supported file "
	    "type (jpg/jpeg, png, tiff/tif, webp, svg, gif, avif) and that "
	    "your image request is provided in the correct syntax. Refer to "
	    "the documentation for additional guidance on forming image "
	    "requests.", 400, FILL_NONE },
	[DIT_INTERNAL] = { "InternalError",
	    "Internal error. Please contact the system administrator.",
	    500, FILL_NONE },
	[DIT_FORMAT] = { "UnsupportedOutputImageFormatException",
	    "Format to %s not supported", 500, FILL_VALUE },
	[DIT_NO_KEY] = { "NoSuchKey",
	    "The image %s does not exist or the request may not be base64 "
	    "encoded properly.", 404, FILL_KEY },
	[DIT_INSTANTIATION] = { "InstantiationError",
	    "Input image could not be instantiated. Please choose a valid "
	    "image.", 400, FILL_NONE },
	[DIT_RESULT_SIZE] = { "TooLargeImageException",
	    "The converted image is too large to return.", 413, FILL_NONE },
	[DIT_HEADER] = { "BadRequest",
	    "The header %s cannot be sent.", 400, FILL_PARAM },
	[DIT_NOT_SUPPORTED] = { "NotSupported",
	    "%s is not supported yet.", 501, FILL_PARAM },
	[DIT_BAD_REQUEST] = { "BadRequest",
	    "The request asks for more work than this server allows.",
	    400, FILL_NONE },
	[DIT_RETRIEVAL] = { "ImageRetrieval::CannotRetrieveImage",
	    "The image could not be retrieved.", 0, FILL_NONE },
	[DIT_QUERY] = { "QueryParameterParsingError",
	    "Query parameter parsing failed", 400, FILL_NONE },
	[DIT_EXPIRY] = { "ImageRequestExpiryFormat",
	    "Request has invalid expires value. The expires query param "
	    "should map to a real date and follow the following format: "
	    "YYYYMMDDTHHmmssZ (Ex: Jan 2nd, 1970 at 12:03:04PM UTC becomes "
	    "19700102T120304Z).", 400, FILL_NONE },
	[DIT_EXPIRED] = { "ImageRequestExpired",
	    "Request has expired.", 400, FILL_NONE },
	[DIT_OVERLAY] = { "OverlayImageException",
	    "The overlay image could not be applied. Please contact the "
	    "system administrator.", 400, FILL_NONE },
	[DIT_OVERLAY_BUCKET] = { "ImageBucket::CannotAccessBucket",
	    "The overlay image bucket you specified could not be accessed. "
	    "Please check that the bucket is specified in your "
	    "SOURCE_BUCKETS.", 403, FILL_NONE },
	[DIT_OVERLAY_SIZE] = { "BadRequest",
	    "Image to overlay must have same dimensions or smaller",
	    400, FILL_NONE },
	[DIT_FACE] = { "SmartCrop::FaceIndexOutOfRange",
	    "You have provided a FaceIndex value that exceeds the length of "
	    "the zero-based detectedFaces array. Please specify a value that "
	    "is in-range.", 400, FILL_NONE },
	[DIT_PADDING] = { "SmartCrop::PaddingOutOfBounds",
	    "The padding is not a number, or leaves nothing of the image.",
	    400, FILL_NONE },
};

/* Errors of the stages after parsing; their own status where the row has none. */
static const enum dit_fault of_code[ERR_COUNT] = {
	[ERR_BAD_VALUE] = DIT_PROCESSING,
	[ERR_TOO_COSTLY] = DIT_BAD_REQUEST,
	[ERR_NO_SOURCE] = DIT_NO_KEY,
	[ERR_EXPIRED] = DIT_EXPIRED,
	[ERR_TOO_LARGE] = DIT_RESULT_SIZE,
	[ERR_NOT_AN_IMAGE] = DIT_INSTANTIATION,
	[ERR_BAD_IMAGE] = DIT_INSTANTIATION,
	[ERR_TRUNCATED] = DIT_INSTANTIATION,
	[ERR_EMPTY] = DIT_INSTANTIATION,
	[ERR_TOO_MANY_PIXELS] = DIT_INSTANTIATION,
	[ERR_BAD_GEOMETRY] = DIT_PROCESSING,
	[ERR_POISON] = DIT_INSTANTIATION,
	[ERR_INTERNAL] = DIT_INTERNAL,
	[ERR_NOT_SUPPORTED] = DIT_NOT_SUPPORTED,
	[ERR_ORIGIN_DENIED] = DIT_RETRIEVAL,
	[ERR_ORIGIN_FAILED] = DIT_RETRIEVAL,
	[ERR_ORIGIN_CHANGED] = DIT_RETRIEVAL,
	[ERR_ORIGIN_TIMEOUT] = DIT_RETRIEVAL,
	[ERR_WORKER_DIED] = DIT_PROCESSING,
};
/* clang-format on */

bool
dit_fail(struct err *e, enum err_code code, enum dit_fault fault,
    const char *param, const char *value)
{
	struct slice v = slice_of(value);

	err_param(e, code, param, v.at, v.len, "%s", faults[fault].code);
	e->own = (int)fault;
	return false;
}

bool
dit_refuse(struct err *e, const char *edit)
{
	return dit_fail(e, ERR_BAD_VALUE, DIT_PROCESSING, edit, NULL);
}

bool
dit_later(struct err *e, const char *what)
{
	return dit_fail(e, ERR_NOT_SUPPORTED, DIT_NOT_SUPPORTED, what, NULL);
}

/*
 * DIT looks at the pixel limit at another place when metadata is to be
 * stripped (dit.md, 2.1).
 */
static bool
stripped(const struct plan *p)
{
	return out_has(p, OUT_KEEP) && out_get(p, OUT_KEEP).set == 0;
}

/* The image's fault or its store's, and not that there is no time for it. */
static bool
is_of_image(const struct err *e)
{
	enum dit_fault fault = of_code[e->code];

	return fault == DIT_NO_KEY || fault == DIT_RESULT_SIZE ||
	    fault == DIT_INSTANTIATION || fault == DIT_RETRIEVAL ||
	    e->code == ERR_BAD_GEOMETRY;
}

static enum dit_fault
find_fault(const struct err *e, const struct plan *p)
{
	if (e->own > DIT_NONE && e->own < DIT_FAULTS)
		return (enum dit_fault)e->own;
	if (e->source > 0 && is_of_image(e))
		return e->code == ERR_BAD_GEOMETRY ? DIT_OVERLAY_SIZE
						   : DIT_OVERLAY;
	if (e->code == ERR_BAD_GEOMETRY && strcmp(e->param, "smartcrop") == 0)
		return DIT_PADDING;
	if (e->code == ERR_TOO_MANY_PIXELS && p != NULL && stripped(p))
		return DIT_PROCESSING;
	return of_code[e->code];
}

static struct slice
filling(const struct err *e, const struct plan *p, enum fill fill)
{
	switch (fill) {
	case FILL_NONE:
		break;
	case FILL_KEY:
		return p != NULL && p->nsource > 0 && p->source[0].key.len > 0
		    ? plan_slice(p, p->source[0].key)
		    : slice_of(e->value);
	case FILL_VALUE:
		return slice_of(e->value);
	case FILL_PARAM:
		return slice_of(e->param);
	}
	return SLICE("");
}

/* "too-many-requests" as "TooManyRequests": for errors that DIT has not. */
static void
camel_case(const char *code, char *out, size_t size)
{
	size_t n = 0;
	bool up = true;

	for (; *code != '\0' && n + 1 < size; code++) {
		if (*code == '-') {
			up = true;
			continue;
		}
		out[n++] = (char)(up ? *code - 'a' + 'A' : *code);
		up = false;
	}
	out[n] = '\0';
}

/* An error that DIT has not, in its form. */
static void
put_ours(struct text *body, const struct err_row *row)
{
	char name[64];

	camel_case(row->code, name, sizeof(name));
	text_printf(body, "{\"status\":%d,\"code\":\"%s\",\"message\":\"%s\"}",
	    row->status, name, row->text);
}

static void
put_theirs(
    struct text *body, const struct fault *f, int status, struct slice fill)
{
	const char *after = strstr(f->message, "%s");
	char escaped[DIALECT_BODY - 512];

	text_printf(body, "{\"status\":%d,\"code\":\"%s\",\"message\":\"",
	    status, f->code);
	if (after == NULL) {
		text_put(body, slice_of(f->message));
	} else {
		codec_json_escape(fill, escaped, sizeof(escaped));
		text_put(body,
		    (struct slice){ f->message, (size_t)(after - f->message) });
		text_put(body, slice_of(escaped));
		text_put(body, slice_of(after + 2));
	}
	text_put(body, SLICE("\"}"));
}

void
dit_error(const struct err *e, const struct plan *p, struct dialect_error *out)
{
	const struct err_row *row = err_row(e->code);
	enum dit_fault fault = find_fault(e, p);
	const struct fault *f = &faults[fault];
	struct text body = { .at = out->body, .size = sizeof(out->body) };

	memset(out, 0, sizeof(*out));
	out->media_type = "application/json";
	out->status = f->status != 0 ? f->status : row->status;
	if (fault == DIT_NONE)
		put_ours(&body, row);
	else
		put_theirs(&body, f, out->status, filling(e, p, f->fill));
	assert(!body.full);
	out->size = body.len;
}
