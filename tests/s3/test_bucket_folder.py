"""A folder that is a bucket: organized in place by rules that ask names, contents and times, and taken back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random

import pytest

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
