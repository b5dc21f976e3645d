"""What an operation did, as its plan and journal tell, and which of it a partial rollback means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.errors import UsageError
from core.journal import Outcomes
from core.journal.courses import course, stands_in
from core.model import DIRECTORY_KINDS, Attributes, Fingerprint, Plan, Request, Step, absolute
from core.names import shown
from core.planners.world import Place, above


class Deed(NamedTuple):
    """A step that was carried out: where its file came from and where it was put, absolute and as a place.

    `left`: what the file had there when the step was done. `attributes`: of a removed directory. `stand_in`: what got
    the name of a file that was replaced.
    """

    step: Step
    source: Place
    destination: Place
    source_path: bytes
    destination_path: bytes
    left: Fingerprint | None
    attributes: Attributes | None
    purged: bool
    stand_in: Fingerprint | None = None

    @property
    def roots(self) -> set[int]:
        """The numbers of the roots that it concerned."""
        return {place.root for place in (self.source, self.destination) if place.path}

    @property
    def is_directory(self) -> bool:
        """Whether it made or removed a directory."""
        return self.step.kind in DIRECTORY_KINDS


def deeds(plan: Plan, outcomes: Outcomes, steps: Iterable[Step] | None = None) -> list[Deed]:
    """Return what was done, oldest first; of some `steps` only, if no others use names that they use."""
    done: list[Deed] = []
    put: dict[Place, Place] = {}  # where the plan put a file → where it really went
    for step in plan.steps if steps is None else steps:
        finished = outcomes.finished.get(step.seq)
        if finished is None or finished.outcome != "done":
            continue
        way = course(step, finished.destination)
        source = Place(way.source_root, way.source)
        source = put.get(source, source) if step.kind == "copy" else put.pop(source, source)
        destination = Place(way.destination_root, way.destination)
        is_replaced = step.kind == "replace" or stands_in(step)
        if finished.destination and not is_replaced:
            put[Place(step.destination_root, step.destination)] = destination
        done.append(
            Deed(
                step,
                source,
                destination,
                absolute(plan.roots, *source) if source.path else b"",
                absolute(plan.roots, *destination) if destination.path else b"",
                way.fingerprint if is_replaced else finished.fingerprint or step.fingerprint,
                finished.attributes or step.attributes,
                step.seq in outcomes.purged,
                finished.fingerprint or step.fingerprint,
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


def check_part(request: Request, done: Sequence[Deed]) -> list[Deed]:
    """Return the part of what was done that a rollback means. Raises UsageError where it means nothing of it."""
    meant = list(done) if request.only is None else selected(done, request.only)
    if request.only is not None and not meant:
        places = ", ".join(map(shown, request.only))
        raise UsageError(f"{request.undo_of} changed nothing at {places}", field="only")
    return meant


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
