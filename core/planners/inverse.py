"""Works out how each thing that an operation did is taken back; `core.planners.rollback` says in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from msgspec.structs import replace

from core import trash
from core.errors import StorageError
from core.journal.courses import stands_in
from core.model import Attributes, Fingerprint, Request, Step
from core.planners.aftermath import Aftermath
from core.planners.deeds import Deed
from core.planners.ways import Way, goes_again, stand_in_of, way_again
from core.planners.world import Place, World

EDITED = "edited since: it goes back as it is now"
NUMBERED = "its old place is taken: it comes back under a numbered name"
GONE = "it is no longer there"
BACK = "it is at its old place already"
PURGED = "its bytes were purged from the trash: it cannot come back"
TAKEN = "its old place is taken"
FOLDER_TAKEN = "something else has the name of its old folder"
EDITED_COPY = "the copy was edited since: it stays"
TOGETHER = "a file that belongs with it has to stay"

_ELSEWHERE = frozenset({GONE, BACK, PURGED})
"""Files that are not with those they belong to any more: they hold none of them back."""


class Inverse:
    """The steps that take deeds back, in the order in which the deeds are added: newest first."""

    def __init__(self, request: Request, world: World, aftermath: Aftermath) -> None:
        self.steps: list[Step] = []
        self._request = request
        self._world = world
        self._aftermath = aftermath
        self._removed: dict[bytes, Attributes | None] = {}
        self._emptied: set[Place] = set()  # folders in the trash that files come back from
        self._returned: dict[bytes, Place | str] = {}  # old path → where its file comes back to, or why not

    def know(self, done: Iterable[Deed]) -> None:
        """Take in which folders the whole operation removed, and what they had."""
        self._removed = {deed.source_path: deed.attributes for deed in done if deed.step.kind == "rmdir"}

    def add(self, unit: Sequence[Deed]) -> None:
        """Add the steps that take back one deed, or those of one group, newest first."""
        if unit[0].is_directory:
            self._add_directory(unit[0])
        else:
            self._add_files([self._way(deed) for deed in unit])

    def end(self) -> None:
        """Clear away the trash's folders that are empty then: they were made by the way."""
        above = {place for folder in self._emptied for place in _in_trash(folder)}
        for folder in sorted(above, key=lambda place: place.path.count(b"/"), reverse=True):
            self._clear_away(folder)

    # -- folders

    def _add_directory(self, deed: Deed) -> None:
        if deed.step.kind == "rmdir":
            self._bring_back(deed.source)
        else:
            self._clear_away(deed.destination)

    def _clear_away(self, folder: Place) -> None:
        """Remove a folder that the operation made, if nothing will be in it."""
        with suppress(StorageError):
            if self._world.will_be_empty(folder):
                self.steps.append(Step(len(self.steps), "rmdir", source=folder.path, source_root=folder.root))
                self._world.remove(folder)

    def _bring_back(self, folder: Place) -> None:
        try:
            self._check_folder(folder)
        except StorageError as error:
            self._make(folder, refused=str(error))
        else:
            self._ensure(folder)

    def _ensure(self, folder: Place) -> None:
        """See that a folder will be there: one that the operation removed comes back with what it was."""
        if not folder.path or self._world.has_folder(folder):
            return
        self._ensure(folder.folder)
        self._make(folder)
        self._world.make(folder)

    def _make(self, folder: Place, refused: str = "") -> None:
        self.steps.append(
            Step(
                len(self.steps),
                "mkdir",
                destination=folder.path,
                destination_root=folder.root,
                attributes=self._removed.get(self._world.absolute(folder)),
                refused=refused,
            )
        )

    def prepare(self, folder: Place) -> bool:
        """See that a folder will be there; return whether the plan makes it. Raises StorageError."""
        self._check_folder(folder)
        self._ensure(folder)
        return self._world.makes(folder)

    # -- files

    def _way(self, deed: Deed) -> Way:
        """Return the way that takes one deed back."""
        if goes_again(deed):
            return way_again(deed, self._in_trash(deed.destination), self._world)
        if stands_in(deed.step):
            return Way(deed, "move", deed.destination, deed.source, survivor=deed.step.survivor)
        match deed.step.kind:
            case "move" | "trash" | "replace":
                return Way(deed, "move", deed.destination, deed.source, survivor=deed.step.survivor)
            case "copy" | "link" | "upload" | "download":
                return Way(deed, "trash", deed.destination, self._in_trash(deed.destination))
            case kind:
                way = Way(deed, "move", deed.destination, deed.source)
                way.refused = f"a step of the kind {kind} cannot be taken back"
                return way

    def _in_trash(self, place: Place) -> Place:
        return Place(place.root, trash.place(self._world.roots[place.root], place.path, self._request.id))

    def _add_files(self, ways: list[Way]) -> None:
        for way in ways:
            self._inspect(way)
        _hold_together(ways)
        self._find_places([way for way in ways if not way.refused])
        _hold_together(ways)
        going = [way for way in ways if not way.refused]
        for way in ways:
            if way.refused:
                self._leave(way)
        for way in going:
            self._ensure(way.destination.folder)
        for way in going:
            self._take_back(way)

    def _inspect(self, way: Way) -> None:
        """See what became of a file since, and whether it can go back."""
        returned = self._returned.pop(self._world.absolute(way.source), None)
        if isinstance(returned, str):
            way.refused = way.refused or returned
            return
        way.source = returned or way.source
        try:
            way.found = self._world.look(way.source)
        except StorageError as error:
            way.refused = str(error)
            return
        if way.refused:
            return
        if way.deed.purged and way.kind == "move":
            way.refused = PURGED
        elif way.found is None:
            way.refused = self._why_gone(way)
        elif returned is None and (other := self._aftermath.other_file(way.deed, way.found)):
            way.refused = other
        elif not _alike(way.deed.left, way.found):
            self._judge_edited(way)

    def _why_gone(self, way: Way) -> str:
        if way.kind == "move" and _alike(way.deed.left, self._look(way.destination)):
            return BACK
        return self._aftermath.moved_on(way.deed.destination_path) or GONE

    def _judge_edited(self, way: Way) -> None:
        if way.kind == "trash":
            way.refused = EDITED_COPY
        else:
            way.notes.append(EDITED)

    # -- where it goes

    def _find_places(self, ways: list[Way]) -> None:
        """Choose where each file comes back to: its old place, or one number for all where any is taken."""
        leaving = {way.source for way in ways}
        try:
            for way in ways:
                self._check_folder(way.destination.folder)
                way.occupant = stand_in_of(way, self._world)
            leaving.update(way.destination for way in ways if way.occupant)
            if self._request.on_conflict == "skip":
                for way in ways:
                    if way.kind != "trash" and not self._world.is_free(way.destination, leaving):
                        way.refused = TAKEN
                return
            places = self._world.free([way.destination for way in ways], leaving) if ways else []
        except StorageError as error:
            for way in ways:
                way.refused = str(error)
            return
        for way, place in zip(ways, places, strict=True):
            if way.kind != "trash" and place != way.destination:
                way.notes.append(NUMBERED)
                way.occupant = None
            way.destination = place

    def _check_folder(self, folder: Place) -> None:
        """Raise StorageError where something that is no folder holds the name of one that is needed."""
        while not self._world.has_folder(folder):
            if not self._world.is_free(folder):
                raise StorageError(FOLDER_TAKEN)
            folder = folder.folder

    def _leave(self, way: Way) -> None:
        """Record a file that does not go back, and why."""
        self._write(way, group=0)
        if way.kind != "trash":
            self._returned[self._world.absolute(way.wanted)] = way.refused

    def _take_back(self, way: Way) -> None:
        """Record a file that goes back."""
        self._write(way, group=way.deed.step.group)
        if way.means is None:
            self._world.move(way.source, way.destination)
        else:
            self._world.stand_in(way.source, way.destination)
        if trash.is_trash(way.source.path):
            self._emptied.add(way.source.folder)
        if way.kind != "trash":
            self._returned[self._world.absolute(way.wanted)] = way.destination

    def _write(self, way: Way, group: int) -> None:
        step = way.step(len(self.steps), group, self._in_trash(way.destination))
        self.steps.append(replace(step, attributes=_given_back(way)))

    def _look(self, place: Place) -> Fingerprint | None:
        """Return what is there; nothing where the path cannot even be followed."""
        try:
            return self._world.look(place)
        except StorageError:
            return None


def _in_trash(folder: Place) -> Iterator[Place]:
    """Yield a folder in the trash and those above it, up to the trash's own."""
    while trash.is_trash(folder.path):
        yield folder
        folder = folder.folder


def _alike(left: Fingerprint | None, found: Fingerprint | None) -> bool:
    """Tell whether a file is as it was left. Its inode may differ: moves between file systems change it."""
    if left is None or found is None:
        return found is not None
    return (left.size, left.mtime_ns, left.version) == (found.size, found.mtime_ns, found.version)


def _hold_together(ways: Sequence[Way]) -> None:
    """Where one file of a group has to stay, let those that belong with it stay too."""
    if any(way.refused and way.refused not in _ELSEWHERE and way.deed.step.group for way in ways):
        for way in ways:
            way.refused = way.refused or TOGETHER


def _given_back(way: Way) -> Attributes | None:
    """Return what a file gets back that it lost on a file system which could not hold all of it."""
    attributes = way.deed.attributes
    if way.kind != "move" or attributes is None or way.found is None:
        return None
    return replace(attributes, mtime_ns=way.found.mtime_ns) if EDITED in way.notes else attributes
