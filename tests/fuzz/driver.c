/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target on every seed once, without libFuzzer: fuzz_NAME reads
 * the files of $PICTOR_SRC/tests/fuzz/seeds/NAME, or the files and folders
 * that are named as arguments. Prints one TAP case for each file; the target
 * fails by dying.
 */
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED_MAX ((size_t)1 << 20)

static unsigned done;

/* The copy has exactly the file's size: a read past it is seen by ASan. */
static void
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	uint8_t *room = malloc(SEED_MAX);
	assert(room != NULL);
	size_t size = fread(room, 1, SEED_MAX, f);
	fclose(f);
	uint8_t *data = malloc(size > 0 ? size : 1);
	assert(data != NULL);
	memcpy(data, room, size);
	free(room);

	/* Named before it runs: if it dies, the last line says on what. */
	const char *name = strrchr(path, '/');
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	printf("ok %u - %s\n", ++done, name != NULL ? name + 1 : path);
	free(data);
}

static int
is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
run_path(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_seed, alphasort);
	if (n < 0) {
		run_file(path);
		return;
	}
	for (int i = 0; i < n; i++) {
		char file[4096];
		int len = snprintf(
		    file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		assert(len > 0 && (size_t)len < sizeof(file));
		run_file(file);
		free(entries[i]);
	}
	free(entries);
}

int
main(int argc, char **argv)
{
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			run_path(argv[i]);
	} else {
		const char *src = getenv("PICTOR_SRC");
		const char *name = strstr(argv[0], "fuzz_");
		for (const char *next = name; next != NULL;
		     next = strstr(next + 1, "fuzz_"))
			name = next;
		char folder[4096];
		if (name == NULL) {
			fprintf(stderr, "usage: fuzz_NAME [FILE|FOLDER]...\n");
			return 1;
		}
		int len =
		    snprintf(folder, sizeof(folder), "%s/tests/fuzz/seeds/%s",
			src != NULL ? src : ".", name + strlen("fuzz_"));
		assert(len > 0 && (size_t)len < sizeof(folder));
		run_path(folder);
	}
	printf("1..%u\n", done);
	return done > 0 ? 0 : 1;
}
