/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends what is in a spool to Kafka once more, and changes nothing in it: for
 * events that a topic has lost, and for those that were rejected and would now
 * be taken. An event has the same id each time.
 */
#pragma once

#include "base/err.h"

struct conf;
struct spool_reader;

struct kafka_resent {
	uint64_t delivered;
	uint64_t failed;
	char why[ERR_DETAIL_MAX]; /* of the last failure; empty: none */
};

/*
 * Until the reader's end and every answer came, at most wait_ns after the last
 * one. Fails with CONFIG: no broker is named, or librdkafka refuses something.
 */
bool kafka_resend(const struct conf *conf, struct spool_reader *from,
    int64_t wait_ns, struct kafka_resent *out, struct err *e) must_check;
