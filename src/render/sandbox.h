/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process can no longer do: Landlock, limits, and a table of the system
 * calls that are left.
 *
 * Order, since each closes what the one before needs: sandbox_files() before
 * any thread exists (Landlock covers the calling thread and those that it
 * starts), then libraries are started and warmed up, then sandbox_close().
 * Neither can be undone.
 */
#pragma once

#include "base/err.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
/*
 * A sanitized program reserves terabytes of addresses and reads its own maps
 * when it reports: it has no limit of address space and a few more calls.
 */
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

/*
 * Nothing may be written, made or executed any more, and nothing read but
 * fonts, fontconfig's and poppler's data, and shared libraries (codecs that
 * libvips loads when it starts).
 *
 * optional: on a kernel without Landlock go on without; *landlock says
 * whether it is there. Fails with SYSTEM, which names what is missing.
 */
bool sandbox_files(bool optional, bool *landlock, struct err *e) must_check;

/*
 * Limits and the filter, for all threads at once. landlock: as
 * sandbox_files() said; without it no file is opened any more.
 *
 * socket: the descriptor on which may be sent and received
 * address_space: bytes, 0: no limit (ignored where sanitized)
 */
bool sandbox_close(int socket, uint64_t address_space, bool landlock,
    struct err *e) must_check;
