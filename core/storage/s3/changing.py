"""What all that changes a bucket shares: what its endpoint honours, and objects made of parts."""

from __future__ import annotations

from contextlib import suppress

from core.errors import REMOTE_AWAY, SourceMissing, StorageError
from core.storage.s3.bucket import Bucket, token
from core.storage.s3.capabilities import Capabilities, Quoting
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.parts import Begun, Parts, Upload


class Changing(Bucket):
    """A bucket of which is known what its endpoint honours."""

    def __init__(self, root: bytes, endpoint: Endpoint, capabilities: Capabilities) -> None:
        super().__init__(root, endpoint)
        self.can = capabilities

    @property
    def nothing_there(self) -> dict[str, str]:
        """The condition that an object made of parts replaces none."""
        return {"IfNoneMatch": "*"} if self.can.complete_if_none_match else {}

    def by_parts(self, path: bytes, parts: Parts) -> str:
        """Make an object of parts, several at once; return its ETag.

        Where that fails no part is left behind, unless it is noted which upload it was and another attempt may fare
        better: then the parts that are there are not sent again. Raises PreconditionFailed, SourceMissing where the
        endpoint knows nothing of the upload any more, and whatever sending raises.
        """
        place = {"Bucket": self.name, "Key": self.key(path)}
        upload, there = self._gone_on_with(place, parts) or self._begun(place, parts)
        try:
            etags = self.each(lambda number: there.get(number) or parts.send(number, upload), range(1, parts.count + 1))
            listed = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
            completed = {"MultipartUpload": {"Parts": listed}, **parts.condition}
            etag = token(self.endpoint.call("complete_multipart_upload", **upload, **completed))
        except BaseException as error:
            is_over = isinstance(error, StorageError) and not isinstance(error, REMOTE_AWAY)
            if is_over or not parts.begun.keeps:
                self._give_up(upload, parts.begun)
            raise
        parts.begun.forget()
        return etag

    def _begun(self, place: dict[str, str], parts: Parts) -> tuple[dict[str, str], dict[int, str]]:
        answer = self.endpoint.call("create_multipart_upload", **place, **parts.kept)
        parts.begun.note(Upload(answer["UploadId"], parts.digest, parts.part_bytes))
        return place | {"UploadId": answer["UploadId"]}, {}

    def _gone_on_with(self, place: dict[str, str], parts: Parts) -> tuple[dict[str, str], dict[int, str]] | None:
        """Return an upload that an earlier attempt began, with the ETags of its parts; None if there is none to use."""
        known = parts.begun.known()
        if known is None:
            return None
        upload = place | {"UploadId": known.id}
        if (known.digest, known.part_bytes) == (parts.digest, parts.part_bytes):
            try:
                return upload, self._parts_there(upload, parts)
            except REMOTE_AWAY:
                raise
            except StorageError:  # it was given up by somebody else, or the endpoint does not list parts
                pass
        self._give_up(upload, parts.begun)
        return None

    def _parts_there(self, upload: dict[str, str], parts: Parts) -> dict[int, str]:
        found: dict[int, str] = {}
        after: dict[str, int] = {}
        while True:
            page = self.endpoint.call("list_parts", **upload, **after)
            for part in page.get("Parts", ()):
                if part["PartNumber"] <= parts.count and part["Size"] == parts.size(part["PartNumber"]):
                    found[part["PartNumber"]] = part["ETag"]
            following = page.get("NextPartNumberMarker", 0)
            if not page.get("IsTruncated") or following <= after.get("PartNumberMarker", 0):
                return found
            after = {"PartNumberMarker": following}

    def give_up(self, path: bytes, begun: Begun) -> None:
        """Have the endpoint forget the parts of an upload that will not be gone on with. Raises nothing."""
        known = begun.known()
        if known is not None:
            self._give_up({"Bucket": self.name, "Key": self.key(path), "UploadId": known.id}, begun)

    def _give_up(self, upload: dict[str, str], begun: Begun) -> None:
        with suppress(StorageError):
            with suppress(SourceMissing):
                self.endpoint.call("abort_multipart_upload", **upload)
            begun.forget()


def quoted(etag: str, quoting: Quoting) -> str:
    """Return an ETag as the endpoint wants it in a condition."""
    return f'"{etag}"' if quoting == "quoted" else etag
