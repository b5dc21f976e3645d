"""What is wrong in the config, each with its line, what stands there, and what was probably meant."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.screens.place import Box, Dialog
from tui.widgets.board import Board, Row
from tui.widgets.line import EMPTY, Line, Lines, cut, folded, right
from tui.widgets.line_list import LineList
from tui.wire_looks import ConfigState, Wrong

LINE = 5
"""Cells of a line's number."""


class Mistakes(Dialog[int]):
    """Lists mistakes; enter edits again at one of them (answers with its line, or 0)."""

    DEFAULT_CSS = """
    Mistakes > .box { height: auto; }
    Mistakes Board { margin: 1 0 0 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "edit", "edit again")]
    AUTO_FOCUS = "Board"

    def __init__(self, state: ConfigState) -> None:
        super().__init__()
        self._state = state

    def compose(self) -> ComposeResult:
        """Hold what it means, and the mistakes."""
        number = len(self._state.mistakes)
        what = "1 mistake" if number == 1 else f"{number} mistakes"
        title = f"{what} in {self.around.tilde(self._state.path or 'the config')}"
        with Box(title, self.hints(("open", "edit at the line"), ("cancel", "leave"))):
            yield Lines([(("The agent goes on with the config as it was before.", "text"),)])
            yield Board()

    def on_mount(self) -> None:
        """Show them as wide as the box is."""
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        board = self.query_one(Board)
        width = max(board.scrollable_content_region.width, 40)
        rows = [
            row for number, each in enumerate(self._state.mistakes) for row in mistake_rows(number, each, width - 3)
        ]
        board.styles.height = min(len(rows), max(self.size.height - 8, 4))
        board.show(rows)

    @on(LineList.Opened)
    def action_edit(self) -> None:
        """Edit again, at this mistake."""
        wrong = self.query_one(Board).current
        self.dismiss((wrong.line if isinstance(wrong, Wrong) else None) or 0)


def mistake_rows(number: int, wrong: Wrong, width: int) -> list[Row]:
    """Return a mistake: what is wrong where, the line as it stands, and a hint."""
    indent = " " * (LINE + 2)
    place = right(str(wrong.line), LINE) if wrong.line else " " * LINE
    first, *more = folded(f"{wrong.where}: {wrong.message}", width - LINE - 2)
    lines: list[Line] = [((place + "  ", "accent"), (first, "bad"))]
    lines += [((indent, "text"), (part, "bad")) for part in more]
    if wrong.text:
        lines.append(((indent, "text"), (cut(wrong.text, width - LINE - 2), "strong")))
    if wrong.hint:
        lines += [((indent, "text"), (part, "dim")) for part in folded(wrong.hint, width - LINE - 2)]
    rows = [Row(f"{number} 0", partial(_drawn, lines[0]), lines[0], wrong)]
    for turn, line in enumerate(lines[1:], 1):
        still: Line = (("  ", "text"), *line)
        rows.append(Row(f"{number} {turn}", partial(_drawn, still), still, selectable=False))
    return [*rows, Row(f"{number} gap", partial(_drawn, EMPTY), EMPTY, selectable=False)]


def _drawn(line: Line, width: int) -> Line:
    return line
