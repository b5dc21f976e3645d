"""Copies within one endpoint, with all that objects remember: a move is one of them, and a delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import REMOTE_AWAY, DestinationTaken, IoFailed, SourceChanged, SourceMissing
from core.errors import StorageError as Trouble
from core.model import Fingerprint
from core.storage import Entry
from core.storage.s3.bucket import Found, Head, token
from core.storage.s3.changing import Changing
from core.storage.s3.endpoint import PreconditionFailed
from core.storage.s3.parts import Parts

COPY_MAX = 5 * 1024**3
"""Bytes that one CopyObject takes at most (AWS, API reference of CopyObject)."""

COPY_PART = 512 * 1024**2

_STANDARD = "STANDARD"


@dataclass(frozen=True)
class Move:
    """One object on its way. `metadata`: what the copy remembers in place of what the source does; None: the same."""

    source: bytes
    destination: bytes
    expected: Fingerprint
    metadata: dict[str, str] | None = None


class Copying(Changing):
    """A bucket within which objects are copied, or into another one at the same endpoint."""

    def copy_all(self, moves: Sequence[Move], target: Copying) -> list[Entry | Trouble]:
        """Copy many objects with what they remember; return each copy, or why there is none.

        A copy is looked at once it is there: its size and ETag are what the endpoint promised. Never replaces what a
        look can see. Raises RemoteRefused, RemoteUnreachable where no request fares better.
        """
        sources = self.look([move.source for move in moves])
        taken = target.look([move.destination for move in moves])

        def copy(move: Move) -> Entry | Trouble:
            found = sources.get(move.source)
            if found is None:
                return SourceMissing()
            if found.entry.fingerprint != move.expected:
                return SourceChanged()
            if move.destination in taken:
                return DestinationTaken()
            return _answer(lambda: self._copy(move, found, target))

        copies = self.each(copy, moves)
        seen = target.look([copy.path for copy in copies if isinstance(copy, Entry)])
        return [_seen(copy, seen) if isinstance(copy, Entry) else copy for copy in copies]

    def _copy(self, move: Move, found: Found, target: Copying) -> Entry:
        if found.entry.size > COPY_MAX and target.can.multipart_copy:
            return self._copy_by_parts(move, found, target, target.nothing_there)
        arguments = self._copied_from(move.source, move.expected) | {
            "Bucket": target.name,
            "Key": target.key(move.destination),
        }
        if found.storage_class != _STANDARD:
            arguments["StorageClass"] = found.storage_class
        if move.metadata is not None:
            arguments |= {**self._head_of(move).headers, "Metadata": move.metadata, "MetadataDirective": "REPLACE"}
        if target.can.copy_if_none_match == "standard":
            arguments["IfNoneMatch"] = "*"
        more = {"cf_copy_destination_if_none_match": "*"} if target.can.copy_if_none_match == "cloudflare" else {}
        try:
            with self.endpoint.headers(**more):
                answer = self.endpoint.call("copy_object", **arguments)
        except PreconditionFailed as failed:
            return self._adopted(move, target, failed)
        return _copied(move, found.entry, token(answer.get("CopyObjectResult", {})))

    def copy_over(self, move: Move, target: Copying, occupant: Fingerprint) -> Entry:
        """Copy an object onto one whose content is safe elsewhere; return the copy. Raises SourceChanged, …"""
        target.check_unchanged(move.destination, occupant)
        found = self.look([move.source]).get(move.source)
        if found is None:
            raise SourceMissing
        seen = _seen(self._copied_over(move, found, target), target.look([move.destination]))
        if isinstance(seen, Entry):
            return seen
        raise seen

    def _copied_over(self, move: Move, found: Found, target: Copying) -> Entry:
        if found.entry.size > COPY_MAX and target.can.multipart_copy:
            return self._copy_by_parts(move, found, target, {})
        arguments = self._copied_from(move.source, move.expected) | {
            "Bucket": target.name,
            "Key": target.key(move.destination),
            "StorageClass": found.storage_class,
        }
        try:
            answer = self.endpoint.call("copy_object", **arguments)
        except PreconditionFailed:
            raise SourceChanged from None
        return _copied(move, found.entry, token(answer.get("CopyObjectResult", {})))

    def _copied_from(self, path: bytes, expected: Fingerprint) -> dict[str, Any]:
        arguments: dict[str, Any] = {"CopySource": {"Bucket": self.name, "Key": self.key(path)}}
        if self.can.copy_source_if_match:
            arguments["CopySourceIfMatch"] = f'"{expected.version}"'
        return arguments

    def _head_of(self, move: Move) -> Head:
        head = self.head(move.source)
        if head is None:
            raise SourceMissing
        if head.entry.fingerprint != move.expected:
            raise SourceChanged
        return head

    def _adopted(self, move: Move, target: Copying, failed: PreconditionFailed) -> Entry:
        """Return our own copy if an answer was lost and the request, made again, met it. Raises SourceChanged, …"""
        self.check_unchanged(move.source, move.expected)
        there = target.entry(move.destination) if failed.was_repeated else None
        if there is None or there.size != move.expected.size or there.version != move.expected.version:
            raise DestinationTaken
        return there

    def _copy_by_parts(self, move: Move, found: Found, target: Copying, condition: dict[str, str]) -> Entry:
        """Copy what is too large for one request; a copy by parts keeps nothing by itself, so all is sent again."""
        head = self._head_of(move)
        metadata = head.metadata if move.metadata is None else move.metadata
        kept: dict[str, Any] = {**head.headers, "Metadata": metadata}
        if found.storage_class != _STANDARD:
            kept["StorageClass"] = found.storage_class
        if self.can.tagging and (tags := self._tags(move.source)):
            kept["Tagging"] = tags
        size = found.entry.size

        def part(number: int, upload: dict[str, Any]) -> str:
            start = (number - 1) * COPY_PART
            try:
                answer = self.endpoint.call(
                    "upload_part_copy",
                    **upload,
                    **self._copied_from(move.source, move.expected),
                    CopySourceRange=f"bytes={start}-{min(start + COPY_PART, size) - 1}",
                    PartNumber=number,
                )
            except PreconditionFailed:
                raise SourceChanged from None
            return str(answer["CopyPartResult"]["ETag"])

        etag = target.by_parts(move.destination, Parts(kept, condition, -(-size // COPY_PART), part))
        return _copied(move, found.entry, etag)

    def _tags(self, path: bytes) -> str:
        from urllib.parse import urlencode  # noqa: PLC0415

        answer = self.endpoint.call("get_object_tagging", Bucket=self.name, Key=self.key(path))
        return urlencode({tag["Key"]: tag["Value"] for tag in answer.get("TagSet", ())})


def _copied(move: Move, source: Entry, etag: str) -> Entry:
    """Return the copy as the endpoint promises it; without an ETag where it tells none."""
    return Entry(move.destination, 0, source.size, 0, 0, 0, 1, etag)


def _seen(copy: Entry, there: dict[bytes, Found]) -> Entry | Trouble:
    found = there.get(copy.path)
    if found is None or found.entry.size != copy.size or (copy.version and found.entry.version != copy.version):
        return IoFailed("the endpoint does not have what it said it copied")
    return found.entry


def _answer(act: Callable[[], Entry]) -> Entry | Trouble:
    try:
        return act()
    except REMOTE_AWAY:
        raise
    except Trouble as trouble:
        return trouble
