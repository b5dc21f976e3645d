"""Lines: the one way by which text reaches the screen.

A line is a tuple of pieces, a piece is text and its role. Text is never parsed: no markup, and what a
terminal would act on is made visible (`core.names.shown`) at the last moment, whatever came before.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from core.names import shown

Piece = tuple[str, str]
Line = tuple[Piece, ...]

ROLES = ("text", "dim", "faint", "strong", "accent", "good", "warn", "bad", "rule", "chosen")
EMPTY: Line = ()


INKS: set[str] = {f"line--{role}" for role in ROLES} | {"line--cursor", "line--resting"}
"""The component classes of every widget that draws lines; `tui.theme.INK` says how each looks."""


def ink(widget: Widget, line: Line, width: int, *, over: str = "") -> Strip:
    """Return a line as a strip of exactly `width` cells, on the background of the component class `over`."""
    ground = widget.rich_style + (widget.get_component_rich_style(over, partial=True) if over else Style.null())
    segments = [
        Segment(shown(text), ground + widget.get_component_rich_style(f"line--{role}", partial=True))
        for text, role in line
        if text
    ]
    return Strip(segments).adjust_cell_length(width, ground).simplify()


class Lines(Widget):
    """Some lines that stand still until others are shown; as high as they are many."""

    DEFAULT_CSS = """
    Lines { height: auto; width: 1fr; }
    """
    COMPONENT_CLASSES = INKS

    def __init__(self, lines: Iterable[Line] = (), *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines = list(lines)

    def show(self, lines: Iterable[Line]) -> None:
        """Show these lines; only what differs is drawn anew."""
        before, self._lines = self._lines, list(lines)
        if len(before) != len(self._lines):
            self.refresh(layout=True)
        elif before != self._lines:
            self.refresh()

    @property
    def lines(self) -> list[Line]:
        """What is shown."""
        return self._lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are."""
        return len(self._lines)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the widest line, in cells."""
        return max((width_of(line) for line in self._lines), default=0)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        return ink(self, self._lines[y] if y < len(self._lines) else EMPTY, self.size.width)


class Ends(Widget):
    """One line with something at its left and something at its right."""

    DEFAULT_CSS = """
    Ends { height: 1; width: 1fr; }
    """
    COMPONENT_CLASSES = INKS

    def __init__(self, left: Line = EMPTY, right_side: Line = EMPTY, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ends = (left, right_side)

    def show(self, left: Line, right_side: Line = EMPTY) -> None:
        """Show these; nothing is drawn when they are shown already."""
        if self._ends != (left, right_side):
            self._ends = (left, right_side)
            self.refresh()

    @property
    def text(self) -> str:
        """What is shown, as text."""
        return plain(self._ends[0]) + plain(self._ends[1])

    def render_line(self, y: int) -> Strip:
        """Draw it; where both have no room, the left has it."""
        width = self.size.width
        return ink(self, spread(self._ends[0], self._ends[1], width), width)


def rule(width: int, title: str = "") -> Line:
    """Return a line across, with a title in it."""
    if not title:
        return (("─" * width, "rule"),)
    return (("─ ", "rule"), (title, "dim"), (" " + "─" * max(width - cell_len(title) - 3, 0), "rule"))


# -- measuring, in cells -------------------------------------------------------------------------------


def width_of(line: Line) -> int:
    """Return the cells that a line takes."""
    return sum(cell_len(shown(text)) for text, _ in line)


def plain(line: Line) -> str:
    """Return a line's text."""
    return "".join(shown(text) for text, _ in line)


def fitted(text: str, width: int) -> str:
    """Return text in exactly `width` cells: shortened in the middle, or padded."""
    text = shortened(text, width)
    return text + " " * (width - cell_len(text))


def right(text: str, width: int) -> str:
    """Return text at the right of `width` cells."""
    text = shortened(text, width)
    return " " * (width - cell_len(text)) + text


def shortened(text: str, width: int) -> str:
    """Return text in at most `width` cells, with `…` for the middle; a name's end tells more than its start."""
    text = shown(text)
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…" if width == 1 else ""
    tail = _cells(text[::-1], (width - 1) * 3 // 5)[::-1]
    head = _cells(text, width - 1 - cell_len(tail))
    return f"{head}…{tail}"


def ending(text: str, width: int) -> str:
    """Return text in at most `width` cells, with `…` at its start: of a folder, the end tells most."""
    text = shown(text)
    if cell_len(text) <= width:
        return text
    return "…" + _cells(text[::-1], width - 1)[::-1] if width > 0 else ""


def cut(text: str, width: int) -> str:
    """Return text in at most `width` cells, with `…` at its end."""
    text = shown(text)
    if cell_len(text) <= width:
        return text
    return _cells(text, width - 1) + "…" if width > 0 else ""


def folded(text: str, width: int) -> list[str]:
    """Return text in lines of at most `width` cells, broken between words where there are any."""
    lines: list[str] = []
    rest = shown(text)
    while cell_len(rest) > width > 1:
        head = _cells(rest, width)
        space = head.rfind(" ")
        if space > width // 2:
            head = head[: space + 1]
        lines.append(head.rstrip())
        rest = rest[len(head) :]
    return [*lines, rest]


def wrapped(line: Line, width: int) -> list[Line]:
    """Return a line as lines of at most `width` cells: a piece that has no room begins the next one."""
    lines: list[Line] = []
    for text, role in line:
        if lines and width_of(lines[-1]) + cell_len(shown(text)) <= width:
            lines[-1] = (*lines[-1], (text, role))
        else:
            lines += [((part, role),) for part in folded(text.lstrip(), width)]
    return lines


def spread(left: Line, right_side: Line, width: int) -> Line:
    """Return two lines as one: the first at the left, the second at the right if there is room."""
    gap = width - width_of(left) - width_of(right_side)
    return (*left, (" " * gap, "text"), *right_side) if gap > 0 else left


def _cells(text: str, width: int) -> str:
    """Return the longest start of text that fits into `width` cells."""
    taken = 0
    for index, character in enumerate(text):
        taken += get_character_cell_size(character)
        if taken > width:
            return text[:index]
    return text
