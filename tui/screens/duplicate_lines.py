"""The lines of the duplicates' screen."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from core.model import Operation, Progress
from core.names import shown
from tui import words
from tui.screens.duplicate_choices import Choices
from tui.surroundings import Surroundings
from tui.widgets.line import EMPTY, Line, cut, fitted, right, shortened
from tui.widgets.progress import progress_line
from tui.wire_looks import Duplicate, DuplicateGroup, DuplicatePage

ACTIONS = {
    "trash": "to the trash",
    "hardlink": "to hard links",
    "reflink": "to shared blocks",
}
"""What can be done with what is too much."""

DATE = 19
SIZES = 15
FREED = 10
"""Cells of a date, of how many files of what size there are, and of the bytes that a group would free."""


def group_line(group: DuplicateGroup, choices: Choices, around: Surroundings, width: int) -> Line:
    """Return a group in one line: how many of what size, what stays, what that frees."""
    kept = choices.keeps(group)
    if group.near:
        return _alike(group, kept, around, width)
    room = max(width - SIZES - FREED - 8, 8)
    return (
        (right(f"{len(group.files)} × {words.size(group.size)}", SIZES - 2) + "  ", "dim"),  # noqa: RUF001
        ("keep ", "faint"),
        *_path(kept or "", around, room),
        ("*" if choices.is_own(group) else " ", "accent"),
        (right(words.size(group.size * going(group, kept)) if going(group, kept) else "–", FREED), "text"),  # noqa: RUF001
    )


def going(group: DuplicateGroup, kept: str | None) -> int:
    """Return how many files of a group may go."""
    return sum(file.path != kept and not file.protected and not file.reason for file in group.files)


def _alike(group: DuplicateGroup, kept: str | None, around: Surroundings, width: int) -> Line:
    sizes = " | ".join(measures(file) for file in group.files[:3])
    more = f" and {len(group.files) - 3} more" if len(group.files) > 3 else ""
    room = max(width - SIZES, 10)
    measured = room * 11 // 20 if room > 40 else 0
    told = fitted(cut(sizes + more, measured - 2), measured) if measured else ""
    rest = room - measured
    decided: Line = (
        (("keep ", "faint"), *_path(kept, around, rest - 5)) if kept else ((fitted("you decide", rest), "faint"),)
    )
    return ((right(f"{len(group.files)} pictures", SIZES - 2) + "  ", "dim"), (told, "text"), *decided)


def measures(file: Duplicate) -> str:
    """Return how large a picture is: 4032x3024 3.1 MB."""
    return f"{file.width}x{file.height} {words.size(file.size)}" if file.width else words.size(file.size)


def file_line(group: DuplicateGroup, file: Duplicate, choices: Choices, around: Surroundings, width: int) -> Line:
    """Return one file of a group: whether it stays, where it lies, when it was changed, or why it stays anyhow."""
    kept = choices.keeps(group)
    word, role = _fate(file, kept)
    told = file.reason if file.path != kept else ""
    aside = cut(told, max(width * 2 // 5, DATE)) if told else _when(file, around) if width >= 60 else ""
    room = max(width - 9 - (max(len(aside) + 2, DATE) if aside else 0), 8)
    path = _path(file.path, around, room)
    return ((f"{word:<9}", role), *path, (right(aside, max(width - 9 - room, 0)), "dim"))


def _fate(file: Duplicate, kept: str | None) -> tuple[str, str]:
    """Return what becomes of a file, as a word and its role."""
    if file.path == kept:
        return "stays", "good"
    if file.protected or file.reason:
        return "left", "dim"
    return ("you decide", "faint") if kept is None else ("goes", "warn")


def _when(file: Duplicate, around: Surroundings) -> str:
    return words.moment(datetime.fromtimestamp(file.mtime, UTC), around.now()) if file.mtime else ""


def why_line(group: DuplicateGroup, choices: Choices, width: int) -> Line:
    """Return why that file stays."""
    if choices.is_own(group):
        return ((fitted("you chose it", width), "accent"),)
    if choices.policy and not group.near:
        return ((fitted(f"by your policy: {choices.policy.name}", width), "accent"),)
    return ((fitted(cut(shown(group.why), width), width), "dim"),)


def card_lines(file: Duplicate, width: int, *, kept: str | None, around: Surroundings) -> list[Line]:
    """Return what stands beneath a picture, in four lines."""
    word, role = _fate(file, kept)
    away = f"distance {file.distance}" if file.distance else "the best"
    size = measures(file)
    folder = around.tilde(os.path.dirname(file.path))
    rest = width - len(size)
    when = (file.taken or "").replace("T", " ")[:16] or _when(file, around)
    return [
        ((fitted(os.path.basename(file.path), width), "strong"),),
        ((cut(size, width), "text"), (shortened(f"  {folder}", rest) if rest >= 12 else "", "dim")),
        ((cut(when, width), "dim"),),
        ((word, role), (f"  {cut(away, max(width - len(word) - 2, 0))}", "dim")),
    ]


def about_line(page: DuplicatePage, near: bool, width: int) -> Line:
    """Return what was found in all."""
    if not page.total:
        return (("No pictures look alike here." if near else "No file is here twice.", "good"),)
    if near:
        return ((f"{_groups(page.total)} of pictures that look alike: you decide", "text"),)
    told = f"{_groups(page.total)}, {words.files(page.redundant)} too many · "
    return ((told, "text"), (f"{words.size(page.reclaimable)} can be freed", "strong"))


def _groups(number: int) -> str:
    return "1 group" if number == 1 else f"{words.count(number)} groups"


def looking_lines(operation: Operation, progress: Progress | None, width: int) -> list[Line]:
    """Return how far the search is."""
    return [
        (("Looking for duplicates and for pictures that look alike.", "text"),),
        (("Nothing is changed by that.", "dim"),),
        EMPTY,
        progress_line(progress, operation, width),
    ]


def _path(path: str, around: Surroundings, width: int) -> Line:
    """Return a path in exactly `width` cells, its folder dim."""
    name = shortened(os.path.basename(path), width)
    folder = around.tilde(os.path.dirname(path) + "/") if path else ""
    folder = shortened(folder, max(width - len(name), 0)) if len(name) < width else ""
    rest = fitted(name, max(width - len(folder), 0))
    return ((folder, "faint"), (rest, "text"))
