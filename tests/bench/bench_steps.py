"""Looking at an operation of a million steps: opening it, going to its end, finding something in it.

Figures are CPU seconds, since the machine may be busy; to read the whole plan is the floor.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.journal import Finished, OperationFiles, Started
from core.model import Counts, Fingerprint, Plan, Request, Step, now
from core.views.steps import StepPages

STEPS = 1_000_000
BATCH = 200
LINES = 50


def written(directory: Path, steps: int) -> OperationFiles:
    """Write an operation that ended: every thousandth step was skipped."""
    files = OperationFiles(directory)
    files.create(Request(id=directory.name, kind="organize", folder="photos", created=now()))
    name = b"IMG_%07d.JPG"
    files.write_plan(
        Plan(
            directory.name,
            [b"/srv/photos"],
            [
                Step(
                    number,
                    "move",
                    b"DCIM/" + name % number,
                    b"Pictures/2026/2026-%02d/" % (number % 12 + 1) + name % number,
                    fingerprint=Fingerprint(number, 3_000_000, 1_700_000_000_000_000_000),
                    why="pictures",
                )
                for number in range(steps)
            ],
        )
    )
    with files.journal() as journal:
        journal.add(Started("boot", 1, roots=[3]))
        for number in range(steps):
            skipped = number % 1000 == 999
            journal.add(Finished(number, "skipped" if skipped else "done", "open" if skipped else ""))
            if number % BATCH == BATCH - 1:
                journal.flush()
        journal.seal("partial", Counts(planned=steps, done=steps - steps // 1000, skipped=steps // 1000))
    return files


def seconds(look: Callable[[], object]) -> float:
    """Return the CPU time that a look takes."""
    before = time.process_time()
    look()
    return round(time.process_time() - before, 4)


def measured(steps: int) -> dict[str, float]:
    """Return what each look takes, in CPU seconds."""
    with tempfile.TemporaryDirectory() as directory:
        files = written(Path(directory) / "abcd2345", steps)
        StepPages().page(files, 0, 1)  # whoever carried it out has kept its outcomes
        pages = StepPages()
        return {
            "read the whole plan": seconds(files.plan),
            "open": seconds(lambda: pages.lines(files, 0, LINES)),
            "next page": seconds(lambda: pages.lines(files, LINES, LINES)),
            "end": seconds(lambda: pages.lines(files, steps - LINES, LINES)),
            "find a name": seconds(lambda: pages.page(files, 0, LINES, "img_0000042")),
            "the same again": seconds(lambda: pages.page(files, 0, LINES, "img_0000042")),
            "skipped": seconds(lambda: pages.page(files, 0, LINES, "", "skipped")),
        }


def main() -> None:
    """Print what each look takes."""
    for look, cpu in measured(STEPS).items():
        print(f"{look:<22}{cpu * 1000:>9,.1f} ms")


if __name__ == "__main__":
    main()
