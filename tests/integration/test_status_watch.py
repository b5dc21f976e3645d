"""`status --watch` beside a real agent, and `shelver` where no screens can be drawn: plain lines, and only news."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home
from tui.commands.agent_process import AgentProcess
from tui.commands.frame import Settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.write_config('[agent]\nsettle = "0s"\n[[folder]]\nname = "d"\npath = "~/Downloads"\n')
    trees.build(home.downloads, {"a.csv": "a", "b \x1b[2J.csv": "b"})
    return home


@pytest.fixture
def agent(home: Home) -> Iterator[AgentProcess]:
    with home.entered():
        process = AgentProcess(Settings())
        process.start()
    yield process
    process.stop()


def lines_until(process: subprocess.Popen[bytes], text: str) -> list[str]:
    """Read what a command prints, up to a line that holds a text."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or text not in lines[-1]:
        line = process.stdout.readline().decode()
        assert line, lines
        lines.append(line.rstrip("\n"))
    return lines


def test_it_goes_on_with_a_line_for_each_thing_that_changes(home: Home, agent: AgentProcess) -> None:
    with home.start("status", "--watch") as watching:
        lines_until(watching, "organize")  # the proposal, at once or as news
        home.run("approve", "last")
        home.run("pause", "d")
        news = lines_until(watching, "folder d is paused")
        agent.stop()
        news += lines_until(watching, "no agent is running any more")
        with home.entered():
            agent.start()
        news += lines_until(watching, "the agent is running")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0
    assert any("done, 2 moved" in line for line in news)
    assert all(re.match(r"\d\d:\d\d:\d\d\t", line) for line in news if "folder d is" in line or "agent is" in line)
    assert len([line for line in news if "paused" in line]) == 1
    assert not any("\x1b" in line for line in news)


def test_as_json_it_is_all_of_it_again_for_each_change(home: Home, agent: AgentProcess) -> None:
    with home.start("status", "--watch", "--json") as watching:
        lines_until(watching, '"state":"proposed"')
        home.run("pause", "d")
        (line,) = lines_until(watching, '"state":"paused"')[-1:]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0
    assert line.startswith("{") and line.endswith("}")


def test_where_no_screens_can_be_drawn_the_same_is_told_in_plain_lines(home: Home, agent: AgentProcess) -> None:
    piped = home.process()
    assert piped.code == 0
    assert piped.lines[0].startswith("agent\trunning")
    with home.terminal(environment={"TERM": "dumb"}) as terminal:
        assert terminal.end() == 0
    assert b"agent" in terminal.shown and b"watching" in terminal.shown and b"\x1b" not in terminal.shown


def test_without_an_agent_plain_lines_end_with_three(home: Home) -> None:
    told = home.process()
    assert told.code == 3
    assert told.lines[0] == "agent\tnot running"
