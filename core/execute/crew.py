"""Transfers side by side: threads carry bytes, the thread that executes counts them and may call it off.

What a thread touches are descriptors and requests: paths of a folder are the executing thread's alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

from core.errors import REMOTE_AWAY, Cancelled, StorageError
from core.execute.run import Run, expected
from core.model import Step
from core.storage import KeepGoing

HANDS = 16
BATCH_FILES = 64
BATCH_BYTES = 256 * 1024 * 1024
NEWS_SECONDS = 0.25

Item = TypeVar("Item")
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
        self._counting = threading.Lock()
        self._carried = 0
        self._is_called_off = threading.Event()

    def each(self, act: Act[Item, Answer], items: Sequence[Item], first: Step) -> list[Answer | StorageError]:
        """Return what became of each item, in their order; people see the `first` step meanwhile.

        Raises Cancelled once all have stopped.
        """
        self._is_called_off.clear()
        progress = self._run.copy_progress(first)
        with ThreadPoolExecutor(min(HANDS, len(items)), thread_name_prefix="transfer") as threads:
            futures = [threads.submit(self._attempt, act, item) for item in items]
            try:
                while wait(futures, NEWS_SECONDS).not_done:
                    progress(self._taken())
            except BaseException:
                self._is_called_off.set()
                for future in futures:
                    future.cancel()
                wait(futures)
                raise
            finally:
                progress.take_back()
                self._taken()
        return [future.result() for future in futures]

    def _attempt(self, act: Act[Item, Answer], item: Item) -> Answer | StorageError:
        try:
            self._go_on(0)
            return act(item, self._go_on)
        except StorageError as error:
            return error

    def _go_on(self, count: int) -> None:
        if self._is_called_off.is_set():
            raise Cancelled
        with self._counting:
            self._carried += count

    def _taken(self) -> int:
        with self._counting:
            carried, self._carried = self._carried, 0
        return carried


def raise_if_away(results: Sequence[object]) -> None:
    """Raise RemoteRefused or RemoteUnreachable if that is what became of any: the rest waits until it is over."""
    for result in results:
        if isinstance(result, REMOTE_AWAY):
            raise result
