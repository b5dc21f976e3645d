"""The agent's process: one at a time, ended cleanly, its config read again, its words to systemd and the log."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.agents import AgentUnderTest, until


def test_it_ends_cleanly(agent: AgentUnderTest, downloads: Path) -> None:
    agent.start()
    worker = agent.worker_pid()
    assert agent.stop() == 0
    assert not agent.state.socket.exists()
    assert not Path(f"/proc/{worker}").exists()
    assert "Traceback" not in agent.log.read_text()


def test_a_second_one_waits_for_the_first(agent: AgentUnderTest, tmp_path: Path) -> None:
    second = AgentUnderTest(tmp_path)
    with agent.running():
        second.start(wait=False)
        until(lambda: "waiting for another Shelver process" in second.log.read_text(), "it waits")
        assert second.process is not None and agent.process is not None
        assert second.get("/api/v1/status").body["agent"]["pid"] == agent.process.pid
    until(second.is_well, "it takes over")
    assert second.get("/api/v1/status").body["agent"]["pid"] == second.process.pid
    assert second.stop() == 0


@pytest.mark.heavy
def test_the_socket_of_a_dead_agent_is_replaced(agent: AgentUnderTest) -> None:
    agent.start()
    agent.kill()
    assert agent.state.socket.exists()
    with agent.running():
        assert agent.get("/health").status == 200


def test_a_socket_that_somebody_answers_on_is_left_alone(agent: AgentUnderTest) -> None:
    agent.state.prepare()
    with socket.socket(socket.AF_UNIX) as somebody:
        somebody.bind(str(agent.state.socket))
        somebody.listen()
        agent.start(wait=False)
        assert agent.process is not None
        assert agent.process.wait(20) == 2
        assert agent.state.socket.exists()
    assert "another agent" in agent.log.read_text()


def test_at_its_end_an_agent_removes_its_own_socket_only(agent: AgentUnderTest) -> None:
    with agent.running():
        pass
    assert not agent.state.socket.exists()
    with socket.socket(socket.AF_UNIX) as somebody:
        with agent.running():
            agent.state.socket.unlink()
            somebody.bind(str(agent.state.socket))
        assert agent.state.socket.exists()


def test_a_config_with_mistakes_is_told_at_the_start(agent: AgentUnderTest) -> None:
    agent.head('mode = "yolo"')
    agent.start(wait=False)
    assert agent.process is not None
    assert agent.process.wait(20) == 2
    assert "mode" in agent.log.read_text()


def test_the_config_is_read_again(agent: AgentUnderTest, downloads: Path) -> None:
    with agent.running():
        agent.passed("dl")
        assert agent.process is not None
        good = agent.config.read_text()
        agent.config.write_text(good + "[agent\n")
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: agent.get("/health").status == 503, "it says that the config has mistakes")
        assert "config" in agent.get("/health").body["reasons"][0]
        assert agent.folder_status("dl")["state"] == "watching"
        (agent.home / "more").mkdir()
        agent.config.write_text(good)
        agent.folder("more", agent.home / "more", 'mode = "auto"')
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: len(agent.get("/api/v1/folders").body["folders"]) == 2, "the new folder is watched")
        agent.passed("more")
        (agent.home / "more/a.txt").write_text("a")
        until((agent.home / "more/Documents").exists, "the worker knows the new config too")
        assert agent.get("/health").status == 200


@contextmanager
def service_manager(path: Path) -> Iterator[socket.socket]:
    """Listen as systemd would."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(20)
        yield manager


def said(manager: socket.socket, wanted: str) -> str:
    """Wait until the agent says something, and return all of that message."""
    while wanted not in (message := manager.recv(4096).decode()).split("\n"):
        pass
    return message


def test_it_tells_systemd(agent: AgentUnderTest, downloads: Path) -> None:
    with service_manager(agent.home / "notify") as manager:
        agent.environment = {"NOTIFY_SOCKET": str(agent.home / "notify"), "WATCHDOG_USEC": "200000"}
        agent.start()
        assert "STATUS=1 folders" in said(manager, "READY=1")
        said(manager, "WATCHDOG=1")
        said(manager, "WATCHDOG=1")
        assert agent.stop() == 0
        said(manager, "STOPPING=1")


@pytest.mark.heavy
def test_a_service_manager_that_reads_nothing_holds_nobody_up(agent: AgentUnderTest, downloads: Path) -> None:
    place = agent.home / "notify"
    with service_manager(place), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        agent.environment = {"NOTIFY_SOCKET": str(place), "WATCHDOG_USEC": "20000"}
        agent.start()
        other.connect(str(place))
        until(lambda: not _takes_more(other), "it has as many messages as fit")
        for _ in range(20):
            assert agent.get("/health").status == 200
        assert agent.stop() == 0


def _takes_more(manager: socket.socket) -> bool:
    try:
        manager.send(b"STATUS=x", socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    return True


@pytest.mark.heavy
def test_logs_are_what_was_asked_for(agent: AgentUnderTest) -> None:
    with agent.running(arguments=("--log-format", "json")):
        pass
    lines = [json.loads(line) for line in agent.log.read_text().splitlines()]
    assert {"time", "level", "process", "message"} <= lines[0].keys()
    agent.log.unlink()
    with agent.running(arguments=("--log-format", "journal")):
        pass
    assert all(line.startswith("<6>agent: ") for line in agent.log.read_text().splitlines())


@pytest.mark.heavy
def test_folders_without_a_config_are_served_in_review_mode(agent: AgentUnderTest) -> None:
    folder = agent.home / "messy"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    agent.config.unlink()
    agent.environment = {"XDG_CONFIG_HOME": str(agent.home / "none")}
    agent.start(wait=False, arguments=("--folder", str(folder)))
    until(agent.is_well, "it is well")
    assert agent.newest("proposed")["counts"]["planned"] == 1
    assert agent.folder_status("messy")["mode"] == "review"
    assert agent.stop() == 0


@pytest.mark.heavy
def test_the_notify_command_is_told(agent: AgentUnderTest) -> None:
    folder, heard = agent.home / "dl", agent.home / "heard"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    script = agent.home / "tell.sh"
    script.write_text(f'#!/bin/sh\nprintf "%s|%s" "$SHELVER_NEWS" "$1" > {heard}.new && mv {heard}.new {heard}\n')
    script.chmod(0o700)
    agent.folder("dl", folder)
    agent.config.write_text(agent.config.read_text() + f'[notify]\ncommand = ["{script}"]\n')
    with agent.running():
        until(heard.exists, "the command is started")
        news, _, text = heard.read_text().partition("|")
        assert news == "proposed" and "1 files" in text


@pytest.mark.heavy
def test_the_worker_is_the_first_to_go_when_memory_runs_out(agent: AgentUnderTest) -> None:
    with agent.running():
        assert agent.process is not None
        scores = [
            int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in (agent.worker_pid(), agent.process.pid)
        ]
        assert scores[0] > scores[1]
        assert os.getpgid(agent.worker_pid()) == os.getpgid(agent.process.pid)
