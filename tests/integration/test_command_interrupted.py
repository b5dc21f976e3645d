"""Ctrl-C and death in the middle of a one-shot command: what was begun can go on, and is finished first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.model import Progress
from tests import trees
from tests.commands import Home
from tui.commands.folders import place
from tui.commands.frame import Settings
from tui.commands.reaching import open_desk

FILES: trees.Tree = {f"{number}.csv": f"{number}" for number in range(600)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    trees.build(made.downloads, FILES)
    return made


def _interrupt(progress: Progress) -> None:
    if progress.phase == "executing":
        os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_leaves_an_operation_that_goes_on(home: Home) -> None:
    with home.entered(), open_desk(Settings(), to_act=True) as desk:
        operation = desk.submit("organize", place(desk, "Downloads"))
        stopped = desk.finish(operation.id, _interrupt)
    assert stopped.state == "interrupted"
    waiting = [name for name in trees.names(home.downloads) if b"/" not in name]
    assert waiting, "it was over before it was interrupted"

    assert home.run("ops", "--json").objects[0]["state"] == "interrupted"
    went_on = home.run("approve", "last", "--json")
    assert went_on.code == 0
    assert went_on.object["counts"]["done"] == len(FILES)
    assert home.run("undo", "last").code == 0
    assert trees.names(home.downloads) == {os.fsencode(name) for name in FILES}


def test_ctrl_c_while_planning_goes_on_too(home: Home) -> None:
    def interrupt(progress: Progress) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with home.entered(), open_desk(Settings(), to_act=True) as desk:
        stopped = desk.finish(desk.submit("organize", place(desk, "Downloads")).id, interrupt)
    assert stopped.state == "interrupted"
    assert trees.names(home.downloads) == {os.fsencode(name) for name in FILES}
    went_on = home.run("approve", "last", "--json")
    assert went_on.code == 0, went_on.err
    assert went_on.object["counts"]["done"] == len(FILES)


def test_ctrl_c_while_it_waits_at_a_question_leaves_the_proposal(home: Home) -> None:
    with home.terminal("organize", "Downloads") as terminal:
        terminal.wait_for_question("[Y/n]")
        terminal.interrupt()
        assert terminal.end() == 130
    assert b"It still waits for you: shelver approve " in terminal.shown
    (operation,) = home.run("ops", "--json").objects
    assert operation["state"] == "proposed"
    assert home.run("approve", "last").code == 0


def test_an_interrupted_operation_can_be_taken_back_instead(home: Home) -> None:
    before = trees.read(home.downloads)
    with home.entered(), open_desk(Settings(), to_act=True) as desk:
        desk.finish(desk.submit("organize", place(desk, "Downloads")).id, _interrupt)
    assert home.run("undo", home.run("ops").fields[0][0]).code == 0
    assert trees.read(home.downloads) == before


DIE = """
import os
from tui.commands.reaching import open_desk
from tui.commands.folders import place
from tui.commands.frame import Settings

def die(progress):
    if progress.phase == "executing":
        os._exit(9)

with open_desk(Settings(), to_act=True) as desk:
    desk.finish(desk.submit("organize", place(desk, "Downloads")).id, die)
"""


def test_the_next_command_first_finishes_what_a_death_cut_off(home: Home) -> None:
    died = subprocess.run([sys.executable, "-P", "-c", DIE], env=home.environment, cwd=home.path, check=False)
    assert died.returncode == 9
    assert home.run("ops", "--json").objects[0]["state"] == "running"
    other = home.path / "other"
    trees.build(other, {"a.csv": "a"})
    assert home.run("organize", "other").code == 0
    newest, cut_off = home.run("ops", "--json").objects
    assert newest["folder"].endswith("other")
    assert (cut_off["state"], cut_off["counts"]["done"]) == ("completed", len(FILES))


def test_what_cannot_be_finished_stands_in_nobodys_way(home: Home) -> None:
    subprocess.run([sys.executable, "-P", "-c", DIE], env=home.environment, cwd=home.path, check=False)
    id = home.run("ops", "--json").objects[0]["id"]
    plan = home.state / "operations" / id / "plan"
    plan.write_bytes(plan.read_bytes()[:-20] + b"\xff" + plan.read_bytes()[-19:])
    trees.build(home.path / "other", {"a.csv": "a"})
    told = home.run("organize", "other")
    assert told.code == 0
    assert "could not be finished" in told.err and id in told.err


def test_a_lost_catalog_is_made_anew_from_plans_and_journals(home: Home) -> None:
    home.run("organize", "Downloads")
    home.run("undo", "last")
    before = home.run("ops", "--json").objects
    for path in home.state.glob("catalog*"):
        path.unlink()
    assert home.run("doctor").code == 1
    assert home.run("doctor", "--rebuild").code in (0, 1)
    assert home.run("doctor", "--json").code == 0
    assert [_told_again(each) for each in home.run("ops", "--json").objects] == [_told_again(each) for each in before]


def _told_again(operation: dict[str, object]) -> dict[str, object]:
    """Return what must be the same after a rebuild: all but the fraction of a second."""
    return {name: str(value)[:16] if name in ("started", "finished") else value for name, value in operation.items()}


def test_a_damaged_catalog_is_told_and_not_overwritten_by_looking(home: Home) -> None:
    home.run("organize", "Downloads")
    for path in home.state.glob("catalog*"):
        path.write_bytes(path.read_bytes()[:40])
    damaged = {path: path.read_bytes() for path in home.state.glob("catalog*")}
    told = home.run("ops")
    assert told.code == 1
    assert "doctor --rebuild" in told.err
    assert {path: path.read_bytes() for path in home.state.glob("catalog*")} == damaged
    levels = {each["check"]: each["level"] for each in home.run("doctor", "--json").objects}
    assert levels["catalog"] == "problem"
    home.run("doctor", "--rebuild")
    assert home.run("ops", "--json").objects[0]["state"] == "completed"


def test_doctor_finds_torn_and_damaged_journals_and_changes_nothing(home: Home) -> None:
    id = json.loads(home.run("organize", "Downloads", "--json").out)["id"]
    journal = home.state / "operations" / id / "journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b"\x20\x00\x00\x00torn")
    told = {each["check"]: each for each in home.run("doctor", "--json").objects}
    assert told[f"operation {id}"]["level"] == "note"
    assert "tore the last 8 bytes" in told[f"operation {id}"]["message"]
    assert journal.read_bytes() == whole + b"\x20\x00\x00\x00torn"

    journal.write_bytes(whole[:20] + b"\xff" + whole[21:])
    told = {each["check"]: each for each in home.run("doctor", "--json").objects}
    assert told[f"operation {id}"]["level"] == "problem"
