"""What a crash cut off: every state the disk can be in, and what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from xxhash import xxh3_128_digest

from core.errors import BrakeEngaged
from core.execute import boot_id
from core.journal import Copied, Finished, Intended, Record, Started
from core.model import Attributes, Fingerprint, Step
from core.storage.local import LocalStorage
from tests import trees
from tests.plans import Bench, Watcher

CONTENT = b"what is moved"
TEMPORARY = b"new/.shelver-testplan-0.tmp"
ASIDE = b".shelver-testplan-0.aside"


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    return trees.build(tmp_path / "root", {})


@pytest.fixture
def there(elsewhere: Path) -> bytes:
    return os.fsencode(elsewhere)


def _cut_off(bench: Bench, *records: Record, boot: str | None = None) -> None:
    """Leave the journal as a process leaves it that was killed after it wrote these records."""
    bench.files.write_plan(bench.plan)
    with bench.files.journal() as journal:
        journal.add(Started(boot_id() if boot is None else boot, 1))
        for record in records:
            journal.add(record)
        journal.sync()


def _fingerprint(path: bytes) -> Fingerprint:
    status = os.stat(path)
    return Fingerprint(status.st_ino, status.st_size, status.st_mtime_ns)


def _contents(root: bytes) -> dict[bytes, bytes]:
    return {path: found.content for path, found in trees.read(root).items() if found.kind == "file"}


def _copied(step: Step, path: bytes) -> Copied:
    """Return the record of a copy that is what stands at a path now."""
    return Copied(step.seq, TEMPORARY, xxh3_128_digest(CONTENT), _fingerprint(path))


# -- the table, for a file that crosses

DONE, SKIPPED, FAILED = "done", "skipped", "failed"

# source, destination, temporary → outcome, what stays at the source, at the destination, and as a temporary
CELLS = [
    ("same", "absent", "absent", DONE, None, CONTENT, None),
    ("same", "absent", "whole", DONE, None, CONTENT, None),
    ("same", "absent", "part", DONE, None, CONTENT, None),
    ("same", "ours", "absent", DONE, None, CONTENT, None),
    ("same", "ours", "part", DONE, None, CONTENT, None),
    ("same", "ours", "twin", DONE, None, CONTENT, None),
    ("same", "other", "absent", SKIPPED, CONTENT, b"other", None),
    ("same", "other", "whole", SKIPPED, CONTENT, b"other", None),
    ("same", "other", "part", SKIPPED, CONTENT, b"other", None),
    ("changed", "absent", "absent", SKIPPED, b"edited", None, None),
    ("changed", "absent", "whole", FAILED, b"edited", None, CONTENT),
    ("changed", "absent", "part", SKIPPED, b"edited", None, None),
    ("changed", "ours", "absent", DONE, b"edited", CONTENT, None),
    ("changed", "ours", "part", DONE, b"edited", CONTENT, None),
    ("changed", "ours", "twin", DONE, b"edited", CONTENT, None),
    ("changed", "other", "absent", SKIPPED, b"edited", b"other", None),
    ("changed", "other", "whole", FAILED, b"edited", b"other", CONTENT),
    ("changed", "other", "part", SKIPPED, b"edited", b"other", None),
    ("gone", "absent", "absent", FAILED, None, None, None),
    ("gone", "absent", "whole", DONE, None, CONTENT, None),
    ("gone", "absent", "part", FAILED, None, None, b"what"),
    ("gone", "ours", "absent", DONE, None, CONTENT, None),
    ("gone", "ours", "part", DONE, None, CONTENT, None),
    ("gone", "ours", "twin", DONE, None, CONTENT, None),
    ("gone", "other", "absent", FAILED, None, b"other", None),
    ("gone", "other", "whole", FAILED, None, b"other", CONTENT),
    ("gone", "other", "part", FAILED, None, b"other", b"what"),
]


@pytest.mark.parametrize(("source", "destination", "temporary", "outcome", "stays", "arrives", "left"), CELLS)
def test_a_transfer_cut_off(
    tmp_path: Path,
    root: bytes,
    there: bytes,
    source: str,
    destination: str,
    temporary: str,
    outcome: str,
    stays: bytes | None,
    arrives: bytes | None,
    left: bytes | None,
) -> None:
    trees.build(root, {"a": CONTENT})
    bench = Bench(tmp_path / "operations", root, there, reviewed=True)
    step = bench.add("move", b"a", b"new/a", to=1)
    records: list[Record] = []
    _make_destination(there, destination, step, records)
    _make_temporary(there, temporary, step, records)
    if source == "changed":
        trees.write(root + b"/a", b"edited")
    elif source == "gone":
        os.unlink(root + b"/a")
    _cut_off(bench, *records)

    bench.execute()

    assert bench.said()[0][0] == outcome, bench.said()
    expected = {b"new/a": arrives, TEMPORARY: left}
    assert _contents(root) == ({} if stays is None else {b"a": stays})
    assert _contents(there) == {path: content for path, content in expected.items() if content is not None}
    if left is not None:
        assert ".shelver-testplan-0.tmp" in bench.said()[0][1]


def _make_destination(there: bytes, kind: str, step: Step, records: list[Record]) -> None:
    if kind != "absent":
        trees.write(there + b"/new/a", CONTENT if kind == "ours" else b"other")
    if kind == "ours":
        records.append(_copied(step, there + b"/new/a"))


def _make_temporary(there: bytes, kind: str, step: Step, records: list[Record]) -> None:
    path = os.path.join(there, TEMPORARY)
    match kind:
        case "whole":
            trees.write(path, CONTENT)
            records.append(_copied(step, path))
        case "part":
            trees.write(path, b"what")
        case "twin":
            os.link(there + b"/new/a", path)


@pytest.mark.parametrize("what", ["destination", "temporary"])
def test_bytes_decide_whether_a_copy_is_ours(tmp_path: Path, root: bytes, there: bytes, what: str) -> None:
    """A fingerprint alone proves nothing: the disk may have kept it and lost the bytes."""
    trees.build(root, {"a": CONTENT})
    bench = Bench(tmp_path / "operations", root, there, reviewed=True)
    step = bench.add("move", b"a", b"new/a", to=1)
    path = there + b"/new/a" if what == "destination" else os.path.join(there, TEMPORARY)
    trees.write(path, bytes(len(CONTENT)))
    _cut_off(bench, _copied(step, path))
    bench.execute()
    if what == "destination":
        assert (_contents(root), bench.said()) == ({b"a": CONTENT}, [("skipped", "the place is taken")])
    else:
        assert (_contents(root), _contents(there)) == ({}, {b"new/a": CONTENT})


def test_a_copy_is_durable_before_its_source_goes_also_after_a_crash(
    tmp_path: Path, root: bytes, there: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": CONTENT})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1)
    trees.write(there + b"/new/a", CONTENT)
    _cut_off(bench, _copied(step, there + b"/new/a"))
    order: list[str] = []

    def sync_folder_of(self: LocalStorage, path: bytes) -> None:
        order.append("sync")

    def take_away(self: LocalStorage, path: bytes, expected: Fingerprint, aside: bytes) -> None:
        order.append("take away")

    monkeypatch.setattr(LocalStorage, "sync_folder_of", sync_folder_of)
    monkeypatch.setattr(LocalStorage, "take_away", take_away)
    bench.execute()
    assert order == ["sync", "take away"]


def test_a_whole_copy_whose_source_is_used_now_is_given_up(tmp_path: Path, root: bytes, there: bytes) -> None:
    trees.build(root, {"a": CONTENT})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1)
    trees.write(os.path.join(there, TEMPORARY), CONTENT)
    _cut_off(bench, _copied(step, os.path.join(there, TEMPORARY)))
    published: list[bytes] = []
    with open(root + b"/a", "ab"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalStorage, "publish", lambda self, copy, destination: published.append(destination))
        bench.execute()
    assert bench.said() == [("skipped", "open in another program")]
    assert (_contents(root), _contents(there), published) == ({b"a": CONTENT}, {}, [])


def test_a_published_copy_whose_source_is_used_now_is_given_up(tmp_path: Path, root: bytes, there: bytes) -> None:
    trees.build(root, {"a": CONTENT})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1)
    trees.write(there + b"/new/a", CONTENT)
    _cut_off(bench, _copied(step, there + b"/new/a"))
    with open(root + b"/a", "ab"):
        bench.execute()
    assert bench.said() == [("skipped", "open in another program")]
    assert (_contents(root), _contents(there)) == ({b"a": CONTENT}, {})


def test_a_source_renamed_aside_goes_on_to_be_taken_away(tmp_path: Path, root: bytes, there: bytes) -> None:
    trees.build(root, {"a": CONTENT})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1)
    trees.write(there + b"/new/a", CONTENT)
    os.rename(root + b"/a", os.path.join(root, ASIDE))
    _cut_off(bench, _copied(step, there + b"/new/a"))
    assert bench.execute()[0] == "completed"
    assert (_contents(root), _contents(there)) == ({}, {b"new/a": CONTENT})


def test_a_source_renamed_aside_comes_back_where_no_copy_is(tmp_path: Path, root: bytes, there: bytes) -> None:
    trees.build(root, {"a": CONTENT})
    trees.build(there, {"new": {"a": "other"}})
    bench = Bench(tmp_path / "operations", root, there, reviewed=True)
    bench.add("move", b"a", b"new/a", to=1)
    os.rename(root + b"/a", os.path.join(root, ASIDE))
    _cut_off(bench)
    bench.execute()
    assert _contents(root) == {b"a": CONTENT}


@pytest.mark.parametrize("is_safe", [True, False])
def test_a_source_renamed_aside_whose_place_was_taken(tmp_path: Path, root: bytes, there: bytes, is_safe: bool) -> None:
    trees.build(root, {"a": CONTENT})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1)
    os.rename(root + b"/a", os.path.join(root, ASIDE))
    trees.write(root + b"/a", b"newcomer")
    if is_safe:
        trees.write(there + b"/new/a", CONTENT)
        _cut_off(bench, _copied(step, there + b"/new/a"))
    else:
        _cut_off(bench)
    bench.execute()
    if is_safe:
        assert bench.said() == [("done", "")]
        assert (_contents(root), _contents(there)) == ({b"a": b"newcomer"}, {b"new/a": CONTENT})
    else:
        assert bench.said()[0][0] == "failed"
        assert os.fsdecode(ASIDE) in bench.said()[0][1]
        assert _contents(root) == {b"a": b"newcomer", ASIDE: CONTENT}


# -- the table, for a file that is renamed


@pytest.mark.parametrize(
    ("source", "destination", "outcome", "after"),
    [
        ("same", "absent", DONE, {b"new/a": CONTENT}),
        ("same", "ours", DONE, {b"new/a": CONTENT}),  # a link was made where rename cannot refuse
        ("same", "other", SKIPPED, {b"a": CONTENT, b"new/a": b"other"}),
        ("changed", "absent", SKIPPED, {b"a": b"edited"}),
        ("changed", "ours", DONE, {b"a": b"newcomer", b"new/a": CONTENT}),
        ("changed", "other", SKIPPED, {b"a": b"edited", b"new/a": b"other"}),
        ("gone", "absent", FAILED, {}),
        ("gone", "ours", DONE, {b"new/a": CONTENT}),
        ("gone", "other", FAILED, {b"new/a": b"other"}),
    ],
)
@pytest.mark.parametrize("kind", ["move", "trash"])
def test_a_rename_cut_off(
    tmp_path: Path, root: bytes, kind: str, source: str, destination: str, outcome: str, after: dict[bytes, bytes]
) -> None:
    trees.build(root, {"a": CONTENT, "new": {}})
    bench = Bench(tmp_path / "operations", root, reviewed=True)
    bench.add(kind, b"a", b"new/a")  # type: ignore[arg-type]
    match destination:
        case "ours":
            os.link(root + b"/a", root + b"/new/a")
        case "other":
            trees.write(root + b"/new/a", b"other")
    if source == "gone" or (source, destination) == ("changed", "ours"):
        os.unlink(root + b"/a")
    if source == "changed":
        trees.write(root + b"/a", b"newcomer" if destination == "ours" else b"edited")
    _cut_off(bench)
    bench.execute()
    if kind == "trash" and (source, destination) == ("same", "other"):
        outcome, after = DONE, {b"new/a": b"other", b"new/a (1)": CONTENT}  # the trash's names are nobody's wish
    assert (bench.said()[0][0], _contents(root)) == (outcome, after)


@pytest.mark.parametrize("kind", ["copy", "link"])
@pytest.mark.parametrize("is_done", [True, False])
def test_a_copy_or_a_link_cut_off(tmp_path: Path, root: bytes, kind: str, is_done: bool) -> None:
    trees.build(root, {"a": CONTENT})
    bench = Bench(tmp_path / "operations", root, reviewed=True)
    step = bench.add(kind, b"a", b"new/a")  # type: ignore[arg-type]
    records: list[Record] = []
    if is_done and kind == "copy":
        trees.write(root + b"/new/a", CONTENT)
        records.append(_copied(step, root + b"/new/a"))
    elif is_done:
        os.mkdir(root + b"/new")
        os.link(root + b"/a", root + b"/new/a")
    _cut_off(bench, *records)
    assert bench.execute()[0] == "completed"
    assert _contents(root) == {b"a": CONTENT, b"new/a": CONTENT}


def test_a_number_that_was_chosen_is_looked_at(tmp_path: Path, root: bytes) -> None:
    trees.build(root, {"a": CONTENT, "new": {"a": "other"}})
    bench = Bench(tmp_path / "operations", root)
    bench.add("move", b"a", b"new/a")
    os.rename(root + b"/a", root + b"/new/a (1)")
    _cut_off(bench, Intended(0, b"new/a (1)"))
    assert bench.execute()[0] == "completed"
    assert bench.outcomes().finished[0].destination == b"new/a (1)"


@pytest.mark.parametrize("is_done", [True, False])
def test_folders_cut_off(tmp_path: Path, root: bytes, is_done: bool) -> None:
    attributes = Attributes(0o750, os.geteuid(), os.getegid(), trees.LONG_AGO)
    trees.build(root, {"old": {}})
    bench = Bench(tmp_path / "operations", root)
    bench.add("mkdir", destination=b"new", attributes=attributes)
    bench.add("rmdir", b"old", attributes=attributes)
    if is_done:
        os.mkdir(root + b"/new", 0o700)
        os.rmdir(root + b"/old")
    _cut_off(bench)
    bench.execute()
    assert [outcome for outcome, _ in bench.said()] == ["done", "done"]
    assert bench.outcomes().finished[1].attributes == attributes
    found = trees.read(root, folder_times=True)
    assert {path: (folder.mode, folder.mtime_ns) for path, folder in found.items()} == {b"new": (0o750, trees.LONG_AGO)}


# -- groups


@pytest.mark.parametrize("moved", [(0,), (1,), (0, 1), (0, 1, 2)])
@pytest.mark.parametrize("can_go_on", [True, False])
def test_a_group_cut_off_is_completed_or_put_back(
    tmp_path: Path, root: bytes, moved: Sequence[int], can_go_on: bool
) -> None:
    trees.build(root, {"0": "a", "1": "b", "2": "c", "new": {}})
    bench = Bench(tmp_path / "operations", root)
    for number in range(3):
        bench.add("move", b"%d" % number, b"new/%d" % number, group=1)
    before = _contents(root)
    for number in moved:
        os.rename(root + b"/%d" % number, root + b"/new/%d" % number)
    _cut_off(bench)
    after = {b"new/0": b"a", b"new/1": b"b", b"new/2": b"c"}
    if can_go_on or len(moved) == 3:
        assert bench.execute()[0] == "completed"
        assert _contents(root) == after
    else:
        with open(root + b"/2", "ab"):
            assert bench.execute()[0] == "partial"
        assert _contents(root) == before


def test_a_group_cut_off_while_it_crosses_is_completed(tmp_path: Path, root: bytes, there: bytes) -> None:
    trees.build(root, {"a": CONTENT, "b": "companion"})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1, group=1)
    bench.add("move", b"b", b"new/b", to=1, group=1)
    trees.write(there + b"/new/a", CONTENT)
    _cut_off(bench, _copied(step, there + b"/new/a"))
    assert bench.execute()[0] == "completed"
    assert (_contents(root), _contents(there)) == ({}, {b"new/a": CONTENT, b"new/b": b"companion"})


def test_a_group_whose_copies_waited_is_copied_anew(tmp_path: Path, root: bytes, there: bytes) -> None:
    trees.build(root, {"a": CONTENT, "b": "companion"})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1, group=1)
    bench.add("move", b"b", b"new/b", to=1, group=1)
    trees.write(os.path.join(there, TEMPORARY), CONTENT)
    _cut_off(bench, _copied(step, os.path.join(there, TEMPORARY)))
    assert bench.execute()[0] == "completed"
    assert (_contents(root), _contents(there)) == ({}, {b"new/a": CONTENT, b"new/b": b"companion"})


def test_a_group_that_cannot_go_on_comes_back_across(tmp_path: Path, root: bytes, there: bytes) -> None:
    trees.build(root, {"a": CONTENT, "b": "companion"})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1, group=1)
    bench.add("move", b"b", b"new/b", to=1, group=1)
    before = _contents(root)
    trees.write(there + b"/new/a", CONTENT)
    os.unlink(root + b"/a")
    _cut_off(bench, _copied(step, there + b"/new/a"))
    with open(root + b"/b", "ab"):
        assert bench.execute()[0] == "partial"
    assert (_contents(root), _contents(there)) == (before, {})


def test_a_group_cut_off_while_it_was_put_back_leaves_no_part_of_a_file(
    tmp_path: Path, root: bytes, there: bytes
) -> None:
    trees.build(root, {"a": CONTENT, "b": "companion"})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1, group=1)
    bench.add("move", b"b", b"new/b", to=1, group=1)
    trees.write(there + b"/new/a", CONTENT)
    os.unlink(root + b"/a")
    trees.write(root + b"/.shelver-testplan-0.back", b"what is")
    _cut_off(bench, _copied(step, there + b"/new/a"))
    assert bench.execute()[0] == "completed"
    assert (_contents(root), _contents(there)) == ({}, {b"new/a": CONTENT, b"new/b": b"companion"})


# -- after a power cut


def test_what_the_disk_lost_is_done_again(tmp_path: Path, root: bytes, there: bytes) -> None:
    """The journal lies on another disk: its records were durable before the changes they tell of."""
    trees.build(root, {"moved": "1", "crossed": CONTENT, "old": {}})
    bench = Bench(tmp_path / "operations", root, there)
    bench.add("move", b"moved", b"new/moved")
    step = bench.add("move", b"crossed", b"new/a", to=1)
    bench.add("mkdir", destination=b"made")
    bench.add("rmdir", b"old")
    trees.write(there + b"/new/a", CONTENT)
    copied = Copied(1, b"new/.shelver-testplan-1.tmp", xxh3_128_digest(CONTENT), _fingerprint(there + b"/new/a"))
    done = [Finished(0, "done"), Finished(step.seq, "done"), Finished(2, "done"), Finished(3, "done")]
    _cut_off(bench, copied, *done, boot="another boot")
    assert bench.execute()[0] == "completed"
    assert set(trees.read(root)) == {b"new", b"new/moved", b"made"}
    assert _contents(there) == {b"new/a": CONTENT}


def test_what_a_person_moved_on_stays_done(tmp_path: Path, root: bytes) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench = Bench(tmp_path / "operations", root)
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"new/b")
    os.rename(root + b"/a", root + b"/moved on")
    _cut_off(bench, Finished(0, "done"), boot="another boot")
    assert bench.execute()[0] == "completed"
    assert _contents(root) == {b"moved on": b"1", b"new/b": b"2"}


def test_within_one_boot_records_are_believed(tmp_path: Path, root: bytes) -> None:
    """A person put the file back after it was moved; a killed process is no reason to move it again."""
    trees.build(root, {"a": "1", "b": "2"})
    bench = Bench(tmp_path / "operations", root)
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"new/b")
    _cut_off(bench, Finished(0, "done"))
    bench.execute()
    assert _contents(root) == {b"a": b"1", b"new/b": b"2"}


def test_a_swap_that_the_disk_lost_is_done_again(tmp_path: Path, root: bytes) -> None:
    trees.build(root, {"a": "A", "b": "B"})
    bench = Bench(tmp_path / "operations", root)
    a, b = bench.fingerprint(b"a"), bench.fingerprint(b"b")
    bench.add("move", b"a", b"t", expected=a)
    bench.add("move", b"b", b"a", expected=b)
    bench.add("move", b"t", b"b", expected=a)
    _cut_off(bench, *(Finished(seq, "done") for seq in range(3)), boot="another boot")
    assert bench.execute()[0] == "completed"
    assert _contents(root) == {b"a": b"B", b"b": b"A"}


def test_a_resumed_run_waits_for_records_as_the_first_did(
    tmp_path: Path, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"a": "1", "b": "2", "c": "3", "d": "4", "new": {}, "z": "5"})
    bench = Bench(tmp_path / "operations", root)
    bench.add("move", b"a", b"new/a")
    bench.add("move", b"b", b"a")
    bench.add("move", b"c", b"new/c")
    bench.add("move", b"d", b"c")
    bench.add("move", b"z", b"new/z")
    os.rename(root + b"/z", root + b"/new/z")
    _cut_off(bench, Finished(4, "done"))
    durable: set[int] = set()
    real_sync, real_move = os.fdatasync, LocalStorage.move_unchanged

    def sync(descriptor: int) -> None:
        real_sync(descriptor)
        durable.update(bench.outcomes().finished)

    def move(
        self: LocalStorage, source: bytes, expected: Fingerprint, target: LocalStorage, destination: bytes
    ) -> None:
        assert (source != b"b" or 0 in durable) and (source != b"d" or 2 in durable)
        real_move(self, source, expected, target, destination)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(LocalStorage, "move_unchanged", move)
    assert bench.execute()[0] == "completed"


# -- stopping, and roots


def test_what_was_cut_off_is_settled_before_anything_is_cancelled(tmp_path: Path, root: bytes, there: bytes) -> None:
    trees.build(root, {"a": CONTENT, "b": "2", "c": "3"})
    bench = Bench(tmp_path / "operations", root, there)
    step = bench.add("move", b"a", b"new/a", to=1)
    bench.add("move", b"b", b"new/b")
    bench.add("move", b"c", b"new/c")
    trees.write(there + b"/new/a", CONTENT)
    os.mkdir(root + b"/new")
    os.rename(root + b"/b", root + b"/new/b")
    _cut_off(bench, _copied(step, there + b"/new/a"))
    bench.watcher = Watcher(lambda tally: True)
    assert bench.execute()[0] == "cancelled"
    assert bench.said() == [("done", ""), ("done", ""), ("pending", "")]
    assert (_contents(root), _contents(there)) == ({b"new/b": b"2", b"c": b"3"}, {b"new/a": CONTENT})


@pytest.mark.parametrize("what", ["missing", "another"])
def test_a_root_that_is_not_there_leaves_all_to_be_resumed(tmp_path: Path, root: bytes, what: str) -> None:
    trees.build(root, {"a": "1", "b": "2"})
    bench = Bench(tmp_path / "operations", root)
    bench.add("move", b"a", b"new/a")
    bench.add("mkdir", destination=b"made")
    inode = os.stat(root).st_ino
    bench.files.write_plan(bench.plan)
    with bench.files.journal() as journal:
        journal.add(Started("another boot", 1, roots=[inode]))
        journal.sync()
    os.rename(root, root + b" away")
    if what == "another":
        os.mkdir(root)
    before = bench.files.journal_path.read_bytes()
    with pytest.raises(BrakeEngaged):
        bench.execute()
    assert bench.files.journal_path.read_bytes() == before
    if what == "another":
        assert os.listdir(root) == []
        os.rmdir(root)
    os.rename(root + b" away", root)
    assert bench.execute()[0] == "completed"
    assert trees.names(root) == {b"new/a", b"b"}
