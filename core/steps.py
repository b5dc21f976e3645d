"""The steps of an operation as people see them: a page at a time, filtered, with what became of each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

from msgspec import Struct

from core.journal import FRAME_STEPS, OperationFiles, Outcomes
from core.model import Outcome, Step, StepView, absolute
from core.names import normalized, shown, wire_path

_KEPT = 4
"""Operations whose outcomes stay in memory between two pages."""


class Page(Struct, frozen=True):
    """Some steps, and how many there are in all that match."""

    steps: list[StepView]
    total: int


class StepPages:
    """Pages of steps, also of a million; calls may come from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._read: OrderedDict[Path, tuple[int, Outcomes]] = OrderedDict()

    def page(
        self, files: OperationFiles, start: int, limit: int, text: str = "", outcome: Outcome | None = None
    ) -> Page:
        """Return matching steps `start` up to `start + limit`.

        `text`: part of a source or destination, case ignored; a leading `!` turns it round. Raises WrongState where
        there is no plan yet, JournalDamaged.
        """
        roots, outcomes = files.roots(), self._outcomes(files)
        if not text and outcome is None:
            steps = files.steps(start, limit)
            return Page([view(step, roots, outcomes) for step in steps], files.planned_steps())
        views = (view(step, roots, outcomes) for step in _all_steps(files))
        matching = [each for each in views if outcome in (None, each.outcome) and _matcher(text)(each)]
        return Page(matching[start : start + limit], len(matching))

    def _outcomes(self, files: OperationFiles) -> Outcomes:
        """Return what the journal says; one that grew is read again, one that did not is remembered."""
        size = files.journal_path.stat().st_size if files.journal_path.exists() else 0
        with self._lock:
            known = self._read.get(files.journal_path)
        if known is not None and known[0] == size:
            return known[1]
        outcomes = files.outcomes()
        with self._lock:
            self._read[files.journal_path] = (size, outcomes)
            self._read.move_to_end(files.journal_path)
            while len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return outcomes


def view(step: Step, roots: list[bytes], outcomes: Outcomes) -> StepView:
    """Return one step with what became of it."""
    finished = outcomes.finished.get(step.seq)
    place = (finished.destination if finished else outcomes.intended.get(step.seq)) or step.destination
    source, source_b64 = _wire(absolute(roots, step.source_root, step.source))
    destination, destination_b64 = _wire(absolute(roots, step.destination_root, place))
    reason = finished.reason if finished else step.refused
    return StepView(
        seq=step.seq,
        kind=step.kind,
        group=step.group,
        source=source,
        destination=destination,
        outcome=finished.outcome if finished else "pending",
        reason=reason or step.why or None,
        source_b64=source_b64,
        destination_b64=destination_b64,
    )


def _wire(path: bytes) -> tuple[str | None, str | None]:
    return wire_path(path) if path else (None, None)


def _all_steps(files: OperationFiles) -> Iterator[Step]:
    start = 0
    while steps := files.steps(start, 16 * FRAME_STEPS):
        yield from steps
        start += len(steps)


def _matcher(text: str) -> Callable[[StepView], bool]:
    wanted = _folded(text.removeprefix("!"))
    inverse = text.startswith("!")

    def matches(each: StepView) -> bool:
        return (wanted in _folded(f"{each.source or ''}\n{each.destination or ''}")) is not inverse

    return matches


def _folded(text: str) -> str:
    return normalized(shown(text).encode()).casefold()
