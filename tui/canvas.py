"""What the terminal shows now, remembered: of what is drawn again, only the cells that differ are sent.

Textual repaints a whole screen for each change of layout, some of them several times over. On a line of 64 kbit/s a
screen takes a second; here it costs what changed in it. Colours, too, are only told where they change.

Where Textual hands over what is not known here, it is sent as it is, and the memory is void.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

NEAR = 6
"""Equal cells that are sent again rather than jumped over: a jump costs as much."""
_FIRST_DOUBTFUL = 0x2E80
"""From here on characters may be two cells wide, and terminals are not of one mind about all of them."""


class Pen(NamedTuple):
    """How a cell is drawn: parameters of SGR. A foreground of None is any: nobody sees it."""

    attributes: tuple[str, ...] = ()
    foreground: str | None = "39"
    background: str = "49"


class Cell(NamedTuple):
    """One cell: its character with the marks on it, or nothing where a wide one reaches into it."""

    text: str
    pen: Pen


PLAIN = Pen()
Row = list[Cell | None]
"""The cells of a line, None where it is not known what the terminal shows."""


class Canvas:
    """The memory of one terminal."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def forget(self) -> None:
        """Know nothing any more: somebody else drew there."""
        self._rows.clear()

    def changes(self, update: CompositorUpdate, console: Console) -> str:
        """Return what makes the terminal show an update, and remember it."""
        if isinstance(update, LayoutUpdate) and not (update.region.x or update.region.y):
            return self._draw(self._of_layout(update, console))
        if isinstance(update, ChopsUpdate) and len(self._rows) == len(update.chops):
            return self._draw(self._of_chops(update, console))
        self.forget()
        return update.render_segments(console)

    def _of_layout(self, update: LayoutUpdate, console: Console) -> dict[int, Row]:
        width, height = update.region.size
        if len(self._rows) != height or any(len(row) != width for row in self._rows):
            self._rows = [[None] * width for _ in range(height)]
        return {
            y: [cell for strip in strips for cell in cells(strip, console)] for y, strips in enumerate(update.strips)
        }

    def _of_chops(self, update: ChopsUpdate, console: Console) -> dict[int, Row]:
        rows: dict[int, Row] = {}
        for y, left, right in update.spans:
            row = rows.setdefault(y, list(self._rows[y]))
            for x, strip in update.chops[y].items():
                if strip is not None and x < right and x + strip.cell_length > left:
                    start, end = max(x, left), min(x + strip.cell_length, right, len(row))
                    row[start:end] = cells(strip, console)[start - x : end - x]
        return rows

    def _draw(self, rows: Mapping[int, Row]) -> str:
        sent: list[str] = []
        pen: Pen | None = None
        for y, row in rows.items():
            for start, end in differences(self._rows[y], row):
                sent.append(f"\x1b[{y + 1};{start + 1}H")
                for cell in row[start:end]:
                    if cell is not None:
                        told, pen = taken(pen, cell.pen)
                        sent += (told, cell.text)
            self._rows[y] = row
        return "".join(sent) + ("" if pen is None else "\x1b[0m")


class Written(CompositorUpdate):
    """What is to be written to the terminal, as it stands."""

    def __init__(self, text: str) -> None:
        self.text = text

    def render_segments(self, console: Console) -> str:
        """Return it."""
        return self.text


# -- cells ---------------------------------------------------------------------------------------------


def cells(strip: Strip, console: Console) -> Row:
    """Return the cells of a strip, as many as it says it has."""
    row: Row = []
    for text, style, _ in strip:
        ink, blank = pens(style, console)
        for character in text:
            width = 1 if character.isascii() else get_character_cell_size(character)
            if width:
                row.append(Cell(character, blank if character == " " else ink))
                row += [Cell("", ink)] * (width - 1)
            elif (place := _last_filled(row)) is not None:
                row[place] = Cell(row[place].text + character, ink)  # type: ignore[union-attr]
    if len(row) != strip.cell_length:  # a cluster whose width is not the sum of its parts: the text stays together
        text = "".join(cell.text for cell in row if cell is not None)
        row = [Cell(text, ink), *[Cell("", ink)] * (strip.cell_length - 1)] if strip.cell_length else []
    return row


