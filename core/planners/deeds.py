"""What an operation did, as its plan and journal tell, and which of it a partial rollback means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from core.journal import Outcomes
from core.model import DIRECTORY_KINDS, Attributes, Fingerprint, Plan, Step, absolute
from core.planners.world import Place, above


class Deed(NamedTuple):
    """A step that was carried out: where its file came from and where it was put, absolute and as a place.

    `left`: what the file had there when the step was done. `attributes`: of a removed directory.
    """

    step: Step
    source: Place
    destination: Place
    source_path: bytes
    destination_path: bytes
    left: Fingerprint | None
    attributes: Attributes | None
    purged: bool

    @property
    def roots(self) -> set[int]:
        """The numbers of the roots that it concerned."""
        return {place.root for place in (self.source, self.destination) if place.path}

    @property
    def is_directory(self) -> bool:
        """Whether it made or removed a directory."""
        return self.step.kind in DIRECTORY_KINDS


def deeds(plan: Plan, outcomes: Outcomes) -> list[Deed]:
    """Return what was done, oldest first."""
    done: list[Deed] = []
    put: dict[Place, Place] = {}  # where the plan put a file → where it really went
    for step in plan.steps:
        finished = outcomes.finished.get(step.seq)
        if finished is None or finished.outcome != "done":
            continue
        source = Place(step.source_root, step.source)
        source = put.get(source, source) if step.kind == "copy" else put.pop(source, source)
        destination = Place(step.destination_root, finished.destination or step.destination)
        if finished.destination:
            put[Place(step.destination_root, step.destination)] = destination
        done.append(
            Deed(
                step,
                source,
                destination,
                absolute(plan.roots, *source) if source.path else b"",
                absolute(plan.roots, *destination) if destination.path else b"",
                finished.fingerprint or step.fingerprint,
                finished.attributes or step.attributes,
                step.seq in outcomes.purged,
            )
        )
    return done


def selected(done: Sequence[Deed], only: Sequence[bytes]) -> list[Deed]:
    """Return the part of what was done that `only` means: absolute paths, old or new, or folders above them.

    Files that belong together come along, and so does every other step that moved the same file. Of the
    directories: those that are meant themselves, and those made that held a file which is meant.
    """
    wanted = {path.rstrip(b"/") or b"/" for path in only}
    bundles = _bundles(done)
    meant = {
        bundle
        for deed, bundle in zip(done, bundles, strict=True)
        if not deed.is_directory and (_hits(deed.source_path, wanted) or _hits(deed.destination_path, wanted))
    }
    files = [deed for deed, bundle in zip(done, bundles, strict=True) if not deed.is_directory and bundle in meant]
    held = {folder for deed in files for folder in above(deed.destination_path)}
    chosen = {deed.step.seq for deed in files}
    for deed in done:
        path = deed.destination_path or deed.source_path
        if deed.is_directory and (_hits(path, wanted) or (deed.step.kind == "mkdir" and path in held)):
            chosen.add(deed.step.seq)
    return [deed for deed in done if deed.step.seq in chosen]


def _hits(path: bytes, wanted: set[bytes]) -> bool:
    return path in wanted or any(folder in wanted for folder in above(path))


def _bundles(done: Sequence[Deed]) -> list[int]:
    """Return a number for each step, the same for steps of one group and for steps that moved one file on."""
    parent = list(range(len(done)))

    def find(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first_of_group: dict[int, int] = {}
    put_by: dict[bytes, int] = {}
    for index, deed in enumerate(done):
        if deed.is_directory:
            continue
        if deed.step.group:
            parent[index] = find(first_of_group.setdefault(deed.step.group, index))
        if deed.step.kind in ("move", "trash") and deed.source_path in put_by:
            parent[find(index)] = find(put_by.pop(deed.source_path))
        put_by[deed.destination_path] = index
    return [find(index) for index in range(len(done))]
