"""The agent's side of its worker: starts it, listens to it, starts it anew when it dies.

Belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Protocol

from agent import channel
from agent.channel import Advanced, Begin, Changed, InUse, LeftOff, Order, Ready, Report, Stop, Taken
from agent.memory import is_swollen
from agent.settings import Settings
from core.model import Operation, Progress

STALL_SECONDS = 30 * 60
"""An operation that reports no progress for so long has hung: its worker is killed."""
LONGEST_PAUSE = 30.0
"""Seconds between a death and the next start, at most; half a second at first."""
BURY_SECONDS = 5
"""How long a worker may live on that closed its end."""
STEADY_SECONDS = 60
"""A worker that lived so long starts anew at once."""

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Hears what comes from the worker."""

    def worker_ready(self) -> None:
        """The worker serves its queues: what should be running may be queued."""

    def changed(self, operation: Operation) -> None:
        """An operation has a new state."""

    def progressed(self, progress: Progress) -> None:
        """An operation got on."""

    def left_off(self, end: LeftOff) -> None:
        """The worker is done with an operation, or cannot go on with it now."""

    def in_use(self, files: InUse) -> None:
        """An operation had to leave files that a program has open."""

    def worker_died(self, blamed: list[str]) -> None:
        """The worker ended without being asked to, in the middle of these operations."""


class Supervisor:
    """Keeps one worker alive."""

    def __init__(self, settings: Settings, listener: Listener, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._listener = listener
        self._clock = clock
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = asyncio.Event()
        self._stopping = False
        self.is_renewing = False
        """Whether a worker at rest makes room for a fresh one."""
        self.running: dict[str, float] = {}
        """The operations that the worker is at, and when each last got on (by the clock)."""
        self.is_ready = False
        self.deaths = 0

    @property
    def pid(self) -> int | None:
        """The worker's process id, while there is one."""
        return self._process.pid if self._process else None

    async def run(self) -> None:
        """Start the worker, and start it anew whenever it ends, until `stop`."""
        pause = 0.5
        while not self._stopping:
            started = self._clock()
            try:
                self._start()
            except OSError as error:  # no memory, no process left: that passes
                _log.error("the worker cannot be started: %s", error.strerror)
                await asyncio.sleep(LONGEST_PAUSE)
                continue
            await self._ended.wait()
            code = await self._bury()
            if self._stopping:
                return
            blamed = list(self.running)
            self.running.clear()
            if self.is_renewing:
                self.is_renewing = False
                for id in blamed:  # taken at the last moment; the fresh worker goes on with it
                    self._listener.left_off(LeftOff(id))
                continue
            self.deaths += 1
            _log.error("the worker ended (%s); operations under way: %s", _how(code), ", ".join(blamed) or "none")
            self._listener.worker_died(blamed)
            pause = 0.5 if self._clock() - started > STEADY_SECONDS else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    def _start(self) -> None:
        """Start the process, from this thread: the kernel ends it with the thread that started it."""
        ours, theirs = channel.pair()
        argv = [sys.executable, "-P", "-m", "agent.worker"]
        argv += ["--channel", str(theirs.fileno()), "--parent", str(os.getpid())]
        try:
            with theirs:
                self._process = subprocess.Popen(argv, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        except OSError:
            ours.close()
            raise
        ours.setblocking(False)
        self._channel = ours
        self._ended.clear()
        asyncio.get_running_loop().add_reader(ours, self._hear)
        self._tell(Begin(self._settings))

    async def _bury(self) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        self.is_ready = False
        try:
            return await asyncio.to_thread(process.wait, BURY_SECONDS)
        except subprocess.TimeoutExpired:  # it closed its end but lives on
            process.kill()
            return await asyncio.to_thread(process.wait)

    # -- listening

    def _hear(self) -> None:
        assert self._channel is not None
        try:
            for report in channel.reports_in(self._channel):
                self._take(report)
        except EOFError:
            asyncio.get_running_loop().remove_reader(self._channel)
            self._channel.close()
            self._channel = None
            self._ended.set()

    def _take(self, report: Report) -> None:
        match report:
            case Ready():
                self.is_ready = True
                self._listener.worker_ready()
            case Taken(id):
                self.running[id] = self._clock()
            case Changed(operation):
                self._got_on(operation.id)
                self._listener.changed(operation)
            case Advanced(progress):
                self._got_on(progress.operation)
                self._listener.progressed(progress)
            case LeftOff(id):
                self.running.pop(id, None)
                self._listener.left_off(report)
            case InUse():
                self._listener.in_use(report)

    def _got_on(self, id: str) -> None:
        if id in self.running:
            self.running[id] = self._clock()

    # -- telling

    def tell(self, order: Order) -> None:
        """Tell the worker something, if there is one: a new one finds out by itself."""
        if self._channel is not None:
            self._tell(order)

    def _tell(self, order: Order) -> None:
        if self._channel is None:
            return
        try:
            self._channel.send(channel.encode(order))
        except BlockingIOError:
            asyncio.get_running_loop().call_later(0.1, self._tell, order)
        except OSError:
            pass  # it is dying: the end of its channel is heard in a moment

    # -- ending

    def kill_if_stalled(self) -> None:
        """Kill the worker if all that it is at hangs.

        While any operation gets on, one that does not may be waiting for a folder that the other holds.
        """
        if not self.running or self._process is None:
            return
        now = self._clock()
        if now - max(self.running.values()) > STALL_SECONDS:
            _log.error("no progress for %d minutes: %s", STALL_SECONDS // 60, ", ".join(self.running))
            self._process.kill()

    def renew_if_swollen(self) -> None:
        """Let a worker at rest that a large operation left swollen make room for a fresh one."""
        if self._process is not None and self.is_ready and not self.running and is_swollen(self._process.pid):
            _log.info("the worker is renewed: it gives its memory back")
            self.renew()

    def renew(self) -> None:
        """Let the worker make room for a fresh one; what it is at goes on there."""
        self.is_renewing = self._channel is not None
        self.tell(Stop())

    async def stop(self, seconds: float) -> None:
        """Let the worker come to the end of its files; kill it if that takes too long."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        self.tell(Stop())
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            _log.warning("the worker did not stop in %d seconds and is killed; its operations resume", seconds)
            process.kill()
        await asyncio.to_thread(process.wait)


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
