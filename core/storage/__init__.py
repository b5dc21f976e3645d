"""One protocol for the places that files lie in: local folders, buckets.

A storage is one root. Paths are bytes relative to it, `/` between components, never empty, never `..`.
Only `core.execute` calls what changes files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, Self

from msgspec import Struct

from core.errors import UsageError
from core.model import Attributes, Fingerprint
from core.names import shown

if TYPE_CHECKING:
    from core.storage.local import LocalStorage

KeepGoing = Callable[[int], None]
"""Called with the bytes copied since the last call, at least every 4 MiB; raises Cancelled to stop the copy."""


class Entry(Struct, frozen=True, gc=False):
    """A regular file found by a walk: path relative to the root, and its `lstat`.

    Of an object in a bucket: `version` is its ETag and `inode` a hash of that; the times are when it was written.
    """

    path: bytes
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    device: int
    links: int = 1
    version: str = ""

    @property
    def fingerprint(self) -> Fingerprint:
        """What the executor checks before it acts. When an object was written is no mark of it: its ETag is."""
        return Fingerprint(self.inode, self.size, 0 if self.version else self.mtime_ns, self.version)


class Copy(Struct, frozen=True):
    """A copy that is whole under a temporary name beside its destination; durable once it is confirmed.

    `digest`: xxh3-128 of the content. `lost`: what the source has if the target could not take all of it.
    `device`: the source's, if that has other names, too; else 0.
    """

    temporary: bytes
    digest: bytes
    fingerprint: Fingerprint
    lost: Attributes | None = None
    device: int = 0


class Storage(Protocol):
    """What the executor and the planners need of a place that holds files.

    Every method raises errors of `core.errors.StorageError` and nothing else of the operating system's.
    """

    root: bytes

    def fingerprint(self, path: bytes) -> Fingerprint | None:
        """Return what is there now, or None; never follows a symlink."""

    def exists(self, path: bytes) -> bool:
        """Tell whether anything has this name, be it a directory or a dangling symlink."""

    def check_unchanged(self, path: bytes, expected: Fingerprint) -> None:
        """Raise SourceMissing, SourceChanged or SourceInUse unless the file is as expected and nobody writes to it."""

    def move_unchanged(self, source: bytes, expected: Fingerprint, target: Self, destination: bytes) -> None:
        """Check and move as `check_unchanged` and `move` do, with little time in between."""

    def move(self, source: bytes, target: Self, destination: bytes) -> None:
        """Rename without ever replacing. Raises DestinationTaken, SourceMissing, CrossesDevices, …"""

    def copy(
        self,
        source: bytes,
        target: Self,
        temporary: bytes,
        expected: Fingerprint,
        go_on: KeepGoing,
        attributes: Attributes | None = None,
    ) -> Copy:
        """Copy content and metadata to `temporary` in the target, to be confirmed; leave nothing on failure.

        `attributes`: what the copy gets instead of the source's own.
        """

    def confirm(self, copy: Copy) -> None:
        """Make a copy's bytes durable, and read them back. Raises IoFailed if they are not what was copied."""

    def publish(self, copy: Copy, destination: bytes) -> None:
        """Give a copy its name without replacing."""

    def sync_folder_of(self, path: bytes) -> None:
        """Make the name of a file durable, and the names of the directories that were made for it."""

    def take_away(self, path: bytes, expected: Fingerprint, aside: bytes) -> None:
        """Remove a file whose content is safe elsewhere: rename aside, verify, unlink; else rename it back."""

    def make_directory(self, path: bytes, attributes: Attributes | None) -> bool:
        """Make one directory and those above it; False if it was there already."""

    def remove_directory(self, path: bytes) -> Attributes:
        """Remove an empty directory and return what it was. Raises FolderNotEmpty."""

    def walk(self, descend: Callable[[bytes], bool]) -> Iterator[Entry]:
        """Yield every regular file beneath the root; `descend` decides for each directory's path."""

    def sync(self) -> None:
        """Make every name changed through this storage durable."""

    def close(self) -> None:
        """Give back whatever would keep the place in use."""


def open_storage(root: bytes) -> LocalStorage:
    """Return the storage of a root; opens nothing yet. Raises UsageError for what is no absolute path."""
    from core.storage.local import LocalStorage  # noqa: PLC0415 - it imports this module

    if not root.startswith(b"/"):
        raise UsageError(f"{shown(root)} is no absolute path")
    return LocalStorage(root)
