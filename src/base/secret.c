/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a comparison tells the lengths, never where bytes differ. */
#include "base/secret.h"

bool
secret_eq(struct slice a, struct slice b)
{
	/* volatile: the compiler may not leave the loop early. */
	volatile unsigned char differ = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		differ = (unsigned char)(differ |
		    ((unsigned char)a.at[i] ^ (unsigned char)b.at[i]));
	return differ == 0;
}

void
secret_wipe(void *data, size_t size)
{
	if (size > 0)
		explicit_bzero(data, size);
}
