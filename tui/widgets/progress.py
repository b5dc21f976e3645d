"""A running operation in two lines: how far, how fast, how long; and what it just moved."""

from __future__ import annotations

import os

from rich.cells import cell_len

from core.model import Operation, Progress, Transfer
from core.names import shown
from tui import words
from tui.widgets.line import EMPTY, Line, cut, ending, fitted, right, shortened

_PHASES = {"scanning": "looking", "planning": "planning", "executing": "", "sealing": "making it durable"}


def bar(part: float, width: int) -> Line:
    """Return a bar of `width` cells, filled up to `part` of 1."""
    halves = round(max(0.0, min(part, 1.0)) * width * 2)
    full, half = divmod(halves, 2)
    return (("━" * full + "╸" * half, "accent"), ("─" * (width - full - half), "rule"))


def part_done(progress: Progress) -> float:
    """Return how much of the work is behind, of 1: by bytes where bytes are copied, else by files."""
    if progress.bytes_total:
        return progress.bytes_done / progress.bytes_total
    return progress.done / progress.total if progress.total else 0.0


def progress_line(progress: Progress | None, operation: Operation, width: int) -> Line:
    """Return the state of what runs: a bar when there is something to measure, words before."""
    if progress is None or operation.state in ("queued", "cancelling", "interrupted"):
        word, role = words.state(operation)
        return ((fitted(word, width), role),)
    if progress.phase != "executing":
        told = _PHASES[progress.phase]
        so_far = f"{told}, {words.files(progress.done)}" if progress.done else told
        return ((fitted(cut(so_far, width), width), "accent"),)
    time = words.left(progress.remaining) if progress.remaining is not None else ""
    part = part_done(progress)
    numbers = f"{int(part * 100):>4} %{_speed(progress, width)}{right(time, 13)}"
    room = width - cell_len(numbers)
    if room < 8:
        return ((right(f"{int(part * 100)} %", width), "text"),)
    return (*bar(part, min(room, 60)), (numbers + " " * (room - min(room, 60)), "text"))


def _speed(progress: Progress, width: int) -> str:
    """Return how fast files go, and bytes where they are copied; where there is little room, what tells more."""
    of_files = right(f"{progress.rate:,.0f} files/s", 14)
    of_bytes = right(f"{words.size(progress.bytes_rate)}/s", 12) if progress.bytes_rate else ""
    if not of_bytes or width >= 56:
        return of_files + of_bytes
    return right(of_bytes, 14) if progress.bytes_total else of_files


def transfer_line(transfer: Transfer, width: int) -> Line:
    """Return a file on its way: up or down, its name, a bar, how many of how many bytes."""
    told = f"{words.size(transfer.bytes_done)} of {words.size(transfer.bytes_total)}"
    numbers = right(told, 20)
    name = min(max((width - cell_len(numbers)) * 55 // 100, 8), 60)
    room = min(max(width - cell_len(numbers) - name - 4, 0), 60)
    part = transfer.bytes_done / transfer.bytes_total if transfer.bytes_total else 0.0
    arrow = "↑ " if transfer.kind == "upload" else "↓ "
    drawn = bar(part, room) if room >= 6 else ((" " * room, "text"),)
    return ((arrow, "accent"), (fitted(transfer.path, name) + "  ", "dim"), *drawn, (numbers, "dim"))


def transfer_lines(progress: Progress, width: int, most: int) -> list[Line]:
    """Return the files on their way, at most so many lines."""
    lines = [transfer_line(each, width) for each in progress.transfers[:most]]
    more = len(progress.transfers) - most
    return [*lines, ((f"  and {words.count(more)} more on their way", "faint"),)] if more > 0 else lines


def newest_moves(progress: Progress | None, width: int) -> Line:
    """Return what was moved last, as much as fits."""
    if progress is None or not progress.recent:
        return ((cut(shown(progress.current), width), "dim"),) if progress is not None and progress.current else EMPTY
    side_by_side = 1 if width < 64 else 2 if width < 150 else 3
    each = width // side_by_side
    line: Line = ()
    for source, destination in list(reversed(progress.recent))[:side_by_side]:
        name = os.path.basename(source)
        same = os.path.basename(destination) == name
        place = destination[: len(destination) - len(name)] if same else destination
        name = shortened(name, (each - 5) // 2)
        place = ending(place, each - 5 - cell_len(name))
        line = (*line, (name, "dim"), (" → ", "faint"), (fitted(place, each - 3 - cell_len(name)), "faint"))
    return line
