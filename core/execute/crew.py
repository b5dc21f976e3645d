"""Transfers side by side: threads carry bytes, the thread that executes counts them and may call it off.

What a thread touches are descriptors and requests: paths of a folder are the executing thread's alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from core.errors import REMOTE_AWAY, Cancelled, StorageError
from core.execute.run import Run, expected
from core.model import Step, Transfer
from core.names import shown
from core.storage import KeepGoing

HANDS = 16
BATCH_FILES = 64
BATCH_BYTES = 256 * 1024 * 1024
NEWS_SECONDS = 0.25


class Errand(Protocol):
    """What is carried: the file of a step."""

    @property
    def step(self) -> Step:
        """The step."""


Item = TypeVar("Item", bound=Errand)
Answer = TypeVar("Answer")
Act = Callable[[Item, KeepGoing], Answer]


@dataclass
class Batch:
    """Steps that wait to be carried out side by side."""

    steps: list[Step] = field(default_factory=list)
    bytes: int = 0

    def add(self, step: Step) -> None:
        """Have a step wait."""
        self.steps.append(step)
        self.bytes += expected(step).size

    @property
    def is_full(self) -> bool:
        """Whether it is time to begin."""
        return len(self.steps) >= BATCH_FILES or self.bytes >= BATCH_BYTES

    def take(self) -> list[Step]:
        """Return what waited; nothing does any more."""
        steps, self.steps, self.bytes = self.steps, [], 0
        return steps


class Crew:
    """Does one thing with many at once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._is_called_off = threading.Event()

    def each(self, act: Act[Item, Answer], items: Sequence[Item]) -> list[Answer | StorageError]:
        """Return what became of each item, in their order; people see those under way meanwhile.

        Raises Cancelled once all have stopped.
        """
        self._is_called_off.clear()
        loads = [_Load(item.step, self._is_called_off) for item in items]
        progress = self._run.copy_progress(items[0].step)
        with ThreadPoolExecutor(min(HANDS, len(items)), thread_name_prefix="transfer") as threads:
            futures = [threads.submit(_attempt, act, item, load) for item, load in zip(items, loads, strict=True)]
            try:
                while wait(futures, NEWS_SECONDS).not_done:
                    self._run.tally.transfers = [load.told() for load in loads if load.is_under_way]
                    progress(sum(load.carried for load in loads) - progress.bytes)
            except BaseException:
                self._is_called_off.set()
                for future in futures:
                    future.cancel()
                wait(futures)
                raise
            finally:
                progress.take_back()
                self._run.tally.transfers = []
        return [future.result() for future in futures]


class _Load:
    """How far one file is. Several threads may carry its parts."""

    def __init__(self, step: Step, is_called_off: threading.Event) -> None:
        self._step = step
        self._is_called_off = is_called_off
        self._counting = threading.Lock()
        self.carried = 0
        self.is_under_way = False

    def go_on(self, count: int) -> None:
        """Count some more bytes. Raises Cancelled."""
        if self._is_called_off.is_set():
            raise Cancelled
        with self._counting:
            self.carried += count

    def told(self) -> Transfer:
        """Return it for people."""
        step, size = self._step, expected(self._step).size
        kind: Literal["upload", "download"] = "upload" if step.kind == "upload" else "download"
        return Transfer(kind, shown(step.source), min(self.carried, size), size)  # what is sent again counts once


def _attempt(act: Act[Item, Answer], item: Item, load: _Load) -> Answer | StorageError:
    load.is_under_way = True
    try:
        load.go_on(0)
        return act(item, load.go_on)
    except StorageError as error:
        return error
    finally:
        load.is_under_way = False


def raise_if_away(results: Sequence[object]) -> None:
    """Raise RemoteRefused or RemoteUnreachable if that is what became of any: the rest waits until it is over."""
    for result in results:
        if isinstance(result, REMOTE_AWAY):
            raise result
