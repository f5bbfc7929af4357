/* SPDX-License-Identifier: Apache-2.0 */
/* An environment and files of AWS's, and what is found with them. */
#pragma once

#include "fake_aws.h"
#include "net/credentials_private.h"

enum { KIT_ENV_MAX = 24 };

extern struct fake_aws fake;
extern const struct credential_spec plain;
extern char *kit_env[KIT_ENV_MAX + 1];
extern char kit_folder[];

int kit_folder_new(void **state);
int kit_folder_gone(void **state);
int kit_begin(void **state);
int kit_end(void **state);

void kit_set(const char *format, ...) printf_like(1, 2);
void kit_unset(void);
/* "keys" and "conf" are AWS's files. */
void kit_write(const char *name, const char *text);
void kit_use_instance(void);
void kit_use_container(const char *token);
void kit_use_sts(void);
void kit_use_web_identity(const char *token);

bool kit_try(const struct credential_spec *spec, struct credential **c,
    struct err *e) must_check;
void kit_finds(const struct credential_spec *spec, const char *provider,
    const char *access, const char *secret, const char *token);
/* An error never shows what is secret. */
void kit_fails(
    const struct credential_spec *spec, enum err_code code, const char *part);
void kit_fails_denied(const char *part);

#define WITH_FAKE(test) \
	cmocka_unit_test_setup_teardown(test, kit_begin, kit_end)
