"""Which of many files share a size, an inode or a digest: by sorting numbers, never by an object for each file."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.duplicates.files import INODE, SIZE, Digests, Files, Numbers


class Runs(NamedTuple):
    """Files that belong together, two or more. `of`: which run (0, 1, …) each of the `members` is in."""

    members: Numbers
    of: Numbers


def runs(numbers: Numbers, *keys: NDArray[np.int64] | NDArray[np.uint64]) -> Runs:
    """Return those that agree in every key, runs in the order of the keys, members in the order they came in."""
    order = np.lexsort(keys[::-1])
    is_first = np.ones(len(numbers) + 1, np.bool_)
    if len(numbers):
        is_first[1:-1] = False
        for key in keys:
            is_first[1:-1] |= key[order[1:]] != key[order[:-1]]
    is_alone = is_first[1:] & is_first[:-1]
    return Runs(numbers[order][~is_alone], np.cumsum(is_first[:-1][~is_alone]) - 1)


def first_names(files: Files, candidates: Numbers) -> Numbers:
    """Return for each file of all the first one that is another name of the same inode; mostly it is that itself."""
    first = np.arange(len(files))
    inodes = files.rows[candidates, INODE]
    ordered = np.sort(inodes)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(shared):
        names = candidates[np.isin(inodes, shared)]
        members, of = runs(names, files.rows[names, INODE], files.devices[names])
        starts = np.flatnonzero(np.diff(of, prepend=-1))
        first[members] = members[starts][of]
    return first


def of_one_size(files: Files, inodes: Numbers) -> Numbers:
    """Return, of files each of another inode, those that share their size with some other; in ascending order."""
    return inodes[_are_twins(files.rows[inodes, SIZE])]


def of_one_digest(files: Files, inodes: Numbers, digests: Digests) -> Runs:
    """Return the files of one size and digest, the largest first."""
    kept = _are_twins(digests[:, 0])  # mostly few: only these are looked at more closely
    inodes, digests = inodes[kept], digests[kept]
    return runs(inodes, -files.rows[inodes, SIZE], digests[:, 0], digests[:, 1])


def _are_twins(values: NDArray[np.int64] | NDArray[np.uint64]) -> NDArray[np.bool_]:
    order = np.argsort(values)
    is_same = values[order[1:]] == values[order[:-1]]
    found = np.zeros(len(values), np.bool_)
    found[order[1:][is_same]] = True
    found[order[:-1][is_same]] = True
    return found
