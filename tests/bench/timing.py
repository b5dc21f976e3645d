"""Timing for benches: several runs in turn, the median, and a ratio."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

EXTENSIONS = ["jpg", "png", "pdf", "txt", "mp3", "mp4", "zip", "csv", "docx", "xlsx", "py", "html", "gif", "flac", "mkv", "epub", "tar", "json", "iso", "ttf"]


@dataclass
class Timings:
    """Seconds by name, over several rounds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Time what happens within."""
        start = perf_counter()
        yield
        self.seconds.setdefault(name, []).append(perf_counter() - start)

    def median(self, name: str) -> float:
        """Return the median of the rounds, in seconds."""
        return median(self.seconds[name])

    def report(self, files: int, floor: str) -> None:
        """Print each timing as files a second and as a share of the floor's speed."""
        for name in self.seconds:
            seconds = self.median(name)
            share = self.median(floor) / seconds
            print(f"  {name:<34}{seconds:8.2f} s {files / seconds:12,.0f} files/s {share:8.2f} of {floor}")


def rounds(count: int, act: Callable[[int], None]) -> None:
    """Do something several times, so that medians mean something on a noisy machine."""
    for number in range(count):
        act(number)


def make_files(folder: Path, count: int, *, folders: int = 100, seed: int = 42) -> None:
    """Make small files of twenty extensions, two folders deep."""
    chance = random.Random(seed)
    for number in range(folders):
        (folder / f"d{number % 10}" / f"e{number}").mkdir(parents=True)
    for number in range(count):
        place = folder / f"d{number % folders % 10}" / f"e{number % folders}"
        name = place / f"file{number:06}.{EXTENSIONS[number % len(EXTENSIONS)]}"
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(descriptor, chance.randbytes(chance.randrange(512)))
        os.close(descriptor)
