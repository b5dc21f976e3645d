"""How Shelver opens its SQLite databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from core.names import shown
from core.state import flocked

PATIENCE = 30.0
"""Seconds that one process waits for another's transaction."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def opened(path: Path, schema: str) -> sqlite3.Connection:
    """Open a database, private to its owner; one that is damaged is put aside (`.damaged`) and started anew.

    One process at a time: none takes for damage what another is just making. Raises sqlite3.DatabaseError for what is
    no damage, such as a database that stays locked.
    """
    with flocked(path.with_name(path.name + ".lock"), shown(str(path)), wait=True):
        path.touch(mode=0o600)
        try:
            return _connected(path, schema)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.rename(path.with_name(path.name + ".damaged"))
        path.touch(mode=0o600)
        return _connected(path, schema)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in _DAMAGED


def _connected(path: Path, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, timeout=PATIENCE)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -65536")  # KiB: a large operation is recorded in one go
        connection.executescript(schema)
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
