"""A folder that vanished, became another one or was emptied halts, until a person accepts it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.agents import AgentUnderTest, until


@pytest.fixture
def filled(agent: AgentUnderTest) -> Path:
    """A folder of twelve files that no rule moves, looked through often."""
    path = agent.home / "dl"
    path.mkdir()
    for number in range(12):
        (path / f"{number}.unknown").write_bytes(b"\x00\x01")
    agent.folder("dl", path, 'mode = "auto"', 'rescan = "1s"')
    return path


def test_a_folder_that_is_suddenly_empty_halts_until_resumed(agent: AgentUnderTest, filled: Path) -> None:
    with agent.running():
        agent.passed("dl")
        for path in filled.iterdir():
            path.unlink()
        halted = agent.until_folder("dl", "halted")
        assert "12 files" in halted["reason"]
        assert agent.get("/health").status == 503
        assert "dl" in agent.get("/health").body["reasons"][0]
        refused = agent.post("/api/v1/operations", {"kind": "organize", "folder": "dl"})
        assert (refused.status, refused.body["error"]["code"]) == (409, "brake_engaged")
        (filled / "a.txt").write_text("a")
        assert agent.post("/api/v1/folders/dl/resume").body["state"] == "watching"
        until((filled / "Documents").exists, "it is organized again")


@pytest.mark.heavy
def test_a_halt_outlives_a_restart(agent: AgentUnderTest, filled: Path) -> None:
    with agent.running():
        agent.passed("dl")
    for path in filled.iterdir():
        path.unlink()
    agent.start(wait=False)
    until(lambda: agent.state.socket.exists() and _answers(agent), "it answers")
    agent.until_folder("dl", "halted")
    assert agent.stop() == 0


def _answers(agent: AgentUnderTest) -> bool:
    try:
        return bool(agent.get("/api/v1/status").status)
    except OSError:
        return False


def test_a_folder_that_vanished_halts(agent: AgentUnderTest, filled: Path) -> None:
    with agent.running():
        agent.passed("dl")
        filled.rename(filled.with_name("elsewhere"))
        assert "no longer there" in agent.until_folder("dl", "halted")["reason"]
        assert agent.post("/api/v1/folders/dl/resume").body["state"] == "halted"  # it is still not there
        filled.with_name("elsewhere").rename(filled)
        assert agent.post("/api/v1/folders/dl/resume").body["state"] == "watching"


@pytest.mark.heavy
def test_a_folder_that_was_never_there_is_waited_for(agent: AgentUnderTest) -> None:
    agent.folder("later", agent.home / "later", 'mode = "auto"')
    with agent.running():
        assert "does not exist yet" in agent.until_folder("later", "degraded")["reason"]
        (agent.home / "later").mkdir()
        assert agent.post("/api/v1/folders/later/resume").body["state"] == "watching"


@pytest.mark.heavy
def test_a_folder_that_was_made_anew_is_watched_again(agent: AgentUnderTest, filled: Path) -> None:
    with agent.running():
        agent.passed("dl")
        shutil.copytree(filled, filled.with_name("copy"))
        filled.rename(filled.with_name("old"))
        filled.with_name("copy").rename(filled)
        agent.post("/api/v1/folders/dl/resume")  # in case the moment without it was seen
        (filled / "a.txt").write_text("a")
        until((filled / "Documents").exists, "a file in the new folder is organized")


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system needs root")
def test_a_folder_on_another_device_halts(agent: AgentUnderTest, filled: Path) -> None:
    with agent.running():
        agent.passed("dl")
        if subprocess.run(["mount", "-t", "tmpfs", "none", filled], check=False).returncode:
            pytest.skip("cannot mount here")
        try:
            assert "another device" in agent.until_folder("dl", "halted")["reason"]
        finally:
            subprocess.run(["umount", filled], check=True)
