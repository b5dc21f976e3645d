"""A list of short sections, drawn anew where it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tui.widgets.line import Line
from tui.widgets.line_list import LineList


@dataclass(frozen=True)
class Row:
    """A line of a board. `key` tells it from the others over time; `subject` is what it speaks of.

    Rows are compared by `key` and `shows`: what `draw` makes depends on nothing else but the width.
    """

    key: str
    draw: Callable[[int], Line] = field(compare=False)
    shows: object = None
    subject: object = field(default=None, compare=False)
    selectable: bool = True


class Board(LineList):
    """Rows in memory, few enough to hold all of them."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; the cursor stays with the row it is on."""
        before, self.rows = self.rows, rows
        current = before[self.cursor].key if self.cursor < len(before) else None
        if len(before) != len(rows):
            self.recount()
        else:
            for index, (old, new) in enumerate(zip(before, rows, strict=True)):
                if old != new:
                    self.refresh_line(index)
        place = next((i for i, row in enumerate(rows) if row.key == current and row.selectable), None)
        self.cursor = self.validate_cursor(self.cursor if place is None else place)
        self.refresh_bindings()

    @property
    def current(self) -> object:
        """What the row under the cursor speaks of, or None."""
        return self.rows[self.cursor].subject if self.cursor < len(self.rows) else None

    def jump(self, prefix: str) -> None:
        """Go to the first row whose key begins like this."""
        for index, row in enumerate(self.rows):
            if row.selectable and row.key.startswith(prefix):
                self.cursor = index
                return

    def count(self) -> int:
        """Return how many rows there are."""
        return len(self.rows)

    def line(self, index: int, width: int) -> Line:
        """Draw a row."""
        return self.rows[index].draw(width)

    def selectable(self, index: int) -> bool:
        """Tell whether the cursor may rest on a row: not on titles."""
        return self.rows[index].selectable
