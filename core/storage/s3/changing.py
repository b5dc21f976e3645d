"""What all that changes a bucket shares: what its endpoint honours, and objects made of parts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from core.errors import StorageError
from core.storage.s3.bucket import Bucket, token
from core.storage.s3.capabilities import Capabilities, Quoting
from core.storage.s3.endpoint import Endpoint


class Changing(Bucket):
    """A bucket of which is known what its endpoint honours."""

    def __init__(self, root: bytes, endpoint: Endpoint, capabilities: Capabilities) -> None:
        super().__init__(root, endpoint)
        self.can = capabilities

    @property
    def nothing_there(self) -> dict[str, str]:
        """The condition that an object made of parts replaces none."""
        return {"IfNoneMatch": "*"} if self.can.complete_if_none_match else {}

    def by_parts(
        self,
        path: bytes,
        kept: dict[str, Any],
        count: int,
        part: Callable[[int, dict[str, Any]], str],
        condition: dict[str, str],
    ) -> str:
        """Make an object of parts, several at once; leave no part behind where that fails. Return its ETag."""
        call, place = self.endpoint.call, {"Bucket": self.name, "Key": self.key(path)}
        upload = place | {"UploadId": call("create_multipart_upload", **place, **kept)["UploadId"]}
        try:
            etags = self.each(lambda number: part(number, upload), range(1, count + 1))
            parts = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]}
            return token(call("complete_multipart_upload", **upload, MultipartUpload=parts, **condition))
        except BaseException:
            with suppress(StorageError):
                call("abort_multipart_upload", **upload)
            raise


def quoted(etag: str, quoting: Quoting) -> str:
    """Return an ETag as the endpoint wants it in a condition."""
    return f'"{etag}"' if quoting == "quoted" else etag
