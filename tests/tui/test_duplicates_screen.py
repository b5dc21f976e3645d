"""Duplicates: what they take, pictures side by side, what stays by key or policy, the plan, and the way back."""

from __future__ import annotations

import msgspec

from core.model import Counts, Event
from tests.tui.copies_server import FIRST_NEAR, REPORT, with_duplicates
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import CAMERA, HOME, operation
from tests.tui.hostile import PAYLOADS
from tests.tui.looking import Look, looking
from tests.tui.test_hostile import assert_clean
from tui.screens.duplicates import GroupList
from tui.widgets.board import Board
from tui.widgets.key_bar import offered
from tui.widgets.picture import UPPER
from tui.widgets.picture_card import PictureCards

KEPT = f"{CAMERA}/Pictures/2024/IMG_0000.JPG"
OTHER = f"{HOME}/Downloads/IMG_0000 (1).JPG"


async def shown(look: Look) -> None:
    look.face.looks.duplicates("camera")
    await look.goes("Duplicates")
    await look.sees("212 groups", "can be freed", "1 of 212 · the oldest")


def submitted(agent: FakeAgent) -> list[dict[str, object]]:
    return [body for _, path, body in agent.acts() if path == "/operations"]


async def test_groups_tell_what_stays_and_what_they_free(agent: FakeAgent) -> None:
    with_duplicates(agent)
    async with looking(agent.socket) as look:
        look.one(Board).jump("folder camera")
        await look.press("d")
        await look.sees("212 groups", "1 exact 212", "2 alike 14", "others to the trash")
        await look.sees("1 of 212", "14 Nov 2023")
        assert look.line_with("IMG_0000.JPG").split()[-2:] == ["24.1", "MB"]
        assert "stays" in look.line_with("14 Nov 2023") and "goes" in look.line_with("IMG_0000 (1).JPG")
        await look.press("down")
        await look.sees("2 of 212")
        assert "left" in look.line_with("folder archive only reports")
        assert look.line_with("3 × 24.0 MB").split()[-2:] == ["24.0", "MB"]  # noqa: RUF001
    assert agent.acts() == []


async def test_space_keeps_another_file_and_the_plan_knows_it(agent: FakeAgent) -> None:
    with_duplicates(agent)
    async with looking(agent.socket) as look:
        await shown(look)
        await look.press("space")
        await look.sees("you chose it", "1 chosen")
        assert "goes" in look.line_with("~/Camera/Pictures/2024/IMG_0000.JPG  ")
        await look.press("space")  # in turn: the first one again
        await look.until(lambda: "you chose it" not in look.text)
        await look.press("tab", "down", "space")  # the one under the cursor
        await look.sees("you chose it")
        await look.press("escape", "enter")
        await look.goes("OperationScreen")
        await look.sees("waits for you")
    expected = {"kind": "dedupe", "folder": "camera", "action": "trash", "of": REPORT, "dry_run": True}
    assert submitted(agent) == [expected | {"choices": {"0": OTHER}}]


async def test_a_policy_decides_for_all_copies(agent: FakeAgent) -> None:
    with_duplicates(agent)
    async with looking(agent.socket) as look:
        await shown(look)
        await look.press("K")
        await look.goes("KeepPolicy")
        await look.sees("the one with the shortest path", "as the config says")
        await look.press("down", "enter")
        await look.goes("Duplicates")
        await look.sees("by your policy: newest", "by newest")
        assert "stays" in look.line_with("3 Jul 2024")
        await look.press("t", "enter")
        await look.goes("OperationScreen")
    (body,) = submitted(agent)
    assert (body["keep"], body["action"], body.get("choices")) == (["newest"], "hardlink", None)


