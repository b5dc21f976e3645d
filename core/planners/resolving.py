"""Conflicts settled for good: the plan that keeps one's own file, the bucket's, or both under plain names.

Both sides change alike, the bucket by copies of its own, so that the folder is in step afterwards and nothing goes up
or down. What is not kept goes to the trash of each side.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from itertools import count

from core.config.models import Folder
from core.errors import UsageError
from core.model import Plan, Request, Resolution, Step, StepKind
from core.names import numbered, shown
from core.planners import Ground
from core.storage import Entry
from core.storage.local import LocalStorage
from core.storage.s3.objects import Objects
from core.sync import Synced, fingerprint_of
from core.sync.conflicts import dropping, original_of
from core.sync.marks import check
from core.sync.pairs import filters_of
from core.sync.states import check_bucket
from core.sync.steps import LOCAL, REMOTE
from core.trash import TRASH

NOT_IN_STEP = "it changed since both sides were in step: sync first"
GONE = "it is no longer there"
NOTHING_KEPT = "the other version is gone: keep this one"
ONLY_PUSHES = "its folder takes nothing from the bucket: fetch that version yourself, then keep yours"

_WHY: dict[Resolution, str] = {
    "mine": "your version is kept",
    "theirs": "the bucket's version is kept",
    "both": "both are kept",
}


def plan(request: Request, ground: Ground) -> Plan:
    """Plan how the conflict copies among a request's paths are settled. Raises UsageError, BrakeEngaged, …"""
    folder = ground.config.folder(request.folder)
    check_bucket(folder)
    with ExitStack() as stack:
        local, bucket = ground.open_root(folder.path), ground.open_root(folder.sync.encode())
        stack.enter_context(closing(local))
        stack.enter_context(closing(bucket))
        assert isinstance(local, LocalStorage)
        assert isinstance(bucket, Objects)
        assert ground.sync_state is not None
        state = stack.enter_context(closing(ground.sync_state(folder)))
        check(local, bucket, state)
        steps = _Resolving(request, folder, _Sides(folder, local, bucket, state.files())).steps()
        return Plan(request.id, [local.root, bucket.root], steps, rules=filters_of(folder), reviewed=True)


class _Sides:
    """What the sides hold now that have conflict copies, and held when they were last in step."""

    def __init__(self, folder: Folder, local: LocalStorage, bucket: Objects, base: dict[bytes, Synced]) -> None:
        self._both: dict[int, LocalStorage | Objects] = {LOCAL: local, REMOTE: bucket}
        roots = {"both": (LOCAL, REMOTE), "pull": (LOCAL,), "push": (REMOTE,)}[folder.direction]
        self._held = {root: self._both[root] for root in roots}
        self._base = base

    def entries(self, path: bytes) -> dict[int, Entry]:
        """Return what each of them has there, by the number of its root."""
        return {root: entry for root, side in self._held.items() if (entry := side.entry(path)) is not None}

    def is_in_step(self, path: bytes) -> bool:
        """Tell whether a file is on all of them as it was when they were last in step."""
        if len(self._held) == 1:
            return True
        base, found = self._base.get(path), self.entries(path)
        if base is None or len(found) < len(self._held):
            return False
        return base.is_as(found[LOCAL]) and base.etag == found[REMOTE].version

    def is_free(self, path: bytes) -> bool:
        """Tell whether nothing is there on either side."""
        return not any(side.exists(path) for side in self._both.values())


class _Resolving:
    def __init__(self, request: Request, folder: Folder, sides: _Sides) -> None:
        self._operation = os.fsencode(request.id)
        self._copies = request.paths or []
        self._resolution: Resolution = request.resolve or "both"
        self._is_dropping = request.resolve == dropping(folder)
        self._only_pushes = folder.direction == "push"
        self._sides = sides
        self._steps: list[Step] = []
        self._taken: set[bytes] = set()
        self._groups = 0

    def steps(self) -> list[Step]:
        """Return what settles each copy that was asked for. Raises UsageError for what is no conflict copy."""
        for copy in dict.fromkeys(self._copies):
            original = original_of(copy)
            if original is None:
                raise UsageError(f"{shown(copy)} is no conflict copy", field="paths")
            if why := self._why_not(copy, original):
                self._steps.append(Step(len(self._steps), "move", copy, copy, refused=why))
            elif self._is_dropping:
                self._each_side("trash", copy, self._in_trash(copy))
            elif self._keeps_both(original):
                self._each_side("move", copy, self._free_name(original))
            else:
                self._replace(copy, original)
        return self._steps

    def _keeps_both(self, original: bytes) -> bool:
        return self._resolution == "both" or not self._sides.entries(original)

    def _why_not(self, copy: bytes, original: bytes) -> str:
        """Return why a copy cannot be settled now, or nothing."""
        if not self._sides.entries(copy):
            return GONE
        is_alone = self._sides.is_free(original)
        if is_alone and self._is_dropping:
            return NOTHING_KEPT
        if original in self._taken:
            return f"another copy of {shown(os.path.basename(original))} is kept in its place: settle this one next"
        if self._only_pushes and not self._is_dropping and not self._keeps_both(original):
            return ONLY_PUSHES
        concerned = [copy] if is_alone or self._resolution == "both" else [copy, original]
        return "" if all(map(self._sides.is_in_step, concerned)) else NOT_IN_STEP

    def _free_name(self, original: bytes) -> bytes:
        """Return the plain name if nothing has it, else the next number's."""
        folder, slash, name = original.rpartition(b"/")
        places = (folder + slash + (numbered(name, number) if number else name) for number in count())
        place = next(place for place in places if place not in self._taken and self._sides.is_free(place))
        self._taken.add(place)
        return place

    def _each_side(self, kind: StepKind, copy: bytes, place: bytes) -> None:
        for root, entry in self._sides.entries(copy).items():
            self._add(kind, root, (copy, place), entry)

    def _replace(self, copy: bytes, original: bytes) -> None:
        """Let the copy take the plain name; what has it goes to the trash. Here both or neither is done."""
        self._taken.add(original)
        self._groups += 1
        others = self._sides.entries(original)
        for root, entry in self._sides.entries(copy).items():
            group = self._groups if root == LOCAL else 0
            self._add("trash", root, (original, self._in_trash(original)), others[root], group)
            self._add("move", root, (copy, original), entry, group)

    def _add(self, kind: StepKind, root: int, way: tuple[bytes, bytes], entry: Entry, group: int = 0) -> None:
        fingerprint, why = fingerprint_of(entry), _WHY[self._resolution]
        self._steps.append(Step(len(self._steps), kind, *way, root, root, group, fingerprint, why=why))

    def _in_trash(self, path: bytes) -> bytes:
        return b"/".join((TRASH, self._operation, path))
