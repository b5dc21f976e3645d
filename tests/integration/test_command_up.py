"""`shelver up` and the bare `shelver`: agent and screens in one terminal, and what stays when one leaves."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home
from tui.commands.agent_process import AgentProcess
from tui.commands.frame import Settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "h")
    trees.build(made.downloads, {"a.csv": "a"})
    return made


def test_up_with_a_folder_needs_no_config_and_moves_nothing(home: Home) -> None:
    with home.terminal("up", "Downloads") as terminal:
        terminal.wait_for("watching")
        terminal.type("q")
        terminal.wait_for("Keep the agent running, or stop it?")
        assert b"goes on" not in terminal.shown  # that is what is asked
        assert home.run("status").code == 0
        terminal.type("stop\n")
        assert terminal.end() == 0
    assert home.run("status").code == 3
    assert (home.downloads / "a.csv").exists()
    assert not home.config.exists()


def test_the_agent_can_stay_and_the_bare_command_shows_it(home: Home) -> None:
    with home.terminal("up", "Downloads") as terminal:
        terminal.wait_for("watching")
        terminal.type("q")
        terminal.wait_for("Keep the agent running, or stop it?")
        terminal.type("\n")
        assert terminal.end() == 0
    pid = home.run("status", "--json").object["agent"]["pid"]
    try:
        assert f"pid {pid}".encode() in terminal.shown
        with home.terminal() as screens:
            screens.wait_for("watching")
            screens.type("q")
            assert screens.end() == 0
        assert home.run("status").code == 0
    finally:
        os.kill(pid, signal.SIGTERM)


def test_up_of_what_the_config_does_not_hold_is_refused(home: Home) -> None:
    home.write_config('[[folder]]\nname = "other"\npath = "~/Other"\n')
    with home.terminal("up", "Downloads") as terminal:
        assert terminal.end() == 2
    assert b"has no folder Downloads" in terminal.shown
    assert home.run("status").code == 3


def test_up_beside_a_running_agent_only_opens_the_screens(home: Home) -> None:
    with home.entered():
        agent = AgentProcess(Settings(), ["Downloads"])
        agent.start()
    try:
        with home.terminal("up") as terminal:
            terminal.wait_for("watching")
            terminal.type("q")
            assert terminal.end() == 0
        assert b"Keep the agent" not in terminal.shown
        assert home.run("status", "--json").object["agent"]["pid"] == agent.pid
    finally:
        agent.stop()


def test_off_a_terminal_up_says_what_to_do_instead(home: Home) -> None:
    told = home.run("up", "Downloads")
    assert told.code == 2
    assert "terminal" in told.err