async def test_a_policy_that_goes_by_a_folder(agent: FakeAgent) -> None:
    with_duplicates(agent)
    async with looking(agent.socket) as look:
        await shown(look)
        await look.press("K")
        await look.goes("KeepPolicy")
        await look.sees("in:camera", "the one in that folder")
        look.one(Board).jump("not-in:camera")
        await look.sees("one that is elsewhere")
        await look.press("enter")
        await look.goes("Duplicates")
        await look.sees("by your policy: not-in:camera", "by not-in:camera")
        assert "stays" in look.line_with("3 Jul 2024") and "goes" in look.line_with("14 Nov 2023")
        await look.press("enter")
        await look.goes("OperationScreen")
    (body,) = submitted(agent)
    assert (body["keep"], body["action"], body.get("choices")) == (["not-in:camera"], "trash", None)


async def test_pictures_that_look_alike_stand_side_by_side_and_go_by_choice_alone(agent: FakeAgent) -> None:
    with_duplicates(agent)
    async with looking(agent.socket) as look:
        await shown(look)
        await look.press("2")
        await look.sees("14 groups of pictures that look alike: you decide", "beach0.jpg", "beach0-2.jpg")
        await look.sees("4032x3024 3.1 MB", "1600x1200 310 kB", "the best", "2024-05-01 18:22", "distance 2", UPPER * 8)
        await look.press("enter")
        await look.sees("First choose which picture stays")
        await look.press("down", "tab", "right", "space")
        await look.sees("beach1-6.jpg", "you chose it")
        assert look.one(PictureCards).cursor == 1
        await look.pilot.click("PictureCard")
        assert look.one(PictureCards).cursor == 0
        await look.press("right", "space")  # thought better of it
        await look.until(lambda: "you chose it" not in look.text)
        await look.press("space", "escape", "enter")
        await look.goes("OperationScreen")
    (body,) = submitted(agent)
    assert body["choices"] == {str(FIRST_NEAR + 1): f"{CAMERA}/beach1-2.jpg"}
    assert (body["similar"], body["action"], body["dry_run"]) == (True, "trash", True)


async def test_a_policy_chooses_in_every_group_of_pictures(agent: FakeAgent) -> None:
    with_duplicates(agent, exact=0, near=2500)
    async with looking(agent.socket) as look:
        look.face.looks.duplicates("camera")
        await look.sees("2,500 groups of pictures that look alike")  # nothing is there twice: these come first
        await look.press("K")
        await look.goes("KeepPolicy")
        await look.press("enter")
        await look.sees("2,500 chosen")
        await look.press("enter")
        await look.goes("OperationScreen")
    (body,) = submitted(agent)
    choices = body["choices"]
    assert isinstance(choices, dict) and len(choices) == 2500
    assert choices[str(FIRST_NEAR)] == f"{CAMERA}/beach0.jpg"


async def test_a_hundred_thousand_groups_cost_what_is_seen(agent: FakeAgent) -> None:
    with_duplicates(agent, exact=100_000)
    async with looking(agent.socket) as look:
        look.face.looks.duplicates("camera")
        await look.sees("100,000 groups")
        groups = look.one(GroupList)
        await look.until(lambda: groups.current is not None)
        await look.press("end")
        await look.until(lambda: groups.cursor == 99_999 and groups.current is not None)
        await look.sees("IMG_99999.JPG")
    asked = [path for _, path, _ in agent.asked if path.startswith("/api/v1/duplicates/")]
    assert len(asked) < 10


