"""A duplicate and the copy that stays: held open, compared, and looked at once more right before the act."""

from __future__ import annotations

import os
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from core.duplicates.compare import same_bytes
from core.errors import NotTheSame, SameFile, SourceChanged, SourceMissing, StorageError, SurvivorLost
from core.model import Fingerprint
from core.storage import KeepGoing
from core.storage.directories import told
from core.storage.local import LocalStorage, is_as


class Held:
    """A file held open beneath its root. Raises StorageError if it is not as expected, or somebody writes to it."""

    def __init__(self, storage: LocalStorage, path: bytes, expected: Fingerprint) -> None:
        storage.check_unchanged(path, expected)
        with told():
            self.descriptor = storage.open_file(path, os.O_RDONLY)
        self._storage = storage
        self._path = path
        self._expected = expected
        self._status = os.fstat(self.descriptor)
        if not is_as(expected, self.descriptor):
            self.close()
            raise SourceChanged

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode: one file has one, under however many names."""
        return self._status.st_dev, self._status.st_ino

    def check_untouched(self) -> None:
        """Raise SourceChanged unless nothing at all, not even its metadata, changed since it was opened."""
        now = os.fstat(self.descriptor)
        if (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (
            self._status.st_size,
            self._status.st_mtime_ns,
            self._status.st_ctime_ns,
        ):
            raise SourceChanged

    def check_unchanged(self) -> None:
        """Raise SourceChanged unless its content is what it was: names may have been given or taken since."""
        if not is_as(self._expected, self.descriptor):
            raise SourceChanged

    def check_in_place(self) -> None:
        """Raise SourceMissing or SourceChanged unless its root is where it was, and its name leads to this file."""
        if not self._storage.is_in_place():
            raise SourceMissing
        found = self._storage.entry(self._path)
        if found is None:
            raise SourceMissing
        if (found.device, found.inode) != self.identity:
            raise SourceChanged


class Twins:
    """Two files that are said to be the same. A context manager that holds both.

    Raises StorageError: SameFile for two names of one file, SurvivorLost for what is wrong with the one that stays.
    """

    def __init__(
        self,
        duplicate: tuple[LocalStorage, bytes, Fingerprint],
        survivor: tuple[LocalStorage, bytes, Fingerprint],
    ) -> None:
        with ExitStack() as stack:
            self.duplicate = Held(*duplicate)
            stack.callback(self.duplicate.close)
            with _of_survivor():
                self.survivor = Held(*survivor)
                stack.callback(self.survivor.close)
            if self.duplicate.identity == self.survivor.identity:
                raise SameFile
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def compare(self, go_on: KeepGoing) -> None:
        """Read both, byte by byte, then see that neither changed meanwhile. Raises NotTheSame, or what `go_on` does."""
        with told():
            are_same = same_bytes(self.duplicate.descriptor, self.survivor.descriptor, go_on)
        self.check()
        if not are_same:
            raise NotTheSame

    def check(self) -> None:
        """See that both are where they were, and as they were, to the last bit of their metadata."""
        self.duplicate.check_in_place()
        self.duplicate.check_untouched()
        with _of_survivor():
            self.survivor.check_in_place()
            self.survivor.check_untouched()

    def check_survivor(self) -> None:
        """See that the copy that stays is there, and has its content, once the duplicate has left."""
        with _of_survivor():
            self.survivor.check_in_place()
            self.survivor.check_unchanged()


class _of_survivor:  # noqa: N801 - reads as a statement
    """Tells what is wrong with a file as what is wrong with the one that stays."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, StorageError):
            raise SurvivorLost(str(error)) from None
