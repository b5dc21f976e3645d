"""From where to where: two paths in one line, what they share dimmed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from core.model import StepView
from core.names import shown
from tui.surroundings import Surroundings
from tui.widgets.line import Line, cut, fitted, shortened

ARROW = " → "


@dataclass(frozen=True)
class Journey:
    """Two places of one file: what both share, and the rest of each. `arrival` is a folder where the name stays."""

    shared: str
    departure: str
    arrival: str

    @classmethod
    def of(cls, source: str, destination: str, beneath: str = "") -> Journey:
        """Compare two absolute paths; what both have in common with the folder `beneath` is left out."""
        common = _common_folder(source, destination)
        start = len(beneath) + 1 if beneath and (common + "/").startswith(beneath + "/") else 0
        shared = (common + "/")[start:]
        departure, arrival = source[len(common) + 1 :], destination[len(common) + 1 :]
        if os.path.basename(departure) == os.path.basename(arrival):
            arrival = arrival[: len(arrival) - len(os.path.basename(arrival))]
        return cls(shared, departure, arrival)


def journey_line(
    step: StepView, around: Surroundings, beneath: str, width: int, share: float = 0.45, beside: str = ""
) -> Line:
    """Return a step's paths in exactly `width` cells: from → to, or why nothing became of it.

    `share`: the part of the width that is the departure's. `beside`: what is said of the files that go with it.
    """
    departing = int((width - len(ARROW)) * share)
    arriving = width - len(ARROW) - departing
    if step.source is None or step.destination is None:
        return _one_place(step, around, beneath, width)
    if step.outcome in ("skipped", "failed") and step.reason:
        name = _beneath(step.source, beneath, around)
        return (*_folder_dimmed(name, departing), ("   ", "dim"), (fitted(cut(step.reason, arriving), arriving), "dim"))
    if step.kind == "trash":
        name = _beneath(step.source, beneath, around)
        return (*_folder_dimmed(name, departing), (ARROW, "faint"), (fitted("the trash", arriving), "text"))
    journey = Journey.of(step.source, step.destination, beneath)
    shared = around.tilde(journey.shared) if journey.shared.startswith("/") else journey.shared
    arrival = journey.arrival or ("" if shared else around.tilde(beneath) + "/")
    return (
        *_departure(shared, journey.departure, beside, departing),
        (ARROW, "faint"),
        *_shared_dimmed(shared, arrival, arriving),
    )


def _departure(shared: str, name: str, beside: str, width: int) -> Line:
    """Return where a file comes from, and what goes with it: in a third of the width, or in what its name leaves."""
    beside = cut(beside, max(width // 3, width - cell_len(shown(name))))
    name = shortened(name, width - cell_len(beside))
    shared = shortened(shared, width - cell_len(beside) - cell_len(name))
    rest = width - cell_len(shared) - cell_len(name) - cell_len(beside)
    return ((shared, "faint"), (name, "text"), (beside + " " * rest, "dim"))


def beside(steps: Sequence[StepView]) -> str:
    """Return what is said of the files that go with the first: `, .AAE, .MOV`, or their names."""
    first = os.path.basename(steps[0].source or "")
    stem = os.path.splitext(first)[0]
    names = [os.path.basename(step.source or "") for step in steps[1:]]
    return "".join(f", {name[len(stem) :] if stem and name.startswith(stem) else name}" for name in names)


def _one_place(step: StepView, around: Surroundings, beneath: str, width: int) -> Line:
    path = _beneath(step.source or step.destination or "", beneath, around)
    what = {"mkdir": "new folder ", "rmdir": "empty folder "}.get(step.kind, "")
    return ((what, "dim"), (fitted(path + "/" if what else path, width - len(what)), "text"))


def _shared_dimmed(shared: str, rest: str, width: int) -> Line:
    """Return `shared` + `rest` in exactly `width` cells; the shared part is dim, and the first to be shortened."""
    rest = shortened(rest, width)
    shared = shortened(shared, width - cell_len(rest)) if cell_len(rest) < width else ""
    return ((shared, "faint"), (fitted(rest, width - cell_len(shared)), "text"))


def _folder_dimmed(path: str, width: int) -> Line:
    folder, slash, name = path.rpartition("/")
    return _shared_dimmed(folder + slash, name, width)


def _beneath(path: str, beneath: str, around: Surroundings) -> str:
    return path[len(beneath) + 1 :] if beneath and path.startswith(beneath + "/") else around.tilde(path)


def _common_folder(one: str, other: str) -> str:
    """Return the folder that holds both paths, without a slash at its end."""
    folders = zip(one.split("/")[:-1], other.split("/")[:-1], strict=False)
    common = []
    for a, b in folders:
        if a != b:
            break
        common.append(a)
    return "/".join(common)
