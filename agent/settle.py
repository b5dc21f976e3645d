"""When a file is whole: nothing about it changed for a while.

Time is monotonic and handed in, so that a change of the clock or the end of a standby means nothing, and tests
need not wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from core.storage import Entry


@dataclass
class _Candidate:
    stamp: tuple[int, int, int, int]
    due: float


class Settling:
    """The files of one folder that somebody may still be writing.

    `seconds`: how long a file must not change. Unfinished downloads never come here: their names tell.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._candidates: dict[bytes, _Candidate] = {}  # each waits equally long: the first is due first

    def __len__(self) -> int:
        return len(self._candidates)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._candidates)

    def add(self, entries: Iterable[Entry], now: float) -> None:
        """Take files in that were found together; one that is known already starts anew only if it changed."""
        for entry in entries:
            known = self._candidates.get(entry.path)
            if known is None or known.stamp != _stamp(entry):
                self._wait(entry, now)

    def _wait(self, entry: Entry, now: float) -> None:
        self._candidates.pop(entry.path, None)
        self._candidates[entry.path] = _Candidate(_stamp(entry), now + self.seconds)

    def drop(self, path: bytes) -> None:
        """Forget a file."""
        self._candidates.pop(path, None)

    def clear(self) -> None:
        """Forget all files."""
        self._candidates.clear()

    @property
    def next_due(self) -> float | None:
        """When the next file should be looked at, or None while there is none."""
        return next((candidate.due for candidate in self._candidates.values()), None)

    def settled(
        self, now: float, look: Callable[[bytes], Entry | None], in_use: Callable[[bytes], bool]
    ) -> list[Entry]:
        """Return the files that are whole by now, and forget them.

        `look` returns what is at a path now, or None; `in_use` tells whether a program has it open for writing.
        Both touch the disk. A file that changed, or is in use, waits anew.
        """
        found: list[Entry] = []
        for path in [path for path, candidate in self._candidates.items() if candidate.due <= now]:
            entry = look(path)
            candidate = self._candidates[path]
            if entry is None:
                self.drop(path)
            elif _stamp(entry) != candidate.stamp or in_use(path):
                self._wait(entry, now)
            else:
                self.drop(path)
                found.append(entry)
        return found


def _stamp(entry: Entry) -> tuple[int, int, int, int]:
    return entry.inode, entry.size, entry.mtime_ns, entry.ctime_ns
