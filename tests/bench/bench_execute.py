"""How fast plans are carried out, as ratios of a bare loop in the same run.

    python tests/bench/bench_execute.py [files] [directory]

Prints one line for each of: the walk, planning's share (writing and reading the plan), and the executor with all its
checks, its journal and its syncs. `ratio` is to `os.scandir` + `os.rename` over the same tree.
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

FOLDERS = 200


class Nobody:
    """Watches nothing."""

    def advanced(self, tally: Tally) -> None:
        """Take no note."""

    def check_cancelled(self) -> None:
        """Never stop."""


def main() -> None:
    """Measure."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=sys.argv[2] if len(sys.argv) > 2 else None))
    try:
        floor = _bare(directory / "floor", files)
        print(f"bare scandir + rename    {files / floor:10,.0f} files/s")
        _shelver(directory, files, floor)
    finally:
        shutil.rmtree(directory)


def _tree(root: Path, files: int) -> None:
    for number in range(FOLDERS):
        (root / "in" / str(number)).mkdir(parents=True)
        (root / "out" / str(number)).mkdir(parents=True)
    for number in range(files):
        (root / "in" / str(number % FOLDERS) / f"IMG_{number:07}.jpg").touch()


def _bare(root: Path, files: int) -> float:
    _tree(root, files)
    start = perf_counter()
    for folder in os.scandir(root / "in"):
        for item in os.scandir(folder.path):
            os.rename(item.path, f"{root}/out/{folder.name}/{item.name}")
    return perf_counter() - start


def _shelver(directory: Path, files: int, floor: float) -> None:
    root = directory / "shelver"
    _tree(root, files)
    marks = [perf_counter()]
    with LocalStorage(os.fsencode(root)) as storage:
        entries = list(storage.walk())
    marks.append(perf_counter())
    steps = [
        Step(number, "move", entry.path, b"out" + entry.path[2:], fingerprint=entry.fingerprint, why="rule")
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
