/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking with systemd: state, watchdog, sockets that it passes. libsystemd
 * does nothing when the environment does not name a manager.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "sys/sys.h"

void
sys_notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void
sys_notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void
sys_notify_reloading(void)
{
	/* sd_notify(3): systemd 253 and newer match it with their own clock. */
	(void)sd_notifyf(
	    0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_ns() / 1000);
}

int64_t
sys_watchdog_ns(void)
{
	uint64_t interval_us;

	if (sd_watchdog_enabled(0, &interval_us) <= 0)
		return 0;
	/* Longer than an hour is no watchdog; this also cannot overflow. */
	if (interval_us > UINT64_C(3600000000))
		interval_us = UINT64_C(3600000000);
	return (int64_t)interval_us * 1000 / 2;
}

void
sys_notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

int
sys_passed_sockets(void)
{
	/* The variables stay: the answer is the same at the next call. */
	int n = sd_listen_fds(0);

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags >= 0)
			(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	}
	return n > 0 ? n : 0;
}
