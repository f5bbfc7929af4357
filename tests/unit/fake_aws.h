/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gives credentials out, on a loopback port: a container's service, an
 * instance's (IMDSv2) and STS, as strict as the real ones. Each answer's keys
 * are numbered, so that a mixture of two would show: AKID7, HIDDEN7, TOKEN7.
 *
 * What it does wrong is set by the test, which may write the fields while
 * nothing is asked.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum fake_fault {
	FAKE_RIGHT,
	FAKE_GARBAGE,   /* 200 with something else */
	FAKE_PARTIAL,   /* without a secret */
	FAKE_REFUSED,   /* an error of its own format */
	FAKE_ERROR,     /* 500 */
	FAKE_ONCE,      /* one error that goes away, then right */
	FAKE_STALL,     /* no answer */
	FAKE_HUGE,      /* a body without an end */
	FAKE_LONG_HEAD, /* headers without an end */
	FAKE_REDIRECT,  /* to itself, where it would answer right */
	FAKE_EXPIRED,   /* keys that have ended */
	FAKE_SKEWED,    /* its clock is an hour ahead of ours */
	FAKE_OLD,       /* the instance's: no version 2 */
	FAKE_FORGETS    /* the instance's: 401 for the first session */
};

struct fake_aws {
	int port;
	_Atomic int fault; /* enum fake_fault */
	_Atomic int64_t life_s;
	/* What it wants to be shown. */
	char token[64];    /* of the container; "": none */
	char identity[64]; /* web identity */
	char external_id[64];
	const char *access, *secret; /* that sign */
	const char *session;         /* and their token, or NULL */
	/* What it has seen. */
	_Atomic int asked;    /* requests */
	_Atomic int made;     /* keys given out */
	_Atomic int sessions; /* of the instance */
	_Atomic int version1; /* questions without a session */
	char last[8192];      /* of STS: the form */

	int fd;
	_Atomic int stop;
	_Atomic int faults; /* that were answered */
	pthread_t thread;
};

void fake_aws_start(struct fake_aws *f);
void fake_aws_stop(struct fake_aws *f);
