"""What an endpoint really honours, found by trying: several take a safety header, ignore it and answer 200.

About 90 small requests beneath `.shelver/probe-…/` of a prefix, all of which is removed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import md5
from typing import Any, Literal

from msgspec import Struct

from core.errors import RemoteUnreachable, SourceMissing, StorageError
from core.model import new_id, now
from core.storage.s3.bucket import Bucket, token
from core.storage.s3.endpoint import PreconditionFailed

PROBE_VERSION = 3
OLD_AFTER_DAYS = 7

Quoting = Literal["", "quoted", "bare"]
DestinationCondition = Literal["", "standard", "cloudflare"]


class Capabilities(Struct, frozen=True, kw_only=True):
    """What one bucket's endpoint honours. An empty text or False: it does not, or says so and refuses."""

    probed: datetime
    version: int = PROBE_VERSION
    put_if_none_match: bool = False
    """An upload can be told not to replace anything."""
    put_if_match: Quoting = ""
    """An upload can be told to replace a known version only, its ETag written with or without quotes."""
    delete_if_match: Quoting = ""
    """A delete can be told to take a known version only."""
    delete_all: bool = False
    """Many can be deleted with one request."""
    delete_all_if_match: Quoting = ""
    """A delete of many can be told so of each."""
    copy_source_if_match: bool = False
    copy_if_none_match: DestinationCondition = ""
    complete_if_none_match: bool = False
    multipart: bool = False
    multipart_copy: bool = False
    versioning: bool = False
    """Deleted and replaced versions are kept by the bucket."""
    tagging: bool = False
    metadata: bool = False
    """An object keeps what is noted beside it."""
    keeps_unicode_forms: bool = False
    """Names in NFC and NFD are two objects."""
    is_case_sensitive: bool = False
    prefixes_beside_objects: bool = False
    """`a` and `a/b` can both be there."""
    checks_digest: bool = False
    """An upload whose SHA-256 is wrong is refused."""
    keeps_checksum: bool = False
    etag_is_md5: bool = False
    """The ETag of what came in one request is the MD5 of its content: other ETags, other contents."""

    def weaknesses(self) -> list[str]:
        """Say in words what cannot be protected at this endpoint."""
        found = []
        if not self.put_if_none_match:
            found.append("a file that another program uploads between the look and the upload is replaced")
        if not (self.delete_if_match or self.delete_all_if_match or self.versioning):
            found.append("a file that another program changes between the look and the delete is lost")
        if not self.copy_if_none_match:
            found.append("a file that another program uploads between the look and the copy is replaced")
        if not self.metadata:
            found.append("times of files are not kept")
        if not self.keeps_unicode_forms:
            found.append("names that differ only in their Unicode form are one file")
        if not self.is_case_sensitive:
            found.append("names that differ only in case are one file")
        return found


def probe(bucket: Bucket) -> Capabilities:
    """Try everything out. Raises RemoteRefused, RemoteUnreachable where nothing can be tried."""
    with _workshop(bucket) as shop:
        shop.put("first", b"one")  # whoever may not even write learns it here
        found: dict[str, Any] = {}
        for field, attempt in _ATTEMPTS.items():
            try:
                found[field] = attempt(shop)
            except RemoteUnreachable:
                raise
            except StorageError:  # also a 403: after the first upload worked, it is about this request alone
                continue
        return Capabilities(probed=now(), **found)


