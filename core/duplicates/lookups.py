"""Looks arrivals up among all that is there, in a process of its own, which stays for as long as it is asked.

python -P -m core.duplicates.lookups      reads a LookUp a line as JSON, answers each with a Found, changes nothing
"""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from core.duplicates import Place, find_copies
from core.duplicates.contents import Contents
from core.errors import ShelverError, StorageError
from core.storage import Entry
from core.storage.local import LocalStorage


class LookUp(Struct, frozen=True):
    """Which of the files at some paths, relative to a root, are copies of others in any place?

    `contents`: the path of what is known of all; `min_size` in bytes.
    """

    root: bytes
    paths: list[bytes]
    places: list[Place]
    contents: str
    min_size: int = 1


class Found(Struct, frozen=True):
    """The paths that are copies, or what kept them from being looked up."""

    copies: list[bytes] = []
    error: str = ""


def look_up(asked: LookUp) -> list[bytes]:
    """Return the paths that are copies. Raises ShelverError."""
    with LocalStorage(asked.root) as storage:
        entries = [entry for path in asked.paths if (entry := _entry(storage, path)) and entry.size >= asked.min_size]
    with closing(Contents(Path(asked.contents))) as contents:
        groups = find_copies(asked.root, entries, asked.places, contents)
        found = {
            path
            for group in groups
            for member in group.members
            for root, path in ((member.root, member.entry.path), *member.also)
            if root == asked.root
        }
    return [path for path in asked.paths if path in found]


def _entry(storage: LocalStorage, path: bytes) -> Entry | None:
    try:
        return storage.entry(path)
    except StorageError:
        return None


def main() -> int:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal's Ctrl-C the agent decides
    for line in sys.stdin.buffer:
        try:
            answer = Found(look_up(msgspec.json.decode(line, type=LookUp)))
        except (ShelverError, OSError) as error:
            answer = Found(error=str(error))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
