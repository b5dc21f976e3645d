"""Steps that touch a bucket: a tree before, an act, a tree after; and what is left when the process dies in between."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import pytest

from core.errors import RemoteLost
from core.model import Plan
from core.storage.s3 import sending
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.objects import Objects
from tests.s3.dying import dies
from tests.s3.faults import FaultProxy
from tests.s3.servers import Server
from tests.s3.stage import Line, Stage, Victim, carry_out


@pytest.fixture
def stage(tmp_path: Path, bucket: Objects) -> Stage:
    return Stage(tmp_path, bucket)


@pytest.fixture
def shaky_stage(tmp_path: Path, shaky: Objects) -> Stage:
    return Stage(tmp_path, shaky)


# -- within a bucket


def test_objects_are_moved_copied_and_trashed(stage: Stage) -> None:
    stage.put({"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"})

    state, counts, _ = stage.act(
        [("move", "@a.txt", "@docs/a.txt"), ("copy", "@b.txt", "@copies/b.txt"), ("trash", "@c.txt", "")]
    )

    assert (state, counts.done, counts.bytes) == ("completed", 3, 3)
    assert stage.objects() == {
        "docs/a.txt": b"a", "b.txt": b"b", "copies/b.txt": b"b", ".shelver-trash/op1/c.txt": b"c",
    }  # fmt: skip
    head = stage.bucket.head(b"docs/a.txt")
    assert head and head.mtime_ns == 1_500_000_000_000_000_005


def test_a_swap_goes_by_way_of_a_third_name(stage: Stage) -> None:
    stage.put({"a": b"was a", "b": b"was b"})
    plan = stage.plan([("move", "@a", "@t"), ("move", "@b", "@a")])
    a, b = plan.steps
    third = msgspec.structs.replace(a, seq=2, source=b"t", destination=b"b")
    plan = Plan("op9", plan.roots, [a, b, third])
    stage.operation("op9").create(stage.operation("op1").request())
    stage.operation("op9").write_plan(plan)

    assert stage.run(plan)[0] == "completed"
    assert stage.objects() == {"a": b"was b", "b": b"was a"}


@pytest.mark.parametrize("reviewed", [False, True])
def test_a_place_that_was_taken_meanwhile(stage: Stage, reviewed: bool) -> None:
    stage.put({"a": b"mine"})
    plan = stage.plan([("move", "@a", "@to/a.txt")], reviewed=reviewed)
    stage.put({"to/a.txt": b"theirs"})

    state, _, ((outcome, reason),) = stage.run(plan)

    if reviewed:
        assert (state, outcome, reason) == ("partial", "skipped", "the place is taken")
        assert stage.objects() == {"a": b"mine", "to/a.txt": b"theirs"}
    else:
        assert (state, outcome) == ("completed", "done")
        assert stage.objects() == {"to/a (1).txt": b"mine", "to/a.txt": b"theirs"}


def test_an_object_that_changed_since_is_skipped_alone(stage: Stage) -> None:
    stage.put({"a": b"a", "b": b"b"})
    plan = stage.plan([("move", "@a", "@x/a"), ("move", "@b", "@x/b")])
    stage.put({"a": b"other"})

    state, _, results = stage.run(plan)

    assert (state, results) == ("partial", [("skipped", "it changed since it was planned"), ("done", "")])
    assert stage.objects() == {"a": b"other", "x/b": b"b"}


def test_what_belongs_together_moves_together_or_not_at_all(stage: Stage) -> None:
    stage.put({"p.jpg": b"1", "p.xmp": b"2", "q.jpg": b"3", "q.xmp": b"4"})
    plan = stage.plan(
        [
            ("move", "@p.jpg", "@d/p.jpg", 1),
            ("move", "@p.xmp", "@d/p.xmp", 1),
            ("move", "@q.jpg", "@d/q.jpg", 2),
            ("move", "@q.xmp", "@d/q.xmp", 2),
        ]
    )
    stage.put({"q.xmp": b"edited"})

    _, _, results = stage.run(plan)

    assert [outcome for outcome, _ in results] == ["done", "done", "skipped", "skipped"]
    assert stage.objects() == {"d/p.jpg": b"1", "d/p.xmp": b"2", "q.jpg": b"3", "q.xmp": b"edited"}


# -- duplicates


def test_a_duplicate_goes_while_the_copy_that_stays_is_the_same(stage: Stage) -> None:
    stage.put({"a": b"same" * 700_000, "b": b"same" * 700_000})

    assert stage.act([("trash", "@b", "@a")])[0] == "completed"

    assert stage.objects() == {"a": b"same" * 700_000, ".shelver-trash/op1/b": b"same" * 700_000}


def test_what_only_seemed_to_be_a_duplicate_stays(stage: Stage) -> None:
    stage.put({"a": b"one", "b": b"two", "c": b"longer"})

    _, _, results = stage.act([("trash", "@b", "@a"), ("trash", "@c", "@a"), ("trash", "@a", "@a")])

    assert [outcome for outcome, _ in results] == ["skipped"] * 3
    assert "another name of the very file" in results[2][1]
    assert stage.objects() == {"a": b"one", "b": b"two", "c": b"longer"}


@pytest.mark.parametrize("edit", [{"a": b"more"}, {"a": b"edit"}, {"b": b"edit"}])
def test_a_duplicate_stays_where_either_changed_since(stage: Stage, edit: dict[str, bytes]) -> None:
    stage.put({"a": b"same", "b": b"same"})
    plan = stage.plan([("trash", "@b", "@a")])
    stage.put(edit)

    assert [outcome for outcome, _ in stage.run(plan)[2]] == ["skipped"]
    assert stage.objects() == {"a": b"same", "b": b"same"} | edit


def test_a_duplicate_stays_whose_other_copy_goes_at_the_last_moment(shaky_stage: Stage, proxy: FaultProxy) -> None:
    stage = shaky_stage
    stage.put({"a": b"same", "b": b"same", "p.jpg": b"1", "p.xmp": b"2", "q.jpg": b"1", "q.xmp": b"2"})
    plan = stage.plan([("trash", "@b", "@a"), ("trash", "@q.jpg", "@p.jpg", 1), ("trash", "@q.xmp", "@p.xmp", 1)])
    straight = Endpoint(Server("ministack", proxy.upstream).remote)

    def somebody_deletes(line: str) -> None:
        if line.startswith("PUT") and ".shelver-trash" in line:
            for name in ("a", "p.xmp"):
                straight.call("delete_object", Bucket=stage.bucket.name, Key=f"{stage.bucket.prefix}{name}")

    proxy.on_request = somebody_deletes
    _, _, results = stage.run(plan)
    straight.close()

    assert [outcome for outcome, _ in results] == ["skipped"] * 3
    assert "cannot be relied on" in results[0][1]
    assert stage.objects() == {"b": b"same", "p.jpg": b"1", "q.jpg": b"1", "q.xmp": b"2"}


# -- up and down


def test_files_go_up_and_objects_come_down(stage: Stage) -> None:
    stage.write({"new/up.txt": b"up", "old.txt": b"newer"})
    stage.put({"down.txt": b"down", "old.txt": b"older", "fresh.txt": b"fresh"})
    stage.write({"fresh.txt": b"stale"})
    os.chmod(stage.folder / "fresh.txt", 0o640)

    state, counts, _ = stage.act(
        [
            ("upload", "new/up.txt", "@new/up.txt"),
            ("reupload", "old.txt", "@old.txt"),
            ("download", "@down.txt", "in/down.txt"),
            ("redownload", "@fresh.txt", "fresh.txt"),
        ]
    )

    assert (state, counts.done) == ("completed", 4)
    assert stage.objects() == {
        "new/up.txt": b"up", "old.txt": b"newer", ".shelver-trash/op1/old.txt": b"older",
        "down.txt": b"down", "fresh.txt": b"fresh",
    }  # fmt: skip
    assert stage.files() == {
        "new/up.txt": b"up", "old.txt": b"newer", "in/down.txt": b"down", "fresh.txt": b"fresh",
        ".shelver-trash/op1/fresh.txt": b"stale",
    }  # fmt: skip
    fresh = (stage.folder / "fresh.txt").stat()
    assert (fresh.st_mtime_ns, fresh.st_mode & 0o777) == (1_500_000_000_000_000_005, 0o640)


def test_a_file_that_changes_before_it_is_sent_stays_as_it_is(stage: Stage) -> None:
    stage.write({"a": b"before"})
    plan = stage.plan([("upload", "a", "@a")])
    stage.write({"a": b"after!!"})

    assert stage.run(plan)[2] == [("skipped", "it changed since it was planned")]
    assert stage.objects() == {}


def test_what_is_there_already_is_not_replaced_unasked(stage: Stage) -> None:
    stage.write({"a": b"mine"})
    stage.put({"b": b"theirs"})
    plan = stage.plan([("upload", "a", "@a"), ("download", "@b", "b")], reviewed=True)
    stage.put({"a": b"there"})
    stage.write({"b": b"here"})

    assert [outcome for outcome, _ in stage.run(plan)[2]] == ["skipped", "skipped"]
    assert (stage.objects(), stage.files()) == ({"a": b"there", "b": b"theirs"}, {"a": b"mine", "b": b"here"})


def test_a_file_edited_since_is_not_replaced_by_a_download(stage: Stage) -> None:
    stage.put({"a": b"new"})
    stage.write({"a": b"old"})
    plan = stage.plan([("redownload", "@a", "a")])
    stage.write({"a": b"edited since"})

    assert [outcome for outcome, _ in stage.run(plan)[2]] == ["skipped"]
    assert stage.files() == {"a": b"edited since"}


def test_what_a_power_cut_left_of_a_download_is_not_taken_for_the_object(stage: Stage) -> None:
    stage.put({"a": b"the object's bytes"})
    plan = stage.plan([("download", "@a", "a")])
    (stage.folder / ".shelver-op1-0.tmp").write_bytes(bytes(len(b"the object's bytes")))

    assert stage.run(plan)[0] == "completed"
    assert stage.files() == {"a": b"the object's bytes"}


# -- an endpoint that goes away


def test_a_refusal_ends_the_run_where_it_is_and_it_goes_on_later(shaky_stage: Stage, proxy: FaultProxy) -> None:
    stage = shaky_stage
    stage.put({"a": b"a"})
    stage.write({"b": b"b"})
    plan = stage.plan([("move", "@a", "@x/a"), ("upload", "b", "@b")])
    rule = proxy.add("forbidden", "PUT .*/b", times=1000)

    with pytest.raises(RemoteLost) as lost:
        stage.run(plan)
    assert "the remote refuses" in str(lost.value)

    rule.times = 0
    assert stage.run(plan)[0] == "completed"
    assert stage.objects() == {"x/a": b"a", "b": b"b"}


def test_a_copy_that_a_server_makes_late_is_not_made_twice(shaky_stage: Stage, proxy: FaultProxy) -> None:
    stage = shaky_stage
    stage.put({"a": b"a"})
    plan = stage.plan([("move", "@a", "@x/a")])
    rule = proxy.add("forbidden", "PUT .*/x/a", times=1000)
    with pytest.raises(RemoteLost):
        stage.run(plan)
    rule.times = 0
    straight = Endpoint(Server("ministack", proxy.upstream).remote)
    place, key = {"Bucket": stage.bucket.name}, stage.bucket.prefix
    looks: list[str] = []

    def the_copy_comes_late(line: str) -> None:
        if line.startswith("HEAD") and line.endswith("/x/a"):
            looks.append(line)
            if len(looks) == 2:  # the resume has found nothing there, and is about to copy
                straight.call("copy_object", **place, Key=f"{key}x/a", CopySource={**place, "Key": f"{key}a"})

    proxy.on_request = the_copy_comes_late
    state = stage.run(plan)[0]
    straight.close()

    assert (state, len(looks) >= 2) == ("completed", True)
    assert stage.objects() == {"x/a": b"a"}


# -- uploads by parts

PART = 5 * 1024 * 1024
LARGE = Random(5).randbytes(3 * PART + 7)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files go up by the smallest parts that S3 takes."""
    monkeypatch.setattr(sending, "UPLOAD_WHOLE", PART)
    monkeypatch.setattr(sending, "UPLOAD_PART", PART)


