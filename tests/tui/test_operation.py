"""One operation: a hundred thousand steps by the page, filters, marks, approve, reject, stop."""

from __future__ import annotations

import msgspec

from core.model import Counts, Event, StepView
from tests.tui.fake_agent import API, FakeAgent, moves
from tests.tui.home_server import CAMERA, operation, progress
from tests.tui.looking import Look, looking
from tui.widgets.filter_bar import FilterBar
from tui.widgets.paged_list import KEPT_PAGES, PAGE, PagedList

STEPS = f"{API}/operations/cam0big0/steps"


async def opened(look: Look, id: str) -> PagedList[StepView]:
    """Open an operation and wait for its first steps."""
    look.face.show_operation(look.face.live.operations[id])
    await look.goes("OperationScreen")
    steps = look.one(PagedList)
    await look.until(lambda: steps.known)
    return steps  # type: ignore[no-any-return]


async def test_a_hundred_thousand_steps_open_with_one_page(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "cam0big0")
        await look.sees("1 of 100,000", "IMG_000000.JPG", "99,900 moved, 100 skipped")
        line = look.line_with("IMG_000000.JPG")
        assert line.split() == ["▸", "IMG_000000.JPG", "→", "Pictures/2026/2026-01/", "moved"]
        assert len([path for _, path, _ in agent.asked if path == STEPS]) == 1


