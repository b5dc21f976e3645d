"""What the watcher tells, and when it says that it is deaf."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent import watch
from agent.watch import Ground, Unwatchable, Watcher, file_system_of, survey
from tests.agents import until
from tests.trees import build


class Heard:
    """Remembers what the watcher says."""

    def __init__(self) -> None:
        self.changed: set[bytes] = set()
        self.directories: set[bytes] = set()
        self.lost: list[str] = []
        self.deafness: list[str] = []

    def hinted(self, changed: set[bytes], new_directories: set[bytes]) -> None:
        self.changed |= changed
        self.directories |= new_directories

    def lost_count(self, why: str) -> None:
        self.lost.append(why)

    def deaf(self, why: str) -> None:
        self.deafness.append(why)


def everywhere(path: bytes) -> bool:
    return True


@contextmanager
def watching(root: Path, ground: Ground | None = None) -> Iterator[Heard]:
    """Watch a folder, once a probe shows that the watch is up."""
    heard = Heard()
    path = os.fsencode(root)
    watcher = Watcher(path, ground or survey(path, subfolders=True, descend=everywhere), heard)
    probe = root / ".probe"

    def is_up() -> bool:
        probe.write_text("x")
        return bool(heard.changed) or bool(heard.deafness)

    until(is_up, "the watch is up")
    probe.unlink()
    yield heard
    watcher.stop()
    watcher.join()


def test_files_and_directories_are_hinted(tmp_path: Path) -> None:
    with watching(tmp_path) as heard:
        (tmp_path / "a.txt").write_text("a")
        (tmp_path / "new").mkdir()
        until(lambda: b"a.txt" in heard.changed and b"new" in heard.directories)
        (tmp_path / "new/b.txt").write_text("b")
        until(lambda: b"new/b.txt" in heard.changed)
        (tmp_path / "a.txt").unlink()
        heard.changed.clear()
        until(lambda: b"a.txt" in heard.changed)
    assert not heard.deafness


def test_a_name_that_is_not_utf8_makes_it_deaf(tmp_path: Path) -> None:
    with watching(tmp_path) as heard:
        with open(os.path.join(os.fsencode(tmp_path), b"\xff"), "wb"):
            pass
        until(lambda: heard.deafness)
    assert "UTF-8" in heard.deafness[0]


def test_a_root_that_is_removed_makes_it_deaf(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with watching(root) as heard:
        shutil.rmtree(root)
        until(lambda: heard.deafness)


def test_a_large_batch_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LARGE_BATCH", 50)
    with watching(tmp_path) as heard:
        for number in range(200):
            (tmp_path / str(number)).write_bytes(b"")
        until(lambda: heard.lost)


def test_without_subfolders_only_the_folder_itself_is_watched(tmp_path: Path) -> None:
    build(tmp_path, {"deep": {"a": "a"}})
    root = os.fsencode(tmp_path)
    assert survey(root, subfolders=False, descend=everywhere) == Ground([root], is_recursive=False)


@pytest.mark.parametrize("obstacle", ["symlink", "never entered", "unreadable"])
def test_what_a_recursive_watch_would_trip_over_is_watched_around(
    tmp_path: Path, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, {"first": {"a": "a"}, "last": {"deeper": {"b": "b"}}})
    descend: Callable[[bytes], bool] = everywhere
    if obstacle == "symlink":
        (tmp_path / "loop").symlink_to(tmp_path)
    elif obstacle == "never entered":
        (tmp_path / "node_modules").mkdir()
        descend = b"node_modules".__ne__
    else:
        (tmp_path / "closed").mkdir(mode=0)
        closed = os.fsencode(tmp_path / "closed")
        monkeypatch.setattr(os, "access", lambda path, mode: path != closed)  # for root reads everything
    root = os.fsencode(tmp_path)
    ground = survey(root, subfolders=True, descend=descend)
    assert not ground.is_recursive
    expected = {b"", b"/first", b"/last", b"/last/deeper"}
    assert set(ground.directories) == {root + path for path in expected}
    with watching(tmp_path, ground) as heard:
        (tmp_path / "last/deeper/c").write_text("c")
        until(lambda: b"last/deeper/c" in heard.changed)


def test_more_folders_than_the_kernel_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (tmp_path / str(number)).mkdir()
    monkeypatch.setattr(watch, "_watch_limit", lambda: 10)
    with pytest.raises(Unwatchable, match="max_user_watches"):
        survey(os.fsencode(tmp_path), subfolders=True, descend=everywhere)


def test_a_network_file_system_is_not_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("nfs4", "fuse.sshfs"):
        monkeypatch.setattr(watch, "file_system_of", lambda path, kind=kind: kind)
        with pytest.raises(Unwatchable, match=kind):
            survey(os.fsencode(tmp_path), subfolders=False, descend=everywhere)


def test_file_systems_are_known_by_name() -> None:
    assert file_system_of(b"/proc") == "proc"
    assert file_system_of(b"/does/not/exist") == ""
