"""Directories beneath a root, by descriptors: the only way Shelver reaches a file.

A descriptor is found beneath the root without following any symlink and without leaving the root, so that
nobody can lead a move astray by swapping a directory for a link. Few descriptors are kept, and none for long.
"""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from core.errors import (
    AccessDenied,
    CrossesDevices,
    DestinationTaken,
    EscapesRoot,
    FolderNotEmpty,
    FolderTaken,
    IoFailed,
    NoSpace,
    SourceMissing,
    StorageError,
)
from core.storage import linux
from core.trash import TRASH

_NO_NAMES = frozenset((b"", b".", b".."))
_KEPT = 64
_SYNCED_ALONE = 32
"""Above so many touched directories, syncing whole file systems costs fewer waits for the disk."""

_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What file systems answer that sync no directory by itself."""

_PATH_ONLY = os.O_PATH | os.O_DIRECTORY
_READABLE = os.O_RDONLY | os.O_DIRECTORY

_ERRORS: dict[int, type[StorageError]] = {
    errno.ENOENT: SourceMissing,
    errno.EEXIST: DestinationTaken,
    errno.ENOTDIR: FolderTaken,
    errno.EXDEV: CrossesDevices,
    errno.ELOOP: EscapesRoot,
    errno.ENOSPC: NoSpace,
    errno.EDQUOT: NoSpace,
    errno.EACCES: AccessDenied,
    errno.EPERM: AccessDenied,
    errno.ENOTEMPTY: FolderNotEmpty,
}


def storage_error(error: OSError) -> StorageError:
    """Return what an error of the operating system means for a step."""
    code = error.errno or 0
    return _ERRORS.get(code, IoFailed)(os.strerror(code))


@contextmanager
def told() -> Iterator[None]:
    """Tell of errors of the operating system as what they mean for a step."""
    try:
        yield
    except OSError as error:
        raise storage_error(error) from None


@contextmanager
def opened(descriptor: int) -> Iterator[int]:
    """Close a descriptor afterwards."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Directories:
    """The directories of one root. A context manager; reopens by itself after `close`."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.identity: tuple[int, int] | None = None
        self._root = -1
        self._open: OrderedDict[bytes, int] = OrderedDict()
        self._touched: set[bytes] = set()
        self._made: set[bytes] = set()
        self._old: set[bytes] = set()
        self._doubts = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give every descriptor back, so that the file system can be unmounted."""
        self.release()
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def release(self) -> None:
        """Give the descriptors of all directories but the root back: a renamed directory is then missed at once."""
        while self._open:
            os.close(self._open.popitem()[1])

    def is_in_place(self) -> bool:
        """Tell whether the root's path still leads to the directory that it led to at first."""
        try:
            status = os.stat(self.root)
        except OSError:
            return False
        return self.identity is None or self.identity == (status.st_dev, status.st_ino)

    # -- finding

    def of(self, path: bytes) -> int:
        """Return the descriptor (O_PATH) of a directory beneath the root; b"" is the root itself.

        It stays good until a good many others were asked for: use it at once. Raises OSError.
        """
        found = self._open.get(path)
        if found is not None:
            self._open.move_to_end(path)
            return found
        return self._find(path) if path else self.root_descriptor()

    def identify(self) -> int:
        """Return the root's inode. Raises OSError if it is missing, or not the one it was."""
        self.root_descriptor()
        assert self.identity is not None
        return self.identity[1]

    def root_descriptor(self) -> int:
        """Return the descriptor of the root, opened when first needed."""
        if self._root < 0:
            self._root = os.open(self.root, _PATH_ONLY | os.O_CLOEXEC)
            status = os.fstat(self._root)
            self.identity = self.identity or (status.st_dev, status.st_ino)
            if self.identity != (status.st_dev, status.st_ino):
                self.close()
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        self._touched.add(b"")
        return self._root

    def _find(self, path: bytes) -> int:
        check_components(path)
        try:
            descriptor = linux.open_beneath(self.root_descriptor(), path, _PATH_ONLY)
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise EscapesRoot from None
            raise
        self._open[path] = descriptor
        self._touched.add(path)
        if len(self._open) > _KEPT:
            os.close(self._open.popitem(last=False)[1])
        return descriptor

    def place(self, path: bytes) -> tuple[int, bytes]:
        """Return the descriptor of the directory that holds `path`, and the name in it. Raises OSError, EscapesRoot."""
        parent, _, name = path.rpartition(b"/")
        if name in _NO_NAMES or 0 in name:
            raise EscapesRoot
        found = self._open.get(parent)  # as `of` does: this is asked twice for each file of a plan
        if found is None:
            return self.of(parent), name
        self._open.move_to_end(parent)
        return found, name

    def open_file(self, path: bytes, flags: int) -> int:
        """Open what is at `path`, never through a symlink, never waiting for a pipe. Raises OSError."""
        directory, name = self.place(path)
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600, dir_fd=directory)

    def open_directory(self, path: bytes) -> int:
        """Open a directory for reading; the caller closes it. Raises OSError."""
        return os.open(b".", _READABLE | os.O_CLOEXEC, dir_fd=self.of(path))

    # -- making

    def make_parents(self, path: bytes) -> None:
        """Make the directories that `path` needs above it; those of a trash are private. Raises OSError."""
        parent = path.rpartition(b"/")[0]
        if not parent:
            return
        try:
            self.of(parent)
        except FileNotFoundError:
            self.make_parents(parent)
            self.make(parent)

    def make(self, path: bytes, mode: int | None = None) -> bool:
        """Make one directory; False if there was one already. Raises OSError (NotADirectoryError: it is a file)."""
        directory, name = self.place(path)
        if mode is None:
            mode = 0o700 if TRASH in path.split(b"/") else 0o777
        try:
            os.mkdir(name, mode, dir_fd=directory)
        except FileExistsError:
            self.of(path)  # NotADirectoryError, ELOOP where something else has the name
            return False
        self._made.add(path)
        return True

    # -- making durable

    def touch(self, path: bytes) -> None:
        """Have `sync` see to the directory that holds a path, though nobody asked for it in this run."""
        self._touched.add(path.rpartition(b"/")[0])

    def doubt(self) -> None:
        """Take no name for durable that was there before this run: a process that died may have made it."""
        self._doubts = True

    def sync_path(self, path: bytes) -> None:
        """Make a directory's names durable, and its own name if it was made in this run. Raises OSError."""
        self._sync(path)
        while path and self._may_be_new(path):
            self._made.discard(path)
            self._old.add(path)
            path = path.rpartition(b"/")[0]
            self._sync(path)

    def _may_be_new(self, path: bytes) -> bool:
        return path in self._made or (self._doubts and path not in self._old)

    def sync(self) -> None:
        """Make the names in all directories that were used so far durable. Raises OSError."""
        if self._doubts:
            self._touched.update(folder for path in list(self._touched) for folder in _above(path))
        if len(self._touched) > _SYNCED_ALONE:
            self._sync_whole()
        else:
            all_found = True
            for path in sorted(self._touched):
                try:
                    self._sync(path)
                except (FileNotFoundError, NotADirectoryError):
                    all_found = False
            if not all_found:  # removed or renamed since: its names are somewhere on the file systems
                self._sync_whole()
        self._touched.clear()
        self._made.clear()

    def _sync(self, path: bytes) -> None:
        try:
            descriptor = self.open_directory(path)
        except PermissionError:  # may be entered but not read
            return self._sync_whole()
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise
            linux.sync_file_system(descriptor)
        finally:
            os.close(descriptor)
        return None

    def _sync_whole(self) -> None:
        """Sync each file system that a touched directory lies on."""
        synced: set[int] = set()
        for path in sorted(self._touched):
            try:
                device = os.fstat(self.of(path)).st_dev
                if device in synced:
                    continue
                descriptor = self.open_directory(path)
            except OSError:
                continue
            try:
                linux.sync_file_system(descriptor)
                synced.add(device)
            finally:
                os.close(descriptor)


def check_components(path: bytes) -> None:
    """Raise EscapesRoot for a path that is not a plain way down."""
    if b"\0" in path or any(component in _NO_NAMES for component in path.split(b"/")):
        raise EscapesRoot


def _above(path: bytes) -> Iterator[bytes]:
    while path:
        path = path.rpartition(b"/")[0]
        yield path
