"""What is already known about each file: its last `lstat`, when it was first seen here, facts read from it.

A cache: where it is started anew, files are new again, and facts are read again. The agent and the worker share it
(one reconciles, the other reads facts).
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from core.errors import StateFull
from core.storage import Entry
from core.stores.cache import Cache

Stamp = tuple[int, int, int, int]
"""Inode, size in bytes, mtime_ns, ctime_ns: what is known of a file stands while all four stay."""

Record = tuple[int, str | int | None]
"""One fact as it is kept: the version of the method that read it, and what it found (None: no value)."""

# The four numbers of a stamp have no type in SQL: one that needs more than 63 bits is kept as text.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    root BLOB NOT NULL, path BLOB NOT NULL,
    inode NOT NULL, size NOT NULL, mtime_ns NOT NULL, ctime_ns NOT NULL,
    first_seen INTEGER NOT NULL,
    PRIMARY KEY (root, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (
    root BLOB NOT NULL, path BLOB NOT NULL,
    inode NOT NULL, size NOT NULL, mtime_ns NOT NULL, ctime_ns NOT NULL,
    known BLOB NOT NULL,
    PRIMARY KEY (root, path)
) WITHOUT ROWID;
"""

# A file at a known path is the one seen before if its inode stayed (it was edited) or its size and mtime did
# (a file system that numbers its inodes anew at each mount). Else it is another, first seen now.
_UPSERT = """
INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (root, path) DO UPDATE SET
    first_seen = CASE
        WHEN inode = excluded.inode OR (size = excluded.size AND mtime_ns = excluded.mtime_ns) THEN first_seen
        ELSE excluded.first_seen END,
    inode = excluded.inode, size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns
"""

_REPLACE_FACTS = "REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)"

_PATHS_AT_ONCE = 500

_to_bytes = msgspec.msgpack.Encoder().encode
_to_records = msgspec.msgpack.Decoder(dict[str, Record]).decode
_PACKED = b"\xc1"  # no MessagePack begins so
_WORTH_PACKING = 4096  # bytes: only documents' texts are that long


