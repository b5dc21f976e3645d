"""A walk in the order of paths yields what any walk does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SourceMissing
from core.storage.local import LocalStorage
from core.storage.ordered import walk_in_order
from tests.trees import build

NAMES = st.lists(st.sampled_from([b"a", b"a b", b"a-b", b"a.txt", b"ab", b"a0", b"\xff", b"\n", b"A"]), min_size=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(NAMES.map(b"/".join), max_size=12))
def test_it_yields_what_a_walk_does_sorted_byte_by_byte(tmp_path: Path, paths: list[bytes]) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for path in paths:
        place = os.path.join(os.fsencode(root), path)
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.mknod(place)
        except OSError:
            continue  # a file has the name of a directory, or the other way about
    with LocalStorage(os.fsencode(root)) as storage:
        found = list(walk_in_order(storage))
        assert [entry.path for entry in found] == sorted(entry.path for entry in storage.walk())
        assert {entry.path: entry for entry in found} == {entry.path: entry for entry in storage.walk()}
    shutil.rmtree(root)


def test_it_leaves_out_what_a_walk_does(tmp_path: Path) -> None:
    build(tmp_path, {"a": "a", ".shelver-trash": {"b": "b"}, ".shelver-op-1.tmp": "c", "skip": {"d": "d"}})
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "loop").symlink_to(".")
    os.mkfifo(tmp_path / "pipe")
    with LocalStorage(os.fsencode(tmp_path)) as storage:
        assert [entry.path for entry in walk_in_order(storage, b"skip".__ne__)] == [b"a"]


def test_what_cannot_be_read_is_remembered_and_what_vanished_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, {"closed": {"a": "a"}, "gone": {"b": "b"}, "open": {"c": "c"}})
    scan = os.scandir

    def refuse(descriptor: int) -> object:
        name = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
        if name in ("closed", "gone"):
            raise PermissionError(13, "no") if name == "closed" else FileNotFoundError(2, "no")
        return scan(descriptor)

    monkeypatch.setattr(os, "scandir", refuse)
    with LocalStorage(os.fsencode(tmp_path)) as storage:
        assert [entry.path for entry in walk_in_order(storage)] == [b"open/c"]
        assert storage.unreadable == [b"closed"]


def test_a_root_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with LocalStorage(os.fsencode(tmp_path / "gone")) as storage, pytest.raises(SourceMissing):
        list(walk_in_order(storage))
