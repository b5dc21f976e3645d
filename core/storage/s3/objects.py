"""The storage of a bucket that can be changed: copies, uploads, deletes. Only the executor changes anything by it.

S3 has no rename: a move is a copy, a look at the copy, and a delete. Each request carries the conditions that the
endpoint was found to honour; where it honours none, a look right before leaves a window of some milliseconds, which
`Capabilities.weaknesses` names.
"""

from __future__ import annotations

import os

from core.errors import RemoteUnreachable, SourceMissing
from core.model import Fingerprint
from core.storage import KeepGoing
from core.storage.s3.bucket import READ_BYTES, SHA256
from core.storage.s3.copying import Copying, Move
from core.storage.s3.removing import Removing
from core.storage.s3.sending import UPLOAD_WHOLE, Content, Sending, seconds_of

__all__ = ["SHA256", "UPLOAD_WHOLE", "Content", "Move", "Objects", "seconds_of"]


class Objects(Copying, Sending, Removing):
    """A bucket's storage that can be changed."""

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

    def download(self, path: bytes, expected: Fingerprint, descriptor: int, go_on: KeepGoing) -> None:
        """Write an object's content to a file, from where the file ends. Raises SourceChanged, …"""
        start = os.fstat(descriptor).st_size
        while start < expected.size:
            content = self.read(path, start, READ_BYTES, expected)
            view = memoryview(content)
            while view:
                view = view[os.pwrite(descriptor, view, start + len(content) - len(view)) :]
            start += len(content)
            go_on(len(content))