async def test_the_end_is_as_near_as_the_beginning_and_what_is_between_is_never_asked_for(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        steps = await opened(look, "cam0big0")
        await look.press("G")
        await look.sees("IMG_099999.JPG", "100,000 of 100,000")
        assert "open in another program" in look.line_with("IMG_099999.JPG")
        assert "skipped" in look.line_with("IMG_099999.JPG")
        await look.press("g")
        await look.sees("IMG_000000.JPG")
        assert len([path for _, path, _ in agent.asked if path == STEPS]) <= 3
        assert len(steps._pages) <= 3


async def test_only_so_many_pages_are_kept(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        steps = await opened(look, "cam0big0")
        for number in range(1, KEPT_PAGES + 5):
            steps.cursor = number * PAGE
            await look.until(lambda: steps.current is not None)
        assert len(steps._pages) <= KEPT_PAGES


async def test_the_agent_filters(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        steps = await opened(look, "cam0big0")
        await look.press("slash")
        await look.types("000042")
        await look.press("enter")
        await look.until(lambda: steps.total == 1)
        await look.sees("IMG_000042.JPG", "1 of 1", "filter: 000042")
        await look.press("slash", "escape")
        await look.until(lambda: steps.total == 100_000)
        assert look.place == "OperationScreen"
        assert not look.one(FilterBar).has_class("-open")


async def test_steps_of_one_outcome_what_needs_a_look_first(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        steps = await opened(look, "cam0big0")
        await look.sees("o shows the 100 that stayed as they were, and why")
        await look.press("o")
        await look.until(lambda: steps.total == 100)
        await look.sees("IMG_000999.JPG", "filter: skipped")
        await look.press("o")
        await look.sees("filter: done")
        await look.press("o")
        await look.until(lambda: steps.total == 100_000)


async def test_files_that_go_together_are_one_line_and_one_mark(agent: FakeAgent) -> None:
    agent.put(operation("together", 98, counts=Counts(planned=4, done=4)), together())
    agent.previews["together"] = agent.previews["cam0big0"]
    async with looking(agent.socket) as look:
        steps = await opened(look, "together")
        await look.sees("1 of 2", "IMG_2000.JPG, .AAE, .MOV ", "letter.pdf")
        await look.press("enter")
        await look.goes("StepDetail")
        await look.sees("IMG_2000.JPG", "IMG_2000.AAE", "Pictures/2026/IMG_2000.AAE")
        await look.press("escape")
        await look.press("space", "u")
        await look.goes("Undo")
        await look.until(agent.acts)
        assert steps.total == 2
    assert agent.acts()[0][2]["only"] == [f"{CAMERA}/Pictures/2026/IMG_2000.{end}" for end in ("JPG", "AAE", "MOV")]


def together() -> list[StepView]:
    """Return the steps of a picture with what belongs to it, and of a letter."""
    names = [("IMG_2000.JPG", 7), ("IMG_2000.AAE", 7), ("IMG_2000.MOV", 7), ("letter.pdf", 0)]
    return [
        StepView(
            seq=number,
            kind="move",
            group=group,
            source=f"{CAMERA}/{name}",
            destination=f"{CAMERA}/Pictures/2026/{name}",
            outcome="done",
            reason=None,
        )
        for number, (name, group) in enumerate(names)
    ]


async def test_a_folder_can_be_marked_whole(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "cam0big0")
        await look.press("m")
        await look.sees("1 folder marked")
        assert [line[1] for line in look.lines if "2026-01/" in line] == ["•", "•"]
        await look.press("down", "space")
        await look.sees("1 marked, 1 folder marked")
        await look.press("u")
        await look.goes("Undo")
        await look.until(agent.acts)
    assert agent.acts()[0][2]["only"] == [
        f"{CAMERA}/Pictures/2026/2026-02/IMG_000001.JPG",
        f"{CAMERA}/Pictures/2026/2026-01",
    ]


async def test_what_is_marked_is_what_undo_means(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "cam0big0")
        await look.press("space", "down", "space")
        await look.sees("2 marked")
        await look.press("u")
        await look.goes("Undo")
        await look.until(agent.acts)
    _, path, body = agent.acts()[0]
    assert path == "/operations/cam0big0/rollback"
    assert body["only"] == [
        f"{CAMERA}/Pictures/2026/2026-01/IMG_000000.JPG",
        f"{CAMERA}/Pictures/2026/2026-03/IMG_000002.JPG",
    ]


async def test_approving_asks_first_and_the_answer_at_hand_is_no(agent: FakeAgent) -> None:
    agent.put(
        operation("bigplan0", 98, state="proposed", counts=Counts(planned=30)),
        [msgspec.structs.replace(step, outcome="pending") for step in moves(30)],
    )
    async with looking(agent.socket) as look:
        await opened(look, "bigplan0")
        await look.press("a")
        await look.goes("Confirm")
        await look.press("a", "enter")  # the key that opened it does not confirm; enter takes the button at hand
        await look.goes("OperationScreen")
        assert agent.acts() == []
        await look.press("a")
        await look.goes("Confirm")
        await look.sees("Approve 30 files")
        await look.press("right", "enter")
        await look.until(lambda: agent.operations["bigplan0"].state == "queued")
        await look.sees("queued")
    assert agent.acts() == [("POST", "/operations/bigplan0/approve", {})]


async def test_a_plan_that_is_in_view_whole_is_approved_with_one_key(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "scanwait")
        await look.sees("invoice 17.pdf", "Documents/2026/", "to move", "the folder's first pass")
        await look.press("a")
        await look.until(lambda: agent.operations["scanwait"].state == "queued")
        await look.sees("Approved. Once it is done")
    assert agent.acts() == [("POST", "/operations/scanwait/approve", {})]


async def test_a_pasted_text_approves_nothing(agent: FakeAgent) -> None:
    async with looking(agent.socket, burst=3600.0) as look:  # every key counts as pasted
        await opened(look, "scanwait")
        await look.press("down", "a", "a")
        await look.sees("2 of 4")
    assert agent.acts() == []


async def test_approving_without_some(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "scanwait")
        await look.press("down", "space")
        await look.sees("3 of 4 files go")
        assert "stays" in look.line_with("letter.pdf")
        await look.press("a")
        await look.until(agent.acts)
    assert agent.acts() == [("POST", "/operations/scanwait/approve", {"without": ["/home/lena/Scans/letter.pdf"]})]


async def test_approving_only_some(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "scanwait")
        await look.press("down", "space", "i")
        await look.sees("1 of 4 files go")
        assert look.text.count("stays") == 3
        await look.press("a")
        await look.until(agent.acts)
    assert agent.acts() == [("POST", "/operations/scanwait/approve", {"only": ["/home/lena/Scans/letter.pdf"]})]


async def test_with_all_taken_out_there_is_nothing_to_approve(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "scanwait")
        await look.press("space", "space", "space", "space", "a")
        await look.sees("Nothing is left to approve")
    assert agent.acts() == []


async def test_rejecting(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "scanwait")
        await look.press("x")
        await look.goes("Confirm")
        await look.press("tab", "enter")
        await look.sees("rejected")
    assert agent.acts() == [("POST", "/operations/scanwait/reject", {})]


async def test_stopping_what_runs(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "cam2runs")
        await look.sees("61 %", "412 files/s")
        await look.press("c")
        await look.goes("Confirm")
        await look.press("tab", "enter")
        await look.sees("stopping")
    assert agent.acts() == [("POST", "/operations/cam2runs/cancel", {})]


async def test_keys_that_make_no_sense_in_a_state_do_nothing(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "cam1done")
        await look.press("a", "x", "c", "f")
        await look.until(lambda: look.place == "OperationScreen")
    assert agent.acts() == []


async def test_steps_change_while_one_looks(agent: FakeAgent) -> None:
    waiting = [msgspec.structs.replace(step, outcome="pending", reason=None) for step in moves(3)]
    agent.put(operation("nowruns0", 97, state="running", counts=Counts(planned=3)), waiting)
    async with looking(agent.socket) as look:
        await opened(look, "nowruns0")
        await look.until(lambda: look.text.count("waiting") == 3)
        agent.steps["nowruns0"] = [msgspec.structs.replace(waiting[0], outcome="done"), *waiting[1:]]
        one = msgspec.structs.replace(progress(1, 3), operation="nowruns0")
        await agent.tell(Event(type="progress", progress=one))
        await look.until(lambda: look.text.count("waiting") == 2)
        agent.steps["nowruns0"] = moves(3)
        done = msgspec.structs.replace(
            agent.operations["nowruns0"], state="completed", counts=Counts(planned=3, done=3)
        )
        await agent.tell(Event(type="end", operation=done))
        await look.until(lambda: look.text.count("moved") == 4)


async def test_a_plan_that_comes_later_is_shown_when_it_comes(agent: FakeAgent) -> None:
    agent.put(operation("planning", 97, state="planning"))
    async with looking(agent.socket) as look:
        steps = await opened(look, "planning")
        await look.sees("no steps yet")
        agent.steps["planning"] = moves(3)
        await agent.tell(
            Event(type="operation", operation=operation("planning", 97, state="proposed", counts=Counts(planned=3)))
        )
        await look.until(lambda: steps.total == 3)
        await look.sees("IMG_000002.JPG", "3 files have a place")


async def test_a_step_in_full_cuts_nothing_off(agent: FakeAgent) -> None:
    long = f"{CAMERA}/" + "/".join(["a folder with a name"] * 8) + "/the end.jpg"
    step = StepView(seq=1, kind="move", group=3, source=long, destination=long + ".x", outcome="done", reason=None)
    agent.put(operation("longpath", 98, counts=Counts(planned=1, done=1)), [step])
    async with looking(agent.socket) as look:
        await opened(look, "longpath")
        await look.press("enter")
        await look.goes("StepDetail")
        await look.sees("the end.jpg", "together with the others of group 3")
        box = [line.split("│")[1].strip() for line in look.lines if line.count("│") == 2]
        shown = "".join(" ".join(box).split())
        assert "~/Camera/afolderwithaname/afolderwithaname" in shown


async def test_following_stays_with_what_was_done_last_until_one_goes_back(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        steps = await opened(look, "cam2runs")
        await look.press("f")
        await look.sees("following", "f pause")
        await agent.tell(Event(type="progress", progress=progress(1500)))
        await look.until(lambda: steps.cursor == 1500)
        await look.press("up", "up")
        await look.until(lambda: "following" not in look.text)
        await agent.tell(Event(type="progress", progress=progress(1600)))
        await look.sees("75 %")
        assert steps.cursor == 1498
        await look.press("f")
        await look.until(lambda: steps.cursor == 1600)
        await look.press("f")
        await look.until(lambda: "following" not in look.text)


async def test_following_stays_before_what_is_still_to_come(agent: FakeAgent) -> None:
    """Lines are fewer than files where some go together."""
    steps = [msgspec.structs.replace(step, outcome="pending" if step.seq > 2 else "done") for step in together()]
    agent.put(operation("nowruns0", 97, state="running", counts=Counts(planned=4)), steps)
    async with looking(agent.socket) as look:
        lines = await opened(look, "nowruns0")
        await look.press("f")
        await agent.tell(Event(type="progress", progress=msgspec.structs.replace(progress(3, 4), operation="nowruns0")))
        await look.sees("75 %")
        assert lines.cursor == 0  # the picture with its two companions; the letter is still to come
        agent.steps["nowruns0"] = together()
        lines.freshen()
        await look.until(lambda: "waiting" not in look.text)
        await agent.tell(Event(type="progress", progress=msgspec.structs.replace(progress(4, 4), operation="nowruns0")))
        await look.until(lambda: lines.cursor == 1)


async def test_a_plan_made_to_be_looked_at_is_kept_or_dropped_when_one_leaves(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:

        def newest() -> str:
            return max(agent.operations.values(), key=lambda one: one.sequence).state

        for keys, state in ((("enter",), "proposed"), (("tab", "enter"), "cancelling")):
            await look.press("1", "o")
            await look.goes("OperationScreen")
            await look.press("escape")
            await look.goes("Confirm")
            await look.sees("Leave this plan?", "Let it wait", "Drop it")
            await look.press(*keys)
            await look.goes("Home")
            await look.until(lambda: newest() == state)  # noqa: B023
    assert not [path for _, path, _ in agent.acts() if path.endswith("/reject")]  # its files are not left alone for it


async def test_an_agent_that_goes_away_while_one_scrolls_is_told_not_crashed(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "cam0big0")
        await agent.stop()
        await look.press("G")
        await look.sees("out of reach")
        await agent.start()
        await look.sees("IMG_099999.JPG")
