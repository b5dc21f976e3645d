"""The bytes on a real terminal: nothing harmful, nothing while idle, and an end when the terminal is gone."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from core.errors import UsageError
from core.model import Counts
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import CAMERA, operation
from tests.tui.hostile import hostile_steps
from tui import app
from tui import terminal as terminal_settings

PROGRAM = "import sys; from pathlib import Path; from tui.app import run; sys.exit(run(Path(sys.argv[1])))"
DEADLINE = 20.0
QUIET = 0.7
"""Seconds without a byte that count as idle: a cursor that blinks does so twice a second."""


class Terminal:
    """The far end of a pseudo-terminal with the screens in it."""

    def __init__(self, master: int, process: asyncio.subprocess.Process) -> None:
        self.master = master
        self.process = process
        self.bytes = b""
        self._came = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.master)
        self.bytes += data
        self._came.set()

    async def shows(self, text: str) -> None:
        """Wait until a text was written."""
        async with asyncio.timeout(DEADLINE):
            while text.encode() not in self.bytes:
                self._came.clear()
                await self._came.wait()

    async def rests(self) -> None:
        """Wait until nothing is written any more."""
        async with asyncio.timeout(DEADLINE):
            while await self.speaks():
                pass

    async def speaks(self) -> bool:
        """Tell whether anything is written while one would expect quiet."""
        self._came.clear()
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._came.wait(), QUIET)
        return False

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def hang_up(self) -> None:
        """Take the terminal away, as a broken connection does."""
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        self.master = -1


@asynccontextmanager
async def terminal(socket: Path, *, ignoring_hangup: bool = False) -> AsyncIterator[Terminal]:
    """Open the screens in a pseudo-terminal of 80x24, as over SSH."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "SSH_CONNECTION": "::1 1 ::1 22", "PYTHONPATH": os.getcwd()}
    program = [sys.executable, "-c", PROGRAM, str(socket)]
    if ignoring_hangup:
        program = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *program]
    process = await asyncio.create_subprocess_exec(
        *program, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    there = Terminal(master, process)
    try:
        yield there
    finally:
        if there.master >= 0:
            asyncio.get_running_loop().remove_reader(master)
        if process.returncode is None:
            process.kill()
        await process.wait()
        if there.master >= 0:
            os.close(master)


async def test_no_name_acts_on_the_terminal_and_an_idle_screen_is_silent(agent: FakeAgent) -> None:
    del agent.progress["cam2runs"], agent.operations["cam2runs"]
    agent.put(operation("hostile0", 99, counts=Counts(planned=500, done=500)), hostile_steps(500, CAMERA))
    async with terminal(agent.socket) as there:
        await there.shows("watching")
        await there.rests()
        assert not await there.speaks()
        for keys in (b"w", b"\x1b", b"\x10"):  # a line to type into, and the palette: no cursor blinks
            there.type(keys)
            await there.rests()
            assert not await there.speaks()
        there.type(b"\x1b")
        await there.rests()
        there.type(b"4")
        there.type(b"\r")
        await there.shows("of 500")
        for _ in range(12):
            there.type(b"\x1b[6~")
        await there.rests()
        there.type(b"q")
        async with asyncio.timeout(DEADLINE):
            assert await there.process.wait() == 0
        await there.shows("Shelver's agent goes on watching.")
        written = there.bytes.replace(b"\x1b]22;default\x07", b"")  # Textual's own: the shape of the pointer
        assert b"\x1b]" not in written and b"\x07" not in written  # no title, no clipboard, nothing of the kind
        text = there.bytes.decode("utf-8")
        assert not set(text) & set("\u202e\u2066\u009b\u009d\u009c\ufeff\x00\x7f\x08")


@pytest.mark.parametrize("ignoring_hangup", [False, True])
async def test_a_terminal_that_is_gone_ends_the_screens(agent: FakeAgent, ignoring_hangup: bool) -> None:
    async with terminal(agent.socket, ignoring_hangup=ignoring_hangup) as there:
        await there.shows("watching")
        there.hang_up()
        async with asyncio.timeout(DEADLINE):
            assert await there.process.wait() != 0
    assert agent.acts() == []


def test_where_there_is_no_terminal_it_says_what_works_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shelver status"):
        app.run(tmp_path / "agent.sock")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(UsageError, match="TERM=dumb"):
        app.run(tmp_path / "agent.sock")


def test_a_network_gets_few_frames_and_what_a_person_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXTUAL_FPS", "TEXTUAL_SMOOTH_SCROLL", "TEXTUAL_ANIMATIONS"):
        monkeypatch.setenv(name, "")  # so that what is set here is taken back
        monkeypatch.delenv(name)
    monkeypatch.setenv("SSH_CONNECTION", "::1 1 ::1 22")
    monkeypatch.setenv("TEXTUAL_FPS", "30")
    terminal_settings.settle("auto")
    assert (os.environ["TEXTUAL_FPS"], os.environ["TEXTUAL_SMOOTH_SCROLL"]) == ("30", "0")
    assert os.environ["TEXTUAL_ANIMATIONS"] == "none"


def test_the_last_line_says_that_the_work_goes_on() -> None:
    assert app.farewell(2, connected=True).startswith("Shelver's agent goes on: 2 operations under way.")
    assert app.farewell(0, connected=True) == "Shelver's agent goes on watching. `shelver` shows it again."
    assert "could not be reached" in app.farewell(0, connected=False)
