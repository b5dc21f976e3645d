"""A folder that is kept in step with a bucket: how the screens tell of it, and conflicts as something to settle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.model import Event
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import folder
from tests.tui.hostile import PAYLOADS
from tests.tui.looking import looking
from tests.tui.pair_server import BUCKET, conflict, with_pair, with_transfers
from tests.tui.test_hostile import assert_clean
from tui.widgets.board import Board


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    async with with_pair(tmp_path / "agent.sock") as agent:
        yield agent


async def test_both_versions_stand_side_by_side_and_the_plan_of_the_one_chosen_is_shown(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.folder("scans")
        await look.sees("2 to push, 1 to pull, 4 conflicts, last in step at 14:02 · C settles them")
        await look.press("C")
        await look.goes("Conflicts")
        await look.sees("scans  4 conflicts", "theirs", BUCKET)
        assert look.line_with("budget 2026.ods").split()[2:] == ["120", "kB", "Sat", "09:30", "131", "kB", "08:12"]
        assert "gone" in look.line_with("notes.txt")
        await look.press("down")
        await look.sees("theirs  131 kB, 08:12 · newer", "budget 2026 (shelver conflict")
        await look.press("t")
        await look.goes("OperationScreen")
    asked = {"kind": "sync", "folder": "scans", "resolve": "theirs", "dry_run": True}
    copy = "budget 2026 (shelver conflict 2026-11-16 121501 nas).ods"
    assert agent.acts() == [("POST", "/operations", {**asked, "paths": [copy]})]


@pytest.mark.parametrize(("key", "resolution"), [("m", "mine"), ("t", "theirs"), ("b", "both")])
async def test_what_is_marked_is_settled_together(agent: FakeAgent, key: str, resolution: str) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.conflicts("scans")
        await look.sees("bank.odt")
        await look.press("space", "space", key)
        await look.goes("OperationScreen")
    (_, _, body), *_ = agent.acts()
    assert body["resolve"] == resolution
    assert [path.partition(" (shelver")[0] for path in body["paths"]] == ["Letters/bank", "budget 2026"]


async def test_all_are_marked_and_none_again(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.conflicts("scans")
        await look.sees("bank.odt")
        await look.press("a")
        await look.until(lambda: look.text.count("•") == 4)
        await look.press("a")
        await look.until(lambda: "•" not in look.text)


async def test_what_was_settled_leaves_the_list_and_an_empty_one_says_so(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        look.face.looks.conflicts("scans")
        await look.sees("4 conflicts", "notes.txt")
        agent.looks.conflicts["scans"] = []
        await agent.tell(Event(type="folder", folder=folder("scans", bucket=BUCKET, conflicts=0)))
        await look.sees("Nothing waits to be settled.")
        await look.press("m")
    assert agent.acts() == []


async def test_who_may_only_look_settles_nothing(agent: FakeAgent) -> None:
    async with looking(agent.socket, read_only=True) as look:
        look.face.looks.conflicts("scans")
        await look.sees("bank.odt")
        await look.press("m", "t", "b")
        await look.settled()
        assert look.place == "Conflicts"
    assert agent.acts() == []


async def test_hostile_names_stay_names(agent: FakeAgent) -> None:
    agent.looks.conflicts["scans"] = [
        conflict(f"{payload}.txt", None, None, payload.encode("utf-8", "surrogateescape") + b"\xff")
        for payload in PAYLOADS
    ]
    async with looking(agent.socket, size=(120, 50)) as look:
        look.face.looks.conflicts("scans")
        await look.sees("conflicts")
        await look.settled()
        assert_clean(look)


async def test_conflicts_are_reached_by_the_palette_and_only_of_folders_with_a_bucket(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("ctrl+p")
        await look.goes("CommandPalette")
        await look.types("Conflicts in")
        await look.sees("Conflicts in scans", "Conflicts in books")
        assert "Conflicts in camera" not in look.text
        await look.types(" scans")
        await look.sees("Conflicts in scans")
        await look.press("enter")
        await look.goes("Conflicts")


async def test_home_says_how_a_pair_stands_and_what_is_on_its_way(agent: FakeAgent) -> None:
    with_transfers(agent)
    async with looking(agent.socket) as look:
        await look.sees("2 to push, 1 to pull, 4 conflicts", "↑ Letters/bank.odt", "48.2 kB of 48.2 kB")
        assert "in step 14:09" in look.line_with("books")
        assert "and 1 more" not in look.text
        look.face.show_operation(look.face.live.operations["scansync"])
        await look.sees("↓ budget 2026.ods", "0 B of 131 kB")


async def test_a_pair_that_rests_says_why(agent: FakeAgent) -> None:
    why = "the remote refuses: AccessDenied"
    told = folder("scans", bucket=BUCKET, sync_paused=why, state="paused", reason="paused by lena")
    agent.folders["scans"] = told
    async with looking(agent.socket) as look:
        look.face.looks.folder("scans")
        await look.sees(f"sync paused: {why}")
        look.face.looks.conflicts("scans")
        await look.sees("Sync is paused:")


async def test_a_folder_without_a_bucket_offers_neither_sync_nor_conflicts(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(120, 30)) as look:
        look.face.looks.folder("downloads")
        await look.sees("o organize")
        assert "C conflicts" not in look.text and "s sync" not in look.text
        assert look.one(Board)
