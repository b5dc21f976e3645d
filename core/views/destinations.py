"""The folders that a plan's files go into: how a plan of thousands of files is looked over."""

from __future__ import annotations

import os
from array import array
from typing import Literal

from msgspec import Struct

from core.journal.plan_pages import PlanPages
from core.model import DIRECTORY_KINDS, Step, absolute

Fate = Literal["into", "trash", "stays"]
"""What happens with files: they go into a folder, into the trash, or stay where they are."""


class Destination(Struct, frozen=True):
    """Files that go to one place. `path`: the folder, absolute; empty unless they go `into` one. `bytes` in all."""

    fate: Fate
    path: bytes
    files: int
    bytes: int


def destinations(pages: PlanPages) -> list[tuple[Destination, array[int]]]:
    """Return where files go, sorted by path, each with the numbers of its steps; what stays comes last."""
    numbers: dict[tuple[Fate, int, bytes], array[int]] = {}
    sizes: dict[tuple[Fate, int, bytes], int] = {}
    for frame in range(pages.frames):
        for step in pages.steps_of(frame):
            if step.kind not in DIRECTORY_KINDS:
                where = _where(step)
                numbers.setdefault(where, array("I")).append(step.seq)
                sizes[where] = sizes.get(where, 0) + (step.fingerprint.size if step.fingerprint else 0)
    found = [
        (Destination(fate, _absolute(pages.roots, fate, root, path), len(steps), sizes[fate, root, path]), steps)
        for (fate, root, path), steps in numbers.items()
    ]
    return sorted(found, key=lambda each: (each[0].fate == "stays", each[0].fate, each[0].path))


def _where(step: Step) -> tuple[Fate, int, bytes]:
    if step.refused:
        return "stays", 0, b""
    if step.kind in ("trash", "replace"):
        return "trash", 0, b""
    return "into", step.destination_root, os.path.dirname(step.destination)


def _absolute(roots: list[bytes], fate: Fate, root: int, path: bytes) -> bytes:
    if fate != "into":
        return b""
    return absolute(roots, root, path) or roots[root]
