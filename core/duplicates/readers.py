"""A few readers at once: in this process while there is little to do, then in processes of their own.

They are executed, never forked: nothing of this process, its threads and its locks is theirs. One that dies, or cannot
be started, costs nothing but time: what it was asked is done here.
"""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from core.duplicates import reader
from core.duplicates.reader import Reader, received, sent

MOST_READERS = 8
_ALONE_SECONDS = 0.01
"""After so long others are asked to help; until the first of them answers, work goes on here."""
_WAITING_AT_EACH = 2
_SMALL = 32 * 1024
"""Bytes of a request that fit into the pipe even when another waits in it: sending it never blocks."""
_PIPE = 256 * 1024
_TELL_SECONDS = 0.1


class Task(NamedTuple):
    """Something to ask a reader, and who takes the answer."""

    request: list[bytes]
    then: Callable[[list[bytes]], None]


class Readers:
    """A context manager; at its end the processes end too."""

    def __init__(self, marks: frozenset[str] = frozenset(), most: int | None = None) -> None:
        self._marks = marks
        self._most = min(MOST_READERS, len(os.sched_getaffinity(0))) if most is None else most
        self._own = Reader(marks)
        self._others: list[_Child] = []
        self._are_ready = False
        self._alone_until = time.monotonic() + _ALONE_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own.close()
        for child in self._others:
            child.end()
        for child in self._others:
            child.wait()
        self._others.clear()

    @property
    def share(self) -> int:
        """Into how many parts work is best divided, so that nobody waits for it."""
        return 2 * max(1, len(self._others)) * _WAITING_AT_EACH

    def run(self, take: Callable[[], Task | None], tell: Callable[[], None]) -> None:
        """Do every task that `take` gives, until it gives none and none is under way any more.

        `tell` is called often, also amid a long file, and may raise to stop it all.
        """
        while self._most < 2 or (not self._others and time.monotonic() < self._alone_until):
            task = take()
            if task is None:
                return
            self._do(task, tell)
            tell()
        self._start()
        while self._ask(take, tell):
            if not self._are_ready and (task := take()) is not None:
                self._do(task, tell)
                self._take_answers(tell, 0)
            else:
                self._take_answers(tell, _TELL_SECONDS)
            tell()
        while (task := take()) is not None:  # nobody is left to do it
            self._do(task, tell)
            tell()

    def _do(self, task: Task, tell: Callable[[], None]) -> None:
        task.then(self._own.answer(task.request, lambda count: tell()))

    def _start(self) -> None:
        with suppress(OSError):  # as many as there may be
            while len(self._others) < self._most:
                self._others.append(_Child(self._marks))

    def _ask(self, take: Callable[[], Task | None], tell: Callable[[], None]) -> bool:
        """Give each child something to do; tell whether any has."""
        for _ in range(_WAITING_AT_EACH):
            for child in list(self._others):
                try:
                    child.send_held()
                    if child.has_room and (task := take()) is not None:
                        child.ask(task)
                except OSError:
                    self._replace(child, tell)
        return any(child.is_busy for child in self._others)

    def _take_answers(self, tell: Callable[[], None], seconds: float) -> None:
        readable = select.poll()
        by_descriptor = {child.answers: child for child in self._others if child.is_busy}
        for descriptor in by_descriptor:
            readable.register(descriptor, select.POLLIN)
        for descriptor, _ in readable.poll(seconds * 1000):
            child = by_descriptor[descriptor]
            try:
                answer = child.take_answer()
            except (EOFError, OSError):
                self._replace(child, tell)
            else:
                self._are_ready = True
                if answer is not None:
                    task, parts = answer
                    task.then(parts)

    def _replace(self, child: _Child, tell: Callable[[], None]) -> None:
        """Do here what a child that died was asked."""
        self._others.remove(child)
        child.end()
        child.wait()
        for task in child.tasks:
            self._do(task, tell)


class _Child:
    """One reader in a process of its own, and what it was asked."""

    def __init__(self, marks: frozenset[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", reader.__file__, "/".join(sorted(marks))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=0,  # Ctrl-C is for the command, which ends it
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin.fileno()
        self.answers = self._process.stdout.fileno()
        self._asked: deque[Task] = deque()
        self._held: Task | None = None
        for pipe in (self._requests, self.answers):
            with suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)

    @property
    def tasks(self) -> list[Task]:
        """What it has not answered yet."""
        return [*self._asked, *([self._held] if self._held else [])]

    @property
    def is_busy(self) -> bool:
        return bool(self._asked)

    @property
    def has_room(self) -> bool:
        """Whether it would wait for its next task, once it is done with the one it is at."""
        return self._held is None and len(self._asked) < _WAITING_AT_EACH

    def ask(self, task: Task) -> None:
        """Send a request, or hold it until the child certainly reads: while both write, both would wait for ever.

        Raises OSError when it died.
        """
        if self._asked and sum(map(len, task.request)) > _SMALL:
            self._held = task
        else:
            self._asked.append(task)
            sent(self._requests, task.request)

    def send_held(self) -> None:
        """Send what was held once the child waits for it. Raises OSError when it died."""
        if self._held and not self._asked:
            held, self._held = self._held, None
            self.ask(held)

    def take_answer(self) -> tuple[Task, list[bytes]] | None:
        """Take one message: an answer with its task, or only how far it is. Raises OSError, EOFError when it died."""
        answer = received(lambda size: os.read(self.answers, size))
        if answer[0] == reader.PROGRESS:
            return None
        return self._asked.popleft(), answer

    def end(self) -> None:
        """Have it end at once, in the middle of what it does: it changes nothing."""
        self._process.kill()

    def wait(self) -> None:
        """Wait until it is gone."""
        with self._process:
            pass
