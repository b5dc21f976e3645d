"""A program that swaps directories with symlinks while files are moved: nothing ever lands outside the folder."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home

_LIBC = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
FILES = 400


@contextmanager
def flipping(*directories: Path, outside: Path, hidden: Path) -> Iterator[None]:
    """Swap directories that exist with symlinks to another place, again and again; put them back at the end."""
    hidden.mkdir()
    links = {directory: hidden / directory.name for directory in directories}
    for link in links.values():
        link.symlink_to(outside)
    ended = threading.Event()

    def swap(directory: Path) -> None:
        _LIBC.renameat2(_AT_FDCWD, os.fsencode(directory), _AT_FDCWD, os.fsencode(links[directory]), _RENAME_EXCHANGE)

    def flip() -> None:
        while not ended.is_set():
            for directory in directories:
                swap(directory)

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for directory in directories:
            if directory.is_symlink():
                swap(directory)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.mark.parametrize("flipped", [["in0", "in1", "Documents"], ["Documents/2014"]])
def test_nothing_leaves_the_folder_while_links_flip(home: Home, flipped: list[str]) -> None:
    outside = home.path / "outside"
    trees.build(outside, {"2014": {"theirs.txt": "t"}, "theirs.txt": "t"})
    before = trees.read(outside)
    trees.build(home.downloads, {f"in{n % 2}": {f"{m}.txt": str(m) for m in range(n % 2, FILES, 2)} for n in range(2)})
    trees.build(home.downloads, {"Documents": {"2014": {}}})
    directories = [home.downloads / name for name in flipped]
    with flipping(*directories, outside=outside, hidden=home.path / "hidden"):
        home.run("organize", "--subfolders", "Downloads")
        home.run("undo", "last")
    assert trees.read(outside) == before
    kept = [*home.downloads.rglob("*.txt"), *(home.path / "hidden").rglob("*.txt")]
    assert sorted(int(path.stem) for path in kept) == list(range(FILES))
