/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: EINTR and short transfers are handled here and nowhere else.
 * Everything is opened CLOEXEC.
 */
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include "base/base.h"

struct err;

void fd_close(int *fd); /* closes if >= 0 and sets it to -1; keeps errno */
/* Reads until size bytes or the end; -1 with errno on failure. */
ssize_t fd_read_full(int fd, void *out, size_t size) must_check;
/* One read(2), EINTR retried. */
ssize_t fd_read(int fd, void *out, size_t size) must_check;
/* One write(2), EINTR retried: it may write less. */
ssize_t fd_write(int fd, const void *data, size_t size) must_check;
/* One pwritev(2), EINTR retried: it may write less. */
ssize_t fd_write_vectors(
    int fd, const struct iovec *vectors, int n, off_t at) must_check;
/* Writes all; false with errno (EAGAIN, too: for blocking descriptors). */
bool fd_write_all(int fd, const void *data, size_t size) must_check;
/*
 * Opens below dir and nowhere else (openat2 RESOLVE_BENEATH, no magic links).
 * What O_CREAT makes has mode 0640. -1 with errno.
 */
int fd_open_beneath(int dir, const char *path, int flags) must_check;
/*
 * A whole regular file; *out is malloc'd, NUL-terminated. Fails with TOO_LARGE
 * above max bytes, else with SYSTEM.
 */
bool fd_read_file(const char *path, size_t max, char **out, size_t *size,
    struct err *e) must_check;
/* Non-blocking, CLOEXEC eventfd. Aborts if there is none left at start. */
int fd_event_new(void);
void fd_event_set(int fd);
void fd_event_clear(int fd);
