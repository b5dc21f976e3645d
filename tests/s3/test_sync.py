"""A folder and a bucket kept in step: two trees before, edits on both sides, two trees after."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import BrakeEngaged, RemoteRefused
from core.storage.local import LocalStorage
from core.storage.s3.objects import Objects
from core.sync.marks import LOCAL_MARK, REMOTE_MARK
from tests.s3.faults import FaultProxy
from tests.s3.pairs import PairStage


@pytest.fixture
def pair(tmp_path: Path, bucket: Objects) -> PairStage:
    return PairStage(tmp_path, bucket)


def in_step(pair: PairStage, files: dict[str, bytes]) -> PairStage:
    """Bring a pair in step with some files."""
    pair.write(files)
    pair.sync()
    assert pair.here() == pair.there() == files
    return pair


def test_a_first_sync_merges_and_a_second_plans_nothing(pair: PairStage) -> None:
    pair.write({"only/here.txt": b"here", "both.txt": b"same"})
    pair.put({"only/there.txt": b"there", "both.txt": b"same"})

    done = pair.sync()

    assert sorted(done) == ["download only/there.txt", "upload only/here.txt"]
    assert pair.here() == pair.there() == {"only/here.txt": b"here", "only/there.txt": b"there", "both.txt": b"same"}
    assert pair.sync() == []
    assert (pair.folder / "only/there.txt").stat().st_mtime_ns == 1_500_000_000_000_000_005


def test_changes_go_both_ways_and_what_they_replace_is_in_the_trash(pair: PairStage) -> None:
    in_step(pair, {"a": b"a", "b": b"b", "c": b"c"})
    pair.write({"a": b"changed here"})
    pair.put({"b": b"changed there"})

    pair.sync()

    expected = {"a": b"changed here", "b": b"changed there", "c": b"c"}
    assert pair.here() == pair.there() == expected
    assert b"a" in pair.objects().values() and b"b" in pair.files().values()
    assert pair.sync() == []


def test_deletes_go_both_ways_into_the_trash(pair: PairStage) -> None:
    in_step(pair, {"a": b"a", "b": b"b", "c": b"c"})
    (pair.folder / "a").unlink()
    pair.remove("b")

    assert sorted(pair.sync()) == ["trash a", "trash b"]

    assert pair.here() == pair.there() == {"c": b"c"}
    assert b"a" in pair.objects().values() and b"b" in pair.files().values()
    assert pair.sync() == []


def test_changed_beats_deleted(pair: PairStage) -> None:
    in_step(pair, {"a": b"a", "b": b"b"})
    (pair.folder / "a").unlink()
    pair.put({"a": b"changed there"})
    pair.remove("b")
    pair.write({"b": b"changed here"})

    pair.sync()

    assert pair.here() == pair.there() == {"a": b"changed there", "b": b"changed here"}


def test_both_changed_keeps_both_under_a_readable_name(pair: PairStage) -> None:
    in_step(pair, {"d/a.txt": b"old"})
    pair.write({"d/a.txt": b"from here"})
    pair.put({"d/a.txt": b"from there"})

    pair.sync()

    assert pair.here() == pair.there()
    (aside,) = [path for path in pair.here() if path != "d/a.txt"]
    assert aside.startswith("d/a (shelver conflict 20") and aside.endswith(f" {os.uname().nodename}).txt")
    assert pair.here() == {"d/a.txt": b"from there", aside: b"from here"}
    assert pair.sync() == []


def test_the_same_change_on_both_sides_is_no_conflict(pair: PairStage) -> None:
    in_step(pair, {"a": b"old"})
    pair.write({"a": b"new one"})
    pair.put({"a": b"new one"})

    assert pair.sync() == []
    assert pair.here() == pair.there() == {"a": b"new one"}


def test_a_folder_renamed_here_is_renamed_there_without_an_upload(pair: PairStage) -> None:
    in_step(pair, {f"old/{n}": b"%d" % n for n in range(20)})
    (pair.folder / "old").rename(pair.folder / "new")

    assert sorted(pair.sync()) == sorted(f"move old/{n}" for n in range(20))
    assert pair.here() == pair.there() == {f"new/{n}": b"%d" % n for n in range(20)}
    assert pair.sync() == []


def test_what_was_renamed_in_the_bucket_is_renamed_here(pair: PairStage) -> None:
    in_step(pair, {"old/a": b"content a", "b": b"content b"})
    pair.put({"new/a": b"content a"})
    pair.remove("old/a")
    inode = (pair.folder / "old/a").stat().st_ino

    assert pair.sync() == ["move old/a"]
    assert pair.here() == pair.there() == {"new/a": b"content a", "b": b"content b"}
    assert (pair.folder / "new/a").stat().st_ino == inode


def test_without_a_state_nothing_is_deleted_or_replaced(pair: PairStage) -> None:
    in_step(pair, {"a": b"a", "b": b"b", "c": b"c"})
    (pair.folder / "a").unlink()
    pair.remove("b")
    pair.write({"c": b"here"})
    pair.put({"c": b"there"})
    for file in pair.directory.glob("scans.db*"):
        file.unlink()

    assert not any("trash" in each for each in pair.sync())

    assert pair.here() == pair.there()
    assert {b"a", b"b", b"here", b"there"} <= set(pair.here().values())


@pytest.mark.parametrize("side", ["here", "there"])
def test_a_side_that_lost_its_mark_halts_the_pair(pair: PairStage, side: str) -> None:
    in_step(pair, {"a": b"a", "b": b"b"})
    if side == "here":  # as an unmounted disk leaves it
        shutil.rmtree(pair.folder)
        pair.folder.mkdir()
    else:
        pair.remove("a", "b", REMOTE_MARK)

    with pytest.raises(BrakeEngaged, match="has lost its mark"):
        pair.plan_sync()

    assert len({**pair.here(), **pair.there()}) == 2
    assert not (pair.folder / LOCAL_MARK.decode()).exists() or side == "there"


def test_another_pairs_bucket_is_not_taken(pair: PairStage, tmp_path: Path) -> None:
    in_step(pair, {"a": b"a"})
    other = PairStage(tmp_path / "other", pair.bucket)
    other.write({"x": b"x"})
    with closing(other.state()) as state:
        state.begin("another", "")

    with pytest.raises(BrakeEngaged):
        other.plan_sync()


def test_a_folder_that_cannot_be_read_whole_deletes_nothing(pair: PairStage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_step(pair, {"d/a": b"a", "b": b"b"})
    (pair.folder / "b").unlink()

    def refuse(storage: LocalStorage, directory: bytes) -> int:
        if directory == b"d":
            raise PermissionError(13, "Permission denied")
        return really(storage, directory)

    really = LocalStorage._open_for_walk
    monkeypatch.setattr(LocalStorage, "_open_for_walk", refuse)
    plan = pair.plan_sync()

    assert {(step.kind, bool(step.refused)) for step in plan.steps} <= {("upload", True)}
    assert len(plan.steps) == 2


def test_a_refused_listing_deletes_nothing(tmp_path: Path, shaky: Objects, proxy: FaultProxy) -> None:
    pair = in_step(PairStage(tmp_path, shaky), {f"{n:04d}": b"%d" % n for n in range(5)})
    proxy.add("forbidden", "GET .*list-type", times=10)

    with pytest.raises(RemoteRefused):
        pair.plan_sync()
    proxy.rules.clear()

    assert len(pair.here()) == len(pair.there()) == 5


def test_hostile_keys_are_left_alone_and_told_of(tmp_path: Path, shaky: Objects) -> None:
    pair = PairStage(tmp_path, shaky)
    for key in ("a/../../escape", "//double", "/lead", "x" * 300, "dir/", "fine"):
        shaky.endpoint.call("put_object", Bucket=shaky.name, Key=shaky.prefix + key, Body=b"")
    pair.put({"both": b"object", "both/inner": b"inner"})

    done = pair.sync()

    assert "download fine" in done and "download both/inner" in done
    assert sum("its key" in each or "a part of its key" in each for each in done) == 4
    assert any(each.startswith("upload both: a folder") or "a folder has its name" in each for each in done)
    assert set(pair.here()) == {"fine", "both/inner"}
    assert not (tmp_path.parent / "escape").exists()


def test_a_name_that_no_key_can_have_stays_here_and_is_told_of(pair: PairStage) -> None:
    (pair.folder / os.fsdecode(b"bad\xff")).write_bytes(b"x")
    pair.write({"fine": b"x"})

    plan = pair.plan_sync()

    assert [(step.source, step.refused) for step in plan.steps if step.refused] == [
        (b"bad\xff", "its name is not UTF-8")
    ]


@pytest.mark.parametrize("direction", ["push", "pull"])
def test_one_way_carries_no_deletes(tmp_path: Path, bucket: Objects, direction: str) -> None:
    pair = PairStage(tmp_path, bucket, direction)  # type: ignore[arg-type]
    pair.write({"a": b"a", "b": b"b"})
    pair.put({"a": b"a", "b": b"b"})
    pair.sync()
    (pair.folder / "a").unlink()
    pair.remove("b")
    pair.write({"here": b"h"})
    pair.put({"there": b"t"})

    done = pair.sync()

    assert not any(each.startswith("trash") for each in done)
    if direction == "push":
        assert (pair.here(), pair.there()) == (
            {"b": b"b", "here": b"h"}, {"a": b"a", "b": b"b", "here": b"h", "there": b"t"},
        )  # fmt: skip
    else:
        assert (pair.here(), pair.there()) == (
            {"a": b"a", "b": b"b", "here": b"h", "there": b"t"}, {"a": b"a", "there": b"t"},
        )  # fmt: skip


def test_what_is_ignored_stays_on_its_side(tmp_path: Path, bucket: Objects) -> None:
    pair = PairStage(tmp_path, bucket, ignore=("*.iso",))
    pair.write({"a.iso": b"here", "b": b"b"})
    pair.put({"c.iso": b"there"})

    assert pair.sync() == ["upload b"]
    assert pair.here() == {"a.iso": b"here", "b": b"b"}


def test_a_file_that_was_only_touched_is_not_sent_again(pair: PairStage) -> None:
    in_step(pair, {"a": b"a"})
    os.utime(pair.folder / "a", ns=(1, 1))

    assert pair.sync() == []
