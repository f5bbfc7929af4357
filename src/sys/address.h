/* SPDX-License-Identifier: Apache-2.0 */
/* Of sys alone: what an address to listen on means. */
#pragma once

#include <sys/un.h>

#include <netinet/in.h>

#include "sys/sys.h"

struct sys_address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} at;
	socklen_t size;
	bool every; /* ":port": IPv4 and IPv6 */
};

/* Fails with CONFIG; the detail says what would be right. */
bool sys_address_read(
    const char *text, struct sys_address *out, struct err *e) must_check;
