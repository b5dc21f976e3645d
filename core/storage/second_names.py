"""Another name for a file that was copied: where a source's names are hard links, so are those of its copy."""

from __future__ import annotations

import errno
import os

from msgspec.structs import replace

from core.model import Fingerprint
from core.storage import Copy, KeepGoing
from core.storage.copying import digest_of
from core.storage.directories import opened, told
from core.storage.local import LocalStorage, is_as

_CANNOT_LINK = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.ENOENT)
"""No hard links there, as many names as may be, another file system further down, or the copy is gone."""


def name_again(
    source: tuple[LocalStorage, bytes, Fingerprint],
    copied: tuple[LocalStorage, bytes, Copy],
    temporary: bytes,
    go_on: KeepGoing,
) -> Copy | None:
    """Give a copy one more name, a temporary one; None, and nothing is left, where it cannot have one.

    `source`: where the file has its other name, and what it is expected to be: it is read once more, since the copy
    may have been written to. `copied`: where the copy is now. Raises StorageError, and whatever `go_on` raises.
    """
    (folder, path, expected), (target, place, copy) = source, copied
    if target.fingerprint(place) != copy.fingerprint:
        return None
    with told(), opened(folder.open_file(path, os.O_RDONLY)) as reading:
        if not is_as(expected, reading) or digest_of(reading, go_on) != copy.digest:
            return None
    if not _linked(target, place, temporary):
        return None
    if target.fingerprint(temporary) != copy.fingerprint:
        target.discard(temporary)
        return None
    return replace(copy, temporary=temporary)


def _linked(storage: LocalStorage, path: bytes, place: bytes) -> bool:
    """Give a file a second name, or tell that it cannot have one. Raises NoSpace, AccessDenied, …"""
    with told():
        storage.make_parents(place)
        directory, name = storage.place(place)
        source_directory, source_name = storage.place(path)
        try:
            os.link(source_name, name, src_dir_fd=source_directory, dst_dir_fd=directory, follow_symlinks=False)
        except OSError as error:
            if error.errno in _CANNOT_LINK:
                return False
            raise
    return True
