"""What changes objects of a bucket. Only the executor calls it.

S3 has no rename: a move is a copy, a look at the copy, and a delete. Each request carries the conditions that the
endpoint was found to honour; where it honours none, a look right before leaves a window of some milliseconds, which
`Capabilities.weaknesses` names.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from core.errors import (
    REMOTE_AWAY,
    DestinationTaken,
    EscapesRoot,
    IoFailed,
    RemoteUnreachable,
    SourceChanged,
    SourceMissing,
)
from core.errors import StorageError as Trouble
from core.model import Fingerprint
from core.storage import Entry, KeepGoing
from core.storage.s3.bucket import MTIME, Bucket, Found, Head, token
from core.storage.s3.capabilities import Capabilities, Quoting
from core.storage.s3.endpoint import Endpoint, PreconditionFailed
from core.trash import TRASH

COPY_MAX = 5 * 1024**3
"""Bytes that one CopyObject takes at most (AWS, API reference of CopyObject)."""

COPY_PART = 512 * 1024**2
UPLOAD_WHOLE = 16 * 1024**2
"""Files up to so many bytes go up in one request."""

UPLOAD_PART = 16 * 1024**2
PARTS_MAX = 10_000
DELETE_AT_ONCE = 1000

SHA256 = "shelver-sha256"
"""The metadata key of a content's digest, in hexadecimal: what tells an upload whose answer was lost from another's."""

_STANDARD = "STANDARD"


@dataclass(frozen=True)
class Move:
    """One object on its way. `metadata`: what the copy remembers in place of what the source does; None: the same."""

    source: bytes
    destination: bytes
    expected: Fingerprint
    metadata: dict[str, str] | None = None


@dataclass(frozen=True)
class Content:
    """What an object is to hold, and to remember. `descriptor`: of a regular file, read by position."""

    descriptor: int
    size: int
    mtime_ns: int
    sha256: bytes
    headers: dict[str, str] = field(default_factory=dict)
    """E.g. `ContentType`."""

    @property
    def metadata(self) -> dict[str, str]:
        """What stands beside the object."""
        return {MTIME: seconds_of(self.mtime_ns), SHA256: self.sha256.hex()}

    def part(self, start: int, length: int) -> bytes:
        """Return some of it. Raises SourceChanged where the file has become shorter."""
        content = os.pread(self.descriptor, length, start)
        while len(content) < length:
            more = os.pread(self.descriptor, length - len(content), start + len(content))
            if not more:
                raise SourceChanged
            content += more
        return content


class Objects(Bucket):
    """A bucket's storage that can be changed."""

    def __init__(self, root: bytes, endpoint: Endpoint, capabilities: Capabilities) -> None:
        super().__init__(root, endpoint)
        self.can = capabilities

    # -- while a plan runs

    def identify(self) -> int:
        """See that the bucket is there, and return a number that stays the same while it is the same one.

        Raises RemoteRefused, RemoteUnreachable.
        """
        try:
            self.endpoint.call("head_bucket", Bucket=self.name)
        except SourceMissing:
            raise RemoteUnreachable("the bucket is not there") from None
        return 0

    def is_in_place(self) -> bool:
        """Tell whether the root still is what it was; what became of a bucket is told by every answer."""
        return True

    def release(self) -> None:
        """Give nothing back: there is no descriptor."""

    def sync(self) -> None:
        """Make every change durable: an endpoint that answered has done so."""

    def put_own(self, name: str, content: bytes) -> None:
        """Put one of Shelver's own small objects beneath the prefix."""
        self.endpoint.call("put_object", Bucket=self.name, Key=self.prefix + name, Body=content)

    # -- copying within one endpoint

    def copy_all(self, moves: Sequence[Move], target: Objects) -> list[Entry | Trouble]:
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

    def _copy(self, move: Move, found: Found, target: Objects) -> Entry:
        if found.entry.size > COPY_MAX and target.can.multipart_copy:
            return self._copy_by_parts(move, found, target)
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
        except PreconditionFailed:
            return self._adopted(move, target)
        return _copied(move, found.entry, token(answer.get("CopyObjectResult", {})))

    def copy_over(self, move: Move, target: Objects, occupant: Fingerprint) -> Entry:
        """Copy an object onto one whose content is safe elsewhere; return the copy. Raises SourceChanged, …"""
        target.check_unchanged(move.destination, occupant)
        found = self.look([move.source]).get(move.source)
        if found is None:
            raise SourceMissing
        arguments = self._copied_from(move.source, move.expected) | {
            "Bucket": target.name,
            "Key": target.key(move.destination),
            "StorageClass": found.storage_class,
        }
        answer = self.endpoint.call("copy_object", **arguments)
        copy = _copied(move, found.entry, token(answer.get("CopyObjectResult", {})))
        seen = _seen(copy, target.look([move.destination]))
        if isinstance(seen, Entry):
            return seen
        raise seen

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

    def _adopted(self, move: Move, target: Objects) -> Entry:
        """Return our own copy if an answer was lost and the request, made again, met it. Raises SourceChanged, …"""
        self.check_unchanged(move.source, move.expected)
        there = target.entry(move.destination)
        if there is None or there.size != move.expected.size or there.version != move.expected.version:
            raise DestinationTaken
        return there

    def _copy_by_parts(self, move: Move, found: Found, target: Objects) -> Entry:
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
            answer = self.endpoint.call(
                "upload_part_copy",
                **upload,
                **self._copied_from(move.source, move.expected),
                CopySourceRange=f"bytes={start}-{min(start + COPY_PART, size) - 1}",
                PartNumber=number,
            )
            return str(answer["CopyPartResult"]["ETag"])

        etag = target._by_parts(move.destination, kept, -(-size // COPY_PART), part, None)
        return _copied(move, found.entry, etag)

    def _tags(self, path: bytes) -> str:
        from urllib.parse import urlencode  # noqa: PLC0415

        answer = self.endpoint.call("get_object_tagging", Bucket=self.name, Key=self.key(path))
        return urlencode({tag["Key"]: tag["Value"] for tag in answer.get("TagSet", ())})

    # -- uploading and downloading

    def upload(self, content: Content, path: bytes, replaces: Fingerprint | None, go_on: KeepGoing) -> Entry:
        """Put a file's content under a key; return the object as it is there then.

        `replaces`: the object that it takes the place of, whose bytes are safe elsewhere; None: nothing may be there.
        One that is gone meanwhile needs no replacing.
        Raises DestinationTaken, SourceChanged (the file grew shorter), …, and whatever `go_on` raises.
        """
        condition = self._condition(self._occupant(path, replaces))
        try:
            if content.size <= UPLOAD_WHOLE or not self.can.multipart:
                etag = self._upload_whole(content, path, condition)
                go_on(content.size)
            else:
                etag = self._upload_parts(content, path, condition, go_on)
        except PreconditionFailed:
            return self._uploaded_before(content, path)
        head = self._own(content, path)
        if head is None or (content.size <= UPLOAD_WHOLE and etag != head.entry.version):
            raise IoFailed("the endpoint does not have what was uploaded")
        return head.entry

    def _occupant(self, path: bytes, replaces: Fingerprint | None) -> Fingerprint | None:
        there = self.fingerprint(path)
        if there not in (None, replaces):
            raise DestinationTaken
        return there

    def _condition(self, replaces: Fingerprint | None) -> dict[str, str]:
        if replaces is None:
            return {"IfNoneMatch": "*"} if self.can.put_if_none_match else {}
        return {"IfMatch": _quoted(replaces.version, self.can.put_if_match)} if self.can.put_if_match else {}

    def _upload_whole(self, content: Content, path: bytes, condition: dict[str, str]) -> str:
        more = {"ChecksumSHA256": base64.b64encode(content.sha256).decode()} if self.can.checks_digest else {}
        return token(
            self.endpoint.call(
                "put_object",
                Bucket=self.name,
                Key=self.key(path),
                Body=content.part(0, content.size),
                Metadata=content.metadata,
                **content.headers,
                **condition,
                **more,
            )
        )

    def _upload_parts(self, content: Content, path: bytes, condition: dict[str, str], go_on: KeepGoing) -> str:
        size = max(UPLOAD_PART, -(-content.size // PARTS_MAX))

        def part(number: int, upload: dict[str, Any]) -> str:
            start = (number - 1) * size
            body = content.part(start, min(size, content.size - start))
            etag = str(self.endpoint.call("upload_part", **upload, PartNumber=number, Body=body)["ETag"])
            go_on(len(body))
            return etag

        kept = {"Metadata": content.metadata, **content.headers}
        return self._by_parts(path, kept, -(-content.size // size), part, condition or None)

    def _by_parts(
        self,
        path: bytes,
        kept: dict[str, Any],
        count: int,
        part: Callable[[int, dict[str, Any]], str],
        condition: dict[str, str] | None,
    ) -> str:
        """Make an object of parts, several at once; leave no part behind where that fails. Return its ETag."""
        call, place = self.endpoint.call, {"Bucket": self.name, "Key": self.key(path)}
        upload = place | {"UploadId": call("create_multipart_upload", **place, **kept)["UploadId"]}
        if condition is None and self.can.complete_if_none_match:
            condition = {"IfNoneMatch": "*"}
        try:
            etags = self.each(lambda number: part(number, upload), range(1, count + 1))
            parts = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]}
            return token(call("complete_multipart_upload", **upload, MultipartUpload=parts, **condition or {}))
        except BaseException:
            with suppress(Trouble):
                call("abort_multipart_upload", **upload)
            raise

    def _uploaded_before(self, content: Content, path: bytes) -> Entry:
        """Return the object if it is our own, of a request whose answer was lost. Raises DestinationTaken."""
        head = self._own(content, path)
        if head is None:
            raise DestinationTaken
        return head.entry

    def _own(self, content: Content, path: bytes) -> Head | None:
        """Return the object at a path if it is what was uploaded, by its size and by the digest noted beside it."""
        head = self.head(path)
        is_own = head and head.entry.size == content.size and head.metadata.get(SHA256) == content.sha256.hex()
        return head if is_own else None

    def download(self, path: bytes, expected: Fingerprint, descriptor: int, go_on: KeepGoing) -> None:
        """Write an object's content to a file, from where the file ends. Raises SourceChanged, …"""
        from core.storage.s3.bucket import READ_BYTES  # noqa: PLC0415

        start = os.fstat(descriptor).st_size
        while start < expected.size:
            content = self.read(path, start, READ_BYTES, expected)
            view = memoryview(content)
            while view:
                view = view[os.pwrite(descriptor, view, start + len(content) - len(view)) :]
            start += len(content)
            go_on(len(content))

    # -- removing

    def remove_all(self, objects: Sequence[tuple[bytes, Fingerprint]]) -> list[Trouble | None]:
        """Remove objects whose content is safe elsewhere; return for each why it stays, or None.

        Where the endpoint takes conditions each is removed under its own; else all are looked at right before.
        """
        if self.can.delete_if_match:
            return self.each(lambda each: _trouble(lambda: self._remove_known(*each)), objects)
        there = self.look([path for path, _ in objects])
        leaving = [(path, expected) for path, expected in objects if _is_there(there, path, expected)]
        failed: dict[bytes, Trouble] = {}
        batches = [leaving[start : start + DELETE_AT_ONCE] for start in range(0, len(leaving), DELETE_AT_ONCE)]
        for batch in batches:
            failed.update(self._remove_batch([path for path, _ in batch]))
        return [
            failed.get(path) if _is_there(there, path, expected) else _why_stays(there, path)
            for path, expected in objects
        ]

    def purge(self, path: bytes, expected: Fingerprint) -> None:
        """Remove an object from the trash for good. The retention's alone. Raises EscapesRoot, SourceChanged, …"""
        if not path.startswith(TRASH + b"/"):
            raise EscapesRoot
        (trouble,) = self.remove_all([(path, expected)])
        if trouble is not None:
            raise trouble

    def _remove_known(self, path: bytes, expected: Fingerprint) -> None:
        condition = _quoted(expected.version, self.can.delete_if_match)
        try:
            self.endpoint.call("delete_object", Bucket=self.name, Key=self.key(path), IfMatch=condition)
        except SourceMissing:  # it went with an earlier request, whose answer was lost
            return
        except PreconditionFailed:
            if self.exists(path):
                raise SourceChanged from None

    def _remove_batch(self, paths: Iterable[bytes]) -> dict[bytes, Trouble]:
        by_key = {self.key(path): path for path in paths}
        answer = self.endpoint.call(
            "delete_objects", Bucket=self.name, Delete={"Objects": [{"Key": key} for key in by_key], "Quiet": True}
        )
        return {
            by_key[error["Key"]]: IoFailed(f"the endpoint answers {error.get('Code', '')}")
            for error in answer.get("Errors", ())
            if error.get("Key") in by_key
        }


def seconds_of(nanoseconds: int) -> str:
    """Return a time as rclone notes it: seconds, a point, nine digits."""
    sign, nanoseconds = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{sign}{seconds}.{rest:09d}"


def _quoted(etag: str, quoting: Quoting) -> str:
    return f'"{etag}"' if quoting == "quoted" else etag


def _copied(move: Move, source: Entry, etag: str) -> Entry:
    """Return the copy as the endpoint promises it; without an ETag where it tells none."""
    return Entry(move.destination, 0, source.size, 0, 0, 0, 1, etag)


def _seen(copy: Entry, there: dict[bytes, Found]) -> Entry | Trouble:
    found = there.get(copy.path)
    if found is None or found.entry.size != copy.size or (copy.version and found.entry.version != copy.version):
        return IoFailed("the endpoint does not have what it said it copied")
    return found.entry


def _is_there(there: dict[bytes, Found], path: bytes, expected: Fingerprint) -> bool:
    return path in there and there[path].entry.fingerprint == expected


def _why_stays(there: dict[bytes, Found], path: bytes) -> Trouble | None:
    return SourceChanged() if path in there else None


def _answer(act: Callable[[], Entry]) -> Entry | Trouble:
    try:
        return act()
    except REMOTE_AWAY:
        raise
    except Trouble as trouble:
        return trouble


def _trouble(act: Callable[[], None]) -> Trouble | None:
    try:
        act()
    except REMOTE_AWAY:
        raise
    except Trouble as trouble:
        return trouble
    return None
