"""The pool of decoders: children that parse hostile bytes in the worker's stead.

A child that takes longer than `SECONDS` for one file, dies, or answers nonsense is killed and replaced; it costs the
facts it was asked for, of the one file it was at.
"""

from __future__ import annotations

import errno
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from core.errors import FactUnavailable
from core.facts.families import FAMILIES
from core.facts.wire import MOST_JOBS, Job, Value, receive_answer, send_jobs

SECONDS = 5.0
"""For one look at one file, on the wall's clock."""

_START_SECONDS = 60.0  # a small machine with a cold disk takes its time to load libraries
_TRIES = 3
_TOO_LONG = "reading it took too long"
_FATAL = "it made its decoder fail"
_UNREADABLE = "it cannot be read"


@dataclass(frozen=True, eq=False)
class Look:
    """One look at one file: the job, how to open the file, and where the answer goes.

    The answer is FactUnavailable if the file made the decoder fail, OSError if it could not be opened.
    """

    job: Job
    open: Callable[[], int]
    answer: Future[dict[str, Value]] = field(default_factory=Future)


class DecoderPool:
    """Decoders that start when first needed and end with `close`. Thread-safe.

    `libraries`: modules that each loads before its limits begin.
    """

    def __init__(self, size: int = 2, seconds: float = SECONDS, libraries: tuple[str, ...] = ()) -> None:
        self._size = size
        self._seconds = seconds
        self._libraries = libraries
        self._looks: queue.SimpleQueue[Look | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def submit(self, look: Look) -> Future[dict[str, Value]]:
        """Have a file looked at; the future is the look's own."""
        with self._lock:
            if len(self._threads) < self._size and self._looks.qsize() >= len(self._threads):
                self._threads.append(threading.Thread(target=self._serve, name="decoder", daemon=True))
                self._threads[-1].start()
        self._looks.put(look)
        return look.answer

    def close(self) -> None:
        """End every child, each after the one look it is at. What else was asked for is answered with OSError."""
        self._closed.set()
        with self._lock:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._looks.put(None)
        for thread in threads:
            thread.join()

    def _serve(self) -> None:
        """One decoder's life. The thread outlives its children, which die with the thread that started them."""
        with _Child(self._seconds, self._libraries, self._closed) as child:
            while looks := self._next():
                child.look_at(looks)

    def _next(self) -> list[Look]:
        """Return what waits, in a batch that leaves the other decoders their share; nothing at the end."""
        first = self._looks.get()
        if first is None:
            return []
        batch = [first]
        share = min(MOST_JOBS, 1 + self._looks.qsize() // max(1, self._size))
        while len(batch) < share:
            try:
                look = self._looks.get_nowait()
            except queue.Empty:
                break
            if look is None:  # the end, once these are done
                self._looks.put(None)
                break
            batch.append(look)
        return batch


class _Child:
    """One decoder process, and the next one when it must be replaced."""

    def __init__(self, seconds: float, libraries: tuple[str, ...], closed: threading.Event) -> None:
        self._seconds = seconds
        self._libraries = libraries
        self._closed = closed
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._failures = 0
        """To start, in a row; after a few no more is tried."""

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def look_at(self, looks: list[Look]) -> None:
        """Answer every look of a batch. After one that fails, the rest go to a fresh child."""
        opened = [(look, file) for look in looks if (file := _opened(look)) >= 0]
        try:
            while opened:
                done = self._answer(opened)
                for _, file in opened[:done]:
                    os.close(file)
                del opened[:done]
        except OSError as error:  # no decoder can be had, or nobody wants to know: no fault of the files
            for look, file in opened:
                os.close(file)
                if not look.answer.done():
                    look.answer.set_exception(error)

    def _answer(self, opened: list[tuple[Look, int]]) -> int:
        """Send the looks and take their answers; returns how many are dealt with. Raises OSError."""
        connection = self._begin(opened)
        done = 0
        for look, _ in opened:
            if self._closed.is_set():
                raise OSError(errno.ECANCELED, "no longer wanted")
            done += 1
            try:
                found = receive_answer(connection, FAMILIES[look.job.family].facts, self._seconds)
            except (OSError, EOFError, ValueError) as error:
                self._end()
                late = isinstance(error, TimeoutError)
                look.answer.set_exception(FactUnavailable(_TOO_LONG if late else _FATAL))
                return done
            if found.failed:
                look.answer.set_exception(FactUnavailable(_UNREADABLE))
            else:
                look.answer.set_result(found.facts)
        return done

    def _begin(self, opened: list[tuple[Look, int]]) -> socket.socket:
        """Send the looks to a child that is ready for them; one that died meanwhile is replaced. Raises OSError."""
        while self._failures < _TRIES and not self._closed.is_set():
            try:
                connection = self._connected()
                send_jobs(connection, [look.job for look, _ in opened], [file for _, file in opened])
                receive_answer(connection, (), _START_SECONDS)
            except (OSError, EOFError, ValueError):
                self._end()
                self._failures += 1
            else:
                self._failures = 0
                return connection
        raise OSError(errno.ECHILD, "no decoder starts")

    def _connected(self) -> socket.socket:
        if self._connection is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._connection = ours
                self._process = _start(theirs.fileno(), self._libraries)
        self._connection.settimeout(_START_SECONDS)
        return self._connection

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def _opened(look: Look) -> int:
    if not look.answer.set_running_or_notify_cancel():
        return -1
    try:
        return look.open()
    except OSError as error:
        look.answer.set_exception(error)
        return -1


_KEPT_OF_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "HOME")


_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""More would only take address space, of which there is little."""


def _start(descriptor: int, libraries: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """Start a decoder: executed, never forked alone, so that it inherits no lock and no memory of ours."""
    return subprocess.Popen(
        [sys.executable, "-P", "-B", "-m", "core.facts.decoder", str(descriptor), str(os.getpid()), *libraries],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        pass_fds=(descriptor,),
        env=_ONE_THREAD | {name: os.environ[name] for name in _KEPT_OF_ENVIRONMENT if name in os.environ},
    )
