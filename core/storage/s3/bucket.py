"""One prefix of one bucket: listing, looking, reading. What changes objects stands in `objects.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from msgspec import Struct
from xxhash import xxh3_64_intdigest

from core.errors import IoFailed, SourceChanged, SourceMissing
from core.model import Fingerprint
from core.storage import Entry
from core.storage.s3.endpoint import TRIES, Endpoint, PreconditionFailed
from core.storage.s3.keys import key_of, split_uri, why_no_path
from core.storage.s3.throttle import MOST

OWN_PREFIX = b".shelver"
"""How every key begins, beneath a storage's prefix, that Shelver makes for itself."""

MTIME = "mtime"
"""The metadata key (`x-amz-meta-mtime`) that keeps a file's mtime, in seconds: the same that rclone uses."""

SHA256 = "shelver-sha256"
"""The metadata key of a content's digest, in hexadecimal: what tells an upload whose answer was lost from another's."""

_DIGESTS = ("ChecksumSHA256", "ChecksumSHA1", "ChecksumCRC64NVME")
READ_BYTES = 8 * 1024 * 1024
PAGE_KEYS = 1000
_READABLE = {"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY",
             "EXPRESS_ONEZONE", "OUTPOSTS", "SNOW"}  # fmt: skip
_KEPT_HEADERS = (
    "ContentType",
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "Expires",
    "WebsiteRedirectLocation",
)
_INODE_MASK = (1 << 63) - 1
_WORTH_LISTING = 8  # so many questions about one folder are answered by listing it

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Found(Struct, frozen=True):
    """An object as a listing tells of it."""

    entry: Entry
    storage_class: str = "STANDARD"


class Head(Struct, frozen=True):
    """What a bucket tells about one object.

    `metadata`: with keys in lower case. `headers`: what a copy that re-sends its metadata must re-send too.
    """

    entry: Entry
    metadata: dict[str, str]
    headers: dict[str, Any]
    storage_class: str
    version_id: str = ""

    @property
    def mtime_ns(self) -> int:
        """When the file it was made from was changed last, as its maker noted it; else when it was written."""
        noted = _nanoseconds(self.metadata.get(MTIME, ""))
        return self.entry.mtime_ns if noted is None else noted


