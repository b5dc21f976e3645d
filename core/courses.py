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

    Where a link or a clone takes the name of a duplicate, that is the duplicate: it goes to the trash. What its place
    in the trash is, is what a `replace` step records.
    """
    if stands_in(step):
        root = step.destination_root
        return Course(root, step.destination, root, recorded or step.trash, step.occupant)
    if step.kind == "replace":
        recorded = None
    return Course(
        step.source_root, step.source, step.destination_root, recorded or step.destination, step.fingerprint
    )


def stands_in(step: Step) -> bool:
    """Tell whether a step puts something new (a link, a clone) in the place of a file."""
    return step.kind == "replace" and step.means != "move"
