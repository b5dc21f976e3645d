"""How fast plans are carried out, as ratios of a bare loop in the same run.

    python tests/bench/bench_execute.py [files] [directory] [folders]

Prints one line for each of: the walk, planning's share (writing and reading the plan), and the executor with all its
checks, its journal and its syncs. `ratio` is to `os.scandir` + `os.rename` over the same tree: so many folders (1) of
files that go to 20 others.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from core.execute import Tally, execute
from core.journal import OperationFiles
from core.model import Plan, Request, Step
from core.storage.local import LocalStorage

TARGETS = 20


class Nobody:
    """Watches nothing."""

    def advanced(self, tally: Tally) -> None:
        """Take no note."""

    def check_cancelled(self) -> None:
        """Never stop."""


def main() -> None:
    """Measure."""
    files, where, folders = (*sys.argv[1:], *("20000", "", "1")[len(sys.argv) - 1 :])
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=where or None))
    try:
        measure(directory, int(files), int(folders))
    finally:
        shutil.rmtree(directory)


def measure(directory: Path, files: int, folders: int) -> None:
    """Measure the bare loop, then Shelver."""
    _tree(directory / "floor", files, folders)
    floor = _bare(os.fsencode(directory / "floor"))
    print(f"bare scandir + rename    {files / floor:10,.0f} files/s")
    _tree(directory / "shelver", files, folders)
    _shelver(directory, files, floor)


def _tree(root: Path, files: int, folders: int) -> None:
    for number in range(folders):
        (root / "in" / str(number)).mkdir(parents=True)
    for number in range(TARGETS):
        (root / "out" / f"{number:02}").mkdir(parents=True)
    for number in range(files):
        (root / "in" / str(number % folders) / f"IMG_{number:07}.x{number % TARGETS:02}").touch()


def _bare(root: bytes) -> float:
    start = perf_counter()
    for folder in os.scandir(root + b"/in"):
        for item in os.scandir(folder.path):
            os.rename(item.path, b"%s/out/%s/%s" % (root, item.name[-2:], item.name))
    return perf_counter() - start


def _shelver(directory: Path, files: int, floor: float) -> None:
    root = directory / "shelver"
    marks = [perf_counter()]
    with LocalStorage(os.fsencode(root)) as storage:
        entries = list(storage.walk())
    marks.append(perf_counter())
    steps = [
        Step(
            number,
            "move",
            entry.path,
            b"out/" + entry.path[-2:] + b"/" + os.path.basename(entry.path),
            fingerprint=entry.fingerprint,
            why="rule",
        )
        for number, entry in enumerate(entries)
    ]
    operation = OperationFiles(directory / "operations" / "bench")
    operation.directory.parent.mkdir()
    operation.create(Request(id="bench", kind="organize", folder="bench", created=datetime.now(UTC)))
    marks.append(perf_counter())
    operation.write_plan(Plan("bench", [os.fsencode(root)], steps))
    marks.append(perf_counter())
    plan = operation.plan()
    marks.append(perf_counter())
    with operation.journal() as journal:
        state, counts = execute(plan, journal, Nobody())
    marks.append(perf_counter())
    assert (state, counts.done) == ("completed", files), (state, counts)
    start = perf_counter()
    page = operation.steps(files * 9 // 10, 50)
    paging = perf_counter() - start
    assert page[0].seq == files * 9 // 10
    for name, before, after in zip(
        ("walk", "make steps", "write plan", "read plan", "execute"), marks, marks[1:], strict=False
    ):
        print(f"{name:24} {files / (after - before):10,.0f} files/s  ratio {floor / (after - before):6.2f}")
    print(
        f"{'all of it':24} {files / (marks[-1] - marks[0]):10,.0f} files/s  ratio {floor / (marks[-1] - marks[0]):6.2f}"
    )
    print(f"{'a page of 50 steps':24} {paging * 1000:10.2f} ms")


if __name__ == "__main__":
    main()
