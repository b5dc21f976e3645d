"""Screens for tests: opened over a fake agent on a real socket, and read as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion

from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import furnished


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    """An agent with four folders and a past."""
    async with furnished(tmp_path / "agent.sock") as agent:
        yield agent


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    """An agent that looks after nothing yet."""
    async with FakeAgent(tmp_path / "agent.sock") as agent:
        yield agent


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of whoever runs the tests change what the screens look like."""
    for name in ("NO_COLOR", "SSH_CONNECTION", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The picture kept under the test's name."""
    return snapshot.use_extension(SVGImageExtension)
