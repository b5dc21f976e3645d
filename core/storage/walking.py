"""One directory of a walk: its regular files with their `lstat`, and the directories in it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator

from core.storage import Entry

OWN_PREFIX = b".shelver-"
"""How every name begins that Shelver makes for itself: the trash, and files under way."""

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


_AT_ONCE = 256


def files_in(descriptor: int, directory: bytes, subdirectories: list[bytes]) -> Iterator[list[Entry]]:
    """Yield the files of an open directory, some hundred at a time and in no order, and note its subdirectories.

    Paths are those beneath the root. Passes over symlinks, the trash, and what Shelver has under way. Raises OSError.
    """
    prefix = directory + b"/" if directory else b""
    files: list[Entry] = []
    with os.scandir(descriptor) as found:
        for item in found:
            name = name_on_disk(item.name)
            if name.startswith(OWN_PREFIX):
                continue
            if item.is_file(follow_symlinks=False):
                try:
                    status = item.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    files.append(entry_of(prefix + name, status))
                    if len(files) == _AT_ONCE:
                        yield files
                        files = []
            elif item.is_dir(follow_symlinks=False):
                subdirectories.append(prefix + name)
    yield files


def name_on_disk(name: str) -> bytes:
    """Return a name that `os` gave as text as it is on the disk: `os.fsencode`, without its questions."""
    return name.encode(_ENCODING, _ERRORS)


def entry_of(path: bytes, status: os.stat_result) -> Entry:
    """Return what a walk yields of a regular file."""
    return Entry(
        path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_nlink
    )
