"""How the screens look by which one looks and decides, kept as pictures.

`pytest tests/tui/test_snapshots_look.py --snapshot-update` takes them anew; look at them before they are kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion
from textual import constants

from tests.tui.copies_server import with_duplicates
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import surroundings
from tests.tui.looking import Look, looking
from tests.tui.looks_server import INVOICE, MISTAKEN, PHOTO, furnished_to_look
from tui.screens import diagnostics
from tui.screens.mistakes import Mistakes
from tui.traffic import Traffic
from tui.widgets.picture import UPPER
from tui.wire_looks import ConfigState

Scene = Callable[[Look], Awaitable[None]]


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The picture kept under the test's name."""
    return snapshot.use_extension(SVGImageExtension)


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


async def told(look: Look) -> None:
    await look.press("f12")
    await look.sees("What doctor finds" if look.face.size.height > 40 else "process 4243")


SCENES = (explain, folder, try_folder, file, mistakes, copies, alike, told)
SIZES = {"80": (80, 24), "60": (60, 20), "200": (200, 50)}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("size", SIZES)
async def test_size(
    agent: FakeAgent,
    picture: SnapshotAssertion,
    scene: Scene,
    size: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    await taken(agent, picture, scene, SIZES[size], monkeypatch, tmp_path)


@pytest.mark.parametrize("scene", [explain, folder, alike], ids=lambda scene: scene.__name__)
async def test_sixteen_colours(
    agent: FakeAgent, picture: SnapshotAssertion, scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await taken(agent, picture, scene, (80, 24), monkeypatch, tmp_path, theme="ansi-dark")


async def taken(
    agent: FakeAgent,
    picture: SnapshotAssertion,
    scene: Scene,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    theme: str = "",
) -> None:
    """Compare the screen with the picture of it, once nothing is under way."""
    monkeypatch.setattr(diagnostics, "around_told", lambda: [("TERM", "xterm-256color")])
    monkeypatch.setattr(diagnostics, "versions_told", lambda: "Python 3.11, Textual 8.2, Rich 15.0")
    monkeypatch.setattr(constants, "MAX_FPS", 10)
    monkeypatch.setattr(diagnostics, "Traffic", lambda: Traffic(lambda: 48_000))
    around = replace(surroundings(), home=str(home)) if scene is told else surroundings()
    async with looking(agent.socket, size=size, around=around) as look:
        if theme:
            look.face.theme = theme
        await scene(look)
        assert await look.picture() == picture
