"""`shelver sync` as a person uses it: a config, two trees, the command, the way back; and no secret told anywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.retention import keep_house_once
from core.config import load_config
from core.state import StateDirectory
from core.storage.s3.objects import Objects
from tests.commands import Home
from tests.s3.servers import SECRET_KEY, Server
from tests.s3.stage import Stage


@pytest.fixture
def home(tmp_path: Path, server: Server, bucket: Objects) -> Home:
    home = Home(tmp_path / "home")
    home.write_config(
        server.table
        + f"""
        [[folder]]
        name = "scans"
        path = "~/Downloads"
        sync = "{bucket.root.decode()}"
        remote = "{server.name}"
        """
    )
    return home


@pytest.fixture
def stage(home: Home, bucket: Objects) -> Stage:
    stage = Stage(home.path, bucket)
    stage.folder = home.downloads
    return stage


def own(tree: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in tree.items() if not path.startswith(".shelver")}


def test_a_folder_and_its_bucket_are_brought_in_step_and_it_is_taken_back(home: Home, stage: Stage) -> None:
    stage.write({"a.txt": b"here", "d/b.txt": b"both"})
    stage.put({"c.txt": b"there", "d/b.txt": b"both"})

    dry = home.run("sync", "scans", "--dry-run")
    assert dry.code == 0, dry.err
    assert (own(stage.files()), own(stage.objects())) == (
        {"a.txt": b"here", "d/b.txt": b"both"}, {"c.txt": b"there", "d/b.txt": b"both"},
    )  # fmt: skip

    done = home.run("sync", "scans", "--json")
    assert done.code == 0, done.err
    assert (done.object["kind"], done.object["state"], done.object["counts"]["done"]) == ("sync", "completed", 2)
    both = {"a.txt": b"here", "c.txt": b"there", "d/b.txt": b"both"}
    assert own(stage.files()) == own(stage.objects()) == both

    again = home.run("sync", "scans", "--json").object
    assert (again["state"], again["counts"]["planned"]) == ("completed", 0)

    undone = home.run("undo", done.object["id"], "--json")
    assert undone.code == 0, undone.err
    assert own(stage.files()) == {"a.txt": b"here", "d/b.txt": b"both"}
    assert own(stage.objects()) == {"c.txt": b"there", "d/b.txt": b"both"}

    redone = home.run("undo", "last")
    assert redone.code == 0, redone.err
    assert own(stage.files()) == own(stage.objects()) == both


def test_what_was_replaced_comes_back(home: Home, stage: Stage) -> None:
    stage.write({"a": b"a", "b": b"b", "c": b"c"})
    home.run("sync", "scans")
    stage.write({"a": b"newer here"})
    stage.put({"b": b"newer there"})
    (home.downloads / "c").unlink()

    home.run("sync", "scans")
    assert own(stage.files()) == own(stage.objects()) == {"a": b"newer here", "b": b"newer there"}

    undone = home.run("undo", "last")
    assert undone.code == 0, undone.err
    assert own(stage.files()) == {"a": b"newer here", "b": b"b"}
    assert own(stage.objects()) == {"a": b"a", "b": b"newer there", "c": b"c"}


@pytest.fixture
def conflict(home: Home, stage: Stage) -> str:
    """A folder in step but for one file that both sides changed; the conflict copy's path."""
    stage.write({"a.txt": b"old", "d/b.txt": b"b"})
    home.run("sync", "scans")
    stage.write({"a.txt": b"mine"})
    stage.put({"a.txt": b"theirs, longer"})
    told = home.run("sync", "scans", "--dry-run")
    assert told.lines[0] == "1 to push (4 B), 1 to pull (14 B), 1 conflict"
    assert home.run("status", "--json").object["folders"][0]["to_push"] == 1
    assert home.run("sync", "scans").code == 0
    (listed,) = home.run("sync", "scans", "--conflicts", "--json").objects
    assert (listed["path"], listed["mine"]["size"], listed["theirs"]["size"]) == ("a.txt", 4, 14)
    status = home.run("status", "--json").object["folders"][0]
    assert (status["to_push"], status["to_pull"], status["conflicts"]) == (0, 0, 1)
    return str(listed["copy"])


@pytest.mark.parametrize(
    ("resolution", "kept"),
    [
        ("mine", {"a.txt": b"mine"}),
        ("theirs", {"a.txt": b"theirs, longer"}),
        ("both", {"a.txt": b"theirs, longer", "a (1).txt": b"mine"}),
    ],
)
def test_a_conflict_is_settled_and_that_is_taken_back(
    home: Home, stage: Stage, conflict: str, resolution: str, kept: dict[str, bytes]
) -> None:
    before = own(stage.files())

    settled = home.run("sync", "scans", "--resolve", resolution, "a.txt", "--json")

    assert settled.code == 0, settled.err
    kept |= {"d/b.txt": b"b"}
    assert own(stage.files()) == own(stage.objects()) == kept
    assert home.run("sync", "scans", "--conflicts").out == ""

    undone = home.run("undo", settled.object["id"])
    assert undone.code == 0, undone.err
    assert own(stage.files()) == own(stage.objects()) == before
    assert [each["copy"] for each in home.run("sync", "scans", "--conflicts", "--json").objects] == [conflict]

    assert home.run("sync", "scans", "--json").object["counts"]["planned"] == 0
    assert home.run("sync", "scans", "--resolve", resolution, "--all").code == 0
    assert own(stage.files()) == own(stage.objects()) == kept