class Index(Cache):
    """The index of every folder. Methods take the folder's root (absolute) and paths relative to it.

    Raises StateFull where the disk that holds it is full, else nothing: it is only a cache.
    """

    version = 1
    tables = ("files", "facts")
    schema = _SCHEMA

    def in_order(self, root: bytes) -> Iterator[tuple[bytes, Stamp]]:
        """Yield every file known in a folder by path, byte by byte, to compare with what a walk finds on its way.

        The index may change meanwhile: what comes before the path that was yielded last is heard of no more.
        """
        question = (
            "SELECT path, inode, size, mtime_ns, ctime_ns FROM files WHERE root = ? AND path > ? ORDER BY path LIMIT ?"
        )
        last = b""
        while rows := self._ask(question, root, last, _PATHS_AT_ONCE):
            for path, inode, size, mtime_ns, ctime_ns in rows:
                yield path, (int(inode), size, int(mtime_ns), int(ctime_ns))
            last = rows[-1][0]

    def folder_entries(self, root: bytes) -> dict[bytes, Stamp]:
        """Return every file known in a folder."""
        return dict(self.in_order(root))

    def stamps(self, root: bytes, paths: Collection[bytes]) -> dict[bytes, Stamp]:
        """Return what is known of some files; those that are not known are left out."""

        def look(connection: sqlite3.Connection) -> dict[bytes, Stamp]:
            question = "SELECT inode, size, mtime_ns, ctime_ns FROM files WHERE root = ? AND path = ?"
            found = ((path, connection.execute(question, (root, path)).fetchone()) for path in paths)
            return {path: (int(row[0]), row[1], int(row[2]), int(row[3])) for path, row in found if row}

        return self._attempt(look)

    def count(self, root: bytes) -> int:
        """Return how many files are known in a folder."""
        return int(self._ask("SELECT count(*) FROM files WHERE root = ?", root)[0][0])

    def known_before(self, root: bytes, moment: datetime, paths: Iterable[bytes]) -> int:
        """Return how many of some files were first seen before a moment (UTC); those not known were not."""
        limit = moment.timestamp() * 1e9

        def look(connection: sqlite3.Connection) -> int:
            question = "SELECT count(*) FROM files WHERE root = ? AND path = ? AND first_seen < ?"
            return sum(connection.execute(question, (root, path, limit)).fetchone()[0] for path in paths)

        return self._attempt(look)

    def first_seen(self, root: bytes, path: bytes) -> datetime | None:
        """Return when a file was first seen at this place (UTC), or None if it never was."""
        rows = self._ask("SELECT first_seen FROM files WHERE root = ? AND path = ?", root, path)
        return datetime.fromtimestamp(rows[0][0] / 1e9, UTC) if rows else None

    def seen(self, root: bytes, paths: Iterable[bytes]) -> dict[bytes, int]:
        """Return when some files were first seen, in nanoseconds since 1970; those not known are left out."""

        def look(connection: sqlite3.Connection) -> dict[bytes, int]:
            question = "SELECT first_seen FROM files WHERE root = ? AND path = ?"
            found = ((path, connection.execute(question, (root, path)).fetchone()) for path in paths)
            return {path: row[0] for path, row in found if row}

        return self._attempt(look)

    def update(
        self, root: bytes, upserts: Iterable[Entry], removed: Iterable[bytes], seen: Mapping[bytes, int] | None = None
    ) -> None:
        """Take in what a walk found new or changed, and what it no longer found: one transaction.

        `seen`: when some were first seen, as `seen` tells, though not at this place.
        """
        now = time.time_ns()
        seen = seen or {}
        gone = [(root, path) for path in (*removed, *seen)]  # what was there before has another age
        rows = [(root, each.path, *_stamp(each), seen.get(each.path, now)) for each in upserts]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM files WHERE root = ? AND path = ?", gone)
            connection.executemany("DELETE FROM facts WHERE root = ? AND path = ?", gone)
            connection.executemany(_UPSERT, rows)

        self._change(write)

    def doubt(self, root: bytes, paths: Iterable[bytes]) -> None:
        """Take files for changed when they are looked at next, and for no younger."""
        rows = [(root, path) for path in paths]
        doubted = "UPDATE files SET ctime_ns = 0 WHERE root = ? AND path = ?"
        self._change(lambda connection: connection.executemany(doubted, rows))

    def forget(self, root: bytes) -> None:
        """Drop all that is known of a folder."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM files WHERE root = ?", (root,))
            connection.execute("DELETE FROM facts WHERE root = ?", (root,))

        self._change(write)

    def facts(self, root: bytes, entry: Entry) -> dict[str, Record] | None:
        """Return what was read from a file before, or None if nothing was, or it changed since."""
        return self.facts_of(root, [entry]).get(entry)

    def facts_of(self, root: bytes, entries: Sequence[Entry]) -> dict[Entry, dict[str, Record]]:
        """Return what was read before from each of many files; those are missing of which nothing is known."""
        found = {}
        for start in range(0, len(entries), _PATHS_AT_ONCE):
            by_path = {entry.path: entry for entry in entries[start : start + _PATHS_AT_ONCE]}
            marks = ",".join("?" * len(by_path))
            question = f"SELECT * FROM facts WHERE root = ? AND path IN ({marks})"  # noqa: S608 -- marks only
            for _, path, *stamp, known in self._ask(question, root, *by_path):
                if tuple(stamp) == _stamp(by_path[path]):
                    with suppress(msgspec.MsgspecError, zlib.error):
                        found[by_path[path]] = _decode(known)
        return found

    def store_facts(self, root: bytes, found: Iterable[tuple[Entry, Mapping[str, Record]]]) -> None:
        """Keep what was read from some files, in place of what was known of each: one transaction.

        Raises nothing: what cannot be kept, on a full disk or beside a long transaction, is read again some time.
        """
        rows = [(root, entry.path, *_stamp(entry), _encode(known)) for entry, known in found]
        with suppress(StateFull, sqlite3.OperationalError):
            self._change(
                lambda connection: connection.executemany("REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            )


def _stamp(entry: Entry) -> tuple[int | str, ...]:
    return _number(entry.inode), entry.size, _number(entry.mtime_ns), _number(entry.ctime_ns)


def _encode(known: Mapping[str, Record]) -> bytes:
    content = _to_bytes(known)
    return content if len(content) < _WORTH_PACKING else _PACKED + zlib.compress(content, 1)


def _decode(content: bytes) -> dict[str, Record]:
    return _to_records(zlib.decompress(content[1:]) if content[:1] == _PACKED else content)


def _number(value: int) -> int | str:
    return value if -(1 << 63) <= value < 1 << 63 else str(value)
