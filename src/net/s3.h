/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of one bucket of any S3-compatible store.
 *
 * A call is a struct of its caller: fill in what its verb takes (see
 * s3_verb), s3_start(), and end() comes once, on the fetcher's thread. Behind
 * it are as many HTTP requests as it takes: what fails for a while is tried
 * again, a body that breaks off is gone on with (Range and If-Match), the
 * region, the clock's offset and younger credentials are learned, all of it
 * inside the call's deadline. Retries wait on the fetcher's clock, and a
 * bucket of tokens that all calls of a client share keeps them from making bad
 * times worse.
 *
 * What a store says never leads elsewhere: redirects and <Endpoint> are not
 * followed; a region that was learned becomes a part of the host name on AWS's
 * own endpoints alone.
 */
#pragma once

#include "base/blob.h"
#include "net/sigv4.h"

struct credential;
struct credential_source;
struct fetch_way;
struct fetcher;
struct s3;

enum s3_addressing { S3_AUTO, S3_VIRTUAL, S3_PATH };

/* NULL or empty: not said. */
struct s3_spec {
	struct fetcher *fetcher; /* borrowed, like the next two, until free */
	struct fetch_way *way;
	struct credential_source *credentials; /* NULL: nothing is signed */
	const char *endpoint; /* "https://host:port"; empty: AWS */
	const char *bucket;   /* name, ARN or alias of an access point */
	const char *region;
	enum s3_addressing addressing;
	const char *owner; /* account that must own the bucket */
	bool requester_pays;
	const char *customer_key; /* SSE-C: base64 of 32 bytes */
	bool checksum;            /* ask for checksums, verify them */
	unsigned retries;
};

/* Fails with CONFIG: what is wrong with endpoint, bucket, region or key. */
bool s3_new(
    const struct s3_spec *spec, struct s3 **out, struct err *e) must_check;
/* No call runs any more; it may be called in the end() of the last one. */
void s3_free(struct s3 *s3); /* NULL is allowed */
/* What its answers have taught: their clock less ours, seconds (0: nothing);
 * the bucket's region (empty: nothing). size: at least 1. */
int64_t s3_clock_ahead_s(const struct s3 *s3);
void s3_learned_region(struct s3 *s3, char *out, size_t size);

/*
 * Besides key, which all but those of the bucket take:
 */
enum s3_verb {
	S3_GET,    /* version, if_match, if_none_match, first and last; head */
	S3_HEAD,   /* the same without a range; key NULL: of the bucket */
	S3_PUT,    /* body and what is said of it; if_match, if_none_match */
	S3_DELETE, /* version */
	S3_COPY,   /* from, version (of it), what is said of a body */
	S3_LIST,   /* prefix, delimiter, after, most: one page */
	S3_LIST_VERSIONS, /* the same, and after_version */
	S3_DELETE_MANY,   /* names: at most 1,000 */
	S3_UPLOAD,        /* begins one in parts; what is said of a body */
	S3_UPLOAD_PART,   /* upload, part, body */
	S3_UPLOAD_DONE,   /* upload, parts; if_match, if_none_match */
	S3_UPLOAD_ABORT,  /* upload */
	S3_MAKE_BUCKET,
	S3_GET_LIFECYCLE, /* NO_SOURCE: there is none */
	S3_PUT_LIFECYCLE, /* body: s3_lifecycle_merge(); transition */
	S3_GET_VERSIONING,
	S3_PUT_VERSIONING, /* body: <VersioningConfiguration> */
	S3_VERB_COUNT
};

enum s3_encryption { S3_SSE_NONE, S3_SSE_S3, S3_SSE_KMS };

enum {
	S3_KEY_MAX = 1024,
	S3_NAMES_MAX = 1000,
	S3_PARTS_MAX = 10000,
	S3_CODE_SIZE = 64,
	S3_ID_SIZE = 96
};

struct s3_name {
	const char *key;
	const char *version; /* NULL: the present one */
};

struct s3_part {
	unsigned number; /* 1 to 10,000, ascending */
	const char *etag;
};

/* What the answer says of an object; texts are empty where it says nothing. */
struct s3_facts {
	char etag[128]; /* with its quotes */
	char version[S3_KEY_MAX + 1];
	char media_type[128];
	int64_t modified_s; /* -1: not said */
	int64_t size;       /* of the whole object; -1: not said */
	char encryption[32], kms_key[256];
	char expiration[256];
	char transition[40]; /* of a lifecycle: see s3_call.transition */
	/* Of the last answer, for the store's support: printable ASCII. */
	char request_id[S3_ID_SIZE], id_2[S3_ID_SIZE];
};