async def test_what_nobody_looked_for_is_looked_for_and_shown_when_it_is_found(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        look.face.looks.duplicates("scans")
        await look.sees("Looking for duplicates", "Nothing is changed by that.")
        (body,) = submitted(agent)
        assert (body["kind"], body["folder"], body["action"], body["similar"]) == ("dedupe", "scans", "report", True)
        found = next(each for each in agent.operations.values() if each.id.startswith("fresh"))
        agent.looks.groups[found.id] = ((), ())
        await agent.tell(
            Event(type="end", operation=msgspec.structs.replace(found, state="completed", counts=Counts()))
        )
        await look.sees("No file is here twice.")


async def test_a_search_that_failed_says_why(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        look.face.looks.duplicates("scans")
        await look.sees("Looking for duplicates")
        found = next(each for each in agent.operations.values() if each.id.startswith("fresh"))
        failed = msgspec.structs.replace(found, state="failed", error="the disk is not mounted")
        await agent.tell(Event(type="end", operation=failed))
        await look.sees("the disk is not mounted")


async def test_what_was_done_to_duplicates_is_undone_from_here(agent: FakeAgent) -> None:
    with_duplicates(agent)
    agent.previews["dupedone"] = agent.previews["cam0big0"]
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        await shown(look)
        done = operation("dupedone", 200, kind="dedupe", counts=Counts(planned=3, done=3))
        await agent.tell(Event(type="end", operation=done))
        await look.sees("changed since: F5 looks again")
        await look.press("u")
        await look.goes("Undo")
        await look.sees("Undo: dedupe camera")


async def test_the_groups_of_an_operation_are_reached_from_it(agent: FakeAgent) -> None:
    report = with_duplicates(agent)
    async with looking(agent.socket) as look:
        await look.until(lambda: agent.listeners)
        look.face.show_operation(report)
        await look.goes("OperationScreen")
        await look.press("d")
        await look.goes("Duplicates")
        await look.sees("212 groups", "1 of 212")


async def test_a_search_tells_on_home_what_it_found_and_opens_it(agent: FakeAgent) -> None:
    agent.put(msgspec.structs.replace(with_duplicates(agent), note="318 files too many, 4.3 GB to win"))
    async with looking(agent.socket) as look:
        await look.sees("318 files too many")
        await look.press("4")
        await look.until(lambda: "▸" in look.line_with("318 files too many"))
        await look.press("enter")
        await look.goes("Duplicates")
        await look.sees("212 groups")


async def test_what_changed_since_it_was_looked_for_is_looked_for_again(agent: FakeAgent) -> None:
    with_duplicates(agent)
    agent.put(operation("movedsin", 200, counts=Counts(planned=3, done=3)))
    async with looking(agent.socket) as look:
        look.face.looks.duplicates("camera")
        await look.sees("Looking for duplicates")
    assert [body["action"] for body in submitted(agent)] == ["report"]


async def test_hostile_names_among_duplicates_do_no_harm(agent: FakeAgent) -> None:
    with_duplicates(agent)
    names = [payload.replace("/", "") for payload in PAYLOADS]
    files = [
        {"path": f"{CAMERA}/{name}/{name}", "size": 5, "mtime": 1.7e9, "reason": name if number % 3 else ""}
        for number, name in enumerate(names)
    ]
    group = {"group": 0, "near": False, "size": 5, "keep": files[0]["path"], "why": "".join(names), "files": files}
    near = group | {"group": 1, "near": True, "files": [{**file, "taken": names[0]} for file in files]}
    agent.looks.groups[REPORT] = ([group], [near])
    async with looking(agent.socket, size=(120, 40)) as look:
        look.face.looks.duplicates("camera")
        await look.sees("1 group,", "stays")
        for keys in (("tab", "end", "space"), ("escape", "2"), ("tab", "right", "right", "space"), ("K",)):
            assert_clean(look)
            await look.press(*keys)
            await look.pilot.pause()
        assert_clean(look)


async def test_who_may_only_look_sees_the_groups_and_plans_nothing(agent: FakeAgent) -> None:
    with_duplicates(agent)
    agent.may = ["view"]
    async with looking(agent.socket) as look:
        await shown(look)
        able = {binding.action: able for binding, able in offered(look.face.screen)}
        assert not able["search"]
        await look.press("enter")
        await look.sees("You may only look here.")
        await look.press("escape")
        await look.goes("Home")
        look.face.looks.duplicates("scans")
        await look.sees("Nobody has looked for duplicates here yet")
    assert agent.acts() == []
