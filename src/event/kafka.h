/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends what is in the spool to Kafka, and acknowledges it there when Kafka has
 * it. The only producer. Private to event/.
 *
 * Its thread reads the spool, which is all that it shares with those who
 * answer: whatever Kafka does, they do not notice.
 */
#pragma once

#include "base/err.h"

struct conf;
struct kafka;
struct spool;

/* Whether the configuration could be used; connects nowhere. CONFIG. */
bool kafka_check(const struct conf *conf, struct err *e) must_check;
/*
 * Starts the thread. Fails with CONFIG where librdkafka refuses a property; a
 * broker that cannot be reached is no failure.
 */
bool kafka_start(const struct conf *conf, struct spool *spool,
    struct kafka **out, struct err *e) must_check;
/* Sends what there is for kafka.drain_time at most. NULL is allowed. */
void kafka_stop(struct kafka *k);
