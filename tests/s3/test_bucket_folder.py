"""A folder that is a bucket: organized in place by rules that ask names, contents and times, and taken back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from core.storage import Entry
from core.storage.s3.objects import Objects
from tests.commands import Home
from tests.s3.servers import Server
from tests.s3.stage import Stage
from tui.demo.sample_pictures import photo


@pytest.fixture
def stage(tmp_path: Path, bucket: Objects) -> Stage:
    return Stage(tmp_path, bucket)


@pytest.fixture
def home(tmp_path: Path, server: Server, bucket: Objects) -> Home:
    home = Home(tmp_path / "home")
    home.write_config(
        server.table
        + f"""
        [[folder]]
        name = "archive"
        path = "{bucket.root.decode()}"
        remote = "{server.name}"
        """
    )
    return home


def own(tree: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in tree.items() if not path.startswith(".shelver")}


def metadata(stage: Stage) -> dict[str, dict[str, str]]:
    return {path: stage.bucket.head(path.encode()).metadata for path in own(stage.objects())}  # type: ignore[union-attr]


def test_objects_are_organized_by_what_they_are_and_taken_back(home: Home, stage: Stage, server: Server) -> None:
    picture = photo(Random(1), datetime(2024, 5, 6, 7, 8, 9), None)
    stage.put({"IMG_1": picture, "notes.txt": b"some notes", "a.zip": b"PK\x05\x06" + bytes(18)})
    bare = {"Bucket": stage.bucket.name, "Key": stage.bucket.prefix + "plain.txt"}
    stage.bucket.endpoint.call("put_object", **bare, Body=b"no time is noted beside it", Metadata={"who": "me"})
    before, told_before = own(stage.objects()), metadata(stage)

    done = home.run("organize", "archive", "--json")

    assert done.code == 0, done.out + done.err
    year = datetime.now().year
    assert own(stage.objects()) == {
        "Pictures/2024/2024-05/IMG_1": picture,
        "Documents/2017/notes.txt": b"some notes",
        f"Documents/{year}/plain.txt": b"no time is noted beside it",
        "Archives/a.zip": b"PK\x05\x06" + bytes(18),
    }
    again = home.run("organize", "archive", "--json").object
    assert again["counts"]["planned"] == 0

    undone = home.run("undo", done.object["id"])
    assert undone.code == 0, undone.out + undone.err
    assert own(stage.objects()) == before
    if server.name == "rclone":  # it never lets go of what was noted once
        told_before["plain.txt"]["mtime"] = metadata(stage)["plain.txt"]["mtime"]
    assert metadata(stage) == told_before


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_thousands_of_objects_are_organized_and_come_back_with_all_they_had(
    home: Home, stage: Stage, server: Server
) -> None:
    many = 1000 if server.name == "moto" else 5000  # it answers slower the more it holds
    call, place, has_tags = stage.bucket.endpoint.call, {"Bucket": stage.bucket.name}, stage.bucket.can.tagging

    def put(number: int) -> None:
        ending = ("txt", "jpg", "zip", "mp3", "csv")[number % 5]
        more = {"Tagging": f"n={number}"} if has_tags else {}
        call(
            "put_object", **place, Key=f"{stage.bucket.prefix}{number:04d} \u00e9%.{ending}", Body=b"%d" % number,
            Metadata={"mtime": f"{1_400_000_000 + number * 10_000}.5", "who": f"me {number}"},
            ContentType=f"application/x-{number % 7}", **more,
        )  # fmt: skip

    def told(entry: Entry) -> tuple[bytes, bytes, dict[str, str], str, object]:
        key = stage.bucket.key(entry.path)
        answer = call("get_object", **place, Key=key)
        with answer["Body"] as body:
            content = body.read()
        tags = call("get_object_tagging", **place, Key=key)["TagSet"] if has_tags else None
        kind = answer["ContentType"] if server.name != "rclone" else ""  # it goes by the name alone
        return entry.path, content, {name.lower(): value for name, value in answer["Metadata"].items()}, kind, tags

    stage.bucket.each(put, range(many))
    before = stage.bucket.each(told, stage.bucket.walk())
    assert len(before) == many

    done = home.run("organize", "archive", "--json")

    assert (done.code, done.object["counts"]["done"]) == (0, many), done.out + done.err
    moved = {entry.path for entry in stage.bucket.walk()}
    assert len(moved) == many and not moved & {path for path, *_ in before}

    undone = home.run("undo", "last", "--json")
    assert (undone.code, undone.object["counts"]["done"]) == (0, many), undone.out + undone.err
    assert stage.bucket.each(told, stage.bucket.walk()) == before


def test_hostile_keys_stay_and_are_told_of(home: Home, stage: Stage, server: Server) -> None:
    stage.put({"fine.txt": b"fine"})
    hostile = ["a/../b", "a//b.txt", "/lead.txt"] if server.name != "rclone" else []
    for key in hostile:
        call = {"Bucket": stage.bucket.name, "Key": stage.bucket.prefix + key}
        stage.bucket.endpoint.call("put_object", **call, Body=b"hostile")

    done = home.run("organize", "archive")

    assert "fine.txt" not in own(stage.objects())
    assert sum("its key" in line for line in home.run("show", "last", "--steps").lines) == len(hostile), done.out
    assert all(key in stage.objects() for key in hostile)


def test_what_lies_deeper_is_left_alone_unless_asked_for(home: Home, stage: Stage) -> None:
    stage.put({"deep/a.txt": b"a", "b.txt": b"b"})

    home.run("organize", "archive")

    assert set(own(stage.objects())) == {"deep/a.txt", "Documents/2017/b.txt"}


# -- duplicates


def trashed(tree: dict[str, bytes]) -> list[bytes]:
    return sorted(content for path, content in tree.items() if path.startswith(".shelver-trash/"))


def test_duplicates_are_reported_unless_told_otherwise(home: Home, stage: Stage) -> None:
    stage.put({"a.txt": b"the same", "deep/b.txt": b"the same", "c.txt": b"the sane", "d.txt": b"alone"})
    before = stage.objects()

    told = home.run("dedupe", "archive", "--json")

    assert told.code == 0, told.out + told.err
    group, totals = told.objects
    assert [file["path"] for file in group["files"]] == [
        f"{stage.bucket.root.decode()}/a.txt", f"{stage.bucket.root.decode()}/deep/b.txt",
    ]  # fmt: skip
    assert group["keep"] == f"{stage.bucket.root.decode()}/a.txt"
    assert totals == {"groups": 1, "redundant": 1, "reclaimable": 8}
    assert own(stage.objects()) == before


def test_duplicates_go_to_the_trash_and_come_back(home: Home, stage: Stage) -> None:
    stage.put({"a.txt": b"the same", "deep/b.txt": b"the same", "deep/c.txt": b"the same", "d.txt": b"other"})
    before, told_before = own(stage.objects()), metadata(stage)

    done = home.run("dedupe", "archive", "--action", "trash", "--json")

    assert done.code == 0, done.out + done.err
    assert own(stage.objects()) == {"a.txt": b"the same", "d.txt": b"other"}
    assert trashed(stage.objects()) == [b"the same"] * 2

    undone = home.run("undo", "last")
    assert undone.code == 0, undone.out + undone.err
    assert (own(stage.objects()), metadata(stage), trashed(stage.objects())) == (before, told_before, [])

    assert home.run("undo", "last").code == 0  # the undo: it is done again
    assert trashed(stage.objects()) == [b"the same"] * 2


def test_the_copy_that_was_changed_first_stays_by_the_time_noted_beside_it(home: Home, stage: Stage) -> None:
    stage.put({"z/old.txt": b"the same"})
    newer = {"Bucket": stage.bucket.name, "Key": stage.bucket.prefix + "a.txt", "Metadata": {"mtime": "1600000000"}}
    stage.bucket.endpoint.call("put_object", **newer, Body=b"the same")

    assert home.run("dedupe", "archive", "--action", "trash").code == 0

    assert own(stage.objects()) == {"z/old.txt": b"the same"}


def test_projects_hidden_and_ignored_objects_are_nobodys_duplicates(home: Home, stage: Stage) -> None:
    kept = {"a": b"same", ".b": b"same", "p/.git/HEAD": b"ref", "p/c": b"same", "p/deep/d": b"same", "x.part": b"same"}
    stage.put(kept)

    assert home.run("dedupe", "archive", "--action", "trash").code == 0

    assert own(stage.objects()) == kept


def test_an_upload_by_parts_is_known_as_a_copy_of_what_came_whole(home: Home, stage: Stage, server: Server) -> None:
    content = Random(7).randbytes(6 * 1024 * 1024)
    stage.put({"a.bin": content, "c.bin": content[:-1] + bytes([content[-1] ^ 1])})
    place = {"Bucket": stage.bucket.name, "Key": stage.bucket.prefix + "b.bin"}
    call = stage.bucket.endpoint.call
    upload = place | {"UploadId": call("create_multipart_upload", **place)["UploadId"]}
    parts = [
        {"PartNumber": number, "ETag": call("upload_part", **upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate((content[: 5 * 1024 * 1024], content[5 * 1024 * 1024 :]), start=1)
    ]
    call("complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})

    assert home.run("dedupe", "archive", "--action", "trash").code == 0

    left = own(stage.objects())
    assert (len(left), trashed(stage.objects())) == (2, [content])
    assert sorted(left.values()) == sorted([content, content[:-1] + bytes([content[-1] ^ 1])])


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (("--action", "hardlink"), "a bucket knows no links"),
        (("--action", "reflink"), "a bucket knows no links"),
        (("--similar",), "local folders only"),
        (("--verify",), "compared when something is done to it"),
    ],
)
def test_what_cannot_be_done_in_a_bucket_is_refused(home: Home, stage: Stage, wanted: list[str], told: str) -> None:
    stage.put({"a": b"same", "b": b"same"})

    refused = home.run("dedupe", "archive", *wanted)

    assert (refused.code, told in refused.err) == (2, True)
    assert home.run("ops").lines == [], "nothing was begun"
    assert set(own(stage.objects())) == {"a", "b"}


def test_a_report_on_a_bucket_compares_no_bytes_and_says_so(home: Home, stage: Stage) -> None:
    stage.put({"a": b"same", "b": b"same"})

    refused = home.run("dedupe", "archive", "--verify")

    assert refused.code != 0
    assert "is compared when something is done to it" in refused.out + refused.err


# -- why


def test_explain_says_of_an_object_what_organizing_would_do(home: Home, stage: Stage) -> None:
    picture = photo(Random(1), datetime(2024, 5, 6, 7, 8, 9), None)
    stage.put({"IMG_1": picture, "deep/b.txt": b"b", "p/.git/HEAD": b"ref", "p/notes.txt": b"n"})
    before, root = stage.objects(), stage.bucket.root.decode()

    told = home.run("explain", f"{root}/IMG_1", "--json")

    assert told.code == 0, told.out + told.err
    assert (told.object["action"], told.object["destination"]) == ("move", f"{root}/Pictures/2024/2024-05/IMG_1")
    assert told.object["facts"]["kind"] == "image" and told.object["facts"]["size"] == len(picture)
    deep = home.run("explain", f"{root}/deep/b.txt", "--json").object
    assert "subfolder" in deep["left_alone"]
    assert "project" in home.run("explain", f"{root}/p/notes.txt", "--json").object["left_alone"]
    assert stage.objects() == before, "looking changes nothing, and tries nothing out"


def test_explain_knows_no_object_that_is_not_there(home: Home, stage: Stage) -> None:
    for uri in (f"{stage.bucket.root.decode()}/none.txt", "s3://elsewhere/a.txt"):
        told = home.run("explain", uri)
        assert (told.code, "is no file" in told.err or "lies in no folder" in told.err) == (2, True)


def test_projects_in_a_bucket_are_left_alone(home: Home, stage: Stage) -> None:
    stage.put({"p/.git/HEAD": b"ref", "p/notes.txt": b"n", "q/notes.txt": b"n"})

    assert home.run("organize", "archive", "--subfolders").code == 0

    assert set(own(stage.objects())) == {"p/.git/HEAD", "p/notes.txt", "Documents/2017/notes.txt"}
