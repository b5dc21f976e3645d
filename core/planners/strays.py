"""Sidecars that came early: they lay alone, were put away as whatever they are, and now what they belong to is here."""

from __future__ import annotations

from collections.abc import Sequence

from core.config import Folder
from core.errors import StorageError
from core.planners.followers import Remembers
from core.planners.groups import possible_sidecars
from core.planners.paths import folder_of, join, name_of
from core.planners.roots import Roots
from core.storage import Entry

EARLY_SECONDS = 24 * 60 * 60
"""A sidecar that was put away longer ago belonged to another file of that name."""


class Strays:
    """Finds the sidecars of files that have just arrived, within the folder; each is found once."""

    def __init__(self, history: Remembers, folder: Folder, roots: Roots) -> None:
        self._history = history
        self._folder = folder
        self._roots = roots
        self._found: set[bytes] = set()

    def of(self, leader: Entry) -> Sequence[Entry]:
        """Return the sidecars of a file that Shelver put away a short while ago, where they still are."""
        names = list(possible_sidecars(name_of(leader.path)))
        if self._history.is_empty or not names:
            return ()
        paths = [self._folder.absolute(join(folder_of(leader.path), name)) for name in names]
        went = self._history.newest_destinations(paths, within=EARLY_SECONDS)
        return [entry for old, new in went.items() if name_of(old) == name_of(new) and (entry := self._present(new))]

    def _present(self, path: bytes) -> Entry | None:
        located = self._roots.locate(folder_of(path))
        if located is None or located[0] != 0 or path in self._found:
            return None
        try:
            entry = self._roots.storage(0).entry(join(located[1], name_of(path)))
        except StorageError:
            return None
        if entry is not None:
            self._found.add(path)
        return entry
