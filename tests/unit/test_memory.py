"""Memory that is given back, housekeeping that goes on, words for systemd."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent import retention
from agent.memory import SWOLLEN_BYTES, give_back, is_swollen
from agent.notify import notify, watchdog_pause
from core.config import Config
from core.state import StateDirectory
from tests.agents import eventually
from tests.long.load import resident

MEGABYTE = 1024 * 1024


def test_what_is_free_is_given_back_to_the_machine() -> None:
    kept = [bytes(1000) for _ in range(100_000)]
    last = kept[-1]  # at the end of what was taken: without a word, libc gives nothing before it back
    taken = resident(os.getpid())
    kept.clear()
    give_back()
    assert resident(os.getpid()) < taken - 50 * MEGABYTE
    assert last == bytes(1000)


def test_a_process_that_holds_much_is_swollen() -> None:
    held = b"x" * (SWOLLEN_BYTES + MEGABYTE)
    assert is_swollen(os.getpid()) and held
    assert not is_swollen(2**22 + 1)  # no process has that number


async def test_housekeeping_goes_on_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retention, "FIRST_SECONDS", 0)
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0.01)
    times: list[StateDirectory] = []

    def once(state: StateDirectory, config: Config, forgotten: object) -> None:
        times.append(state)
        if len(times) == 1:
            raise OSError("the disk is gone")

    monkeypatch.setattr(retention, "keep_house_once", once)
    life = asyncio.create_task(retention.keep_house(StateDirectory.beneath(tmp_path), Config, lambda id: None))
    await eventually(lambda: len(times) > 1)
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    assert "housekeeping failed" in caplog.text


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_is_told_by_path_or_by_an_abstract_name(
    tmp_path: Path, is_abstract: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"@shelver-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + address[1:] if is_abstract else address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify("READY=1", "STATUS=all \udcff well")
        assert manager.recv(4096) == b"READY=1\nSTATUS=all \\udcff well"


def test_without_a_service_manager_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("", "not a path", str(tmp_path / "nobody listens")):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify("READY=1")


@pytest.mark.parametrize(
    ("microseconds", "process", "pause"),
    [("30000000", "", 15.0), ("30000000", "1", None), ("soon", "", None), ("", "", None)],
)
def test_a_sign_of_life_is_wanted_twice_in_the_time_allowed(
    microseconds: str, process: str, pause: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.setenv("WATCHDOG_PID", process or str(os.getpid()))
    assert watchdog_pause() == pause


def test_agent_and_worker_start_without_what_only_some_work_needs() -> None:
    heavy = ("numpy", "PIL", "boto3", "textual", "pypdf")
    told = f"import sys, agent.daemon, agent.worker; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
