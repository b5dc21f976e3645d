"""Keys of a person's own."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from core.errors import UsageError
from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import looking
from tui.keymap import keymap
from tui.outfit import Outfit
from tui.screens.help import sections
from tui.widgets.board import Board
from tui.widgets.key_bar import offered

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


def test_two_may_change_places() -> None:
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
