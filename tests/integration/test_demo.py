"""The demo does all that it tells, comes back to the byte, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home
from tui.demo.picture import differences, picture


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def short() -> Iterator[Path]:
    """A temporary directory of its own for the demo, with a path short enough for a socket."""
    directory = Path(tempfile.mkdtemp(prefix="sh-"))
    yield directory
    shutil.rmtree(directory)


def test_off_a_terminal_the_demo_tells_its_story_and_leaves_nothing(home: Home, short: Path) -> None:
    told = home.process("demo", environment={"TMPDIR": str(short)})
    assert (told.code, told.err) == (0, "")
    assert "The folder is what it was: every name, byte, time, mode and link" in told.out
    assert "recipes.csv" in told.out
    assert list(short.iterdir()) == []
    assert not home.state.exists(), "the demo has a state of its own"


def test_the_demo_on_screens_goes_when_one_leaves(home: Home, short: Path) -> None:
    with home.terminal("demo", environment={"TMPDIR": str(short)}) as terminal:
        terminal.wait_for("messy")
        terminal.type("q")
        assert terminal.end() == 0
    assert b"Nothing of the demo is left behind." in terminal.shown
    assert list(short.iterdir()) == []


@pytest.mark.heavy
def test_a_kept_demo_can_be_looked_at(home: Home, short: Path) -> None:
    told = home.process("demo", "--headless", "--keep", environment={"TMPDIR": str(short)})
    assert told.code == 0
    (kept,) = short.iterdir()
    assert f"Kept: {kept}" in told.out
    operations = home.run("ops", "--state", kept / "state", "--json").objects
    assert {"organize", "dedupe", "rollback"} == {each["kind"] for each in operations}
    assert {each["state"] for each in operations} == {"completed"}


def test_a_picture_sees_every_difference(tmp_path: Path) -> None:
    root = tmp_path / "root"
    trees.messy(root)
    before = picture(root)
    assert differences(before, picture(root)) == []

    def changed(what: str) -> list[bytes]:
        return differences(before, picture(root))

    (root / "notes.txt").chmod(0o600)
    assert changed("mode") == [b"notes.txt"]
    (root / "notes.txt").chmod(0o644)
    os.utime(root / "notes.txt", ns=(0, 0))
    assert changed("time") == [b"notes.txt"]
    trees.write(root / "notes.txt", b"other note")
    assert changed("content") == [b"notes.txt"]
    trees.write(root / "notes.txt", b"some notes")
    assert changed("nothing") == []
    (root / "empty").rmdir()
    assert changed("folder") == [b"empty"]
    (root / "empty").mkdir()
    content, status = (root / "twin.bin").read_bytes(), (root / "twin.bin").stat()
    (root / "twin.bin").unlink()
    trees.write(root / "twin.bin", content, status.st_mtime_ns)
    assert changed("hard link") == [b"song.mp3", b"twin.bin"]
