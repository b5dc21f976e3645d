"""Deletes: of objects whose content is safe elsewhere, each only while it is the version that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.errors import REMOTE_AWAY, EscapesRoot, IoFailed, SourceChanged, SourceMissing
from core.errors import StorageError as Trouble
from core.model import Fingerprint
from core.storage.s3.bucket import Found
from core.storage.s3.changing import Changing, quoted
from core.storage.s3.endpoint import PreconditionFailed, was_repeated
from core.trash import TRASH

DELETE_AT_ONCE = 1000
GONE = frozenset({"NoSuchKey", "NoSuchVersion"})
CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})

Known = tuple[bytes, Fingerprint]
"""A path, and what was there."""


class Removing(Changing):
    """A bucket that objects are removed from."""

    def remove_all(self, objects: Sequence[Known]) -> list[Trouble | None]:
        """Remove objects whose content is safe elsewhere; return for each why it stays, or None.

        Where the endpoint takes conditions each is removed under its own; else all are looked at right before.
        What has the key of one that an earlier request removed, whose answer was lost, is another's.
        """
        if self.can.delete_all_if_match:
            return self._remove_batches(objects)
        if self.can.delete_if_match:
            return self._remove_singly(objects)
        there = self.look([path for path, _ in objects])
        leaving = [(path, expected) for path, expected in objects if _is_there(there, path, expected)]
        removed = iter(self._remove_batches(leaving) if self.can.delete_all else self._remove_singly(leaving))
        return [
            next(removed) if _is_there(there, path, expected) else _why_stays(there, path) for path, expected in objects
        ]

    def purge(self, path: bytes, expected: Fingerprint) -> None:
        """Remove an object from the trash for good. The retention's alone. Raises EscapesRoot, SourceChanged, …"""
        if not path.startswith(TRASH + b"/"):
            raise EscapesRoot
        (trouble,) = self.remove_all([(path, expected)])
        if trouble is not None:
            raise trouble

    def _remove_singly(self, objects: Sequence[Known]) -> list[Trouble | None]:
        return self.each(lambda each: _trouble(lambda: self._remove_known(*each)), objects)

    def _remove_known(self, path: bytes, expected: Fingerprint) -> None:
        can = self.can.delete_if_match
        condition = {"IfMatch": quoted(expected.version, can)} if can else {}
        try:
            self.endpoint.call("delete_object", Bucket=self.name, Key=self.key(path), **condition)
        except SourceMissing:  # it went with an earlier request, whose answer was lost
            return
        except PreconditionFailed as failed:
            if not failed.was_repeated and self.exists(path):
                raise SourceChanged from None

    def _remove_batches(self, objects: Sequence[Known]) -> list[Trouble | None]:
        batches = [objects[start : start + DELETE_AT_ONCE] for start in range(0, len(objects), DELETE_AT_ONCE)]
        return [trouble for troubles in self.each(self._remove_batch, batches) for trouble in troubles]

    def _remove_batch(self, objects: Sequence[Known]) -> list[Trouble | None]:
        """Remove up to 1,000 objects with one request, which names the known version of each where that is heeded."""
        deleted = {"Objects": [self._named(path, expected) for path, expected in objects], "Quiet": True}
        try:
            answer = self.endpoint.call("delete_objects", Bucket=self.name, Delete=deleted)
        except REMOTE_AWAY:
            raise
        except Trouble as trouble:
            return [trouble] * len(objects)
        repeated = was_repeated(answer)
        errors = {error.get("Key"): str(error.get("Code", "")) for error in answer.get("Errors", ())}
        return [self._why_left(path, errors.get(self.key(path)), repeated=repeated) for path, _ in objects]

    def _named(self, path: bytes, expected: Fingerprint) -> dict[str, str]:
        named = {"Key": self.key(path)}
        if self.can.delete_all_if_match:
            named["ETag"] = quoted(expected.version, self.can.delete_all_if_match)
        return named

    def _why_left(self, path: bytes, code: str | None, *, repeated: bool) -> Trouble | None:
        if code is None or code in GONE:
            return None
        if code in CHANGED:
            return SourceChanged() if not repeated and self.exists(path) else None
        return IoFailed(f"the endpoint answers {code}")


def _is_there(there: dict[bytes, Found], path: bytes, expected: Fingerprint) -> bool:
    return path in there and there[path].entry.fingerprint == expected


def _why_stays(there: dict[bytes, Found], path: bytes) -> Trouble | None:
    return SourceChanged() if path in there else None


def _trouble(act: Callable[[], None]) -> Trouble | None:
    try:
        act()
    except REMOTE_AWAY:
        raise
    except Trouble as trouble:
        return trouble
    return None
