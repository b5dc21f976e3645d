"""Uploads: in one request or by parts, under the conditions that the endpoint honours."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from typing import Any

from core.errors import DestinationTaken, IoFailed, SourceChanged, SourceMissing
from core.model import Fingerprint
from core.storage import Entry, KeepGoing
from core.storage.s3.bucket import MTIME, SHA256, Head, token
from core.storage.s3.changing import Changing, quoted
from core.storage.s3.endpoint import PreconditionFailed
from core.storage.s3.parts import Begun, Parts

UPLOAD_WHOLE = 16 * 1024**2
"""Files up to so many bytes go up in one request."""

UPLOAD_PART = 16 * 1024**2
PARTS_MAX = 10_000


@dataclass(frozen=True)
class Content:
    """What an object is to hold, and to remember. `descriptor`: of a regular file, read by position."""

    descriptor: int
    size: int
    mtime_ns: int
    sha256: bytes
    headers: dict[str, str] = field(default_factory=dict)
    """E.g. `ContentType`."""
    begun: Begun = field(default_factory=Begun)
    """Where it is noted which upload by parts it is sent by."""

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


class Sending(Changing):
    """A bucket that files are uploaded to."""

    def upload(self, content: Content, path: bytes, replaces: Fingerprint | None, go_on: KeepGoing) -> Entry:
        """Put a file's content under a key; return the object as it is there then.

        `replaces`: the object that it takes the place of, whose bytes are safe elsewhere; None: nothing may be there.
        One that is gone meanwhile needs no replacing.
        Raises DestinationTaken, SourceChanged (the file grew shorter), …, and whatever `go_on` raises.
        """
        occupant = self._occupant(path, replaces)
        try:
            if content.size <= UPLOAD_WHOLE or not self.can.multipart:
                etag = self._upload_whole(content, path, self._condition(occupant))
                go_on(content.size)
            else:
                etag = self._upload_parts(content, path, self._condition_of_parts(occupant), go_on)
        except PreconditionFailed:
            return self._uploaded_before(content, path)
        except SourceMissing:  # an upload by parts ended with an earlier request, whose answer was lost, or by others
            etag = ""
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
        return {"IfMatch": quoted(replaces.version, self.can.put_if_match)} if self.can.put_if_match else {}

    def _condition_of_parts(self, replaces: Fingerprint | None) -> dict[str, str]:
        """What completing an upload by parts takes: conditions are looked at there, or not at all."""
        if replaces is None:
            return self.nothing_there
        return self._condition(replaces) if self.can.complete_if_none_match else {}

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

        def length(number: int) -> int:
            return min(size, content.size - (number - 1) * size)

        def send(number: int, upload: dict[str, Any]) -> str:
            body = content.part((number - 1) * size, length(number))
            etag = str(self.endpoint.call("upload_part", **upload, PartNumber=number, Body=body)["ETag"])
            go_on(len(body))
            return etag

        kept = {"Metadata": content.metadata, **content.headers}
        count, digest = -(-content.size // size), content.sha256.hex()
        return self.by_parts(path, Parts(kept, condition, count, send, length, digest, size, content.begun))

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


def seconds_of(nanoseconds: int) -> str:
    """Return a time as rclone notes it: seconds, a point, nine digits."""
    sign, nanoseconds = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{sign}{seconds}.{rest:09d}"
