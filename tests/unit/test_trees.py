"""The helpers that other tests stand on."""

from __future__ import annotations

import os
from pathlib import Path

from tests import trees
from tests.trees import File, Folder, HardLink, Symlink


def test_what_is_built_reads_back(tmp_path: Path) -> None:
    trees.build(
        tmp_path / "t",
        {
            "a/b.txt": File(b"text", mtime_ns=123_456_789, mode=0o640, xattrs={"user.note": b"kept"}),
            "c": HardLink("a/b.txt"),
            "s": Symlink("nowhere"),
            "old": Folder({"x": "y"}, mtime_ns=5, mode=0o700),
            "empty": {},
        },
    )
    found = trees.read(tmp_path / "t", folder_times=True)
    assert sorted(found) == [b"a", b"a/b.txt", b"c", b"empty", b"old", b"old/x", b"s"]
    assert found[b"a/b.txt"][:4] == ("file", b"text", 123_456_789, 0o640)
    assert found[b"a/b.txt"].xattrs == (("user.note", b"kept"),)
    assert found[b"a/b.txt"].links == (b"c",)
    assert found[b"s"].content == b"nowhere"
    assert (found[b"old"].mtime_ns, found[b"old"].mode) == (5, 0o700)
    assert trees.names(tmp_path / "t") == {b"a/b.txt", b"c", b"old/x", b"s"}


def test_differences_show(tmp_path: Path) -> None:
    top = trees.messy(tmp_path / "t")
    before = trees.read(top)
    os.utime(top + b"/notes.txt", ns=(1, 1))
    assert trees.read(top) != before
    os.utime(top + b"/notes.txt", ns=(trees.LONG_AGO, trees.LONG_AGO))
    assert trees.read(top) == before
    os.setxattr(top + b"/notes.txt", "user.x", b"1")
    assert trees.read(top) != before


def test_hostile_names_can_be_made(tmp_path: Path) -> None:
    top = trees.hostile(tmp_path / "t")
    assert set(trees.HOSTILE_NAMES) <= set(trees.read(top))


def test_an_acl_can_be_set_and_read(tmp_path: Path) -> None:
    trees.build(tmp_path / "t", {"a": File(b"x", xattrs={"system.posix_acl_access": trees.acl(12345, 4)})})
    assert [name for name, _ in trees.read(tmp_path / "t")[b"a"].xattrs] == ["system.posix_acl_access"]
