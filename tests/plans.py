"""Plans for tests of the executor: made from what is on the disk, carried out on a real journal.

bench = Bench(tmp_path / "operations", root)
bench.add("move", b"a.txt", b"docs/a.txt")
state, counts = bench.execute()
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from core.errors import Cancelled
from core.execute import Tally, execute
from core.journal import OperationFiles, Outcomes
from core.model import Attributes, Counts, Fingerprint, Plan, Request, State, Step, StepKind


class Watcher:
    """An observer that remembers the last counters, and cancels when told to."""

    def __init__(self, cancel_when: Callable[[Tally], bool] = lambda tally: False) -> None:
        self.tally = Tally()
        self._cancel_when = cancel_when

    def advanced(self, tally: Tally) -> None:
        """Remember."""
        self.tally = tally

    def check_cancelled(self) -> None:
        """Cancel if it is time."""
        if self._cancel_when(self.tally):
            raise Cancelled


class Bench:
    """A plan in the making, and its journal."""

    def __init__(self, operations: Path, *roots: bytes | Path, id: str = "testplan", reviewed: bool = False) -> None:
        operations.mkdir(parents=True, exist_ok=True)
        self.files = OperationFiles(operations / id)
        self.files.create(Request(id=id, kind="organize", folder="test", created=datetime.now(UTC)))
        self.plan = Plan(id, [os.fsencode(root) for root in roots], [], reviewed=reviewed)
        self.watcher = Watcher()

    def add(
        self,
        kind: StepKind,
        source: bytes = b"",
        destination: bytes = b"",
        *,
        to: int = 0,
        group: int = 0,
        attributes: Attributes | None = None,
        refused: str = "",
        expected: Fingerprint | None = None,
    ) -> Step:
        """Add a step; its file is taken for what it is now, unless that is told. `to`: number of the target's root."""
        if expected is None and kind not in ("mkdir", "rmdir"):
            expected = self.fingerprint(source)
        step = Step(
            len(self.plan.steps),
            kind,
            source,
            destination,
            destination_root=to,
            group=group,
            fingerprint=expected,
            attributes=attributes,
            refused=refused,
        )
        self.plan.steps.append(step)
        return step

    def fingerprint(self, path: bytes, root: int = 0) -> Fingerprint:
        """Return what a file is now."""
        status = os.lstat(os.path.join(self.plan.roots[root], path))
        return Fingerprint(status.st_ino, status.st_size, status.st_mtime_ns)

    def execute(self, approved: Collection[int] | None = None) -> tuple[State, Counts]:
        """Write the plan if it is new, and carry it out or resume it."""
        if not self.files.has_plan():
            self.files.write_plan(self.plan)
        with self.files.journal() as journal:
            return execute(self.files.plan(), journal, self.watcher, approved)

    def outcomes(self) -> Outcomes:
        """Return what the journal on disk says."""
        return self.files.outcomes()

    def said(self) -> list[tuple[str, str]]:
        """Return outcome and reason of each step, in order."""
        finished = self.outcomes().finished
        return [
            (finished[step.seq].outcome, finished[step.seq].reason) if step.seq in finished else ("pending", "")
            for step in self.plan.steps
        ]
