/* SPDX-License-Identifier: Apache-2.0 */
/* The originals that pictor render is given: files, and folders' files. */
#pragma once

#include <sys/stat.h>

#include "base/err.h"

struct cli_id {
	dev_t dev;
	ino_t ino;
};

struct cli_file {
	char *shown; /* as whoever asked would name it */
	char *real;  /* absolute; NULL: fault, or: */
	char *key;   /* of an original that is no file, in its store */
	int remote;  /* that store's number, from 1; 0: a file */
	char *below; /* its place below the results' folder */
	char *fault; /* why it cannot be read; NULL: nothing known */
	struct cli_id id;
};

struct cli_files {
	struct cli_file *file;
	size_t n;
	size_t room;
	size_t passed_over; /* in folders: not images, links, hidden */
	char *root;         /* the folder that holds all of them */
	struct cli_id out;  /* the results' folder, which is no original */
	struct cli_id *ids; /* of all of them, sorted */
};

/*
 * arg: paths. out: the results' folder, or NULL. Fails only where the system
 * does; what is wrong with one file is its fault.
 */
bool files_find(char *const *arg, int n, const char *out,
    struct cli_files *files, struct err *e) must_check;
/* Is this one of them? */
bool files_have(const struct cli_files *files, const struct stat *st);
void files_free(struct cli_files *files);
