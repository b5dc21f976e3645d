"""The steps that carry over what was decided, in an order in which each name is free when it is needed."""

from __future__ import annotations

import os
from datetime import datetime

from msgspec.structs import replace

from core.config.models import Direction
from core.model import Step
from core.names import NAME_MAX, cut, split_extension
from core.sync import BOTH_CHANGED, Pair, fingerprint_of
from core.sync.renames import Renamed
from core.trash import TRASH

LOCAL, REMOTE = 0, 1
"""The numbers of a sync plan's roots."""


def is_conflict(step: Step) -> bool:
    """Tell whether a step puts one of two changed files aside under a conflict's name."""
    return step.kind == "move" and step.why == BOTH_CHANGED


class Steps:
    """Gathers the steps of one sync. `host`: what a conflict's name tells of where its file came from."""

    def __init__(self, operation: str, when: datetime, host: str) -> None:
        self._operation = os.fsencode(operation)
        self._when = when.astimezone().strftime("%Y-%m-%d %H%M%S")
        self._host = host
        self._moves: list[Step] = []
        self._rest: list[Step] = []

    def ordered(self) -> list[Step]:
        """Return all: renames first, so that their names are free, then what is carried and what leaves."""
        steps = self._moves + self._rest
        return [replace(step, seq=number) for number, step in enumerate(steps)]

    def refuse(self, path: bytes, why: str) -> None:
        """Tell of a file that is left as it is."""
        self._rest.append(Step(0, "upload", path, path, LOCAL, REMOTE, refused=why))

    # -- renames

    def follow_in_bucket(self, renamed: Renamed) -> None:
        """Rename an object as its file was renamed here."""
        self._move(REMOTE, renamed.before.path, renamed.after.path, renamed.before, "renamed here")

    def follow_here(self, renamed: Renamed) -> None:
        """Rename a file as its object was renamed in the bucket."""
        self._move(LOCAL, renamed.before.path, renamed.after.path, renamed.before, "renamed in the bucket")

    def _move(self, root: int, source: bytes, destination: bytes, pair: Pair, why: str) -> None:
        entry = pair.local if root == LOCAL else pair.remote
        self._moves.append(Step(0, "move", source, destination, root, root, fingerprint=fingerprint_of(entry), why=why))

    # -- carrying

    def upload(self, pair: Pair, why: str, path: bytes | None = None) -> None:
        """Send a file up, under another name if one is given; what it replaces goes to the trash."""
        replaced = pair.remote if path is None else None
        place = path or pair.path
        self._rest.append(
            Step(
                0,
                "upload",
                place,
                place,
                LOCAL,
                REMOTE,
                fingerprint=fingerprint_of(pair.local),
                occupant=fingerprint_of(replaced),
                trash=self._trash(place) if replaced else b"",
                why=why,
            )
        )

    def download(self, pair: Pair, why: str, *, onto: bool = True) -> None:
        """Fetch an object; what it replaces, if it goes onto a file, goes to the trash."""
        replaced = pair.local if onto else None
        self._rest.append(
            Step(
                0,
                "download",
                pair.path,
                pair.path,
                REMOTE,
                LOCAL,
                fingerprint=fingerprint_of(pair.remote),
                occupant=fingerprint_of(replaced),
                trash=self._trash(pair.path) if replaced else b"",
                why=why,
            )
        )

    def keep_both(self, pair: Pair, direction: Direction, why: str) -> None:
        """Give one of two changed files a conflict name, so that both are on every side that may be changed."""
        aside = conflict_path(pair.path, self._when, self._host)
        if direction == "push":
            self._move(REMOTE, pair.path, aside, pair, why)
            self.upload(Pair(pair.path, None, pair.local, None), why)
            return
        self._move(LOCAL, pair.path, aside, pair, why)
        if direction == "both":
            self.upload(pair, why, aside)
        self.download(pair, why, onto=False)

    # -- leaving

    def trash_local(self, pair: Pair, why: str) -> None:
        """Trash a file whose object was deleted."""
        self._leave(LOCAL, pair, why)

    def trash_remote(self, pair: Pair, why: str) -> None:
        """Trash an object whose file was deleted."""
        self._leave(REMOTE, pair, why)

    def _leave(self, root: int, pair: Pair, why: str) -> None:
        entry = pair.local if root == LOCAL else pair.remote
        place = self._trash(pair.path)
        self._rest.append(Step(0, "trash", pair.path, place, root, root, fingerprint=fingerprint_of(entry), why=why))

    def _trash(self, path: bytes) -> bytes:
        return b"/".join((TRASH, self._operation, path))


def conflict_path(path: bytes, when: str, host: str) -> bytes:
    """Return the path with `stem (shelver conflict 2026-11-24 020512 host).ext` for its name, cut to fit."""
    folder, slash, name = path.rpartition(b"/")
    stem, extension = split_extension(name)
    told = f" (shelver conflict {when} {host})".encode()
    if len(told) + len(extension) >= NAME_MAX:
        stem, extension = name, b""
    return folder + slash + cut(stem, NAME_MAX - len(told) - len(extension)) + told + extension
