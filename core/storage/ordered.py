"""A walk in the order of paths, so that a folder of any size can be compared with a sorted list, both in passing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from core.errors import SourceMissing, StorageError
from core.storage import Entry
from core.storage.directories import storage_error
from core.storage.local import LocalStorage
from core.storage.walking import OWN_PREFIX


def walk_in_order(storage: LocalStorage, descend: Callable[[bytes], bool] = lambda path: True) -> Iterator[Entry]:
    """Yield what `storage.walk` yields, sorted by path, byte by byte; of each directory it holds the names alone.

    Raises IoFailed and the like for the root only.
    """
    storage.unreadable = []
    levels = [iter(_listed(storage, b"", descend))]
    while levels:
        path = next(levels[-1], None)
        if path is None:
            levels.pop()
        elif path.endswith(b"/"):
            levels.append(iter(_listed(storage, path[:-1], descend)))
        elif (entry := _entry(storage, path)) is not None:
            yield entry


def _listed(storage: LocalStorage, directory: bytes, descend: Callable[[bytes], bool]) -> list[bytes]:
    """Return the paths of the files in a directory, and those of the directories to go into, which end in a slash.

    With the slash they sort where what lies beneath them does: `a.txt`, `a/b`, `ab`.
    """
    try:
        return sorted(_scanned(storage, directory, descend))
    except (FileNotFoundError, NotADirectoryError):
        if not directory:
            raise SourceMissing from None
    except (OSError, StorageError) as error:
        if not directory:
            raise (storage_error(error) if isinstance(error, OSError) else error) from None
        storage.unreadable.append(directory)
    return []


def _scanned(storage: LocalStorage, directory: bytes, descend: Callable[[bytes], bool]) -> Iterator[bytes]:
    prefix = directory + b"/" if directory else b""
    descriptor = storage.open_directory(directory)
    try:
        with os.scandir(descriptor) as found:
            for item in found:
                name = os.fsencode(item.name)
                if name.startswith(OWN_PREFIX):
                    continue
                if item.is_file(follow_symlinks=False):
                    yield prefix + name
                elif item.is_dir(follow_symlinks=False) and descend(prefix + name):
                    yield prefix + name + b"/"
    finally:
        os.close(descriptor)


def _entry(storage: LocalStorage, path: bytes) -> Entry | None:
    try:
        return storage.entry(path)
    except StorageError:
        return None
