"""What became of every file, searchable: each step that was done. Made anew from the journals when it is missing."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock

from msgspec import Struct
from xxhash import xxh3_64_intdigest

from core.journal import Outcomes
from core.journal.courses import course
from core.model import DIRECTORY_KINDS, Plan, Request, StepKind, absolute
from core.names import normalized, shown
from core.stores.database import opened

_HISTORY = """
CREATE TABLE IF NOT EXISTS operations (operation TEXT PRIMARY KEY, sequence INTEGER NOT NULL, ended REAL NOT NULL);
CREATE TABLE IF NOT EXISTS steps (
    sequence INTEGER NOT NULL, seq INTEGER NOT NULL, operation TEXT NOT NULL, kind TEXT NOT NULL,
    source BLOB NOT NULL, destination BLOB NOT NULL, source_key INTEGER NOT NULL, destination_key INTEGER NOT NULL,
    words TEXT, PRIMARY KEY (sequence, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS steps_by_source ON steps (source_key, sequence);
CREATE INDEX IF NOT EXISTS steps_by_destination ON steps (destination_key, sequence);
CREATE TABLE IF NOT EXISTS rules (
    operation TEXT NOT NULL, folder TEXT NOT NULL, rule TEXT NOT NULL, files INTEGER NOT NULL, ended REAL NOT NULL,
    PRIMARY KEY (operation, rule)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rules_by_folder ON rules (folder, ended);
"""


_SEARCH = """
SELECT sequence, seq FROM steps
WHERE instr(coalesce(words, lower(CAST(source AS TEXT) || ' ' || CAST(destination AS TEXT))), ?)
ORDER BY sequence DESC, seq LIMIT ?
"""
"""`words` holds the paths folded where that takes more than SQLite's `lower`: most names do not."""


class Passage(Struct, frozen=True):
    """One step that was done: a file went from `source` to `destination`, absolute paths."""

    operation: str
    kind: StepKind
    source: bytes
    destination: bytes
    when: datetime


class History:
    """Every step that was done, by name. Calls may come from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the history; a damaged one is put aside and started anew."""
        self._lock = Lock()
        self._connection = opened(path, _HISTORY)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def record(self, request: Request, plan: Plan, outcomes: Outcomes) -> None:
        """Take in an operation that was sealed; again, if it was resumed since."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM steps WHERE sequence = ?", (request.sequence,))
            ended = outcomes.sealed.at if outcomes.sealed else request.created.timestamp()
            connection.execute(
                "INSERT OR REPLACE INTO operations VALUES (?, ?, ?)", (request.id, request.sequence, ended)
            )
            connection.executemany(
                "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _rows(request, plan, outcomes)
            )
            connection.executemany(
                "INSERT OR REPLACE INTO rules VALUES (?, ?, ?, ?, ?)",
                [(request.id, request.folder, rule, files, ended) for rule, files in _by_rule(request, plan, outcomes)],
            )

    def knows(self, operation: str) -> bool:
        """Tell whether an operation was taken in."""
        with self._lock:
            found = self._connection.execute("SELECT 1 FROM operations WHERE operation = ?", (operation,))
            return found.fetchone() is not None

    def forget(self, operation: str) -> None:
        """Drop an operation whose retention ended."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM steps WHERE operation = ?", (operation,))
            connection.execute("DELETE FROM operations WHERE operation = ?", (operation,))
            connection.execute("DELETE FROM rules WHERE operation = ?", (operation,))

    def search(self, text: str, limit: int = 200) -> list[Passage]:
        """Return where files went whose path, at any time, contains a text (case ignored), newest first.

        A file that was renamed is followed: all its passages are found by any one of its names.
        """
        words = _folded(text)
        with self._lock:
            found = set(self._connection.execute(_SEARCH, (words, limit)))
            frontier = set(found)
            while frontier and len(found) < limit:
                frontier = {key for step in frontier for key in self._neighbours(*step)} - found
                found |= frontier
            return [self._passage(*step) for step in sorted(found, key=lambda step: (-step[0], step[1]))[:limit]]

    def _neighbours(self, sequence: int, seq: int) -> Iterator[tuple[int, int]]:
        """Yield the step before and the step after in the life of the same file."""
        query = "SELECT source_key, destination_key, source, destination FROM steps WHERE sequence = ? AND seq = ?"
        source_key, destination_key, source, destination = self._connection.execute(query, (sequence, seq)).fetchone()
        yield from self._connection.execute(
            "SELECT sequence, seq FROM steps WHERE destination_key = ? AND destination = ? "
            "AND (sequence, seq) < (?, ?) ORDER BY sequence DESC, seq DESC LIMIT 1",
            (source_key, source, sequence, seq),
        )
        yield from self._connection.execute(
            "SELECT sequence, seq FROM steps WHERE source_key = ? AND source = ? "
            "AND (sequence, seq) > (?, ?) ORDER BY sequence, seq LIMIT 1",
            (destination_key, destination, sequence, seq),
        )

    def _passage(self, sequence: int, seq: int) -> Passage:
        query = (
            "SELECT s.operation, s.kind, s.source, s.destination, o.ended FROM steps s "
            "JOIN operations o ON o.operation = s.operation WHERE s.sequence = ? AND s.seq = ?"
        )
        operation, kind, source, destination, ended = self._connection.execute(query, (sequence, seq)).fetchone()
        return Passage(operation, kind, source, destination, datetime.fromtimestamp(ended, UTC))

    def later_operation(self, path: bytes, after_sequence: int) -> str | None:
        """Return the newest operation after another that used an absolute path, or None."""
        key = _key(path)
        query = (
            "SELECT operation, sequence FROM steps WHERE source_key = ? AND source = ? AND sequence > ? UNION "
            "SELECT operation, sequence FROM steps WHERE destination_key = ? AND destination = ? AND sequence > ? "
            "ORDER BY sequence DESC LIMIT 1"
        )
        with self._lock:
            row = self._connection.execute(query, (key, path, after_sequence) * 2).fetchone()
        return row[0] if row else None

    def files_by_rule(self, folders: Sequence[str], since: datetime) -> dict[str, int]:
        """Return how many files each rule took in some folders, by the names that requests give them."""
        query = (
            f"SELECT rule, sum(files) FROM rules WHERE folder IN ({','.join('?' * len(folders))}) "  # noqa: S608
            "AND ended >= ? GROUP BY rule"
        )
        with self._lock:
            return dict(self._connection.execute(query, (*folders, since.timestamp())).fetchall())

    def newest_destinations(self, paths: Sequence[bytes], within: float | None = None) -> dict[bytes, bytes]:
        """Return where the newest file from each absolute path went; paths that nothing left are left out.

        `within`: only what operations did that ended in so many seconds up to now.
        """
        keys = {_key(path): path for path in paths}
        query = (
            f"SELECT source, destination FROM steps WHERE source_key IN ({','.join('?' * len(keys))}) "  # noqa: S608
            "AND EXISTS (SELECT 1 FROM operations o WHERE o.operation = steps.operation AND o.ended >= ?) "
            "ORDER BY sequence, seq"
        )
        since = -math.inf if within is None else time.time() - within
        with self._lock:
            found = self._connection.execute(query, (*keys, since)).fetchall()
        wanted = frozenset(paths)
        return {source: destination for source, destination in found if source in wanted}

    @cached_property
    def is_empty(self) -> bool:
        """Whether nothing was recorded yet when this was first asked."""
        with self._lock:
            return self._connection.execute("SELECT 1 FROM steps LIMIT 1").fetchone() is None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._connection:
            yield self._connection


def _rows(request: Request, plan: Plan, outcomes: Outcomes) -> Iterator[tuple[object, ...]]:
    sequence, id = request.sequence, request.id
    for step in plan.steps:
        finished = outcomes.finished.get(step.seq)
        if finished is None or finished.outcome != "done" or step.kind in DIRECTORY_KINDS:
            continue
        way = course(step, finished.destination)
        source = absolute(plan.roots, way.source_root, way.source)
        destination = absolute(plan.roots, way.destination_root, way.destination)
        words = _words(source, destination)
        yield sequence, step.seq, id, step.kind, source, destination, _key(source), _key(destination), words


def _by_rule(request: Request, plan: Plan, outcomes: Outcomes) -> Iterable[tuple[str, int]]:
    """Return how many files each rule of an organize operation took."""
    if request.kind != "organize":
        return ()
    finished = outcomes.finished
    return Counter(
        step.why
        for step in plan.steps
        if step.kind not in DIRECTORY_KINDS and step.seq in finished and finished[step.seq].outcome == "done"
    ).items()


def _key(path: bytes) -> int:
    """Return a short key of a path for an index: SQLite's integers are signed."""
    return xxh3_64_intdigest(path) - (1 << 63)


def _words(source: bytes, destination: bytes) -> str | None:
    both = f"{os.fsdecode(source)} {os.fsdecode(destination)}"
    return None if both.isascii() and both.isprintable() else _folded(shown(both))


def _folded(text: str) -> str:
    return normalized(os.fsencode(text)).casefold()
