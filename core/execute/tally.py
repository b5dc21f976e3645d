"""How far an execution is, in counters, and who is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.journal.records import Finished, Outcomes
from core.model import DIRECTORY_KINDS, Counts, Plan, Transfer


@dataclass(slots=True)
class Tally:
    """How far an execution is: files and bytes. `current` and `recent` are shown names.

    `transfers`: what is on its way to or from a bucket right now.
    """

    done: int = 0
    total: int = 0
    skipped: int = 0
    failed: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    current: str = ""
    recent: list[tuple[str, str]] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)


class Observer(Protocol):
    """Watches an execution, from the thread that executes."""

    def advanced(self, tally: Tally) -> None:
        """Take note of how far it is; called often."""

    def check_cancelled(self) -> None:
        """Raise Cancelled to end it; called between files and every 4 MiB of a copy."""


class CopyProgress:
    """Counts a copy's bytes as they come. Called with the bytes since the last call; raises Cancelled."""

    def __init__(self, tally: Tally, observer: Observer, current: str) -> None:
        self._tally = tally
        self._observer = observer
        self._current = current
        self.bytes = 0

    def __call__(self, count: int) -> None:
        """Count some more bytes."""
        self.bytes += count
        self._tally.bytes_done += count
        self._tally.current = self._current
        self._observer.advanced(self._tally)
        self._observer.check_cancelled()

    def take_back(self) -> None:
        """Uncount it: whoever records the step counts it whole, or not at all."""
        self._tally.bytes_done -= self.bytes
        self.bytes = 0


def tally_of(plan: Plan, finished: Mapping[int, Finished]) -> Tally:
    """Return how far a plan is by the records of its steps."""
    files = [step for step in plan.steps if step.kind not in DIRECTORY_KINDS]
    outcomes = [finished[step.seq].outcome if step.seq in finished else "pending" for step in files]
    sizes = [step.fingerprint.size if step.fingerprint else 0 for step in files]
    number = Counter(outcomes)
    return Tally(
        done=number["done"],
        total=len(files),
        skipped=number["skipped"],
        failed=number["failed"],
        bytes_done=sum([size for size, outcome in zip(sizes, outcomes, strict=True) if outcome == "done"]),
        bytes_total=sum(sizes),
    )


def counts(plan: Plan, outcomes: Outcomes) -> Counts:
    """Return what became of a plan's files so far."""
    tally = tally_of(plan, outcomes.finished)
    return Counts(
        planned=tally.total, done=tally.done, skipped=tally.skipped, failed=tally.failed, bytes=tally.bytes_done
    )