def _sent(proxy: FaultProxy) -> list[str]:
    return sorted(found[1] for line in proxy.lines if (found := re.search(r"^PUT .*partNumber=(\d)", line)))


def _uploads_under_way(stage: Stage) -> list[str]:
    """Return the ids of uploads by parts that are neither completed nor given up."""
    answer = stage.bucket.endpoint.call("list_multipart_uploads", Bucket=stage.bucket.name)
    return [upload["UploadId"] for upload in answer.get("Uploads", ())]


def _broken_off(stage: Stage, proxy: FaultProxy) -> Plan:
    """Begin to send a large file, of which the third part is refused."""
    stage.write({"large": LARGE})
    plan = stage.plan([("upload", "large", "@large")])
    rule = proxy.add("forbidden", "PUT .*partNumber=3", times=1000)
    with pytest.raises(RemoteLost):
        stage.run(plan)
    rule.times = 0
    proxy.lines.clear()
    return plan


def _notes(stage: Stage, plan: Plan) -> list[Path]:
    return list(stage.operation(plan.operation).directory.glob("upload-*"))


def test_an_upload_goes_on_with_the_parts_that_are_there(
    shaky_stage: Stage, proxy: FaultProxy, small_parts: None
) -> None:
    plan = _broken_off(shaky_stage, proxy)

    assert shaky_stage.run(plan)[0] == "completed"

    assert "3" in _sent(proxy) and not {"1", "2"} & set(_sent(proxy)), "what was there was not sent again"
    assert shaky_stage.objects() == {"large": LARGE}
    assert (_uploads_under_way(shaky_stage), _notes(shaky_stage, plan)) == ([], [])


