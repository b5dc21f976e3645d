"""The progress bar of long work: on a terminal's standard error, nowhere else."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Self

from core.model import Progress
from tui.words import left, size

BAR_CELLS = 28
SECONDS_BETWEEN = 0.1
_PHASES = {"scanning": "looking", "planning": "planning", "executing": "", "sealing": "making it safe"}


class ProgressBar:
    """Draws the newest progress on one line and takes the line away at the end.

    Only numbers and words of Shelver's own are drawn, so that no file name can disturb the line.
    """

    def __init__(self, title: str = "") -> None:
        self._title = title
        self._drawn = False
        self._last = 0.0
        self._possible = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, progress: Progress) -> None:
        """Draw, at most ten times a second."""
        if not self._possible or time.monotonic() - self._last < SECONDS_BETWEEN:
            return
        self._last = time.monotonic()
        self._drawn = True
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
        sys.stderr.write("\r" + line(progress, self._title)[: max(columns - 1, 1)] + "\x1b[K")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def line(progress: Progress, title: str = "") -> str:
    """Return one line: title, bar, percent, speed, time left; or how far the looking is."""
    parts = [title, _PHASES[progress.phase]]
    if progress.total:
        share = min(progress.done / progress.total, 1.0)
        if progress.bytes_total > 0 and progress.phase == "executing":
            share = max(share, min(progress.bytes_done / progress.bytes_total, 1.0))
        filled = int(share * BAR_CELLS)
        parts += ["━" * filled + "─" * (BAR_CELLS - filled), f"{share:4.0%}"]
    elif progress.done:
        parts.append(f"{progress.done:,} files")
    if progress.bytes_total and progress.phase == "executing":
        parts.append(f"{size(progress.bytes_done)} of {size(progress.bytes_total)}")
    if progress.rate:
        parts.append(f"{progress.rate:,.0f} files/s")
    if progress.remaining is not None:
        parts.append(left(progress.remaining))
    return "  ".join(part for part in parts if part)
