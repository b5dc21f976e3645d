"""The same commands while an agent runs: they go through its socket, and it does the work."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import trees
from tests.commands import PATIENCE_SECONDS, Home
from tui.commands.agent_process import AgentProcess, agent_command
from tui.commands.frame import Settings

CONFIG = """
[agent]
mode = "{mode}"
settle = "0s"

[[folder]]
name = "d"
path = "~/Downloads"
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "h")


@pytest.fixture
def agent(home: Home) -> Iterator[AgentProcess]:
    home.write_config(CONFIG.format(mode="review"))
    trees.build(home.downloads, {"a.csv": "a", "b.csv": "b"})
    with home.entered():
        process = AgentProcess(Settings())
        process.start()
    yield process
    process.stop()


def until(what: str, holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up, f"never: {what}"
        time.sleep(0.05)


def proposed(home: Home) -> bool:
    return any(each["state"] == "proposed" for each in home.run("ops", "--json").objects)


def test_look_approve_show_undo(home: Home, agent: AgentProcess) -> None:
    before = trees.read(home.downloads)
    until("a proposal", lambda: proposed(home))
    status = home.run("status", "--json")
    assert status.code == 0
    assert status.object["agent"]["pid"] == agent.pid
    assert [folder["name"] for folder in status.object["folders"]] == ["d"]
    assert [each["kind"] for each in status.object["waiting"]] == ["organize"]

    approved = home.run("approve", "last", "--json")
    assert approved.code == 0
    assert (approved.object["state"], approved.object["counts"]["done"]) == ("completed", 2)
    steps = home.run("show", "last", "--steps", "--json").objects
    assert [step["outcome"] for step in steps if step["kind"] == "move"] == ["done", "done"]
    assert len(home.run("where", "a.csv").lines) == 1

    undone = home.run("undo", "last", "--json")
    assert (undone.code, undone.object["state"]) == (0, "completed")
    assert trees.read(home.downloads) == before
    assert home.run("show", approved.object["id"], "--json").object["undone_by"] == undone.object["id"]


def test_a_person_organizes_at_once_by_name_path_and_without_waiting(home: Home, agent: AgentProcess) -> None:
    assert home.run("organize", "d", "--json").object["state"] == "completed"
    assert trees.names(home.downloads) == {b"Documents/2014/a.csv", b"Documents/2014/b.csv"}
    other = home.path / "other"
    trees.build(other, {"c.csv": "c"})
    accepted = home.run("organize", "other", "--no-wait")
    assert accepted.code == 0
    id = accepted.fields[0][0]
    until("it is done", lambda: home.run("show", id).fields[0][3] == "completed")
    assert trees.names(other) == {b"Documents/2014/c.csv"}


def test_a_preview_of_an_undo_changes_nothing(home: Home, agent: AgentProcess) -> None:
    home.run("organize", "d")
    after = trees.read(home.downloads)
    preview = home.run("undo", "last", "--dry-run", "--json").object
    assert (preview["state"], preview["preview"]["files"]) == ("proposed", 2)
    assert trees.read(home.downloads) == after


def test_previews_of_two_undos_stand_side_by_side(home: Home, agent: AgentProcess) -> None:
    for name in ("a", "b"):
        trees.build(home.path / name, {f"{name}.csv": name})
    first = home.run("organize", home.path / "a").fields[0][0]
    trees.build(home.path / "a", {"c.csv": "c"})
    second = home.run("organize", home.path / "a").fields[0][0]
    previews = home.run("undo", "--since", "1h", "--folder", home.path / "a", "--dry-run", "--json").objects
    assert [each["undo_of"] for each in previews] == [second, first]
    assert [home.run("show", each["id"], "--json").object["state"] for each in previews] == ["proposed", "proposed"]


def test_what_was_done_meanwhile_waits_no_more(home: Home, agent: AgentProcess) -> None:
    done = home.run("organize", "d").fields[0][0]
    undo = home.run("undo", done, "--dry-run", "--json").object["id"]
    assert home.run("undo", done).code == 0
    deadline = time.monotonic() + 20
    while home.run("show", undo, "--json").object["state"] != "superseded":
        assert time.monotonic() < deadline
    assert home.run("approve", undo).code == 5


def test_only_some_files_come_back(home: Home, agent: AgentProcess) -> None:
    home.run("organize", "d")
    assert home.run("undo", "--only", home.downloads / "Documents/2014/a.csv").code == 0
    assert trees.names(home.downloads) == {b"a.csv", b"Documents/2014/b.csv"}


def test_refusals_come_back_as_the_same_errors(home: Home, agent: AgentProcess) -> None:
    until("a proposal", lambda: proposed(home))
    id = home.run("ops").fields[0][0]
    assert home.run("undo", id).code == 5
    assert home.run("reject", id).code == 0
    assert home.run("approve", id).code == 5
    assert home.run("show", "zzzz").code == 2
    assert home.run("organize", home.path / "nowhere").code == 2
    assert home.run("pause", "nowhere").code == 2


def test_a_paused_folder_stays_paused_after_a_restart(home: Home, agent: AgentProcess) -> None:
    assert home.run("pause", "d").fields[0][1] == "paused"
    agent.stop()
    with home.entered():
        agent.start()
    assert home.run("status", "--json").object["folders"][0]["state"] == "paused"
    assert home.run("resume", "d").code == 0
    until("it watches", lambda: home.run("status", "--json").object["folders"][0]["state"] == "watching")


def test_ctrl_c_stops_the_watching_of_status(home: Home, agent: AgentProcess) -> None:
    with home.terminal("status", "--watch") as terminal:
        terminal.wait_for("running")
        terminal.wait_for("watching")
        terminal.interrupt()
        assert terminal.end() == 0


def test_its_log_and_socket_are_private(home: Home, agent: AgentProcess) -> None:
    assert stat.S_IMODE(agent.log.stat().st_mode) == 0o600
    levels = {each["check"]: each["level"] for each in home.run("doctor", "--json").objects}
    assert levels["agent"] == levels["state"] == "ok", home.run("doctor").out


def test_an_agent_that_cannot_start_says_why(home: Home) -> None:
    home.write_config('[agent]\nmode = "revue"\n')
    with home.entered(), pytest.raises(Exception, match="revue"):
        AgentProcess(Settings()).start()


def test_the_agent_is_never_a_module_from_where_the_user_stands(home: Home) -> None:
    for name in ("core", "agent", "tui"):
        (home.path / name).mkdir()
        (home.path / name / "__init__.py").write_text("raise SystemExit('hijacked')")
    home.write_config(CONFIG.format(mode="review"))
    with home.entered():
        agent = AgentProcess(Settings())
        agent.start()
        agent.stop()


def test_the_command_line_of_an_agent_names_everything_absolutely(home: Home) -> None:
    with home.entered():
        argv = agent_command(Settings(config=Path("c.toml"), state=Path("s")), [])
        assert argv[1:] == ["-P", "-m", "agent.main", "--config", f"{home.path}/c.toml", "--state", f"{home.path}/s"]
        ad_hoc = agent_command(Settings(config=Path("c.toml")), ["Downloads"])
        assert ad_hoc[4:] == ["--folder", os.fspath(home.downloads)]


def test_shelver_agent_runs_in_the_foreground_and_ends_on_sigterm(home: Home) -> None:
    home.write_config(CONFIG.format(mode="review"))
    with home.start("agent") as process:
        until("it answers", lambda: home.run("status").code == 0)
        assert home.run("status", "--json").object["agent"]["pid"] == process.pid
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert home.run("status").code == 3
