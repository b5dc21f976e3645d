"""Finds the families of files that organizing looks at: in all of a folder, or around some named files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from core.errors import StorageError
from core.names import collision_key
from core.planners.groups import families, family_key, may_follow
from core.planners.paths import folder_of, join, name_of
from core.planners.scope import Scope, awaited, is_unfinished
from core.storage import Entry
from core.storage.local import LocalStorage

_by_path = attrgetter("path")


class Sight(NamedTuple):
    """What organizing looks at in one directory, in the order of names.

    `lone`: files whose names tie them to no other. `families`: the rest, of one file too.
    """

    directory: bytes
    lone: list[Entry]
    families: list[list[Entry]]


class Survey:
    """One look at a folder. `paths`: only these files, relative to it, with what belongs to them; None: all."""

    def __init__(self, storage: LocalStorage, scope: Scope, paths: Sequence[bytes] | None) -> None:
        self._storage = storage
        self._scope = scope
        self._paths = None if paths is None else frozenset(paths)
        self.seen = 0
        """How many files there are, once all directories were walked."""

    def families(self, report: Callable[[int], None]) -> Iterator[list[Entry]]:
        """Yield the families, directory by directory in the order of names. `report` hears how many files were seen."""
        for sight in self.sights(report):
            yield from ([file] for file in sight.lone)
            yield from sight.families

    def sights(self, report: Callable[[int], None]) -> Iterator[Sight]:
        """Yield what there is in each directory, in the order of names. `report` hears how many files were seen."""
        found: dict[bytes, list[Entry]] = defaultdict(list)
        for directory, files in self._directories():
            report(self.seen)
            found[directory] += files
            self.seen += len(files)
        for directory in sorted(found):
            if not self._scope.why_not_in(directory):
                yield self._in_directory(directory, sorted(found[directory], key=_by_path))

    def _in_directory(self, directory: bytes, files: list[Entry]) -> Sight:
        """Tell lone files, as most are, from those that may have a family or wait for one that is unfinished."""
        start = len(directory) + 1 if directory else 0
        names = [file.path[start:] for file in files]
        odd = [name for name in names if name[0] in b".~" or _may_tie(name[name.rfind(b".") + 1 :])]
        if not odd:
            return Sight(directory, self._looked_at(files), [])
        heads, waiting = {family_key(name) for name in odd}, awaited(names)
        lone: list[Entry] = []
        others: list[Entry] = []
        for file, name in zip(files, names, strict=True):
            is_lone = family_key(name) not in heads and not (waiting and collision_key(name) in waiting)
            (lone if is_lone else others).append(file)
        related = families([file for file in others if not self._scope.why_not_named(file.path)])
        ready = (family for family in related if not waiting or not any(_key(file) in waiting for file in family))
        return Sight(directory, self._looked_at(lone), [family for family in ready if self._is_named(family)])

    def _looked_at(self, lone: list[Entry]) -> list[Entry]:
        if self._scope.folder.ignore:
            lone = [file for file in lone if not self._scope.why_not_named(file.path)]
        return lone if self._paths is None else [file for file in lone if file.path in self._paths]

    def _is_named(self, family: Sequence[Entry]) -> bool:
        return self._paths is None or any(file.path in self._paths for file in family)

    def _directories(self) -> Iterable[tuple[bytes, list[Entry]]]:
        if self._paths is None:
            return self._storage.walk_directories(self._scope.descends)
        by_directory: dict[bytes, list[Entry]] = defaultdict(list)
        for file in self._around(self._paths):
            by_directory[folder_of(file.path)].append(file)
        return by_directory.items()

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


@lru_cache(4096)
def _may_tie(ending: bytes) -> bool:
    """Tell whether a file may belong to another, or make one wait, by what follows the last dot of its name."""
    return may_follow(ending) or is_unfinished(b"name." + ending)


def _key(file: Entry) -> bytes:
    return collision_key(name_of(file.path))
