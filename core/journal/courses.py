"""Which file a step takes from where to where: the one that is followed, searched for and taken back."""

from __future__ import annotations

from typing import NamedTuple

from core.model import Fingerprint, Step


class Course(NamedTuple):
    """The way of one file between two roots of a plan. `fingerprint`: what it was when that was planned."""

    source_root: int
    source: bytes
    destination_root: int
    destination: bytes
    fingerprint: Fingerprint | None


def course(step: Step, recorded: bytes | None = None) -> Course:
    """Return the way that a step's file goes, or went if its record tells another destination than planned.

    Where something takes the name of a file (a link or a clone that of a duplicate, a newer version that of an older),
    that is the file whose name is taken: it goes to the trash.
    """
    if stands_in(step):
        root = step.destination_root
        return Course(root, step.destination, root, recorded or step.trash, step.occupant)
    if step.kind == "replace":
        recorded = None
    return Course(step.source_root, step.source, step.destination_root, recorded or step.destination, step.fingerprint)


def stands_in(step: Step) -> bool:
    """Tell whether a step puts something new in the place of a file: a link, a clone, what the other side has."""
    if step.kind in ("upload", "download"):
        return step.occupant is not None
    return step.kind == "replace" and step.means != "move"
