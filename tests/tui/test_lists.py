"""The list of operations, and the search for where a file went."""

from __future__ import annotations

from core.model import Counts
from tests.tui.fake_agent import API, FakeAgent
from tests.tui.home_server import operation
from tests.tui.looking import looking
from tui.widgets.board import Board


async def test_the_list_grows_as_one_goes_down_it(agent: FakeAgent) -> None:
    for number in range(250):
        agent.put(operation(f"many{number:04}", 1000 + number, folder="scans", counts=Counts(planned=1, done=1)))
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.goes("Operations")
        board = look.one(Board)
        await look.until(lambda: board.count() == 100)
        assert "100 or more" in look.text
        await look.press("G")
        await look.until(lambda: board.count() == 200)
        await look.press("G")
        await look.until(lambda: board.count() == 259)
        assert "259 " in look.lines[0] and "or more" not in look.lines[0]


async def test_the_list_is_filtered_by_the_agent(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("slash")
        await look.goes("Operations")
        await look.types("archive failed")
        await look.press("enter")
        await look.until(lambda: look.one(Board).count() == 1)
        await look.sees("the disk is not mounted", "Operations · archive failed")
        await look.press("slash", "escape")
        await look.until(lambda: look.one(Board).count() == 9)
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
        await look.sees("2 found", "Fri 09:14", "2 Nov 20:01")
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
