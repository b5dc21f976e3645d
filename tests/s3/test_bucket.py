"""A bucket as a storage: what it lists, what it tells, what it copies, and what it will not touch."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import (
    DestinationTaken,
    EscapesRoot,
    IoFailed,
    RemoteRefused,
    RemoteUnreachable,
    SourceChanged,
    SourceMissing,
)
from core.model import Fingerprint
from core.storage import Entry
from core.storage.s3.bucket import Bucket
from core.storage.s3.capabilities import probe
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.objects import UPLOAD_WHOLE, Content, Move, Objects
from tests.s3.faults import FaultProxy
from tests.s3.servers import SECRET_KEY, Server

NOTHING = lambda count: None  # noqa: E731


def put(bucket: Objects, path: str, content: bytes = b"content", **more: object) -> Entry:
    """Put an object there as any other program would."""
    bucket.endpoint.call("put_object", Bucket=bucket.name, Key=bucket.prefix + path, Body=content, **more)
    found = bucket.entry(path.encode())
    assert found
    return found


def content_of(bucket: Bucket, path: str) -> bytes | None:
    entry = bucket.entry(path.encode())
    return None if entry is None else b"".join(bucket.chunks(entry.path, entry.fingerprint))


def tree(bucket: Bucket) -> dict[str, bytes]:
    return {entry.path.decode(): b"".join(bucket.chunks(entry.path, entry.fingerprint)) for entry in bucket.walk()}


def held(path: Path, content: bytes, mtime_ns: int = 1_700_000_000_123_456_789) -> tuple[int, Content]:
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    return descriptor, Content(descriptor, len(content), mtime_ns, hashlib.sha256(content).digest())


# -- listing and looking


def test_a_walk_finds_what_lies_beneath_the_prefix_and_nothing_else(bucket: Objects) -> None:
    put(bucket, "a.txt", b"a")
    put(bucket, "b/c d+é%.txt", b"c")
    bucket.endpoint.call("put_object", Bucket=bucket.name, Key="elsewhere/x", Body=b"x")
    bucket.endpoint.call("put_object", Bucket=bucket.name, Key="inside-out", Body=b"x")
    put(bucket, ".shelver-trash/k2/old", b"old")
    put(bucket, ".shelver/pair.json", b"{}")

    assert tree(bucket) == {"a.txt": b"a", "b/c d+é%.txt": b"c"}


def test_a_listing_of_many_pages_is_whole(bucket: Objects) -> None:
    bucket.each(lambda n: put(bucket, f"many/{n:04d}", b""), range(1203))

    assert [entry.path for entry in bucket.walk()] == [b"many/%04d" % n for n in range(1203)]


def test_only_folders_that_are_entered_are_walked(bucket: Objects) -> None:
    for path in ("keep/a", "skip/b", "skip/deep/c"):
        put(bucket, path)

    assert [entry.path for entry in bucket.walk(lambda path: path != b"skip")] == [b"keep/a"]


@pytest.mark.parametrize("key", ["/lead", "a/../b", "a//b", "./c", "x/" + "n" * 256])
def test_keys_that_are_no_paths_are_left_alone_with_the_reason(bucket: Objects, server: Server, key: str) -> None:
    try:
        bucket.endpoint.call("put_object", Bucket=bucket.name, Key=bucket.prefix + key, Body=b"hostile")
    except IoFailed:
        assert server.name == "rclone", "only a server on a file system may refuse such keys"
        return
    put(bucket, "fine")

    assert [entry.path for entry in bucket.walk()] == [b"fine"]
    if server.name != "rclone":  # what it makes of such a key is its own affair
        assert [path for path, _ in bucket.untouched] == [key.encode()]
        assert bucket.untouched[0][1].startswith(("its key", "a part of its key"))


@pytest.mark.parametrize("path", [b"", b"/etc/passwd", b"a/../../b", b"a//b", b".", b"\xff", b"a\0b", b"n" * 256])
def test_no_key_is_ever_made_of_what_is_no_path(bucket: Objects, path: bytes) -> None:
    with pytest.raises(EscapesRoot):
        bucket.head(path)


def test_a_folder_that_is_an_object_of_its_own_is_a_folder(bucket: Objects, server: Server) -> None:
    bucket.endpoint.call("put_object", Bucket=bucket.name, Key=f"{bucket.prefix}empty/", Body=b"")
    put(bucket, "file")

    found = [entry.path for entry in bucket.walk()]
    assert (found, bucket.markers) == (
        ([b"empty", b"file"], []) if server.name == "rclone" else ([b"file"], [b"empty"])
    )


def test_an_objects_mtime_is_the_one_noted_beside_it(bucket: Objects) -> None:
    put(bucket, "noted", Metadata={"mtime": "1234567890.000000007"})
    put(bucket, "odd", Metadata={"mtime": "yesterday"})

    noted, odd = bucket.head(b"noted"), bucket.head(b"odd")
    assert noted and noted.mtime_ns == 1_234_567_890_000_000_007
    assert odd and odd.mtime_ns == odd.entry.mtime_ns


def test_many_are_looked_at_together(bucket: Objects) -> None:
    bucket.each(lambda n: put(bucket, f"d/{n:03d}", b"%d" % n), range(0, 60, 2))
    put(bucket, "single", b"s")

    found = bucket.look([b"d/%03d" % n for n in range(60)] + [b"single", b"none"])

    assert sorted(found) == sorted([b"d/%03d" % n for n in range(0, 60, 2)] + [b"single"])
    assert all(found[path].entry.fingerprint == bucket.fingerprint(path) for path in (b"d/000", b"d/058", b"single"))


def test_folders_are_listed(bucket: Objects) -> None:
    for path in ("f/a", "f/b/c", "top"):
        put(bucket, path)

    assert sorted(bucket.list_directory(b"f")) == [b"a", b"b"]
    assert sorted(bucket.list_directory(b"")) == [b"f", b"top"]
    assert bucket.is_directory(b"f") and not bucket.is_directory(b"top") and not bucket.is_directory(b"none")


def test_reading_what_changed_meanwhile_is_refused(bucket: Objects) -> None:
    before = put(bucket, "file", b"before")
    put(bucket, "file", b"after")

    with pytest.raises(SourceChanged):
        bucket.read(b"file", 0, 3, before.fingerprint)


# -- copying and removing


def test_a_move_takes_content_metadata_and_tags_along(bucket: Objects, server: Server) -> None:
    tags = {} if server.name == "rclone" else {"Tagging": "year=2026"}
    entry = put(bucket, "in/a.txt", b"hello", Metadata={"mtime": "5.5", "who": "me"}, ContentType="text/x-a", **tags)

    (copy,) = bucket.copy_all([Move(b"in/a.txt", b"out/b.txt", entry.fingerprint)], bucket)
    assert bucket.remove_all([(b"in/a.txt", entry.fingerprint)]) == [None]

    assert isinstance(copy, Entry) and copy == bucket.entry(b"out/b.txt")
    assert tree(bucket) == {"out/b.txt": b"hello"}
    head = bucket.head(b"out/b.txt")
    assert head and head.mtime_ns == 5_500_000_000 and head.metadata["who"] == "me"
    if tags:
        assert head.headers["ContentType"] == "text/x-a"
        answer = bucket.endpoint.call("get_object_tagging", Bucket=bucket.name, Key=bucket.key(b"out/b.txt"))
        assert answer["TagSet"] == [{"Key": "year", "Value": "2026"}]


def test_a_copy_can_be_given_other_metadata(bucket: Objects) -> None:
    entry = put(bucket, "a", b"hello", Metadata={"who": "me"}, ContentType="text/x-a")

    bucket.copy_all([Move(b"a", b"b", entry.fingerprint, {"who": "me", "mtime": "7.0"})], bucket)

    head = bucket.head(b"b")
    assert head and head.metadata == {"who": "me", "mtime": "7.0"} and head.headers["ContentType"] == "text/x-a"


def test_each_of_many_moves_succeeds_or_fails_alone(bucket: Objects) -> None:
    good, changed, blocked = put(bucket, "good", b"1"), put(bucket, "changed", b"2"), put(bucket, "blocked", b"3")
    put(bucket, "changed", b"other")
    put(bucket, "taken", b"mine")
    missing = Fingerprint(0, 1, 0, "0" * 32)

    results = bucket.copy_all(
        [
            Move(b"good", b"new/good", good.fingerprint),
            Move(b"changed", b"new/changed", changed.fingerprint),
            Move(b"blocked", b"taken", blocked.fingerprint),
            Move(b"missing", b"new/missing", missing),
        ],
        bucket,
    )

    assert [type(result) for result in results] == [Entry, SourceChanged, DestinationTaken, SourceMissing]
    assert tree(bucket) == {
        "good": b"1", "new/good": b"1", "changed": b"other", "blocked": b"3", "taken": b"mine",
    }  # fmt: skip


def test_what_changed_is_not_removed(bucket: Objects) -> None:
    before = put(bucket, "file", b"before")
    put(bucket, "file", b"after")
    gone = put(bucket, "gone", b"gone")
    bucket.endpoint.call("delete_object", Bucket=bucket.name, Key=bucket.key(b"gone"))

    changed, missing = bucket.remove_all([(b"file", before.fingerprint), (b"gone", gone.fingerprint)])

    assert isinstance(changed, SourceChanged) and missing is None
    assert tree(bucket) == {"file": b"after"}


# -- up and down


@pytest.mark.parametrize("size", [0, 5, UPLOAD_WHOLE + 3])
def test_what_goes_up_comes_down_the_same(bucket: Objects, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    descriptor, content = held(tmp_path / "file", data)
    told: list[int] = []

    entry = bucket.upload(content, b"dir/file", None, told.append)
    os.close(descriptor)
    with (tmp_path / "copy").open("wb+") as copy:
        bucket.download(b"dir/file", entry.fingerprint, copy.fileno(), NOTHING)

    assert (tmp_path / "copy").read_bytes() == data
    assert sum(told) == size
    head = bucket.head(b"dir/file")
    assert head and head.mtime_ns == content.mtime_ns


def test_a_download_that_broke_off_goes_on_where_it_was(bucket: Objects, tmp_path: Path) -> None:
    entry = put(bucket, "file", b"0123456789")
    (tmp_path / "copy").write_bytes(b"01234")
    told: list[int] = []

    with (tmp_path / "copy").open("rb+") as copy:
        bucket.download(b"file", entry.fingerprint, copy.fileno(), told.append)

    assert (tmp_path / "copy").read_bytes() == b"0123456789" and told == [5]


def test_an_upload_replaces_only_what_it_was_told_to(bucket: Objects, tmp_path: Path) -> None:
    first = put(bucket, "file", b"first")
    descriptor, content = held(tmp_path / "file", b"second")
    try:
        with pytest.raises(DestinationTaken):
            bucket.upload(content, b"file", None, NOTHING)
        assert content_of(bucket, "file") == b"first"

        bucket.upload(content, b"file", first.fingerprint, NOTHING)
        assert content_of(bucket, "file") == b"second"

        with pytest.raises(DestinationTaken):
            bucket.upload(content, b"file", first.fingerprint, NOTHING)
    finally:
        os.close(descriptor)


# -- what an endpoint honours


def test_the_probe_tells_what_a_server_really_does_and_leaves_nothing(endpoint: Endpoint, bucket: Objects) -> None:
    found = probe(bucket)

    expected = {
        "ministack": (True, "quoted", True, True),
        "moto": (True, "quoted", False, True),
        "rclone": (False, "", False, False),
    }[endpoint.remote.name]
    told = (found.put_if_none_match, found.delete_if_match, found.copy_source_if_match, found.prefixes_beside_objects)
    assert told == expected
    assert found.metadata and found.multipart
    assert "Contents" not in endpoint.call("list_objects_v2", Bucket=bucket.name)


def test_the_probe_makes_no_request_again_that_fails_on_purpose(shaky: Objects, proxy: FaultProxy) -> None:
    proxy.add("error", "PUT .*/both/inner", times=100)

    assert not probe(shaky).prefixes_beside_objects

    assert sum("/both/inner" in line for line in proxy.lines) == 1


# -- faults


def test_a_server_that_asks_for_less_gets_less(shaky: Objects, proxy: FaultProxy) -> None:
    put(shaky, "file", b"1")
    before = shaky.endpoint.throttle.limit
    proxy.add("slow_down", "HEAD", times=100)

    with pytest.raises(RemoteUnreachable):
        shaky.head(b"file")

    assert shaky.endpoint.throttle.limit < before


@pytest.mark.parametrize("fault", ["error", "reset"])
def test_a_request_that_fails_once_is_made_again(shaky: Objects, proxy: FaultProxy, fault: str) -> None:
    put(shaky, "file", b"1")
    proxy.add(fault, "HEAD", times=1)  # type: ignore[arg-type]

    assert shaky.head(b"file") is not None


def test_a_refusal_is_not_tried_again(shaky: Objects, proxy: FaultProxy) -> None:
    proxy.add("forbidden", "GET", times=100)
    before = len(proxy.lines)

    with pytest.raises(RemoteRefused) as refused:
        list(shaky.walk())

    assert len(proxy.lines) == before + 1
    assert SECRET_KEY not in repr(refused.value) + str(refused.value)


@pytest.mark.parametrize("fault", ["truncated", "reset"])
def test_an_answer_that_breaks_off_is_asked_for_again(shaky: Objects, proxy: FaultProxy, fault: str) -> None:
    entry = put(shaky, "file", b"x" * 100_000)
    proxy.add(fault, "GET .*/file", times=2)  # type: ignore[arg-type]

    assert shaky.read(b"file", 0, 100_000, entry.fingerprint) == b"x" * 100_000


def test_an_answer_that_always_breaks_off_is_an_error(shaky: Objects, proxy: FaultProxy) -> None:
    entry = put(shaky, "file", b"x" * 100_000)
    proxy.add("truncated", "GET .*/file", times=100)

    with pytest.raises(IoFailed):
        shaky.read(b"file", 0, 100_000, entry.fingerprint)


def test_an_upload_whose_answer_was_lost_is_known_as_our_own(shaky: Objects, proxy: FaultProxy, tmp_path: Path) -> None:
    descriptor, content = held(tmp_path / "file", b"mine")
    proxy.add("lost_answer", "PUT .*/file")
    try:
        shaky.upload(content, b"file", None, NOTHING)
    finally:
        os.close(descriptor)

    assert content_of(shaky, "file") == b"mine"
    assert sum(line.startswith("PUT") and line.endswith("/file") for line in proxy.lines) == 2


def test_an_upload_that_meets_anothers_is_not_taken_for_our_own(
    shaky: Objects, proxy: FaultProxy, tmp_path: Path
) -> None:
    descriptor, content = held(tmp_path / "file", b"mine")

    def somebody_is_faster(line: str) -> None:
        if line.startswith("PUT") and line.endswith("/file"):
            proxy.on_request = None
            straight.endpoint.call("put_object", Bucket=shaky.name, Key=shaky.key(b"file"), Body=b"ours")

    straight = Objects(shaky.root, Endpoint(Server("ministack", proxy.upstream).remote), shaky.can)
    proxy.on_request = somebody_is_faster
    try:
        with pytest.raises(DestinationTaken):
            shaky.upload(content, b"file", None, NOTHING)
    finally:
        os.close(descriptor)
        straight.endpoint.close()

    assert content_of(shaky, "file") == b"ours"


@pytest.mark.parametrize("fault", ["lost_answer", "error_with_200"])
def test_a_copy_whose_answer_was_lost_is_there_once(shaky: Objects, proxy: FaultProxy, fault: str) -> None:
    entry = put(shaky, "a", b"hello")
    proxy.add(fault, "PUT .*/b")  # type: ignore[arg-type]

    (copy,) = shaky.copy_all([Move(b"a", b"b", entry.fingerprint)], shaky)
    proxy.add("lost_answer", "DELETE .*/a")

    assert isinstance(copy, Entry)
    assert shaky.remove_all([(b"a", entry.fingerprint)]) == [None]
    assert tree(shaky) == {"b": b"hello"}


@pytest.mark.parametrize("together", [True, False])
def test_what_took_the_key_of_a_delete_whose_answer_was_lost_is_anothers(
    shaky: Objects, proxy: FaultProxy, together: bool
) -> None:
    entry = put(shaky, "a", b"ours, and copied elsewhere")
    straight = Objects(shaky.root, Endpoint(Server("ministack", proxy.upstream).remote), shaky.can)
    shaky.can = replace(shaky.can, delete_all_if_match="quoted" if together else "")
    deletes: list[str] = []

    def somebody_comes_in_between(line: str) -> None:
        if "?delete" in line or line.startswith("DELETE"):
            deletes.append(line)
            if len(deletes) == 2:
                put(straight, "a", b"theirs")

    proxy.add("lost_answer", r"\?delete|^DELETE")
    proxy.on_request = somebody_comes_in_between
    removed = shaky.remove_all([(b"a", entry.fingerprint)])
    straight.endpoint.close()

    assert (removed, len(deletes)) == ([None], 2), "it went, and what is there now is another's"
    assert tree(shaky) == {"a": b"theirs"}


def test_deletes_that_are_refused_together_leave_each_with_the_reason(shaky: Objects, proxy: FaultProxy) -> None:
    entries = [put(shaky, name) for name in ("a", "b")]
    shaky.can = replace(shaky.can, delete_all_if_match="", delete_if_match="")
    proxy.add("error", r"\?delete", times=100)

    left = shaky.remove_all([(entry.path, entry.fingerprint) for entry in entries])

    assert [type(trouble) for trouble in left] == [IoFailed, IoFailed]
    assert set(tree(shaky)) == {"a", "b"}


def test_parts_of_an_upload_that_fails_are_not_left_behind(shaky: Objects, proxy: FaultProxy, tmp_path: Path) -> None:
    descriptor, content = held(tmp_path / "file", b"x" * (UPLOAD_WHOLE + 1))
    proxy.add("error", "PUT .*partNumber=2", times=100)
    try:
        with pytest.raises((RemoteUnreachable, IoFailed)):
            shaky.upload(content, b"file", None, NOTHING)
    finally:
        os.close(descriptor)

    assert tree(shaky) == {}
    assert not shaky.endpoint.call("list_multipart_uploads", Bucket=shaky.name).get("Uploads")
