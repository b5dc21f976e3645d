"""Batches that cross file systems: they wait for the disk as seldom as can be, and nothing is less safe by it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from core.execute import transfers
from core.model import Counts
from core.storage import Copy, linux
from core.storage.local import LocalStorage
from core.storage.together import sync_at_once
from tests import trees
from tests.plans import Bench


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    return trees.build(tmp_path / "root", {})


@pytest.fixture
def across(tmp_path: Path, root: bytes, elsewhere: Path) -> Bench:
    """A bench with a second root on another file system."""
    return Bench(tmp_path / "operations", root, elsewhere)


@pytest.fixture
def many(across: Bench, root: bytes) -> Bench:
    """20 files, and 10 pairs that belong together, are to go to a folder each."""
    pairs = [f"{number}.{ending}" for number in range(10) for ending in ("jpg", "xmp")]
    trees.build(root, dict.fromkeys([*pairs, *(f"{number}.txt" for number in range(20))], "content"))
    for number in range(20):
        across.add("move", b"%d.txt" % number, b"t%d/a.txt" % number, to=1)
    for number in range(10):
        for ending in (b"jpg", b"xmp"):
            across.add("move", b"%d.%s" % (number, ending), b"p%d/a.%s" % (number, ending), to=1, group=number + 1)
    return across


@pytest.fixture
def waits(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was waited for on the other file system, in order: `all` of it, one `file` or one `folder`."""
    waits: list[str] = []
    device = elsewhere.stat().st_dev

    def note(descriptor: int, what: str = "") -> None:
        status = os.fstat(descriptor)
        if status.st_dev == device:
            waits.append(what or ("folder" if stat.S_ISDIR(status.st_mode) else "file"))

    real_all, real_one = linux.sync_file_system, os.fsync

    def sync_all(descriptor: int) -> None:
        note(descriptor, "all")
        real_all(descriptor)

    def sync_one(descriptor: int) -> None:
        note(descriptor)
        real_one(descriptor)

    monkeypatch.setattr(linux, "sync_file_system", sync_all)
    monkeypatch.setattr(os, "fsync", sync_one)
    return waits


def has_all(bench: Bench, elsewhere: Path) -> bool:
    return (
        bench.execute() == ("completed", Counts(planned=40, done=40, bytes=280)) and len(trees.names(elsewhere)) == 40
    )


def test_a_batch_waits_once_for_its_copies_and_once_for_their_names(
    many: Bench, elsewhere: Path, waits: list[str]
) -> None:
    assert has_all(many, elsewhere)
    assert waits[:4] == ["all"] * 4  # of two batches; then comes the end
    assert "file" not in waits


def test_each_is_seen_to_where_the_file_system_does_not_promise_more(
    many: Bench, elsewhere: Path, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux, "syncs_at_once", lambda descriptor: False)
    assert has_all(many, elsewhere)
    assert waits.count("file") == 40
    assert waits.count("folder") >= 30


def test_each_is_seen_to_once_others_keep_the_disk_busy(
    many: Bench, elsewhere: Path, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "PATIENCE", 0.0)
    assert has_all(many, elsewhere)
    assert waits[0] == "all" and waits.count("file") == 40 - 32  # the first batch had to find out


def test_a_file_system_that_fails_to_sync_is_no_promise(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with LocalStorage(os.fsencode(elsewhere)) as storage:
        assert sync_at_once(storage, [b"a"])
        assert not sync_at_once(storage, [b"gone/a"])
        monkeypatch.setattr(linux, "sync_file_system", fail)
        assert not sync_at_once(storage, [b"a"])


def test_what_lies_behind_a_program_is_not_taken_for_synced() -> None:
    descriptor = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    assert not linux.syncs_at_once(descriptor)
    os.close(descriptor)


def test_a_group_whose_place_is_taken_while_it_is_copied_goes_to_another(
    across: Bench, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"i.jpg": "1", "i.raw": "2", "i.xmp": "3", "last": "4"})
    for ending in (b"jpg", b"raw", b"xmp"):
        across.add("move", b"i." + ending, b"new/i." + ending, to=1, group=1)
    across.add("move", b"last", b"last", to=1)
    real = LocalStorage.verify

    def take(self: LocalStorage, copy: Copy) -> None:
        real(self, copy)
        trees.write(os.fsencode(elsewhere) + b"/new/i.xmp", b"somebody was faster")

    monkeypatch.setattr(LocalStorage, "verify", take)
    assert across.execute() == ("completed", Counts(planned=4, done=4, bytes=4))
    assert trees.names(root) == set()
    assert trees.names(elsewhere) == {b"new/i.xmp", b"new/i (1).jpg", b"new/i (1).raw", b"new/i (1).xmp", b"last"}


def test_a_group_whose_place_is_taken_meanwhile_stays_where_a_person_saw_the_plan(
    tmp_path: Path, root: bytes, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(root, {"i.jpg": "1", "i.xmp": "3"})
    bench = Bench(tmp_path / "operations", root, elsewhere, reviewed=True)
    for ending in (b"jpg", b"xmp"):
        bench.add("move", b"i." + ending, b"i." + ending, to=1, group=1)
    real = LocalStorage.confirm

    def take(self: LocalStorage, copy: Copy) -> None:
        real(self, copy)
        trees.write(os.fsencode(elsewhere) + b"/i.xmp", b"somebody was faster")

    monkeypatch.setattr(LocalStorage, "confirm", take)
    assert bench.execute() == ("partial", Counts(planned=2, skipped=2))
    assert (trees.names(root), trees.names(elsewhere)) == ({b"i.jpg", b"i.xmp"}, {b"i.xmp"})
