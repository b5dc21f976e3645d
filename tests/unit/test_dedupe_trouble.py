"""What goes wrong between finding copies and removing them: one clear outcome on one step, and nothing is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.model import Operation
from tests import trees
from tests.crash import seam
from tests.deduping import Cellar
from tests.trees import File

TREE: trees.Tree = {
    "kept": {"a": File(b"one", mtime_ns=1), "b": File(b"two", mtime_ns=1), "c": File(b"three", mtime_ns=1)},
    "more": {"a": File(b"one", mtime_ns=2, mode=0o600), "b": File(b"two", mtime_ns=2), "c": File(b"three", mtime_ns=2)},
}
LEAVING = ("rename_noreplace", "rename_exchange")

each_action = pytest.mark.parametrize("action", ["trash", "hardlink"])


@pytest.fixture
def cellar(tmp_path: Path) -> Cellar:
    cellar = Cellar(tmp_path)
    trees.build(cellar.inbox, TREE)
    return cellar


def planned(cellar: Cellar, action: str) -> Operation:
    """Plan to remove three copies, and return what waits."""
    proposed = cellar.dedupe(action=action, dry_run=True)
    assert proposed.counts.planned == 3
    return proposed


def odd_one(cellar: Cellar, done: Operation) -> tuple[str, str]:
    """Return outcome and reason of the one step that was not done."""
    (odd,) = [each for each in cellar.reasons(done) if each[0] != "done"]
    return odd


def is_of(call: seam.Call, name: bytes) -> bool:
    return any(isinstance(each, bytes) and os.path.basename(each) == name for each in call.arguments)


# -- a file that changes


def _edited(path: Path) -> None:
    path.write_bytes(b"TWO")


def _removed(path: Path) -> None:
    path.unlink()


def _replaced(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.mkdir()


@each_action
@pytest.mark.parametrize("change", [_edited, _removed, _replaced])
@pytest.mark.parametrize("which", ["kept", "more"])
def test_a_file_that_changed_since_it_was_found(
    cellar: Cellar, action: str, change: Callable[[Path], None], which: str
) -> None:
    proposed = planned(cellar, action)
    change(cellar.inbox / which / "b")
    before = cellar.whole()
    done = cellar.approve(proposed)
    result, reason = odd_one(cellar, done)
    assert (done.state, done.counts.done, result, bool(reason)) == ("partial", 2, "skipped", True)
    now = cellar.whole()[0]
    assert {path: now.get(path) for path in before[0] if path[-1:] == b"b"} == {
        path: found for path, found in before[0].items() if path[-1:] == b"b"
    }
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


# -- a folder that is gone


@each_action
def test_a_folder_that_is_unmounted_before_its_copies_go(cellar: Cellar, action: str) -> None:
    proposed = planned(cellar, action)
    before = cellar.whole()
    cellar.inbox.rename(cellar.base / "unplugged")
    failed = cellar.approve(proposed)
    assert (failed.state, failed.counts.done) == ("failed", 0)
    assert "it was unmounted, removed or replaced" in (failed.error or "")
    (cellar.base / "unplugged").rename(cellar.inbox)
    assert cellar.whole() == before
    again = cellar.dedupe(action=action)
    assert (again.state, again.counts.done) == ("completed", 3)
    assert cellar.undo(again).state == "completed"
    assert cellar.whole() == before


@each_action
def test_a_folder_that_is_unmounted_while_its_copies_go(cellar: Cellar, action: str) -> None:
    proposed = planned(cellar, action)
    before = cellar.whole()
    gone: list[bool] = []

    def unplugging(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        if call.name in LEAVING and is_of(call, b"b") and not gone:
            gone.append(True)
            cellar.inbox.rename(cellar.base / "unplugged")
        return real(*call.arguments, **call.keywords)

    with seam.installed(unplugging):
        done = cellar.approve(proposed)
    assert gone
    assert done.counts.done + done.counts.skipped + done.counts.failed <= 3
    (cellar.base / "unplugged").rename(cellar.inbox)
    if done.counts.done:
        assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


# -- what the disk refuses


@each_action
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.EACCES, "permission denied: Permission denied"),
        (errno.EROFS, "the file system reported: Read-only file system"),
        (errno.ENOSPC, "no space left for it"),
        (errno.EDQUOT, "no space left for it"),
        (errno.EIO, "the file system reported: Input/output error"),
    ],
    ids=lambda each: errno.errorcode[each] if isinstance(each, int) else "",
)
def test_a_name_that_cannot_be_changed(cellar: Cellar, action: str, code: int, reason: str) -> None:
    proposed = planned(cellar, action)
    before = cellar.whole()

    def refusing(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        if call.name in LEAVING and is_of(call, b"b"):
            raise OSError(code, os.strerror(code))
        return real(*call.arguments, **call.keywords)

    with seam.installed(refusing):
        done = cellar.approve(proposed)
    assert (done.state, done.counts.done) == ("partial", 2)
    assert odd_one(cellar, done) == ("failed", reason)
    assert cellar.whole()[0][b"more/b"] == before[0][b"more/b"]
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


@each_action
@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_trash_that_cannot_be_made(cellar: Cellar, action: str, code: int) -> None:
    proposed = planned(cellar, action)
    before = cellar.whole()

    def refusing(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        if call.name == "mkdir" and b".shelver-trash" in bytes(call.arguments[0]):
            raise OSError(code, os.strerror(code))
        return real(*call.arguments, **call.keywords)

    with seam.installed(refusing):
        done = cellar.approve(proposed)
    assert done.counts.done == 0
    assert {result for result, _ in cellar.reasons(done)} == {"failed"}
    assert cellar.whole() == before


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@each_action
def test_what_may_not_be_read_is_left_out_of_the_search(cellar: Cellar, action: str) -> None:
    """As it would be for anybody but root: the kernel says so as soon as it is opened."""
    before = cellar.whole()
    real = os.open

    def refusing(path: Any, flags: int, *more: Any, **keywords: Any) -> int:
        if path == b"b":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, flags, *more, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", refusing)
        done = cellar.dedupe(action=action)
    assert (done.state, done.counts.done) == ("completed", 2)
    assert cellar.totals(done).left_out == {"files that cannot be read": 2}
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before
