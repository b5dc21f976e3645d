"""All files of some places as arrays: 1,000,000 of them weigh 100 MB and not a gigabyte."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.duplicates import Place
from core.duplicates.reader import COLUMNS, DIGEST, WHOLE
from core.storage import Entry

SIZE, MTIME, CTIME, INODE, LINKS = range(COLUMNS)
_64_BITS = 1 << 64

Numbers = NDArray[np.int64]
Digests = NDArray[np.uint64]
"""Two numbers for each file: its digest, or zeros where there is none."""


class Part(NamedTuple):
    """Some files of one directory, at most `PART` of them: where it lies, and their names with NUL between them.

    `start`: which of all files its first one is; `length`: how many. `is_stored`: the contents know it just so.
    """

    place: int
    directory: bytes
    number: int
    device: int
    names: bytes
    start: int
    length: int
    is_stored: bool


class Files:
    """The files that a walk found, each known by its number. The arrays stand once `settle` is called.

    `heads`: digests of first reads, that is of the whole of a file up to `WHOLE` bytes; `wholes`: of longer files.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self.parts: list[Part] = []
        self.rows: Numbers = np.zeros((0, COLUMNS), np.int64)
        self.heads: Digests = np.zeros((0, 2), np.uint64)
        self.wholes: Digests = self.heads
        self.starts: Numbers = np.zeros(0, np.int64)
        self.devices: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._rows = bytearray()
        self._known: list[tuple[int, bytes, bytes]] = []

    def __len__(self) -> int:
        return len(self._rows) // (COLUMNS * 8)

    def add(self, part: Part, rows: bytes, heads: bytes = b"", wholes: bytes = b"") -> None:
        """Take in a part, and what is known of its content; `wholes` or both may be empty."""
        self.parts.append(part)
        self._rows += rows
        if heads:
            self._known.append((part.start, heads, wholes))

    def settle(self) -> None:
        """Make the arrays: the walk has come to its end."""
        self.rows = np.frombuffer(self._rows, np.int64).reshape(-1, COLUMNS)
        self.heads = np.zeros((len(self), 2), np.uint64)  # takes memory only where something is written
        self.wholes = np.zeros((len(self), 2), np.uint64)
        for start, heads, wholes in self._known:
            for target, content in ((self.heads, heads), (self.wholes, wholes)):
                if content:
                    target[start : start + len(content) // DIGEST] = digests(content)
        self._known.clear()
        self.starts = np.array([part.start for part in self.parts], np.int64)
        counts = np.array([part.length for part in self.parts], np.int64)
        self.devices = np.repeat(np.array([part.device for part in self.parts], np.uint64), counts)

    def parts_of(self, numbers: Numbers) -> Numbers:
        """Return which part each of some files lies in."""
        return np.searchsorted(self.starts, numbers, "right") - 1

    def names(self, part: Part, numbers: Numbers) -> bytes:
        """Return the names of some files of a part, NUL between them."""
        if len(numbers) == part.length:
            return part.names
        names = part.names.split(b"\0")
        return b"\0".join([names[number] for number in (numbers - part.start).tolist()])

    def is_long(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Tell which files are longer than what is read at first."""
        is_long: NDArray[np.bool_] = self.rows[numbers, SIZE] > WHOLE
        return is_long


def row(entry: Entry) -> list[int]:
    """Return the row of a file."""
    return [entry.size, entry.mtime_ns, entry.ctime_ns, _signed(entry.inode), entry.links]


def asked(entries: Iterable[Entry]) -> bytes:
    """Return the rows of files for a reader, which goes by size, ctime_ns and inode."""
    most = _64_BITS // 2 - 1  # a time that no column holds is no file's: it is left out as changed
    numbers: list[int] = []
    for entry in entries:
        numbers += (entry.size, 0, min(entry.ctime_ns, most), _signed(entry.inode), 0)
    return array("q", numbers).tobytes()


def _signed(inode: int) -> int:
    return inode - _64_BITS if inode >= _64_BITS // 2 else inode


def entry_of(path: bytes, numbers: Sequence[int], device: int) -> Entry:
    """Return the file that a row tells of."""
    size, mtime, ctime, inode, links = numbers
    return Entry(path, inode % _64_BITS, size, mtime, ctime, device, links)


def digests(content: bytes) -> Digests:
    """Return digests that stand one after the other."""
    return np.frombuffer(content, np.uint64).reshape(-1, 2)


def are_there(found: Digests) -> NDArray[np.bool_]:
    """Tell which digests are there at all: one that is missing equals no other."""
    is_there: NDArray[np.bool_] = (found[:, 0] | found[:, 1]) != 0
    return is_there
