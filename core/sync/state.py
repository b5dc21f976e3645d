"""What both sides of a pair had when they were last in step. Lost or unreadable: the next sync merges, deletes nothing.

Written only after a change is there on both sides for certain: the bucket's part by a HEAD of the new object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.model import Pending
from core.stores.database import opened
from core.sync import Synced

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pair (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS synced (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, inode NOT NULL, mtime_ns NOT NULL, ctime_ns NOT NULL,
    etag TEXT NOT NULL, sha256 BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS conflict (path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns NOT NULL) WITHOUT ROWID;
"""


class SyncState:
    """The state of one pair, in a file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = opened(path, _SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # -- the pair as such

    @property
    def pair_id(self) -> str:
        """What both sides' markers say; empty where the pair was never in step."""
        return self._value("pair_id")

    @property
    def filters(self) -> str:
        """What the last sync left out, and where it went, as a hash: a change of that is not a deletion."""
        return self._value("filters")

    @property
    def pending(self) -> Pending:
        """What the last comparison, or the sync after it, left to be carried."""
        try:
            return msgspec.json.decode(self._value("pending") or "{}", type=Pending)
        except msgspec.MsgspecError:
            return Pending()

    @pending.setter
    def pending(self, pending: Pending) -> None:
        with self._transaction():
            told = msgspec.json.encode(pending).decode()
            self._connection.execute("REPLACE INTO pair VALUES ('pending', ?)", (told,))

    def begin(self, pair_id: str, filters: str) -> None:
        """Remember which pair this is. What was known of another pair under this name is forgotten."""
        with self._transaction():
            if pair_id != self.pair_id:
                self._connection.execute("DELETE FROM synced")
            rows = [("pair_id", pair_id), ("filters", filters)]
            self._connection.executemany("REPLACE INTO pair VALUES (?, ?)", rows)

    def _value(self, name: str) -> str:
        row = self._connection.execute("SELECT value FROM pair WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    # -- its files

    def files(self) -> dict[bytes, Synced]:
        """Return every file that was in step, by its path."""
        rows = self._connection.execute("SELECT * FROM synced")
        return {row[0]: Synced(row[0], row[1], int(row[2]), int(row[3]), int(row[4]), row[5], row[6]) for row in rows}

    def change(self, synced: Iterable[Synced], forgotten: Iterable[bytes] = ()) -> None:
        """Remember what is in step now, and forget what neither side has: one durable transaction."""
        rows = [
            (each.path, each.size, str(each.inode), str(each.mtime_ns), str(each.ctime_ns), each.etag, each.sha256)
            for each in synced
        ]
        with self._transaction():
            self._connection.executemany("DELETE FROM synced WHERE path = ?", [(path,) for path in forgotten])
            self._connection.executemany("REPLACE INTO synced VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    # -- its conflicts

    def conflicts(self) -> list[tuple[bytes, int, int]]:
        """Return the conflict copies that were last seen: path, size and mtime_ns."""
        rows = self._connection.execute("SELECT path, size, mtime_ns FROM conflict ORDER BY path")
        return [(row[0], row[1], int(row[2])) for row in rows]

    def see_conflicts(self, copies: Iterable[tuple[bytes, int, int]]) -> None:
        """Remember which conflict copies there are, and forget all others."""
        with self._transaction():
            self._connection.execute("DELETE FROM conflict")
            self._add_conflicts(copies)

    def change_conflicts(self, new: Iterable[tuple[bytes, int, int]], settled: Iterable[bytes] = ()) -> None:
        """Remember some more, and forget what was settled."""
        with self._transaction():
            self._connection.executemany("DELETE FROM conflict WHERE path = ?", [(path,) for path in settled])
            self._add_conflicts(new)

    def _add_conflicts(self, copies: Iterable[tuple[bytes, int, int]]) -> None:
        rows = [(path, size, str(mtime_ns)) for path, size, mtime_ns in copies]
        self._connection.executemany("REPLACE INTO conflict VALUES (?, ?, ?)", rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._connection:
            yield
