"""Has readers read many files, in requests of a good size, and puts their digests where they belong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from core.duplicates.files import SIZE, Digests, Files, Numbers, digests
from core.duplicates.reader import END, FIRST, TROUBLES, WHOLE
from core.duplicates.readers import Readers, Task

_FILES_AT_ONCE = 512
_BYTES_AT_ONCE = 16 * 1024 * 1024
CHANGED = "files that changed while they were read"
UNREADABLE = "files that cannot be read"


@dataclass
class Reads:
    """Reads of some files (in ascending order), of one `kind`, whose digests go to `target`.

    `tell` hears how many files are done, and may raise to stop. `left_out` counts those that have no digest.
    """

    files: Files
    numbers: Numbers
    kind: bytes
    target: Digests
    tell: Callable[[int], None]
    left_out: Counter[str]
    done: int = 0

    def run(self, readers: Readers) -> None:
        """Read them all."""
        tasks = self._tasks()
        readers.run(lambda: next(tasks, None), lambda: self.tell(self.done))

    def _tasks(self) -> Iterator[Task]:
        """Yield requests for the files, in the order of their directories."""
        parts = self.files.parts_of(self.numbers)
        batches = np.floor(np.cumsum(self._costs())).astype(np.int64)
        cuts = np.flatnonzero((np.diff(parts) != 0) | (np.diff(batches) != 0)) + 1
        starts, ends = [0, *cuts.tolist()], [*cuts.tolist(), len(self.numbers)]
        begun, batch = 0, -1
        request: list[bytes] = []
        for start, end in zip(starts, ends, strict=True):
            if start == end:
                return
            part = self.files.parts[parts[start]]
            root = self.files.places[part.place].root
            if batches[start] != batch or request[1] != root:
                if request:
                    yield self._task(request, self.numbers[begun:start])
                begun, batch = start, batches[start]
                request = [self.kind, root]
            some = self.numbers[start:end]
            request += (part.directory, self.files.names(part, some), self.files.rows[some].tobytes())
        yield self._task(request, self.numbers[begun:])

    def _costs(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return which part of a request each file is worth."""
        sizes = self.files.rows[self.numbers, SIZE]
        read = np.where(sizes > WHOLE, 2 * END, sizes) if self.kind == FIRST else sizes
        return read / _BYTES_AT_ONCE + 1 / _FILES_AT_ONCE

    def _task(self, request: list[bytes], asked: Numbers) -> Task:
        def then(answer: list[bytes]) -> None:
            content, troubles = answer
            self.target[asked] = digests(content)
            note_troubles(troubles, self.left_out)
            self.done += len(asked)

        return Task(request, then)


def note_troubles(troubles: bytes, left_out: Counter[str]) -> None:
    """Add what a reader says it could not digest to what is left out."""
    changed, unreadable = TROUBLES.unpack(troubles)
    if changed:
        left_out[CHANGED] += changed
    if unreadable:
        left_out[UNREADABLE] += unreadable
