/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's surroundings: systemd, sockets, signals, cores and memory.
 */
#pragma once

#include <sys/socket.h>

#include "base/err.h"

/* --- systemd; all do nothing when it is not there --- */
void sys_notify_ready(void);
void sys_notify_stopping(void);
void sys_notify_reloading(void); /* with MONOTONIC_USEC */
/* Half of the watchdog's interval in ns, 0: no watchdog. */
int64_t sys_watchdog_ns(void);
void sys_notify_alive(void);
/* Sockets passed by systemd (LISTEN_FDS): how many, the first is 3. */
int sys_passed_sockets(void);

/* --- sockets --- */
/*
 * Listening, non-blocking, CLOEXEC socket for "address:port",
 * "[address]:port", ":port" (every address, IPv4 too; "[::]:port" is IPv6
 * alone), "unix:/path" (a stale socket file is replaced, a live one is not).
 * Port 0 takes a free one. Names are not looked up; "localhost" is 127.0.0.1.
 * Fails with CONFIG (not an address: says what would be right) or SYSTEM
 * ("127.0.0.1:8080 is taken by another program").
 */
bool sys_listen(const char *address, int *fd, struct err *e) must_check;
/* Checks the spelling alone. */
bool sys_listen_check(const char *address, struct err *e) must_check;
/* True for loopback and Unix sockets. */
bool sys_is_loopback(const char *address);
/* "127.0.0.1:8080", "[::1]:80", "unix:/path" of a bound socket. */
enum { SYS_ADDRESS_MAX = 128 };
void sys_address_print(
    const struct sockaddr *address, char out[SYS_ADDRESS_MAX]);
void sys_address_of(int fd, char out[SYS_ADDRESS_MAX]);

/* Networks "10.0.0.0/8", "2001:db8::/32", single addresses. */
struct sys_network {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;       /* of the 128 */
};
bool sys_network_read(const char *text, struct sys_network *out) must_check;
/* address: 16 bytes as above. */
bool sys_network_has(const struct sys_network *n, const uint8_t address[16]);
/* False for Unix sockets. */
bool sys_address_bytes(
    const struct sockaddr *address, uint8_t out[16]) must_check;

/* --- signals: blocked in every thread, read from one descriptor --- */
/* Blocks TERM INT HUP USR1 CHLD-independent; ignores PIPE. signalfd. */
int sys_signals_open(void);
/* The next signal's number, or 0 when none is there. */
int sys_signal_read(int fd);

/* --- size of the machine, cgroup v2 limits included --- */
unsigned sys_cores(void);
