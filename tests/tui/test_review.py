"""Looking a big proposal over by folder: what is taken out stays, the rest is approved, or all of it rejected."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from core.model import Counts, Event, StepView
from tests.tui.fake_agent import FakeAgent, moves
from tests.tui.home_server import HOME, big_proposal, furnished, operation
from tests.tui.looking import Look, looking
from tui.selection import Selection
from tui.wire import Destination

APPROVE = "/operations/firstbig/approve"
DOWNLOADS = f"{HOME}/Downloads"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    """An agent on its first day: a plan of 4,000 files waits."""
    agent = furnished(tmp_path / "agent.sock")
    big_proposal(agent)
    async with agent:
        yield agent


async def reviewing(look: Look) -> None:
    """Go from home to the plan."""
    await look.press("3", "enter")
    await look.goes("Review")
    await look.sees("1 to the trash, 5 stay as they are")


async def test_a_plan_of_thousands_is_shown_by_folder(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await reviewing(look)
        await look.sees("look it over once", "Documents/Invoices/ACME/", "the trash", "1 of 9")
        assert look.line_with("2026-06/").split() == ["Pictures/2026/2026-06/", "614", "files", "1.8", "GB"]


async def test_it_is_approved_whole_after_a_question(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await reviewing(look)
        await look.press("a")
        await look.goes("Confirm")
        await look.sees("Approve 3,995 files")
        await look.press("tab", "enter")
        await look.goes("OperationScreen")
        await look.sees("queued")
    assert agent.acts() == [("POST", APPROVE, {})]


async def test_folders_and_single_files_are_taken_out(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await reviewing(look)
        await look.press("space")  # all invoices
        await look.until(lambda: "stay" in look.line_with("Invoices"))
        await look.press("enter")
        await look.goes("OperationScreen")
        await look.sees("→ ~/Downloads/Pictures/2026/2026-01", "1 of ")
        await look.press("space", "space")
        await look.sees("3,378 of 3,995 files go")
        await look.press("escape")
        await look.goes("Review")
        await look.sees("2 stay", "3,378 of 3,995 files go")
        await look.press("a")
        await look.goes("Confirm")
        await look.sees("3,378 of 3,995 files go where the list shows.")
        await look.press("tab", "enter")
        await look.until(agent.acts)
    first, second = _two(agent)
    body = agent.acts()[0][2]
    assert body == {"without": [first, second, f"{DOWNLOADS}/Documents/Invoices/ACME"]}


def _two(agent: FakeAgent) -> list[str]:
    into = [step for step in agent.steps["firstbig"] if step.destination and "/2026-01/" in step.destination]
    return [str(step.source) for step in into[:2]]


async def test_only_what_was_chosen_goes_when_it_is_turned_round(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await reviewing(look)
        await look.press("G", "up", "space", "i")  # only what goes to the trash
        await look.sees("1 of 3,995 files go")
        await look.press("a")
        await look.goes("Confirm")
        await look.press("tab", "enter")
        await look.until(agent.acts)
    assert agent.acts() == [("POST", APPROVE, {"only": [f"{DOWNLOADS}/part 5.tmp"]})]


async def test_it_is_rejected_after_a_question(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await reviewing(look)
        await look.press("x")
        await look.goes("Confirm")
        await look.press("tab", "enter")
        await look.goes("OperationScreen")
        await look.sees("rejected")
    assert [path for _, path, _ in agent.acts()] == ["/operations/firstbig/reject"]


async def test_every_file_in_one_list_and_what_stays_anyway_cannot_be_taken_out(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await reviewing(look)
        await look.press("G", "space")
        await look.until(lambda: "files go" not in look.text)
        await look.press("v")
        await look.goes("OperationScreen")
        await look.sees("1 of 4,000")


async def test_a_plan_that_was_awaited_turns_into_its_review(agent: FakeAgent) -> None:
    agent.put(operation("awaited0", 98, state="planning"))
    async with looking(agent.socket) as look:
        look.face.show_operation(look.face.live.operations["awaited0"])
        await look.goes("OperationScreen")
        agent.steps["awaited0"] = [msgspec.structs.replace(step, outcome="pending") for step in moves(500)]
        planned = operation("awaited0", 98, state="proposed", counts=Counts(planned=500))
        await agent.tell(Event(type="operation", operation=planned))
        await look.goes("Review")
        await look.sees("500 files into 12 folders")


def step(seq: int, folder: str) -> StepView:
    return StepView(
        seq=seq,
        kind="move",
        group=0,
        source=f"/in/{seq}",
        destination=f"{folder}/{seq}",
        outcome="pending",
        reason=None,
    )


def test_a_file_put_back_into_a_folder_that_was_taken_out_goes() -> None:
    selection = Selection(
        [Destination(fate="into", path="/a", files=3), Destination(fate="into", path="/a/b", files=2)]
    )
    selection.toggle_folder(0)
    selection.toggle([step(7, "/a")])
    assert not selection.stays(step(7, "/a"))
    assert selection.stays(step(8, "/a")) and not selection.stays(step(9, "/a/b"))
    assert (selection.staying_of(0), selection.staying_of(1)) == (2, 0)
    selection.turn()
    assert selection.stays(step(7, "/a")) and not selection.stays(step(8, "/a"))
    selection.toggle_folder(0)  # what is still there is put back, or the whole taken out
    assert selection.staying_of(0) in (0, 3)


async def test_a_folder_with_another_within_is_named_by_its_files(agent: FakeAgent) -> None:
    """Its path alone would mean the folder within, too."""
    agent.put(
        operation("nested00", 98, state="proposed", counts=Counts(planned=5)),
        [*(step(number, "/a") for number in range(3)), *(step(number, "/a/b") for number in (3, 4))],
    )
    async with looking(agent.socket) as look:
        waiting = agent.operations["nested00"]
        selection = Selection(await look.face.agent.destinations("nested00"))
        selection.toggle_folder(0)
        assert await selection.paths(look.face.agent, waiting) == [b"/in/0", b"/in/1", b"/in/2"]
        selection.toggle([step(1, "/a")])
        assert await selection.paths(look.face.agent, waiting) == [b"/in/0", b"/in/2"]
        selection.toggle([step(1, "/a")])
        selection.toggle_folder(1)
        assert await selection.paths(look.face.agent, waiting) == [b"/a", b"/a/b"]
