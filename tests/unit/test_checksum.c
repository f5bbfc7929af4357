/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums: published check values, and every way to cut the bytes. */
#include <string.h>

#include "net/checksum.h"
#include "unit.h"

static void
published(void **state)
{
	static const struct {
		enum checksum_kind kind;
		const char *empty, *digits; /* of "", of "123456789" */
	} want[] = {
		{ CHECKSUM_CRC64NVME, "AAAAAAAAAAA=", "rosUhgp5mIg=" },
		{ CHECKSUM_CRC32C, "AAAAAA==", "4waSgw==" },
		{ CHECKSUM_CRC32, "AAAAAA==", "y/Q5Jg==" },
		{ CHECKSUM_SHA256,
		    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		    "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=" },
		{ CHECKSUM_SHA1, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
		    "98O8HYCOBHMq32eZZczDTKeuNEE=" },
	};
	char out[CHECKSUM_TEXT_SIZE];

	(void)state;
	assert_int_equal(NELEM(want), CHECKSUM_COUNT);
	for (size_t i = 0; i < NELEM(want); i++) {
		assert_true(checksum_of(want[i].kind, "", 0, out));
		assert_string_equal(out, want[i].empty);
		assert_true(checksum_of(want[i].kind, "123456789", 9, out));
		assert_string_equal(out, want[i].digits);
	}
	assert_true(checksum_md5("123456789", 9, out));
	assert_string_equal(out, "JfnnlDI7RTiF9RgfG2JNCw==");
}

/* Bit by bit, as the definition says, at every length and place. */
static uint64_t
slow(uint64_t polynomial, uint64_t ones, const uint8_t *at, size_t size)
{
	uint64_t crc = ones;

	for (size_t i = 0; i < size; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc =
			    (crc & 1) != 0 ? (crc >> 1) ^ polynomial : crc >> 1;
	}
	return crc ^ ones;
}

static uint64_t
value_of(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t value = 0;
	unsigned bits = 0;

	/* Eight bytes end in the middle of a letter: two bits too many. */
	for (; *text != '\0' && *text != '='; text++) {
		uint64_t six = (uint64_t)(strchr(letters, *text) - letters);

		bits += 6;
		value = bits <= 64 ? value << 6 | six : value << 4 | six >> 2;
	}
	return bits == 36 ? value >> 4 : value;
}

static void
bit_by_bit(void **state)
{
	uint8_t data[300];
	char out[CHECKSUM_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i + 7 * i);
	for (size_t size = 0; size <= 256; size++) {
		const uint8_t *at = data + size % 17;

		assert_true(checksum_of(CHECKSUM_CRC64NVME, at, size, out));
		assert_int_equal(value_of(out),
		    slow(UINT64_C(0x9a6c9329ac4bc9b5), UINT64_MAX, at, size));
		assert_true(checksum_of(CHECKSUM_CRC32C, at, size, out));
		assert_int_equal(
		    value_of(out), slow(0x82f63b78, UINT32_MAX, at, size));
		assert_true(checksum_of(CHECKSUM_CRC32, at, size, out));
		assert_int_equal(
		    value_of(out), slow(0xedb88320, UINT32_MAX, at, size));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published),
		cmocka_unit_test(bit_by_bit),
	};

	return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
