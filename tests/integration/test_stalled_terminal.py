"""A terminal that takes nothing slows nobody: not the agent, not whoever else looks; and it is itself again later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.model import Event
from tests.agents import AgentUnderTest
from tests.trees import build
from tests.tui.pseudo_terminal import PseudoTerminal, terminal
from tui.client import AgentClient

FILES = 400
STALLED_SECONDS = 31.0
"""Longer than the agent waits for a listener that takes nothing."""
REPAINT = b"\x0c"
EVERY = 0.15
"""Seconds between two repaints: over SSH, ten frames a second are drawn."""
BUFFERED = 4096
"""Bytes that wait in a terminal's buffer: whoever has more to write has to wait."""


async def goes_on_asking(there: PseudoTerminal, seconds: float) -> None:
    """Ask for the whole screen again and again: soon nothing more fits between the screens and their terminal."""
    for _ in range(int(seconds / EVERY) + 10):
        there.type(REPAINT)
        await asyncio.sleep(EVERY)


async def heard(client: AgentClient, seen: list[Event], id: str) -> None:
    """Listen to all that happens until an operation has ended."""
    async for event in client.events():
        seen.append(event)
        if event.type == "end" and event.operation is not None and event.operation.id == id:
            return


@pytest.mark.parametrize("seconds", [0.0, pytest.param(STALLED_SECONDS, marks=pytest.mark.heavy)])
async def test_a_stalled_terminal_slows_nobody_and_recovers(
    agent: AgentUnderTest, tmp_path: Path, seconds: float
) -> None:
    mess = tmp_path / "mess"
    build(mess, {f"letter {number:04}.txt": "dear" for number in range(FILES)})
    agent.folder("mess", mess, 'mode = "review"')
    with agent.running():
        proposal = await asyncio.to_thread(agent.newest, "proposed")
        async with terminal(agent.state.socket) as there, AgentClient(agent.state.socket) as other:
            await there.shows("watching", f"{FILES} files have a place")
            there.stall()
            asking = asyncio.create_task(goes_on_asking(there, seconds))
            seen: list[Event] = []
            listening = asyncio.create_task(heard(other, seen, proposal["id"]))
            await other.approve(proposal["id"])
            async with asyncio.timeout(20):
                await listening
            assert not [event for event in seen if event.type == "resync"]
            assert await other.health() == "ok"
            assert (await other.steps(proposal["id"], outcome="done", limit=1)).total >= FILES
            await asking
            assert (await other.status()).waiting == []
            assert there.process.returncode is None

            taken = len(there.bytes)
            there.read()
            await there.shows(f"{FILES} moved", "done")
            assert len(there.bytes) - taken > BUFFERED
            there.type(b"l")
            await there.shows("Operations")
            there.type(b"\x03")
            assert await there.ends() == 0
