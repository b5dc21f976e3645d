"""What the watcher tells, and when it says that it is deaf."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from inotify_simple import Event, INotify, flags

from agent import kernel_watch, watch
from agent.kernel_watch import KernelWatcher
from agent.watch import NOT_UTF8, Ground, Unwatchable, Watcher, Watching, file_system_of, survey
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
def watching(root: Path, ground: Ground | None = None, by: type[Watching] = Watcher) -> Iterator[Heard]:
    """Watch a folder, once a probe shows that the watch is up."""
    heard = Heard()
    path = os.fsencode(root)
    watcher = by(path, ground or survey(path, subfolders=True, descend=everywhere), heard)
    probe = root / ".probe"

    def is_up() -> bool:
        probe.write_text("x")
        return bool(heard.changed) or bool(heard.deafness)

    until(is_up, "the watch is up")
    probe.unlink()
    yield heard
    watcher.stop()
    watcher.join()


both_ways = pytest.mark.parametrize("by", [Watcher, KernelWatcher])


@both_ways
def test_files_and_directories_are_hinted(tmp_path: Path, by: type[Watching]) -> None:
    with watching(tmp_path, by=by) as heard:
        (tmp_path / "a.txt").write_text("a")
        (tmp_path / "new").mkdir()
        until(lambda: b"a.txt" in heard.changed and b"new" in heard.directories)
        (tmp_path / "new/b.txt").write_text("b")
        until(lambda: b"new/b.txt" in heard.changed)
        (tmp_path / "a.txt").unlink()
        heard.changed.clear()
        until(lambda: b"a.txt" in heard.changed)
    assert not heard.deafness


def test_a_name_that_is_not_utf8_makes_watchfiles_deaf(tmp_path: Path) -> None:
    with watching(tmp_path) as heard:
        with open(os.path.join(os.fsencode(tmp_path), b"\xff"), "wb"):
            pass
        until(lambda: heard.deafness)
    assert heard.deafness == [NOT_UTF8]


def test_the_kernel_hints_at_any_name(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    with watching(tmp_path, by=KernelWatcher) as heard:
        os.mkdir(root + b"/\xff")
        until(lambda: b"\xff" in heard.directories)
        with open(root + b"/\xff/\n\x1b[2J", "wb"):
            pass
        until(lambda: b"\xff/\n\x1b[2J" in heard.changed)
    assert not heard.deafness


def test_what_appears_in_one_go_is_watched_to_its_depth(tmp_path: Path) -> None:
    root, away = tmp_path / "root", tmp_path / "away"
    root.mkdir()
    build(away, {"deep": {"deeper": {"a": "a"}}})
    with watching(root, by=KernelWatcher) as heard:
        away.rename(root / "moved in")
        until(lambda: b"moved in" in heard.directories)
        (root / "moved in/deep/deeper/b").write_text("b")
        until(lambda: b"moved in/deep/deeper/b" in heard.changed)


def test_a_directory_that_is_renamed_is_heard_of_under_its_new_name_and_not_once_it_left(tmp_path: Path) -> None:
    root, away = tmp_path / "root", tmp_path / "away"
    build(root, {"old": {"deep": {"a": "a"}}})
    with watching(root, by=KernelWatcher) as heard:
        (root / "old").rename(root / "new")
        until(lambda: b"new" in heard.directories)
        (root / "new/deep/b").write_text("b")
        until(lambda: b"new/deep/b" in heard.changed)
        (root / "new").rename(away)
        heard.changed.clear()
        until(lambda: b"new" in heard.changed)
        (away / "deep/c").write_text("c")
        (root / "d").write_text("d")
        until(lambda: b"d" in heard.changed)
    assert not any(path.endswith(b"/c") for path in heard.changed)


def test_symlinks_lead_the_kernel_nowhere(tmp_path: Path) -> None:
    root, away = tmp_path / "root", tmp_path / "away"
    root.mkdir()
    away.mkdir()
    (root / "link").symlink_to(away)
    with watching(root, Ground([os.fsencode(root)], is_recursive=True), KernelWatcher) as heard:
        (away / "a").write_text("a")
        (root / "b").write_text("b")
        until(lambda: b"b" in heard.changed)
    assert not [path for path in heard.changed if path.startswith(b"link")]


def test_a_queue_that_ran_over_is_told_and_what_appeared_meanwhile_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [INotify.read]
    overflow = Event(-1, flags.Q_OVERFLOW, 0, "")

    def read(kernel: INotify, timeout: int) -> list[Event]:
        found = events[0](kernel, timeout)
        if any(event.name == "flood" for event in found):
            (tmp_path / "unheard").mkdir()
            events[0](kernel, 0)  # lost
            return [overflow]
        return found  # type: ignore[no-any-return]

    with watching(tmp_path, by=KernelWatcher) as heard:
        monkeypatch.setattr(INotify, "read", read)
        (tmp_path / "any").write_text("")  # the read under way is not the new one yet
        until(lambda: b"any" in heard.changed)
        (tmp_path / "flood").write_text("")
        until(lambda: heard.lost)
        (tmp_path / "unheard/a").write_text("a")
        until(lambda: b"unheard/a" in heard.changed)
    assert "ran over" in heard.lost[0]


@pytest.mark.parametrize("code, setting", [(errno.ENOSPC, "max_user_watches"), (errno.EMFILE, "max_user_instances")])
def test_the_kernels_limits_are_told(tmp_path: Path, code: int, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(INotify, "add_watch" if code == errno.ENOSPC else "__init__", refuse)
    with watching(tmp_path, by=KernelWatcher) as heard:
        pass
    assert setting in heard.deafness[0]


@both_ways
def test_a_root_that_is_removed_makes_it_deaf(tmp_path: Path, by: type[Watching]) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with watching(root, by=by) as heard:
        shutil.rmtree(root)
        until(lambda: heard.deafness)


def test_the_kernel_tells_of_a_root_that_is_renamed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with watching(root, by=KernelWatcher) as heard:
        root.rename(tmp_path / "elsewhere")
        until(lambda: heard.deafness)


@both_ways
def test_a_large_batch_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: type[Watching]) -> None:
    monkeypatch.setattr(watch, "LARGE_BATCH", 50)
    monkeypatch.setattr(kernel_watch, "LARGE_BATCH", 50)
    with watching(tmp_path, by=by) as heard:
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