def test_an_upload_that_somebody_gave_up_is_begun_anew(
    shaky_stage: Stage, proxy: FaultProxy, small_parts: None
) -> None:
    plan = _broken_off(shaky_stage, proxy)
    place = {"Bucket": shaky_stage.bucket.name, "Key": shaky_stage.bucket.key(b"large")}
    (upload,) = _uploads_under_way(shaky_stage)
    shaky_stage.bucket.endpoint.call("abort_multipart_upload", **place, UploadId=upload)

    assert shaky_stage.run(plan)[0] == "completed"

    assert set(_sent(proxy)) == {"1", "2", "3", "4"}
    assert shaky_stage.objects() == {"large": LARGE}


def test_parts_of_a_file_that_changed_since_are_given_up(
    shaky_stage: Stage, proxy: FaultProxy, small_parts: None
) -> None:
    plan = _broken_off(shaky_stage, proxy)
    assert _uploads_under_way(shaky_stage)
    shaky_stage.write({"large": LARGE[::-1]})
    os.utime(shaky_stage.folder / "large", ns=(1, 1))

    assert [outcome for outcome, _ in shaky_stage.run(plan)[2]] == ["skipped"]

    assert (_uploads_under_way(shaky_stage), _notes(shaky_stage, plan)) == ([], [])
    assert (shaky_stage.objects(), _sent(proxy)) == ({}, [])


