"""The contents of files as they were last read: what makes a second search cost the walk alone.

A cache. One row tells of a part of a directory: names, sizes and times, digests, each packed together, so that a part
in which nothing changed is one comparison of bytes.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from core.cache import Cache

UNCERTAIN_NS = 2_000_000_000
"""A file that changed so shortly before it was listed may change again within the same tick of its file system's
clock: what was read of it is used, and not kept."""


class Known(NamedTuple):
    """What is known of a part of a directory: names (NUL between them), rows, digests of first and of whole reads.

    A file's digest is zeros where there is none; where no file has one, all of it is empty.
    """

    names: bytes
    rows: bytes
    device: str
    heads: bytes
    wholes: bytes


class Change(NamedTuple):
    """A part of a directory as it is now."""

    directory: bytes
    number: int
    known: Known


class Contents(Cache):
    """What is known of the content of every file, by root, directory and part. `clock` in nanoseconds since 1970."""

    version = 1
    tables = ("parts",)
    schema = """
CREATE TABLE IF NOT EXISTS parts (
    id INTEGER PRIMARY KEY,
    root BLOB NOT NULL, directory BLOB NOT NULL, number INTEGER NOT NULL,
    names BLOB NOT NULL, rows BLOB NOT NULL, device TEXT NOT NULL,
    heads BLOB NOT NULL, wholes BLOB NOT NULL,
    UNIQUE (root, directory, number)
);
"""

    def __init__(self, path: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self.clock = clock
        super().__init__(path)

    def parts(self, root: bytes) -> dict[tuple[bytes, int], int]:
        """Return the parts that are known beneath a root: directory, number and what to ask for."""
        found = self._ask("SELECT directory, number, id FROM parts WHERE root = ?", root)
        return {(directory, number): id for directory, number, id in found}

    def part(self, id: int) -> Known | None:
        """Return what is known of one part; None where another process forgot it."""
        found = self._ask("SELECT names, rows, device, heads, wholes FROM parts WHERE id = ?", id)
        return Known(*found[0]) if found else None

    def update(self, root: bytes, changes: Iterable[Change], gone: Iterable[int]) -> None:
        """Take in parts that are new or changed, and forget those that are gone: one transaction."""
        rows = ((root, change.directory, change.number, *change.known) for change in changes)
        forgotten = [(id,) for id in gone]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM parts WHERE id = ?", forgotten)
            connection.executemany(
                "REPLACE INTO parts (root, directory, number, names, rows, device, heads, wholes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

        self._change(write)


def device_name(device: int) -> str:
    """Return what tells a device from others for as long as the machine runs; afterwards it may have another number."""
    return f"{_boot()}/{device}"


def is_another_device(one: str, other: str) -> bool:
    """Tell whether two devices are certainly not the same one."""
    return one != other and one.partition("/")[0] == other.partition("/")[0]


@cache
def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "?"
