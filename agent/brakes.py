"""What halts a folder: it vanished, it is another one than before, or all that was in it is gone.

Then nothing is taken as deleted, and nothing starts there until a person says that it is meant so.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Lock

import msgspec
from msgspec import Struct

from core.state import write_durably

EMPTIED_FROM = 10
"""A folder that held fewer files than this may become empty without a halt."""


class Identity(Struct, frozen=True):
    """Which directory a path leads to. `device` means something within one boot only."""

    device: int
    inode: int
    boot: str


def identity_of(root: bytes) -> Identity | None:
    """Return what is at a folder's path now, or None where no directory is."""
    try:
        status = os.stat(root)
    except OSError:
        return None
    if not stat.S_ISDIR(status.st_mode):
        return None
    return Identity(status.st_dev, status.st_ino, boot_id())


def boot_id() -> str:
    """Return what names this boot of the machine; empty where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def halt_reason(before: Identity | None, now: Identity | None) -> str:
    """Return why a folder must halt that was something else before, or an empty text."""
    if before is None:
        return ""
    if now is None:
        return "it is no longer there (an unmounted disk?)"
    if before.boot == now.boot and before.device != now.device:
        return "it is on another device than before (an unmounted disk?)"
    return ""


def emptied_reason(found: int, known: int) -> str:
    """Return why a folder must halt whose walk found so few files, or an empty text."""
    if found == 0 and known >= EMPTIED_FROM:
        return f"it is suddenly empty: {known} files were there before"
    return ""


class Memory:
    """What the agent remembers of its folders over a restart, in one small file.

    Of each root: which directory it was, the hash of the rules that last went over all of it, and when (seconds
    since 1970), and what its `duplicates` was when all copies there were last seen to. Folders are looked at side by
    side: calls may come from several threads.
    """

    class Folder(Struct, omit_defaults=True):
        """One folder."""

        identity: Identity | None = None
        rules: str = ""
        passed: float = 0.0
        duplicates: str = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        try:
            self._folders = msgspec.json.decode(path.read_bytes(), type=dict[str, Memory.Folder])
        except (FileNotFoundError, msgspec.MsgspecError):  # lost: each folder is as if it were new
            self._folders = {}

    def of(self, root: bytes) -> Memory.Folder:
        """Return what is remembered of a folder."""
        return self._folders.get(root.hex(), Memory.Folder())

    def remember(self, root: bytes, folder: Memory.Folder) -> None:
        """Remember a folder as it is now, durably. Blocks on the disk."""
        with self._lock:
            if self._folders.get(root.hex()) != folder:
                self._folders = {**self._folders, root.hex(): folder}
                write_durably(self._path, msgspec.json.encode(self._folders))
