"""The worker's keeper, with workers that misbehave: real processes, real channels."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent import supervisor as module
from agent.channel import Cancel, InUse, LeftOff
from agent.settings import Settings
from agent.supervisor import Supervisor
from core.model import Operation, Progress
from core.state import StateDirectory
from tests.agents import eventually, lives

WORKER = """#!{python}
import os, signal, socket, sys, time
arguments = sys.argv[sys.argv.index("--channel"):]
channel = socket.socket(fileno=int(arguments[1]))
def say(text):
    channel.send(text)
{act}
"""

READY = """say(b'{"type":"ready"}')
"""
TAKES = (
    READY
    + """say(b'{"type":"taken","operation":"op1"}')
"""
)
SERVES = """
while b"stop" not in (packet := channel.recv(65536)):
    if not packet:
        sys.exit(1)
"""


class Listener:
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.readies = 0
        self.deaths: list[list[str]] = []
        self.left: list[str] = []

    def worker_ready(self) -> None:
        self.readies += 1

    def changed(self, operation: Operation) -> None:
        pass

    def progressed(self, progress: Progress) -> None:
        pass

    def left_off(self, end: LeftOff) -> None:
        self.left.append(end.operation)

    def in_use(self, files: InUse) -> None:
        pass

    def worker_died(self, blamed: list[str]) -> None:
        self.deaths.append(blamed)


class Stage:
    """A supervisor whose workers do what a test wants."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.heard = Listener()
        self.program = home / "worker"
        monkeypatch.setattr(module, "LONGEST_PAUSE", 0.05)
        monkeypatch.setattr(sys, "executable", str(self.program))
        settings = Settings.of(StateDirectory.beneath(home / "s"), home / "config.toml", [], "text")
        self.supervisor = Supervisor(settings, self.heard)

    def workers(self, act: str) -> None:
        """Make the workers that start from now on."""
        fresh = self.program.with_name("worker.new")
        fresh.write_text(WORKER.format(python=_python, act=act))
        fresh.chmod(0o700)
        fresh.replace(self.program)

    def noted_pid(self) -> int:
        """Return the process id that a worker wrote down."""
        return int((self.home / "pid").read_text())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Supervisor]:
        life = asyncio.create_task(self.supervisor.run())
        try:
            yield self.supervisor
        finally:
            await self.supervisor.stop(5)
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)


_python = sys.executable


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


async def test_a_worker_that_dies_is_blamed_for_what_it_was_at_and_another_starts(stage: Stage) -> None:
    stage.workers(TAKES + "os.kill(os.getpid(), signal.SIGKILL)")
    async with stage.running() as supervisor:
        await eventually(lambda: stage.heard.deaths)
        stage.workers(READY + SERVES)
        await eventually(lambda: supervisor.is_ready)
        assert stage.heard.deaths[0] == ["op1"]
        assert supervisor.deaths == len(stage.heard.deaths) and not supervisor.running


async def test_a_worker_that_cannot_be_started_is_tried_again(stage: Stage) -> None:
    async with stage.running() as supervisor:
        await asyncio.sleep(0)
        assert supervisor.pid is None
        stage.workers(READY + SERVES)
        await eventually(lambda: supervisor.is_ready)
        assert supervisor.pid is not None and not supervisor.deaths


async def test_a_worker_that_closes_its_end_and_lives_on_is_killed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BURY_SECONDS", 0.2)
    stage.workers(
        READY + f"open({str(stage.home / 'pid')!r}, 'w').write(str(os.getpid()))\nchannel.close()\ntime.sleep(600)"
    )
    async with stage.running():
        await eventually(lambda: stage.heard.deaths)
        assert not lives(stage.noted_pid())
        stage.workers(READY + SERVES)


async def test_a_worker_that_does_not_stop_is_killed(stage: Stage) -> None:
    stage.workers(READY + "time.sleep(600)")
    life = asyncio.create_task(stage.supervisor.run())
    await eventually(lambda: stage.supervisor.is_ready)
    pid = stage.supervisor.pid
    await stage.supervisor.stop(0.1)
    assert pid is not None and not lives(pid)
    await asyncio.wait_for(life, 20)
    assert not stage.heard.deaths


async def test_a_worker_that_makes_room_is_no_death_and_what_it_had_taken_is_let_go(stage: Stage) -> None:
    stage.workers(TAKES + SERVES)
    async with stage.running() as supervisor:
        await eventually(lambda: supervisor.running)
        first = supervisor.pid
        stage.workers(READY + SERVES)
        supervisor.renew()
        await eventually(lambda: supervisor.is_ready and supervisor.pid != first)
        assert stage.heard.left == ["op1"]
        assert not stage.heard.deaths and not supervisor.is_renewing


async def test_only_a_swollen_worker_at_rest_is_renewed(stage: Stage) -> None:
    stage.workers(
        READY + "filled = bytes(100 * 1024 * 1024).replace(b'\\0', b'x')\nsay(b'{\"type\":\"ready\"}')" + SERVES
    )
    async with stage.running() as supervisor:
        await eventually(lambda: stage.heard.readies == 2)
        first = supervisor.pid
        supervisor.running["op1"] = 0.0
        supervisor.renew_if_swollen()
        assert not supervisor.is_renewing
        supervisor.running.clear()
        stage.workers(READY + SERVES)
        supervisor.renew_if_swollen()
        assert supervisor.is_renewing
        await eventually(lambda: supervisor.is_ready and supervisor.pid != first)
        supervisor.renew_if_swollen()
        assert not supervisor.is_renewing


async def test_orders_that_do_not_fit_wait_and_none_is_said_to_nobody(stage: Stage) -> None:
    stage.supervisor.tell(Cancel("op1"))  # there is no worker
    told = stage.home / "told"
    stage.workers(
        READY + f"while not os.path.exists({str(stage.home / 'listen')!r}): time.sleep(0.01)\n"
        f"heard = open({str(told)!r}, 'wb', 0)\n"
        "while b'stop' not in (packet := channel.recv(65536)):\n    heard.write(packet + b'\\n')\n"
    )
    async with stage.running() as supervisor:
        await eventually(lambda: supervisor.is_ready)
        for number in range(2000):
            supervisor.tell(Cancel(f"op{number}" + "x" * 100))
        (stage.home / "listen").write_text("")
        await eventually(lambda: told.exists() and told.read_bytes().count(b"cancel") == 2000)


async def test_a_worker_that_hangs_is_killed_and_one_that_gets_on_is_not(stage: Stage) -> None:
    stage.workers(TAKES + SERVES)
    moment = 0.0
    stage.supervisor._clock = lambda: moment
    async with stage.running() as supervisor:
        supervisor.kill_if_stalled()  # no worker yet
        await eventually(lambda: supervisor.running)
        supervisor.kill_if_stalled()
        assert supervisor.pid is not None and lives(supervisor.pid)
        moment = module.STALL_SECONDS + 1
        stage.workers(READY + SERVES)
        supervisor.kill_if_stalled()
        await eventually(lambda: stage.heard.deaths == [["op1"]])
