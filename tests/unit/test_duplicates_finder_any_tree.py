"""Whatever was done to a tree between two searches, the second finds what reading every file would tell."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from core.duplicates import find_copies, readers
from core.duplicates.reader import WHOLE
from core.storage.local import LocalStorage
from tests.copies import Searcher, names, truth

_PLACES = ("one", "two")
_FOLDERS = ("", "a", "a/b", "c")
_NAMES = ("f", "g\n", "h.jpg", "i")
_SIZES = (0, 1, 5, 3000, WHOLE, WHOLE + 1, WHOLE + 70_000)

paths = st.builds(
    lambda *parts: "/".join(filter(None, parts)),
    st.sampled_from(_PLACES),
    st.sampled_from(_FOLDERS),
    st.sampled_from(_NAMES),
)


class Trees(RuleBasedStateMachine):
    """Two places in which files come, change, are copied, linked, moved and go."""

    @initialize()
    def begin(self) -> None:
        self.top = Path(tempfile.mkdtemp())
        for place in _PLACES:
            for folder in _FOLDERS:
                (self.top / place / folder).mkdir(parents=True, exist_ok=True)
        self.roots = [self.top / place for place in _PLACES]
        self.searcher = Searcher(self.top / "contents.db", *self.roots)

    def teardown(self) -> None:
        shutil.rmtree(self.top)

    @rule(path=paths, size=st.sampled_from(_SIZES), byte=st.integers(0, 1), place=st.floats(0, 1))
    def write(self, path: str, size: int, byte: int, place: float) -> None:
        """Make a file that differs from others of its size in one byte, or in none."""
        content = bytearray(size)
        if size:
            content[int(place * (size - 1))] = byte
        (self.top / path).unlink(missing_ok=True)
        (self.top / path).write_bytes(content)

    @rule(path=paths, place=st.floats(0, 1), byte=st.integers(0, 1))
    def edit(self, path: str, place: float, byte: int) -> None:
        """Change a file in place, and set its time back."""
        file = self.top / path
        if file.exists() and (before := os.stat(file)).st_size:
            with file.open("r+b") as writing:
                writing.seek(int(place * (before.st_size - 1)))
                writing.write(bytes([byte]))
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(source=paths, place=paths, how=st.sampled_from(["copy", "link", "move"]))
    def bring(self, source: str, place: str, how: str) -> None:
        """Copy, link or move a file."""
        one, other = self.top / source, self.top / place
        if not one.exists() or source == place:
            return
        other.unlink(missing_ok=True)
        if how == "copy":
            shutil.copy2(one, other)
        elif how == "link":
            os.link(one, other)
        else:
            one.rename(other)

    @rule(path=paths)
    def remove(self, path: str) -> None:
        """Remove a file."""
        (self.top / path).unlink(missing_ok=True)

    @rule(min_size=st.sampled_from([1, 2, 4000]), alone=st.booleans())
    def search(self, min_size: int, alone: bool) -> None:
        """Search with what earlier searches left, by one reader or several."""
        readers._ALONE_SECONDS = 60 if alone else -1
        try:
            assert names(self.searcher.search(min_size)) == truth(self.roots, min_size)
        finally:
            readers._ALONE_SECONDS = _ALONE_SECONDS

    @rule(path=paths, size=st.sampled_from(_SIZES), byte=st.integers(0, 1), is_told=st.booleans())
    def arrive(self, path: str, size: int, byte: int, is_told: bool) -> None:
        """Have a file arrive, and looked up: after a search that told all, or after who knows what."""
        if is_told:
            self.searcher.search()
        self.write(path, size, byte, 1.0)
        root, name = self.top / path.split("/", maxsplit=1)[0], os.fsencode(path).partition(b"/")[2].lstrip(b"/")
        with self.searcher.contents() as contents, LocalStorage(os.fsencode(root)) as storage:
            entry = storage.entry(name)
            assert entry is not None
            found = names(find_copies(storage.root, [entry], self.searcher.places, contents))
        own = storage.root + b"/" + name
        there = {group for group in truth(self.roots) if any(own in file for file in group)}
        if is_told:
            assert found == there
        for group in found:  # not all may be known, but what is told is true
            assert any(all(any(file <= other for other in same) for file in group) for same in there)


_ALONE_SECONDS = readers._ALONE_SECONDS

TestTrees = Trees.TestCase
TestTrees.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
