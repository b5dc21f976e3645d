"""What is already known about each file: its last `lstat`, when it was first seen here, facts read from it.

A cache in SQLite, safe to delete at any time. What is damaged, or was deleted beneath a running process, is
started anew: files are then new again, and facts are read again.

One `Index` may be shared by threads, and one file by processes (the agent reconciles, the worker reads facts).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from core.errors import StateFull
from core.names import shown
from core.state import flocked
from core.storage import Entry

Stamp = tuple[int, int, int, int]
"""Inode, size in bytes, mtime_ns, ctime_ns: what is known of a file stands while all four stay."""

Record = tuple[int, str | int | None]
"""One fact as it is kept: the version of the method that read it, and what it found (None: no value)."""

_VERSION = 1
# The four numbers of a stamp have no type in SQL: one that needs more than 63 bits is kept as text.
_SCHEMA = f"""
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
PRAGMA user_version = {_VERSION};
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

_BEYOND_USE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_ERROR,  # a table or column is not what this version expects
}
_PATHS_AT_ONCE = 500
_PATIENCE = 30.0  # seconds that one process waits for another's transaction

_to_bytes = msgspec.msgpack.Encoder().encode
_to_records = msgspec.msgpack.Decoder(dict[str, Record]).decode
_PACKED = b"\xc1"  # no MessagePack begins so
_WORTH_PACKING = 4096  # bytes: only documents' texts are that long
_Answer = TypeVar("_Answer")


class Index:
    """The index of every folder. Methods take the folder's root (absolute) and paths relative to it.

    Raises StateFull where the disk that holds it is full, else nothing: it is only a cache.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._connection = self._open()

    def folder_entries(self, root: bytes) -> dict[bytes, Stamp]:
        """Return every file known in a folder, to compare with what a walk finds."""
        rows = self._ask("SELECT path, inode, size, mtime_ns, ctime_ns FROM files WHERE root = ?", root)
        return {
            path: (int(inode), size, int(mtime_ns), int(ctime_ns)) for path, inode, size, mtime_ns, ctime_ns in rows
        }

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

    def update(self, root: bytes, upserts: Iterable[Entry], removed: Iterable[bytes]) -> None:
        """Take in what a walk found new or changed, and what it no longer found: one transaction."""
        now = time.time_ns()
        gone = [(root, path) for path in removed]
        rows = [(root, each.path, *_stamp(each), now) for each in upserts]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM files WHERE root = ? AND path = ?", gone)
            connection.executemany("DELETE FROM facts WHERE root = ? AND path = ?", gone)
            connection.executemany(_UPSERT, rows)

        self._change(write)

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

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # -- one connection, tried again on a fresh file when the old one is beyond use ---------------------------

    def _ask(self, question: str, *values: object) -> list[Any]:
        return self._attempt(lambda connection: connection.execute(question, values).fetchall())

    def _change(self, write: Callable[[sqlite3.Connection], object]) -> None:
        def transaction(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                write(connection)

        self._attempt(transaction)

    def _attempt(self, act: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        with self._lock:
            if self._identity != _identity(self._path):  # deleted, and perhaps made anew by another process
                self._reopen()
            try:
                return act(self._connection)
            except sqlite3.DatabaseError as error:
                if _primary(error) == sqlite3.SQLITE_FULL:
                    raise StateFull(shown(str(self._path.parent))) from error
                if not _is_beyond_use(error):
                    raise
                self._reopen()
                return act(self._connection)

    def _reopen(self) -> None:
        self._connection.close()
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        """Open the file, or a fresh one in its place. One process at a time, so that none deletes another's."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with flocked(self._path.with_name(self._path.name + ".lock"), shown(str(self._path)), wait=True):
            try:
                return self._connect()
            except sqlite3.DatabaseError as error:
                if not _is_beyond_use(error):
                    raise
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.unlink(f"{self._path}{suffix}")
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite would heed the umask only
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise _OtherVersion
            connection.executescript(_SCHEMA)
            for table in ("files", "facts"):
                connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()  # noqa: S608 -- not anyone's data
        except BaseException:
            connection.close()
            raise
        self._identity = _identity(self._path)
        return connection


class _OtherVersion(sqlite3.DatabaseError):
    """Another version of Shelver wrote the file."""

    sqlite_errorcode = sqlite3.SQLITE_SCHEMA


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _stamp(entry: Entry) -> tuple[int | str, ...]:
    return _number(entry.inode), entry.size, _number(entry.mtime_ns), _number(entry.ctime_ns)


def _encode(known: Mapping[str, Record]) -> bytes:
    content = _to_bytes(known)
    return content if len(content) < _WORTH_PACKING else _PACKED + zlib.compress(content, 1)


def _decode(content: bytes) -> dict[str, Record]:
    return _to_records(zlib.decompress(content[1:]) if content[:1] == _PACKED else content)


def _number(value: int) -> int | str:
    return value if -(1 << 63) <= value < 1 << 63 else str(value)


def _primary(error: sqlite3.DatabaseError) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF


def _is_beyond_use(error: sqlite3.DatabaseError) -> bool:
    return _primary(error) in _BEYOND_USE
