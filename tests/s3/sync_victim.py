"""A process that carries out a sync with the engine, and dies at a request or at a change of the pair's state."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from core.config import load_config
from core.engine import Engine
from core.model import Operation, Progress
from core.state import StateDirectory
from core.storage.s3.endpoint import Endpoint
from core.sync.state import SyncState


class Errand(msgspec.Struct):
    """What it is told. `after`: it dies once the request is answered, not before it is made."""

    config: str
    state: str
    operation: str
    dies_at: int
    after: bool


class Deaf:
    """An engine's observer that hears nothing."""

    def changed(self, operation: Operation) -> None:
        """Nothing."""

    def progressed(self, progress: Progress) -> None:
        """Nothing."""


class Doom:
    """Counts the points, and ends the process at one of them."""

    def __init__(self, at: int, *, after: bool) -> None:
        self._at = at
        self._after = after
        self._passed = 0
        self._counting = Lock()

    @contextmanager
    def point(self) -> Iterator[None]:
        """Pass one point, or die before or after it."""
        with self._counting:
            self._passed += 1
            is_last = self._passed == self._at
        if is_last and not self._after:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            yield
        finally:  # an answer may be that nothing is there
            if is_last:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """Make each call of something a point."""

        @wraps(act)
        def called(*arguments: Any, **named: Any) -> Any:
            with self.point():
                return act(*arguments, **named)

        return called


def carry_out(errand: Errand) -> None:
    """Carry out the operation."""
    doom = Doom(errand.dies_at, after=errand.after)
    Endpoint.call = doom.around(Endpoint.call)  # type: ignore[method-assign]
    for name in ("begin", "change", "change_conflicts", "see_conflicts"):
        setattr(SyncState, name, doom.around(getattr(SyncState, name)))
    engine = Engine(StateDirectory.beneath(Path(errand.state)), load_config(Path(errand.config)), Deaf())
    engine.run(errand.operation, lambda: False)
    engine.close()
