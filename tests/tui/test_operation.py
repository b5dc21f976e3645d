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


async def test_steps_of_one_outcome(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        steps = await opened(look, "cam0big0")
        await look.press("o", "o")
        await look.until(lambda: steps.total == 100)
        await look.sees("IMG_000999.JPG", "filter: skipped")


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
    async with looking(agent.socket) as look:
        await opened(look, "scanwait")
        await look.sees("invoice 17.pdf", "Documents/2026/", "to move", "the folder's first pass")
        await look.press("a")
        await look.goes("Confirm")
        await look.press("a", "enter")  # the key that opened it does not confirm; enter takes the button at hand
        await look.goes("OperationScreen")
        assert agent.acts() == []
        await look.press("a")
        await look.goes("Confirm")
        await look.sees("Approve 4 files")
        await look.press("right", "enter")
        await look.until(lambda: agent.operations["scanwait"].state == "queued")
        await look.sees("queued")
    assert agent.acts() == [("POST", "/operations/scanwait/approve", {})]


async def test_approving_a_part(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "scanwait")
        await look.press("down", "space", "a")
        await look.goes("Confirm")
        await look.sees("1 of 4 files")
        await look.press("tab", "enter")
        await look.until(agent.acts)
    assert agent.acts() == [("POST", "/operations/scanwait/approve", {"only": ["/home/lena/Scans/letter.pdf"]})]


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
        await look.press("a", "x", "c", "u")
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


async def test_following_stays_with_what_was_done_last(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        steps = await opened(look, "cam2runs")
        await look.press("f")
        await look.sees("following")
        await agent.tell(Event(type="progress", progress=progress(1500)))
        await look.until(lambda: steps.cursor == 1500)


async def test_an_agent_that_goes_away_while_one_scrolls_is_told_not_crashed(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await opened(look, "cam0big0")
        await agent.stop()
        await look.press("G")
        await look.sees("out of reach")
        await agent.start()
        await look.sees("IMG_099999.JPG")
