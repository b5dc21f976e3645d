"""The three-way table: what each side did, and what follows; renames; what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config.models import Direction
from core.storage import Entry
from core.sync import Action, Decided, Pair, Synced
from core.sync.renames import local_renames, remote_renames
from core.sync.state import SyncState
from core.sync.table import decide, recorded

BASE = Synced(b"f", 5, 11, 100, 200, "e1", b"sha")


def here(size: int = 5, inode: int = 11, mtime: int = 100, ctime: int = 200, path: bytes = b"f") -> Entry:
    return Entry(path, inode, size, mtime, ctime, 1)


def there(etag: str = "e1", size: int = 5, path: bytes = b"f") -> Entry:
    return Entry(path, 1, size, 900, 900, 0, 1, etag)


LOCAL = {"same": here(), "modified": here(6, mtime=150), "deleted": None, "new": here(), "absent": None}
REMOTE = {"same": there(), "modified": there("e2", 7), "deleted": None, "new": there("e9"), "absent": None}


def decided(left: str, right: str, *, same: bool = False, direction: Direction = "both") -> Decided:
    base = None if "new" in (left, right) else BASE
    pair = Pair(b"f", base, LOCAL[left], REMOTE[right])
    return decide(pair, direction, lambda pair: same, lambda pair: False)


@pytest.mark.parametrize(
    ("left", "right", "action"),
    [
        ("same", "same", "nothing"),
        ("same", "modified", "download"),
        ("same", "deleted", "trash_local"),
        ("modified", "same", "upload"),
        ("modified", "modified", "keep_both"),
        ("modified", "deleted", "upload"),
        ("deleted", "same", "trash_remote"),
        ("deleted", "modified", "download"),
        ("deleted", "deleted", "forget"),
        ("new", "absent", "upload"),
        ("absent", "new", "download"),
        ("new", "new", "keep_both"),
    ],
)
def test_what_follows_from_what_both_sides_did(left: str, right: str, action: Action) -> None:
    assert decided(left, right).action == action


@pytest.mark.parametrize(("left", "right"), [("modified", "modified"), ("new", "new")])
def test_two_changes_to_the_same_content_are_none(left: str, right: str) -> None:
    assert decided(left, right, same=True).action == "record"


@pytest.mark.parametrize("left", ["same", "modified", "deleted", "new"])
@pytest.mark.parametrize("right", ["same", "modified", "deleted", "new"])
def test_a_folder_that_goes_one_way_carries_no_deletes_and_never_changes_its_source(left: str, right: str) -> None:
    push = decided(left, right, direction="push").action
    pull = decided(left, right, direction="pull").action

    assert push not in ("download", "trash_local", "trash_remote")
    assert pull not in ("upload", "trash_local", "trash_remote")


def test_a_file_that_was_only_touched_is_not_uploaded() -> None:
    touched = Pair(b"f", BASE, here(mtime=500), there())

    assert decide(touched, "both", lambda pair: False, lambda pair: True).action == "record"
    assert decide(touched, "both", lambda pair: False, lambda pair: False).action == "upload"


def test_nothing_is_read_where_the_answer_makes_no_difference() -> None:
    def never(pair: Pair) -> bool:
        raise AssertionError("a file was read")

    for left, right in [("same", "same"), ("same", "modified"), ("deleted", "same")]:
        decide(Pair(b"f", BASE, LOCAL[left], REMOTE[right]), "both", never, never)


def test_what_a_backup_lost_is_put_there_again() -> None:
    assert decided("same", "deleted", direction="push").action == "upload"
    assert decided("deleted", "same", direction="pull").action == "download"


# -- renames


def plan(*pairs: Pair) -> list[Decided]:
    return [decide(pair, "both", lambda pair: False, lambda pair: False) for pair in pairs]


def test_a_file_renamed_here_is_renamed_there() -> None:
    old = Pair(b"old", Synced(b"old", 5, 11, 100, 200, "e1"), None, there(path=b"old"))
    new = Pair(b"new", None, here(ctime=999, path=b"new"), None)

    (found,) = local_renames(plan(old, new), lambda before, after: False)

    assert (found.before.path, found.after.path) == (b"old", b"new")


def test_a_file_that_came_back_with_another_inode_is_known_by_its_content() -> None:
    old = Pair(b"old", Synced(b"old", 5, 11, 100, 200, "e1"), None, there(path=b"old"))
    new = Pair(b"new", None, here(inode=77, path=b"new"), None)

    assert local_renames(plan(old, new), lambda before, after: True)
    assert not local_renames(plan(old, new), lambda before, after: False)


def test_a_file_renamed_in_the_bucket_is_renamed_here() -> None:
    old = Pair(b"old", Synced(b"old", 5, 11, 100, 200, "e1"), here(path=b"old"), None)
    new = Pair(b"new", None, None, there(path=b"new"))

    (found,) = remote_renames(plan(old, new), lambda before, after: False)

    assert (found.before.path, found.after.path) == (b"old", b"new")


def test_one_that_left_is_matched_with_one_that_came() -> None:
    old = Pair(b"old", Synced(b"old", 5, 11, 100, 200, "e1"), None, there(path=b"old"))
    twins = [Pair(name, None, here(path=name), None) for name in (b"a", b"b")]

    found = local_renames(plan(old, *twins), lambda before, after: True)

    assert [each.after.path for each in found] == [b"a"]


def test_a_file_that_changed_in_the_bucket_is_no_rename() -> None:
    old = Pair(b"old", Synced(b"old", 5, 11, 100, 200, "e1"), None, there("e2", path=b"old"))
    new = Pair(b"new", None, here(path=b"new"), None)

    assert not local_renames(plan(old, new), lambda before, after: True)


# -- what is remembered


def test_the_state_remembers_what_was_in_step(tmp_path: Path) -> None:
    state = SyncState(tmp_path / "sync" / "scans.db")
    state.begin("pair-1", "filters")
    large = Synced(b"\xff/x", 1 << 40, (1 << 64) - 1, -5, 7, "e", b"s")
    state.change([BASE, large])
    state.change([], [b"f"])
    state.close()

    state = SyncState(tmp_path / "sync" / "scans.db")
    assert state.files() == {b"\xff/x": large}
    assert (state.pair_id, state.filters) == ("pair-1", "filters")
    state.close()


def test_another_pair_of_the_same_name_knows_nothing(tmp_path: Path) -> None:
    state = SyncState(tmp_path / "scans.db")
    state.begin("pair-1", "")
    state.change([BASE])
    state.begin("pair-2", "")
    assert state.files() == {}
    state.close()


def test_a_state_that_cannot_be_read_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "scans.db").write_bytes(b"not a database" * 100)
    state = SyncState(tmp_path / "scans.db")
    assert (state.pair_id, state.files()) == ("", {})
    state.close()


def test_what_both_have_is_recorded_as_it_is_now() -> None:
    pair = Pair(b"f", BASE, here(mtime=500, ctime=600), there("e3"))
    assert recorded(pair) == Synced(b"f", 5, 11, 500, 600, "e3", b"sha")
