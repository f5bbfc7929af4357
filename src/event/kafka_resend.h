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
	uint64_t given; /* to librdkafka, so far */
	uint64_t delivered;
	uint64_t failed;
	char why[ERR_DETAIL_MAX]; /* of the last failure; empty: none */
};

/* Called some ten times a second. False: it is enough. */
typedef bool kafka_resend_f(void *owner, const struct kafka_resent *so_far);

/*
 * Until the reader's end and every answer came, at most wait_ns after the last
 * one, or until look() has enough; what has no answer by then is given up and
 * counts as failed. Fails with CONFIG: no broker is named, or librdkafka refuses
 * something.
 */
struct resend_call {
	struct spool_reader *from;
	int64_t wait_ns;
	kafka_resend_f *look;
	void *owner; /* look's */
};
bool kafka_resend(const struct conf *conf, const struct resend_call *call,
    struct kafka_resent *out, struct err *e) must_check;
