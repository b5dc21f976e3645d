"""Sidecars that come late: the file they belong to was moved already, and they follow it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from core import trash
from core.planners.groups import is_sidecar, possible_leaders, renamed
from core.planners.roots import Roots

_HOPS = 8


class Remembers(Protocol):
    """What is asked of the history."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing ever went anywhere."""

    def newest_destinations(self, paths: Sequence[bytes], within: float | None = None) -> dict[bytes, bytes]:
        """Return where the newest file from each absolute path went; `within`: in so many seconds up to now."""


class Followers:
    """Finds where the leader of a lonely sidecar is now, through all the moves that are remembered."""

    def __init__(self, history: Remembers, roots: Roots) -> None:
        self._history = history
        self._roots = roots

    def destination(self, sidecar: bytes) -> tuple[bytes, bytes] | None:
        """Return the old name of the leader, and the absolute path beside it that a sidecar should go to."""
        directory, name = os.path.split(sidecar)
        if not is_sidecar(name) or self._history.is_empty:
            return None
        leaders = list(possible_leaders(name))
        went = self._history.newest_destinations([os.path.join(directory, leader) for leader in leaders])
        for leader in leaders if went else ():
            present = self._present_place(went.get(os.path.join(directory, leader)))
            if present is not None:
                beside, new_leader = os.path.split(present)
                return leader, os.path.join(beside, renamed(name, leader, new_leader))
        return None

    def _present_place(self, path: bytes | None) -> bytes | None:
        """Follow a file that went to a path through all that happened to it since."""
        for _ in range(_HOPS):
            if path is None or trash.is_trash(path):
                return None
            directory, name = os.path.split(path)
            located = self._roots.locate(directory)
            if located is None:
                return None
            if self._roots.storage(located[0]).fingerprint(os.path.join(located[1], name)):
                return path
            path = self._history.newest_destinations([path]).get(path)
        return None
