/* SPDX-License-Identifier: Apache-2.0 */
#include "http/range.h"

#include "base/num.h"

/* Digits only; a number that is too large is larger than every size. */
static bool
read_position(struct slice text, uint64_t *out)
{
	int64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	*out =
	    num_int(text, 0, INT64_MAX, &value) ? (uint64_t)value : UINT64_MAX;
	return true;
}

/* "-500": the last so many bytes. */
static enum range_answer
read_suffix(struct slice count, uint64_t size, struct range *out)
{
	uint64_t n = 0;

	if (!read_position(count, &n))
		return RANGE_NONE;
	if (n == 0 || size == 0)
		return RANGE_OUTSIDE;
	out->length = n < size ? n : size;
	out->first = size - out->length;
	return RANGE_PART;
}

/* "100-199" and "100-". */
static enum range_answer
read_span(struct slice text, uint64_t size, struct range *out)
{
	struct slice first_text = slice_cut(&text, '-');
	uint64_t first = 0;
	uint64_t last = UINT64_MAX;

	if (text.at == NULL || !read_position(first_text, &first))
		return RANGE_NONE;
	if (text.len > 0 && (!read_position(text, &last) || last < first))
		return RANGE_NONE;
	if (first >= size)
		return RANGE_OUTSIDE;
	if (last >= size)
		last = size - 1;
	out->first = first;
	out->length = last - first + 1;
	return RANGE_PART;
}

enum range_answer
range_read(struct slice field, uint64_t size, struct range *out)
{
	struct slice rest = slice_trim(field);
	struct slice unit = slice_cut(&rest, '=');
	struct slice one = { NULL, 0 };

	if (rest.at == NULL || !slice_eq_nocase(unit, SLICE("bytes")))
		return RANGE_NONE;
	/* Empty elements of a list count for nothing (section 5.6.1). */
	while (rest.at != NULL) {
		struct slice element = slice_trim(slice_cut(&rest, ','));

		if (element.len == 0)
			continue;
		if (one.len > 0)
			return RANGE_NONE;
		one = element;
	}
	if (one.len == 0)
		return RANGE_NONE;
	if (one.at[0] == '-')
		return read_suffix(slice_skip(one, 1), size, out);
	return read_span(one, size, out);
}
