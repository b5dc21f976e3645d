"""Keys of a person's own."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from string import ascii_letters

import pytest
from textual.widgets import Input

from core.errors import UsageError
from tests.tui.copies_server import with_duplicates
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import mixed_operation
from tests.tui.looking import Look, looking
from tests.tui.pair_server import with_pair
from tui.keymap import every_place, keymap
from tui.keys import USUAL
from tui.outfit import Outfit
from tui.screens.duplicates import GroupList
from tui.screens.help import sections
from tui.widgets.board import Board
from tui.widgets.key_bar import offered

Scene = Callable[[Look], Awaitable[None]]

TAKEN_ELSEWHERE = frozenset(
    f"ctrl+{letter}" for letter in "abhijmoqsz"
)  # tmux, screen, flow control, suspension, and what a terminal cannot tell from tab, enter and backspace


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"undoo": "U"}, 'nothing is called "undoo"; did you mean "undo"?'),
        ({"xyzzy": "U"}, 'nothing is called "xyzzy"; `?` shows the names'),
        ({"undo": "hyper+u"}, 'undo: no key is called "hyper+u"'),
        ({"undo": "f99"}, 'undo: no key is called "f99"'),
        ({"undo": ""}, 'undo: no key is called ""'),
        ({"undo": "U,,x"}, 'undo: no key is called ""'),
        ({"undo": "o"}, 'undo: in Home, "o" is already "organize"'),
        ({"undo": "j"}, 'undo: in Home, "j" is already "next line"'),
        ({"undo": "ctrl+l"}, 'undo: in Home, "ctrl+l" is already "draw again"'),
        ({"undo": "?"}, 'undo: in Home, "question_mark" is already "help"'),
        ({"undo": "U", "organize": "U"}, 'undo: in Home, "U" is already "organize"'),
        ({"undo": "\x1b[2J"}, 'no key is called "\\x1b[2J"'),
    ],
)
def test_mistakes_are_told_and_not_guessed_about(wanted: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        keymap(wanted)
    assert told in str(caught.value)


def test_every_mistake_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        keymap({"undoo": "U", "organise": "O", "where": "f99"})
    assert len(str(caught.value).splitlines()) == 3


def test_two_may_changeevery_place() -> None:
    wanted = {"to the folders": "2", "to what runs": "1"}
    assert keymap(wanted) == wanted


async def test_what_is_rebound_does_what_it_did_and_is_told_so(agent: FakeAgent) -> None:
    keys = keymap({"where": "f5,?", "help": "f6", "next line": "f7", "palette": "f9", "pause": "f8"})
    async with looking(agent.socket, outfit=Outfit(keys=keys)) as look:
        names = {binding.description: binding.key for binding, _ in offered(look.face.screen)}
        assert (names["where"], names["help"], names["resume"]) == ("f5", "f6", "P")
        deeds = {deed.said: deed.keys for part in sections(look.face.screen).values() for deed in part}
        assert (deeds["where"], deeds["next line"], deeds["palette"]) == (["F5", "?"], ["F7"], ["F9"])
        cursor = look.one(Board).cursor
        await look.press("j", "w", "down", "ctrl+p")
        assert (look.place, look.one(Board).cursor) == ("Home", cursor)
        await look.press("f7")
        assert look.one(Board).cursor == cursor + 1
        await look.press("f8")
        await look.until(agent.acts)
        await look.until(lambda: "paused" in look.line_with("~/Camera"))
        await look.press("P")  # what shared its key with it still has it
        await look.until(lambda: "watching" in look.line_with("~/Camera"))
        await look.press("question_mark")
        await look.goes("Where")
        await look.press("escape", "f9")
        await look.goes("CommandPalette")


async def test_no_key_is_one_that_tmux_or_a_terminal_takes(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        for keys in ((), ("l",), ("escape", "4", "enter"), ("escape", "w")):
            await look.press(*keys)
            bindings = look.face.screen.active_bindings.items()
            ours = {key for key, active in bindings if not isinstance(active.node, Input)}  # which is as a shell's line
            assert not ours & TAKEN_ELSEWHERE, look.place


# -- keys that texts speak of ----------------------------------------------------------------------------


def test_a_text_that_speaks_of_a_key_speaks_of_one_that_does_it() -> None:
    bound: dict[str, set[str]] = {}
    for place in every_place():
        for name, key in place.bindings:
            bound.setdefault(name, set()).add(key)
    for name, key in USUAL.items():
        assert key in bound[name], name


OWN = keymap({name: f"alt+{letter}" for name, letter in zip(USUAL, ascii_letters, strict=False)})
"""Other keys for all that a text speaks of."""


async def newcomer(look: Look) -> None:
    await look.sees("Nothing is watched yet.")


async def add(look: Look) -> None:
    look.face.acts.add_folder()
    await look.goes("AddFolder")


async def looked_into(look: Look) -> None:
    await add(look)
    await look.types("~/Mess")
    await look.press(OWN["take the path"])
    await look.goes("TryFolder")
    await look.sees("New files:")


async def undo(look: Look) -> None:
    look.face.acts.show_undo(look.face.live.operations["cam0big0"])
    await look.goes("Undo")
    await look.sees("Where a place is taken")


async def undo_of_a_part(look: Look) -> None:
    await undo(look)
    await look.press(OWN["mark a part of it first"])
    await look.goes("OperationScreen")
    await look.sees("marks a file")


async def one_operation(look: Look) -> None:
    look.face.show_operation(look.face.live.operations["mixed000"])
    await look.sees("scan (3).pdf")


async def step(look: Look) -> None:
    await one_operation(look)
    await look.press(OWN["open"])
    await look.goes("StepDetail")


async def operations(look: Look) -> None:
    look.face.show_operations()
    await look.goes("Operations")
    await look.sees("the disk is not mounted")
    await look.press("G", "up", "up")
    await look.sees("opens it:")


async def copies(look: Look) -> None:
    look.face.looks.duplicates("camera")
    await look.sees("212 groups")


async def alike(look: Look) -> None:
    await copies(look)
    await look.press(OWN["alike"])
    await look.sees("1 of 14")
    look.one(GroupList).action_open()
    await look.sees("First choose")


async def policies(look: Look) -> None:
    await copies(look)
    await look.press(OWN["policy"])
    await look.goes("KeepPolicy")


async def pair(look: Look) -> None:
    look.face.looks.folder("scans")
    await look.sees("settles th")


async def help_(look: Look) -> None:
    await look.press(OWN["help"])
    await look.goes("Help")


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        (newcomer, {"add folder": "adds a folder", "undo": "takes back", "help": "shows every key"}),
        (add, {"complete the path": "complete", "take the path": "look", "cancel": "cancel"}),
        (looked_into, {"ask before it moves, or move by itself": "ask first", "other button": "other button"}),
        (
            undo,
            {
                "restore under a number where the place is taken": "restore as",
                "skip where the place is taken": "skip it",
                "mark a part of it first": "mark files",
                "choose": "choose",
                "cancel": "cancel",
            },
        ),
        (undo_of_a_part, {"mark": "marks a file", "mark the folder": "its"}),
        (one_operation, {"outcome": "shows the 1 that failed", "undo": "takes back the 5"}),
        (step, {"copy the path": "copy path", "cancel": "close"}),
        (operations, {"open": "opens it:", "approve": "tries what is left"}),
        (copies, {"exact": "exact 212", "alike": "alike 14"}),
        (alike, {"keep this": "or", "policy": "for all of them"}),
        (pair, {"conflicts": "settles"}),
        (policies, {"open": "choose", "cancel": "cancel"}),
        (help_, {"filter": "find", "open": "do it", "cancel": "close"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_texts_speak_of_a_persons_own_keys(tmp_path: Path, scene: Scene, told: dict[str, str]) -> None:
    agent = FakeAgent(tmp_path / "agent.sock")
    if scene is not newcomer:
        agent = with_pair(tmp_path / "agent.sock")
        with_duplicates(agent)
        mixed_operation(agent)
    async with agent, looking(agent.socket, outfit=Outfit(keys=OWN)) as look:
        await scene(look)
        words = " ".join(look.text.split())
        for name, said in told.items():
            assert re.search(rf"{re.escape(OWN[name])},? {re.escape(said)}", words), (name, look.text)
