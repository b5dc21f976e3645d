"""What operations that came after another did with the names that it used."""

from __future__ import annotations

from core.errors import UnknownOperation
from core.model import Fingerprint
from core.planners import Ground
from core.planners.deeds import Deed, deeds


class Aftermath:
    """Answers for one operation, the one that is to be taken back."""

    def __init__(self, ground: Ground, operation: str, sequence: int) -> None:
        self._ground = ground
        self._operation = operation
        self._sequence = sequence
        self._passages: dict[str, tuple[set[bytes], set[bytes]]] = {}

    def moved_on(self, path: bytes) -> str:
        """Return that a later operation used a path, in words; empty where none did."""
        later = self._later(path)
        return self._in_words(later) if later else ""

    def other_file(self, deed: Deed, found: Fingerprint) -> str:
        """Return, in words, that a later operation put another file where a deed had put its own; else nothing.

        A file may come back with another inode, when it was moved on to another file system and that was undone.
        """
        if deed.left is None or deed.left.inode == found.inode:
            return ""
        later = self._later(deed.destination_path)
        if later is None or self._brought_back(deed.destination_path, later):
            return ""
        return self._in_words(later)

    def _later(self, path: bytes) -> str | None:
        return self._ground.history.later_operation(path, self._sequence)

    def _in_words(self, later: str) -> str:
        if self._undone_by(later) == self._operation:
            return f"taken back by operation {later} already"
        return f"moved on by operation {later}"

    def _brought_back(self, path: bytes, later: str) -> bool:
        """Tell whether an operation took back another that had moved the file on."""
        undone = self._undone_by(later)
        return undone is not None and path in self._paths(later)[1] and path in self._paths(undone)[0]

    def _undone_by(self, operation: str) -> str | None:
        try:
            return self._ground.operation(operation).request().undo_of
        except UnknownOperation:  # its retention ended meanwhile
            return None

    def _paths(self, operation: str) -> tuple[set[bytes], set[bytes]]:
        """Return the paths that an operation moved files away from, and those that it moved files to."""
        if operation not in self._passages:
            files = self._ground.operation(operation)
            done = deeds(files.plan(), files.outcomes())
            self._passages[operation] = ({deed.source_path for deed in done}, {deed.destination_path for deed in done})
        return self._passages[operation]
