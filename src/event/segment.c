/* SPDX-License-Identifier: Apache-2.0 */
#include "event/segment.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc.h"

enum { SEGMENT_VERSION = 1, FRAME_EVENT = 1, NAME_LEN = 16 + 1 + 8 + 4 };
static const uint8_t segment_magic[8] = "PICTOR\x01\n";
static const uint8_t frame_magic[4] = { 0xf7, 'p', 'e', 0xf7 };

static void
put32(uint8_t *out, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> 8 * i);
}

static void
put64(uint8_t *out, uint64_t v)
{
	put32(out, (uint32_t)v);
	put32(out + 4, (uint32_t)(v >> 32));
}

static uint32_t
get32(const uint8_t *in)
{
	return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
	    (uint32_t)in[3] << 24;
}

void
segment_name(const struct segment *s, char out[SEGMENT_NAME_MAX])
{
	snprintf(out, SEGMENT_NAME_MAX, "%016" PRIx64 "-%08" PRIx32 ".seg",
	    s->number, s->salt);
}

static bool
hex_read(const char *text, size_t len, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit =
		    text[i] != '\0' ? strchr(digits, text[i]) : NULL;

		if (digit == NULL)
			return false;
		*out = *out << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

bool
segment_name_read(const char *name, struct segment *out)
{
	uint64_t salt = 0;

	*out = (struct segment){ 0 };
	if (strlen(name) != NAME_LEN || !hex_read(name, 16, &out->number) ||
	    name[16] != '-' || !hex_read(name + 17, 8, &salt) ||
	    strcmp(name + 25, ".seg") != 0)
		return false;
	out->salt = (uint32_t)salt;
	return out->number > 0;
}

void
segment_head(
    const struct segment *s, int64_t made_ns, uint8_t out[SEGMENT_HEAD])
{
	memset(out, 0, SEGMENT_HEAD);
	memcpy(out, segment_magic, sizeof(segment_magic));
	put32(out + 8, SEGMENT_VERSION);
	put32(out + 12, s->salt);
	put64(out + 16, s->number);
	put64(out + 24, (uint64_t)made_ns);
	put32(out + SEGMENT_HEAD - 4, crc32c(0, out, SEGMENT_HEAD - 4));
}

bool
segment_head_read(const uint8_t in[SEGMENT_HEAD], struct segment *out)
{
	if (memcmp(in, segment_magic, sizeof(segment_magic)) != 0 ||
	    get32(in + 8) != SEGMENT_VERSION ||
	    get32(in + SEGMENT_HEAD - 4) != crc32c(0, in, SEGMENT_HEAD - 4))
		return false;
	out->salt = get32(in + 12);
	out->number = (uint64_t)get32(in + 20) << 32 | get32(in + 16);
	return true;
}

void
frame_head(
    uint32_t salt, const uint8_t *body, size_t size, uint8_t out[FRAME_HEAD])
{
	memcpy(out, frame_magic, sizeof(frame_magic));
	put32(out + 8, (uint32_t)size);
	put32(out + 12, FRAME_EVENT);
	put32(out + 4, crc32c(crc32c(salt, out + 8, 8), body, size));
}

size_t
frame_size(const uint8_t in[FRAME_HEAD])
{
	uint32_t size = get32(in + 8);

	return memcmp(in, frame_magic, sizeof(frame_magic)) == 0 &&
		size <= FRAME_MAX && get32(in + 12) == FRAME_EVENT
	    ? size
	    : 0;
}

bool
frame_good(uint32_t salt, const uint8_t *in, size_t body)
{
	return get32(in + 4) ==
	    crc32c(crc32c(salt, in + 8, 8), in + FRAME_HEAD, body);
}

size_t
frame_seek(const uint8_t *in, size_t size)
{
	const uint8_t *found =
	    memmem(in, size, frame_magic, sizeof(frame_magic));

	if (found != NULL)
		return (size_t)(found - in);
	return size < sizeof(frame_magic) ? 0 : size - sizeof(frame_magic) + 1;
}

static int
by_number(const void *a, const void *b)
{
	const struct segment *one = a;
	const struct segment *two = b;

	return (one->number > two->number) - (one->number < two->number);
}

static void
scoped_dir_fn(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

bool
segments_list(int folder, struct segment **out, size_t *n)
{
	__attribute__((cleanup(scoped_dir_fn))) DIR *dir = NULL;
	scoped_fd fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct segment *list = NULL;
	size_t used = 0;
	size_t room = 0;
	const struct dirent *entry;

	if (fd < 0 || (dir = fdopendir(fd)) == NULL)
		return false;
	(void)take_fd(fd); /* dir's */
	/* The folder is this call's. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((entry = readdir(dir)) != NULL) {
		struct segment s;
		struct stat st;

		if (!segment_name_read(entry->d_name, &s) ||
		    fstatat(dirfd(dir), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		s.size = (uint64_t)st.st_size;
		if (used == room) {
			struct segment *more = NULL;

			room = room > 0 ? 2 * room : 64;
			more = reallocarray(list, room, sizeof(*list));
			if (more == NULL)
				abort();
			list = more;
		}
		list[used++] = s;
	}
	if (used > 1)
		qsort(list, used, sizeof(*list), by_number);
	*out = list;
	*n = used;
	return true;
}
