"""A bucket as planners read it: listed once, and every question answered from that."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator

from core.errors import SourceMissing, StorageError
from core.model import Attributes, Fingerprint
from core.storage import Entry
from core.storage.s3.bucket import Bucket

HEAD_BYTES = 512 * 1024
TAIL_BYTES = 64 * 1024
"""What is fetched of an object to tell what it is: its beginning, and its end, where some formats keep their index."""


class Listing:
    """What lies beneath a prefix at one moment. Raises errors of StorageError when it is first asked."""

    def __init__(self, bucket: Bucket) -> None:
        self.root = bucket.root
        self.bucket = bucket
        self.unreadable: list[bytes] = []
        self._files: dict[bytes, Entry] | None = None
        self._names: dict[bytes, dict[bytes, bool]] = defaultdict(dict)

    def close(self) -> None:
        """Let go of the bucket."""
        self.bucket.close()

    @property
    def files(self) -> dict[bytes, Entry]:
        """Every object that is a file, by its path."""
        if self._files is None:
            self._files = {entry.path: entry for entry in self.bucket.walk()}
            for path in self._files:
                self._take_in(path)
        return self._files

    @property
    def untouched(self) -> list[tuple[bytes, str]]:
        """Objects that are no files, each with the reason."""
        return self.bucket.untouched

    def _take_in(self, path: bytes) -> None:
        folder, _, name = path.rpartition(b"/")
        self._names[folder][name] = False
        while folder:
            above, _, name = folder.rpartition(b"/")
            if self._names[above].get(name):
                return
            self._names[above][name] = True
            folder = above

    # -- what planners ask of a folder

    def walk_directories(self, descend: Callable[[bytes], bool]) -> Iterator[tuple[bytes, list[Entry]]]:
        """Yield each folder that is entered, with its files."""
        waiting = [b""]
        files = self.files
        while waiting:
            folder = waiting.pop()
            names = self._names.get(folder, {})
            start = folder + b"/" if folder else b""
            yield folder, [files[start + name] for name in names if start + name in files]
            waiting += (start + name for name, is_folder in names.items() if is_folder and descend(start + name))

    def list_directory(self, path: bytes) -> list[bytes]:
        """Return the names in a folder."""
        return list(self._names.get(path, ())) if self.files else []

    def is_directory(self, path: bytes) -> bool:
        """Tell whether any object lies beneath a path."""
        return bool(self.files) and path in self._names

    def entry(self, path: bytes) -> Entry | None:
        """Return the object at a path."""
        return self.files.get(path)

    def fingerprint(self, path: bytes) -> Fingerprint | None:
        """Return what is there."""
        found = self.files.get(path)
        return found.fingerprint if found else None

    def exists(self, path: bytes) -> bool:
        """Tell whether an object or a folder has a name."""
        return path in self.files or path in self._names

    def check_unused(self, path: bytes) -> None:
        """Nobody can have an object open."""

    def attributes(self, path: bytes) -> Attributes:
        """Raise SourceMissing: a folder of a bucket is nothing of its own, and has none."""
        raise SourceMissing

    def open_file(self, path: bytes, flags: int) -> int:
        """Return a descriptor of all of an object, in memory; the caller closes it. Raises OSError."""
        entry = self.files.get(path)
        if entry is None or flags != os.O_RDONLY:
            raise FileNotFoundError
        return fetched(self.bucket, entry, head=entry.size, tail=0)


def fetched(bucket: Bucket, entry: Entry, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> int:
    """Return a descriptor of a file in memory as long as the object, with its beginning and its end; the rest is holes.

    The caller closes it. Raises OSError.
    """
    descriptor = os.memfd_create("object", os.MFD_CLOEXEC)
    try:
        os.ftruncate(descriptor, entry.size)
        start = bucket.read(entry.path, 0, head, entry.fingerprint)
        os.pwrite(descriptor, start, 0)
        if tail and len(start) < entry.size:
            at = max(len(start), entry.size - tail)
            os.pwrite(descriptor, bucket.read(entry.path, at, tail, entry.fingerprint), at)
    except StorageError as error:
        os.close(descriptor)
        raise OSError(str(error)) from error
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
