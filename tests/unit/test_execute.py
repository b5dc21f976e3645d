"""The executor: a tree before, a plan, a tree after, and what the journal says of it."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from core.errors import NoSpace, ShelverError, StateFull
from core.execute import Tally, boot_id
from core.journal import Started
from core.model import Attributes, Counts, Fingerprint
from core.storage import Copy, linux
from core.storage.local import LocalStorage
from tests import trees
from tests.acting import Scene
from tests.plans import Bench, Watcher
from tests.trees import File, Folder, HardLink, Symlink


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    return trees.build(tmp_path / "root", {})


@pytest.fixture
def bench(tmp_path: Path, root: bytes) -> Bench:
    return Bench(tmp_path / "operations", root)


@pytest.fixture
def across(tmp_path: Path, root: bytes, elsewhere: Path) -> Bench:
    """A bench with a second root on another file system."""
    return Bench(tmp_path / "operations", root, elsewhere)


# -- moving


def test_files_go_where_the_plan_says_and_keep_all_they_have(bench: Bench, root: bytes) -> None:
    trees.messy(root)
    before = trees.read(root)
    for number, name in enumerate(
        (b"song.mp3", b"private.doc", b"read only.csv", b"copy/deep/deeper/invoice march.pdf")
    ):
        bench.add("move", name, b"new/%d" % number)
    assert bench.execute() == ("completed", Counts(planned=4, done=4, bytes=sum(map(_size, bench.plan.steps))))
    after = trees.read(root)
    assert after[b"new/1"] == before[b"private.doc"]
    assert after[b"new/2"] == before[b"read only.csv"]
    assert after[b"new/3"] == before[b"copy/deep/deeper/invoice march.pdf"]
    assert after[b"new/0"] == before[b"song.mp3"]._replace(links=(b"twin.bin",))
    untouched = before.keys() - {step.source for step in bench.plan.steps} - {b"twin.bin"}
    assert {path: after[path] for path in untouched} == {path: before[path] for path in untouched}


def _size(step: object) -> int:
    return step.fingerprint.size  # type: ignore[attr-defined, no-any-return]


def test_every_name_can_be_organized(bench: Bench, root: bytes) -> None:
    trees.hostile(root)
    for name in trees.HOSTILE_NAMES:
        bench.add("move", name, b"sorted/" + name)
    state, counts = bench.execute()
    assert (state, counts.done) == ("completed", len(trees.HOSTILE_NAMES))
    assert {name for name in trees.names(root) if name.startswith(b"sorted/")} == {
        b"sorted/" + name for name in trees.HOSTILE_NAMES
    }


def test_a_second_run_changes_nothing_and_says_the_same(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench.add("move", b"a", b"c/a")
    bench.add("move", b"b", b"c/a")
    first = bench.execute()
    before, journal = trees.read(root), bench.files.journal_path.read_bytes()
    assert bench.execute() == first
    assert (trees.read(root), bench.files.journal_path.read_bytes()) == (before, journal)


def test_a_changed_a_missing_and_a_used_source_are_left_alone(bench: Bench, root: bytes) -> None:
    trees.build(root, {"changed": "1", "missing": "2", "used": "3", "link": "4", "fine": "5"})
    for name in (b"changed", b"missing", b"used", b"link", b"fine"):
        bench.add("move", name, b"new/" + name)
    trees.write(root + b"/changed", b"11")
    os.unlink(root + b"/missing")
    os.rename(root + b"/link", root + b"/target")
    os.symlink(b"target", root + b"/link")
    with open(root + b"/used", "ab"):
        assert bench.execute() == ("partial", Counts(planned=5, done=1, skipped=4, bytes=1))
    assert bench.said() == [
        ("skipped", "it changed since it was planned"),
        ("skipped", "it is no longer there"),
        ("skipped", "open in another program"),
        ("skipped", "it changed since it was planned"),
        ("done", ""),
    ]
    assert trees.names(root) == {b"changed", b"used", b"link", b"target", b"new/fine"}


def test_what_cannot_be_read_can_be_moved(bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    trees.build(root, {"a": "1"})
    bench.add("move", b"a", b"b")
    real = os.open

    def refuse(path: bytes | str, flags: int, *args: int, **kwargs: int) -> int:
        if path == b"a":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    assert bench.execute()[0] == "completed"


def test_a_refused_step_is_skipped_with_its_reason(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1"})
    bench.add("move", b"a", b"b", refused="moved on by operation xyz")
    assert bench.execute() == ("partial", Counts(planned=1, skipped=1))
    assert bench.said() == [("skipped", "moved on by operation xyz")]


def test_only_what_was_approved_is_done(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"new/b")
    assert bench.execute(approved={1}) == ("partial", Counts(planned=2, done=1, skipped=1, bytes=1))
    assert bench.said() == [("skipped", "not approved"), ("done", "")]
    assert trees.names(root) == {b"a", b"new/b"}


def test_a_step_that_leads_out_fails_and_touches_nothing(bench: Bench, root: bytes, tmp_path: Path) -> None:
    trees.build(tmp_path / "outside", {})
    trees.build(root, {"a": "1", "b": "2", "out": Symlink(os.fsencode(tmp_path / "outside"))})
    bench.add("move", b"a", b"../outside/a")
    bench.add("move", b"b", b"out/b")
    state, counts = bench.execute()
    assert (state, counts.done) == ("failed", 0)
    assert bench.said() == [
        ("failed", "its path leads out of the folder"),
        ("skipped", "something else has the name of its folder"),
    ]
    assert trees.read(tmp_path / "outside") == {}
    assert {b"a", b"b"} <= trees.names(root)


@pytest.mark.parametrize("kind", ["upload", "download"])
def test_a_kind_that_cannot_be_carried_out_fails_clearly(bench: Bench, root: bytes, kind: str) -> None:
    trees.build(root, {"a": "1"})
    bench.add(kind, b"a", b"b")  # type: ignore[arg-type]
    assert bench.execute() == ("failed", Counts(planned=1, failed=1))
    assert bench.said() == [("failed", f"steps of the kind {kind} cannot be carried out")]


# -- places that are taken


def test_an_unreviewed_plan_takes_the_next_free_number(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a.txt": "1", "new": {"a.txt": "other"}})
    bench.add("move", b"a.txt", b"new/a.txt")
    trees.build(root, {"new": {"a (1).txt": "another"}})
    assert bench.execute()[0] == "completed"
    assert trees.content(root + b"/new/a (2).txt") == b"1"
    assert bench.outcomes().finished[0].destination == b"new/a (2).txt"


def test_a_number_never_takes_a_name_that_the_plan_means_for_another(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a.txt": "1", "b.txt": "2", "new": {"a.txt": "other"}})
    bench.add("move", b"a.txt", b"new/a.txt")
    bench.add("move", b"b.txt", b"new/a (1).txt")
    assert bench.execute()[0] == "completed"
    assert trees.content(root + b"/new/a (2).txt") == b"1"
    assert trees.content(root + b"/new/a (1).txt") == b"2"


def test_many_files_of_one_name_get_each_its_number(bench: Bench, root: bytes) -> None:
    trees.build(root, {f"{number}/scan.pdf": str(number) for number in range(300)})
    for number in range(300):
        bench.add("move", b"%d/scan.pdf" % number, b"scans/scan.pdf")
    assert bench.execute()[0] == "completed"
    assert sorted(int(trees.content(root + b"/" + name)) for name in trees.names(root)) == list(range(300))
    assert b"scans/scan (299).pdf" in trees.names(root)


def test_a_reviewed_plan_puts_nothing_where_it_was_not_shown(tmp_path: Path, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2", "new": {}})
    bench = Bench(tmp_path / "operations", root, reviewed=True)
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"new/b")
    trees.build(root, {"new": {"a": "other"}})
    assert bench.execute() == ("partial", Counts(planned=2, done=1, skipped=1, bytes=1))
    assert bench.said() == [("skipped", "the place is taken"), ("done", "")]
    assert trees.names(root) == {b"a", b"new/a", b"new/b"}


def test_a_chosen_number_is_durable_before_it_is_used(
    bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "1", "new": {"a": "other"}})
    bench.add("move", b"a", b"new/a")
    real, synced = os.fdatasync, [0]

    def sync(descriptor: int) -> None:
        real(descriptor)
        synced[0] = bench.files.journal_path.stat().st_size

    def rename(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
        if name == b"a (1)":
            intended = bench.files.outcomes().intended
            assert intended == {0: b"new/a (1)"}
            assert synced[0] == bench.files.journal_path.stat().st_size
        rename_noreplace(source_directory, source, directory, name)

    rename_noreplace = linux.rename_noreplace
    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(linux, "rename_noreplace", rename)
    assert bench.execute()[0] == "completed"


def test_a_file_that_is_there_already_stays_as_it_is(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1"})
    bench.add("move", b"a", b"a")
    assert bench.execute() == ("partial", Counts(planned=1, skipped=1))
    assert bench.said() == [("skipped", "it is there already")]
    assert trees.names(root) == {b"a"}


# -- file systems that ignore case


@pytest.fixture
def case_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have names found whatever their case, as exFAT, SMB and macOS do."""

    def spelled(name: bytes, directory: int | None) -> bytes:
        if directory is None or not isinstance(name, bytes):
            return name
        there = map(os.fsencode, os.listdir(f"/proc/self/fd/{directory}"))
        return next((other for other in there if other.lower() == name.lower()), name)

    real_stat, real_open, real_unlink, real_rename = os.stat, os.open, os.unlink, linux.rename_noreplace

    def stat_spelled(path: bytes, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        return real_stat(spelled(path, dir_fd), dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    def open_spelled(path: bytes, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        return real_open(spelled(path, dir_fd), flags, mode, dir_fd=dir_fd)

    def unlink_spelled(path: bytes, *, dir_fd: int | None = None) -> None:
        real_unlink(spelled(path, dir_fd), dir_fd=dir_fd)

    def rename_spelled(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
        real_rename(source_directory, spelled(source, source_directory), directory, spelled(name, directory))

    monkeypatch.setattr(os, "stat", stat_spelled)
    monkeypatch.setattr(os, "open", open_spelled)
    monkeypatch.setattr(os, "unlink", unlink_spelled)
    monkeypatch.setattr(linux, "rename_noreplace", rename_spelled)


@pytest.mark.usefixtures("case_blind")
def test_a_name_can_change_its_case(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a.JPG": "1", "B.txt": "2", "b": {}})
    bench.add("move", b"a.JPG", b"a.jpg")
    assert bench.execute()[0] == "completed"
    assert trees.names(root) == {b"a.jpg", b"B.txt"}


@pytest.mark.usefixtures("case_blind")
def test_a_change_of_case_that_fails_leaves_the_old_name(
    bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a.JPG": "1"})
    bench.add("move", b"a.JPG", b"a.jpg")
    real = linux.rename_noreplace

    def rename(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
        if source.endswith(b".aside") and name == b"a.jpg":
            raise OSError(errno.EIO, "Input/output error")
        real(source_directory, source, directory, name)

    monkeypatch.setattr(linux, "rename_noreplace", rename)
    assert bench.execute() == ("failed", Counts(planned=1, failed=1))
    assert trees.names(root) == {b"a.JPG"}


@pytest.mark.usefixtures("case_blind")
def test_another_file_whose_name_differs_in_case_is_never_replaced(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a.JPG": "1", "new": {"A.jpg": "2"}})
    bench.add("move", b"a.JPG", b"new/a.jpg")
    assert bench.execute()[0] == "completed"
    assert trees.names(root) == {b"new/A.jpg", b"new/a (1).jpg"}


@pytest.mark.usefixtures("case_blind")
@pytest.mark.parametrize("name", [b"a.JPG", b"a.jpg", b".shelver-testplan-0.aside"])
def test_a_change_of_case_that_was_cut_off_loses_nothing(bench: Bench, root: bytes, name: bytes) -> None:
    trees.build(root, {"a.JPG": "1"})
    bench.add("move", b"a.JPG", b"a.jpg")
    bench.files.write_plan(bench.plan)
    with bench.files.journal() as journal:
        journal.add(Started(boot_id(), 1))
        journal.sync()
    os.rename(root + b"/a.JPG", root + b"/" + name)
    assert bench.execute()[0] == "completed"
    assert trees.names(root) == {b"a.jpg"}


# -- chains


def test_a_swap_and_a_cycle_and_a_chain_come_out_right(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "A", "b": "B", "x": "X", "y": "Y", "z": "Z", "file": "F"})
    a, b, x, y, z = (bench.fingerprint(name) for name in (b"a", b"b", b"x", b"y", b"z"))
    bench.add("move", b"a", b"t", expected=a)
    bench.add("move", b"b", b"a", expected=b)
    bench.add("move", b"t", b"b", expected=a)
    bench.add("move", b"x", b"u", expected=x)
    bench.add("move", b"z", b"x", expected=z)
    bench.add("move", b"y", b"z", expected=y)
    bench.add("move", b"u", b"y", expected=x)
    bench.add("move", b"file", b"one")
    bench.add("move", b"one", b"two/three", expected=bench.plan.steps[-1].fingerprint)
    assert bench.execute()[0] == "completed"
    assert {path: found.content for path, found in trees.read(root).items() if found.kind == "file"} == {
        b"a": b"B",
        b"b": b"A",
        b"x": b"Z",
        b"z": b"Y",
        b"y": b"X",
        b"two/three": b"F",
    }


def test_the_record_of_a_step_is_durable_before_its_names_are_used_again(
    bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "1", "b": "2", "c": "3"})
    bench.add("move", b"c", b"elsewhere")
    bench.add("move", b"a", b"new")
    bench.add("move", b"b", b"a")
    syncs: list[set[int]] = []
    real = os.fdatasync

    def sync(descriptor: int) -> None:
        real(descriptor)
        syncs.append(set(bench.files.outcomes().finished))

    monkeypatch.setattr(os, "fdatasync", sync)
    assert bench.execute()[0] == "completed"
    assert {0, 1} in syncs


def test_a_plan_without_chains_waits_for_the_disk_at_its_ends_only(
    bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {str(number): "" for number in range(50)})
    for number in range(50):
        bench.add("move", b"%d" % number, b"new/%d" % number)
    syncs: list[int] = []
    real = os.fdatasync

    def sync(descriptor: int) -> None:
        syncs.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)
    assert bench.execute()[0] == "completed"
    assert len(syncs) == 2


def test_a_folder_can_take_the_name_that_a_file_left(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench.add("move", b"a", b"new")
    bench.add("mkdir", destination=b"a")
    bench.add("move", b"b", b"a/b")
    assert bench.execute()[0] == "completed"
    assert trees.names(root) == {b"new", b"a/b"}


# -- groups


GROUP: dict[bytes | str, trees.Node] = {"IMG.CR2": "raw", "IMG.JPG": "picture", "IMG.JPG.xmp": "edits"}


def _add_group(bench: Bench, to: int = 0) -> None:
    for name in GROUP:
        path = os.fsencode(name)
        bench.add("move", path, b"new/" + path, to=to, group=7)


def test_a_group_moves_together(bench: Bench, root: bytes) -> None:
    trees.build(root, GROUP)
    _add_group(bench)
    assert bench.execute() == ("completed", Counts(planned=3, done=3, bytes=15))
    assert trees.names(root) == {b"new/IMG.CR2", b"new/IMG.JPG", b"new/IMG.JPG.xmp"}


def test_a_group_takes_its_number_as_one(bench: Bench, root: bytes) -> None:
    trees.build(root, {**GROUP, "new": {"IMG.JPG": "other", "IMG (1).CR2": "other"}})
    _add_group(bench)
    assert bench.execute()[0] == "completed"
    assert {b"new/IMG (2).CR2", b"new/IMG (2).JPG", b"new/IMG (2).JPG.xmp"} <= trees.names(root)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_if_one_of_a_group_cannot_none_does(bench: Bench, root: bytes, number: int) -> None:
    trees.build(root, GROUP)
    _add_group(bench)
    before = trees.read(root)
    with open(root + b"/" + os.fsencode(list(GROUP)[number]), "ab"):
        assert bench.execute() == ("partial", Counts(planned=3, skipped=3))
    said = bench.said()
    assert said[number] == ("skipped", "open in another program")
    assert all(reason.endswith("open in another program") for _, reason in said)
    assert trees.read(root) == before


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_what_was_moved_of_a_group_comes_back(
    bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    trees.build(root, GROUP)
    _add_group(bench)
    before = {path: found for path, found in trees.read(root).items() if found.kind == "file"}
    real = linux.rename_noreplace
    victim = os.fsencode(list(GROUP)[fails])

    def rename(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
        if source == victim:
            raise OSError(errno.EIO, "Input/output error")
        real(source_directory, source, directory, name)

    monkeypatch.setattr(linux, "rename_noreplace", rename)
    state, counts = bench.execute()
    assert (state, counts.failed, counts.skipped) == ("failed", 1, 2)
    assert {path: found for path, found in trees.read(root).items() if found.kind == "file"} == before


def test_a_group_is_checked_before_any_of_it_moves(
    tmp_path: Path, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {**GROUP, "new": {"IMG.JPG.xmp": "other"}})
    bench = Bench(tmp_path / "operations", root, reviewed=True)
    _add_group(bench)

    def rename(*args: object) -> None:
        raise AssertionError("it moved a file")

    monkeypatch.setattr(linux, "rename_noreplace", rename)
    assert bench.execute() == ("partial", Counts(planned=3, skipped=3))
    assert bench.said()[2] == ("skipped", "the place is taken")


def test_a_group_with_a_refused_file_stays(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench.add("move", b"a", b"new/a", group=1)
    bench.add("move", b"b", b"new/b", group=1, refused="its old place is taken")
    assert bench.execute() == ("partial", Counts(planned=2, skipped=2))
    assert trees.names(root) == {b"a", b"b"}


def test_names_can_be_swapped_within_a_group_that_uses_a_third(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench.add("move", b"a", b"c", group=1)
    bench.add("move", b"b", b"a", group=1)
    assert bench.execute()[0] == "completed"
    assert (trees.content(root + b"/c"), trees.content(root + b"/a")) == (b"1", b"2")


# -- to another file system


def test_a_file_that_crosses_keeps_all_it_has(across: Bench, root: bytes, elsewhere: Path) -> None:
    trees.build(root, {"a": File(b"content", mode=0o640, xattrs={"user.x": b"y"}), "b": File(b"", mode=0o400)})
    before = trees.read(root)
    across.add("move", b"a", b"new/sub/a", to=1)
    across.add("move", b"b", b"b", to=1)
    assert across.execute() == ("completed", Counts(planned=2, done=2, bytes=7))
    assert trees.read(root) == {}
    after = trees.read(elsewhere)
    assert {b"a": after[b"new/sub/a"], b"b": after[b"b"]} == before
    finished = across.outcomes().finished[0]
    assert finished.fingerprint is not None
    assert finished.fingerprint.inode == os.stat(elsewhere / "new/sub/a").st_ino


def test_hard_links_that_cross_stay_hard_links(across: Bench, root: bytes, elsewhere: Path) -> None:
    trees.build(root, {"a": "one file", "b": HardLink("a"), "in": {"c": HardLink("../a")}, "other": "one file"})
    before = trees.read(root)
    across.add("move", b"a", b"a", to=1, group=1)
    across.add("move", b"other", b"other", to=1, group=1)
    across.add("move", b"b", b"b", to=1)
    across.add("move", b"in/c", b"in/c", to=1)

    assert across.execute() == ("completed", Counts(planned=4, done=4, bytes=32))

    after = trees.read(elsewhere)
    assert {path: after[path].links for path in (b"a", b"b", b"in/c", b"other")} == {
        b"a": (b"b", b"in/c"), b"b": (b"a", b"in/c"), b"in/c": (b"a", b"b"), b"other": (),
    }  # fmt: skip
    assert (after[b"a"], after[b"in/c"]) == (before[b"a"], before[b"in/c"])


def test_more_names_than_a_batch_has_room_for_stay_names_of_one_file(
    across: Bench, root: bytes, elsewhere: Path
) -> None:
    trees.build(root, {"0": "one file", **{str(number): HardLink("0") for number in range(1, 70)}})
    for number in range(70):
        across.add("move", b"%d" % number, b"%d" % number, to=1)

    assert across.execute()[0] == "completed"

    assert {os.stat(path).st_nlink for path in elsewhere.iterdir()} == {70}


def test_a_name_of_a_copy_that_was_edited_meanwhile_is_copied_anew(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "as it was", "b": HardLink("a")})
    across.add("move", b"a", b"a", to=1)
    across.add("move", b"b", b"b", to=1)
    monkeypatch.setattr("core.execute.transfers.BATCH_FILES", 1)
    real = LocalStorage.take_away

    def take_away(self: LocalStorage, path: bytes, expected: Fingerprint, aside: bytes) -> None:
        real(self, path, expected, aside)
        if path == b"a":
            trees.write(bytes(elsewhere / "a"), b"edited since")

    monkeypatch.setattr(LocalStorage, "take_away", take_away)

    assert across.execute()[0] == "completed"

    assert (trees.content(bytes(elsewhere / "a")), trees.content(bytes(elsewhere / "b"))) == (
        b"edited since",
        b"as it was",
    )


def test_many_files_cross_in_batches(across: Bench, root: bytes, elsewhere: Path) -> None:
    trees.build(root, {f"{number}": str(number) for number in range(100)})
    for number in range(100):
        across.add("move", b"%d" % number, b"n/%d" % number, to=1)
    assert across.execute()[0] == "completed"
    assert trees.names(root) == set()
    assert trees.names(elsewhere) == {b"n/%d" % number for number in range(100)}


def test_nothing_is_taken_away_before_its_copy_is_safe(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that a power cut forces: bytes, record, name, folder of the name; and only then the source goes."""
    trees.build(root, {"a": "1"})
    across.add("move", b"a", b"new/a", to=1)
    log: list[str] = []

    def logged(module: object, call: str, describe: Callable[..., str]) -> None:
        real = getattr(module, call)

        def act(*args: object, **kwargs: object) -> object:
            if (what := describe(*args)) and (not log or log[-1] != what):
                log.append(what)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, call, act)

    def synced(descriptor: int) -> str:
        status = os.fstat(descriptor)
        if status.st_dev != os.stat(elsewhere).st_dev:
            return ""
        return "sync folder" if stat.S_ISDIR(status.st_mode) else "sync bytes"

    logged(os, "fsync", synced)
    logged(os, "fdatasync", lambda descriptor: "sync journal")
    logged(os, "unlink", lambda path, **kwargs: "take away")
    logged(
        linux,
        "rename_noreplace",
        lambda d, source, e, name: "publish" if name == b"a" else "aside" if source == b"a" else "",
    )
    assert across.execute()[0] == "completed"
    log = log[log.index("sync bytes") :]
    assert log[:6] == ["sync bytes", "sync journal", "publish", "sync folder", "aside", "take away"]


def test_every_folder_made_for_a_copy_is_durable_before_its_source_goes(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "1"})
    across.add("move", b"a", b"x/y/a", to=1)
    synced: list[int] = []
    real_fsync, real_unlink = os.fsync, os.unlink

    def fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        real_fsync(descriptor)

    def unlink(path: bytes, *, dir_fd: int) -> None:
        for folder in ("x/y", "x", "."):
            assert os.stat(elsewhere / folder).st_ino in synced
        real_unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "unlink", unlink)
    assert across.execute()[0] == "completed"


def test_a_group_is_recorded_before_any_of_it_is_published(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, GROUP)
    _add_group(across, to=1)
    real_sync, real_publish, real_take = os.fdatasync, LocalStorage.publish, LocalStorage.take_away
    durable: list[int] = []
    folders: list[bytes] = []

    def sync(descriptor: int) -> None:
        real_sync(descriptor)
        durable[:] = across.outcomes().copied

    def publish(self: LocalStorage, copy: Copy, destination: bytes) -> None:
        assert durable == [0, 1, 2]
        real_publish(self, copy, destination)

    def sync_folder_of(self: LocalStorage, path: bytes) -> None:
        folders.append(path)

    def take_away(self: LocalStorage, path: bytes, expected: Fingerprint, aside: bytes) -> None:
        assert {os.path.dirname(path) for path in folders} == {b"new"}
        real_take(self, path, expected, aside)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(LocalStorage, "publish", publish)
    monkeypatch.setattr(LocalStorage, "sync_folder_of", sync_folder_of)
    monkeypatch.setattr(LocalStorage, "take_away", take_away)
    assert across.execute()[0] == "completed"


def test_a_source_edited_while_others_are_copied_is_never_published(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    across.add("move", b"a", b"a", to=1)
    across.add("move", b"b", b"b", to=1)
    real = LocalStorage.publish
    published: list[bytes] = []

    def confirm(self: LocalStorage, copy: Copy) -> None:
        trees.write(root + b"/a", b"edited")

    def publish(self: LocalStorage, copy: Copy, destination: bytes) -> None:
        published.append(destination)
        real(self, copy, destination)

    monkeypatch.setattr(LocalStorage, "confirm", confirm)
    monkeypatch.setattr(LocalStorage, "publish", publish)
    assert across.execute() == ("partial", Counts(planned=2, done=1, skipped=1, bytes=1))
    assert published == [b"b"]
    assert (trees.names(root), trees.names(elsewhere)) == ({b"a"}, {b"b"})


def test_a_name_that_a_crossing_file_leaves_can_be_taken(across: Bench, root: bytes, elsewhere: Path) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    across.add("move", b"a", b"a", to=1)
    across.add("move", b"b", b"a")
    assert across.execute()[0] == "completed"
    assert (trees.names(root), trees.names(elsewhere)) == ({b"a"}, {b"a"})


def test_a_taken_place_on_another_file_system(across: Bench, root: bytes, elsewhere: Path) -> None:
    trees.build(root, {"a": "1"})
    trees.build(elsewhere, {"a": "2"})
    across.add("move", b"a", b"a", to=1)
    assert across.execute()[0] == "completed"
    assert trees.names(elsewhere) == {b"a", b"a (1)"}
    assert trees.names(root) == set()


def test_a_reviewed_plan_copies_nothing_to_a_taken_place(tmp_path: Path, root: bytes, elsewhere: Path) -> None:
    trees.build(root, {"a": "1"})
    trees.build(elsewhere, {"a": "2"})
    bench = Bench(tmp_path / "operations", root, elsewhere, reviewed=True)
    bench.add("move", b"a", b"a", to=1)
    assert bench.execute() == ("partial", Counts(planned=1, skipped=1))
    assert bench.said() == [("skipped", "the place is taken")]
    assert (trees.names(root), trees.names(elsewhere)) == ({b"a"}, {b"a"})


def test_a_group_crosses_together(across: Bench, root: bytes, elsewhere: Path) -> None:
    trees.build(root, GROUP)
    _add_group(across, to=1)
    assert across.execute()[0] == "completed"
    assert trees.names(root) == set()
    assert trees.names(elsewhere) == {b"new/IMG.CR2", b"new/IMG.JPG", b"new/IMG.JPG.xmp"}


STAGES = ("copy", "confirm", "publish", "take_away")
"""What may go wrong with each of several files; their folder is made durable once for all of them."""


@pytest.mark.parametrize(("stage", "number"), [*product(STAGES, (0, 1, 2)), ("sync_folder_of", 0)])
def test_a_group_that_cannot_cross_comes_back_whole(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, stage: str, number: int
) -> None:
    trees.build(root, GROUP)
    _add_group(across, to=1)
    before = {path: found.content for path, found in trees.read(root).items() if found.kind == "file"}
    _fail_nth(monkeypatch, stage, number)
    state, counts = across.execute()
    assert (state, counts.failed, counts.skipped) == ("failed", 1, 2)
    assert {path: found.content for path, found in trees.read(root).items() if found.kind == "file"} == before
    assert trees.names(elsewhere) == set()


@pytest.mark.parametrize(("stage", "number"), [*product(STAGES, (0, 1)), ("sync_folder_of", 0)])
def test_a_file_that_cannot_cross_stays_alone(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, stage: str, number: int
) -> None:
    trees.build(root, {"0": "a", "1": "b"})
    across.add("move", b"0", b"0", to=1)
    across.add("move", b"1", b"1", to=1)
    _fail_nth(monkeypatch, stage, number)
    assert across.execute() == ("partial", Counts(planned=2, done=1, failed=1, bytes=1))
    assert across.said()[number] == ("failed", "no space left for it")
    assert trees.names(root) == {b"%d" % number}
    assert trees.names(elsewhere) == {b"%d" % (1 - number)}


def _fail_nth(monkeypatch: pytest.MonkeyPatch, stage: str, number: int) -> None:
    real, calls = getattr(LocalStorage, stage), [0]

    def act(*args: object) -> object:
        calls[0] += 1
        if calls[0] == number + 1:
            raise NoSpace
        return real(*args)

    monkeypatch.setattr(LocalStorage, stage, act)


def test_a_source_edited_after_its_copy_stays_and_the_copy_goes(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "1"})
    across.add("move", b"a", b"a", to=1)
    real = LocalStorage.sync_folder_of

    def edit(self: LocalStorage, path: bytes) -> None:
        real(self, path)
        trees.write(root + b"/a", b"edited")

    monkeypatch.setattr(LocalStorage, "sync_folder_of", edit)
    assert across.execute() == ("partial", Counts(planned=1, skipped=1))
    assert trees.content(root + b"/a") == b"edited"
    assert trees.names(elsewhere) == set()


def test_a_copy_that_somebody_uses_already_is_left_and_told(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "1"})
    across.add("move", b"a", b"a", to=1)
    real = LocalStorage.sync_folder_of

    def edit(self: LocalStorage, path: bytes) -> None:
        real(self, path)
        trees.write(root + b"/a", b"edited here")
        trees.write(elsewhere / "a", b"edited there")

    monkeypatch.setattr(LocalStorage, "sync_folder_of", edit)
    assert across.execute() == ("failed", Counts(planned=1, failed=1))
    assert across.said() == [("failed", "it changed since it was planned; a copy of it is left as a")]
    assert (trees.content(root + b"/a"), trees.content(elsewhere / "a")) == (b"edited here", b"edited there")
    assert (trees.names(root), trees.names(elsewhere)) == ({b"a"}, {b"a"})


@pytest.mark.parametrize("group", [0, 1])
def test_a_disk_that_breaks_while_the_source_goes_leaves_the_copy(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, group: int
) -> None:
    trees.build(root, {"a": "1"})
    across.add("move", b"a", b"a", to=1, group=group)
    real_rename = linux.rename_noreplace

    def refuse(*args: object, **keywords: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def rename(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
        real_rename(source_directory, source, directory, name)
        if name.endswith(b".aside"):
            monkeypatch.setattr(os, "unlink", refuse)
            monkeypatch.setattr(linux, "rename_noreplace", refuse)

    monkeypatch.setattr(linux, "rename_noreplace", rename)
    assert across.execute()[0] == "completed"
    assert trees.content(elsewhere / "a") == b"1"


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small file system")
@pytest.mark.parametrize("is_told_before", [True, False])
def test_a_disk_that_fills_up_costs_one_step_and_no_byte(
    tmp_path: Path, root: bytes, monkeypatch: pytest.MonkeyPatch, is_told_before: bool
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=False).returncode:
        pytest.skip("cannot mount here")
    try:
        bench = Bench(tmp_path / "operations", root, small)
        trees.build(root, {"big": b"x" * 3_000_000, "little": "1"})
        before = trees.read(root)
        bench.add("move", b"big", b"sub/big", to=1)
        bench.add("move", b"little", b"sub/little", to=1)
        if not is_told_before:
            monkeypatch.setattr(LocalStorage, "check_space", lambda self, path, size: None)
        assert bench.execute() == ("partial", Counts(planned=2, done=1, failed=1, bytes=1))
        assert bench.said()[0] == ("failed", "no space left for it")
        assert trees.names(small) == {b"sub/little"}
        assert trees.read(root) == {b"big": before[b"big"]}
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize("is_edited", [False, True])
@pytest.mark.parametrize("group", [0, 1])
def test_what_a_file_system_cannot_hold_is_back_after_the_way_back(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, is_edited: bool, group: int
) -> None:
    poor, real = os.stat(elsewhere).st_dev, os.setxattr

    def setxattr(descriptor: int, name: str, value: bytes) -> None:
        if os.fstat(descriptor).st_dev == poor:
            raise OSError(errno.ENOTSUP, "Operation not supported")
        real(descriptor, name, value)

    with Scene(tmp_path / "scene", disk=elsewhere) as scene:
        trees.build(scene.root, {"a": File(b"1", mode=0o640, xattrs={"user.origin": b"here"})})
        before = trees.read(scene.root)
        monkeypatch.setattr(os, "setxattr", setxattr)
        done = scene.act([("move", "a", "@a", group)])
        assert trees.read(elsewhere)[b"a"].xattrs == ()
        if is_edited:
            trees.write(elsewhere / "a", b"edited", mtime_ns=42)
            before[b"a"] = before[b"a"]._replace(content=b"edited", mtime_ns=42)
        assert scene.undo(done).state == "completed"
        assert trees.read(scene.root) == before


# -- copies, links, trash


def test_a_copy_leaves_the_source(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": File(b"1", mode=0o640, xattrs={"user.x": b"y"})})
    before = trees.read(root)
    bench.add("copy", b"a", b"new/a")
    assert bench.execute() == ("completed", Counts(planned=1, done=1, bytes=1))
    after = trees.read(root)
    assert after[b"a"] == after[b"new/a"] == before[b"a"]
    left = bench.outcomes().finished[0].fingerprint
    assert left is not None
    assert left.inode == os.stat(root + b"/new/a").st_ino != os.stat(root + b"/a").st_ino


def test_a_file_can_be_copied_and_then_moved(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1"})
    bench.add("copy", b"a", b"copies/a")
    bench.add("move", b"a", b"new/a")
    assert bench.execute()[0] == "completed"
    assert trees.names(root) == {b"copies/a", b"new/a"}


def test_a_link_is_one_more_name(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench.add("link", b"a", b"new/a")
    bench.add("link", b"a", b"b")
    assert bench.execute()[0] == "partial"
    assert os.path.samefile(root + b"/a", root + b"/new/a")
    assert trees.content(root + b"/b") == b"2"


def test_trash_takes_a_number_even_in_a_reviewed_plan(tmp_path: Path, root: bytes) -> None:
    trees.build(root, {"a": "1", ".shelver-trash": {"op": {"a": "earlier"}}})
    bench = Bench(tmp_path / "operations", root, reviewed=True)
    bench.add("trash", b"a", b".shelver-trash/op/a")
    assert bench.execute()[0] == "completed"
    assert trees.names(root) == {b".shelver-trash/op/a", b".shelver-trash/op/a (1)"}


# -- folders


def test_folders_are_made_and_removed_but_not_counted(bench: Bench, root: bytes) -> None:
    trees.build(root, {"old": {"a": "1"}, "full": {"b": "2"}, "there": {}})
    bench.add("mkdir", destination=b"new")
    bench.add("mkdir", destination=b"there")
    bench.add("move", b"old/a", b"new/a")
    bench.add("rmdir", b"old")
    bench.add("rmdir", b"full")
    bench.add("rmdir", b"nothing")
    assert bench.execute() == ("completed", Counts(planned=1, done=1, bytes=1))
    assert [outcome for outcome, _ in bench.said()] == ["done", "skipped", "done", "done", "skipped", "skipped"]
    assert set(trees.read(root)) == {b"new", b"new/a", b"full", b"full/b", b"there"}
    attributes = bench.outcomes().finished[3].attributes
    assert attributes is not None
    assert attributes.mode == 0o755


def test_a_folder_gets_its_times_after_all_that_moves_into_it(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    attributes = Attributes(0o555, os.geteuid(), os.getegid(), trees.LONG_AGO, {"user.x": b"y"})
    bench.add("mkdir", destination=b"new", attributes=attributes)
    bench.add("mkdir", destination=b"new/sub", attributes=attributes)
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"new/sub/b")
    assert bench.execute()[0] == "completed"
    after = trees.read(root, folder_times=True)
    for folder in (b"new", b"new/sub"):
        assert (after[folder].mode, after[folder].mtime_ns) == (0o555, trees.LONG_AGO)
        assert after[folder].xattrs == (("user.x", b"y"),)
    os.chmod(root + b"/new", 0o755)
    os.chmod(root + b"/new/sub", 0o755)


def test_folders_get_what_they_had_from_the_deepest_up(
    bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that nobody may enter can hold others that get theirs first."""
    order: list[bytes] = []
    monkeypatch.setattr(LocalStorage, "give_directory", lambda self, path, attributes: order.append(path))
    for path in (b"a", b"a/b", b"a/b/c"):
        bench.add("mkdir", destination=path, attributes=Attributes(0, 0, 0, 0))
    bench.execute()
    assert order == [b"a/b/c", b"a/b", b"a"]
    os.chmod(root + b"/a", 0o700)


def test_every_folder_used_is_durable_before_the_seal(
    bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"old": {"a": "1"}})
    bench.add("move", b"old/a", b"new/sub/a")
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        assert bench.outcomes().sealed is None
        synced.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    bench.files.write_plan(bench.plan)
    monkeypatch.setattr(os, "fsync", fsync)
    assert bench.execute()[0] == "completed"
    for folder in (b"/old", b"/new/sub", b"/new", b""):
        assert os.stat(root + folder).st_ino in synced


def test_a_folder_is_removed_after_all_that_crosses_out_of_it(across: Bench, root: bytes, elsewhere: Path) -> None:
    trees.build(root, {"old": Folder({"a": "1"}, mode=0o700)})
    across.add("move", b"old/a", b"a", to=1)
    across.add("rmdir", b"old")
    assert across.execute()[0] == "completed"
    assert trees.read(root) == {}


# -- brakes


def test_a_root_that_is_missing_fails_every_step_and_touches_nothing(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1"})
    bench.add("move", b"a", b"b")
    os.rename(root, root + b" away")
    assert bench.execute() == ("failed", Counts(planned=1, failed=1))
    assert "is not where it was" in bench.said()[0][1]
    assert not os.path.exists(root)
    assert trees.names(root + b" away") == {b"a"}


def test_a_root_that_is_replaced_meanwhile_halts_the_run(
    bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {str(number): "x" for number in range(10)})
    for number in range(10):
        bench.add("move", b"%d" % number, b"new/%d" % number)
    monkeypatch.setattr("core.execute.run.BATCH_RECORDS", 1)

    def replace(tally: Tally) -> bool:
        if tally.done == 3 and not os.path.exists(root + b" away"):
            os.rename(root, root + b" away")
            trees.build(root, {"9": "x"})
        return False

    bench.watcher = Watcher(replace)
    state, counts = bench.execute()
    assert (state, counts.done + counts.failed) == ("partial", 10)
    assert counts.done <= 5
    assert trees.names(root) == {b"9"}
    sealed = bench.outcomes().sealed
    assert sealed is not None
    assert "is not where it was" in sealed.error


def test_a_folder_that_is_renamed_meanwhile_is_not_followed_out_of_the_root(
    bench: Bench, root: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "1", "b": "2", "new": {}})
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"new/b")
    monkeypatch.setattr("core.execute.run.BATCH_RECORDS", 1)

    def carry_off(tally: Tally) -> bool:
        if tally.done == 1 and os.path.exists(root + b"/new/a"):
            os.rename(root + b"/new", tmp_path / "carried off")
        return False

    bench.watcher = Watcher(carry_off)
    bench.execute()
    assert trees.names(tmp_path / "carried off") == {b"a"}
    assert trees.names(root) == {b"new/b"}


# -- stopping


def test_cancelled_between_files(bench: Bench, root: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    trees.build(root, {str(number): "x" for number in range(10)})
    for number in range(10):
        bench.add("move", b"%d" % number, b"new/%d" % number)
    monkeypatch.setattr("core.execute.run.BATCH_RECORDS", 1)
    bench.watcher = Watcher(lambda tally: tally.done >= 4)
    assert bench.execute() == ("cancelled", Counts(planned=10, done=4, bytes=4))
    assert len([name for name in trees.names(root) if name.startswith(b"new/")]) == 4
    sealed = bench.outcomes().sealed
    assert sealed is not None
    assert sealed.state == "cancelled"


def test_cancelled_before_a_group(bench: Bench, root: bytes) -> None:
    trees.build(root, GROUP)
    _add_group(bench)
    bench.watcher = Watcher(lambda tally: True)
    assert bench.execute() == ("cancelled", Counts(planned=3))
    assert b"IMG.CR2" in trees.names(root)


def test_cancelled_in_the_middle_of_a_copy(across: Bench, root: bytes, elsewhere: Path) -> None:
    trees.build(root, {"small": "1", "big": os.urandom(20_000_000)})
    before = trees.read(root)
    across.add("move", b"small", b"small", to=1)
    across.add("move", b"big", b"big", to=1)
    across.watcher = Watcher(lambda tally: tally.bytes_done > 8_000_000)
    assert across.execute() == ("cancelled", Counts(planned=2))
    assert trees.names(elsewhere) == set()
    assert trees.read(root) == before


def test_what_the_observer_raises_goes_through_and_it_can_go_on(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"new/b")

    class Broken(Watcher):
        calls = 0

        def check_cancelled(self) -> None:
            self.calls += 1
            if self.calls == 2:
                raise ZeroDivisionError

    bench.watcher = Broken()
    with pytest.raises(ZeroDivisionError):
        bench.execute()
    assert bench.said() == [("done", ""), ("pending", "")]
    assert bench.outcomes().sealed is None
    assert bench.execute() == ("completed", Counts(planned=2, done=2, bytes=2))


def test_no_descriptor_stays_open(across: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    across.add("move", b"a", b"new/a")
    across.add("move", b"b", b"new/b", to=1)
    before = len(os.listdir("/proc/self/fd"))
    across.execute()
    assert len(os.listdir("/proc/self/fd")) == before


# -- the journal's disk


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small file system")
def test_a_full_state_disk_stops_it_before_anything_goes_unrecorded(tmp_path: Path, root: bytes) -> None:
    state = tmp_path / "state"
    state.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", state], check=False).returncode:
        pytest.skip("cannot mount here")
    try:
        trees.build(root, {f"{number:04}": "x" for number in range(2000)})
        bench = Bench(state / "operations", root)
        for number in range(2000):
            bench.add("move", b"%04d" % number, b"new/%04d" % number)
        bench.files.write_plan(bench.plan)
        reserve = state / "reserve"
        reserve.write_bytes(bytes(32_768))
        with (state / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
            while True:
                ballast.write(bytes(4096))
        with pytest.raises(StateFull):
            bench.execute()
        moved = {name[4:] for name in trees.names(root) if name.startswith(b"new/")}
        recorded = {b"%04d" % seq for seq, record in bench.outcomes().finished.items() if record.outcome == "done"}
        assert moved == recorded
        (state / "ballast").unlink()
        assert bench.execute() == ("completed", Counts(planned=2000, done=2000, bytes=2000))
    finally:
        subprocess.run(["umount", state], check=True)


# -- progress


def test_progress_counts_files_and_bytes(across: Bench, root: bytes) -> None:
    trees.build(root, {"a": "123", "b": os.urandom(9_000_000), "c": "1"})
    across.add("move", b"a", b"new/a")
    across.add("move", b"b", b"b", to=1)
    across.add("move", b"c", b"c", refused="no")
    seen: list[int] = []

    class Seeing(Watcher):
        def advanced(self, tally: Tally) -> None:
            seen.append(tally.bytes_done)
            super().advanced(tally)

    across.watcher = Seeing()
    across.execute()
    tally = across.watcher.tally
    assert (tally.total, tally.done, tally.skipped, tally.failed) == (3, 2, 1, 0)
    assert (tally.bytes_done, tally.bytes_total) == (9_000_003, 9_000_004)
    assert any(0 < count < 9_000_003 for count in seen)
    assert (os.fsdecode(root) + "/a", os.fsdecode(root) + "/new/a") in tally.recent


def test_a_resumed_run_counts_what_was_done_before(bench: Bench, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"new/b")

    class Stopping(Watcher):
        def check_cancelled(self) -> None:
            if self.tally.done or os.path.exists(root + b"/new/a"):
                raise ShelverError("the worker ends")

    bench.watcher = Stopping()
    with pytest.raises(ShelverError):
        bench.execute()
    bench.watcher = Watcher()
    bench.execute()
    assert (bench.watcher.tally.done, bench.watcher.tally.bytes_done) == (2, 2)
