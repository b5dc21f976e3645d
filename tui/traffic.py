"""How much these screens write: nearly all of it goes to the terminal, over SSH that is to the network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tui import words


def bytes_written() -> int | None:
    """Return the bytes that this process wrote since it began, as the kernel counts; None where it does not tell."""
    try:
        with open("/proc/self/io", encoding="ascii") as told:
            return next(int(line.split()[1]) for line in told if line.startswith("wchar:"))
    except (OSError, StopIteration, ValueError):
        return None


class Traffic:
    """Counts what is written between two looks."""

    def __init__(self, count: Callable[[], int | None] = bytes_written) -> None:
        self._count = count
        self._before: tuple[datetime, int] | None = None
        self._total: int | None = None
        self._rate: float | None = None

    def look(self, now: datetime) -> None:
        """Count again."""
        self._total = self._count()
        if self._total is None:
            return
        if self._before is not None and (seconds := (now - self._before[0]).total_seconds()) > 0:
            self._rate = (self._total - self._before[1]) / seconds
        self._before = (now, self._total)

    def told(self) -> str:
        """Return how much in all, and how much a second since the look before."""
        if self._total is None:
            return "the kernel does not tell"
        rate = f", {words.size(max(self._rate, 0.0))}/s now" if self._rate is not None else ""
        return f"{words.size(self._total)} since the screens opened{rate}"