def _last_filled(row: Row) -> int | None:
    return next((place for place in reversed(range(len(row))) if (cell := row[place]) and cell.text), None)


def differences(before: Row, after: Row) -> Iterator[tuple[int, int]]:
    """Yield from where to where cells differ. A line with doubtful characters differs as a whole."""
    differing = [x for x, cell in enumerate(after) if x >= len(before) or before[x] != cell]
    if not differing:
        return
    if any(cell is not None and is_doubtful(cell.text) for row in (before, after) for cell in row):
        yield 0, len(after)
        return
    start = end = differing[0]
    for x in differing:
        if x > end + NEAR:
            yield start, end
            start = x
        end = x + 1
    yield start, end


def is_doubtful(text: str) -> bool:
    """Tell whether a terminal may give a cell's text another width than it is given here."""
    return len(text) != 1 or ord(text) >= _FIRST_DOUBTFUL


# -- pens ----------------------------------------------------------------------------------------------

ATTRIBUTES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
"""All that Rich knows, from bold to overlined."""
_SEEN_ON_BLANKS = frozenset({"4", "7", "9", "21", "53"})
"""Attributes that show on a blank: underline, reverse, strike and the like."""


@lru_cache(4096)
def _pen(style: Style | None, system: str | None) -> Pen:
    console = Console(color_system=system, force_terminal=True, _environ={})  # type: ignore[arg-type]
    if style is not None:
        style = style.update_link(None)
        style._ansi = None  # Rich keeps what a style was first drawn as, in whatever colours that was
    told = Strip([Segment("x", style)]).render(console).partition("x")[0]
    parameters = told.removeprefix("\x1b[").removesuffix("m").split(";") if told else []
    attributes, foreground, background = [], "39", "49"
    while parameters:
        first = parameters.pop(0)
        if first in ("38", "48"):
            more = 2 if parameters[0] == "5" else 4
            colour = ";".join([first, *parameters[:more]])
            del parameters[:more]
            foreground, background = (colour, background) if first == "38" else (foreground, colour)
        elif first[:-1] in ("3", "9"):
            foreground = first
        elif first[:-1] in ("4", "10") and len(first) > 1:
            background = first
        else:
            attributes.append(first)
    return Pen(tuple(attributes), foreground, background)


def pens(style: Style | None, console: Console) -> tuple[Pen, Pen]:
    """Return how text of a style is drawn, and how a blank is, of which less is seen."""
    pen = _pen(style, console.color_system)
    if _SEEN_ON_BLANKS.intersection(pen.attributes):
        return pen, pen
    return pen, Pen((), None, pen.background)


@lru_cache(8192)
def taken(before: Pen | None, wanted: Pen) -> tuple[str, Pen]:
    """Return what makes one pen of another, or of none that is known, and the pen that it makes.

    For a blank, attributes and foreground that do not show on it stay as they are.
    """
    is_blank = wanted.foreground is None
    unwanted = _SEEN_ON_BLANKS if is_blank else frozenset(ATTRIBUTES).difference(wanted.attributes)
    parameters: list[str] = []
    if before is None or unwanted.intersection(before.attributes):
        parameters, before = ["0"], PLAIN
    pen = before._replace(background=wanted.background) if is_blank else wanted
    parameters += [one for one in pen.attributes if one not in before.attributes]
    parameters += [pen.foreground] if pen.foreground not in (None, before.foreground) else []
    parameters += [pen.background] if pen.background != before.background else []
    return f"\x1b[{';'.join(parameters)}m" if parameters else "", pen
