"""One protocol for the places that files lie in: local folders now, buckets later.

A storage is one root. Paths are bytes relative to it, `/` between components, never empty, never `..`.
Only `core.execute` calls what changes files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import Struct

from core.model import Attributes, Fingerprint

KeepGoing = Callable[[int], None]
"""Called with the bytes copied since the last call, at least every 4 MiB; raises Cancelled to stop the copy."""


class Entry(Struct, frozen=True, gc=False):
    """A regular file found by a walk: path relative to the root, and its `lstat`."""

    path: bytes
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    device: int
    links: int = 1

    @property
    def fingerprint(self) -> Fingerprint:
        """What the executor checks before it acts."""
        return Fingerprint(self.inode, self.size, self.mtime_ns)


class Copy(Struct, frozen=True):
    """A copy that is whole and durable under a temporary name beside its destination, not yet published."""

    temporary: bytes
    digest: bytes
    fingerprint: Fingerprint


class Storage(Protocol):
    """What the executor and the planners need of a place that holds files.

    Every method raises errors of `core.errors.StorageError` and nothing else of the operating system's.
    """

    root: bytes

    def fingerprint(self, path: bytes) -> Fingerprint | None:
        """Return what is there now, or None; never follows a symlink."""

    def check_unused(self, path: bytes) -> None:
        """Raise SourceInUse if another program has the file open for writing."""

    def move(self, source: bytes, target: Storage, destination: bytes) -> None:
        """Rename without ever replacing. Raises DestinationTaken, SourceMissing, CrossesDevices, …"""

    def copy(self, source: bytes, target: Storage, destination: bytes, temporary: bytes, go_on: KeepGoing) -> Copy:
        """Copy content and metadata to `temporary` in the target, verified and fsynced."""

    def publish(self, copy: Copy, destination: bytes) -> None:
        """Give a copy its name without replacing, and make the name durable."""

    def remove_copied(self, source: bytes, expected: Fingerprint) -> None:
        """Take a source away whose copy is published and durable: rename aside, verify, unlink; else rename back."""

    def make_directory(self, path: bytes, attributes: Attributes | None) -> bool:
        """Make one directory; False if it was there already."""

    def remove_directory(self, path: bytes) -> Attributes:
        """Remove an empty directory and return what it was. Raises FolderNotEmpty."""

    def walk(self, descend: Callable[[bytes], bool]) -> Iterator[Entry]:
        """Yield every regular file beneath the root; `descend` decides for each directory's path."""

    def sync(self) -> None:
        """Make every name changed through this storage durable."""
