"""The files as they will be at some point of a plan: the disk, and what the steps so far change of it.

A plan that moves a file into a place which an earlier step frees (a chain, a swap) is right only when it
is checked against this, not against the disk alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import NamedTuple, Self

from core.errors import BrakeEngaged
from core.model import Fingerprint, Step, absolute
from core.names import numbered_together, shown
from core.storage import open_storage
from core.storage.local import LocalStorage
from core.storage.s3.objects import Objects

OpenRoot = Callable[[bytes], LocalStorage | Objects]

_FOLDER = Fingerprint(0, 0, 0)
"""Stands for a folder that the plan makes: what it will be is not known, only that it will be there."""

_STAND_IN = Fingerprint(0, 0, -1)
"""Stands for a link or a clone that the plan makes."""


class Place(NamedTuple):
    """A path and the number of the root that it is relative to."""

    root: int
    path: bytes

    @property
    def folder(self) -> Place:
        """The folder it lies in; the root's own path is empty."""
        return Place(self.root, os.path.dirname(self.path))


class World:
    """Files and folders beneath a plan's roots, as the planned steps leave them. Reads, never writes."""

    def __init__(self, roots: Sequence[bytes], open_root: OpenRoot = open_storage) -> None:
        self.roots = roots
        self._open_root = open_root
        self._open = ExitStack()
        self._storages: dict[int, LocalStorage | Objects] = {}
        self._planned: dict[bytes, Fingerprint | None] = {}
        self._arrivals: Counter[bytes] = Counter()  # by folder: names in it that the plan gave
        self._folders: set[bytes] = set()
        self._numbers: dict[bytes, int] = {}
        self._beneath = [root.rstrip(b"/") + b"/" for root in roots]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def absolute(self, place: Place) -> bytes:
        """Return the whole path."""
        return absolute(self.roots, place.root, place.path)

    def check_root(self, number: int, inode: int) -> None:
        """Raise BrakeEngaged where a root is not what it was: missing, or another folder that is empty.

        That is how an unmounted disk looks: nothing on it is gone, and nothing may be put where it was mounted.
        """
        root = self.roots[number]
        storage = self._storage(number)
        if isinstance(storage, Objects):
            storage.identify()
            return
        try:
            is_same = os.stat(root).st_ino == inode
        except OSError:
            raise BrakeEngaged(f"{shown(root)} is not there") from None
        if not is_same and not storage.list_directory(b""):
            raise BrakeEngaged(f"{shown(root)} is another folder than it was, and empty")

    def look(self, place: Place) -> Fingerprint | None:
        """Return the file that will be there, or None. Raises StorageError where the path cannot be followed."""
        path = self.absolute(place)
        if path in self._planned:
            return self._planned[path]
        return self._storage(place.root).fingerprint(place.path)

    def is_free(self, place: Place, leaving: Collection[Place] = ()) -> bool:
        """Tell whether nothing at all will hold a name, but for files that are `leaving` in the same go."""
        path = self.absolute(place)
        if path in self._planned:
            return self._planned[path] is None or place in leaving
        return place in leaving or not self._storage(place.root).exists(place.path)

    def has_folder(self, place: Place) -> bool:
        """Tell whether there will be a folder. Raises StorageError where the path cannot be followed."""
        path = self.absolute(place)
        if not place.path or path in self._folders or self._needs_no_folders(place.root):
            return True
        if path in self._planned:
            return self._planned[path] == _FOLDER
        there = self._storage(place.root).is_directory(place.path)
        if there:
            self._folders.add(path)
        return there

    def _needs_no_folders(self, root: int) -> bool:
        """Tell whether a root is a bucket: a key may have slashes, and no folder is made or removed."""
        return isinstance(self._storage(root), Objects)

    def makes(self, folder: Place) -> bool:
        """Tell whether the plan makes a folder."""
        return self._planned.get(self.absolute(folder)) == _FOLDER

    def will_be_empty(self, folder: Place) -> bool:
        """Tell whether there is a folder, and nothing will be in it. Raises StorageError."""
        if self._needs_no_folders(folder.root) or not self.has_folder(folder):
            return False
        path = self.absolute(folder)
        planned, beneath = self._planned, path + b"/"
        names = self._storage(folder.root).list_directory(folder.path)
        return not self._arrivals[path] and all(planned.get(beneath + name, _FOLDER) is None for name in names)

    # -- what the steps of the plan change

    def move(self, source: Place, destination: Place) -> None:
        """Take note of a planned move."""
        self._give(self.absolute(destination), self.look(source))
        self._take(self.absolute(source))

    def is_as_left(self, step: Step) -> bool:
        """Tell whether a file is where a step put it, as it was then, and no step so far takes it away."""
        if step.fingerprint is None or self._beneath[step.destination_root] + step.destination in self._planned:
            return False
        storage = self._storage(step.destination_root)
        return isinstance(storage, LocalStorage) and storage.looks_as(step.destination, step.fingerprint)

    def comes_back(self, step: Step, *, to_new_folder: bool) -> bool:
        """Take note that a file goes back from where a step put it, if its old name is free; tell whether so.

        `to_new_folder`: the plan makes the folder, so that nothing can be in it but what the plan puts there.
        """
        path = self._beneath[step.source_root] + step.source
        if path in self._planned or not (to_new_folder or not self._storage(step.source_root).exists(step.source)):
            return False
        self._planned[self._beneath[step.destination_root] + step.destination] = None
        self._planned[path] = step.fingerprint
        self._arrivals[path[: path.rfind(b"/")]] += 1
        return True

    def stand_in(self, name: Place, place: Place) -> None:
        """Take note that a file will go to a place, and something else will have its name."""
        self._give(self.absolute(place), self.look(name))
        self._planned[self.absolute(name)] = _STAND_IN

    def make(self, folder: Place) -> None:
        """Take note of a folder that will be made."""
        self._give(self.absolute(folder), _FOLDER)

    def remove(self, folder: Place) -> None:
        """Take note of a folder that will be removed."""
        path = self.absolute(folder)
        self._take(path)
        self._folders.discard(path)

    def _give(self, path: bytes, what: Fingerprint | None) -> None:
        self._planned[path] = what
        self._arrivals[os.path.dirname(path)] += 1

    def _take(self, path: bytes) -> None:
        if self._planned.get(path) is not None:
            self._arrivals[os.path.dirname(path)] -= 1
        self._planned[path] = None

    # -- names

    def free(self, wanted: Sequence[Place], leaving: Collection[Place] = ()) -> list[Place]:
        """Return the places as wanted, or all under the first number that is free for every one.

        Names already numbered by this plan are not tried again, so that a thousand files that want one
        name cost a thousand looks, not half a million.
        """
        if all(self.is_free(place, leaving) for place in wanted):
            return list(wanted)
        first = self.absolute(wanted[0])
        number = self._numbers.get(first, 0)
        while True:
            number += 1
            places = _together(wanted, number)
            if all(self.is_free(place, leaving) for place in places):
                self._numbers[first] = number
                return places

    def _storage(self, root: int) -> LocalStorage | Objects:
        if root not in self._storages:
            self._storages[root] = self._open.enter_context(closing(self._open_root(self.roots[root])))
        return self._storages[root]


def above(path: bytes) -> Iterator[bytes]:
    """Yield the folders above an absolute path, the nearest first."""
    while len(path) > 1:
        path = os.path.dirname(path)
        yield path


def _together(places: Sequence[Place], number: int) -> list[Place]:
    """Return the places of files that belong together under one number."""
    names = numbered_together([os.path.basename(place.path) for place in places], number)
    return [Place(place.root, os.path.join(place.folder.path, name)) for place, name in zip(places, names, strict=True)]
