"""The rows of the list of operations: by day, the agent's small ones folded into one line that opens."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from core.model import Operation
from tui import words
from tui.screens.turns import Many, day_of, ended, in_turns
from tui.surroundings import Surroundings
from tui.widgets.board import Row
from tui.widgets.line import EMPTY, Line, cut, fitted, right, rule, width_of

NARROW, WIDE = 70, 110
"""From so many cells on it is told that something was organized; and who asked, and the operation's id."""


def rows_by_day(operations: Iterable[Operation], opened: Collection[str], around: Surroundings) -> Iterator[Row]:
    """Yield the rows of operations beneath a title for each day, newest first; `opened`: keys of unfolded lines."""
    now = around.now()
    newest_first = sorted(operations, key=ended, reverse=True)
    for day, of_day in groupby(newest_first, lambda operation: day_of(operation, now.tzinfo)):
        said = words.day(day, now)
        yield Row(f"day {day}", partial(_title, said[:1].upper() + said[1:]), said, selectable=False)
        for subject in in_turns(of_day, now.tzinfo):
            yield from _rows(subject, opened, around)


def key_of(many: Many) -> str:
    """Return what tells a folded line from others while it grows: its oldest operation."""
    return f"turns {many.operations[-1].id}"


def _rows(subject: Operation | Many, opened: Collection[str], around: Surroundings) -> Iterator[Row]:
    if isinstance(subject, Operation):
        yield Row(subject.id, partial(_line, subject, "", around), subject, subject)
        return
    key = key_of(subject)
    sign = "▾" if key in opened else "▸"
    yield Row(key, partial(_many_line, subject, sign, around), (subject, sign), subject)
    if key in opened:
        for operation in subject.operations:
            yield Row(operation.id, partial(_line, operation, " ·", around), operation, operation)


def _title(said: str, width: int) -> Line:
    return rule(width, said)


@dataclass(frozen=True)
class _Told:
    """What a row tells: of which operation, with what before it, and what became of it."""

    operation: Operation
    sign: str
    what: str
    by: str

    def line(self, around: Surroundings, width: int) -> Line:
        """Return it in columns: when, what and where, what became of it, by whom, how it ended."""
        operation, (word, role) = self.operation, words.state(self.operation)
        names = min(max(width * 28 // 100, 14), 36)
        plain = width < NARROW and operation.kind == "organize"  # what it mostly is: said where there is room to
        kind = "" if plain else words.kind(operation) + " "
        known = ((fitted(self.by, 14), "dim"), (fitted(operation.id, 10), "faint")) if width >= WIDE else EMPTY
        room = width - 9 - names - 2 - 16 - width_of(known)
        return (
            (f"{ended(operation).astimezone(around.now().tzinfo):%H:%M}  ", "dim"),
            (f"{self.sign:<2}", "accent"),
            (kind, "dim"),
            (fitted(around.tilde(operation.folder), names - len(kind)) + "  ", "text"),
            (fitted(cut(self.what, room), room), "bad" if operation.state == "failed" else "text"),
            *known,
            (right(word, 16), role),
        )


def _line(operation: Operation, sign: str, around: Surroundings, width: int) -> Line:
    by = around.person(operation.requested_by) or ("the agent" if operation.automatic else "")
    return _Told(operation, sign, words.summary(operation), by).line(around, width)


def _many_line(many: Many, sign: str, around: Surroundings, width: int) -> Line:
    return _Told(many.first, sign, many.told, "the agent").line(around, width)