def test_a_folder_that_is_away_is_told_of_as_it_was_last_seen(home: Home, conflict: str) -> None:
    home.downloads.rename(home.path / "elsewhere")

    status = home.run("status", "--json")

    assert status.code == 3, status.err
    assert status.object["folders"][0]["conflicts"] == 1


def test_a_conflict_is_named_by_file_copy_or_folder_and_nothing_else_is_taken(home: Home, conflict: str) -> None:
    for wrong in (["d/b.txt"], ["../a.txt"], ["/etc/passwd"]):
        told = home.run("sync", "scans", "--resolve", "mine", *wrong)
        assert told.code == 2 and "is in no conflict" in told.err
    for many in (["--resolve", "mine"], ["a.txt"], ["--resolve", "mine", "--all", "a.txt"], ["--conflicts", "--all"]):
        assert home.run("sync", "scans", *many).code == 2
    told = home.run("sync", "scans", "--resolve", "theirs", "--dry-run", str(home.downloads / conflict))
    assert told.code == 0 and conflict in told.out
    assert home.run("sync", "scans", "--conflicts").fields[0][0] == "a.txt"


def test_the_trash_of_a_bucket_is_listed_and_emptied(home: Home, stage: Stage) -> None:
    stage.write({"a": b"a", "b": b"b"})
    home.run("sync", "scans")
    (home.downloads / "a").unlink()
    stage.write({"b": b"newer"})
    home.run("sync", "scans")

    listed = {each["original"].rpartition("/")[2] for each in home.run("trash", "list", "--json").objects}
    assert listed == {"a", "b"}
    assert home.run("trash", "empty").code == 0
    assert {b"a", b"b"} <= set(stage.objects().values()), "their time is not over"

    emptied = home.run("trash", "empty", "--now", "--yes")

    assert emptied.code == 0, emptied.out + emptied.err
    assert own(stage.objects()) == {"b": b"newer"}
    assert not {b"a", b"b"} & set(stage.objects().values())
    assert home.run("undo", "last").code == 1


def test_a_folder_without_a_bucket_says_so(home: Home) -> None:
    home.write_config('[[folder]]\nname = "plain"\npath = "~/Downloads"\n')

    for told in (home.run("sync", "plain"), home.run("sync", "plain", "--conflicts")):
        assert told.code == 2
        assert 'give it a `sync = "s3://bucket/prefix"`' in told.err


def test_a_remote_that_is_away_is_told_of_and_nothing_is_lost(home: Home, stage: Stage, server: Server) -> None:
    stage.write({"a": b"a"})
    config = home.config.read_text()
    home.write_config(config.replace(str(server.port), "1"))

    told = home.run("sync", "scans")

    assert told.code == 1
    assert "cannot be reached" in told.out + told.err
    assert own(stage.files()) == {"a": b"a"}


def test_no_secret_is_told_anywhere(home: Home, stage: Stage) -> None:
    stage.write({"a": b"a"})
    told = [
        home.run("sync", "scans"),
        home.run("sync", "scans", "--json"),
        home.run("doctor"),
        home.run("config", "show"),
    ]
    home.write_config(home.config.read_text().replace("http://", "http://user@"))
    told.append(home.run("sync", "scans"))

    kept = [file.read_bytes() for file in home.path.rglob("*") if file.is_file()]
    assert all(SECRET_KEY not in each.out + each.err for each in told)
    assert all(SECRET_KEY.encode() not in content for content in kept)


def test_what_has_objects_in_a_buckets_trash_is_not_forgotten(home: Home, stage: Stage) -> None:
    stage.write({"a": b"a"})
    home.run("sync", "scans")
    (home.downloads / "a").unlink()
    home.run("sync", "scans")
    forgotten: list[str] = []

    def keep_house(trash: float) -> None:
        with home.entered():
            config = load_config()
            settings = {"history": replace(config.history, keep=0.0), "trash": replace(config.trash, keep=trash)}
            keep_house_once(StateDirectory.of_user(), replace(config, **settings), forgotten.append)  # type: ignore[arg-type]

    newest = home.run("ops", "--json").objects[0]["id"]
    keep_house(86400.0)
    assert newest not in forgotten and b"a" in stage.objects().values()

    keep_house(0.0)
    assert newest in forgotten and b"a" not in stage.objects().values()
