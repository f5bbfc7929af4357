/* SPDX-License-Identifier: Apache-2.0 */
#include "event/spool_state.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/fd.h"

/* One slot; the machine's own byte order, since it never leaves it. */
struct slot {
	uint8_t magic[8];
	uint64_t turn; /* the larger of two is newer */
	struct spool_state state;
	uint8_t unused[SPOOL_STATE_SLOT - 24 - sizeof(struct spool_state)];
	uint32_t size; /* of struct spool_state */
	uint32_t crc;
};
_Static_assert(sizeof(struct slot) == SPOOL_STATE_SLOT, "no padding");
static const uint8_t slot_magic[8] = "PTRSPL\x01";

bool
spool_state_read(int folder, struct spool_state *out, uint64_t *turn)
{
	scoped_fd fd = openat(folder, "state",
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	bool found = false;

	*turn = 0;
	for (int i = 0; fd >= 0 && i < 2; i++) {
		struct slot slot;

		if (pread(fd, &slot, sizeof(slot),
			(off_t)i * SPOOL_STATE_SLOT) != (ssize_t)sizeof(slot) ||
		    memcmp(slot.magic, slot_magic, sizeof(slot_magic)) != 0 ||
		    slot.size != sizeof(slot.state) ||
		    slot.crc != crc32c(0, &slot, offsetof(struct slot, crc)) ||
		    (found && slot.turn < *turn))
			continue;
		*out = slot.state;
		*turn = slot.turn;
		found = true;
	}
	*turn += found;
	return found;
}

bool
spool_state_write(int fd, const struct spool_state *state, uint64_t turn)
{
	struct slot slot;
	struct iovec all = { &slot, sizeof(slot) };

	memset(&slot, 0, sizeof(slot));
	memcpy(slot.magic, slot_magic, sizeof(slot_magic));
	slot.turn = turn;
	slot.state = *state;
	slot.size = sizeof(slot.state);
	slot.crc = crc32c(0, &slot, offsetof(struct slot, crc));
	return fd_write_vectors(
		   fd, &all, 1, (off_t)(turn % 2 * SPOOL_STATE_SLOT)) ==
	    (ssize_t)sizeof(slot);
}

bool
spool_sums(const char *folder, struct spool_sums *out)
{
	scoped_fd fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct spool_state state;
	uint64_t unused;

	if (fd < 0 || !spool_state_read(fd, &state, &unused))
		return false;
	*out = (struct spool_sums){
		.id = state.id,
		.stored = state.stored,
		.lost = state.lost,
		.acknowledged = state.acked_events,
		.rejected = state.rejected,
		.acked = state.acked,
	};
	return true;
}
