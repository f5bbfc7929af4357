/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's own look at what comes back. */
#include "render/check.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "conf/conf.h"

enum { CHECK_PAGES_MAX = 10000000, CHECK_SHRINK_MAX = 65536 };

bool
check_original(const struct render_job *job, const uint8_t *bytes, size_t size,
    enum format *format, struct err *e)
{
	enum format found = FORMAT_SAME;

	if (size == 0)
		return err_set(e, ERR_EMPTY, "0 bytes");
	if (!format_sniff(bytes, size, &found))
		return err_set(
		    e, ERR_NOT_AN_IMAGE, "the first bytes are of no format");
	if ((FORMAT_BIT(found) & job->originals) == 0)
		return err_set(e, ERR_NOT_AN_IMAGE,
		    "%s originals are not enabled", format_row(found)->name);
	*format = found;
	return true;
}

static bool
check_lie(struct err *e, const char *what)
{
	return err_set(e, ERR_INTERNAL, "worker's answer: %s", what);
}

static bool
size_is_sane(const struct image_size *s, uint64_t side)
{
	return s->width >= 1 && s->width <= side && s->height >= 1 &&
	    s->height <= side && s->pages >= 1 && s->pages <= CHECK_PAGES_MAX;
}

static bool
format_is_real(uint32_t format)
{
	return format >= FORMAT_FIRST && format < FORMAT_COUNT;
}

static bool
check_facts(const struct render_job *job, const struct facts *f, struct err *e)
{
	uint64_t side = (uint64_t)job->conf->limit_side;
	uint64_t pixels;

	if (!format_is_real(f->from) || !format_is_real(f->to))
		return check_lie(e, "no such format");
	if ((FORMAT_BIT(f->from) & job->originals) == 0)
		return check_lie(e, "a format of the original not enabled");
	if (!size_is_sane(&f->original, side) ||
	    !size_is_sane(&f->result, side))
		return check_lie(e, "size out of range");
	/* At most 2^20 * 2^20 * 2^24: fits. */
	pixels = (uint64_t)f->result.width * f->result.height * f->result.pages;
	if (f->unchanged == 0 && f->to != FORMAT_INFO &&
	    pixels > (uint64_t)job->conf->limit_result_pixels)
		return check_lie(e, "more pixels than allowed");
	if (f->alpha > 1 || f->unchanged > 1 || f->shrink > CHECK_SHRINK_MAX ||
	    f->orientation > 8 || f->profile > 1 ||
	    (f->colour != 0 && f->colour >> 24 != 1))
		return check_lie(e, "facts out of range");
	if (f->open_ns < 0 || f->work_ns < 0)
		return check_lie(e, "times out of range");
	return true;
}

/* "jpeg, webp" */
static void
formats_print(format_set set, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (int f = FORMAT_FIRST; f < FORMAT_COUNT; f++) {
		int n;

		if ((set & FORMAT_BIT(f)) == 0)
			continue;
		n = snprintf(out + at, size - at, "%s%s", at > 0 ? ", " : "",
		    format_row((enum format)f)->name);
		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}

static bool
is_data(uint32_t format)
{
	return (format_row((enum format)format)->flags & F_DATA) != 0;
}

static bool
check_format(const struct render_job *job, const struct facts *f, struct err *e)
{
	uint16_t asked = job->plan->out.format;
	const char *name = format_row((enum format)f->to)->name;
	bool passed = f->unchanged == 1 && f->to == f->from;
	char list[ERR_TEXT_MAX];

	/* What is no picture is given only to who asks for it, and then only
	 * that. */
	if (f->to != asked && (is_data(f->to) || is_data(asked)))
		return check_lie(e, "not the kind of answer asked for");
	if (asked >= FORMAT_FIRST && f->to != asked && !passed)
		return check_lie(e, "not the format asked for");
	if ((FORMAT_BIT(f->to) & job->results) != 0)
		return true;
	if (asked >= FORMAT_FIRST && f->to == asked)
		return check_lie(e, "a format of the result not enabled");
	/* The plan left it to the original, and the mount does not allow it. */
	formats_print(job->results, list, sizeof(list));
	return err_param(
	    e, ERR_BAD_VALUE, "format", name, slice_of(name).len, "%s", list);
}

/*
 * What was read in the original is said in it: so it is one object, and
 * well-formed UTF-8 and JSON from end to end.
 */
static bool
check_info(const uint8_t *bytes, size_t size, struct err *e)
{
	struct slice text = { (const char *)bytes, size };
	scoped_json json = NULL;
	struct err why;

	if (size == 0 || size > INFO_MAX)
		return check_lie(e, "no JSON, or too much");
	if (memchr(bytes, '\0', size) != NULL)
		return check_lie(e, "a zero byte in JSON");
	json = json_read(text, &why);
	return json_is_object(json) || check_lie(e, "no JSON object");
}

/* One to four bytes for each pixel, and nothing to know them by. */
static bool
check_raw(const struct plan *p, const struct facts *facts, size_t size)
{
	uint64_t pixels = (uint64_t)facts->result.width * facts->result.height *
	    facts->result.pages;

	uint64_t bytes = out_get(p, OUT_DEPTH).whole > 8 ? 2 : 1;

	return size % (pixels * bytes) == 0 && size / pixels <= 4 * bytes;
}

bool
check_result(const struct render_job *job, const struct facts *facts,
    const uint8_t *bytes, size_t size, struct err *e)
{
	enum format found = FORMAT_SAME;

	if (facts->to == FORMAT_INFO)
		return check_facts(job, facts, e) &&
		    check_format(job, facts, e) && check_info(bytes, size, e);
	if (!check_facts(job, facts, e) || !check_format(job, facts, e))
		return false;
	if (size == 0 || size > (uint64_t)job->conf->limit_result_bytes)
		return check_lie(e, "no bytes, or too many");
	if (facts->to == FORMAT_RAW
		? !check_raw(job->plan, facts, size)
		: !format_sniff(bytes, size, &found) || found != facts->to)
		return check_lie(e, "the bytes are of another format");
	return true;
}
