"""The last weeks at a glance: a bar for each day, and what was done today."""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p

from textual.geometry import Size

from tui import words
from tui.surroundings import Surroundings
from tui.widgets.line import EMPTY, Line, Lines, spread, width_of
from tui.wire import Day

LEVELS = "▁▂▃▄▅▆▇█"
TALL, LOW = 34, 18
"""Terminals at least so high show bars of several lines; below the other there is no chart."""
ROWS = 4


class Chart(Lines):
    """Days as bars; nothing at all where nothing was done."""

    DEFAULT_CSS = """
    Chart { height: auto; padding: 0 1; }
    """

    def __init__(self, around: Surroundings) -> None:
        super().__init__(id="chart")
        self._around = around
        self._days: Sequence[Day] = ()

    def tell(self, days: Sequence[Day]) -> None:
        """Show these days, today last."""
        self._days = days
        self.fit(self.app.size)

    def fit(self, size: Size) -> None:
        """Draw what a terminal of this size has room for."""
        rows = 0 if size.height < LOW else ROWS if size.height >= TALL else 1
        self.show(chart_lines(self._days, rows, size.width - 2, self._around))


def chart_lines(days: Sequence[Day], rows: int, width: int, around: Surroundings) -> list[Line]:
    """Return the chart in `rows` lines and one of air above where there is more than one."""
    if rows == 0 or not any(day.files or day.restored for day in days):
        return []
    each = 2 if width >= 3 * len(days) + 60 else 1
    bars = bar_rows([day.files for day in days], rows)
    lines: list[Line] = [((_spaced(row[:-1], each), "faint"), (_spaced(row[-1:], each), "accent")) for row in bars]
    weeks = f"{len(days) // 7} weeks" if len(days) >= 14 else f"{len(days)} days"
    room = width - width_of(lines[-1])
    said: Line = ((f"  files a day, last {weeks}" if room > 80 else "  files a day", "faint"),)
    today = today_line(days[-1], room - width_of(said) - 2)
    bottom = spread((*lines[-1], *said), today, width)
    if rows == 1:
        return [bottom]
    most = max(days, key=lambda day: day.files)
    told = f"  most: {words.count(most.files)} on {words.day(most.day, around.now())}"
    return [EMPTY, *lines[:-2], (*lines[-2], (told, "faint")), bottom]


def _spaced(row: str, each: int) -> str:
    return row if each == 1 else "".join(f"{level * each} " for level in row)


def bar_rows(values: Sequence[int], rows: int) -> list[str]:
    """Return bars of up to `rows` lines, the top line first.

    Heights go with the logarithm: a day of a hundred thousand files leaves those of a few to be seen. A day with
    anything at all stands out from one with nothing.
    """
    most = log1p(max(values, default=0)) or 1.0
    eighths = [0 if not value else max(round(log1p(value) / most * rows * 8), 2) for value in values]
    return ["".join(_part(height - 8 * row, row) for height in eighths) for row in reversed(range(rows))]


def _part(height: int, row: int) -> str:
    if height <= 0:
        return " " if row else LEVELS[0]
    return LEVELS[min(height, 8) - 1]


def today_line(today: Day, width: int) -> Line:
    """Return what was done today, in at most `width` cells: the most telling first."""
    told = []
    if today.files or not today.restored:
        told.append(f"{words.count(today.files)} moved")
    if today.restored:
        told.append(f"{words.count(today.restored)} restored")
    if today.failed:
        told.append(f"{words.count(today.failed)} failed")
    if today.bytes:
        told.append(words.size(today.bytes))
    while told and len("today " + " · ".join(told)) > width:
        told.pop()
    return (("today ", "faint"), (" · ".join(told), "dim")) if told else EMPTY
