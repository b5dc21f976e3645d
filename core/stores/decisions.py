"""What was decided about files: the agent leaves them alone until the file or the rules change, or a person asks.

A person undid or rejected, a step failed, a rule copied. Rebuilt from the journals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Literal

from msgspec import Struct

from core.journal import Outcomes
from core.journal.courses import course
from core.model import Fingerprint, Plan, Request, Step, absolute
from core.storage import Entry
from core.stores.database import opened

_DECISIONS = """
CREATE TABLE IF NOT EXISTS decisions (
    path BLOB NOT NULL, subject TEXT NOT NULL, what TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    rules TEXT NOT NULL, operation TEXT NOT NULL, PRIMARY KEY (path, subject)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passes (root BLOB PRIMARY KEY, rules TEXT NOT NULL) WITHOUT ROWID;
"""


What = Literal["undone", "rejected", "failed", "copied"]


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


class Decisions:
    """What was decided about files, by absolute path. Calls may come from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the decisions."""
        self._lock = Lock()
        self._connection = opened(path, _DECISIONS)
        self._beneath: dict[bytes, dict[bytes, Decision]] = {}

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def record(self, decisions: Iterable[Decision]) -> None:
        """Remember decisions, durably; a newer one on the same file replaces the older."""
        rows = (
            (each.path, each.subject, each.what, each.size, each.mtime_ns, each.rules, each.operation)
            for each in decisions
        )
        with self._lock, self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._beneath.clear()

    def blocks(self, root: bytes, entry: Entry, rules: str) -> str | None:
        """Return why the agent leaves a file alone ("undone", "rejected", "failed"), or None.

        Holds only while the file is as it was then and the rules (by their hash) are the same.
        """
        decision = self._of_root(root).get(entry.path)
        if decision is None or (decision.size, decision.mtime_ns) != (entry.size, _mark(entry.fingerprint)):
            return None
        return decision.what if decision.rules == rules else None

    def copied(self, path: bytes, entry: Entry, rule: str) -> bool:
        """Tell whether a rule copied the file at an absolute path already, as it is now."""
        query = (
            "SELECT 1 FROM decisions WHERE path = ? AND subject = ? AND what = 'copied' AND size = ? AND mtime_ns = ?"
        )
        mark = _mark(entry.fingerprint)
        with self._lock:
            return self._connection.execute(query, (path, rule, entry.size, mark)).fetchone() is not None

    def _of_root(self, root: bytes) -> dict[bytes, Decision]:
        """Return the decisions beneath a root by relative path; read once, a planner asks for every file."""
        with self._lock:
            if root not in self._beneath:
                prefix = root.rstrip(b"/") + b"/"
                query = "SELECT * FROM decisions WHERE path >= ? AND path < ? AND subject = ''"
                rows = self._connection.execute(query, (prefix, prefix[:-1] + b"0"))  # "0" follows "/"
                self._beneath[root] = {
                    row[0][len(prefix) :]: Decision(row[0], row[2], row[3], row[4], row[5], row[6]) for row in rows
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
