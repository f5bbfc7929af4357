/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksums that S3 keeps of objects: CRC32 (zlib's), CRC32C (Castagnoli's),
 * CRC64NVME, SHA-1 and SHA-256; as S3 writes them, base64 of the value with its
 * most significant byte first. Thread-safe.
 */
#pragma once

#include "base/slice.h"

enum checksum_kind {
	CHECKSUM_CRC64NVME,
	CHECKSUM_CRC32C,
	CHECKSUM_CRC32,
	CHECKSUM_SHA256,
	CHECKSUM_SHA1,
	CHECKSUM_COUNT
};

enum { CHECKSUM_TEXT_SIZE = 48 };

/* "x-amz-checksum-crc64nvme" */
const char *checksum_header(enum checksum_kind kind);
/* False: this OpenSSL may not (SHA-1 and MD5 in FIPS mode). */
bool checksum_of(enum checksum_kind kind, const void *data, size_t size,
    char out[CHECKSUM_TEXT_SIZE]) must_check;
/* MD5, for Content-MD5 and customers' keys, which S3 wants so. */
bool checksum_md5(
    const void *data, size_t size, char out[CHECKSUM_TEXT_SIZE]) must_check;
