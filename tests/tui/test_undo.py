"""Undo: the preview, the question, and everything that must not confirm it."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import Look, looking
from tui.screens.confirm import Choice


async def previewed(look: Look) -> None:
    """Open the undo of the big operation."""
    look.face.acts.show_undo(look.face.live.operations["cam0big0"])
    await look.goes("Undo")
    await look.sees("99,896  go back to where they were")


def approvals(agent: FakeAgent) -> list[str]:
    return [path for _, path, _ in agent.acts() if path.endswith("/approve")]


async def test_the_preview_counts_what_goes_back_what_is_odd_and_what_cannot(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await previewed(look)
        await look.sees("3  edited since", "1  original place is taken", "2  it is no longer there")
        line = look.line_with("IMG_1999.JPG")
        assert "Pictures/2026/2026-10/IMG_1999.JPG" in line and "~/Camera/" in line
        focused = look.face.screen.focused
        assert isinstance(focused, Choice) and focused.label == "Cancel"


async def test_what_is_done_is_the_plan_that_was_shown(agent: FakeAgent) -> None:
    agent.previews["cam0big0"] = replace(agent.previews["cam0big0"], operation=agent.operations["scanwait"])
    async with looking(agent.socket) as look:
        await previewed(look)
        await look.press("tab", "enter")
        await look.goes("OperationScreen")
    assert approvals(agent) == ["/operations/scanwait/approve"]


async def test_a_preview_that_nobody_wanted_is_put_away(agent: FakeAgent) -> None:
    agent.previews["cam0big0"] = replace(agent.previews["cam0big0"], operation=agent.operations["scanwait"])
    async with looking(agent.socket) as look:
        await previewed(look)
        await look.press("escape")
        await look.goes("Home")
        await look.until(lambda: agent.operations["scanwait"].state == "rejected")
    assert approvals(agent) == []


async def test_neither_enter_nor_the_opening_key_confirms(agent: FakeAgent) -> None:
    for keys in (["enter"], ["u", "enter"], ["y", "enter"], ["space", "enter"]):
        async with looking(agent.socket) as look:
            await previewed(look)
            await look.press(*keys)
            await look.goes("Home")
        assert approvals(agent) == []


async def test_keys_faster_than_a_person_types_confirm_nothing(agent: FakeAgent) -> None:
    async with looking(agent.socket, burst=3600.0) as look:  # every key counts as pasted
        await previewed(look)
        await look.press("tab", "enter", "enter", "enter")
        await look.until(lambda: look.place == "Undo")
        assert approvals(agent) == []
        await look.pilot.click("#yes")  # a mouse is never pasted
        await look.until(lambda: approvals(agent))


async def test_another_way_with_taken_places_looks_again(agent: FakeAgent) -> None:
    agent.previews["cam0big0"] = replace(agent.previews["cam0big0"], operation=agent.operations["scanwait"])
    async with looking(agent.socket) as look:
        await previewed(look)
        await look.press("s")
        await look.until(lambda: [body for *_, body in agent.acts() if body.get("on_conflict") == "skip"])
        await look.sees("99,896")
        assert agent.operations["scanwait"].state == "rejected"  # the plan that was shown before
        await look.press("n")
        await look.until(lambda: [body.get("on_conflict") for *_, body in agent.acts() if body].count("number") == 2)


async def test_nothing_to_undo_leaves_nothing_to_confirm(agent: FakeAgent) -> None:
    empty = replace(agent.previews["cam0big0"], files=0, notes={}, refusals={"it is no longer there": 5}, sample=[])
    agent.previews["cam0big0"] = empty
    async with looking(agent.socket) as look:
        look.face.acts.show_undo(look.face.live.operations["cam0big0"])
        await look.sees("5  it is no longer there")
        await look.press("tab", "enter")
        assert approvals(agent) == []


async def test_a_refused_preview_says_why(agent: FakeAgent) -> None:
    agent.may = ["view"]
    async with looking(agent.socket) as look:
        look.face.acts.show_undo(look.face.live.operations["cam0big0"])
        await look.sees("Not allowed: you may only look.")


async def test_the_buttons_are_seen_at_the_smallest_size_whatever_the_preview_says(agent: FakeAgent) -> None:
    notes = {
        f"note {number}, which is a long one and takes more than a line of the dialog": number for number in range(1, 9)
    }
    agent.previews["cam0big0"] = replace(agent.previews["cam0big0"], notes=notes)
    async with looking(agent.socket, size=(60, 15)) as look:
        look.face.acts.show_undo(look.face.live.operations["cam0big0"])
        await look.sees("Where taken", "Cancel", "Undo 99,900 files")


async def test_the_last_day_on_which_it_is_possible_is_told(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await previewed(look)
        assert look.line_with("Possible until").split("│")[1].split() == [
            "Possible",
            "until",
            "Sat",
            "13",
            "Nov",
            "2027",
        ]


async def test_a_part_is_marked_first(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await previewed(look)
        await look.press("m")
        await look.goes("OperationScreen")
        await look.sees("space marks a file", "1 of 100,000")
        await look.press("space", "u")
        await look.goes("Undo")
        await look.until(lambda: [body for *_, body in agent.acts() if "only" in body])
        await look.sees("99,896")
        await look.press("m")  # nothing more to mark than what is seen
        await look.goes("OperationScreen")
        assert len(look.face.screen_stack) == 2


async def test_the_plan_of_an_undo_that_nobody_waited_for_is_put_away_all_the_same(agent: FakeAgent) -> None:
    agent.previews["cam0big0"] = replace(agent.previews["cam0big0"], operation=agent.operations["scanwait"])
    agent.planning = asyncio.Event()
    async with looking(agent.socket) as look:
        look.face.acts.show_undo(look.face.live.operations["cam0big0"])
        await look.goes("Undo")
        await look.sees("Looking at 99,900 files")
        await look.press("escape")
        await look.goes("Home")
        agent.planning.set()
        await look.until(lambda: agent.operations["scanwait"].state == "rejected")


async def test_an_undo_is_undone_as_a_redo(agent: FakeAgent) -> None:
    agent.previews["backback"] = agent.previews["cam0big0"]
    async with looking(agent.socket) as look:
        look.face.show_operation(look.face.live.operations["backback"])
        await look.goes("OperationScreen")
        await look.sees("u redo")
        await look.press("u")
        await look.goes("Undo")
        await look.sees("Redo: camera, 09:15", "go where they had gone", "Redo 99,900 files")
