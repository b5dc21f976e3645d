"""How fast a running operation is: counters become progress for people, at most four times a second."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Literal

from core.errors import Cancelled
from core.execute import Tally
from core.model import Progress, now

INTERVAL = 0.25
"""Seconds between two reports of one operation."""

_SMOOTHING = 0.3
"""Weight of the newest interval in the rates: steady to the eye, yet right within a few seconds."""

Clock = Callable[[], float]
Phase = Literal["scanning", "planning", "executing", "sealing"]


class Meter:
    """Turns the counters of one operation into Progress, and keeps the rates."""

    def __init__(self, operation: str, report: Callable[[Progress], None], clock: Clock = monotonic) -> None:
        self._operation = operation
        self._report = report
        self._clock = clock
        self._last_report = -INTERVAL
        self._phase: Phase | None = None
        self._last: tuple[float, int, int] | None = None
        self._rate = 0.0
        self._bytes_rate = 0.0

    def planning(self, phase: Literal["scanning", "planning"], done: int, total: int) -> None:
        """Report how far planning is."""
        if self._due(phase):
            self._report(Progress(operation=self._operation, phase=phase, done=done, total=total, at=now()))

    def executing(self, tally: Tally) -> None:
        """Report how far executing is; cheap when nothing is due."""
        ended = tally.done + tally.skipped + tally.failed
        phase: Phase = "executing" if ended < tally.total else "sealing"
        if not self._due(phase):
            return
        self._measure(ended, tally.bytes_done)
        progress = Progress(
            operation=self._operation,
            phase=phase,
            done=ended,
            total=tally.total,
            bytes_done=tally.bytes_done,
            bytes_total=tally.bytes_total,
            rate=self._rate,
            bytes_rate=self._bytes_rate,
            remaining=self._remaining(tally.total - ended, tally.bytes_total - tally.bytes_done),
            current=tally.current,
            recent=list(tally.recent),
            transfers=list(tally.transfers),
            at=now(),
        )
        self._report(progress)

    def _due(self, phase: Phase) -> bool:
        """Tell whether to report: now and then, and at once where something else begins, which may take long."""
        moment = self._clock()
        if phase == self._phase and moment - self._last_report < INTERVAL:
            return False
        self._last_report, self._phase = moment, phase
        return True

    def _measure(self, files: int, size: int) -> None:
        moment = self._clock()
        if self._last is not None and moment > self._last[0]:
            elapsed = moment - self._last[0]
            weight = _SMOOTHING if self._rate or self._bytes_rate else 1.0
            self._rate += weight * ((files - self._last[1]) / elapsed - self._rate)
            self._bytes_rate += weight * ((size - self._last[2]) / elapsed - self._bytes_rate)
        self._last = (moment, files, size)

    def _remaining(self, files: int, size: int) -> float | None:
        """Return the seconds left by whichever of files and bytes takes longer, or None before there is a rate."""
        by_files = files / self._rate if self._rate > 0 else None
        by_bytes = size / self._bytes_rate if self._bytes_rate > 0 and size > 0 else None
        known = [seconds for seconds in (by_files, by_bytes) if seconds is not None]
        return max(known, default=None)


class Watcher:
    """What the executor reports to: a meter, and somebody who may want it to stop."""

    def __init__(self, meter: Meter, cancelled: Callable[[], bool]) -> None:
        self._meter = meter
        self._cancelled = cancelled

    def advanced(self, tally: Tally) -> None:
        """Pass on how far it is."""
        self._meter.executing(tally)

    def check_cancelled(self) -> None:
        """Raise Cancelled if it is to end; whatever the question raises goes through."""
        if self._cancelled():
            raise Cancelled
