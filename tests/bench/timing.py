"""Timing for benches: several runs in turn, the median, and a ratio."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

EXTENSIONS = (
    *("jpg", "png", "gif", "pdf", "txt", "docx", "xlsx", "epub", "html", "csv"),
    *("mp3", "flac", "mp4", "mkv", "zip", "tar", "iso", "json", "py", "ttf"),
)

A_YEAR_AGO = 1_730_000_000
"""Most files of a real folder are old: nobody writes to them right now."""


@dataclass
class Timings:
    """Seconds by name, over several rounds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    _labels: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Time what happens within."""
        start = perf_counter()
        yield
        self.add(name, perf_counter() - start)

    def add(self, name: str, seconds: float, *, of: str = "") -> None:
        """Take in what was timed elsewhere; `of`: what it is a part of."""
        self.seconds.setdefault(f"{of}{name}", []).append(seconds)
        self._labels[f"{of}{name}"] = name

    def median(self, name: str) -> float:
        """Return the median of the rounds, in seconds."""
        return median(self.seconds[name])

    def report(self, files: int, floor: str) -> None:
        """Print each timing as files a second, microseconds a file, and as a share of the floor's speed."""
        for name in self.seconds:
            seconds = self.median(name)
            share = self.median(floor) / seconds
            each = f"{files / seconds:12,.0f} files/s {seconds / files * 1e6:8.1f} us each"
            print(f"  {self._labels[name]:<36}{seconds:8.2f} s {each} {share:8.2f} of {floor}")

    def compare(self, name: str, other: str) -> None:
        """Print how fast one is beside another."""
        print(f"  {name}: {self.median(other) / self.median(name):.2f} of {other}")


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
        os.utime(descriptor, (A_YEAR_AGO + number, A_YEAR_AGO + number))
        os.close(descriptor)
