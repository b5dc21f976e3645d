"""The order of steps: copies first, a name is freed before it is used again, a circle goes by a name beside.

Directories are made right before the first file that goes into them, and folders that the plan empties go last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from msgspec import structs

from core.errors import StorageError
from core.model import Attributes, Fingerprint, Step, StepKind
from core.names import collision_key
from core.planners.naming import Disk, Errand, Place, Places
from core.planners.paths import folder_of, join, name_of


class StepWriter:
    """Writes errands down as steps."""

    def __init__(self, disk: Disk, plain: Places) -> None:
        """`plain`: the places of plain files, whose steps come first."""
        self.steps: list[Step] = []
        self._disk = disk
        self._plain = plain
        self._places = plain
        self._made: set[Place] = set()
        self._group = 0
        self._plain_steps = 0

    def write(self, errands: Sequence[Errand], places: Places) -> None:
        """Write the steps of all errands, each once the names it needs are free. `places`: those they were given."""
        self._places = places
        self._plain_steps = len(self.steps)
        for errand in errands:
            if errand.kind == "copy" and errand.acts:
                self._errand(errand, [file.path for file in errand.files])
        moving = [errand for errand in errands if errand.kind != "copy" and errand.acts]
        for errand, start in self._ordered(moving):
            self._errand(errand, start)
        for errand in errands:
            if errand.refused:
                self._errand(errand, [file.path for file in errand.files])

    # -- order

    def _ordered(self, errands: Sequence[Errand]) -> Iterator[tuple[Errand, list[bytes]]]:
        """Yield each errand after those that free its names, with where its files are by then."""
        waiting_ones = [errand for errand in errands if errand.waits]
        if not waiting_ones:
            yield from ((errand, [file.path for file in errand.files]) for errand in errands)
            return
        holders = {source: errand for errand in errands for source in errand.sources}
        waits_for = {id(errand): self._needed(errand, holders) for errand in waiting_ones}
        state: dict[int, str] = {}
        parked: dict[int, list[bytes]] = {}
        for first in errands:
            waiting = [first] if id(first) not in state else []
            while waiting:
                errand = waiting[-1]
                if state.get(id(errand)) == "done":
                    waiting.pop()
                    continue
                state[id(errand)] = "open"
                needed = next(
                    (e for e in waits_for.get(id(errand), ()) if state.get(id(e)) != "done" and id(e) not in parked),
                    None,
                )
                if needed is None:
                    state[id(errand)] = "done"
                    waiting.pop()
                    yield errand, parked.get(id(errand), [file.path for file in errand.files])
                elif state.get(id(needed)) == "open":  # a circle: it waits beside, and its name is free
                    parked[id(needed)] = self._places.free_beside(needed)
                    self._park(needed, parked[id(needed)])
                else:
                    waiting.append(needed)

    def _needed(self, errand: Errand, holders: dict[Place, Errand]) -> list[Errand]:
        """Return the errands whose files hold the names that this one wants.

        That may be itself: a rename in case alone goes by a name beside, as some file systems take the two for one, and
        so does a file that goes into a folder of its own name.
        """
        found: list[Errand] = []
        for file, destination in zip(errand.files, errand.destinations, strict=True):
            if errand.root != 0 or file.path != destination:
                found += self._holding((errand.root, destination), holders)
        directory = folder_of(errand.destinations[0])
        while directory and not self._disk.is_directory(errand.root, directory):
            found += self._holding((errand.root, directory), holders)
            directory = folder_of(directory)
        return found

    def _holding(self, place: Place, holders: dict[Place, Errand]) -> Iterator[Errand]:
        """Yield the errands whose files have a name now, in whatever case."""
        root, path = place
        on_disk = self._disk.names(root, folder_of(path))
        for name in on_disk.get(collision_key(name_of(path)), ()) if on_disk else ():
            errand = holders.get((root, join(folder_of(path), name)))
            if errand is not None:
                yield errand

    # -- steps

    def _errand(self, errand: Errand, start: Sequence[bytes]) -> None:
        destinations: Sequence[bytes] = errand.destinations or [b""] * len(errand.files)
        if errand.refused:
            destinations = [join(errand.directory, name) for name in errand.names] or destinations
        else:
            for destination in destinations:
                if errand.kind != "trash":
                    self.make_parents((errand.root, destination))
        self._files(errand, errand.kind, start, destinations)

    def _park(self, errand: Errand, destinations: Sequence[bytes]) -> None:
        self._files(errand, "move", [file.path for file in errand.files], destinations, root=0)

    def _files(
        self,
        errand: Errand,
        kind: StepKind,
        start: Sequence[bytes],
        destinations: Sequence[bytes],
        root: int | None = None,
    ) -> None:
        group = 0
        if len(errand.files) > 1:
            self._group += 1
            group = self._group
        target = errand.root if root is None else root
        for file, source, destination in zip(errand.files, start, destinations, strict=True):
            if not errand.refused and target == 0 and source == destination:
                continue  # of a family only some change their names
            print_ = Fingerprint(file.inode, file.size, file.mtime_ns)
            step = Step(len(self.steps), kind, source, destination, 0, target, group, print_, None, errand.why)
            self.steps.append(structs.replace(step, refused=errand.refused) if errand.refused else step)

    def make_parents(self, place: Place) -> None:
        """Write the steps that make the directories above a place, if they are not there."""
        root, path = place
        parent = folder_of(path)
        if not parent or (root, parent) in self._made:
            return
        self._made.add((root, parent))
        if not self._disk.is_directory(root, parent):
            self.make_parents((root, parent))
            self._add("mkdir", destination=parent, destination_root=root)

    def _add(self, kind: StepKind, **fields: object) -> None:
        self.steps.append(Step(len(self.steps), kind, **fields))  # type: ignore[arg-type]

    def tell_unreadable(self, directories: Sequence[bytes]) -> None:
        """Say which directories could not be looked into: each is a step that will not be done."""
        for directory in sorted(directories):
            self._add("move", source=directory, destination=directory, refused="this folder cannot be read")

    # -- folders left empty

    def remove_emptied(self, keep: Callable[[bytes], bool]) -> None:
        """Remove the folders that the steps leave empty, and no others. `keep` names some that stay even so."""
        present = self._in_the_end()
        occupied = {folder_of(path) for path, is_there in present.items() if is_there}
        occupied = _with_parents(occupied.union(path for root, path in self._plain.filled if root == 0))
        waiting: dict[int, set[bytes]] = defaultdict(set)
        left = {directory for directory, names in self._plain.left.items() if names}
        for directory in left.union(folder_of(path) for path, is_there in present.items() if not is_there):
            self._wait(waiting, directory)
        for depth in range(max(waiting, default=0), 0, -1):
            for directory in sorted(waiting[depth]):
                if directory in occupied or keep(directory) or not self._is_emptied(directory, present):
                    continue
                attributes = self._attributes(directory)
                if attributes is not None:
                    self._add("rmdir", source=directory, attributes=attributes)
                    present[directory] = False
                    self._wait(waiting, folder_of(directory))

    def _in_the_end(self) -> dict[bytes, bool]:
        """Return which paths beneath the first root the steps of errands leave taken, and which free."""
        present: dict[bytes, bool] = {}
        for step in self.steps[self._plain_steps :]:
            if not step.refused:
                if step.kind in ("move", "trash"):
                    present[step.source] = False
                if step.destination_root == 0:
                    present[step.destination] = True
        return present

    @staticmethod
    def _wait(waiting: dict[int, set[bytes]], directory: bytes) -> None:
        if directory:
            waiting[directory.count(b"/") + 1].add(directory)

    def _is_emptied(self, directory: bytes, present: dict[bytes, bool]) -> bool:
        left = self._plain.left.get(directory, ())
        others = [name for name in self._disk.storage(0).list_directory(directory) if name not in left]
        return all(present.get(join(directory, name), True) is False for name in others)

    def _attributes(self, directory: bytes) -> Attributes | None:
        try:
            return self._disk.storage(0).attributes(directory)
        except StorageError:
            return None


def _with_parents(directories: set[bytes]) -> set[bytes]:
    """Return directories and all that lie above them."""
    found: set[bytes] = set()
    for each in directories:
        directory = each
        while directory and directory not in found:
            found.add(directory)
            directory = folder_of(directory)
    return found
