"""Copying a file's content and all that belongs to it, between open descriptors. Raises OSError."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress

from xxhash import xxh3_128

from core.model import Attributes
from core.storage import KeepGoing

CHUNK = 1024 * 1024
REPORTED = 4 * CHUNK
"""Bytes after which a copy says how far it is, and may be cancelled."""

_ZEROS = bytes(CHUNK)


def copy_content(source: int, target: int, go_on: KeepGoing) -> bytes:
    """Copy all bytes, leaving holes as holes; return the xxh3-128 of what was read."""
    size = os.fstat(source).st_size
    digest = xxh3_128()
    meter = _Meter(go_on)
    buffer = memoryview(bytearray(min(CHUNK, size)))
    end = 0
    for start, stop in _data(source, size):
        _digest_zeros(digest, start - end, meter)
        end = start
        while end < stop:
            count = os.preadv(source, [buffer[: stop - end]], end)
            if not count:
                break  # it shrank: whoever compares the fingerprint finds out
            digest.update(buffer[:count])
            _write(target, buffer[:count], end)
            end += count
            meter.add(count)
    _digest_zeros(digest, size - end, meter)
    os.ftruncate(target, size)
    meter.finish()
    return digest.digest()


def digest_of(descriptor: int, go_on: KeepGoing | None = None) -> bytes:
    """Return the xxh3-128 of a file's content."""
    digest = xxh3_128()
    meter = _Meter(go_on or (lambda count: None))
    buffer = memoryview(bytearray(min(CHUNK, os.fstat(descriptor).st_size + 1)))  # one more, to see the end
    position = 0
    while count := os.preadv(descriptor, [buffer], position):
        digest.update(buffer[:count])
        position += count
        meter.add(0)
    return digest.digest()


def hashed(descriptor: int, method: str, go_on: KeepGoing | None = None) -> bytes:
    """Return the digest of a file's content by one of hashlib's methods. `go_on` is called with 0 as it gets on."""
    digest, position = hashlib.new(method, usedforsecurity=False), 0
    while chunk := os.pread(descriptor, CHUNK, position):
        digest.update(chunk)
        position += len(chunk)
        if go_on is not None:
            go_on(0)
    return digest.digest()


class _Meter:
    """Gathers counts so that the caller hears of a copy every few MiB."""

    def __init__(self, go_on: KeepGoing) -> None:
        self._go_on = go_on
        self._bytes = 0
        self._chunks = 0

    def add(self, count: int) -> None:
        self._bytes += count
        self._chunks += 1
        if self._chunks * CHUNK >= REPORTED:
            self.finish()

    def finish(self) -> None:
        self._go_on(self._bytes)
        self._bytes = self._chunks = 0


def _data(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a file that are no holes."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = min(os.lseek(descriptor, start, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a hole up to the end
                return
            start, end = end, size  # a file system that tells nothing of holes
        if start >= size:
            return
        yield start, end


def _digest_zeros(digest: xxh3_128, count: int, meter: _Meter) -> None:
    while count > 0:
        digest.update(_ZEROS[:count])
        meter.add(min(count, CHUNK))
        count -= CHUNK


def _write(descriptor: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written


# -- attributes -------------------------------------------------------------------------------------


def read_attributes(descriptor: int) -> Attributes:
    """Return mode, owner, mtime, xattrs and ACLs of an open file or directory."""
    status = os.fstat(descriptor)
    return Attributes(
        stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns, _xattrs(descriptor)
    )


def _xattrs(descriptor: int) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    try:
        names = os.listxattr(descriptor)
    except OSError:
        return values
    for name in names:
        if name != "security.selinux":  # the target's policy labels it
            try:
                values[name] = os.getxattr(descriptor, name)
            except OSError:
                continue
    return values


def give_attributes(descriptor: int, attributes: Attributes) -> bool:
    """Give an open file or directory mode, owner, xattrs, ACLs and times; tell whether it took them all.

    What cannot be given (another's ownership, xattrs where there are none) is left out, and never makes the
    file readable for more people than before.
    """
    whole = _give_owner(descriptor, attributes)
    for name, value in attributes.xattrs.items():
        try:
            os.setxattr(descriptor, name, value)
        except OSError:
            whole = False
    mode = _mode_not_wider(descriptor, attributes)
    with suppress(PermissionError):  # a file system without modes
        os.fchmod(descriptor, mode)
    with suppress(PermissionError):
        os.utime(descriptor, ns=(os.fstat(descriptor).st_atime_ns, attributes.mtime_ns))
    status = os.fstat(descriptor)
    return whole and stat.S_IMODE(status.st_mode) == attributes.mode and status.st_mtime_ns == attributes.mtime_ns


def _give_owner(descriptor: int, attributes: Attributes) -> bool:
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) == (attributes.uid, attributes.gid):
        return True
    for owner in (attributes.uid, -1):  # a user may at least give it to a group of theirs
        try:
            os.fchown(descriptor, owner, attributes.gid)
        except OSError:
            continue
        return owner != -1 or status.st_uid == attributes.uid
    return False


def _mode_not_wider(descriptor: int, attributes: Attributes) -> int:
    status = os.fstat(descriptor)
    mode = attributes.mode
    if status.st_gid != attributes.gid:  # another group: it gets what everybody had
        mode = mode & ~0o2070 | (mode & 0o007) << 3
    if status.st_uid != attributes.uid:
        mode &= ~0o4000
    return mode
