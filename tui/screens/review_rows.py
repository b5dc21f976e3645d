"""The lines of the screen on which a proposal is looked over."""

from __future__ import annotations

from rich.cells import cell_len

from core.model import Operation, StepView
from tui import words
from tui.selection import Selection
from tui.surroundings import Surroundings
from tui.widgets.line import Line, folded, right, shortened
from tui.wire import Destination

NUMBERS = 13 + 10 + 12
"""Cells for how many files, how big, and how many of them stay."""


def review_about(operation: Operation, selection: Selection, width: int) -> list[Line]:
    """Return what a proposal comes to, and why it waits."""
    files = dict.fromkeys(("into", "trash", "stays"), 0)
    for each in selection.destinations:
        files[each.fate] += each.files
    number = sum(each.fate == "into" for each in selection.destinations)
    folders = "1 folder" if number == 1 else f"{words.count(number)} folders"
    told = [f"{words.files(files['into'])} into {folders}"] if number else []
    told += [f"{words.count(files['trash'])} to the trash"] if files["trash"] else []
    told += [f"{words.count(files['stays'])} stay as they are"] if files["stays"] else []
    size = words.size(sum(each.bytes for each in selection.destinations if each.fate != "stays"))
    said = f"{', '.join(told)} · {size}" if told else words.files(operation.counts.planned)
    lines: list[Line] = [((part, "text"),) for part in folded(said, width)]
    return lines + [((part, "dim"),) for part in folded(operation.note, width)] if operation.note else lines


def destination_line(destination: Destination, staying: int, beneath: str, around: Surroundings, width: int) -> Line:
    """Return one folder: its name beneath the watched one, how many files go there, how much, how many stay."""
    room = max(width - NUMBERS, 8)
    is_out = staying == destination.files
    told = f"{words.count(staying)} stay" if staying and destination.fate != "stays" else ""
    return (
        *_place(destination, beneath, around, room, is_out),
        (right("stay" if is_out and told else told, 12), "warn"),
        (right(words.files(destination.files), 13), "faint" if is_out else "text"),
        (right(words.size(destination.bytes) if destination.fate != "stays" else "", 10), "faint" if is_out else "dim"),
    )


def sample_line(step: StepView, beneath: str, around: Surroundings, width: int) -> Line:
    """Return where a file lies that goes into the folder."""
    path = step.source or ""
    path = path[len(beneath) + 1 :] if beneath and path.startswith(beneath + "/") else around.tilde(path)
    folder, slash, name = shortened(path, width).rpartition("/")
    return ((folder + slash, "faint"), (name, "text"))


def _place(destination: Destination, beneath: str, around: Surroundings, room: int, is_out: bool) -> Line:
    if destination.fate != "into" or destination.path is None:
        said, role = ("the trash", "warn") if destination.fate == "trash" else ("stay as they are", "dim")
        return ((f"{said:<{room}}", "faint" if is_out and destination.fate == "trash" else role),)
    path = destination.path + "/"
    path = path[len(beneath) + 1 :] if beneath and path.startswith(beneath + "/") else around.tilde(path)
    path = shortened(path or around.tilde(beneath) + "/", room)
    above, slash, name = path.removesuffix("/").rpartition("/")
    name = name + "/"
    pad = room - cell_len(above + slash + name)
    return ((above + slash, "faint"), (name + " " * pad, "faint" if is_out else "text"))