struct s3_call {
	/* By the caller; constant until end(), and so is what they point to. */
	enum s3_verb verb;
	const char *key;     /* raw: any bytes but NUL, at most 1,024 */
	const char *version; /* NULL: the present one */
	const char *if_match, *if_none_match; /* an ETag as it was said, "*" */
	bool is_range;
	int64_t first, last; /* last -1: to the end */

	struct slice body;
	const char *media_type, *cache_control;
	/* The answer of S3_PUT must confirm it; of others ask S3_HEAD. */
	enum s3_encryption encryption;
	const char *kms_key;
	/* x-amz-meta-... and others; lower case, none that is made here. */
	const struct sigv4_pair *header;
	size_t nheader;

	const char *from; /* key in from_bucket (NULL: the same) */
	const char *from_bucket;
	const char *upload; /* as s3_upload_read() gave it */
	unsigned part;
	const struct s3_part *parts;
	size_t nparts;
	const struct s3_name *names;
	size_t nnames;
	const char *prefix, *delimiter, *after, *after_version;
	/* Of S3_PUT_LIFECYCLE: what S3_GET_LIFECYCLE's facts said; else a
	 * setting of the bucket is lost. */
	const char *transition;
	unsigned most; /* 0: 1,000 */

	/* As in struct fetch. */
	int64_t deadline_ns;
	const _Atomic int64_t *due_ns;
	const _Atomic uint32_t *cancel;
	/*
	 * S3_GET: the object's facts are known. Sets into, to which the body
	 * is appended; finished by the caller, in end(). False: stop, with the
	 * reason in err. Once.
	 */
	bool (*head)(struct s3_call *c);
	/* Once. The call, and the client if it is the last one, may be freed
	 * in it. */
	void (*end)(struct s3_call *c);
	void *owner;
	struct blob *into; /* shared while somebody wants it, as in fetch.h */

	/* By s3, before end(); facts and status also before head(). */
	bool ok;
	struct err err;          /* !ok */
	char code[S3_CODE_SIZE]; /* !ok: S3's own word, or empty */
	int status;              /* of the last answer; 0: there was none */
	bool not_modified;       /* ok: what if_none_match says still holds */
	struct s3_facts facts;
	struct slice
	    xml;        /* of verbs that answer with XML; until end() returns */
	unsigned tries; /* HTTP requests that it took */
};

/* Any thread. Never fails: end() says what is wrong. */
void s3_start(struct s3 *s3, struct s3_call *c);

struct s3_presign {
	bool is_put;
	const char *key;
	const char *version;    /* NULL: the present one */
	const char *media_type; /* of a PUT, which must send it; NULL: any */
	int64_t expires_s;      /* 1 to 604800 */
};
/*
 * A URL for GET or PUT of a key by somebody who has no credentials. It holds as
 * long as it says, but not longer than c. Fails with BAD_VALUE, NO_SOURCE (no
 * such key can be) and URL_TOO_LONG.
 */
bool s3_presign(struct s3 *s3, const struct credential *c,
    const struct s3_presign *what, char *out, size_t size,
    struct err *e) must_check;

/* ---- What answers in XML say. They fail with ORIGIN_FAILED. ---- */

struct s3_entry {
	char *key;
	char *version, *etag; /* NULL: not said */
	int64_t size;
	int64_t modified_s; /* -1: not said */
	bool is_prefix;     /* of keys that were not listed, up to delimiter */
	bool is_marker;     /* of a deletion */
	bool is_latest;
};

struct s3_list {
	struct s3_entry *entry;
	size_t n;
	char *after,
	    *after_version; /* where the next page begins; NULL: none */
};

/* Of S3_LIST and S3_LIST_VERSIONS. */
bool s3_list_read(
    struct slice xml, struct s3_list *out, struct err *e) must_check;
void s3_list_free(struct s3_list *list);
/* Of S3_UPLOAD. size: at least 1. */
bool s3_upload_read(
    struct slice xml, char *out, size_t size, struct err *e) must_check;
/* Of S3_DELETE_MANY: fails with the first that was refused; *refused: all. */
bool s3_deleted_read(
    struct slice xml, size_t *refused, struct err *e) must_check;

/* A rule of a bucket's lifecycle: days are 0 where nothing is to happen. */
struct s3_rule {
	const char *id, *prefix;
	unsigned days;        /* then objects expire */
	unsigned noncurrent;  /* then older versions do */
	unsigned abort_parts; /* then unfinished uploads are aborted */
};
/*
 * The body of S3_PUT_LIFECYCLE, which replaces all rules at once: those of
 * xml (what S3_GET_LIFECYCLE answered; empty: none) but for the ids of rule,
 * as they stand there, and rule. *out: free().
 */
bool s3_lifecycle_merge(struct slice xml, const struct s3_rule *rule, size_t n,
    char **out, struct err *e) must_check;
