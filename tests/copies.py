"""Searches for duplicates in tests, and what is true: told by reading every file."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.duplicates import ExactGroup, Groups, Place, find_exact
from core.duplicates.contents import Contents

Names = frozenset[bytes]
"""All names of one file, absolute."""


class Searcher:
    """Searches again and again with the same contents, some time after every file was written."""

    def __init__(self, database: Path, *roots: Path, ignore: tuple[str, ...] = ()) -> None:
        self.database = database
        self.places = [Place(root.name, os.fsencode(root), ignore) for root in roots]
        self.phases: list[tuple[str, int, int]] = []

    def search(self, min_size: int = 1) -> Groups:
        """Search, and note how it went."""
        self.phases.clear()
        with self.contents() as contents:
            return find_exact(self.places, contents, min_size, self.report)

    def report(self, phase: str, done: int, total: int) -> None:
        """Note a report."""
        self.phases.append((phase, done, total))

    def contents(self) -> Contents:
        """Open the contents, by a clock that is ahead: nothing that was read is too fresh to be kept."""
        return Contents(self.database, lambda: time.time_ns() + 60 * 10**9)

    @property
    def read(self) -> int:
        """How many files the last search read."""
        return max((done for phase, done, _ in self.phases if phase == "planning"), default=0)


def names(groups: Iterable[ExactGroup]) -> set[frozenset[Names]]:
    """Return groups as sets of files, each the set of its names."""
    return {
        frozenset(
            frozenset([member.root + b"/" + member.entry.path, *(root + b"/" + path for root, path in member.also)])
            for member in group.members
        )
        for group in groups
    }


def truth(roots: Sequence[Path], min_size: int = 1) -> set[frozenset[Names]]:
    """Return the groups that are there, all files being looked at."""
    inodes: dict[tuple[int, int], set[bytes]] = defaultdict(set)
    for root in roots:
        for folder, _, files in os.walk(os.fsencode(root)):
            for name in files:
                path = os.path.join(folder, name)
                if not os.path.islink(path) and os.path.getsize(path) >= max(1, min_size):
                    inodes[os.stat(path).st_dev, os.stat(path).st_ino].add(path)
    same: dict[bytes, set[Names]] = defaultdict(set)
    for paths in inodes.values():
        with open(next(iter(paths)), "rb") as file:
            same[file.read()].add(frozenset(paths))
    return {frozenset(files) for files in same.values() if len(files) > 1}


def relative(groups: Iterable[ExactGroup]) -> list[list[bytes]]:
    """Return the paths of each group's members in their places."""
    return [[member.entry.path for member in group.members] for group in groups]
