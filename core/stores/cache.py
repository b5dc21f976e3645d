"""A cache in SQLite, safe to delete at any time.

What is damaged, of another version, or was deleted beneath a running process, is started anew. One cache may be shared
by threads, and its file by processes.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from core.errors import StateFull
from core.names import shown
from core.state import flocked

_BEYOND_USE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_ERROR,  # a table or column is not what this version expects
}
_PATIENCE = 30.0  # seconds that one process waits for another's transaction

_Answer = TypeVar("_Answer")


class Cache:
    """One connection, tried again on a fresh file when the old one is beyond use.

    Raises StateFull where the disk that holds it is full, else nothing: it is only a cache.
    """

    version: ClassVar[int]
    tables: ClassVar[tuple[str, ...]]
    schema: ClassVar[str]
    """Statements that make the tables where they are missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._connection = self._open()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

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
            if version not in (0, self.version):
                raise _OtherVersion
            connection.executescript(self.schema)
            if version != self.version:  # said again it would be written again, and waited for, at each opening
                connection.execute(f"PRAGMA user_version = {self.version}")
            for table in self.tables:
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


def _primary(error: sqlite3.DatabaseError) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF


def _is_beyond_use(error: sqlite3.DatabaseError) -> bool:
    return _primary(error) in _BEYOND_USE
