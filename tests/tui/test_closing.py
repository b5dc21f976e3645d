"""Screens close once, and nothing but themselves: keys that are held down, answers that come late."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.command import CommandList

from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import furnished
from tests.tui.looking import looking
from tui.screens.explain import AskFile


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    async with furnished(tmp_path / "agent.sock") as agent:
        yield agent


async def test_a_line_of_the_palette_chosen_twice_is_done_once(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.show_operations()
        await look.goes("Operations")
        await look.press("ctrl+p")
        await look.goes("CommandPalette")
        await look.types("where did")
        await look.sees("Where did it go")
        found = look.one(CommandList)
        found.action_select()
        found.action_select()  # before the first is acted on
        await look.goes("Where")
        assert [type(screen).__name__ for screen in look.face.screen_stack] == ["Home", "Operations", "Where"]


async def test_a_dialog_that_was_left_closes_no_other_screen(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.show_operations()
        await look.goes("Operations")
        dialog = AskFile("~/")
        look.face.push_screen(dialog)
        await look.goes("AskFile")
        await look.press("escape")
        await look.goes("Operations")
        dialog.dismiss(b"late")
        await look.settled()
        assert look.place == "Operations"


async def test_an_answer_beneath_another_screen_waits_for_it_to_go(agent: FakeAgent) -> None:
    answers: list[bytes | None] = []
    async with looking(agent.socket) as look:
        dialog = AskFile("~/")
        look.face.push_screen(dialog, answers.append)
        await look.goes("AskFile")
        await look.press("ctrl+p")
        await look.goes("CommandPalette")
        dialog.dismiss(b"a file")
        await look.settled()
        assert (look.place, answers) == ("CommandPalette", [])
        await look.press("escape")
        await look.goes("Home")
        await look.until(lambda: answers == [b"a file"])
