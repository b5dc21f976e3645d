"""Finds the families of files that organizing looks at: in all of a folder, or around some named files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter

from core.errors import StorageError
from core.names import collision_key
from core.planners.groups import families, family_key
from core.planners.paths import folder_of, join, name_of
from core.planners.scope import Scope, awaited
from core.storage import Entry
from core.storage.local import LocalStorage

_REPORT_EVERY = 256


class Survey:
    """One look at a folder. `paths`: only these files, relative to it, with what belongs to them; None: all."""

    def __init__(self, storage: LocalStorage, scope: Scope, paths: Sequence[bytes] | None) -> None:
        self._storage = storage
        self._scope = scope
        self._paths = None if paths is None else frozenset(paths)

    def families(self, report: Callable[[int], None]) -> Iterator[list[Entry]]:
        """Yield the families, directory by directory in the order of names. `report` hears how many files were seen."""
        by_directory: dict[bytes, list[Entry]] = defaultdict(list)
        for number, file in enumerate(self._files()):
            if number % _REPORT_EVERY == 0:
                report(number)
            by_directory[folder_of(file.path)].append(file)
        for directory in sorted(by_directory):
            if not self._scope.why_not_in(directory):
                yield from self._in_directory(sorted(by_directory[directory], key=attrgetter("path")))

    def _in_directory(self, files: Sequence[Entry]) -> Iterator[list[Entry]]:
        waiting = awaited(name_of(file.path) for file in files)
        for family in families([file for file in files if not self._scope.why_not_named(file.path)]):
            if self._is_named(family) and not (waiting and any(_key(file) in waiting for file in family)):
                yield family

    def _is_named(self, family: Sequence[Entry]) -> bool:
        return self._paths is None or any(file.path in self._paths for file in family)

    def _files(self) -> Iterable[Entry]:
        return self._storage.walk(self._scope.descends) if self._paths is None else self._around(self._paths)

    def _around(self, paths: Iterable[bytes]) -> Iterator[Entry]:
        """Yield the named files, and those beside them that may belong to them or make them wait."""
        wanted: dict[bytes, set[bytes]] = defaultdict(set)
        for path in paths:
            if path and not self._scope.why_not_entered(folder_of(path)):
                wanted[folder_of(path)].add(family_key(name_of(path)))
        for directory, keys in wanted.items():
            for name in self._names(directory):
                if family_key(name) in keys or name.startswith((b"~$", b".~lock.")):
                    entry = self._storage.entry(join(directory, name))
                    if entry is not None:
                        yield entry

    def _names(self, directory: bytes) -> Sequence[bytes]:
        try:
            return self._storage.list_directory(directory)
        except StorageError:
            return ()  # it cannot be read, or is not what it was


def _key(file: Entry) -> bytes:
    return collision_key(name_of(file.path))
