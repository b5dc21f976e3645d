"""Signals while this process works: the operation stops between two files and can go on later."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType, TracebackType
from typing import Any, Self

from core.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Catches Ctrl-C, SIGTERM and a lost terminal while it is entered."""

    def __init__(self) -> None:
        self._caught = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._catch) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _catch(self, number: int, frame: FrameType | None) -> None:
        if not self._caught and sys.stderr.isatty():
            os.write(sys.stderr.fileno(), "\nStopping after this file …\n".encode())  # buffers are not for handlers
        self._caught = True

    def check(self) -> bool:
        """Raise Interrupted once a signal came; False before."""
        if self._caught:
            raise Interrupted
        return False
