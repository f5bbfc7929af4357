# SPDX-License-Identifier: Apache-2.0
"""Images made with nothing but Python."""
import random
import struct
import zlib


def _chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data
        + struct.pack(">I", zlib.crc32(kind + data)))


def png(width, height, seed=1, level=1):
    """RGB, each row of one colour by chance: quick to make, not to decode."""
    chance = random.Random(seed)
    rows = b"".join(b"\0" + chance.randbytes(3) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(rows, level)) + _chunk(b"IEND", b""))


def size_of_png(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])
