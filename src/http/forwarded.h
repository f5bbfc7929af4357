/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the viewer is behind proxies: the rightmost address of X-Forwarded-For
 * that is not itself a trusted proxy. What stands left of it anybody may have
 * written.
 */
#pragma once

#include "base/slice.h"
#include "sys/sys.h"

struct trust {
	struct sys_network *network;
	size_t n;
};

/* Fails with CONFIG, naming the word that is no network. */
bool trust_read(const char *const *words, size_t n, struct trust *out,
    struct err *e) must_check;
void trust_fini(struct trust *t);

/*
 * address: in: the peer's, out: the viewer's; IPv4 as ::ffff:a.b.c.d. An
 * element that is no address ends the walk: the proxy that wrote it is then
 * the last one known.
 */
void forwarded_viewer(
    const struct trust *t, struct slice forwarded_for, uint8_t address[16]);
/* "203.0.113.9" or "2001:db8::1". */
void forwarded_print(const uint8_t address[16], char *out, size_t size);
