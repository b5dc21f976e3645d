"""How the screens look, kept as pictures: a change of look is a change that somebody sees.

`pytest tests/tui/test_snapshots.py --snapshot-update` takes them anew; look at them before they are kept.
"""

from __future__ import annotations

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion

from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import big_proposal
from tests.tui.looking import Look, looking
from tui.widgets.paged_list import PagedList


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The picture kept under the test's name."""
    return snapshot.use_extension(SVGImageExtension)


async def taken(look: Look) -> str:
    """Return the screen as a picture, once nothing is under way."""
    await look.pilot.pause()
    return look.face.export_screenshot()


async def big_operation(look: Look) -> None:
    look.face.show_operation(look.face.live.operations["cam0big0"])
    await look.goes("OperationScreen")
    await look.until(lambda: look.one(PagedList).current is not None)
    await look.sees("1 of 100,000")


async def test_home(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        await look.sees("48,310 files")
        assert await taken(look) == picture


async def test_home_wide(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket, size=(200, 50)) as look:
        await look.press("down")
        await look.sees("moves by itself")
        assert await taken(look) == picture


async def test_home_at_its_smallest(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket, size=(60, 15)) as look:
        await look.sees("48,310 files")
        assert await taken(look) == picture


async def test_home_in_sixteen_colours(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        look.face.theme = "ansi-dark"
        await look.sees("48,310 files")
        assert await taken(look) == picture


async def test_home_light(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        look.face.theme = "shelver-light"
        await look.sees("48,310 files")
        assert await taken(look) == picture


async def test_newcomer(bare: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(bare.socket) as look:
        await look.sees("Nothing is watched yet.")
        assert await taken(look) == picture


async def test_operations(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.goes("Operations")
        await look.sees("99,900 moved")
        assert await taken(look) == picture


async def test_operation(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        await big_operation(look)
        assert await taken(look) == picture


async def test_operation_wide(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket, size=(200, 50)) as look:
        await big_operation(look)
        await look.sees("~/Camera/Pictures/2026/2026-01/IMG_000000.JPG")
        assert await taken(look) == picture


async def test_undo(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        await big_operation(look)
        await look.press("u")
        await look.sees("Undo 99,900 files")
        assert await taken(look) == picture


async def test_approve(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        look.face.show_operation(big_proposal(agent))
        await look.sees("3,994 files into 7 folders")
        await look.press("a")
        await look.goes("Confirm")
        assert await taken(look) == picture


async def test_where(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        await look.press("w")
        await look.types("0042")
        await look.press("enter")
        await look.sees("1 file found")
        assert await taken(look) == picture


async def test_help(agent: FakeAgent, picture: SnapshotAssertion) -> None:
    async with looking(agent.socket) as look:
        await look.press("question_mark")
        await look.goes("Help")
        assert await taken(look) == picture
