"""How the screens look by which one looks and decides, kept as pictures.

`pytest tests/tui/test_snapshots_look.py --snapshot-update` takes them anew; look at them before they are kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion
from textual import constants

from tests.tui.copies_server import with_duplicates
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import surroundings
from tests.tui.looking import TERMINALS, Look, looking
from tests.tui.looks_server import INVOICE, MISTAKEN, PHOTO, furnished_to_look
from tui.screens import diagnostics
from tui.screens.mistakes import Mistakes
from tui.traffic import Traffic
from tui.widgets.picture import UPPER
from tui.wire_looks import ConfigState

Scene = Callable[[Look], Awaitable[None]]


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    async with furnished_to_look(tmp_path / "agent.sock") as agent:
        with_duplicates(agent)
        yield agent


async def explain(look: Look) -> None:
    look.face.looks.explain(INVOICE.encode())
    await look.sees("Explain", "invoices")
    if look.face.size.width >= 140:
        await look.sees("Haus & Garten GmbH", "rakes 39.80")


async def ask_file(look: Look) -> None:
    await look.press("e")
    await look.goes("AskFile")


async def folder(look: Look) -> None:
    look.face.looks.folder("scans")
    await look.sees("everything else", "4 settling")


async def try_folder(look: Look) -> None:
    await look.press("a")
    await look.goes("AddFolder")
    await look.types("~/Mess")
    await look.press("enter")
    await look.goes("TryFolder")
    await look.sees("1,893 files have a place")


async def rule(look: Look) -> None:
    await folder(look)
    await look.press("down", "down", "enter")
    await look.goes("RuleDetail")
    await look.sees("Rechnung")


async def add(look: Look) -> None:
    home = Path(look.face.around.home)
    for name in ("Camera", "Desktop", "Documents", "Downloads", "Music", "Pictures", "Scans", "Videos"):
        (home / name).mkdir()
    await look.press("a")
    await look.goes("AddFolder")
    await look.types("~/")
    await look.sees("Downloads/", "3 more")


async def file(look: Look) -> None:
    look.face.looks.preview(PHOTO.encode())
    await look.sees("Fuji X-T5")


async def mistakes(look: Look) -> None:
    look.face.push_screen(Mistakes(msgspec.convert(MISTAKEN, ConfigState)))
    await look.goes("Mistakes")
    await look.sees("knows no {takn}")


async def copies(look: Look) -> None:
    look.face.looks.duplicates("camera")
    await look.sees("212 groups", "1 of 212 · the oldest")
    if look.face.size.width >= 140:
        await look.sees(UPPER * 8)


async def alike(look: Look) -> None:
    await copies(look)
    await look.press("2")
    await look.sees("1 of 14")
    await look.press("down", "space")
    await look.sees("2 of 14 · you chose it")
    await look.until(lambda: look.text.count(UPPER * 4) or look.face.native_ansi_color)


async def keep_policy(look: Look) -> None:
    await copies(look)
    await look.press("K")
    await look.goes("KeepPolicy")


async def told(look: Look) -> None:
    await look.press("f12")
    await look.sees("What doctor finds" if look.face.size.height > 40 else "process 4243")


AT_HOME = (add, told)
"""Scenes that look into the home directory, or at the socket in it: the test's own is one."""
SCENES = (explain, ask_file, folder, rule, add, try_folder, file, mistakes, copies, alike, keep_policy, told)


@pytest.fixture(autouse=True)
def one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell of the same terminal and versions everywhere."""
    monkeypatch.setattr(diagnostics, "around_told", lambda: [("TERM", "xterm-256color")])
    monkeypatch.setattr(diagnostics, "versions_told", lambda: "Python 3.11, Textual 8.2, Rich 15.0")
    monkeypatch.setattr(constants, "MAX_FPS", 10)
    monkeypatch.setattr(diagnostics, "Traffic", lambda: Traffic(lambda: 48_000))


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_picture(
    agent: FakeAgent, picture: SnapshotAssertion, scene: Scene, terminal: str, tmp_path: Path
) -> None:
    around = replace(surroundings(), home=str(tmp_path)) if scene in AT_HOME else surroundings()
    async with looking(agent.socket, TERMINALS[terminal], around=around) as look:
        await scene(look)
        assert await look.picture() == picture
