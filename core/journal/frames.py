"""Frames: how plans and journals stand on disk, so that a torn or damaged one is told from a whole one.

A frame is: the length of its payload, the payload's CRC-32, and the CRC-32 of those two (4 bytes each,
little-endian), then the payload: MessagePack.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any
from zlib import crc32

from msgspec import msgpack

from core.errors import JournalDamaged

_FIELDS = struct.Struct("<II")
_HEAD = struct.Struct("<III")
_encode = msgpack.Encoder().encode


def framed(payload: Any) -> bytes:
    """Return the frame of a payload."""
    body = _encode(payload)
    fields = _FIELDS.pack(len(body), crc32(body))
    return fields + crc32(fields).to_bytes(4, "little") + body


def frames(data: memoryview, name: str, skip_after_first: int = 0) -> Iterator[memoryview]:
    """Yield the payloads; of frames number 1 to `skip_after_first` only the heads are looked at.

    Raises JournalDamaged, telling `name`, where a frame is not whole.
    """
    offset = number = 0
    while offset < len(data):
        head = _head(data, offset)
        if head is None:
            raise JournalDamaged(f"{name}, byte {offset}")
        length, checksum = head
        end = offset + _HEAD.size + length
        if number == 0 or number > skip_after_first:
            body = data[offset + _HEAD.size : end]
            if len(body) < length or crc32(body) != checksum:
                raise JournalDamaged(f"{name}, byte {offset}")
            yield body
        offset = end
        number += 1


def frame_offsets(data: memoryview, name: str) -> array[int]:
    """Return where each frame begins, by the heads alone. Raises JournalDamaged, telling `name`."""
    offsets = array("Q")
    offset = 0
    while offset < len(data):
        head = _head(data, offset)
        if head is None:
            raise JournalDamaged(f"{name}, byte {offset}")
        offsets.append(offset)
        offset += _HEAD.size + head[0]
    return offsets


def offsets_after(data: memoryview, sizes: Sequence[int]) -> array[int] | None:
    """Return where each frame begins, if those after the first have these sizes and fill the data; else None."""
    head = _head(data, 0)
    start = _HEAD.size + head[0] if head is not None else 0
    offsets = array("Q", [0, *accumulate(sizes, initial=start)])
    return offsets if offsets.pop() == len(data) else None


def payload_at(data: memoryview, offset: int, name: str) -> memoryview:
    """Return the payload of the frame that begins at `offset`. Raises JournalDamaged, telling `name`."""
    return next(frames(data[offset:], f"{name}, after byte {offset}"))


def whole_length(data: memoryview, name: str) -> int:
    """Return how many bytes are whole frames: all, or all but a torn tail.

    The tail is torn if its last frame is cut short, or if a file system made the file longer and then lost what was to
    fill it. Raises JournalDamaged, telling `name`, for anything else: then more than a tail is in doubt.
    """
    offset = 0
    while offset < len(data):
        head = _head(data, offset)
        if head is None:
            if len(data) - offset < _HEAD.size or not any(data[offset:]):
                return offset
            raise JournalDamaged(f"{name}, byte {offset}")
        length, checksum = head
        end = offset + _HEAD.size + length
        if end > len(data):
            return offset
        if crc32(data[offset + _HEAD.size : end]) != checksum:
            if end == len(data) or not any(data[end:]):
                return offset
            raise JournalDamaged(f"{name}, byte {offset}")
        offset = end
    return offset


def _head(data: memoryview, offset: int) -> tuple[int, int] | None:
    """Return a frame's length and checksum, or None for what is no head of a frame."""
    if offset + _HEAD.size > len(data):
        return None
    length, checksum, own = _HEAD.unpack_from(data, offset)
    if crc32(data[offset : offset + _FIELDS.size]) != own:
        return None
    return length, checksum
