/* SPDX-License-Identifier: Apache-2.0 */
/* Which headers rows may name. */
#include "conf/conf.h"

bool
conf_header_is_named(struct slice name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	for (size_t i = 0; i < name.len; i++)
		if (memchr(letters, name.at[i], sizeof(letters) - 1) == NULL)
			return false;
	return name.len > 0;
}

bool
conf_header_is_own(struct slice name)
{
	static const char *const own[] = { "Accept-Encoding", "Connection",
		"Content-Length", "Content-Type", "Expect", "If-Match",
		"If-Modified-Since", "If-None-Match", "If-Range",
		"If-Unmodified-Since", "Keep-Alive", "Proxy-Authorization",
		"Proxy-Connection", "Range", "TE", "Trailer",
		"Transfer-Encoding", "Upgrade" };

	for (size_t i = 0; i < NELEM(own); i++)
		if (slice_eq_nocase(name, slice_of(own[i])))
			return true;
	return false;
}
