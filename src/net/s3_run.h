/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of s3 alone: what its files share. A run is a call from s3_start() to end();
 * one thread at a time has it: who starts it, then the credentials', then the
 * fetcher's.
 */
#pragma once

#include "base/arena.h"
#include "base/lock.h"
#include "net/credentials.h"
#include "net/fetch.h"
#include "net/s3.h"
#include "net/s3_place.h"

#define S3_TRANSITION_HEADER "x-amz-transition-default-minimum-object-size"

enum { S3_QUERY_PARTS = 8, S3_HEADER_PARTS = 40 };

struct s3 {
	/* Constant. */
	struct fetcher *fetcher;
	struct fetch_way *way;
	struct credential_source *credentials;
	struct s3_place place;
	char *region, *owner; /* empty: not said */
	char *customer_key;   /* base64; NULL: none; wiped */
	char customer_md5[48];
	bool requester_pays, checksum;
	unsigned retries;
	char *where;
	struct sigv4_keys *keys;
	/* What was learned. */
	_Atomic int64_t ahead_s; /* their clock less ours */
	_Atomic int tokens;      /* for retries */
	struct lock lock;
	char learned[S3_REGION_SIZE] under(lock);
};

/* An error as S3 words it; texts are cut and printable ASCII. */
struct s3_fault {
	char code[S3_CODE_SIZE];
	char message[100];
	char region[S3_REGION_SIZE]; /* a good one, or empty */
};

/* What may help. */
enum s3_cure {
	S3_FINAL,
	S3_AGAIN,  /* later */
	S3_CLOCK,  /* with the store's time */
	S3_KEYS,   /* with other credentials */
	S3_REGION, /* signed for the region that it said */
	S3_CURES
};

/* The request as it is made of a call, without its signature. */
struct s3_request {
	const char *method;
	char *path; /* raw */
	struct sigv4_pair query[S3_QUERY_PARTS];
	size_t nquery;
	struct sigv4_pair header[S3_HEADER_PARTS];
	size_t nheader;
	struct slice body;
	char payload[65]; /* its digest, hex */
};

struct s3_run {
	struct credential_wait wait; /* first: s3_ready() gets only this */
	struct s3 *s3;
	struct s3_call *call;
	struct arena *arena;
	struct s3_request request;
	struct credential *credential; /* a reference, or NULL */
	struct sigv4_signed sign;
	struct fetch fetch;
	struct sigv4_pair sent[S3_HEADER_PARTS + 4]; /* request's and more */
	char region[S3_REGION_SIZE];                 /* that it is signed for */
	char range[64];
	bool cured[S3_CURES]; /* what was tried already */
	unsigned again;       /* how often S3_AGAIN was */
	int cost;             /* tokens that this took */
	bool begun;           /* head() was called, the body streams */
	bool resumed;         /* the request asks for the rest of a body */
	bool stopped;         /* by our own head: call->err is why */
	size_t base;          /* bytes in call->into before ours */
	int64_t whole;        /* that ours are to be; -1: not known */
	size_t had;           /* bytes of the body when this request began */
	int checksum;         /* enum checksum_kind; -1: none was said */
	char checksum_text[48];
	struct blob *page; /* of a long answer in XML */
};

/* s3_request.c: fails with NO_SOURCE (a key that cannot be) and INTERNAL. */
bool s3_request_make(struct s3_run *run, struct err *e) must_check;
bool s3_key_check(
    const struct s3 *s3, const char *key, struct err *e) must_check;
/* Raw: "/bucket/key" or "/key"; key NULL: of the bucket. */
char *s3_path(const struct s3 *s3, struct arena *arena, const char *key);
struct s3_verb_row {
	const char *method;
	const char *flag;  /* of the query; NULL: none */
	bool is_of_bucket; /* has no key */
	bool is_of_either; /* may have no key */
	bool is_read;      /* of an object: customer's key, checksums */
	bool is_write;     /* what is said of a body goes with it */
	bool is_made;      /* the body is made here */
	bool is_digested;  /* S3 asks for Content-MD5 */
	bool is_long;      /* the answer in XML may be long */
};
const struct s3_verb_row *s3_verb_row(enum s3_verb verb);

/* s3_body.c: the XML of requests; NULL: it cannot be said. */
const char *s3_body_parts(struct s3_run *run);
const char *s3_body_names(struct s3_run *run);
const char *s3_body_region(struct s3_run *run);

/* s3_answer.c */
void s3_facts_read(struct s3_run *run);
/* The part of a body that a 206 says it is: from first; -1: not said. */
struct s3_span {
	int64_t first, last, size;
};
bool s3_span_read(struct slice text, struct s3_span *out) must_check;
/* A body is complete: is it what its checksum says, and encrypted as asked? */
bool s3_answer_check(struct s3_run *run, struct err *e) must_check;

/* s3_error.c */
/* False: it is no such document; *out is empty. */
bool s3_fault_read(struct slice doc, struct s3_fault *out) must_check;
/* What the transfer's end means: fills call->err and call->code. */
enum s3_cure s3_fault_judge(struct s3_run *run);
/* What may be logged of a header: printable ASCII. */
void s3_print(struct slice s, char *out, size_t size);
