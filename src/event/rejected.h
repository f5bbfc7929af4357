/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that Kafka will never take, kept aside in the spool's folder. Private
 * to event/.
 *
 * The file, rejected.seg, is a segment by itself: its head holds the salt of
 * its checksums, whatever became of the spool's state since. It is opened anew
 * for each event, since an operator removes it when he has sent it.
 */
#pragma once

#include "base/base.h"

struct event;

/*
 * salt: of a file that is made now, or whose head is damaged. most: bytes that
 * the file may have. False: it could not be kept. One thread at a time.
 */
bool rejected_put(int folder, uint32_t salt, uint64_t most,
    const struct event *event) must_check;
