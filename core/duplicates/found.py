"""The groups that a search found, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import index
from typing import overload

import numpy as np
from numpy.typing import NDArray

from core.duplicates import ExactGroup, Groups, Member
from core.duplicates.equals import Runs
from core.duplicates.files import Digests, Files, Numbers, entry_of
from core.duplicates.reader import DIGEST
from core.planners.scope import is_unfinished, may_be_unfinished
from core.storage import Entry

_AT_ONCE = 256
Name = tuple[bytes, bytes, Entry]
"""Root, path and the file itself: no two have the first two in common, so that they can be sorted."""


class Found(Groups):
    """Groups as numbers and paths; nothing is kept of files that are in none.

    `names`: the files looked at; `inodes`: for each file of all, the first of its names; `same`: those that agree,
    by the first of their names, with a digest for each.
    """

    def __init__(
        self, files: Files, names: Numbers, inodes: Numbers, same: Runs, digests: Digests, left_out: Mapping[str, int]
    ) -> None:
        self.left_out = left_out
        self._roots = [place.root for place in files.places]
        group_of = np.full(len(files), -1, np.int64)
        group_of[same.members] = same.of
        names = names[group_of[inodes[names]] >= 0]
        paths, places, is_whole = _paths(files, names)
        groups, keys = group_of[inodes[names]], inodes[names]
        order = np.lexsort((keys, groups))
        order = order[is_whole[order]]
        order = order[_of_several(groups[order], keys[order])]
        self._paths = [paths[number] for number in order.tolist()]
        self._places = places[order]
        self._inodes = keys[order]
        self._rows = files.rows[names[order]]
        self._devices = files.devices[names[order]]
        groups = groups[order]
        self._starts = np.append(np.flatnonzero(np.diff(groups, prepend=-1)), len(order))
        firsts = np.flatnonzero(np.diff(same.of, prepend=-1))
        self._digests = digests[firsts[groups[self._starts[:-1]]]].tobytes()

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, number: int, /) -> ExactGroup: ...

    @overload
    def __getitem__(self, numbers: slice, /) -> Sequence[ExactGroup]: ...

    def __getitem__(self, number: int | slice, /) -> ExactGroup | Sequence[ExactGroup]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        wanted = index(number) + (len(self) if number < 0 else 0)
        if not 0 <= wanted < len(self):
            raise IndexError(number)
        return self._groups(wanted, wanted + 1)[0]

    def __iter__(self) -> Iterator[ExactGroup]:
        for first in range(0, len(self), _AT_ONCE):
            yield from self._groups(first, min(first + _AT_ONCE, len(self)))

    def _groups(self, first: int, last: int) -> list[ExactGroup]:
        """Make some groups, one after the other."""
        starts = self._starts[first : last + 1]
        span = slice(int(starts[0]), int(starts[-1]))
        roots = self._roots
        names = [
            (roots[place], path, entry_of(path, row, device))
            for place, path, device, row in zip(
                self._places[span].tolist(),
                self._paths[span],
                self._devices[span].tolist(),
                self._rows[span].tolist(),
                strict=True,
            )
        ]
        inodes = self._inodes[span].tolist()
        digests = self._digests[first * DIGEST : last * DIGEST]
        groups = []
        for number, (start, end) in enumerate(pairwise((starts - span.start).tolist())):
            members = members_of(names[start:end], inodes[start:end])
            digest = digests[number * DIGEST : (number + 1) * DIGEST]
            groups.append(ExactGroup(digest, members[0].entry.size, members))
        return groups


def members_of(names: Sequence[Name], inodes: Sequence[Hashable]) -> tuple[Member, ...]:
    """Return the members that some names are of; `inodes` tells of each which it is."""
    if len(set(inodes)) == len(inodes):
        return tuple([Member(root, entry) for root, _, entry in sorted(names)])
    by_inode: dict[Hashable, list[Name]] = {}
    for name, inode in zip(names, inodes, strict=True):
        by_inode.setdefault(inode, []).append(name)
    members = []
    for (root, _, entry), *others in sorted(map(sorted, by_inode.values())):
        members.append(Member(root, entry, tuple((root, path) for root, path, _ in others)))
    return tuple(members)


def _paths(files: Files, names: Numbers) -> tuple[list[bytes], Numbers, NDArray[np.bool_]]:
    """Return the paths of some files (in ascending order), the place of each, and whether it is whole."""
    parts = files.parts_of(names)
    cuts = np.flatnonzero(np.diff(parts, append=-1)) + 1
    paths: list[bytes] = []
    is_whole = np.ones(len(names), np.bool_)
    start = 0
    for end in cuts.tolist():
        part = files.parts[parts[start]]
        together = files.names(part, names[start:end])
        found = together.split(b"\0")
        if may_be_unfinished(together):
            is_whole[start:end] = [not is_unfinished(name) for name in found]
        if part.directory:
            prefix = part.directory + b"/"
            found = [prefix + name for name in found]
        paths += found
        start = end
    places = np.array([part.place for part in files.parts], np.int64)
    return paths, places[parts], is_whole


def _of_several(groups: Numbers, inodes: Numbers) -> Numbers:
    """Return which files (sorted by group, then inode) are in a group that has more than one inode."""
    if not len(groups):
        return np.zeros(0, np.int64)
    is_new = (np.diff(groups, prepend=-1) != 0) | (np.diff(inodes, prepend=-1) != 0)
    counts = np.bincount(groups, is_new)
    return np.flatnonzero(counts[groups] > 1)
