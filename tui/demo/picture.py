"""A picture of a tree of files, to compare before and after: names, contents, times, modes and links."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple, TypeAlias

from core.trash import TRASH


class Thing(NamedTuple):
    """What stands under one name; `links` are its other names."""

    kind: str
    mode: int
    mtime_ns: int = 0
    content: str = ""
    links: tuple[bytes, ...] = ()


Picture: TypeAlias = dict[bytes, Thing]


def picture(root: Path) -> Picture:
    """Look at everything beneath a folder, the trash's own folder apart.

    Times of folders are left out: whoever adds a file to a folder changes them.
    """
    things: Picture = {}
    names_of: dict[int, list[bytes]] = {}
    top = os.fsencode(root)
    for directory, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if name != TRASH)
        for name in sorted(folders + files):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            inside = os.path.relpath(path, top)
            things[inside] = _thing(path, status)
            if stat.S_ISREG(status.st_mode):
                names_of.setdefault(status.st_ino, []).append(inside)
    for names in names_of.values():
        for name in names:
            things[name] = things[name]._replace(links=tuple(other for other in names if other != name))
    return things


def _thing(path: bytes, status: os.stat_result) -> Thing:
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return Thing("link", mode, status.st_mtime_ns, os.fsdecode(os.readlink(path)))
    if stat.S_ISDIR(status.st_mode):
        return Thing("folder", mode)
    with open(path, "rb") as file:
        return Thing("file", mode, status.st_mtime_ns, hashlib.file_digest(file, "sha256").hexdigest())


def differences(before: Picture, after: Picture) -> list[bytes]:
    """Return the paths that are not what they were: gone, new, or changed in any way."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
