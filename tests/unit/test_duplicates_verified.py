"""Groups compared byte by byte: what digests say is believed of no file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.duplicates import ExactGroup, Groups, Member, readers
from core.duplicates.compare import same_bytes
from core.duplicates.reader import WHOLE
from core.duplicates.singly import FoundSingly
from core.duplicates.verified import verified
from core.storage.local import LocalStorage
from tests.copies import Searcher, names, relative, truth
from tests.trees import File, build


def quietly(phase: str, done: int, total: int) -> None:
    """Take no note."""


def nominated(root: Path, *paths: str) -> Groups:
    """Return one group of files that some digest holds for the same."""
    with LocalStorage(os.fsencode(root)) as storage:
        entries = [entry for path in paths if (entry := storage.entry(os.fsencode(path)))]
    members = tuple(Member(storage.root, entry) for entry in entries)
    return FoundSingly([ExactGroup(b"x" * 16, entries[0].size, members)], {})


@pytest.mark.parametrize("size", [10, WHOLE + 1, 5 * 1024 * 1024])
def test_files_that_only_their_digest_holds_for_the_same(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    other = content[:-1] + bytes([content[-1] ^ 1])
    third = bytes([content[0] ^ 1]) + content[1:]
    build(tmp_path, {"a": File(content), "b": File(other), "c": File(content), "d": File(third), "e": File(other)})
    groups = verified(nominated(tmp_path, "a", "b", "c", "d", "e"), quietly)
    assert relative(groups) == [[b"a", b"c"], [b"b", b"e"]]
    assert not groups.left_out
    assert not verified(nominated(tmp_path, "a", "b", "d"), quietly)


def test_what_changed_since_is_left_out(tmp_path: Path) -> None:
    build(tmp_path, {"a": "same", "b": "same", "c": "same", "d": "same"})
    groups = nominated(tmp_path, "a", "b", "c", "d")
    (tmp_path / "a").write_text("SAME")
    (tmp_path / "c").unlink()
    checked = verified(groups, quietly)
    assert relative(checked) == [[b"b", b"d"]]
    assert checked.left_out == {"files that changed while they were read": 2}


def test_all_groups_of_a_search_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_ALONE_SECONDS", -1)
    build(tmp_path / "root", {f"d{n}": {f"{i}": f"{n * i % 50:04}" for i in range(40)} for n in range(10)})
    build(tmp_path / "root", {"long": {f"{i}": File(bytes([i % 3]) * (WHOLE + 1)) for i in range(9)}})
    groups = verified(Searcher(tmp_path / "contents.db", tmp_path / "root").search(), quietly)
    assert names(groups) == truth([tmp_path / "root"])
    assert not groups.left_out


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 9 * 1024 * 1024])
def test_same_bytes(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    build(tmp_path, {"a": File(content), "b": File(content), "longer": File(content + b"x")})
    heard: list[int] = []
    with (tmp_path / "a").open("rb") as a, (tmp_path / "b").open("rb") as b, (tmp_path / "longer").open("rb") as longer:
        a.seek(0, os.SEEK_END)
        assert same_bytes(a.fileno(), b.fileno(), heard.append)
        assert sum(heard) == size
        assert max(heard, default=0) <= 4 * 1024 * 1024
        assert not same_bytes(a.fileno(), longer.fileno())
    for place in {0, size // 2, size - 1} if size else ():
        other = bytearray(content)
        other[place] ^= 0x80
        (tmp_path / "b").write_bytes(other)
        with (tmp_path / "a").open("rb") as a, (tmp_path / "b").open("rb") as b:
            assert not same_bytes(a.fileno(), b.fileno())
