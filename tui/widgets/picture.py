"""A picture in a terminal: two pixels in each cell, or shades where there are no colours for it.

No protocol for real pixels is spoken: a terminal would have to be asked whether it understands one, over SSH the
answer may never come, and tmux passes few of them on. Half-blocks are text like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.wire_looks import Raster

if TYPE_CHECKING:
    from tui.face import Face

UPPER = "▀"
SHADES = " .:-=+*#%@"
STEP = 8
"""Colours are rounded to this: neighbours that hardly differ are then sent as one run."""


class Picture(Widget):
    """Shows a raster in the middle of the room it has."""

    DEFAULT_CSS = """
    Picture { height: auto; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.raster: Raster | None = None
        self.display = False

    def show(self, raster: Raster | None) -> None:
        """Show this one."""
        if raster is not self.raster:
            self.raster = raster if raster is not None and is_whole(raster) else None
            self.styles.height = self.rows
            self.display = self.raster is not None
            self.refresh(layout=True)

    @property
    def rows(self) -> int:
        """The lines that it takes."""
        return (self.raster.height + 1) // 2 if self.raster is not None else 0

    def render_line(self, y: int) -> Strip:
        """Draw two rows of pixels."""
        width = self.size.width
        raster = self.raster
        ground = self.rich_style
        if raster is None or 2 * y >= raster.height:
            return Strip([Segment(" " * width, ground)])
        left = max((width - raster.width) // 2, 0)
        drawn = self._drawn(raster, 2 * y, ground)
        return Strip([Segment(" " * left, ground), *drawn]).adjust_cell_length(width, ground).simplify()

    def _drawn(self, raster: Raster, y: int, ground: Style) -> list[Segment]:
        face = cast("Face", self.app)
        if face.no_color or face.outfit.ascii:
            return shaded(raster, y, ground)
        if face.native_ansi_color and face.console.color_system in (None, "standard"):
            return half_blocks(raster, y, ground.bgcolor, grey)
        return half_blocks(raster, y, ground.bgcolor, true)


def is_whole(raster: Raster) -> bool:
    """Tell whether a raster has as many bytes as it says."""
    return raster.width > 0 and raster.height > 0 and len(raster.rgb) == raster.width * raster.height * 3


Paint = Callable[[Raster, int, int], Color]
"""Says which colour a pixel is drawn in."""


def true(raster: Raster, x: int, y: int) -> Color:
    """Return a pixel's colour, rounded; Rich finds the nearest of 256 where there are no more."""
    return Color.from_rgb(*(min((value + STEP // 2) // STEP * STEP, 255) for value in _pixel(raster, x, y)))


def grey(raster: Raster, x: int, y: int) -> Color:
    """Return one of the four greys among a terminal's own sixteen colours; a pattern makes more of them."""
    level = sum(_pixel(raster, x, y)) * 3 / 765 + _PATTERN[y % 2][x % 2]
    return _GREYS[max(0, min(round(level), 3))]


_GREYS = [Color.from_ansi(number) for number in (0, 8, 7, 15)]
_PATTERN = ((-0.375, 0.125), (0.375, -0.125))


def half_blocks(raster: Raster, y: int, ground: Color | None, paint: Paint) -> list[Segment]:
    """Return rows `y` and `y + 1` as cells of two pixels, like neighbours together."""
    segments: list[Segment] = []
    run, before = 0, None
    has_lower = y + 1 < raster.height
    for x in range(raster.width):
        pair = (paint(raster, x, y), paint(raster, x, y + 1) if has_lower else ground)
        if before is not None and pair != before:
            segments.append(Segment(UPPER * run, Style(color=before[0], bgcolor=before[1])))
            run = 0
        before, run = pair, run + 1
    if before is not None:
        segments.append(Segment(UPPER * run, Style(color=before[0], bgcolor=before[1])))
    return segments


def shaded(raster: Raster, y: int, ground: Style) -> list[Segment]:
    """Return two rows as letters that are as dark or light: for terminals without colours, or without blocks."""
    rows = [y, y + 1] if y + 1 < raster.height else [y]
    text = []
    for x in range(raster.width):
        light = sum(sum(_pixel(raster, x, row)) for row in rows) // (3 * len(rows))
        text.append(SHADES[light * (len(SHADES) - 1) // 255])
    return [Segment("".join(text), ground)]


def _pixel(raster: Raster, x: int, y: int) -> bytes:
    start = (y * raster.width + x) * 3
    return raster.rgb[start : start + 3]
