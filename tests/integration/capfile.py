# SPDX-License-Identifier: GPL-2.0-only
"""Captures read without schedtop, as docs/capture-format.md says: the heads of their blocks and what they unpack to."""
import collections
import ctypes
import ctypes.util
import struct

FILE_HEAD = 32
BLOCK_HEAD = struct.Struct("<4sBxHIIQQQIIQQ")
BLOCK_MAGIC = b"\x93BlK"
META, EVENTS, INDEX, END = 1, 2, 3, 4
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
UNPACKED_MAX = 32 << 20

Block = collections.namedtuple("Block", "at type seq first_ns last_ns n_events stored")


def blocks(path):
    """The blocks of a file up to where it was cut off; times are of the monotonic clock."""
    with open(path, "rb") as f:
        data = f.read()
    found, at = [], FILE_HEAD
    while at + BLOCK_HEAD.size <= len(data):
        magic, kind, _, stored, _, seq, first, last, n, _, _, _ = BLOCK_HEAD.unpack_from(data, at)
        assert magic == BLOCK_MAGIC, f"{path}: no block at {at}"
        if at + BLOCK_HEAD.size + stored > len(data):
            break
        begin = at + BLOCK_HEAD.size
        found.append(Block(at, kind, seq, first, last, n, data[begin:begin + stored]))
        at = begin + stored
    return found


def events_of(path):
    """The blocks of events of a file, of which there must be some."""
    found = [b for b in blocks(path) if b.type == EVENTS]
    assert found, f"{path}: no events"
    return found


def ended(path):
    found = blocks(path)
    return bool(found) and found[-1].type == END


def contents(path):
    """All bytes of a file, and what its compressed parts unpack to."""
    zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    for name in ("ZSTD_decompress", "ZSTD_findFrameCompressedSize"):
        getattr(zstd, name).restype = ctypes.c_size_t
    room = ctypes.create_string_buffer(UNPACKED_MAX)
    with open(path, "rb") as f:
        parts = [f.read()]
    n_frames = 0
    for block in blocks(path):
        at = block.stored.find(ZSTD_MAGIC)
        while at >= 0:
            rest = block.stored[at:]
            size = zstd.ZSTD_findFrameCompressedSize(rest, ctypes.c_size_t(len(rest)))
            if not zstd.ZSTD_isError(ctypes.c_size_t(size)):
                n = zstd.ZSTD_decompress(room, ctypes.c_size_t(len(room)), rest, ctypes.c_size_t(size))
                assert n <= len(room), f"{path}: a part of block {block.seq} can't be unpacked"
                parts.append(room.raw[:n])
                n_frames += 1
            at = block.stored.find(ZSTD_MAGIC, at + 4)
    assert n_frames > 0, f"{path}: nothing compressed in it"
    return b"\n".join(parts)
