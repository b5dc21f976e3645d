"""How many requests may be under way at one endpoint: more while it answers, half as many when it says slow down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

FEWEST = 1
MOST = 32


class Throttle:
    """A limit shared by all threads that talk to one endpoint; additive increase, multiplicative decrease (Chiu, Jain).

    A thread that asks while the limit is reached waits until another is done.
    """

    def __init__(self, limit: int = 16, most: int = MOST) -> None:
        self._limit = float(limit)
        self._most = most
        self._under_way = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return int(self._limit)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the places while a request is under way."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.limit)
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def went_well(self) -> None:
        """The endpoint answered: one more request after each full round of them."""
        with self._changed:
            self._limit = min(self._most, self._limit + 1 / self._limit)
            self._changed.notify()

    def was_too_much(self) -> None:
        """The endpoint asked for less (503 SlowDown and its kin)."""
        with self._changed:
            self._limit = max(FEWEST, self._limit / 2)
