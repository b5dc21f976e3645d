"""Which name each file gets: conflicts with the disk and within the plan are resolved before anything moves.

A name counts as taken when the disk holds it or the plan gave it away, also in another case or Unicode form: a later
copy to SMB, exFAT or macOS would lose one of the two. A name that the plan itself frees may be used again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.errors import StorageError
from core.names import NAME_MAX, collision_key
from core.planners.groups import number_of, numbered_family
from core.planners.likeness import Likeness
from core.planners.paths import folder_of, name_of
from core.rules import Clash
from core.storage import Entry
from core.storage.local import LocalStorage

Place = tuple[int, bytes]
"""Number of a root, and a path relative to it."""


IN_THE_WAY = "a file or a link stands where its folder would be"

ErrandKind = Literal["move", "copy", "trash"]


@dataclass(eq=False, slots=True)
class Errand:
    """One thing to do with a family: where its files should go, and where they will."""

    kind: ErrandKind
    files: Sequence[Entry]
    root: int
    directory: bytes
    names: Sequence[bytes]
    why: str
    on_conflict: Clash = "number"
    refused: str = ""
    destinations: list[bytes] = field(default_factory=list)
    is_home: bool = False
    waits: bool = False
    """Whether a name that it needs is on the disk now, and has to be freed first."""

    @property
    def folder(self) -> bytes:
        """The directory that the files lie in now, beneath the first root."""
        return folder_of(self.files[0].path)

    @property
    def own_names(self) -> list[bytes]:
        """The names that the files have now."""
        return [name_of(file.path) for file in self.files]

    @property
    def sources(self) -> list[Place]:
        """Where the files are now: always beneath the first root."""
        return [(0, file.path) for file in self.files]

    @property
    def acts(self) -> bool:
        """Whether something will be done."""
        return not self.refused and not self.is_home


class Disk:
    """What the roots hold now, each directory listed once."""

    def __init__(self, storages: Callable[[int], LocalStorage]) -> None:
        self.storage = storages
        self._names: dict[Place, dict[bytes, list[bytes]]] = {}
        self._directories: dict[Place, bool] = {}

    def names(self, root: int, directory: bytes) -> dict[bytes, list[bytes]]:
        """Return the names in a directory by collision key; none where there is no directory."""
        if (root, directory) not in self._names:
            by_key: dict[bytes, list[bytes]] = defaultdict(list)
            for name in self.storage(root).list_directory(directory):
                by_key[collision_key(name)].append(name)
            self._names[root, directory] = dict(by_key)
        return self._names[root, directory]

    def is_directory(self, root: int, path: bytes) -> bool:
        """Tell whether there is a directory, no link to one."""
        if (root, path) not in self._directories:
            self._directories[root, path] = self.storage(root).is_directory(path)
        return self._directories[root, path]


class Spot:
    """A directory that files go to. `refused` says why none can."""

    def __init__(self, root: int, path: bytes, on_disk: dict[bytes, list[bytes]], refused: str = "") -> None:
        self.root, self.path, self.on_disk, self.refused = root, path, on_disk, refused
        self.planned: set[bytes] = set()
        self.folders: dict[bytes, Spot] = {}
        self.waits = False
        """Whether a file that is yet to leave has its name, or that of a directory above it."""
        self.numbers: dict[bytes, int] = {}
        self.alike: dict[bytes, Likeness] = {}

    def join(self, name: bytes) -> bytes:
        """Return the path of a name in it."""
        return self.path + b"/" + name if self.path else name


class Places:
    """Gives each errand its destinations. `leaving`: the files whose names the plan frees.

    `plain`: the places of plain files, which are given for good.
    """

    def __init__(self, disk: Disk, leaving: Collection[Place], plain: Places | None = None) -> None:
        self.left: dict[bytes, set[bytes]] = defaultdict(set)
        """The names that plain files leave, by directory beneath the first root."""
        self.filled: set[Place] = set()
        """The directories that plain files go to."""
        self._disk = disk
        self._leaving = leaving
        self._plain = plain
        self._spots: dict[Place, Spot] = {}
        self._wanted: dict[Place, Spot] = {}

    def claim(self, errand: Errand) -> None:
        """Set the errand's destinations, or why it is refused, or that its files are where they belong."""
        errand.destinations, errand.refused, errand.is_home, errand.waits = [], "", False, False
        try:
            spot = self.spot(errand.root, errand.directory)
            if self._claim_plainly(spot, errand):
                return
            errand.refused = IN_THE_WAY if spot.waits and errand.kind == "copy" else spot.refused
            if not errand.refused:
                self._claim_in(spot, errand)
        except StorageError as error:
            errand.refused = str(error)

    def is_home(self, errand: Errand) -> bool:
        """Tell whether an errand's files are where they belong already."""
        if errand.kind != "move" or errand.root != 0:
            return False
        try:
            return self._are_home(self.spot(errand.root, errand.directory), errand)
        except StorageError:
            return False

    def free_beside(self, errand: Errand) -> list[bytes]:
        """Return free numbered names beside the errand's files: where they wait for a name that is yet to be freed."""
        spot = self.spot(0, errand.folder)
        return [spot.join(name) for name in self._next_free(spot, errand.own_names)]

    def spot(self, root: int, directory: bytes) -> Spot:
        """Return the directory that files wanted there go to: where one differs only in case, that one."""
        if (root, directory) not in self._wanted:
            self._wanted[root, directory] = self._find(root, directory)
        return self._wanted[root, directory]

    # -- names

    def _claim_plainly(self, spot: Spot, errand: Errand) -> bool:
        """Give what most files want: a name of their own in another folder, that nobody has or wants."""
        if len(errand.names) > 1 or errand.kind != "move" or errand.on_conflict == "same-or-number":
            return False
        key = collision_key(errand.names[0])
        is_elsewhere = spot.root != 0 or spot.path != errand.folder
        if not is_elsewhere or spot.refused or key in spot.planned or key in spot.on_disk:
            return False
        spot.planned.add(key)
        errand.waits = spot.waits
        errand.destinations = [spot.join(errand.names[0])]
        return True

    def _claim_in(self, spot: Spot, errand: Errand) -> None:
        if errand.kind == "move" and self._are_home(spot, errand):
            errand.is_home = True
            return
        names = list(errand.names)
        if len(names) > 1 and len({collision_key(name) for name in names}) < len(names):
            errand.refused = "two of its files have names that differ only in case"
            return
        if not self._are_free(spot, names, errand):
            if errand.kind == "copy" and self._are_there(spot, errand):
                errand.is_home = True
                return
            if errand.on_conflict == "skip":
                errand.refused = "the place is taken"
                return
            if errand.on_conflict == "same-or-number" and self._are_there(spot, errand):
                errand.refused = "the same bytes are already there"
                return
            names = self._next_free(spot, names)
        self._give(spot, names, errand)

    def _are_home(self, spot: Spot, errand: Errand) -> bool:
        """Tell whether the files are where they belong, if need be under a number."""
        if spot.root != 0 or spot.path != errand.folder:
            return False
        if list(errand.names) == errand.own_names:
            return True
        number = number_of(errand.own_names[0])
        if not number or numbered_family(errand.names, number) != errand.own_names:
            return False
        return not self._are_free(spot, errand.names, errand)  # it goes where it belongs once that is free

    def _are_free(self, spot: Spot, names: Sequence[bytes], errand: Errand) -> bool:
        may_be_freed = errand.kind != "copy"
        return all(self._is_free(spot, name, may_be_freed) for name in names)

    def _is_free(self, spot: Spot, name: bytes, may_be_freed: bool) -> bool:
        key = collision_key(name)
        if key in spot.planned:
            return False
        holders = spot.on_disk.get(key)
        if not holders:
            return True
        return may_be_freed and all(self._is_leaving(spot, holder) for holder in holders)

    def _is_leaving(self, spot: Spot, name: bytes) -> bool:
        """Tell whether the plan frees a name."""
        if self._plain is not None and spot.root == 0 and name in self._plain.left.get(spot.path, ()):
            return True
        return (spot.root, spot.join(name)) in self._leaving

    def _next_free(self, spot: Spot, names: Sequence[bytes]) -> list[bytes]:
        """Return the names under the first number that none of them has taken, never one that is yet to be freed.

        Where the search ended is remembered: ten thousand files of one name cost ten thousand looks.
        """
        key = collision_key(names[0])
        number = spot.numbers.get(key, 0)
        while True:
            number += 1
            tried = numbered_family(names, number)
            if all(self._is_free(spot, name, may_be_freed=False) for name in tried):
                spot.numbers[key] = number
                spot.planned.update(collision_key(name) for name in tried)
                return tried

    def _give(self, spot: Spot, names: Sequence[bytes], errand: Errand) -> None:
        keys = [collision_key(name) for name in names]
        spot.planned.update(keys)
        errand.waits = spot.waits or any(key in spot.on_disk for key in keys)
        errand.destinations = [spot.join(name) for name in names]
        if errand.on_conflict == "same-or-number" or errand.kind == "copy":
            for file, wanted in zip(errand.files, errand.names, strict=True):
                self._likeness(spot, wanted).add(0, file)

    def _are_there(self, spot: Spot, errand: Errand) -> bool:
        """Tell whether each file's bytes stand at its wanted name already, or at a numbered form of it."""
        return all(
            self._likeness(spot, wanted).has(0, file) for file, wanted in zip(errand.files, errand.names, strict=True)
        )

    def _likeness(self, spot: Spot, wanted: bytes) -> Likeness:
        key = collision_key(wanted)
        if key not in spot.alike:
            likeness = spot.alike[key] = Likeness(self._disk.storage)
            number, misses = 0, 0
            while misses < 8:  # numbers have gaps where one was taken away
                name = numbered_family([wanted], number)[0] if number else wanted
                holders = spot.on_disk.get(collision_key(name), ())
                misses = 0 if holders else misses + 1
                number += 1
                for holder in holders:
                    if self._is_leaving(spot, holder):
                        continue
                    if entry := self._disk.storage(spot.root).entry(spot.join(holder)):
                        likeness.add(spot.root, entry)
        return spot.alike[key]

    # -- directories

    def _find(self, root: int, directory: bytes) -> Spot:
        if not directory:
            return self._spot(root, b"")
        parent_path, _, wanted = directory.rpartition(b"/")
        parent = self.spot(root, parent_path)
        if parent.refused:
            return parent
        if len(wanted) > NAME_MAX:
            return Spot(root, directory, {}, "a part of its path would be too long")
        key = collision_key(wanted)
        if key in parent.folders:
            return parent.folders[key]
        holders = parent.on_disk.get(key, [])
        for name in sorted(holders, key=lambda holder: (holder != wanted, holder)):
            if self._disk.is_directory(root, parent.join(name)):
                return self._spot(root, parent.join(name))
        if key in parent.planned or not all(self._is_leaving(parent, name) for name in holders):
            return Spot(root, directory, {}, IN_THE_WAY)
        parent.planned.add(key)
        found = parent.folders[key] = self._spot(root, parent.join(wanted))
        found.waits = parent.waits or bool(holders)
        return found

    def _spot(self, root: int, path: bytes) -> Spot:
        if (root, path) not in self._spots:
            spot = self._spots[root, path] = Spot(root, path, self._disk.names(root, path))
            if self._plain is not None and (given := self._plain._spots.get((root, path))):
                spot.planned.update(given.planned)
                spot.folders = {key: self._spot(root, folder.path) for key, folder in given.folders.items()}
        return self._spots[root, path]