def test_an_upload_whose_last_answer_was_lost_is_known_as_our_own(
    shaky_stage: Stage, proxy: FaultProxy, small_parts: None
) -> None:
    shaky_stage.write({"large": LARGE})
    proxy.add("lost_answer", "POST .*large.uploadId")

    assert shaky_stage.act([("upload", "large", "@large")])[0] == "completed"

    assert shaky_stage.objects() == {"large": LARGE}
    assert _uploads_under_way(shaky_stage) == []


@pytest.mark.heavy
def test_an_upload_goes_on_after_its_process_was_killed(stage: Stage) -> None:
    content = Random(6).randbytes(sending.UPLOAD_PART * 3 + 1)
    stage.write({"large": content})
    plan = stage.plan([("upload", "large", "@large")])
    requests = 5  # a look at the bucket, one at the place, the beginning, two parts

    assert _dies(stage, plan, requests, True)
    assert stage.objects_at_rest() == {}
    assert _uploads_under_way(stage) and _notes(stage, plan)
    assert stage.run(plan)[0] == "completed"

    assert stage.objects() == {"large": content}
    assert (_uploads_under_way(stage), _notes(stage, plan)) == ([], [])


# -- a process that dies at each of its requests

SCENARIO: list[Line] = [
    ("move", "@a", "@x/a"),
    ("move", "@g1", "@x/g1", 1),
    ("move", "@g2", "@x/g2", 1),
    ("trash", "@t", ""),
    ("trash", "@twin", "@kept"),
    ("copy", "@c", "@x/c"),
    ("upload", "up", "@up"),
    ("reupload", "both", "@both"),
    ("download", "@down", "down"),
    ("redownload", "@fresh", "fresh"),
]
OBJECTS = {name: name.encode() for name in ("a", "g1", "g2", "t", "c", "down")}
OBJECTS |= {"both": b"old", "fresh": b"new", "twin": b"twins", "kept": b"twins"}
FILES = {"up": b"up", "both": b"newer", "fresh": b"stale"}

