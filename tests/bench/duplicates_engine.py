"""Shelver's search as a process that has started already: reads what to do, a line each, and tells how long it took.

    cold|again|verified ROOT DATABASE

An answer is seconds by the clock and of all processors, groups and redundant files, with tabs between. Nothing of
starting Python is in the seconds, and everything of the search is: opening the database, the walk, the reading, every
group in hand, and all written down.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter

from core.duplicates import Groups, Place, exact
from core.duplicates.contents import Contents
from core.duplicates.verified import verified


def quietly(phase: str, done: int, total: int) -> None:
    """Take no note."""


def search(how: str, root: Path, database: Path) -> Groups:
    """Search once."""
    with Contents(database) as contents:
        groups = exact.search([Place(root.name, os.fsencode(root))], contents, 1, quietly)
    return verified(groups, quietly) if how == "verified" else groups


def main() -> None:
    """Do what the lines of stdin say."""
    for line in sys.stdin:
        how, root, database = line.rstrip("\n").split("\t")
        if how != "again":
            for suffix in ("", "-wal", "-shm", ".lock"):
                Path(database + suffix).unlink(missing_ok=True)
        start, used = perf_counter(), _processors()
        groups = search(how, Path(root), Path(database))
        redundant = sum(len(group.members) - 1 for group in groups)
        print(f"{perf_counter() - start}\t{_processors() - used}\t{len(groups)}\t{redundant}", flush=True)


def _processors() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
