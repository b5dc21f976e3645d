"""Commands on a real terminal: they show the plan and ask, and no file name reaches the terminal raw."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home
from tui.commands.agent_process import AgentProcess
from tui.commands.frame import Settings

HARMFUL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|\x1b(?!\[[0-9;]*[mKHJ])|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xaa-\xae]"
)
"""Control characters; escape sequences but colours and clearing; C1, direction and zero-width marks in UTF-8."""

PROGRESS = re.compile(rb"\r[^\r\n]*?\x1b\[K")
COLOUR_OR_CLEAR = re.compile(rb"\x1b\[[0-9;]*[mKHJ]")

NAMES = [
    b"osc \x1b]52;c;SGk=\x07.csv",
    b"csi \x1b[31mred\x1b[0m.csv",
    b"c1 \xc2\x9b31m.csv",
    b"raw c1 \x9b31m.csv",
    b"line\nbreak.csv",
    b"carriage\rreturn.csv",
    "bidi \u202egnp.csv".encode(),
    b"not utf-8 \xff.csv",
    b"[/].csv",
]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_organize_shows_the_plan_and_asks_and_yes_does_it(home: Home) -> None:
    trees.build(home.downloads, {"a.csv": "a", "b.csv": "b"})
    with home.terminal("organize", "Downloads") as terminal:
        terminal.wait_for("Do it? (2 files) [Y/n]")
        assert (home.downloads / "a.csv").exists()
        assert b"a.csv" in terminal.shown and "→".encode() in terminal.shown
        terminal.type("y\n")
        assert terminal.end() == 0
    assert b"Take it back: shelver undo " in terminal.shown
    assert trees.names(home.downloads) == {b"Documents/2014/a.csv", b"Documents/2014/b.csv"}


def test_no_leaves_everything_and_no_proposal_behind(home: Home) -> None:
    trees.build(home.downloads, {"a.csv": "a"})
    with home.terminal("organize", "Downloads") as terminal:
        terminal.wait_for("[Y/n]")
        terminal.type("n\n")
        assert terminal.end() == 1
    assert b"Nothing was changed." in terminal.shown
    assert trees.names(home.downloads) == {b"a.csv"}
    assert home.run("ops").fields[0][3] == "cancelled"
    assert home.run("organize", "Downloads").code == 0  # it was no rejection: nothing is remembered against it


def test_yes_does_not_ask(home: Home) -> None:
    trees.build(home.downloads, {"a.csv": "a"})
    with home.terminal("organize", "Downloads", "--yes") as terminal:
        assert terminal.end() == 0
    assert b"[Y/n]" not in terminal.shown
    assert not (home.downloads / "a.csv").exists()


def test_where_there_is_nothing_to_do_nobody_is_asked(home: Home) -> None:
    with home.terminal("organize", "Downloads") as terminal:
        assert terminal.end() == 0
    assert b"Nothing to do" in terminal.shown and b"[Y/n]" not in terminal.shown


@pytest.mark.parametrize("colours", ["", "1"])
def test_no_color_is_honoured(colours: str, home: Home) -> None:
    trees.build(home.downloads, {"a.csv": "a"})
    home.run("organize", "Downloads")
    with home.terminal("ops", environment={"NO_COLOR": colours}) as terminal:
        assert terminal.end() == 0
    assert bool(COLOUR_OR_CLEAR.search(terminal.shown)) is not bool(colours)


def test_hostile_names_reach_no_terminal_raw(home: Home) -> None:
    trees.build(home.downloads, dict.fromkeys(NAMES, b"x"))
    hostile = home.downloads / "sub \x1b]0;title\x07"
    hostile.mkdir()
    (hostile / "a.csv").write_text("a")
    home.write_config('[[folder]]\nname = "d \\u001b[31m"\npath = "~/Downloads"\n')
    commands = [
        ["organize", "Downloads", "--dry-run"],
        ["explain", *(str(path) for path in sorted(home.downloads.glob("*.csv")))],
        ["explain", "--json", *(str(path) for path in sorted(home.downloads.glob("*.csv")))],
        ["organize", str(hostile), "--yes"],
        ["organize", "Downloads", "--yes"],
        ["show", "last"],
        ["show", "last", "--steps"],
        ["show", "last", "--steps", "--json"],
        ["ops"],
        ["ops", "--json"],
        ["status"],
        ["status", "--json"],
        ["where", "csv"],
        ["where", "\x1b", "--json"],
        ["undo", "last", "--dry-run"],
        ["undo", "last"],
        ["undo", "last", "--only", str(hostile / "a.csv")],
        ["pause"],
        ["resume"],
        ["config", "check"],
        ["config", "show"],
        ["trash", "list"],
        ["doctor"],
        ["organize", str(hostile / "\x9b\u202e nowhere")],
        ["show", "\x1b[2J"],
    ]
    must_be_harmless(home, commands)


ONE_AFTER_ANOTHER = """
import json, sys
from tui.cli import run
for line in json.loads(sys.argv[1]):
    print("$", ascii(line), flush=True)
    run(line)
