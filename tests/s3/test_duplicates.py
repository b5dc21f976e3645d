"""Objects of the same content are found by what a bucket tells of them, and read only where it tells too little."""

from __future__ import annotations

from random import Random

import pytest

from core.duplicates.buckets import SAMPLE_BYTES, find_among_objects
from core.storage.s3.bucket import SHA256
from core.storage.s3.objects import Objects
from tests.s3.servers import Server

CONTENT = Random(1).randbytes(4 * SAMPLE_BYTES)
"""Longer than both samples together."""

MIDDLE = len(CONTENT) // 2
ALMOST = CONTENT[:MIDDLE] + bytes([CONTENT[MIDDLE] ^ 1]) + CONTENT[MIDDLE + 1 :]
"""The same at both ends."""


def put(bucket: Objects, path: str, content: bytes, **more: object) -> None:
    bucket.endpoint.call("put_object", Bucket=bucket.name, Key=bucket.prefix + path, Body=content, **more)


def put_by_parts(bucket: Objects, path: str, content: bytes, **more: object) -> None:
    """Upload a file of one part: its ETag is no digest of the content."""
    call, place = bucket.endpoint.call, {"Bucket": bucket.name, "Key": bucket.prefix + path}
    upload = place | {"UploadId": call("create_multipart_upload", **place, **more)["UploadId"]}
    part = {"PartNumber": 1, "ETag": call("upload_part", **upload, PartNumber=1, Body=content)["ETag"]}
    call("complete_multipart_upload", **upload, MultipartUpload={"Parts": [part]})


def found(bucket: Objects) -> list[list[str]]:
    """Return the paths of each group that is found."""
    groups = find_among_objects(bucket, bucket.walk(), lambda phase, done, total: None)
    return [[member.entry.path.decode() for member in group.members] for group in groups]


def test_objects_put_whole_are_told_apart_without_reading_any(bucket: Objects) -> None:
    for path, content in {"a": b"same", "b": b"same", "c": b"diff", "long": CONTENT, "l/2": CONTENT}.items():
        put(bucket, path, content)
    before = bucket.endpoint.requests

    assert found(bucket) == [["l/2", "long"], ["a", "b"]]
    assert bucket.endpoint.requests == before + 1, "one listing"


def test_an_object_of_parts_is_read_to_tell_what_it_is(bucket: Objects) -> None:
    put(bucket, "whole", CONTENT)
    put(bucket, "almost", ALMOST)
    put_by_parts(bucket, "parts", CONTENT)
    put_by_parts(bucket, "almost parts", ALMOST)
    put_by_parts(bucket, "other parts", CONTENT[::-1])

    assert sorted(found(bucket)) == [["almost", "almost parts"], ["parts", "whole"]]


@pytest.mark.parametrize("are_same", [True, False])
def test_what_is_noted_beside_objects_saves_reading_them(shaky: Objects, are_same: bool) -> None:
    digests = ["00" * 32, "00" * 32] if are_same else ["00" * 32, "11" * 32]
    put(shaky, "whole", CONTENT, Metadata={SHA256: digests[0]})
    put_by_parts(shaky, "parts", CONTENT, Metadata={SHA256: digests[1]})
    before = shaky.endpoint.requests

    assert found(shaky) == ([["parts", "whole"]] if are_same else [])
    assert shaky.endpoint.requests == before + 1 + 2 * 2 + 2, "a listing, two samples of each, a look at each"


def test_an_object_that_is_gone_meanwhile_is_left_out(bucket: Objects, server: Server) -> None:
    put(bucket, "whole", CONTENT)
    put_by_parts(bucket, "parts", CONTENT)
    put_by_parts(bucket, "gone", CONTENT[::-1])
    entries = list(bucket.walk())
    bucket.endpoint.call("delete_object", Bucket=bucket.name, Key=bucket.key(b"gone"))

    groups = find_among_objects(bucket, entries, lambda phase, done, total: None)

    assert [[member.entry.path for member in group.members] for group in groups] == [[b"parts", b"whole"]]
    if server.name != "rclone":  # whose ETags tell the content, also of what came by parts
        assert dict(groups.left_out) == {"it is no longer there": 1}
