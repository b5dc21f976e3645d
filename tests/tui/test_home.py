"""Home: folders, what runs, what waits, what happened, and the keys that hold for each."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.model import Counts, Event
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import at, folder, operation, progress
from tests.tui.looking import looking
from tui.screens.home import Home
from tui.screens.place import Banner
from tui.widgets.board import Board
from tui.widgets.key_bar import KeyBar, offered


async def test_home_shows_folders_what_runs_what_waits_and_what_happened(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.sees("nas · agent up since 12 Nov")
        assert look.line_with("camera  ").split() == [
            "camera",
            "watching",
            "48,310",
            "files",
            "212",
            "new",
            "today",
            "~/Camera",
        ]
        assert "halted" in look.line_with("the disk is not mounted")
        assert "61 %" in look.line_with("412 files/s") and "left" in look.line_with("412 files/s")
        assert "IMG_2044.HEIC" in look.text
        assert "the folder's first pass" in look.line_with("4 files have a place")
        assert "2,114 restored, 2 kept aside" in look.line_with("done with notes")
        assert "undone" in look.line_with("2,116 moved")


async def test_the_agents_small_operations_of_a_day_are_one_line_that_opens(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.sees("3 moved in 3 turns")
        await look.press("4", "enter")
        await look.goes("Operations")
        await look.sees("Operations · downloads")
        await look.until(lambda: look.text.count("1 moved") == 3)


async def test_what_happens_is_drawn_as_it_happens(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        await agent.tell(Event(type="progress", progress=progress(2000)))
        await look.sees("94 %")
        done = msgspec.structs.replace(
            agent.operations["cam2runs"], state="completed", counts=Counts(planned=2118, done=2118)
        )
        await agent.tell(Event(type="end", operation=done))
        await look.sees("2,118 moved")
        assert "Running" not in look.text
        await agent.tell(Event(type="folder", folder=folder("photos", path="/srv/photos", files=7)))
        await look.sees("/srv/photos")


async def test_a_resync_asks_for_everything_again(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        agent.put(operation("missed00", 95, folder="scans", counts=Counts(planned=77, done=77)))
        await agent.tell(Event(type="resync"))
        await look.sees("77 moved")


async def test_events_that_did_not_arrive_are_made_up_for(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        agent.put(operation("missed00", 95, folder="scans", counts=Counts(planned=77, done=77)))
        agent._seq += 3  # these went past
        await agent.tell(Event(type="progress", progress=progress(1300)))
        await look.sees("77 moved")


async def test_after_an_absence_nothing_is_missed(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        await agent.stop()
        await look.sees("out of reach")
        agent.put(operation("absent00", 95, folder="scans", counts=Counts(planned=88, done=88)))
        del agent.progress["cam2runs"]
        agent.put(msgspec.structs.replace(agent.operations["cam2runs"], state="completed", counts=Counts(done=2118)))
        await agent.start()
        await look.sees("88 moved", "2,118 moved")
        assert "out of reach" not in look.text and "Running" not in look.text


async def test_the_cursor_stays_with_its_row_when_others_come_before_it(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        await look.press("3")
        assert look.one(Board).current.id == "scanwait"
        await agent.tell(Event(type="operation", operation=operation("another0", 96, state="running")))
        await look.until(lambda: look.text.count("running") == 1)
        assert look.one(Board).current.id == "scanwait"


async def test_the_keys_offered_are_those_that_the_row_allows(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:

        def keys() -> dict[str, bool]:
            return {binding.description: able for binding, able in offered(look.face.screen)}

        await look.sees("resume")  # the cursor is on the halted folder
        assert "pause" not in keys() and keys()["organize"]
        await look.press("down")
        await look.until(lambda: "pause" in keys())
        assert "resume" not in keys() and keys()["undo"]
        await look.press("3")
        await look.until(lambda: "organize" not in keys())
        assert not keys()["undo"]
        assert look.one(KeyBar).region.bottom == 24


async def test_pausing_and_resuming_a_folder(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("down", "P")
        await look.until(lambda: "paused" in look.line_with("~/Camera"))
        await look.press("P")
        await look.until(lambda: "watching" in look.line_with("~/Camera"))
    assert [path for _, path, _ in agent.acts()] == ["/folders/camera/pause", "/folders/camera/resume"]


async def test_a_halted_folder_says_why_before_it_goes_on(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("P")
        await look.goes("Confirm")
        await look.sees("It halted because:", "Going on accepts the folder as it is now.")
        await look.press("enter")  # the button at hand changes nothing
        await look.goes("Home")
        assert agent.acts() == []
        await look.press("P")
        await look.goes("Confirm")
        await look.press("tab", "enter")
        await look.until(agent.acts)
    assert agent.acts() == [("POST", "/folders/archive/resume", {})]


async def test_organizing_shows_the_plan_and_moves_nothing(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("down", "o")
        await look.goes("OperationScreen")
        await look.sees("organize camera", "2 files have a place")
    assert agent.acts() == [("POST", "/operations", {"kind": "organize", "folder": "camera", "dry_run": True})]


async def test_a_newcomer_reads_three_things(bare: FakeAgent) -> None:
    async with looking(bare.socket) as look:
        await look.sees("Nothing is watched yet.", "adds a folder", "takes back whatever was done")
        await look.press("a")
        await look.goes("AddFolder")


async def test_without_an_agent_it_says_how_to_start_one_and_comes_alive(tmp_path: Path) -> None:
    socket = tmp_path / "agent.sock"
    async with looking(socket) as look:
        await look.sees("No agent is running yet.", "shelver service install", "nobody listens")
        async with FakeAgent(socket) as agent:
            agent.folders["docs"] = folder("docs", files=12)
            await look.sees("12 files", "~/Docs")
            assert look.one(Banner).text == ""


async def test_a_lost_agent_leaves_the_picture_with_its_age(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        await agent.stop()
        await look.sees("out of reach", "what you see is from 14:10:00, 0 s ago", "48,310 files")
        await agent.start()
        await look.until(lambda: "out of reach" not in look.text)


async def test_who_may_only_look_is_offered_no_changes(agent: FakeAgent) -> None:
    agent.may = ["view"]
    async with looking(agent.socket) as look:
        await look.press("down", "o", "P", "a")
        await look.until(lambda: look.place == "Home")
        assert not any(able for binding, able in offered(look.face.screen) if binding.action in Home.CHANGES)
    assert agent.acts() == []


async def test_read_only_changes_nothing_even_where_it_might(agent: FakeAgent) -> None:
    async with looking(agent.socket, read_only=True) as look:
        await look.press("down", "o", "P", "a", "u")
        await look.press("3", "enter")
        await look.goes("OperationScreen")
        await look.press("a", "x")
        await look.until(lambda: look.place == "OperationScreen")
    assert agent.acts() == []


async def test_a_refusal_is_told_in_passing(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        del agent.folders["camera"]
        await look.press("down", "P")
        await look.sees("No folder is called that.")


async def test_the_palette_knows_folders_and_operations(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("ctrl+p")
        await look.goes("CommandPalette")
        await look.types("pause sca")
        await look.sees("Pause scans")
        await look.press("enter")
        await look.until(agent.acts)
    assert agent.acts() == [("POST", "/folders/scans/pause", {})]


async def test_help_tells_every_key_of_the_place(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(80, 50)) as look:
        await look.press("f1")
        await look.goes("Help")
        told = look.text
        for key, what in (("o", "organize"), ("w", "where"), ("l", "list"), ("q", "quit"), ("ctrl+l", "draw again")):
            line = next(line for line in told.splitlines() if what in line and (key in line or "^l" in line))
            assert line
        await look.press("question_mark")
        await look.goes("Home")


async def test_a_folder_with_a_bucket_tells_how_it_stands(agent: FakeAgent) -> None:
    in_step = folder("papers", bucket="s3://nas/papers", in_step=at(16, 14, 2), files=880)
    async with looking(agent.socket, size=(120, 30)) as look:
        await look.until(lambda: agent.listeners)
        await agent.tell(Event(type="folder", folder=in_step))
        await look.sees("in step 14:02")
        assert "~/Papers ⇄ s3://nas/papers" in look.line_with("in step 14:02")
        await agent.tell(Event(type="folder", folder=msgspec.structs.replace(in_step, to_carry=7)))
        await look.sees("7 to carry")


async def test_a_folder_with_a_bucket_is_synced_by_a_key_and_no_other_is(agent: FakeAgent) -> None:
    async with looking(agent.socket, size=(120, 30)) as look:
        await look.until(lambda: agent.listeners)
        assert "s sync" not in look.text
        await agent.tell(Event(type="folder", folder=folder("aaa", bucket="s3://nas/aaa", in_step=at(16, 14, 2))))
        await look.sees("in step 14:02")
        await look.press("g")
        await look.sees("sync")
        await look.press("s")
        await look.until(lambda: [body["kind"] for _, _, body in agent.acts()] == ["sync"])
