"""Much at once: nobody who listens misses anything, nothing that was asked for is lost, nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.agents import RESTING, AgentUnderTest, UnixConnection, until
from tests.long.load import descriptors, organize_and_listen, resident
from tests.trees import build
from tui.client import AgentClient

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]


def test_fifty_listeners_hear_the_same_of_a_large_operation(agent: AgentUnderTest) -> None:
    large, small = agent.home / "large", agent.home / "small"
    build(large, {f"{number % 50}": {} for number in range(50)})
    for number in range(20_000):
        os.close(os.open(large / f"{number % 50}/{number}.txt", os.O_CREAT | os.O_WRONLY))
    build(small, {"a.txt": "a"})
    agent.folder("large", large, 'mode = "review"', "subfolders = true")
    agent.folder("small", small, 'mode = "review"')
    with agent.running():
        load = asyncio.run(organize_and_listen(agent, "large", "small", 50))
        print(f"silences: {load.silences}; spreads: {load.spreads}; answers: {load.answers}; accepted: {load.accepted}")
        ends = [each.end for each in load.heard]
        assert all(end is not None and (end.state, end.counts.done) == ("completed", 20_000) for end in ends)
        assert not any(each.resyncs for each in load.heard)
        heard = Counter(number for each in load.heard for number in each.progress)
        late = [number for number, listeners in heard.items() if listeners < 50]
        assert len(heard) > 10 and all(number < min(heard) + 20 for number in late)  # who joined late heard the rest
        assert load.asked
        for id in load.asked:
            assert agent.rested(id)["state"] == "completed"


def test_ten_at_once_and_a_hundred_that_wait_all_end(agent: AgentUnderTest) -> None:
    agent.head('settle = "0.1s"', "[queue]", "workers = 10")
    folders = [agent.home / f"f{number}" for number in range(10)]
    for folder in folders:
        build(folder, {f"{number}.txt": f"{folder.name} {number}" for number in range(110)})
        agent.folder(folder.name, folder, 'mode = "review"')

    def ask(number: int) -> str:
        folder, part = folders[number % 10], number // 10
        body = {
            "kind": "organize",
            "folder": folder.name,
            "paths": [f"{each}.txt" for each in range(part * 10, part * 10 + 10)],
        }
        answer = agent.post("/api/v1/operations", body)
        assert answer.status == 202
        return str(answer.body["id"])

    with agent.running(), ThreadPoolExecutor(10) as askers:
        asked = list(askers.map(ask, range(110)))
        assert len(set(asked)) == 110
        until(lambda: all(agent.operation(id)["state"] in RESTING for id in asked), "all end")
        ended = [agent.operation(id) for id in asked]
        assert Counter((each["state"], each["counts"]["done"]) for each in ended) == {("completed", 10): 110}
        assert sorted(each["sequence"] for each in ended) == sorted({each["sequence"] for each in ended})
    for folder in folders:
        kept = {path.read_text() for path in folder.rglob("*.txt") if path.parent != folder}
        assert kept == {f"{folder.name} {number}" for number in range(110)}


def test_a_thousand_connections_leave_nothing_behind(agent: AgentUnderTest, downloads: Path) -> None:
    with agent.running():
        agent.passed("dl")
        assert agent.process is not None
        pid = agent.process.pid
        _connect_and_leave(agent, 200)  # what is made once is made by then
        until(lambda: descriptors(pid) == descriptors(pid), "all at rest")
        files, memory = descriptors(pid), resident(pid)
        _connect_and_leave(agent, 1000)
        until(lambda: descriptors(pid) <= files, "every connection is closed")
        grown = (resident(pid) - memory) / 1024 / 1024
        assert grown < 4, f"{grown:.1f} MB more"
        assert b"shelver_subscribers 0" in agent.get("/metrics").body


def _connect_and_leave(agent: AgentUnderTest, count: int) -> None:
    """Connect many times: to ask and go, to ask and vanish before the answer, and to listen."""
    for number in range(count // 2):
        connection = UnixConnection(agent.state.socket)
        connection.request("GET", "/api/v1/status")
        if number % 2:
            json.loads(connection.getresponse().read())
        connection.close()
    asyncio.run(_listen_and_leave(agent, count // 2))


async def _listen_and_leave(agent: AgentUnderTest, count: int) -> None:
    async def listen() -> None:
        async with AgentClient(agent.state.socket) as client:
            events = client.events()
            await anext(events)
            await events.aclose()

    for _ in range(0, count, 20):
        await asyncio.gather(*(listen() for _ in range(20)))


def test_an_undo_stays_undone_whenever_the_folder_is_compared(agent: AgentUnderTest, downloads: Path) -> None:
    agent._folders.clear()
    agent.folder("dl", downloads, 'mode = "auto"', 'rescan = "1s"', "subfolders = true")
    with agent.running():
        agent.passed("dl")
        build(downloads, {"a.txt": "a", "deep": {"b.json": "{}"}})

        def acting() -> list[dict[str, Any]]:
            found = [each for each in agent.operations() if each["counts"]["done"]]
            return found if sum(each["counts"]["done"] for each in found) == 2 else []

        for operation in until(acting, "both are organized"):
            undo = agent.post(f"/api/v1/operations/{operation['id']}/rollback").body
            assert agent.rested(undo["id"])["state"] == "completed"
        for _ in range(3):
            before = agent.folder_status("dl")["last_reconcile"]
            until(lambda before=before: agent.folder_status("dl")["last_reconcile"] != before, "compared")  # type: ignore[misc]
    with agent.running():  # and once more after a restart
        agent.passed("dl")
        (downloads / "later.json").write_text("{}")
        until(lambda: not (downloads / "later.json").exists(), "what comes later is organized")
        assert (downloads / "a.txt").read_text() == "a"
        assert (downloads / "deep/b.json").read_text() == "{}"
