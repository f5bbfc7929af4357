/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256: NIST's examples, and that pieces give what the whole gives. */
#include "base/codec.h"
#include "base/digest.h"
#include "unit.h"

static void
digest_is(struct digest d, const char *want)
{
	char out[2 * DIGEST_SIZE + 1];

	codec_hex(d.byte, sizeof(d.byte), out);
	assert_string_equal(out, want);
}

static void
vectors(void **state)
{
	(void)state;
	digest_is(digest_of("", 0),
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	digest_is(digest_of(NULL, 0),
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	digest_is(digest_of("abc", 3),
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
}

static void
pieces(void **state)
{
	uint8_t data[300];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t piece = 1; piece <= sizeof(data); piece += 13) {
		struct digest_run *run = digest_new();
		struct digest whole = digest_of(data, sizeof(data));
		struct digest parts;

		for (size_t i = 0; i < sizeof(data); i += piece)
			digest_add(run, data + i,
			    sizeof(data) - i < piece ? sizeof(data) - i
						     : piece);
		parts = digest_end(run);
		assert_true(digest_eq(&whole, &parts));
	}
	digest_is(digest_end(digest_new()),
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
}

static void
equality(void **state)
{
	struct digest a = digest_of("a", 1);
	struct digest b = a;

	(void)state;
	assert_true(digest_eq(&a, &b));
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		b.byte[i] ^= 1;
		assert_false(digest_eq(&a, &b));
		b.byte[i] ^= 1;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(pieces),
		cmocka_unit_test(equality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
