"""What a comparison of a folder with the index finds."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent import reconcile
from agent.brakes import EMPTIED_FROM, Identity, Memory, emptied_reason, halt_reason, identity_of
from agent.reconcile import Reconciler
from core.config import Config, Folder
from core.planners.scope import Scope
from core.stores.index import Index
from tests.trees import build


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "index.db") as index:
        yield index


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "dl"
    build(path, {"a.txt": "a", "b.txt": "b", "deep": {"c.txt": "c"}, ".hidden": "h", "d.mkv.part": "d"})
    return path


def reconciler(root: Path, index: Index, *, subfolders: bool = False) -> Reconciler:
    folder = Folder("dl", os.fsencode(root), subfolders=subfolders)
    return Reconciler(folder.path, index, lambda: Scope(folder, Config(), subfolders=subfolders))


def changed(found: reconcile.Difference) -> list[bytes]:
    return sorted(entry.path for entry in found.changed)


def test_only_what_organizing_looks_at_is_news(root: Path, index: Index) -> None:
    found = reconciler(root, index).compare()
    assert changed(found) == [b"a.txt", b"b.txt"]
    assert found.files == 5 and found.known == 0
    assert index.count(os.fsencode(root)) == 3  # the others are known, and nobody's news
    assert changed(reconciler(root, index, subfolders=True).compare()) == [b"a.txt", b"b.txt"]


def test_what_was_acknowledged_is_news_again_when_it_changes(root: Path, index: Index) -> None:
    compared = reconciler(root, index)
    compared.acknowledge(compared.compare().changed)
    assert changed(compared.compare()) == []
    (root / "a.txt").write_text("changed")
    (root / "new.txt").write_text("new")
    (root / "b.txt").unlink()
    found = compared.compare()
    assert changed(found) == [b"a.txt", b"new.txt"]
    assert found.removed == [b"b.txt"] and found.known == 5
    assert compared.news(found.changed).arrived == [b"new.txt"]
    compared.forget(found.removed)
    assert compared.compare().removed == []


def test_files_are_told_apart_whatever_sorts_between_them(root: Path, index: Index) -> None:
    build(root, {"deep.txt": "1", "deep-er": "2", "deep": {"z": "3"}, "deeper": "4"})
    compared = reconciler(root, index, subfolders=True)
    compared.acknowledge_all(frozenset())
    assert (changed(compared.compare()), compared.compare().removed) == ([], [])
    for name in ("deep.txt", "deep/c.txt", "deeper"):
        (root / name).unlink()
    build(root, {"deep!": "5", "deep": {"0": "6"}})
    found = compared.compare()
    assert found.removed == [b"deep.txt", b"deep/c.txt", b"deeper"]
    assert changed(found) == [b"deep!", b"deep/0"]


def test_what_lies_where_nobody_can_look_is_not_taken_for_removed(
    root: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = reconciler(root, index, subfolders=True)
    compared.acknowledge_all(frozenset())
    (root / "b.txt").unlink()
    monkeypatch.setattr("core.storage.ordered.os.scandir", _refusing("deep"))
    found = compared.compare()
    assert (found.removed, found.unreadable) == ([b"b.txt"], [b"deep"])


def _refusing(name: str) -> object:
    scan = os.scandir

    def refuse(descriptor: int) -> object:
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith(f"/{name}"):
            raise PermissionError(13, "no")
        return scan(descriptor)

    return refuse


@pytest.mark.heavy
def test_a_folder_of_any_size_is_compared_in_little_memory(root: Path, index: Index) -> None:
    build(root, {f"d{number:03}": {f"{each:04}.txt": "" for each in range(100)} for number in range(300)})
    compared = reconciler(root, index, subfolders=True)
    compared.acknowledge_all(frozenset())
    tracemalloc.start()
    try:
        assert compared.compare().files == 30_005
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024  # all of the index would take four times as much
    finally:
        tracemalloc.stop()


def test_all_is_acknowledged_but_what_still_settles(root: Path, index: Index) -> None:
    compared = reconciler(root, index)
    compared.acknowledge_all({b"b.txt"})
    assert changed(compared.compare()) == [b"b.txt"]


def test_too_many_news_are_not_listed(root: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "KEPT_ENTRIES", 1)
    found = reconciler(root, index).compare()
    assert len(found.changed) == 1 and found.has_more


def test_hinted_paths_are_looked_at(root: Path, index: Index) -> None:
    os.symlink("/etc/passwd", root / "link.txt")
    hints = {b"a.txt", b"gone.txt", b"deep/c.txt", b".hidden", b"link.txt", b"deep"}
    found, missing = reconciler(root, index).look(hints)
    assert [entry.path for entry in found] == [b"a.txt"]
    assert missing == 1


def test_a_file_that_waited_for_an_unfinished_one_is_news_when_that_is_gone(root: Path, index: Index) -> None:
    build(root, {"film.mkv": "f", "film.mkv.part": "f", "other.mkv": "o"})
    compared = reconciler(root, index)
    compared.acknowledge_all(frozenset())
    hint = {b"film.mkv.part"}
    assert compared.look(hint).found == []
    (root / "film.mkv.part").unlink()
    found = compared.look(hint).found
    assert [entry.path for entry in found] == [b"film.mkv"]
    assert compared.news(found).changed == found


def test_new_directories_are_looked_into(root: Path, index: Index) -> None:
    build(root, {"new": {"x.txt": "x", "y": {"z.txt": "z"}, ".git": {"config": "c"}}, "free": {"w.txt": "w"}})
    compared = reconciler(root, index, subfolders=True)
    assert sorted(entry.path for entry in compared.beneath(b"free")) == [b"free/w.txt"]
    assert compared.beneath(b"new") == []  # a project
    assert compared.beneath(b"gone") == []


# -- brakes -----------------------------------------------------------------------------------------------


def test_what_halts(tmp_path: Path) -> None:
    here = identity_of(os.fsencode(tmp_path))
    assert here is not None
    assert halt_reason(None, here) == halt_reason(here, here) == halt_reason(None, None) == ""
    assert "no longer there" in halt_reason(here, None)
    other_device = Identity(here.device + 1, here.inode, here.boot)
    assert "another device" in halt_reason(here, other_device)
    assert halt_reason(Identity(here.device + 1, here.inode, "an earlier boot"), here) == ""
    assert identity_of(os.fsencode(tmp_path / "gone")) is None


def test_a_small_folder_may_become_empty() -> None:
    assert emptied_reason(0, EMPTIED_FROM - 1) == ""
    assert str(EMPTIED_FROM) in emptied_reason(0, EMPTIED_FROM)
    assert emptied_reason(1, 1000) == ""


def test_folders_are_remembered(tmp_path: Path) -> None:
    path, root = tmp_path / "folders.json", b"/caf\xe9"
    remembered = Memory.Folder(Identity(1, 2, "boot"), "rules")
    Memory(path).remember(root, remembered)
    assert Memory(path).of(root) == remembered
    assert Memory(path).of(b"/other") == Memory.Folder()
    path.write_bytes(b"{torn")
    assert Memory(path).of(root) == Memory.Folder()


def test_folders_that_are_looked_at_side_by_side_are_all_remembered(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "folders.json")
    remembered = Memory.Folder(rules="rules")
    roots = [b"/%d" % number for number in range(40)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda root: memory.remember(root, remembered), roots))
    assert [Memory(tmp_path / "folders.json").of(root) for root in roots] == [remembered] * len(roots)
