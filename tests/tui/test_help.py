"""Help: made from the bindings, looked through, and done from."""

from __future__ import annotations

from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import looking
from tui.outfit import Outfit
from tui.screens.help import SHIFT, sections
from tui.widgets.board import Board


async def test_help_tells_every_key_of_the_place(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(100, 60)) as look:
        await look.press("f1")
        await look.goes("Help")
        for line in ("o organize", "↓ j n next line", "^l draw again", "q quit", "^p palette", "1 to the folders"):
            assert any(line in " ".join(shown.split()) for shown in look.lines), line
        assert SHIFT[0] in look.text
        assert "^q" not in look.text and "ctrl+q" not in look.text  # flow control of a terminal: none of ours
        await look.press("question_mark")
        await look.goes("Home")


async def test_what_cannot_be_done_now_is_dim_and_is_not_done(agent: FakeAgent) -> None:
    agent.may = ["view"]
    async with looking(agent.socket, size=(100, 60)) as look:
        able = {deed.said: deed.able for part in sections(look.face.screen).values() for deed in part}
        assert not able["organize"] and able["where"]
        await look.press("question_mark", "enter")
        assert look.place == "Help"
    assert agent.acts() == []


async def test_help_is_looked_through_and_what_is_found_is_done(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("question_mark", "slash")
        await look.types("where")
        await look.until(lambda: len(look.one(Board).rows) == 2)
        await look.press("enter", "enter")
        await look.goes("Where")
        await look.press("escape", "question_mark", "slash")
        await look.types("P")  # a key is found, too
        await look.until(lambda: any("resume" in row.key for row in look.one(Board).rows))
        await look.press("escape")
        await look.until(lambda: len(look.one(Board).rows) > 10)
        await look.press("escape")
        await look.goes("Home")


async def test_without_a_mouse_nothing_is_said_about_it(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(100, 60), outfit=Outfit(mouse=False)) as look:
        await look.press("f1")
        await look.sees("Leaving stops nothing")
        assert SHIFT[0] not in look.text
