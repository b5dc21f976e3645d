"""Whether two open files hold the same bytes. Raises OSError."""

from __future__ import annotations

import os

from core.storage import KeepGoing

_CHUNK = 256 * 1024  # two of them stay in a core's own cache
_REPORTED = 4 * 1024 * 1024


def same_bytes(a: int, b: int, go_on: KeepGoing = lambda count: None) -> bool:
    """Tell whether two descriptors read the same from beginning to end, wherever they stand.

    `go_on` hears how many bytes of each were compared since the last call, at least every 4 MiB. Whoever acts on the
    answer checks both files on the same descriptors before and after: this reads, and does not watch.
    """
    if os.fstat(a).st_size != os.fstat(b).st_size:
        return False
    left, right = bytearray(_CHUNK), bytearray(_CHUNK)
    position = untold = 0
    while True:
        count = _fill(a, left, position)
        if _fill(b, right, position) != count:
            return False
        if count < _CHUNK:
            go_on(untold + count)
            return left[:count] == right[:count]
        if left != right:
            return False
        position += count
        untold += count
        if untold >= _REPORTED:
            go_on(untold)
            untold = 0


def _fill(descriptor: int, buffer: bytearray, position: int) -> int:
    """Read until the buffer is full or the file ends: a file system may give less than was asked for."""
    filled = os.preadv(descriptor, [buffer], position)
    while 0 < filled < len(buffer):
        more = os.preadv(descriptor, [memoryview(buffer)[filled:]], position + filled)
        if not more:
            break
        filled += more
    return filled
