"""What was decided about files: the agent leaves them alone until the file or the rules change, or a person asks.

A person undid or rejected, a step failed, a rule copied. Rebuilt from the journals.

Most decisions are made about whole folders at once, so that what is decided of a folder's files stands in one row. What
a rule copied stands in a row for each.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Literal

from msgspec import Struct, msgpack

from core.journal import Outcomes
from core.journal.courses import course
from core.model import Fingerprint, Plan, Request, Step, absolute
from core.storage import Entry
from core.stores.database import opened

_DECISIONS = """
CREATE TABLE IF NOT EXISTS folders (folder BLOB PRIMARY KEY, decided BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS copies (
    path BLOB NOT NULL, rule TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    PRIMARY KEY (path, rule)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passes (root BLOB PRIMARY KEY, rules TEXT NOT NULL) WITHOUT ROWID;
"""


What = Literal["undone", "rejected", "failed", "copied"]

_IS_OLD = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'decisions'"


class Decision(Struct, frozen=True):
    """That a file, as it was then, was undone, rejected, failed or copied. `subject`: the copy's rule, else empty.

    `mtime_ns`: of an object, which is known by its ETag, a hash of that.
    """

    path: bytes
    what: What
    size: int
    mtime_ns: int
    rules: str
    operation: str
    subject: str = ""


class _Decided(Struct, frozen=True, array_like=True, gc=False):
    """A decision as it stands in its folder's row, by the name of the file."""

    what: What
    size: int
    mtime_ns: int
    rules: str
    operation: str


_decode = msgpack.Decoder(dict[bytes, _Decided]).decode
_encode = msgpack.Encoder().encode


class Decisions:
    """What was decided about files, by absolute path. Calls may come from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the decisions."""
        self._lock = Lock()
        self._connection = opened(path, _DECISIONS)
        self._beneath: dict[bytes, dict[bytes, _Decided]] = {}
        self._take_over()

    def _take_over(self) -> None:
        """Bring over what was decided when each decision had a row of its own."""
        if not self._connection.execute(_IS_OLD).fetchone():
            return
        with self._lock, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute(_IS_OLD).fetchone():  # and no other process was faster
                rows = connection.execute("SELECT path, what, size, mtime_ns, rules, operation, subject FROM decisions")
                _write(connection, [Decision(*row) for row in rows])
                connection.execute("DROP TABLE decisions")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def record(self, decisions: Iterable[Decision]) -> None:
        """Remember decisions, durably; a newer one on the same file replaces the older."""
        with self._lock, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            _write(connection, decisions)
            self._beneath.clear()

    def blocks(self, root: bytes, entry: Entry, rules: str) -> str | None:
        """Return why the agent leaves a file alone ("undone", "rejected", "failed"), or None.

        Holds only while the file is as it was then and the rules (by their hash) are the same.
        """
        decided = self._of_root(root).get(entry.path)
        if decided is None or (decided.size, decided.mtime_ns) != (entry.size, _mark(entry.fingerprint)):
            return None
        return decided.what if decided.rules == rules else None

    def copied(self, path: bytes, entry: Entry, rule: str) -> bool:
        """Tell whether a rule copied the file at an absolute path already, as it is now."""
        query = "SELECT 1 FROM copies WHERE path = ? AND rule = ? AND size = ? AND mtime_ns = ?"
        mark = _mark(entry.fingerprint)
        with self._lock:
            return self._connection.execute(query, (path, rule, entry.size, mark)).fetchone() is not None

    def _of_root(self, root: bytes) -> dict[bytes, _Decided]:
        """Return the decisions beneath a root by relative path; read once, a planner asks for every file."""
        with self._lock:
            if root not in self._beneath:
                top = root.rstrip(b"/")
                query = "SELECT folder, decided FROM folders WHERE folder = ? OR folder >= ? AND folder < ?"
                rows = self._connection.execute(query, (top, top + b"/", top + b"0"))  # "0" follows "/"
                self._beneath[root] = {
                    (folder + b"/" + name)[len(top) + 1 :]: decided
                    for folder, row in rows
                    for name, decided in _decode(row).items()
                }
            return self._beneath[root]

    # -- passes

    def passed(self, root: bytes, rules: str) -> bool:
        """Tell whether a whole pass with these very rules was run or answered in a folder before."""
        with self._lock:
            row = self._connection.execute("SELECT rules FROM passes WHERE root = ?", (root,)).fetchone()
        return row is not None and row[0] == rules

    def record_pass(self, root: bytes, rules: str) -> None:
        """Remember that a folder's pass with these rules came to its end, or was rejected."""
        with self._lock, self._connection:
            self._connection.execute("INSERT OR REPLACE INTO passes VALUES (?, ?)", (root, rules))


def _write(connection: sqlite3.Connection, decisions: Iterable[Decision]) -> None:
    copies: list[tuple[bytes, str, int, int]] = []
    folders: dict[bytes, dict[bytes, _Decided]] = defaultdict(dict)
    for each in decisions:
        if each.what == "copied":
            copies.append((each.path, each.subject, each.size, each.mtime_ns))
        else:
            folder, _, name = each.path.rpartition(b"/")
            folders[folder][name] = _Decided(each.what, each.size, each.mtime_ns, each.rules, each.operation)
    connection.executemany("INSERT OR REPLACE INTO copies VALUES (?, ?, ?, ?)", copies)
    for folder, decided in folders.items():
        _add(connection, folder, decided)


def _add(connection: sqlite3.Connection, folder: bytes, decided: dict[bytes, _Decided]) -> None:
    """Add what was decided of some files of a folder to what was decided of others."""
    known = connection.execute("SELECT decided FROM folders WHERE folder = ?", (folder,)).fetchone()
    row = _encode(_decode(known[0]) | decided if known else decided)
    connection.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", (folder, row))


def undone_decisions(rules: str, request: Request, plan: Plan, outcomes: Outcomes) -> Iterator[Decision]:
    """Yield what a rollback decides: each file that it put back stays there."""
    for step, path in _done(plan, outcomes):
        if (step.kind in ("move", "trash") or step.means == "move") and step.fingerprint is not None:
            print_ = outcomes.finished[step.seq].fingerprint or step.fingerprint
            yield Decision(path, "undone", print_.size, _mark(print_), rules, request.id)


def run_decisions(rules: str, request: Request, plan: Plan, outcomes: Outcomes) -> Iterator[Decision]:
    """Yield what an operation decides: what failed is not tried again by itself, what was copied not copied again."""
    for step in plan.steps:
        finished = outcomes.finished.get(step.seq)
        if finished is None or (finished.outcome == "done" and step.kind != "copy"):
            continue
        way = course(step)
        if way.fingerprint is None:
            continue
        path = absolute(plan.roots, way.source_root, way.source)
        size, mtime_ns = way.fingerprint.size, _mark(way.fingerprint)
        if finished.outcome == "failed":
            yield Decision(path, "failed", size, mtime_ns, rules, request.id)
        elif finished.outcome == "done":
            yield Decision(path, "copied", size, mtime_ns, rules, request.id, subject=step.why)


def rejected_decisions(rules: str, request: Request, plan: Plan) -> Iterator[Decision]:
    """Yield what a rejection decides: each file of the plan stays where it is."""
    for step in plan.steps:
        way = course(step)
        if way.fingerprint is not None:
            path = absolute(plan.roots, way.source_root, way.source)
            yield Decision(path, "rejected", way.fingerprint.size, _mark(way.fingerprint), rules, request.id)


def _mark(fingerprint: Fingerprint) -> int:
    """Return what tells, beside its size, whether a file is as it was: its mtime, or a hash of an object's ETag."""
    return fingerprint.inode if fingerprint.version else fingerprint.mtime_ns


def _done(plan: Plan, outcomes: Outcomes) -> Iterator[tuple[Step, bytes]]:
    """Yield each step that was done, with the absolute path its file has now."""
    for step in plan.steps:
        finished = outcomes.finished.get(step.seq)
        if finished is None or finished.outcome != "done":
            continue
        if step.kind == "move" and finished.destination is None:  # as nearly all are
            yield step, absolute(plan.roots, step.destination_root, step.destination)
        else:
            way = course(step, finished.destination)
            yield step, absolute(plan.roots, way.destination_root, way.destination)
