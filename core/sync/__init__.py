"""A local folder and a bucket's prefix kept in step: what each side has, what both had last, and what follows."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from core.model import Fingerprint
from core.storage import Entry


class Synced(Struct, frozen=True):
    """A file as both sides had it when they were last found or made equal.

    `local`: inode, size, mtime_ns, ctime_ns; `remote`: the ETag; `sha256`: of the content, or empty where nobody
    had to read it.
    """

    path: bytes
    size: int
    inode: int
    mtime_ns: int
    ctime_ns: int
    etag: str
    sha256: bytes = b""

    def is_as(self, entry: Entry) -> bool:
        """Tell whether a local file was not written to since, as far as its lstat tells. A rename changes ctime."""
        return (self.size, self.mtime_ns) == (entry.size, entry.mtime_ns) and self.inode == entry.inode


Change = Literal["same", "modified", "deleted", "new", "absent"]
"""What became of a file on one side since both were in step; `absent`: it is not there and never was."""

Action = Literal[
    "nothing",
    "record",
    "forget",
    "upload",
    "download",
    "trash_local",
    "trash_remote",
    "keep_both",
]
"""What follows from the changes of both sides.

`record`: both have the same content already, and only the state does not know. `forget`: neither has it any more.
`keep_both`: the remote one keeps the name, the local one gets a conflict name and goes up as a new file.
"""


BOTH_CHANGED = "changed on both sides"
"""Why a conflict's file is put aside; plans tell conflicts by it."""


class Pair(Struct, frozen=True):
    """What both sides have under one path, and had: None where there is nothing."""

    path: bytes
    base: Synced | None
    local: Entry | None
    remote: Entry | None


class Decided(Struct, frozen=True):
    """What is to be done about one path, and why, in words."""

    pair: Pair
    action: Action
    why: str


def fingerprint_of(entry: Entry | None) -> Fingerprint | None:
    """Return what the executor checks of a side's file."""
    return entry.fingerprint if entry else None
