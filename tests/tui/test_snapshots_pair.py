"""How folders look that are kept in step with a bucket, kept as pictures.

`pytest tests/tui/test_snapshots_pair.py --snapshot-update` takes them anew; look at them before they are kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion

from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import surroundings
from tests.tui.looking import Look, looking
from tests.tui.pair_server import with_pair, with_transfers
from tui.outfit import PLAIN

Scene = Callable[[Look], Awaitable[None]]


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The picture kept under the test's name."""
    return snapshot.use_extension(SVGImageExtension)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    async with with_transfers(with_pair(tmp_path / "agent.sock")) as agent:
        yield agent


async def home(look: Look) -> None:
    await look.sees("↑ Letters/bank.odt")


async def transfers(look: Look) -> None:
    look.face.show_operation(look.face.live.operations["scansync"])
    await look.sees("↓ budget 2026.ods")


async def folder(look: Look) -> None:
    look.face.looks.folder("scans")
    await look.sees("4 conflicts", "everything else")


async def conflicts(look: Look) -> None:
    look.face.looks.conflicts("scans")
    await look.sees("Letters/bank.odt")
    await look.press("space")
    await look.sees("131 kB, 08:12 · newer")


SCENES = (home, transfers, folder, conflicts)
SIZES = {"80": (80, 24), "60": (60, 20), "200": (200, 50)}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("size", SIZES)
async def test_size(agent: FakeAgent, picture: SnapshotAssertion, scene: Scene, size: str) -> None:
    async with looking(agent.socket, size=SIZES[size], around=surroundings()) as look:
        await scene(look)
        assert await look.picture() == picture


@pytest.mark.parametrize("scene", [transfers, conflicts], ids=lambda scene: scene.__name__)
async def test_sixteen_colours(agent: FakeAgent, picture: SnapshotAssertion, scene: Scene) -> None:
    async with looking(agent.socket, outfit=replace(PLAIN, theme="ansi-dark")) as look:
        await scene(look)
        assert await look.picture() == picture
