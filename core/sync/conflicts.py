"""Conflict copies: of two changed files the one that was put aside under a readable name, until a person settles it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from core.config.models import Folder
from core.model import Resolution
from core.storage import Entry
from core.storage.local import LocalStorage
from core.sync.state import SyncState

_TOLD = re.compile(rb" \(shelver conflict \d{4}-\d\d-\d\d \d{6} [^/]*\)(?=\.[^./]*$|$)")


class Version(Struct, frozen=True):
    """One of the two files: `size` in bytes, `mtime_ns` in nanoseconds since 1970."""

    size: int
    mtime_ns: int


class Conflict(Struct, frozen=True):
    """One conflict. `path`: the file's own, `copy`: of what was put aside; both relative to the folder.

    `mine`: what was here, `theirs`: what was in the bucket; None for what is no longer there.
    """

    path: bytes
    copy: bytes
    mine: Version | None
    theirs: Version | None


def dropping(folder: Folder) -> Resolution:
    """Return the resolution by which a conflict copy goes: what only pushes puts the bucket's version aside."""
    return "mine" if folder.direction == "push" else "theirs"


def original_of(path: bytes) -> bytes | None:
    """Return the path that a conflict copy was put aside from, or None for what is no conflict copy."""
    folder, slash, name = path.rpartition(b"/")
    original, found = _TOLD.subn(b"", name)
    return folder + slash + original if found and original else None


def copies_among(entries: Iterable[Entry]) -> list[tuple[bytes, int, int]]:
    """Return which of a side's files are conflict copies: path, size and mtime_ns."""
    return [(each.path, each.size, each.mtime_ns) for each in entries if original_of(each.path) is not None]


def conflicts_of(folder: Folder, state: SyncState) -> list[Conflict]:
    """Return what waits to be settled in a folder, by path, without asking its bucket. Raises StorageError."""
    noted = state.conflicts()
    if not noted:
        return []
    local = LocalStorage(folder.path)
    try:
        return sorted(_found(folder, local, noted), key=lambda each: (each.path, each.copy))
    finally:
        local.close()


def _found(folder: Folder, local: LocalStorage, noted: list[tuple[bytes, int, int]]) -> Iterator[Conflict]:
    for copy, size, mtime_ns in noted:
        path = original_of(copy) or copy
        here = _version(local.entry(path))
        if folder.direction == "push":  # what was put aside lies in the bucket, as it was last seen
            yield Conflict(path, copy, here, Version(size, mtime_ns))
        elif aside := _version(local.entry(copy)):
            yield Conflict(path, copy, aside, here)


def _version(entry: Entry | None) -> Version | None:
    return Version(entry.size, entry.mtime_ns) if entry else None
