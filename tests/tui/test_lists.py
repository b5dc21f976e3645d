"""The list of operations, and the search for where a file went."""

from __future__ import annotations

from msgspec.structs import replace

from core.model import Counts, Event
from tests.tui.fake_agent import API, FakeAgent
from tests.tui.home_server import NOW, operation
from tests.tui.looking import looking
from tui.screens.operations import PAGE
from tui.widgets.board import Board


async def test_the_list_grows_as_one_goes_down_it(agent: FakeAgent) -> None:
    for number in range(5000 - 9):
        agent.put(operation(f"many{number:04}", 1000 + number, folder="scans", counts=Counts(planned=1, done=1)))
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.goes("Operations")
        board = look.one(Board)
        await look.until(lambda: board.count() > PAGE)
        assert f"{PAGE} or more" in look.text
        for _ in range(20):
            await look.press("pagedown")
        await look.until(lambda: board.count() > 2 * PAGE)
        await look.press("G")  # to the very first, however far away that is
        await look.until(lambda: "5,000 " in look.lines[0] and "or more" not in look.lines[0])
        await look.sees("the disk is not mounted")


async def test_operations_stand_beneath_their_day(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.sees("─ Today ─", "─ Sat 14 Nov ─", "─ Fri 13 Nov ─")
        order = [
            look.text.index(said) for said in ("2,114 restored", "Sat 14", "2,116 moved", "Fri 13", "99,900 moved")
        ]
        assert order == sorted(order)


async def test_the_agents_small_operations_are_one_line_that_opens(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.sees("3 moved in 3 turns")
        await look.press("down", "enter")
        await look.until(lambda: look.text.count("1 moved") == 3)
        await look.press("down", "enter")
        await look.goes("OperationScreen")
        await look.press("escape", "up", "enter")
        await look.until(lambda: "1 moved" not in look.text)


async def test_a_preview_that_was_put_away_is_told_only_to_who_asks_for_it(agent: FakeAgent) -> None:
    agent.put(operation("putaway0", 95, kind="rollback", state="rejected", counts=Counts(planned=7)))
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.goes("Operations")
        await look.sees("99,900")
        assert "rejected" not in look.text
        await look.press("slash")
        await look.types("rejected")
        await look.press("enter")
        await look.sees("7 files")


async def test_what_did_not_go_well_says_what_can_be_done(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.sees("99,900 moved")
        await look.press("G")
        await look.sees("enter opens it: o shows the 100 that stayed as they were, and why")
        await look.press("up", "up")
        await look.sees("enter opens it: a tries what is left again")
        await look.press("up")
        await look.sees("enter opens it: o shows the 2 that stayed")


async def test_what_was_taken_back_is_done_again_with_the_same_key(agent: FakeAgent) -> None:
    agent.previews["backback"] = replace(agent.previews["cam0big0"], operation=agent.operations["scanwait"])
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.sees("99,900 moved")
        await look.press("G", "up")
        await look.sees("u redo")
        await look.press("u")
        await look.goes("Undo")
        await look.until(lambda: [path for _, path, _ in agent.acts() if path == "/operations/backback/rollback"])


async def test_what_begins_meanwhile_is_shown_if_it_fits_the_filter(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("slash")
        await look.goes("Operations")
        await look.types("!camera")
        await look.press("enter")
        await look.until(lambda: "1,292 moved" not in look.text and "1 moved in" not in look.text)
        await look.sees("4 files have a place")
        await agent.tell(Event(type="operation", operation=operation("fresh001", 101, counts=Counts(done=77))))
        fresh = operation("fresh002", 102, folder="archive", counts=Counts(planned=6, done=6), finished=NOW)
        await agent.tell(Event(type="operation", operation=fresh))
        await look.sees("6 moved")
        assert "77 moved" not in look.text


async def test_the_list_is_filtered_by_the_agent(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("slash")
        await look.goes("Operations")
        await look.types("archive failed")
        await look.press("enter")
        await look.until(lambda: look.one(Board).count() == 2)  # its day, and itself
        await look.sees("the disk is not mounted", "Operations · archive failed")
        await look.press("slash", "escape")
        await look.sees("99,900 moved")
        await look.press("slash")
        await look.types("nosuch")
        await look.press("enter")
        await look.sees("Nothing fits this filter.")
    assert any(path == f"{API}/operations" for _, path, _ in agent.asked)


async def test_where_finds_a_file_by_any_of_its_names_and_opens_the_operation(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("w")
        await look.goes("Where")
        await look.types("0042")
        await look.sees("1 file found", "Fri 09:14", "2 Nov 20:01")
        await look.press("enter", "enter")
        await look.goes("OperationScreen")
        await look.sees("organize camera", "1 of 1", "IMG_000042.JPG")
        await look.press("escape")
        await look.goes("Where")


async def test_where_says_when_nothing_was_found(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("w")
        await look.goes("Where")
        await look.types("zzz")
        await look.press("enter")
        await look.sees("Nothing of that name was ever moved here.")
        await look.press("escape", "escape")
        await look.goes("Home")
