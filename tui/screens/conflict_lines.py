"""The lines of the screen of conflicts: each file with both versions side by side, and one of them in full."""

from __future__ import annotations

import os

from core.model import ConflictView, FolderStatus, VersionView
from tui import words
from tui.surroundings import Surroundings
from tui.widgets.line import Line, fitted, folded, right, shortened

SIZE = 9
TIME = 14
NEWER = 6
SIDE = SIZE + TIME + NEWER + 2
"""Cells of a version: its size, its time, whether it is the newer one, air."""
NAME = 8


def said(folder: FolderStatus | None, conflicts: int, width: int) -> list[Line]:
    """Return what this is about, in a sentence or two."""
    if not conflicts:
        return [(("Nothing waits to be settled.", "text"),)]
    told = "Both sides changed these files. What is not kept goes to the trash on both sides, and can be taken back."
    if folder is not None and folder.sync_paused:
        told += f" Sync is paused: {folder.sync_paused}"
    return [((part, "dim"),) for part in folded(told, width)]


def head(names: int, width: int) -> Line:
    """Return the names of the columns; `names`: the cells of the longest path."""
    name, side = _columns(names, width)
    parts = [(fitted("  file", name + 2), "faint")]
    for whose, where in (("mine", "here"), ("theirs", "in the bucket")):
        parts.append((fitted(right(whose, SIZE) + (right(where, TIME) if side >= SIZE + TIME else ""), side), "faint"))
    return tuple(parts)


def conflict_line(conflict: ConflictView, names: int, around: Surroundings, width: int) -> Line:
    """Return a conflict: the file, and both versions."""
    name, side = _columns(names, width)
    mine, theirs = _newer(conflict)
    return (
        (fitted(shortened(conflict.path, name - 1), name), "text"),
        *_version(conflict.mine, mine, around, side),
        *_version(conflict.theirs, theirs, around, side),
    )


def conflict_facts(conflict: ConflictView, around: Surroundings, width: int) -> list[Line]:
    """Return a conflict with nothing cut off: its path, both versions, what was put aside."""
    lines: list[Line] = [((part, "strong"),) for part in folded(conflict.path, width)]
    versions = (("mine", conflict.mine), ("theirs", conflict.theirs))
    for (name, version), is_newer in zip(versions, _newer(conflict), strict=True):
        if version is None:
            lines.append(((f"{name:<{NAME}}", "dim"), ("is gone", "warn")))
        else:
            told = f"{words.size(version.size)}, {words.moment(version.modified, around.now())}"
            lines.append(((f"{name:<{NAME}}", "dim"), (told, "text"), (" · newer" if is_newer else "", "accent")))
    first, *more = folded(os.path.basename(conflict.copy), max(width - NAME, 10))
    aside: list[Line] = [((f"{'aside':<{NAME}}", "dim"), (first, "dim"))]
    return [*lines, *aside, *(((" " * NAME, "text"), (part, "dim")) for part in more)]


def _columns(names: int, width: int) -> tuple[int, int]:
    """Return the cells of the name and of each version."""
    side = SIDE if width >= 2 * SIDE + 16 else SIZE + TIME + 1
    if width < 2 * side + 12:
        side = SIZE + 1
    return max(min(width - 2 * side, names + 2), 8), side


def _newer(conflict: ConflictView) -> tuple[bool, bool]:
    mine, theirs = conflict.mine, conflict.theirs
    if mine is None or theirs is None:
        return False, False
    return mine.modified > theirs.modified, theirs.modified > mine.modified


def _version(version: VersionView | None, is_newer: bool, around: Surroundings, side: int) -> Line:
    if version is None:
        return ((fitted(right("gone", SIZE), side), "warn"),)
    size, time = right(words.size(version.size), SIZE), words.moment(version.modified, around.now())
    if side < SIZE + TIME:
        return ((fitted(size, side), "accent" if is_newer else "text"),)
    line: Line = ((size, "text"), (right(time, TIME), "accent" if is_newer else "dim"))
    room = side - SIZE - TIME
    return (*line, (fitted(" newer" if is_newer and room > NEWER else "", room), "accent"))
