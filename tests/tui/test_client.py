"""The client against a real server on a real Unix socket: what is asked, what comes back, what is raised."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import web

from core.errors import AgentUnreachable, NotAllowed, ShelverError, UnknownFolder, UnknownOperation, WrongState
from core.model import Event
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import progress
from tui.client import AgentClient
from tui.wire import Refusal, exact_path, refused


async def test_it_reads_everything_that_can_be_looked_at(agent: FakeAgent) -> None:
    async with AgentClient(agent.socket) as client:
        assert await client.health() == "ok"
        status = await client.status()
        assert (status.agent.pid, next(folder.name for folder in status.folders)) == (4242, "downloads")
        assert [progress.operation for progress in status.running] == ["cam2runs"]
        assert (await client.me()).may == ["view", "act"]
        assert {folder.name for folder in await client.folders()} == {"downloads", "camera", "scans", "archive"}
        assert (await client.operation("cam1done")).undone_by == "backback"
        assert "shelver_up" in await client.metrics()
        assert len(await client.history("img_000042")) == 2


async def test_operations_come_by_the_page(agent: FakeAgent) -> None:
    async with AgentClient(agent.socket) as client:
        first = await client.operations(limit=2)
        assert [operation.id for operation in first] == ["cam2runs", "scanwait"]
        second = await client.operations(limit=2, before=first[-1].id)
        assert [operation.id for operation in second] == ["down0088", "down0087"]
        assert [operation.id for operation in await client.operations(folder="archive")] == ["failed00"]


async def test_steps_come_by_the_page_and_are_filtered_by_the_agent(agent: FakeAgent) -> None:
    async with AgentClient(agent.socket) as client:
        page = await client.steps("cam0big0", start=99_990, limit=200)
        assert (page.total, len(page.steps), page.steps[-1].source) == (100_000, 10, "/home/lena/Camera/IMG_099999.JPG")
        skipped = await client.steps("cam0big0", outcome="skipped", limit=1)
        assert (skipped.total, skipped.steps[0].reason) == (100, "open in another program")
        assert (await client.steps("cam0big0", text="000042")).total == 1


async def test_it_asks_for_changes_as_the_contract_says(agent: FakeAgent) -> None:
    async with AgentClient(agent.socket) as client:
        await client.submit("organize", "camera", dry_run=True, rules=None)
        await client.rollback("cam0big0", only=[b"/a/b.jpg", b"/a/\xff"], on_conflict="skip")
        assert (await client.preview_rollback("cam0big0")).files == 99_900
        await client.approve("scanwait", only=[b"/home/lena/Scans/tax.pdf"])
        await client.cancel("cam2runs")
        assert (await client.pause("camera")).state == "paused"
        assert (await client.resume("camera")).state == "watching"
    assert agent.acts() == [
        ("POST", "/operations", {"kind": "organize", "folder": "camera", "dry_run": True}),
        (
            "POST",
            "/operations/cam0big0/rollback",
            {"on_conflict": "skip", "only": ["/a/b.jpg"], "only_b64": ["L2Ev/w=="]},
        ),
        ("POST", "/operations/cam0big0/rollback", {"dry_run": True, "on_conflict": "number"}),
        ("POST", "/operations/scanwait/approve", {"only": ["/home/lena/Scans/tax.pdf"]}),
        ("POST", "/operations/cam2runs/cancel", {}),
        ("POST", "/folders/camera/pause", {}),
        ("POST", "/folders/camera/resume", {}),
    ]


async def test_a_refusal_comes_back_as_the_error_that_was_raised_there(agent: FakeAgent) -> None:
    async with AgentClient(agent.socket) as client:
        with pytest.raises(UnknownOperation, match="No such operation"):
            await client.operation("nothere0")
        with pytest.raises(UnknownFolder):
            await client.pause("a/../b")
        with pytest.raises(WrongState) as caught:
            await client.approve("cam1done")
        assert str(caught.value) == "Operation cam1done is completed: too late."
        assert caught.value.exit_code == 5
        agent.may = ["view"]
        with pytest.raises(NotAllowed, match=r"^Not allowed: you may only look\.$"):
            await client.cancel("cam2runs")


def test_a_refusal_with_an_unknown_code_is_told_by_its_status() -> None:
    assert isinstance(refused(409, Refusal("never_heard", "no")), WrongState)
    assert type(refused(500, Refusal("", "the disk is full\x1b[2J"))).__mro__[1] is ShelverError
    assert str(refused(500, Refusal("", "full\x1b[2J"))) == "full\\x1b[2J"


async def test_nobody_on_the_socket_is_an_unreachable_agent(tmp_path: Path) -> None:
    async with AgentClient(tmp_path / "none.sock") as client:
        with pytest.raises(AgentUnreachable, match="nobody listens"):
            await client.status()
        with pytest.raises(AgentUnreachable):
            async for _ in client.events():
                pass


async def test_an_answer_that_is_none_of_ours_is_an_error_not_a_crash(tmp_path: Path) -> None:
    async def nonsense(request: web.Request) -> web.Response:
        return web.Response(text="[1, 2")

    app = web.Application()
    app.router.add_get("/api/v1/status", nonsense)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "odd.sock")).start()
    async with AgentClient(tmp_path / "odd.sock") as client:
        with pytest.raises(ShelverError, match="not understood"):
            await client.status()
    await runner.cleanup()


async def test_events_begin_with_a_snapshot_and_end_with_the_agent(agent: FakeAgent) -> None:
    seen: list[Event] = []
    async with AgentClient(agent.socket) as client:
        with pytest.raises(AgentUnreachable):
            async with aclosing(client.events()) as events:
                async for event in events:
                    seen.append(event)
                    if event.type == "snapshot":
                        await agent.tell(Event(type="progress", progress=progress(1300)))
                    else:
                        await agent.stop()
    assert [event.type for event in seen] == ["snapshot", "progress"]
    assert seen[0].folders is not None and len(seen[0].folders) == 4
    assert seen[1].progress is not None and seen[1].progress.done == 1300


def test_the_exact_path_is_the_bytes_on_disk() -> None:
    assert exact_path("/a/é", None) == "/a/é".encode()
    assert exact_path("/a/\\xff", "L2Ev/w==") == b"/a/\xff"
    assert exact_path(None, None) is None
