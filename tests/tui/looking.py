"""How tests look at the screens: open them, wait for what they should show, read it as text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.tui.home_server import surroundings
from tui.face import Face
from tui.outfit import PLAIN, Outfit
from tui.surroundings import Surroundings

DEADLINE = 15.0
"""Seconds until a test gives up on something that should happen at once."""

CALM_BEATS = 5
"""Beats without a change, until a screen counts as come to rest."""


@dataclass(frozen=True)
class Terminal:
    """One in which every screen is looked at."""

    size: tuple[int, int]
    outfit: Outfit = PLAIN


TERMINALS = {
    "60": Terminal((60, 20)),
    "80": Terminal((80, 24)),
    "200": Terminal((200, 50)),
    "ansi": Terminal((80, 24), Outfit(theme="ansi-dark")),
}


class Look:
    """One terminal, and the person before it."""

    def __init__(self, face: Face, pilot: Pilot[None]) -> None:
        self.face = face
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        """What the terminal shows."""
        return [strip.text for strip in self.face.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def place(self) -> str:
        """The name of the screen in front."""
        return type(self.face.screen).__name__

    def one(self, kind: type[Any]) -> Any:
        return self.face.screen.query_one(kind)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something to become true."""
        give_up = asyncio.get_running_loop().time() + DEADLINE
        while not holds():
            if asyncio.get_running_loop().time() > give_up:
                raise AssertionError(f"it never came true; the screen shows\n{self.text}")
            await asyncio.sleep(0.005)
        await self.pilot.pause()

    async def sees(self, *words: str) -> None:
        """Wait until the terminal shows all of these."""
        await self.until(lambda: all(word in self.text for word in words))

    async def settled(self) -> None:
        """Wait until nothing is under way: no question to the agent, and nothing redrawn for a few beats."""
        shown, calm = self.text, 0
        while calm < CALM_BEATS:
            await asyncio.sleep(self.face.around.beat)
            await self.pilot.pause()
            asks = any(worker.is_running for worker in self.face.workers if worker.group != "agent")
            calm = calm + 1 if self.text == shown and not asks else 0
            shown = self.text

    async def picture(self) -> str:
        """Return the screen as an SVG, once nothing is under way."""
        await self.settled()
        return self.face.export_screenshot()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def types(self, text: str) -> None:
        await self.pilot.press(*("space" if letter == " " else letter for letter in text))

    async def goes(self, place: str) -> None:
        """Wait until a screen is in front."""
        await self.until(lambda: self.place == place)

    def line_with(self, text: str) -> str:
        return next(line for line in self.lines if text in line)


@asynccontextmanager
async def looking(
    socket: Path,
    terminal: Terminal | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
    around: Surroundings | None = None,
    outfit: Outfit = PLAIN,
    **how: float,
) -> AsyncIterator[Look]:
    """Open the screens over a socket; wait until the agent was met, if there is one."""
    if terminal is not None:
        size, outfit = terminal.size, terminal.outfit
    face = Face(socket, around or surroundings(**how), read_only=read_only, outfit=outfit)
    async with face.run_test(size=size, notifications=True) as pilot:
        face.console._color_system = None  # whatever terminal the tests run in
        look = Look(face, pilot)
        await look.until(lambda: face.live.agent is not None or face.live.lost)
        yield look
