"""Files that belong together, among those that a search found: whoever takes one away must know of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.errors import StorageError
from core.planners.groups import families, may_follow
from core.planners.paths import folder_of, join
from core.storage import Entry
from core.storage.local import LocalStorage


class Kin:
    """The families of the directories that are asked about; each is listed once.

    `storage`: gives the storage of a root.
    """

    def __init__(self, storage: Callable[[bytes], LocalStorage]) -> None:
        self._storage = storage
        self._families: dict[tuple[bytes, bytes], dict[bytes, tuple[bytes, ...]]] = {}

    def of(self, root: bytes, path: bytes) -> tuple[bytes, ...]:
        """Return the paths of the files that belong together with one, it among them, their leader first.

        Nothing for one that stands alone. Paths are relative to the root.
        """
        key = root, folder_of(path)
        found = self._families.get(key)
        if found is None:
            found = self._families[key] = self._in_directory(*key)
        return found.get(path, ())

    def _in_directory(self, root: bytes, directory: bytes) -> dict[bytes, tuple[bytes, ...]]:
        names = sorted(self._names(root, directory))
        if not any(may_follow(name[name.rfind(b".") + 1 :]) for name in names):
            return {}
        entries = [Entry(join(directory, name), 0, 0, 0, 0, 0) for name in names]
        together = [tuple(file.path for file in family) for family in families(entries) if len(family) > 1]
        return {path: family for family in together for path in family}

    def _names(self, root: bytes, directory: bytes) -> Sequence[bytes]:
        try:
            return self._storage(root).list_directory(directory)
        except StorageError:
            return ()  # it cannot be read, or is not what it was
