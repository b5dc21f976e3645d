"""Conflict copies settled for good: mine, theirs or both; alike on both sides, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import BrakeEngaged, UsageError
from core.model import Resolution
from core.storage.s3.objects import Objects
from core.sync.marks import REMOTE_MARK
from core.sync.steps import LOCAL
from tests.s3.pairs import PairStage


@pytest.fixture
def pair(tmp_path: Path, bucket: Objects) -> PairStage:
    return PairStage(tmp_path, bucket)


def in_conflict(pair: PairStage, path: str = "d/a.txt") -> str:
    """Have both sides change a file, sync, and return the path of the conflict copy."""
    if pair.pair.direction == "pull":
        pair.put({path: b"old"})
    else:
        pair.write({path: b"old"})
    pair.sync()
    pair.write({path: b"mine " + path.encode()})
    pair.put({path: b"theirs " + path.encode()})
    pair.sync()
    (copy,) = (each.copy.decode() for each in pair.conflicts() if each.path.decode() == path)
    return copy


def anywhere(pair: PairStage) -> set[bytes]:
    return {*pair.files().values(), *pair.objects().values()}


def test_a_conflict_is_listed_with_both_versions(pair: PairStage) -> None:
    copy = in_conflict(pair)

    (conflict,) = pair.conflicts()

    assert (conflict.path, conflict.copy) == (b"d/a.txt", copy.encode())
    assert conflict.mine and conflict.theirs
    assert (conflict.mine.size, conflict.theirs.size) == (len(b"mine d/a.txt"), len(b"theirs d/a.txt"))
    assert conflict.theirs.mtime_ns == 1_500_000_000_000_000_005
    pair.plan_sync()
    assert pair.conflicts() == [conflict], "a further comparison sees it, too"


@pytest.mark.parametrize(
    ("resolution", "kept"),
    [
        ("mine", {"d/a.txt": b"mine d/a.txt"}),
        ("theirs", {"d/a.txt": b"theirs d/a.txt"}),
        ("both", {"d/a.txt": b"theirs d/a.txt", "d/a (1).txt": b"mine d/a.txt"}),
    ],
)
def test_both_sides_settle_alike_and_are_in_step_without_carrying_anything(
    pair: PairStage, resolution: Resolution, kept: dict[str, bytes]
) -> None:
    copy = in_conflict(pair)
    before = anywhere(pair)

    done = pair.resolve(resolution, copy)

    assert done and not any(":" in each for each in done)
    assert pair.here() == pair.there() == kept
    assert anywhere(pair) == before
    assert pair.conflicts() == []
    with closing(pair.state()) as state:
        assert {path.decode() for path in state.files()} == set(kept), "nothing is to be compared again"
    assert pair.sync() == []


def test_of_two_copies_of_one_file_one_is_kept_at_a_time(pair: PairStage) -> None:
    first = in_conflict(pair, "a")
    second = first.replace(first[first.index("20") : first.index("20") + 4], "2099")
    pair.write({second: b"another machine's"})
    pair.sync()
    assert [each.copy.decode() for each in pair.conflicts()] == [first, second]

    done = pair.resolve("mine", first, second)

    assert any("another copy of a is kept in its place" in each for each in done)
    assert pair.here() == pair.there() == {"a": b"mine a", second: b"another machine's"}
    assert len(pair.resolve("both", second)) == 2
    assert pair.here() == pair.there() == {"a": b"mine a", "a (1)": b"another machine's"}


@pytest.mark.parametrize("resolution", ["mine", "both"])
def test_a_copy_whose_original_is_gone_gets_its_name_back(pair: PairStage, resolution: Resolution) -> None:
    copy = in_conflict(pair)
    (pair.folder / "d/a.txt").unlink()
    pair.sync()

    assert any("the other version is gone" in each for each in pair.resolve("theirs", copy))
    pair.resolve(resolution, copy)

    assert pair.here() == pair.there() == {"d/a.txt": b"mine d/a.txt"}
    assert pair.sync() == []


@pytest.mark.parametrize("side", ["here", "there"])
@pytest.mark.parametrize("changed", ["copy", "original"])
def test_what_changed_since_is_left_alone(pair: PairStage, side: str, changed: str) -> None:
    copy = in_conflict(pair)
    change: Callable[[dict[str, bytes]], None] = pair.write if side == "here" else pair.put
    change({copy if changed == "copy" else "d/a.txt": b"changed since"})
    before = pair.here(), pair.there()

    done = pair.resolve("mine", copy)

    assert done == [f"move {copy}: it changed since both sides were in step: sync first"]
    assert (pair.here(), pair.there()) == before


@pytest.mark.parametrize("resolution", ["mine", "theirs", "both"])
def test_a_change_after_the_look_costs_nothing_and_the_next_sync_sorts_it_out(
    pair: PairStage, resolution: Resolution
) -> None:
    copy = in_conflict(pair)
    plan = pair.plan_resolution(resolution, copy)
    pair.put({copy: b"changed there", "d/a.txt": b"changed there, too"})
    before = anywhere(pair)

    outcomes = [outcome for outcome, _ in pair.carry_out(plan)]
    assert outcomes == ["done" if step.source_root == LOCAL else "skipped" for step in plan.steps]
    for _ in range(3):
        pair.sync()

    assert pair.here() == pair.there()
    assert before <= anywhere(pair)
    assert pair.sync() == []


def test_nothing_is_settled_where_a_side_lost_its_mark(pair: PairStage) -> None:
    copy = in_conflict(pair)
    pair.remove(REMOTE_MARK)

    with pytest.raises(BrakeEngaged, match="lost its mark"):
        pair.plan_resolution("theirs", copy)


def test_what_is_no_conflict_copy_is_refused(pair: PairStage) -> None:
    copy = in_conflict(pair)

    with pytest.raises(UsageError, match="is no conflict copy"):
        pair.plan_resolution("mine", "d/a.txt")
    assert pair.resolve("mine", copy.replace(".txt", ".bak"))[0].endswith("it is no longer there")


# -- folders that only pull or push: the copy lies on one side --------------------------------------------


@pytest.mark.parametrize(
    ("resolution", "kept"),
    [
        ("mine", {"a": b"mine a"}),
        ("theirs", {"a": b"theirs a"}),
        ("both", {"a": b"theirs a", "a (1)": b"mine a"}),
    ],
)
def test_where_a_folder_only_pulls_the_bucket_stays_as_it_is(
    tmp_path: Path, bucket: Objects, resolution: Resolution, kept: dict[str, bytes]
) -> None:
    pair = PairStage(tmp_path, bucket, "pull")
    copy = in_conflict(pair, "a")
    there = pair.objects()

    pair.resolve(resolution, copy)

    assert pair.here() == kept
    assert pair.objects() == there
    assert pair.conflicts() == []
    assert pair.sync() == [] and pair.here() == kept


@pytest.mark.parametrize(
    ("resolution", "kept"),
    [("mine", {"a": b"mine a"}), ("both", {"a": b"mine a", "a (1)": b"theirs a"})],
)
def test_where_a_folder_only_pushes_the_copy_lies_in_the_bucket(
    tmp_path: Path, bucket: Objects, resolution: Resolution, kept: dict[str, bytes]
) -> None:
    pair = PairStage(tmp_path, bucket, "push")
    copy = in_conflict(pair, "a")
    (conflict,) = pair.conflicts()
    assert conflict.mine and conflict.theirs
    assert (conflict.mine.size, conflict.theirs.size) == (len(b"mine a"), len(b"theirs a"))

    assert any("takes nothing from the bucket" in each for each in pair.resolve("theirs", copy))
    pair.resolve(resolution, copy)

    assert pair.here() == {"a": b"mine a"}
    assert pair.there() == kept
    assert pair.conflicts() == []
    assert pair.sync() == [] and pair.there() == kept