class Bucket:
    """A storage in a bucket. Safe to share among threads. Raises errors of `core.errors.StorageError`."""

    def __init__(self, root: bytes, endpoint: Endpoint) -> None:
        self.root = root
        self.endpoint = endpoint
        self.name, self.prefix = split_uri(root)
        self.untouched: list[tuple[bytes, str]] = []
        """Objects that the last walk passed over, each with the reason."""
        self.markers: list[bytes] = []
        """Folders that the last walk found as objects of their own (`folder/`, empty)."""

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(MOST, thread_name_prefix="bucket")

    def close(self) -> None:
        """End the threads. The endpoint stays: others may use it."""
        if "_threads" in self.__dict__:
            self._threads.shutdown(cancel_futures=True)
            del self.__dict__["_threads"]

    def each(self, act: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Do one thing with many items at once; return the answers in their order. Raises the first error."""
        return list(self._threads.map(act, items))

    def key(self, path: bytes) -> str:
        """Return the key of a path. Raises EscapesRoot."""
        return key_of(self.prefix, path)

    # -- listing

    def walk(self, descend: Callable[[bytes], bool] = lambda path: True) -> Iterator[Entry]:
        """Yield every object beneath the prefix that is a file, in the order of keys.

        The listing is complete or raises: RemoteUnreachable, RemoteRefused, ….
        """
        self.untouched, self.markers = [], []
        decided: dict[bytes, bool] = {b"": True}
        for item in self.listed(self.prefix):
            path = item["Key"][len(self.prefix) :].encode("utf-8", "surrogateescape")
            if path.startswith(OWN_PREFIX):
                continue
            if path.endswith(b"/") and not item["Size"] and not why_no_path(path[:-1]):
                self.markers.append(path[:-1])
            elif (reason := why_no_path(path)) or (reason := _why_unreadable(item)):
                self.untouched.append((path, reason))
            elif _is_entered(path.rpartition(b"/")[0], descend, decided):
                yield _listed_entry(path, item)

    def listed(self, prefix: str, after: str = "", *, delimiter: str = "") -> Iterator[dict[str, Any]]:
        """Yield all that a listing tells of each key that begins so, from after a key on, page by page."""
        arguments: dict[str, Any] = {"Bucket": self.name, "Prefix": prefix, "MaxKeys": PAGE_KEYS}
        if after:
            arguments["StartAfter"] = after
        if delimiter:
            arguments["Delimiter"] = delimiter
        while True:
            page = self.endpoint.call("list_objects_v2", **arguments)
            yield from page.get("Contents", ())
            if not page.get("IsTruncated"):
                return
            following = page.get("NextContinuationToken")
            if not following or following == arguments.get("ContinuationToken"):
                raise IoFailed("the endpoint does not go on with its listing")
            arguments["ContinuationToken"] = following

    def list_directory(self, path: bytes) -> list[bytes]:
        """Return the names in a folder, of objects and of folders; none if there is no such folder."""
        prefix = self.key(path) + "/" if path else self.prefix
        arguments: dict[str, Any] = {"Bucket": self.name, "Prefix": prefix, "Delimiter": "/"}
        names: list[str] = []
        while True:
            page = self.endpoint.call("list_objects_v2", **arguments)
            names += (item["Key"][len(prefix) :] for item in page.get("Contents", ()))
            names += (item["Prefix"][len(prefix) : -1] for item in page.get("CommonPrefixes", ()))
            if not page.get("IsTruncated"):
                return [name.encode() for name in names if name]
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def is_directory(self, path: bytes) -> bool:
        """Tell whether any object lies beneath a path."""
        page = self.endpoint.call("list_objects_v2", Bucket=self.name, Prefix=self.key(path) + "/", MaxKeys=1)
        return bool(page.get("Contents"))

    # -- looking at objects

    def head(self, path: bytes) -> Head | None:
        """Return what the bucket tells about an object, or None if there is none."""
        try:
            answer = self.endpoint.call("head_object", Bucket=self.name, Key=self.key(path))
        except SourceMissing:
            return None
        return _head(path, answer)

    def entry(self, path: bytes) -> Entry | None:
        """Return the object at a path as `walk` would, or None."""
        found = self.head(path)
        return found.entry if found else None

    def fingerprint(self, path: bytes) -> Fingerprint | None:
        """Return what is there now, or None."""
        found = self.head(path)
        return found.entry.fingerprint if found else None

    def exists(self, path: bytes) -> bool:
        """Tell whether there is an object with this key."""
        return self.head(path) is not None

    def digests(self, path: bytes, expected: Fingerprint) -> dict[str, str]:
        """Return the digests of an object's whole content that its bucket or its maker noted, by their names.

        Raises SourceMissing, SourceChanged.
        """
        arguments = {"Bucket": self.name, "Key": self.key(path), "ChecksumMode": "ENABLED"}
        answer = self.endpoint.call("head_object", **arguments)
        if token(answer) != expected.version:
            raise SourceChanged
        is_whole = answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
        found = {name: answer[name] for name in _DIGESTS if is_whole and "-" not in answer.get(name, "-")}
        noted = _head(path, answer).metadata.get(SHA256)
        return found | ({SHA256: noted} if noted else {})

    def check_unchanged(self, path: bytes, expected: Fingerprint) -> None:
        """Raise SourceMissing or SourceChanged unless the object is as expected."""
        found = self.fingerprint(path)
        if found is None:
            raise SourceMissing
        if found != expected:
            raise SourceChanged

    def look(self, paths: Collection[bytes]) -> dict[bytes, Found]:
        """Return those of many objects that are there. A folder of which many are asked for is listed instead."""
        by_folder: dict[bytes, list[bytes]] = defaultdict(list)
        for path in paths:
            by_folder[path.rpartition(b"/")[0]].append(path)
        found: dict[bytes, Found] = {}
        single: list[bytes] = []
        for folder, wanted in by_folder.items():
            if len(wanted) < _WORTH_LISTING or not self._look_by_listing(folder, wanted, found):
                single += wanted
        heads = zip(single, self.each(self.head, single), strict=True)
        found.update((path, Found(head.entry, head.storage_class)) for path, head in heads if head)
        return found

    def _look_by_listing(self, folder: bytes, wanted: Sequence[bytes], found: dict[bytes, Found]) -> bool:
        """Take in what a listing between the first and the last name says; False if that would be too long."""
        keys = {self.key(path): path for path in wanted}
        prefix = self.key(folder) + "/" if folder else self.prefix
        first, last = min(keys), max(keys)
        after = first[:-1] if len(first) - 1 > len(prefix) else ""
        most = max(PAGE_KEYS, len(wanted) * _WORTH_LISTING)
        here: dict[bytes, Found] = {}
        for seen, item in enumerate(self.listed(prefix, after, delimiter="/")):
            if item["Key"] > last:
                break
            if seen >= most:
                return False
            if item["Key"] in keys:
                path = keys[item["Key"]]
                here[path] = Found(_listed_entry(path, item), item.get("StorageClass") or "STANDARD")
        found.update(here)
        return True

    # -- reading

    def read(self, path: bytes, start: int, length: int, expected: Fingerprint) -> bytes:
        """Return some bytes of an object; fewer only at its end. Raises SourceChanged, SourceMissing, …

        An answer that breaks off is asked for again: no client does that by itself.
        """
        length = min(length, expected.size - start)
        if length <= 0:
            return b""
        for attempt in range(TRIES):
            try:
                answer = self.endpoint.call(
                    "get_object", Bucket=self.name, Key=self.key(path), Range=f"bytes={start}-{start + length - 1}"
                )
            except PreconditionFailed:
                raise SourceChanged from None
            if token(answer) != expected.version:
                answer["Body"].close()
                raise SourceChanged
            content = _whole(answer["Body"], length)
            if content is not None:
                return content
            if attempt == TRIES - 1:
                break
        raise IoFailed("the endpoint's answers break off")

    def read_own(self, name: str) -> bytes | None:
        """Return one of Shelver's own small objects beneath the prefix, or None if it is not there."""
        try:
            answer = self.endpoint.call("get_object", Bucket=self.name, Key=self.prefix + name)
        except SourceMissing:
            return None
        with answer["Body"] as body:
            content: bytes = body.read()
        return content

    def chunks(self, path: bytes, expected: Fingerprint) -> Iterator[bytes]:
        """Yield an object's content in order, each part checked to be of the expected version."""
        for start in range(0, expected.size, READ_BYTES):
            yield self.read(path, start, READ_BYTES, expected)


def token(answer: dict[str, Any]) -> str:
    """Return the ETag of an answer without its quotes: an opaque token of one key at one endpoint."""
    return str(answer.get("ETag", "")).strip('"')


def _whole(body: Any, length: int) -> bytes | None:
    from botocore.exceptions import HTTPClientError  # noqa: PLC0415 - botocore's own and those of what carries it
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        content: bytes = body.read()
    except (HTTPClientError, HTTPError, OSError):
        return None
    except Exception as error:
        if type(error).__module__.startswith("botocore"):  # IncompleteReadError is no HTTPClientError
            return None
        raise
    finally:
        body.close()
    return content if len(content) == length else None


def _entry(path: bytes, size: int, written: datetime, etag: str) -> Entry:
    nanoseconds = int(written.timestamp() * 1000) * 1_000_000
    return Entry(path, xxh3_64_intdigest(etag.encode()) & _INODE_MASK, size, nanoseconds, nanoseconds, 0, 1, etag)


def _listed_entry(path: bytes, item: dict[str, Any]) -> Entry:
    return _entry(path, item["Size"], item["LastModified"], token(item))


def _head(path: bytes, answer: dict[str, Any]) -> Head:
    headers = {name: answer[name] for name in _KEPT_HEADERS if answer.get(name)}
    return Head(
        _entry(path, answer["ContentLength"], answer["LastModified"], token(answer)),
        {name.lower(): value for name, value in answer.get("Metadata", {}).items()},
        headers,
        answer.get("StorageClass") or "STANDARD",
        answer.get("VersionId") or "",
    )


def _why_unreadable(item: dict[str, Any]) -> str:
    stored = item.get("StorageClass") or "STANDARD"
    return "" if stored in _READABLE else f"it is archived ({stored})"


def _is_entered(folder: bytes, descend: Callable[[bytes], bool], decided: dict[bytes, bool]) -> bool:
    known = decided.get(folder)
    if known is None:
        known = _is_entered(folder.rpartition(b"/")[0], descend, decided) and descend(folder)
        decided[folder] = known
    return known


def _nanoseconds(seconds: str) -> int | None:
    """Return `seconds.fraction` exactly; None for what is no such number."""
    whole, _, fraction = seconds.partition(".")
    sign = -1 if whole.startswith("-") else 1
    if not whole.lstrip("-").isdigit() or (fraction and not fraction.isdigit()):
        return None
    return sign * (abs(int(whole)) * 1_000_000_000 + int(fraction[:9].ljust(9, "0") or 0))
