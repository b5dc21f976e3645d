"""The agent that integration tests run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents import AgentUnderTest


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentUnderTest]:
    """An agent with nothing configured, not started yet; what is left of it is ended."""
    agent = AgentUnderTest(tmp_path)
    yield agent
    if agent.process is not None:
        agent.process.kill()
        agent.process.wait()


@pytest.fixture
def downloads(agent: AgentUnderTest) -> Path:
    """An empty folder that the agent keeps in order without asking."""
    path = agent.home / "dl"
    path.mkdir()
    agent.folder("dl", path, 'mode = "auto"')
    return path
