"""Any size of terminal, and any theme."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import Look, looking
from tests.tui.scenes import SCENES, Scene, add, as_it_is, confirm, file, furnished_for_all, home, palette, step

SIZES = [(1, 1), (2, 1), (20, 5), (40, 10), (59, 14), (60, 15), (80, 24), (84, 24), (140, 40), (300, 100)]


def widths(look: Look) -> set[int]:
    return {strip.cell_length for strip in look.face.screen._compositor.render_strips()}


async def resized(look: Look, size: tuple[int, int]) -> None:
    """Be another size, and wait until every line is as wide."""
    await look.pilot.resize_terminal(*size)
    await look.until(lambda: widths(look) == {size[0]})


async def test_no_size_brings_it_down(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        for size in SIZES:
            await resized(look, size)
        for keys in (
            ("l",),
            ("escape", "4", "down", "down", "down", "enter"),
            ("enter",),
            ("escape", "u"),
            ("escape", "f1"),
        ):
            await look.press(*keys)
            for size in ((1, 1), (150, 40)):
                await resized(look, size)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # a worker replaced before it began
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_every_screen_bears_a_storm_of_sizes(scene: Scene, tmp_path: Path) -> None:
    chance = random.Random(scene.__name__)
    async with furnished_for_all(tmp_path / "agent.sock") as agent, looking(agent.socket) as look:
        await scene(look, as_it_is)
        place = look.place
        for size in [
            (1, 1),
            (300, 100),
            *((chance.randint(1, 300), chance.randint(1, 100)) for _ in range(6)),
            (60, 15),
        ]:
            await resized(look, size)
            for key in ("down", "pagedown", "up"):
                await look.press(key)
            assert widths(look) == {size[0]}
        await look.pilot.resize_terminal(80, 24)
        assert look.place == place


async def test_a_terminal_too_small_is_told_politely_and_recovers(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(59, 14)) as look:
        await look.sees("Shelver needs 60x15 cells")
        await look.pilot.resize_terminal(80, 24)
        await look.sees("48,310 files")
        await look.press("down")
        await look.until(lambda: "▸ camera" in look.text)


@pytest.mark.parametrize("scene", [home, step, confirm, add, palette, file], ids=lambda scene: scene.__name__)
async def test_whatever_is_open_is_covered_while_there_is_too_little_room(scene: Scene, tmp_path: Path) -> None:
    async with furnished_for_all(tmp_path / "agent.sock") as agent, looking(agent.socket) as look:
        await scene(look, as_it_is)
        place, focused = look.place, look.face.focused
        for size in ((50, 24), (80, 12), (50, 12)):
            await look.pilot.resize_terminal(*size)
            await look.until(lambda: look.text.split() == ["Shelver", "needs", "60x15", "cells"])
        await look.pilot.resize_terminal(80, 24)
        await look.until(lambda: "needs" not in look.text)
        assert (look.place, look.face.focused) == (place, focused)


async def test_the_smallest_size_shows_what_matters(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(60, 15)) as look:
        await look.sees("halted", "48,310 files", "61 %", "? help")


@pytest.mark.parametrize("theme", ["shelver-light", "ansi-dark", "ansi-light", "textual-dark", "nord"])
async def test_every_theme_can_draw_every_role(agent: FakeAgent, theme: str) -> None:
    async with looking(agent.socket) as look:
        look.face.theme = theme
        await look.sees("48,310 files", "61 %")
