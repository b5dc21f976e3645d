"""How the screens look, kept as pictures: a change of look is a change that somebody sees.

`pytest tests/tui/test_snapshots.py --snapshot-update` takes them anew; look at them before they are kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import TERMINALS, Look, Terminal, looking
from tests.tui.pictures import PICTURES, ROOT, SOURCES
from tests.tui.pictures import picture as picture_of
from tui.outfit import Outfit

Scene = Callable[[Look], Awaitable[None]]


async def home(look: Look) -> None:
    await look.press("down")
    await look.sees("48,310 files", "61 %", "files a day")


async def home_at_its_smallest(look: Look) -> None:
    await look.sees("48,310 files", "61 %")


async def approve(look: Look) -> None:
    look.face.acts.cancel(look.face.live.operations["cam2runs"])
    await look.goes("Confirm")


async def where(look: Look) -> None:
    await look.press("w")
    await look.goes("Where")
    await look.types("0042")
    await look.press("enter")
    await look.sees("found", "IMG_000042.JPG")


async def help_(look: Look) -> None:
    await look.press("question_mark")
    await look.goes("Help")


async def palette(look: Look) -> None:
    await look.press("ctrl+p")
    await look.goes("CommandPalette")
    await look.types("cam")
    await look.sees("Organize camera", "Pause camera")


SCENES = (home, approve, where, help_, palette)


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_picture(agent: FakeAgent, picture: SnapshotAssertion, scene: Scene, terminal: str) -> None:
    async with looking(agent.socket, TERMINALS[terminal]) as look:
        await scene(look)
        assert await look.picture() == picture


async def test_smallest(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket, Terminal((60, 15))) as look:
        await home_at_its_smallest(look)
        assert await look.picture() == picture


@pytest.mark.parametrize("terminal", TERMINALS)
async def test_newcomer(bare: FakeAgent, picture: SnapshotAssertion, terminal: str) -> None:
    async with looking(bare.socket, TERMINALS[terminal]) as look:
        await look.sees("Nothing is watched yet.")
        assert await look.picture() == picture


@pytest.mark.parametrize("terminal", TERMINALS)
async def test_no_agent(
    picture: SnapshotAssertion, terminal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with looking(Path("run/user/1000/shelver/agent.sock"), TERMINALS[terminal]) as look:
        await look.sees("No agent is running yet.")
        assert await look.picture() == picture


@pytest.mark.parametrize("scene", [home, palette], ids=lambda scene: scene.__name__)
async def test_light(agent: FakeAgent, picture: SnapshotAssertion, scene: Scene) -> None:
    async with looking(agent.socket) as look:
        look.face.theme = "shelver-light"
        await scene(look)
        assert await look.picture() == picture


async def test_without_colours(agent: FakeAgent, picture: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with looking(agent.socket, TERMINALS["ansi"]) as look:
        await approve(look)
        assert await look.picture() == picture


async def test_in_ascii(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket, Terminal((80, 24), Outfit(theme="ansi-dark", ascii=True))) as look:
        await home(look)
        assert await look.picture() == picture


@pytest.mark.parametrize("name", SOURCES)
def test_the_readme_shows_the_screens_as_they_look_now(name: str) -> None:
    assert (PICTURES / f"{name}.svg").read_text() == picture_of(name), "python -m tests.tui.pictures takes them anew"
    assert f".github/pictures/{name}.svg" in (ROOT / "README.md").read_text()
