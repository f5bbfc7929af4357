/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the spool. Private to event/: others read it (event/spool.h).
 *
 * An event has happened when spool_append() returned true: from then on it is
 * in memory that outlives the process, and a thread of this module writes it to
 * the segment, at most some milliseconds later. What spool_append() refused is
 * counted. So stored + lost = appended, over the whole life of the spool, also
 * when the process is killed.
 *
 * Lock: the buffer's place is behind "ring, metric, log" in lock.h's order,
 * since nothing else is taken under it; answering threads never take it.
 */
#pragma once

#include "event/spool.h"

struct conf;
struct spool;

/*
 * Makes the folder if need be, and locks it: one daemon at a time. acknowledge:
 * somebody will call spool_acknowledge(); else what is written is never waited
 * for. Fails with CONFIG.
 */
bool spool_open(const struct conf *conf, bool acknowledge, struct spool **out,
    struct err *e) must_check;
/* Whether it could be opened; makes nothing. Fails with CONFIG. */
bool spool_check(const struct conf *conf, struct err *e) must_check;
/* What may change: size, keep, sync. */
void spool_tune(struct spool *s, const struct conf *conf);
/* Any thread; never waits. False: lost, and counted. */
bool spool_append(struct spool *s, const struct event *event);
/* Returns when all that was appended is in a segment, or until_ns came. */
void spool_drain(struct spool *s, int64_t until_ns);
void spool_close(struct spool *s); /* drains for 10 s; NULL is allowed */

/* --- for who sends --- */

/* Readable when something was written since spool_told(). */
int spool_fd(struct spool *s);
const char *spool_folder(const struct spool *s);
/* Where sending begins: behind what was acknowledged. */
struct spool_place spool_begin(struct spool *s);
/* Everything before next is acknowledged: so many events more. */
void spool_acknowledge(
    struct spool *s, const struct spool_place *next, uint64_t events);
/*
 * Keeps an event that can never be sent, in rejected.seg, as long as there is
 * room. False: it could not.
 */
bool spool_reject(struct spool *s, const struct event *event);
