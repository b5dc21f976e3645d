"""The steps of an operation as people see them: a page at a time, filtered, with what became of each."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import chain
from threading import Lock
from typing import TypeVar

from msgspec import Struct

from core.journal import OperationFiles
from core.journal.outcome_table import OutcomeTable
from core.journal.plan_lines import begins_line
from core.journal.plan_pages import PlanPages
from core.model import Outcome, Step, StepView, absolute
from core.names import wire_path
from core.views.destinations import Destination, destinations
from core.views.step_search import found_steps

_KEPT = 4
"""Operations, and filters, of which what was found out stays in memory between two pages."""

T = TypeVar("T")


class Page(Struct, frozen=True):
    """Some steps, and how many there are in all that match.

    `lines`: how many steps each line holds, where files that go together share one; then `total` counts lines.
    """

    steps: list[StepView]
    total: int
    lines: list[int] = []


class StepPages:
    """Pages of steps, also of a million; calls may come from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._plans: OrderedDict[Hashable, PlanPages] = OrderedDict()
        self._tables: OrderedDict[Hashable, OutcomeTable] = OrderedDict()
        self._found: OrderedDict[Hashable, array[int]] = OrderedDict()
        self._destinations: OrderedDict[Hashable, list[tuple[Destination, array[int]]]] = OrderedDict()

    def page(
        self,
        files: OperationFiles,
        start: int,
        limit: int,
        text: str = "",
        outcome: Outcome | None = None,
        into: int | None = None,
    ) -> Page:
        """Return matching steps `start` up to `start + limit`.

        `text`: part of a source or destination, case ignored; a leading `!` turns it round. `into`: the number of one
        of the `destinations`. Raises WrongState where there is no plan yet, JournalDamaged, IndexError.
        """
        pages, table = self._pages(files), self._table(files)
        if not text and outcome is None and into is None:
            return Page(_views(pages.steps(start, limit), pages, table), pages.total)
        numbers = self._matching(files, text, outcome, into)
        steps = pages.chosen(numbers[start : start + limit])
        return Page(_views(steps, pages, table), len(numbers))

    def lines(self, files: OperationFiles, start: int, limit: int) -> Page:
        """Return the steps of the lines `start` up to `start + limit`: files that go together share a line.

        Raises as `page` does.
        """
        pages = self._pages(files)
        steps = pages.steps_of_lines(start, limit)
        if pages.lines == pages.total:
            return Page(_views(steps, pages, self._table(files)), pages.total)
        lengths: list[int] = []
        for step, before in zip(steps, chain((None,), steps), strict=False):
            if begins_line(step, before):
                lengths.append(0)
            lengths[-1] += 1
        return Page(_views(steps, pages, self._table(files)), pages.lines, lengths)

    def destinations(self, files: OperationFiles) -> list[Destination]:
        """Return the folders that a plan's files go into, by name. Raises as `page` does."""
        return [destination for destination, _ in self._sorted_by_destination(files)]

    # -- what is known

    def _pages(self, files: OperationFiles) -> PlanPages:
        return self._known(self._plans, files.plan_path, lambda: PlanPages(files))

    def _table(self, files: OperationFiles) -> OutcomeTable:
        table = self._known(self._tables, files.journal_path, lambda: OutcomeTable(files))
        table.catch_up()
        return table

    def _sorted_by_destination(self, files: OperationFiles) -> list[tuple[Destination, array[int]]]:
        return self._known(self._destinations, files.plan_path, lambda: destinations(self._pages(files)))

    def _matching(self, files: OperationFiles, text: str, outcome: Outcome | None, into: int | None) -> array[int]:
        pages, table = self._pages(files), self._table(files)
        key = (files.plan_path, text, outcome, into, table.read)

        def look() -> array[int]:
            numbers: Sequence[int] = range(pages.total)
            if into is not None:
                numbers = self._sorted_by_destination(files)[into][1]
            if text:
                found = found_steps(pages, table, text)
                numbers = found if into is None else sorted(set(numbers).intersection(found))
            return array("I", numbers if outcome is None else _ended(table, numbers, outcome))

        return self._known(self._found, key, look)

    def _known(self, known: OrderedDict[Hashable, T], key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in known:
                known.move_to_end(key)
                return known[key]
        made = make()
        with self._lock:
            known[key] = made
            while len(known) > _KEPT:
                known.popitem(last=False)
        return made


def _ended(table: OutcomeTable, numbers: Sequence[int], outcome: Outcome) -> list[int]:
    codes, wanted = table.codes, table.codes_of(outcome)
    found = [number for number in numbers if number < len(codes) and codes[number] in wanted]
    return found + [number for number in numbers if number >= len(codes)] if outcome == "pending" else found


def _views(steps: Sequence[Step], pages: PlanPages, table: OutcomeTable) -> list[StepView]:
    return [_view(step, pages.roots, table.places.get(step.seq), *table.ending(step.seq)) for step in steps]


def view(step: Step, roots: list[bytes]) -> StepView:
    """Return one step that nothing became of yet."""
    return _view(step, roots, None, "pending", "")


def _view(step: Step, roots: list[bytes], place: bytes | None, outcome: Outcome, reason: str) -> StepView:
    if step.kind == "replace":  # what is recorded of it is where in the trash the other file is
        place = None
    source, source_b64 = _wire(absolute(roots, step.source_root, step.source))
    destination, destination_b64 = _wire(absolute(roots, step.destination_root, place or step.destination))
    if outcome == "pending":
        reason = step.refused
    return StepView(
        seq=step.seq,
        kind=step.kind,
        group=step.group,
        source=source,
        destination=destination,
        outcome=outcome,
        reason=reason or step.why or None,
        source_b64=source_b64,
        destination_b64=destination_b64,
    )


def _wire(path: bytes) -> tuple[str | None, str | None]:
    return wire_path(path) if path else (None, None)
