/* SPDX-License-Identifier: Apache-2.0 */
/* An event as a message of Kafka. Private to event/, and for pictor spool. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "event/spool.h"

/*
 * CloudEvents 1.0, Kafka protocol binding 1.0.2, binary mode: attributes are
 * headers, the value is the JSON. The key keeps the events of one variant of an
 * image in order and spreads hot images; those of an image without a request
 * have its key alone. Never waits. opaque: comes back with the delivery.
 */
rd_kafka_resp_err_t kafka_message_send(rd_kafka_t *client, const char *topic,
    const struct spool_event *event, void *opaque);
