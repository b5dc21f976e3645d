"""How the screens of operations look, kept as pictures: in a narrow, a usual and a wide terminal, and in 16 colours.

`pytest tests/tui/test_snapshots_main.py --snapshot-update` takes them anew; look at them before they are kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import big_proposal, mixed_operation
from tests.tui.looking import TERMINALS, Look, looking
from tests.tui.looks_server import furnished_to_look

Scene = Callable[[Look], Awaitable[None]]


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    agent = furnished_to_look(tmp_path / "agent.sock")
    big_proposal(agent)
    mixed_operation(agent)
    async with agent:
        yield agent


async def operations(look: Look) -> None:
    """The list, with what the cursor is on told, and the agent's small operations unfolded."""
    await look.press("l")
    await look.goes("Operations")
    await look.sees("99,900", "▸ ")
    await look.press("down", "down", "enter", "G", "up", "up")
    await look.sees("opens it: a")


async def mixed(look: Look) -> None:
    """An operation with notes, something marked in it."""
    look.face.show_operation(look.face.live.operations["mixed000"])
    await look.sees("scan (3).pdf")
    await look.press("down", "space", "up", "up")
    await look.sees("1 of 5 · 1 marked")
    if look.face.size.width > 140:
        await look.sees("IMG_2000.MOV")


async def running(look: Look) -> None:
    """An operation that runs, followed."""
    look.face.show_operation(look.face.live.operations["cam2runs"])
    await look.sees("IMG_000001")
    await look.press("f")
    await look.sees("following", "IMG_001292")
    if look.face.size.width > 140:
        await look.sees("that Shelver looks after")  # what is told of the file beside the list


async def review(look: Look) -> None:
    """A big proposal with a folder taken out, and a part of another."""
    look.face.show_operation(look.face.live.operations["firstbig"])
    await look.sees("3,994 files into 7 folders")
    await look.press("down", "space", "enter")
    await look.goes("OperationScreen")
    await look.sees("1 of 614")
    await look.press("space", "space", "escape")
    await look.sees("3,378 of 3,995 files go")
    if look.face.size.width > 140:
        await look.sees(" more")


async def review_of_a_folder(look: Look) -> None:
    """The files of one folder of a proposal, one of them taken out."""
    look.face.show_operation(look.face.live.operations["firstbig"])
    await look.sees("3,994 files into 7 folders")
    await look.press("down", "enter")
    await look.goes("OperationScreen")
    await look.sees("1 of 615")
    await look.press("space")
    await look.sees("3,994 of 3,995 files go")


async def undo(look: Look) -> None:
    """The preview of an undo."""
    look.face.acts.show_undo(look.face.live.operations["cam0big0"])
    await look.goes("Undo")
    await look.sees("Undo 99,900 files")


async def step(look: Look) -> None:
    """A line in full: files that go together, what became of them, nothing cut off."""
    look.face.show_operation(look.face.live.operations["mixed000"])
    await look.sees("scan (3).pdf")
    await look.press("enter")
    await look.goes("StepDetail")
    await look.sees("together with the others of group 7")


SCENES: tuple[Scene, ...] = (operations, mixed, step, running, review, review_of_a_folder, undo)


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_picture(agent: FakeAgent, picture: SnapshotAssertion, scene: Scene, terminal: str) -> None:
    async with looking(agent.socket, TERMINALS[terminal]) as look:
        await scene(look)
        assert await look.picture() == picture
