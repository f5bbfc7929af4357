/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration's section [kafka] means to librdkafka. Also for
 * others who connect to the same brokers.
 */
#pragma once

#include "base/err.h"

struct conf;
struct rd_kafka_conf_s;
struct rd_kafka_s;

/*
 * Sets what concerns the connection: brokers, TLS, SASL, and in the end every
 * kafka.prop.NAME. Fails with CONFIG: librdkafka refuses one; the message names
 * the property and never a value.
 */
bool kafka_conf_connect(const struct conf *conf, struct rd_kafka_conf_s *to,
    struct err *e) must_check;
/* One property. Fails with CONFIG. */
bool kafka_conf_set(struct rd_kafka_conf_s *to, const char *name,
    const char *value, struct err *e) must_check;
/* Every kafka.prop.NAME, which stand above all else. Fails with CONFIG. */
bool kafka_conf_props(const struct conf *conf, struct rd_kafka_conf_s *to,
    struct err *e) must_check;
/*
 * Whether the files that it names can be read, and all is there that a login
 * needs. Fails with CONFIG.
 */
bool kafka_conf_check(const struct conf *conf, struct err *e) must_check;
/*
 * Gives a token to a client that asks for one (oauthbearer), from its file;
 * false: none could be given, *e says why.
 */
bool kafka_conf_token(
    const struct conf *conf, struct rd_kafka_s *client, struct err *e);
