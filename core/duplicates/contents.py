"""The contents of files as they were last read: what makes a second search cost the walk alone.

A cache. One row tells of a part of a directory: names, sizes and times, digests, each packed together, so that a part
in which nothing changed is one comparison of bytes. What arrived since the last walk is told of file by file. Keys lead
from a size or a digest to whatever has it, so that an arrival is looked up however many files there are.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from core.duplicates import keys
from core.storage import Entry
from core.stores.cache import Cache

UNCERTAIN_NS = 2_000_000_000
"""A file that changed so shortly before it was listed may change again within the same tick of its file system's
clock: what was read of it is used, and not kept."""

_AT_ONCE = 500


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


class Beneath(NamedTuple):
    """What is known of a part of a directory beneath a root."""

    root: bytes
    directory: bytes
    known: Known


class Arrival(NamedTuple):
    """A file by itself; both digests are empty where they are not known."""

    root: bytes
    entry: Entry
    head: bytes = b""
    whole: bytes = b""

    @property
    def key(self) -> int:
        """What it is looked up by: its digest, or its size."""
        return keys.of_head(self.head) if self.head else keys.of_size(self.entry.size)


class Contents(Cache):
    """What is known of the content of every file, by root. `clock` in nanoseconds since 1970.

    Raises StateFull where the disk that holds it is full, else nothing: it is only a cache.
    """

    version = 1
    tables = ("parts", "arrivals", "walks", "keys", "keyed")
    schema = (
        """
CREATE TABLE IF NOT EXISTS parts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    root BLOB NOT NULL, directory BLOB NOT NULL, number INTEGER NOT NULL,
    names BLOB NOT NULL, rows BLOB NOT NULL, device TEXT NOT NULL,
    heads BLOB NOT NULL, wholes BLOB NOT NULL,
    UNIQUE (root, directory, number)
);
CREATE TABLE IF NOT EXISTS arrivals (
    root BLOB NOT NULL, path BLOB NOT NULL,
    inode NOT NULL, size NOT NULL, mtime_ns NOT NULL, ctime_ns NOT NULL, device NOT NULL, links NOT NULL,
    head BLOB NOT NULL, whole BLOB NOT NULL, key INTEGER NOT NULL, taken_in INTEGER NOT NULL,
    PRIMARY KEY (root, path)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS arrivals_by_key ON arrivals (key);
CREATE TABLE IF NOT EXISTS walks (root BLOB PRIMARY KEY, began INTEGER NOT NULL, took INTEGER NOT NULL) WITHOUT ROWID;
"""
        + keys.SCHEMA
    )

    def __init__(self, path: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self.clock = clock
        super().__init__(path)

    # -- walks

    def parts(self, root: bytes) -> dict[tuple[bytes, int], int]:
        """Return the parts that are known beneath a root: directory, number and what to ask for."""
        found = self._ask("SELECT directory, number, id FROM parts WHERE root = ?", root)
        return {(directory, number): id for directory, number, id in found}

    def part(self, id: int) -> Known | None:
        """Return what is known of one part; None where another process forgot it."""
        found = self._ask("SELECT names, rows, device, heads, wholes FROM parts WHERE id = ?", id)
        return Known(*found[0]) if found else None

    def last_walk(self, root: bytes) -> tuple[int, int] | None:
        """Return when the last whole walk of a root began, and how long it took, in nanoseconds."""
        found = self._ask("SELECT began, took FROM walks WHERE root = ?", root)
        return found[0] if found else None

    def update(self, root: bytes, changes: Iterable[Change], gone: Iterable[int], began: int) -> None:
        """Take in what a walk that began then found new or changed, and forget what is gone: one transaction."""
        rows = ((root, change.directory, change.number, *change.known) for change in changes)  # many: not all at once
        forgotten = [(id,) for id in gone]
        walk = (root, began, self.clock() - began)

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM parts WHERE id = ?", forgotten)
            connection.executemany(
                "REPLACE INTO parts (root, directory, number, names, rows, device, heads, wholes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            connection.execute("DELETE FROM arrivals WHERE root = ? AND taken_in < ?", (root, began))
            connection.execute("REPLACE INTO walks VALUES (?, ?, ?)", walk)

        self._change(write)

    # -- arrivals

    def arrivals(self, root: bytes) -> list[Arrival]:
        """Return what arrived in a root since it was walked last."""
        return [_arrival(*row) for row in self._ask(f"SELECT {_COLUMNS} FROM arrivals WHERE root = ?", root)]  # noqa: S608 -- names only

    def take_in(self, arrivals: Iterable[Arrival]) -> None:
        """Remember files by themselves: one transaction."""
        now = self.clock()
        rows = [(*_row(arrival), arrival.key, now) for arrival in arrivals]
        insert = f"REPLACE INTO arrivals ({_COLUMNS}, key, taken_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        self._change(lambda connection: connection.executemany(insert, rows))

    def alike(self, wanted: Collection[int]) -> tuple[list[Beneath], list[Arrival]]:
        """Return what has one of some keys: parts of directories in which some file may, and arrivals.

        Takes the parts that are new into the keys first.
        """
        from core.duplicates.keying import take_in_parts  # noqa: PLC0415 - numpy, only where needed

        self._change(take_in_parts)
        ids: set[int] = set()
        arrivals: list[Arrival] = []
        remaining = iter(sorted(wanted))
        while some := list(islice(remaining, _AT_ONCE)):
            marks = ",".join("?" * len(some))
            rows = self._ask(f"SELECT {_COLUMNS} FROM arrivals WHERE key IN ({marks})", *some)  # noqa: S608
            arrivals += [_arrival(*row) for row in rows]
            ids.update(id for (id,) in self._ask(f"SELECT part FROM keys WHERE key IN ({marks})", *some))  # noqa: S608
        parts = "SELECT root, directory, names, rows, device, heads, wholes FROM parts WHERE id = ?"
        found = (row for id in sorted(ids) for row in self._ask(parts, id))
        return [Beneath(root, directory, Known(*known)) for root, directory, *known in found], arrivals


# -- devices ----------------------------------------------------------------------------------------


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


# -- rows -------------------------------------------------------------------------------------------

_63_BITS = 1 << 63
_COLUMNS = "root, path, inode, size, mtime_ns, ctime_ns, device, links, head, whole"


def _row(arrival: Arrival) -> tuple[bytes | int | str, ...]:
    root, entry, head, whole = arrival
    numbers: tuple[int | str, ...] = (
        entry.inode,
        entry.size,
        entry.mtime_ns,
        entry.ctime_ns,
        entry.device,
        entry.links,
    )
    if not (entry.inode < _63_BITS and -_63_BITS <= entry.mtime_ns < _63_BITS and entry.ctime_ns < _63_BITS):
        numbers = tuple(map(str, numbers))  # the columns have no type: what needs more bits is kept as text
    return root, entry.path, *numbers, head, whole


def _arrival(root: bytes, path: bytes, *columns: Any) -> Arrival:
    *numbers, head, whole = columns
    inode, size, mtime_ns, ctime_ns, device, links = map(int, numbers)
    return Arrival(root, Entry(path, inode, size, mtime_ns, ctime_ns, device, links), head, whole)
