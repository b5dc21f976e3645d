"""How folders look that are kept in step with a bucket, kept as pictures.

`pytest tests/tui/test_snapshots_pair.py --snapshot-update` takes them anew; look at them before they are kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import TERMINALS, Look, looking
from tests.tui.pair_server import with_pair, with_transfers

Scene = Callable[[Look], Awaitable[None]]


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


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_picture(agent: FakeAgent, picture: SnapshotAssertion, scene: Scene, terminal: str) -> None:
    async with looking(agent.socket, TERMINALS[terminal]) as look:
        await scene(look)
        assert await look.picture() == picture
