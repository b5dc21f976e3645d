"""Folders full of copies, of which is known what is a copy of what."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

Truth = set[frozenset[frozenset[bytes]]]
"""Groups of files with the same content, each file as the set of its names (absolute)."""

_MIB = 1 << 20


def make_small(root: Path, files: int, seed: int = 1) -> Truth:
    """Make files of 1 to 16 KiB in a hundredth as many folders; a fifth of them are copies."""
    chance = random.Random(seed)
    folders = [root / f"d{number % 50:02}" / f"e{number:04}" for number in range(max(1, files // 100))]
    for folder in folders:
        folder.mkdir(parents=True)
    contents: list[tuple[int, int]] = []
    made: dict[int, set[frozenset[bytes]]] = defaultdict(set)
    for number in range(files):
        which = chance.randrange(len(contents)) if contents and chance.random() < 0.2 else len(contents)
        if which == len(contents):
            contents.append((chance.getrandbits(64), chance.randrange(1024, 16 * 1024)))
        seed, size = contents[which]
        path = folders[number % len(folders)] / f"file-{number:06}.dat"
        path.write_bytes(random.Random(seed).randbytes(size))
        made[which].add(frozenset([os.fsencode(path)]))
    return {frozenset(same) for same in made.values() if len(same) > 1}


def make_large(root: Path, gigabytes: float, seed: int = 2) -> Truth:
    """Make files of 1 to 8 MiB: copies, hard links, some of one size, some that differ only in the middle."""
    chance = random.Random(seed)
    root.mkdir(parents=True)
    made: dict[int, list[set[bytes]]] = defaultdict(list)
    total = number = 0
    contents: dict[int, Path] = {}
    while total < gigabytes * 1e9:
        path, kind, number = root / f"d{number % 20}" / f"film-{number:05}.mkv", chance.random(), number + 1
        path.parent.mkdir(exist_ok=True)
        which = chance.choice(list(contents)) if contents and kind < 0.36 else -1
        if which >= 0 and kind < 0.05:
            os.link(contents[which], path)
            made[which][0].add(os.fsencode(path))
            continue
        new = chance.randrange(_MIB, 8 * _MIB)
        content = bytearray(contents[which].read_bytes() if which >= 0 else os.urandom(new))
        if which >= 0 and kind < 0.18:  # the same size alone, or both ends too
            middle = len(content) // 2 if kind < 0.11 else 0
            content[middle : middle + 8] = number.to_bytes(8, "big")
            which = -1
        if which < 0:
            which, contents[number] = number, path
        path.write_bytes(content)
        made[which].append({os.fsencode(path)})
        total += len(content)
    return {frozenset(map(frozenset, same)) for same in made.values() if len(same) > 1}


def change(paths: list[Path], chance: random.Random) -> None:
    """Give files other content of the same size."""
    for path in paths:
        path.write_bytes(chance.randbytes(path.stat().st_size))


def files_beneath(root: Path) -> Iterator[Path]:
    """Yield all files."""
    for folder, _, names in os.walk(root):
        yield from (Path(folder, name) for name in names)
