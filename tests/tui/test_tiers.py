"""Few colours, none, and ASCII alone: told from the environment, and everything is still seen."""

from __future__ import annotations

import io
import os
import re
from collections.abc import AsyncIterator

import pytest
from rich.cells import cell_len
from rich.console import Console
from textual.strip import Strip

from tests.tui.fake_agent import FakeAgent
from tests.tui.hostile import PAYLOADS
from tests.tui.looking import Look, looking
from tui import app, terminal
from tui.choices import Choices
from tui.glyphs import in_ascii
from tui.outfit import Outfit

COLOUR = re.compile(r"\x1b\[(?:[\d;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)(?:;[\d;]*)?m")


@pytest.mark.parametrize(
    ("environment", "ascii"),
    [
        ({}, False),
        ({"LANG": "de_DE.UTF-8", "TERM": "xterm-256color"}, False),
        ({"LC_CTYPE": "UTF-8", "LANG": "C"}, False),
        ({"LANG": "en_US.utf8"}, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, True),
        ({"TERM": "vt220"}, True),
    ],
)
def test_ascii_is_told_from_locale_and_terminal(environment: dict[str, str], ascii: bool) -> None:
    assert terminal.is_ascii(environment) is ascii


def test_a_dumb_terminal_and_a_light_one_are_known() -> None:
    assert terminal.is_dumb({}) and terminal.is_dumb({"TERM": "dumb"}) and not terminal.is_dumb({"TERM": "xterm"})
    assert terminal.is_light({"COLORFGBG": "0;15"}) and not terminal.is_light({"COLORFGBG": "15;0"})
    assert not terminal.is_light({})


def test_a_theme_that_suits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORFGBG", raising=False)
    assert app.theme(Choices()) == ""
    assert app.theme(Choices(theme="nord")) == "nord"
    assert app.theme(Choices(theme="nord", colors="16")) == "ansi-dark"
    assert app.theme(Choices(theme="ansi-light", colors="16")) == "ansi-light"
    monkeypatch.setenv("COLORFGBG", "0;15")
    assert (app.theme(Choices()), app.theme(Choices(colors="16"))) == ("shelver-light", "ansi-light")
    monkeypatch.delenv("COLORFGBG")
    monkeypatch.setenv("TERM", "xterm-16color")
    assert app.theme(Choices()) == "ansi-dark"
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert app.theme(Choices()) == "ansi-dark"


def test_colours_are_what_was_chosen_over_what_the_terminal_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXTUAL_ANIMATIONS", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.setenv(name, "")  # so that what is set here is taken back
        monkeypatch.delenv(name)
    terminal.settle("16")
    assert os.environ["TEXTUAL_COLOR_SYSTEM"] == "standard"


@pytest.mark.parametrize("text", [*PAYLOADS, "━╸─│╭╮╰╯▸•·…→▁▂▃▄▅▆▇█⇄", "naïve 東京 🎉.jpg", "\N{NO-BREAK SPACE}a"])
def test_a_stand_in_is_as_wide_as_what_it_stands_for(text: str) -> None:
    assert in_ascii(text).isascii()
    assert cell_len(in_ascii(text)) == cell_len(text)


async def places(look: Look) -> AsyncIterator[Strip]:
    """Go through a few places, and stop at each."""
    for keys in ((), ("question_mark",), ("escape", "P"), ("escape", "l"), ("escape", "ctrl+p")):
        await look.press(*keys)
        await look.pilot.pause()
        for strip in look.face.screen._compositor.render_strips():
            yield strip


def sent(strip: Strip) -> str:
    """Return what a terminal is sent for a line."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", _environ={})
    return strip.render(console)


async def test_where_only_ascii_is_shown_nothing_else_is_sent(agent: FakeAgent) -> None:
    async with looking(agent.socket, outfit=Outfit(ascii=True)) as look:
        look.face.tell("東京 → done …")
        async for strip in places(look):
            assert strip.text.isascii(), strip.text
            assert strip.cell_length == 80


async def test_no_color_sends_no_colour_and_the_cursor_is_seen(
    agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with looking(agent.socket, outfit=Outfit(theme="ansi-dark")) as look:
        async for strip in places(look):
            assert not COLOUR.search(sent(strip)), sent(strip)
        await look.press("escape", "P")
        await look.goes("Confirm")
        strips = look.face.screen._compositor.render_strips()
        reversed_text = [
            segment.text for strip in strips for segment in strip if segment.style and segment.style.reverse
        ]
        assert any("Cancel" in text for text in reversed_text)  # the button at hand
        assert any("archive" in text for text in reversed_text)  # the row under the cursor


async def test_sixteen_colours_are_the_terminals_own(agent: FakeAgent) -> None:
    async with looking(agent.socket, outfit=Outfit(theme="ansi-dark")) as look:
        async for strip in places(look):
            seen = [segment.style for segment in strip if segment.style and segment.text.strip()]
            assert not [style for style in seen if style.color and style.color.triplet], strip
            assert not [style for style in seen if style.bgcolor and style.bgcolor.triplet], strip
