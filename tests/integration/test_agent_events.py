"""Events: a snapshot first, every state change, the end; nobody who reads slowly slows others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import server, websocket
from agent.auth import Access
from agent.hub import Hub
from core.model import Event, FolderStatus, Operation
from tests.agents import AgentUnderTest, until
from tests.trees import build
from tui.client import AgentClient


async def test_an_operation_is_followed_from_snapshot_to_end(agent: AgentUnderTest) -> None:
    build(agent.home / "dl", {f"{number}.txt": str(number) for number in range(50)})
    agent.folder("dl", agent.home / "dl")
    with agent.running():
        proposal = await asyncio.to_thread(agent.newest, "proposed")
        async with AgentClient(agent.state.socket) as client:
            all_events = client.events()
            first = await anext(all_events)
            assert first.type == "snapshot"
            assert proposal["id"] in [each.id for each in first.operations or []]
            assert [each.name for each in first.folders or []] == ["dl"]
            own_events = client.operation_events(proposal["id"])
            assert (await anext(own_events)).operations[0].state == "proposed"  # type: ignore[index]
            await client.approve(proposal["id"])
            own = [event async for event in own_events]
            assert own[-1].type == "end" and own[-1].operation is not None
            assert own[-1].operation.state == "completed"
            states = [event.operation.state for event in own if event.operation]
            assert states[0] == "queued" and "running" in states
            seen = [event async for event in _until_end(all_events, proposal["id"])]
            assert [event.seq for event in seen] == list(range(first.seq + 1, first.seq + 1 + len(seen)))
            again = [event async for event in client.operation_events(proposal["id"])]
            assert [event.type for event in again] == ["snapshot", "end"]
            await all_events.aclose()


async def _until_end(events: AsyncIterator[Event], id: str) -> AsyncIterator[Event]:
    async for event in events:
        yield event
        if event.type == "end" and event.operation is not None and event.operation.id == id:
            return


@pytest.mark.heavy
async def test_a_folder_that_pauses_is_told(agent: AgentUnderTest, downloads: Path) -> None:
    with agent.running():
        async with AgentClient(agent.state.socket) as client:
            events = client.events()
            await anext(events)
            await client.pause("dl")
            async for event in events:
                if event.folder is not None and event.folder.state == "paused":
                    break
            await events.aclose()


# -- slow readers: the real server, with the real hub, and nothing behind it ------------------------------------


class _NoArchive:
    """Stands where operations are looked up, of which there are none."""

    async def newest(self, limit: int) -> list[Operation]:
        return []


@pytest.fixture
async def hub_server(tmp_path: Path) -> AsyncIterator[tuple[Hub, Path]]:
    """A hub behind the agent's server."""
    hub = Hub()
    path = tmp_path / "sock"
    serving = server.Server(SimpleNamespace(hub=hub, access=Access.of([], []), archive=_NoArchive()))
    await serving.start(server.bind(path))
    yield hub, path
    await serving.stop()


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket by hand, so that nothing reads unless the test does."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**20)
    writer.write(
        b"GET /ws/events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def _news(number: int) -> FolderStatus:
    return FolderStatus(name=str(number), path="/" + "x" * 2000)


async def test_a_listener_that_never_reads_is_cut_off(
    hub_server: tuple[Hub, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "WRITE_SECONDS", 0.2)
    hub, path = hub_server
    reader, writer = await _connect(path)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    async with AgentClient(path) as client:
        good = client.events()
        assert (await anext(good)).type == "snapshot"
        seen = 0
        async with asyncio.timeout(20):
            for number in range(3000):
                hub.folder(_news(number))
                if number % 50 == 0:
                    while seen < number:
                        seen += (await anext(good)).type == "folder"
            await asyncio.to_thread(until, lambda: hub.listeners == 1, "the one that never reads is cut off")
        await good.aclose()
    assert hub.counters.resyncs > 0
    writer.close()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        await reader.readexactly(2**30)


async def test_a_slow_listener_is_told_to_ask_again(hub_server: tuple[Hub, Path]) -> None:
    hub, path = hub_server
    async with AgentClient(path) as client:
        events = client.events()
        await anext(events)
        for number in range(1000):  # without a pause in between: nothing can be sent meanwhile
            hub.folder(_news(number))
        types: list[Any] = []
        async with asyncio.timeout(20):
            async for event in events:
                types.append(event.type)
                if event.folder is not None and event.folder.name == "999":
                    break
        assert "resync" in types and len(types) < 1000
        await events.aclose()
