"""Only the cells that differ are sent, and the terminal shows what it would have shown all the same."""

from __future__ import annotations

import random
import re

import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, InlineUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from core.names import shown
from tests.tui.emulated import Emulated
from tests.tui.hostile import PAYLOADS
from tui.canvas import Canvas, Cell, Pen, cells, pens, taken

WIDTH, HEIGHT = 24, 4
STYLES = [
    None,
    Style.parse("#d3d7dc on #15181c"),
    Style.parse("bold #d3d7dc on #15181c"),
    Style.parse("#8b939c on #2a3139"),
    Style.parse("reverse red"),
    Style.parse("underline"),
    Style.parse("bright_black on blue"),
    Style.parse("color(200) strike"),
]
TEXTS = ["a", "word ", "   ", "        ", "─", "━━╸", "東京", "e\u0301", "x" * 9]


@pytest.fixture(autouse=True)
def undrawn() -> None:
    """Rich keeps what a style was first drawn as: each test draws in colours of its own."""
    for style in filter(None, STYLES):
        style._ansi = None


def looks(row: list[tuple[str, Pen]]) -> list[object]:
    """What a person sees of a line: of a blank, neither its foreground nor whether it is bold."""
    seen: list[object] = []
    for text, pen in row:
        visible = {"4", "7", "9", "21", "53"}.intersection(pen.attributes)
        seen.append((text, pen) if text != " " or visible else (text, pen.background))
    return seen


def wanted(strip: Strip, console: Console) -> list[object]:
    plain = Emulated(WIDTH, 1)
    plain.take("\x1b[1;1H" + strip.render(console))
    return looks(plain.rows[0])


def line(chance: random.Random, width: int = WIDTH) -> Strip:
    strip = Strip([Segment(chance.choice(TEXTS), chance.choice(STYLES)) for _ in range(chance.randint(1, 12))])
    return strip.adjust_cell_length(width, chance.choice(STYLES))


def between_characters(strip: Strip) -> list[int]:
    """Return where a line can be parted without parting a wide character."""
    return [x for x in range(WIDTH + 1) if strip.crop(0, x).text + strip.crop(x).text == strip.text]


def console(system: str = "truecolor") -> Console:
    return Console(color_system=system, force_terminal=True, width=WIDTH, _environ={})  # type: ignore[arg-type]


def layout(strips: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[strip] for strip in strips], Region(0, 0, WIDTH, len(strips)))


@pytest.mark.parametrize("system", ["truecolor", "256", "standard"])
@pytest.mark.parametrize("seed", range(12))
def test_what_is_sent_shows_what_was_drawn(seed: int, system: str) -> None:
    chance, out = random.Random(seed), console(system)
    canvas, terminal = Canvas(), Emulated(WIDTH, HEIGHT)
    strips = [line(chance) for _ in range(HEIGHT)]
    terminal.take(canvas.changes(layout(strips), out))
    for _ in range(40):
        y = chance.randrange(HEIGHT)
        if chance.random() < 0.3:
            strips = [strip if chance.random() < 0.6 else line(chance) for strip in strips]
            update: LayoutUpdate | ChopsUpdate = layout(strips)
        else:
            cut = sorted(chance.sample(between_characters(strips[y]), 2))
            pieces = [strips[y].crop(0, cut[0]), line(chance, cut[1] - cut[0]), strips[y].crop(cut[1])]
            chops: list[dict[int, Strip | None]] = [{} for _ in range(HEIGHT)]
            chops[y] = {0: None, cut[0]: pieces[1], cut[1]: None}
            strips[y] = Strip.join(pieces)
            update = ChopsUpdate(chops, [(y, cut[0], cut[1])], [[cut[0], cut[1], WIDTH]] * HEIGHT)
        terminal.take(canvas.changes(update, out))
        assert [looks(row) for row in terminal.rows] == [wanted(strip, out) for strip in strips]


def test_what_is_shown_already_is_not_sent_again() -> None:
    chance, out, canvas = random.Random(1), console(), Canvas()
    strips = [line(chance) for _ in range(HEIGHT)]
    assert canvas.changes(layout(strips), out)
    assert canvas.changes(layout(strips), out) == ""
    canvas.forget()
    assert canvas.changes(layout(strips), out)


def test_one_cell_costs_little() -> None:
    out, canvas = console("256"), Canvas()
    strips = [Strip([Segment("61 % of 2,118 files", STYLES[1])]).adjust_cell_length(WIDTH) for _ in range(HEIGHT)]
    canvas.changes(layout(strips), out)
    strips[2] = Strip([Segment("62 % of 2,118 files", STYLES[1])]).adjust_cell_length(WIDTH)
    sent = canvas.changes(layout(strips), out)
    assert re.sub(r"\x1b\[[\d;]*m", "", sent) == "\x1b[3;2H2"


def test_another_size_is_drawn_anew() -> None:
    out, canvas = console(), Canvas()
    canvas.changes(layout([line(random.Random(1)) for _ in range(HEIGHT)]), out)
    terminal = Emulated(WIDTH, HEIGHT + 1)
    strips = [line(random.Random(2)) for _ in range(HEIGHT + 1)]
    terminal.take(canvas.changes(layout(strips), out))
    assert [looks(row) for row in terminal.rows] == [wanted(strip, out) for strip in strips]


def test_what_is_not_known_here_is_sent_as_it_is_and_ends_the_memory() -> None:
    out, canvas = console(), Canvas()
    strips = [line(random.Random(1)) for _ in range(HEIGHT)]
    canvas.changes(layout(strips), out)
    other = InlineUpdate(strips)
    assert canvas.changes(other, out) == other.render_segments(out)
    assert canvas.changes(layout(strips), out) != ""


@pytest.mark.parametrize("name", [*PAYLOADS, "❤\ufe0f.jpg", "🏳\ufe0f\u200d🌈", "🇩🇪🇫🇷", "👍🏽"])
def test_any_name_has_as_many_cells_as_it_says(name: str) -> None:
    strip = Strip([Segment(shown(name), STYLES[1])])
    assert len(cells(strip, console())) == strip.cell_length


def test_a_style_that_was_drawn_before_is_drawn_in_these_colours() -> None:
    style = Style.parse("#0102ff on #fe0304")
    style.render("x", color_system=ColorSystem.STANDARD)
    assert pens(style, console())[0] == Pen((), "38;2;1;2;255", "48;2;254;3;4")


def test_pens_change_by_what_differs() -> None:
    ink = Pen(("1",), "38;5;252", "48;5;234")
    assert taken(None, ink) == ("\x1b[0;1;38;5;252;48;5;234m", ink)
    assert taken(ink, ink) == ("", ink)
    assert taken(ink, Pen(("1",), "38;5;110", "48;5;234"))[0] == "\x1b[38;5;110m"
    assert taken(ink, Pen((), "38;5;252", "48;5;234"))[0] == "\x1b[0;38;5;252;48;5;234m"
    assert taken(ink, Pen((), None, "48;5;234")) == ("", ink)  # a blank: whatever the ink was
    assert taken(Pen(("7",)), Pen((), None, "49"))[0] == "\x1b[0m"
    assert Cell("a", ink) != Cell("b", ink)
