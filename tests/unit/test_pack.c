/* SPDX-License-Identifier: Apache-2.0 */
/* The form of an event in a record, and the checksum of records. */
#include <stdio.h>
#include <string.h>

#include "base/crc.h"
#include "event/pack.h"
#include "event/text.h"
#include "unit.h"

static void
test_crc(void **state)
{
	char text[64];

	(void)state;
	/* RFC 3720, B.4 */
	memset(text, 0, 32);
	assert_int_equal(crc32c(0, text, 32), 0x8a9136aa);
	memset(text, 0xff, 32);
	assert_int_equal(crc32c(0, text, 32), 0x62a8ab43);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

/* Every member comes back; what is printed is the same. */
static void
test_pack(void **state)
{
	static char before[EVENT_LINE_MAX];
	static char after[EVENT_LINE_MAX];
	struct text one = { .at = before, .size = sizeof(before) };
	struct text two = { .at = after, .size = sizeof(after) };
	struct event ev = {
		.at_ns = INT64_C(1795364296123456789),
		.status = 200,
		.answer_bytes = 1,
	};
	struct event back;
	uint8_t packed[PACK_MAX];
	size_t size;

	(void)state;
	ev.type = EVENT_FAILED;
	ev.code = ERR_POISON;
	ev.cache = CACHE_USE_JOINED;
	ev.facts.from = FORMAT_HEIC;
	ev.facts.to = FORMAT_WEBP;
	ev.facts.original = (struct image_size){ 1, 2, 3 };
	ev.facts.result = (struct image_size){ 4, 5, 6 };
	ev.facts.colour = 0x1102030;
	ev.facts.original_bytes = UINT64_C(0x100000000);
	ev.facts.work_ns = 12345678;
	ev.stage_ns[STAGE_SETTLE] = 77000;
	ev.rate = 0.25;
	ev.expires_ns = ev.at_ns;
	memset(ev.uri, 'u', sizeof(ev.uri) - 1);
	snprintf(ev.reason, sizeof(ev.reason), "why");
	snprintf(ev.traceparent, sizeof(ev.traceparent), "00-a-b-01");
	size = pack_event(&ev, packed);
	assert_true(unpack_event(packed, size, &back));
	event_print_json(&one, &ev);
	event_print_json(&two, &back);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(before, after, one.len);
	/* A member that is not known, and one of an unknown format. */
	memcpy(packed + size, "\xf0\x02\x00??", 5);
	assert_true(unpack_event(packed, size + 5, &back));
	memcpy(packed + size, "\x08\x03\x00new", 6);
	assert_true(unpack_event(packed, size + 6, &back));
	assert_int_equal(back.facts.from, FORMAT_HEIC);
	/* An error of another version is one all the same. */
	memcpy(packed + size, "\x07\x03\x00new", 6);
	assert_true(unpack_event(packed, size + 6, &back));
	assert_int_equal(back.code, ERR_INTERNAL);
	memcpy(packed + size, "\x02\x03\x00new", 6);
	assert_false(unpack_event(packed, size + 6, &back));
	for (size_t cut = 0; cut < size; cut++)
		if (unpack_event(packed, cut, &back))
			assert_true(back.rate <= 1);
	assert_false(unpack_event(packed, size - 1, &back));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_pack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
