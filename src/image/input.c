/* SPDX-License-Identifier: Apache-2.0 */
/* The original's bytes. */
#include "image/input.h"

#include <string.h>

#include "image/watch.h"

enum { INPUT_LOOK = FORMAT_SNIFF, INPUT_FIRST = 64 * 1024 };

/* More room, at least need bytes in all; false: no memory. */
static bool
input_grow(struct input *in, size_t need)
{
	size_t room = in->room == 0 ? INPUT_FIRST : in->room * 2;
	uint8_t *bigger;

	if (need <= in->room)
		return true;
	if (room < need)
		room = need;
	bigger = realloc(in->head, room);
	if (bigger == NULL)
		return false;
	in->head = bigger;
	in->room = room;
	return true;
}

/* Reads ahead until want bytes are there, or the end, or it breaks. */
static bool
input_ahead(struct input *in, size_t want, struct err *e)
{
	while (in->nhead < want && !in->ended && !in->broken) {
		if (!watch_check(in->watch, e))
			return false;
		if (!input_grow(in, in->nhead + 1))
			return err_set(e, ERR_TOO_LARGE,
			    "no memory for %zu bytes", in->nhead);

		int64_t n = in->from->read(
		    in->from->from, in->head + in->nhead, in->room - in->nhead);

		in->ended = n == 0;
		in->broken = n < 0;
		if (n > 0)
			in->nhead += (size_t)n;
	}
	in->bytes = in->nhead;
	return true;
}

bool
input_open(struct input *in, const struct image_input *from,
    struct watch *watch, struct err *e)
{
	*in = (struct input){ .from = from, .watch = watch };
	if (from->data != NULL || from->read == NULL) {
		in->data = from->data;
		in->size = from->size;
		in->bytes = from->size;
	} else if (!input_ahead(in, INPUT_LOOK, e)) {
		return false;
	}
	if (in->broken)
		return err_set(
		    e, ERR_TRUNCATED, "broke off after %zu bytes", in->nhead);
	if (in->bytes == 0)
		return err_set(e, ERR_EMPTY, "no bytes");
	return true;
}

void
input_close(struct input *in)
{
	g_clear_object(&in->source);
	free(in->head);
	in->head = NULL;
}

const uint8_t *
input_look(const struct input *in, size_t *size)
{
	*size = in->data != NULL ? in->size : in->nhead;
	return in->data != NULL ? in->data : in->head;
}

bool
input_whole(struct input *in, size_t most, bool *whole, struct err *e)
{
	if (in->data == NULL) {
		size_t want = most < SIZE_MAX ? most + 1 : most;

		if (!input_ahead(in, want, e))
			return false;
		if (in->broken)
			return err_set(e, ERR_TRUNCATED,
			    "broke off after %zu bytes", in->nhead);
		if (in->ended) {
			in->data = in->head;
			in->size = in->nhead;
		}
	}
	*whole = in->data != NULL && in->size <= most;
	return true;
}

/* VipsSourceCustom's "read": on libvips' threads, one call at a time. */
static gint64
input_read(VipsSourceCustom *source, void *out, gint64 size, void *data)
{
	struct input *in = data;
	size_t left = in->nhead - in->given;
	int64_t n;

	(void)source;
	if (size <= 0 || in->broken || watch_stop(in->watch))
		return -1;
	if (left > 0) {
		n = (int64_t)left < size ? (int64_t)left : size;
		memcpy(out, in->head + in->given, (size_t)n);
		in->given += (size_t)n;
		return n;
	}
	if (in->ended)
		return 0;
	n = in->from->read(in->from->from, out, (size_t)size);
	in->ended = n == 0;
	in->broken = n < 0;
	if (n > 0)
		in->bytes += (uint64_t)n;
	return n;
}

VipsSource *
input_source(struct input *in)
{
	if (in->source == NULL) {
		VipsSourceCustom *custom = vips_source_custom_new();

		/* No "seek": with one the JPEG loader waits for the end. */
		g_signal_connect(custom, "read", G_CALLBACK(input_read), in);
		in->source = VIPS_SOURCE(custom);
	}
	return in->source;
}
