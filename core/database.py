"""How Shelver opens its SQLite databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def opened(path: Path, schema: str) -> sqlite3.Connection:
    """Open a database, private to its owner; one that is damaged is put aside (`.damaged`) and started anew."""
    path.touch(mode=0o600)
    try:
        return _connected(path, schema)
    except sqlite3.DatabaseError:
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.rename(path.with_name(path.name + ".damaged"))
        path.touch(mode=0o600)
        return _connected(path, schema)


def _connected(path: Path, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
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