"""


def must_be_harmless(home: Home, commands: list[list[str]]) -> None:
    """Run commands on one terminal and look at every byte that reached it."""
    with home.terminal(json.dumps(commands), program=("-c", ONE_AFTER_ANOTHER)) as terminal:
        assert terminal.end() == 0
    left = COLOUR_OR_CLEAR.sub(b"", PROGRESS.sub(b"", terminal.shown.replace(b"\r\n", b"\n")))
    assert left.count(b"$ [") == len(commands)
    assert b"Traceback" not in left and b"SHELVER_DEBUG" not in left, left
    harm = HARMFUL.search(left) or re.search(rb"\r", left)
    assert not harm, (harm, left[: harm.start()].rpartition(b"$ [")[2][:100])


def test_what_an_agent_says_reaches_no_terminal_raw(home: Home) -> None:
    trees.build(home.downloads, dict.fromkeys(NAMES, b"x"))
    home.write_config('[agent]\nsettle = "0s"\n[[folder]]\nname = "d \\u001b[31m"\npath = "~/Downloads"\n')
    with home.entered():
        agent = AgentProcess(Settings())
        agent.start()
    try:
        assert home.run("organize", home.downloads).code == 0
        commands = [
            ["status"],
            ["ops"],
            ["ops", "--json"],
            ["show", "last", "--steps"],
            ["show", "last", "--steps", "--json"],
            ["where", "csv"],
            ["undo", "last", "--dry-run"],
            ["undo", "last"],
            ["pause"],
            ["organize", str(home.path / "\x9b\u202e nowhere")],
        ]
        must_be_harmless(home, commands)
    finally:
        agent.stop()


def test_the_bare_command_offers_to_start_an_agent(home: Home) -> None:
    with home.terminal() as terminal:
        terminal.wait_for("No agent is running.")
        terminal.wait_for("Start one here? [Y/n]")
        terminal.type("n\n")
        assert terminal.end() == 3


def test_on_a_terminal_that_cannot_draw_screens_up_says_so(home: Home) -> None:
    with home.terminal("up", "Downloads", environment={"TERM": "dumb"}) as terminal:
        assert terminal.end() == 2
    assert b"shelver status" in terminal.shown


def test_emptying_the_trash_asks(home: Home) -> None:
    home.write_config("""
        [[folder]]
        name = "d"
        path = "~/Downloads"
        [[rule]]
        name = "old"
        match = { ext = "old" }
        action = "trash"
    """)
    trees.build(home.downloads, {"a.old": "a"})
    assert home.run("organize", "d").code == 0
    (listed,) = home.run("trash", "list", "--json").objects
    assert listed["original"] == str(home.downloads / "a.old")
    assert Path(listed["path"]).read_text() == "a"

    with home.terminal("trash", "empty") as terminal:
        assert terminal.end() == 0
    assert b"old enough" in terminal.shown
    assert home.run("trash", "empty", "--now").code == 2  # nobody can be asked
    with home.terminal("trash", "empty", "--now") as terminal:
        terminal.wait_for("Remove 1 file (1 B) for good?")
        terminal.type("n\n")
        assert terminal.end() == 1
    assert Path(listed["path"]).exists()
    assert home.run("trash", "empty", "--now", "--yes").code == 0
    assert not Path(listed["path"]).exists()
    assert home.run("trash", "list").lines == []
    told = home.run("undo", "last")
    assert told.code == 1
    assert "cannot come back" in told.err