class _Workshop:
    """A place of its own beneath a prefix, and the few requests that are tried there."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._call = bucket.endpoint.call
        self.headers = bucket.endpoint.headers
        self.trying_once = bucket.endpoint.trying_once
        self.place = f"{bucket.prefix}.shelver/probe-{new_id()}/"

    def at(self, name: str) -> dict[str, Any]:
        return {"Bucket": self._bucket.name, "Key": self.place + name}

    def put(self, name: str, content: bytes, **more: Any) -> str:
        return token(self._call("put_object", **self.at(name), Body=content, **more))

    def content(self, name: str) -> bytes | None:
        try:
            answer = self._call("get_object", **self.at(name))
        except SourceMissing:
            return None
        with answer["Body"] as body:
            content: bytes = body.read()
        return content

    def copy(self, source: str, name: str, **more: Any) -> str:
        answer = self._call("copy_object", **self.at(name), CopySource=self.at(source), **more)
        return token(answer.get("CopyObjectResult", {}))

    def delete(self, name: str, **more: Any) -> None:
        self._call("delete_object", **self.at(name), **more)

    def delete_all(self, etags: dict[str, str]) -> dict[str, str]:
        """Delete objects with one request, each of an ETag where there is one; return why those stay that do."""
        objects = [{"Key": self.place + name} | ({"ETag": etag} if etag else {}) for name, etag in etags.items()]
        deleted = {"Objects": objects, "Quiet": True}
        answer = self._call("delete_objects", Bucket=self._bucket.name, Delete=deleted)
        return {error["Key"][len(self.place) :]: error.get("Code", "") for error in answer.get("Errors", ())}

    def head(self, name: str) -> dict[str, Any]:
        return self._call("head_object", **self.at(name))

    def keys(self) -> list[str]:
        answer = self._call("list_objects_v2", Bucket=self._bucket.name, Prefix=self.place)
        return [item["Key"][len(self.place) :] for item in answer.get("Contents", ())]

    def begin_parts(self, name: str) -> str:
        return str(self._call("create_multipart_upload", **self.at(name))["UploadId"])

    def call(self, operation: str, name: str, **more: Any) -> dict[str, Any]:
        return self._call(operation, **self.at(name), **more)

    def of_bucket(self, operation: str) -> dict[str, Any]:
        return self._call(operation, Bucket=self._bucket.name)

    def clear(self) -> None:
        for name in self.keys():
            with suppress(StorageError):
                self.delete(name)


@contextmanager
def _workshop(bucket: Bucket) -> Iterator[_Workshop]:
    shop = _Workshop(bucket)
    try:
        yield shop
    finally:
        with suppress(StorageError):
            shop.clear()


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PreconditionFailed:
        return True
    return False


# -- the attempts, one a capability: each must see the wrong thing refused AND the right thing done


def _put_if_none_match(shop: _Workshop) -> bool:
    shop.put("new", b"new", IfNoneMatch="*")
    return _is_refused(lambda: shop.put("new", b"other", IfNoneMatch="*")) and shop.content("new") == b"new"


def _put_if_match(shop: _Workshop) -> Quoting:
    etag = shop.put("known", b"1")
    if not _is_refused(lambda: shop.put("known", b"2", IfMatch=f'"{"0" * 32}"')):
        return ""
    return _accepted(lambda tag: shop.put("known", b"3", IfMatch=tag), etag)


def _delete_if_match(shop: _Workshop) -> Quoting:
    etag = shop.put("leaving", b"1")
    refused = _is_refused(lambda: shop.delete("leaving", IfMatch=f'"{"0" * 32}"'))
    if not refused or shop.content("leaving") is None:
        return ""
    return _accepted(lambda tag: shop.delete("leaving", IfMatch=tag), etag)


def _delete_all(shop: _Workshop) -> bool:
    shop.put("one of two", b"1")
    shop.put("two of two", b"2")
    stay = shop.delete_all({"one of two": "", "two of two": ""})
    return not stay and shop.content("one of two") is None and shop.content("two of two") is None


def _delete_all_if_match(shop: _Workshop) -> Quoting:
    """Ask for one by its own ETag and for another by a wrong one: that alone must stay, and the answer must say so."""
    etag = shop.put("known", b"1")
    shop.put("changed", b"2")
    quotings: dict[Quoting, str] = {"quoted": f'"{etag}"', "bare": etag}
    for quoting, known in quotings.items():
        stay = shop.delete_all({"known": known, "changed": known.replace(etag, "0" * 32)})
        if shop.content("changed") is None:
            return ""
        if stay == {"changed": "PreconditionFailed"} and shop.content("known") is None:
            return quoting
    return ""


def _accepted(attempt: Callable[[str], object], etag: str) -> Quoting:
    if not _is_refused(lambda: attempt(f'"{etag}"')):
        return "quoted"
    return "" if _is_refused(lambda: attempt(etag)) else "bare"


def _copy_source_if_match(shop: _Workshop) -> bool:
    etag = shop.put("source", b"s")
    wrong = _is_refused(lambda: shop.copy("source", "copied", CopySourceIfMatch=f'"{"0" * 32}"'))
    if not wrong or shop.content("copied") is not None:
        return False
    shop.copy("source", "copied", CopySourceIfMatch=f'"{etag}"')
    return shop.content("copied") == b"s"


def _copy_if_none_match(shop: _Workshop) -> DestinationCondition:
    shop.put("from", b"from")
    shop.put("taken", b"taken")
    if _is_refused(lambda: shop.copy("from", "taken", IfNoneMatch="*")) and shop.content("taken") == b"taken":
        return "standard"
    shop.put("taken", b"taken")
    with shop.headers(cf_copy_destination_if_none_match="*"):
        refused = _is_refused(lambda: shop.copy("from", "taken"))
    return "cloudflare" if refused and shop.content("taken") == b"taken" else ""


def _multipart(shop: _Workshop) -> bool:
    upload = shop.begin_parts("parts")
    part = shop.call("upload_part", "parts", UploadId=upload, PartNumber=1, Body=b"part")
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    shop.call("complete_multipart_upload", "parts", UploadId=upload, MultipartUpload={"Parts": parts})
    return shop.content("parts") == b"part"


def _complete_if_none_match(shop: _Workshop) -> bool:
    shop.put("whole", b"whole")
    upload = shop.begin_parts("whole")
    part = shop.call("upload_part", "whole", UploadId=upload, PartNumber=1, Body=b"other")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    try:
        refused = _is_refused(
            lambda: shop.call(
                "complete_multipart_upload", "whole", UploadId=upload, MultipartUpload=parts, IfNoneMatch="*"
            )
        )
    finally:
        with suppress(StorageError):
            shop.call("abort_multipart_upload", "whole", UploadId=upload)
    return refused and shop.content("whole") == b"whole"


def _multipart_copy(shop: _Workshop) -> bool:
    shop.put("large", b"large")
    upload = shop.begin_parts("larger")
    try:
        part = shop.call("upload_part_copy", "larger", UploadId=upload, PartNumber=1, CopySource=shop.at("large"))
        etag = part.get("CopyPartResult", {}).get("ETag")
        if not etag:
            return False
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        shop.call("complete_multipart_upload", "larger", UploadId=upload, MultipartUpload=parts)
    finally:
        with suppress(StorageError):
            shop.call("abort_multipart_upload", "larger", UploadId=upload)
    return shop.content("larger") == b"large"


def _versioning(shop: _Workshop) -> bool:
    return shop.of_bucket("get_bucket_versioning").get("Status") == "Enabled"


def _tagging(shop: _Workshop) -> bool:
    shop.put("tagged", b"t", Tagging="a=b")
    return bool(shop.call("get_object_tagging", "tagged").get("TagSet"))


def _metadata(shop: _Workshop) -> bool:
    shop.put("noted", b"n", Metadata={"mtime": "1.5"})
    return {name.lower(): value for name, value in shop.head("noted").get("Metadata", {}).items()} == {"mtime": "1.5"}


def _keeps_unicode_forms(shop: _Workshop) -> bool:
    shop.put("\u00e9", b"composed")
    shop.put("e\u0301", b"decomposed")
    listed = shop.keys()
    return shop.content("\u00e9") == b"composed" and "\u00e9" in listed and "e\u0301" in listed


def _is_case_sensitive(shop: _Workshop) -> bool:
    shop.put("case", b"lower")
    shop.put("CASE", b"upper")
    return shop.content("case") == b"lower"


def _prefixes_beside_objects(shop: _Workshop) -> bool:
    shop.put("both", b"object")
    with shop.trying_once():  # a server on a file system answers with an error of its own
        shop.put("both/inner", b"inner")
    return shop.content("both") == b"object"


def _checks_digest(shop: _Workshop) -> bool:
    try:
        shop.put("wrong", b"x", ChecksumSHA256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    except RemoteUnreachable:
        raise
    except StorageError:
        return True
    return False


def _keeps_checksum(shop: _Workshop) -> bool:
    shop.put("summed", b"", ChecksumSHA256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    return bool(shop.call("head_object", "summed", ChecksumMode="ENABLED").get("ChecksumSHA256"))


def _etag_is_md5(shop: _Workshop) -> bool:
    content = b"which it is not where a bucket encrypts"
    return shop.put("hashed", content) == md5(content, usedforsecurity=False).hexdigest()


_ATTEMPTS: dict[str, Callable[[_Workshop], bool | str]] = {
    "put_if_none_match": _put_if_none_match,
    "put_if_match": _put_if_match,
    "delete_if_match": _delete_if_match,
    "delete_all": _delete_all,
    "delete_all_if_match": _delete_all_if_match,
    "copy_source_if_match": _copy_source_if_match,
    "copy_if_none_match": _copy_if_none_match,
    "multipart": _multipart,
    "complete_if_none_match": _complete_if_none_match,
    "multipart_copy": _multipart_copy,
    "versioning": _versioning,
    "tagging": _tagging,
    "metadata": _metadata,
    "keeps_unicode_forms": _keeps_unicode_forms,
    "is_case_sensitive": _is_case_sensitive,
    "prefixes_beside_objects": _prefixes_beside_objects,
    "checks_digest": _checks_digest,
    "keeps_checksum": _keeps_checksum,
    "etag_is_md5": _etag_is_md5,
}
