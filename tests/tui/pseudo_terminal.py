"""The screens on a pseudo-terminal: the bytes that reach it, the keys that leave it, and what befalls it."""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.tui.emulated import Emulated

PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from tui.app import run
from tui.commands.frame import Look
from tui.surroundings import Surroundings
here = replace(Surroundings.real(), beat=float(sys.argv[2]))
Surroundings.real = classmethod(lambda cls: here)
sys.exit(run(Path(sys.argv[1]), Look(mouse=sys.argv[3] == "mouse")))
"""
DEADLINE = 20.0
QUIET = 0.7
"""Seconds without a byte that count as idle: a cursor that blinks does so twice a second."""


class PseudoTerminal:
    """The far end of a pseudo-terminal with the screens in it."""

    def __init__(self, master: int, process: asyncio.subprocess.Process, size: tuple[int, int]) -> None:
        self.master = master
        self.process = process
        self.bytes = b""
        self.screen = Emulated(*size)
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._came = asyncio.Event()
        self._odd: AssertionError | None = None
        self._reading = False
        self.read()

    # -- what reaches it

    def read(self) -> None:
        """Take what is written from now on."""
        self._reading = True
        asyncio.get_running_loop().add_reader(self.master, self._take)

    def stall(self) -> None:
        """Take nothing any more, as a connection that hangs."""
        self._reading = False
        asyncio.get_running_loop().remove_reader(self.master)

    def _take(self) -> None:
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            self.stall()
        self.arrived(data)

    def arrived(self, data: bytes) -> None:
        """Take what was written into account."""
        self.bytes += data
        try:
            self.screen.take(self._decode(data))
        except AssertionError as error:
            self._odd = error
        self._came.set()

    async def shows(self, *texts: str) -> None:
        """Wait until all of these texts are seen."""
        await self._until(lambda: all(text in self.screen.text for text in texts), texts)

    async def gets(self, *sequences: str, since: int = 0) -> None:
        """Wait until all of these were written; `since`: how many bytes there were before."""
        await self._until(lambda: all(each.encode() in self.bytes[since:] for each in sequences), sequences)

    async def _until(self, holds: Callable[[], bool], what: object) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not holds():
                    if self._odd is not None:
                        raise self._odd
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"not seen: {what!r}; there is\n{self.screen.text}") from None

    async def rests(self) -> None:
        """Wait until nothing is written any more."""
        async with asyncio.timeout(DEADLINE):
            while await self.speaks():
                pass

    async def speaks(self, seconds: float = QUIET) -> bool:
        """Tell whether anything is written while one would expect quiet."""
        self._came.clear()
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._came.wait(), seconds)
        return False

    async def ends(self) -> int:
        """Wait for the end of the screens, and return their exit code."""
        async with asyncio.timeout(DEADLINE):
            return await self.process.wait()

    # -- what leaves it

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    async def answers(self, keys: bytes, *texts: str) -> int:
        """Press keys, wait for what they bring and for quiet; return how many bytes it took."""
        before = len(self.bytes)
        self.type(keys)
        await self.speaks(DEADLINE)
        await self.rests()
        await self.shows(*texts)
        return len(self.bytes) - before

    def resize(self, columns: int, rows: int) -> None:
        """Be another size; the kernel tells the screens."""
        self.screen.resize(columns, rows)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Take the terminal away, as a broken connection does."""
        self.stall()
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if self.master >= 0:
            self.hang_up()


@asynccontextmanager
async def terminal(
    socket: Path,
    *,
    size: tuple[int, int] = (80, 24),
    kind: type[PseudoTerminal] = PseudoTerminal,
    beat: float = 0.5,
    mouse: bool = True,
    environment: Mapping[str, str] = {},
    through: Sequence[str] = (),
) -> AsyncIterator[PseudoTerminal]:
    """Open the screens in a pseudo-terminal, as over SSH; `through`: a program that starts them."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    around = {**os.environ, "TERM": "xterm-256color", "SSH_CONNECTION": "::1 1 ::1 22", "PYTHONPATH": os.getcwd()}
    program = [*through, sys.executable, "-c", PROGRAM, str(socket), str(beat), "mouse" if mouse else "none"]
    process = await asyncio.create_subprocess_exec(
        *program, stdin=slave, stdout=slave, stderr=slave, env={**around, **environment}, start_new_session=True
    )
    os.close(slave)
    there = kind(master, process, size)
    try:
        yield there
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        there.close()
