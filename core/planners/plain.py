"""The short way for plain files, as most are.

A file is plain when it belongs to no other, nobody wrote to it lately, its extension (or its kind) alone tells the
rules where it goes, and nobody has or wants its name there. Then nothing that errands are weighed by concerns it: it
goes, whatever becomes of the others. So its step is written at once and stands before theirs, and a directory of ten
thousand files of five extensions asks the rules five times.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.config import Folder
from core.errors import StorageError
from core.model import Fingerprint, Step
from core.names import collision_key, split_extension
from core.planners.naming import Places, Spot
from core.planners.ordering import StepWriter
from core.planners.paths import folder_of, name_of
from core.planners.roots import Roots
from core.rules import RuleSet
from core.storage import Entry

_KNOWN_WAYS = 4096  # hostile names could bring any number of extensions


class _Way:
    """Where all files go that the rules treat alike; those without a spot stay where they are."""

    __slots__ = ("home", "is_used", "prefix", "rule", "spot")

    def __init__(self, spot: Spot | None, rule: str) -> None:
        self.spot = spot
        self.rule = rule
        self.prefix = spot.join(b"") if spot is not None else b""
        self.home = spot.path if spot is not None and spot.root == 0 else None
        """Files in this directory are where they belong."""
        self.is_used = False


class PlainFiles:
    """Writes down the steps of plain files. `places`: where they are given names, for good.

    `before`: files that were modified later, in nanoseconds since the epoch, are not plain.
    """

    def __init__(
        self, rules: RuleSet, folder: Folder, roots: Roots, places: Places, writer: StepWriter, before: float
    ) -> None:
        self._rules = rules
        self._folder = folder
        self._roots = roots
        self._places = places
        self._writer = writer
        self._before = before
        self._ways: dict[tuple[bytes, str | None], _Way | None] = {}

    def take(self, directory: bytes, files: Sequence[Entry]) -> list[Entry]:
        """Write down where those of a directory's files go that are plain; return the others."""
        start = len(directory) + 1 if directory else 0
        return [file for file in files if not self._goes(file, directory, file.path[start:], None)]

    def takes(self, file: Entry, kind: str) -> bool:
        """Tell whether a file is plain now that its kind is known; then where it goes is written down."""
        return self._goes(file, folder_of(file.path), name_of(file.path), kind)

    def _goes(self, file: Entry, directory: bytes, name: bytes, kind: str | None) -> bool:
        ending = name[name.rfind(b".") :]
        try:
            way = self._ways[ending, kind]
        except KeyError:
            way = self._ways[ending, kind] = self._way(split_extension(name)[1], kind)
        if way is None or file.mtime_ns > self._before:
            return False
        spot = way.spot
        if spot is None or way.home == directory:
            return True
        key = name.lower() if name.isascii() else collision_key(name)
        if key in spot.planned or key in spot.on_disk:
            return False
        destination = way.prefix + name
        if not way.is_used:
            way.is_used = True
            self._places.filled.add((spot.root, spot.path))
            self._writer.make_parents((spot.root, destination))
        spot.planned.add(key)
        self._places.left[directory].add(name)
        print_ = Fingerprint(file.inode, file.size, file.mtime_ns)
        steps = self._writer.steps
        steps.append(Step(len(steps), "move", file.path, destination, 0, spot.root, 0, print_, None, way.rule))
        return True

    def _way(self, extension: bytes, kind: str | None) -> _Way | None:
        """Return where all files of an extension (and a kind) go, or None where each has to be looked at."""
        if len(self._ways) >= _KNOWN_WAYS:
            self._ways.clear()
        ruling = self._rules.alike(extension, kind)
        if ruling is None:
            return None
        if ruling.rule is None or ruling.action == "leave":
            return _Way(None, "")
        if ruling.action != "move" or ruling.destination is None or ruling.on_conflict == "same-or-number":
            return None
        located = self._roots.locate(self._folder.absolute(ruling.destination + b"name").rpartition(b"/")[0] or b"/")
        try:
            spot = self._places.spot(*located) if located is not None else None
        except StorageError:
            return None
        return _Way(spot, ruling.rule) if spot is not None and not spot.refused and not spot.waits else None
