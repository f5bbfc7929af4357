/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request: its header lines by name, and whether all of it may
 * be believed.
 *
 * What two servers can read in two ways is refused here, with 400 and the end
 * of the connection: that is how requests are smuggled past the one in front
 * (RFC 9112 section 11.2).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* The header lines that somebody looks at. */
enum head_field {
	HEAD_HOST,
	HEAD_CONTENT_LENGTH,
	HEAD_TRANSFER_ENCODING,
	HEAD_ACCEPT,
	HEAD_USER_AGENT,
	HEAD_REFERER,
	HEAD_IF_NONE_MATCH,
	HEAD_IF_MODIFIED_SINCE,
	HEAD_RANGE,
	HEAD_IF_RANGE,
	HEAD_X_FORWARDED_FOR,
	HEAD_X_AMZ_CF_ID,
	HEAD_X_REQUEST_ID,
	HEAD_TRACEPARENT,
	HEAD_FIELDS
};

struct head {
	struct slice method;
	struct slice target; /* raw */
	bool old;            /* HTTP/1.0 */
	/* By head_add(); trimmed; at = NULL: no such line. */
	struct slice field[HEAD_FIELDS];
	/* By head_check(). */
	struct slice uri;  /* of the target: from the path on */
	struct slice host; /* of the target, else of Host */
	bool has_body;
};

/*
 * One header line. Lines of one name are joined with commas (in arena), which
 * is what a list means (RFC 9110 section 5.3) and what no single value is.
 * Fails with BAD_REQUEST: not a name, control bytes, a second Host,
 * Content-Length or Transfer-Encoding.
 */
bool head_add(struct head *h, struct arena *arena, struct slice name,
    struct slice value, struct err *e) must_check;
/*
 * After the last line: fills uri, host, has_body. Fails with BAD_REQUEST:
 * control bytes or spaces in the target, a target that is neither a path, "*"
 * with OPTIONS nor http://host/path, a missing or malformed Host, both
 * Content-Length and Transfer-Encoding, a body with GET, HEAD or OPTIONS.
 */
bool head_check(struct head *h, struct err *e) must_check;
/* W3C Trace Context, 2.2: version 00, nothing but zeros in no part. */
bool head_trace_is_sane(struct slice trace);
/* An identifier that may be repeated in answers and logs. */
bool head_id_is_sane(struct slice id);
