"""Any size of terminal, and any theme."""

from __future__ import annotations

import pytest

from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import looking

SIZES = [(1, 1), (2, 1), (20, 5), (40, 10), (59, 14), (60, 15), (80, 24), (84, 24), (140, 40), (300, 100)]


async def test_no_size_brings_it_down(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        for size in SIZES:
            await look.pilot.resize_terminal(*size)
            assert {strip.cell_length for strip in look.face.screen._compositor.render_strips()} == {size[0]}
        for keys in (
            ("l",),
            ("escape", "4", "down", "down", "down", "enter"),
            ("enter",),
            ("escape", "u"),
            ("escape", "f1"),
        ):
            await look.press(*keys)
            for size in ((1, 1), (150, 40)):
                await look.pilot.resize_terminal(*size)
                assert {strip.cell_length for strip in look.face.screen._compositor.render_strips()} == {size[0]}


async def test_a_terminal_too_small_is_told_politely_and_recovers(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(59, 14)) as look:
        await look.sees("Shelver needs 60x15 cells")
        await look.pilot.resize_terminal(80, 24)
        await look.sees("48,310 files")
        await look.press("down")
        await look.until(lambda: "▸ camera" in look.text)


async def test_the_smallest_size_shows_what_matters(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(60, 15)) as look:
        await look.sees("halted", "48,310 files", "61 %", "? help")


@pytest.mark.parametrize("theme", ["shelver-light", "ansi-dark", "ansi-light", "textual-dark", "nord"])
async def test_every_theme_can_draw_every_role(agent: FakeAgent, theme: str) -> None:
    async with looking(agent.socket) as look:
        look.face.theme = theme
        await look.sees("48,310 files", "61 %")