DONE_OBJECTS = {
    "x/a": b"a", "x/g1": b"g1", "x/g2": b"g2", ".shelver-trash/op1/t": b"t", "c": b"c", "x/c": b"c", "up": b"up",
    "both": b"newer", ".shelver-trash/op1/both": b"old", "down": b"down", "fresh": b"new",
    "kept": b"twins", ".shelver-trash/op1/twin": b"twins",
}  # fmt: skip
DONE_FILES = {
    "up": b"up", "both": b"newer", "down": b"down", "fresh": b"new", ".shelver-trash/op1/fresh": b"stale",
}  # fmt: skip


def _contents(stage: Stage) -> Counter[bytes]:
    return Counter([*stage.objects_at_rest().values(), *stage.files().values()])


@pytest.mark.heavy
@pytest.mark.timeout(600)
@pytest.mark.parametrize("after", [False, True])
def test_whenever_the_process_dies_nothing_is_lost_and_a_resume_ends_it(
    tmp_path: Path, bucket: Objects, after: bool
) -> None:
    at = 0
    while True:
        at += 1
        root = f"s3://{bucket.name}/{at}".encode()
        stage = Stage(tmp_path / str(at), Objects(root, bucket.endpoint, bucket.can))
        stage.put(OBJECTS)
        stage.write(FILES)
        plan = stage.plan(SCENARIO)

        has_died = _dies(stage, plan, at, after)

        lost = {*OBJECTS.values(), *FILES.values()} - set(_contents(stage))
        assert not lost, f"lost at request {at}"
        assert stage.run(plan)[0] == "completed", f"at request {at}"
        assert stage.objects() == DONE_OBJECTS, f"at request {at}"
        assert stage.files() == DONE_FILES, f"at request {at}"
        stage.bucket.close()
        if not has_died:
            assert at > 15, "it was to die at many requests"
            return


def _dies(stage: Stage, plan: Plan, at: int, after: bool) -> bool:
    """Carry out a plan in a process that dies at a request; tell whether it came to that."""
    port = int(stage.bucket.endpoint.remote.endpoint.rpartition(":")[2])
    victim = Victim(
        str(stage.directory), stage.bucket.root.decode(), port, stage.bucket.endpoint.remote.name, stage.bucket.can,
        plan.operation, at, after,
    )  # fmt: skip
    return dies(carry_out, victim)
