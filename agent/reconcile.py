"""The truth about a folder: what a walk finds, compared with what the index knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from agent.memory import give_back_free
from agent.settle import Settling
from core.errors import SourceInUse, StorageError
from core.names import collision_key
from core.planners.scope import Scope, awaited, is_unfinished
from core.storage import Entry
from core.storage.local import LocalStorage
from core.storage.ordered import walk_in_order
from core.stores.index import Index, Stamp

KEPT_ENTRIES = 20_000
"""Changed files that are listed one by one; with more the whole folder is gone through."""
BATCH = 5000
MANY_FILES = 10_000
"""From so many files on a comparison takes memory that is worth giving back."""


@dataclass
class Difference:
    """How a folder differs from the index.

    `changed`: files that are new or changed, those that organizing looks at, the first `KEPT_ENTRIES`; `has_more`:
    there are others. `files`: how many the walk found, `known`: how many the index knew. `unreadable`: directories
    that could not be looked into. `mtime_ns`: of the folder itself, before the walk.
    """

    changed: list[Entry] = field(default_factory=list)
    removed: list[bytes] = field(default_factory=list)
    files: int = 0
    known: int = 0
    has_more: bool = False
    unreadable: list[bytes] = field(default_factory=list)
    mtime_ns: int = 0


class News(NamedTuple):
    """Files that are new or changed, and which of them have a path that was not there before."""

    changed: list[Entry]
    arrived: list[bytes]


class Hinted(NamedTuple):
    """What is at paths that something was heard of."""

    found: list[Entry]
    missing: int


class Reconciler:
    """Compares one folder with the index. Its methods block on the disk: call them in a thread, one at a time."""

    def __init__(self, root: bytes, index: Index, scope: Callable[[], Scope]) -> None:
        self.root = root
        self._index = index
        self._scope = scope  # made anew each time: what is a project folder may change

    def compare(self) -> Difference:
        """Walk the folder. Takes into the index only files that organizing does not look at: they are nobody's news.

        Raises StorageError or OSError when the folder itself cannot be read.
        """
        scope = self._scope()
        difference = Difference(known=self._index.count(self.root), mtime_ns=os.stat(self.root).st_mtime_ns)
        known = _Known(self._index.in_order(self.root))
        unlisted: list[Entry] = []
        with LocalStorage(self.root) as storage:
            for entry in walk_in_order(storage, lambda path: not scope.why_not_entered(path)):
                difference.files += 1
                if known.of(entry.path) == stamp(entry):
                    continue
                if scope.why_not(entry.path):
                    unlisted.append(entry)
                    if len(unlisted) >= BATCH:
                        self._index.update(self.root, unlisted, [])
                        unlisted.clear()
                elif len(difference.changed) < KEPT_ENTRIES:
                    difference.changed.append(entry)
                else:
                    difference.has_more = True
            difference.unreadable = storage.unreadable
        self._index.update(self.root, unlisted, [])
        hidden = tuple(directory + b"/" for directory in difference.unreadable)
        difference.removed = [path for path in known.passed_over() if not path.startswith(hidden)]
        if difference.files > MANY_FILES:
            give_back_free()
        return difference

    def forget(self, removed: list[bytes]) -> None:
        """Drop files from the index that are gone."""
        self._index.update(self.root, [], removed)

    def acknowledge(self, entries: list[Entry]) -> None:
        """Take into the index that these files were seen to: they are no news any more."""
        self._index.update(self.root, entries, [])

    def acknowledge_all(self, but: Container[bytes]) -> None:
        """Take the whole folder into the index as it is, but for some files."""
        scope = self._scope()
        with LocalStorage(self.root) as storage:
            batch: list[Entry] = []
            for entry in storage.walk(lambda path: not scope.why_not_entered(path)):
                if entry.path not in but:
                    batch.append(entry)
                if len(batch) >= BATCH:
                    self._index.update(self.root, batch, [])
                    batch.clear()
            self._index.update(self.root, batch, [])

    def news(self, entries: list[Entry]) -> News:
        """Sort out files that settled: those the index knows as they are were moved by Shelver itself."""
        known = self._index.stamps(self.root, [entry.path for entry in entries])
        changed = [entry for entry in entries if known.get(entry.path) != stamp(entry)]
        return News(changed, [entry.path for entry in changed if entry.path not in known])

    def look(self, paths: set[bytes]) -> Hinted:
        """Return the files among some paths that organizing looks at, and how many paths lead to nothing now."""
        scope = self._scope()
        found: list[Entry] = []
        missing = 0
        with LocalStorage(self.root) as storage:
            for path in paths | self._released(paths, storage):
                if scope.why_not(path):
                    continue
                try:
                    entry = storage.entry(path)
                    missing += entry is None and not storage.exists(path)
                except StorageError:
                    continue
                if entry is not None:
                    found.append(entry)
        return Hinted(found, missing)

    def _released(self, paths: set[bytes], storage: LocalStorage) -> set[bytes]:
        """Return the files that waited for an unfinished one beside them, which is gone now: they are news again."""
        released: set[bytes] = set()
        for path in paths:
            directory, name = os.path.split(path)
            with suppress(StorageError):
                if is_unfinished(name) and not storage.exists(path):
                    waited = awaited([name])
                    names = (each for each in storage.list_directory(directory) if collision_key(each) in waited)
                    released.update(os.path.join(directory, each) for each in names)
        if released:
            self._index.update(self.root, [], released)
        return released

    def settled(self, settling: Settling, now: float) -> list[Entry]:
        """Return the files that nobody writes any more; `now` by the monotonic clock."""
        with LocalStorage(self.root) as storage:

            def look(path: bytes) -> Entry | None:
                try:
                    return storage.entry(path)
                except StorageError:
                    return None

            def in_use(path: bytes) -> bool:
                try:
                    storage.check_unused(path)
                except SourceInUse:
                    return True
                except StorageError:
                    pass  # the operation will say what is wrong with it
                return False

            return settling.settled(now, look, in_use)

    def beneath(self, directory: bytes) -> list[Entry]:
        """Return the files beneath a directory that has just appeared."""
        scope = self._scope()
        if scope.why_not_entered(directory):
            return []
        prefix = directory + b"/"
        found: list[Entry] = []
        try:
            with LocalStorage(os.path.join(self.root, directory)) as storage:
                walk = storage.walk(lambda path: not scope.why_not_entered(prefix + path))
                found.extend(_beneath(prefix, entry) for entry in walk if not scope.why_not(prefix + entry.path))
        except StorageError:
            pass  # it is gone again
        return found


class _Known:
    """What the index knows of a folder, asked for by growing paths."""

    def __init__(self, entries: Iterator[tuple[bytes, Stamp]]) -> None:
        self._entries = entries
        self._next = next(entries, None)
        self._passed_over: list[bytes] = []

    def of(self, path: bytes) -> Stamp | None:
        """Return what is known of a file that sorts after those asked for before."""
        while self._next is not None and self._next[0] < path:
            self._pass_over()
        if self._next is None or self._next[0] != path:
            return None
        found, self._next = self._next[1], next(self._entries, None)
        return found

    def passed_over(self) -> list[bytes]:
        """Return the files that nobody asked for; nothing can be asked for after that."""
        while self._next is not None:
            self._pass_over()
        return self._passed_over

    def _pass_over(self) -> None:
        assert self._next is not None
        self._passed_over.append(self._next[0])
        self._next = next(self._entries, None)


def _beneath(prefix: bytes, entry: Entry) -> Entry:
    return Entry(
        prefix + entry.path, entry.inode, entry.size, entry.mtime_ns, entry.ctime_ns, entry.device, entry.links
    )


def stamp(entry: Entry) -> Stamp:
    """Return what the index keeps of a file."""
    return entry.inode, entry.size, entry.mtime_ns, entry.ctime_ns
