"""The groups that a search found, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import index
from typing import overload

import numpy as np

from core.duplicates import ExactGroup, Groups, Member
from core.duplicates.equals import Runs
from core.duplicates.files import Digests, Files, Numbers
from core.duplicates.reader import DIGEST
from core.planners.scope import is_unfinished
from core.storage import Entry

_64_BITS = (1 << 64) - 1


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
        paths, places = _paths(files, names)
        is_whole = np.array([not is_unfinished(path[path.rfind(b"/") + 1 :]) for path in paths], np.bool_)
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
            return [self._group(each) for each in range(*number.indices(len(self)))]
        wanted = index(number) + (len(self) if number < 0 else 0)
        if not 0 <= wanted < len(self):
            raise IndexError(number)
        return self._group(wanted)

    def _group(self, number: int) -> ExactGroup:
        start, end = self._starts[number : number + 2].tolist()
        names = zip(self._inodes[start:end].tolist(), map(self._name, range(start, end)), strict=True)
        members = [_member([name for _, name in same]) for _, same in groupby(names, lambda each: each[0])]
        members.sort(key=lambda member: (member.root, member.entry.path))
        digest = self._digests[number * DIGEST : (number + 1) * DIGEST]
        return ExactGroup(digest, members[0].entry.size, tuple(members))

    def _name(self, number: int) -> tuple[bytes, Entry]:
        size, mtime, ctime, inode, links = self._rows[number].tolist()
        device = int(self._devices[number])
        root = self._roots[self._places[number]]
        return root, Entry(self._paths[number], inode & _64_BITS, size, mtime, ctime, device, links)


def _member(names: list[tuple[bytes, Entry]]) -> Member:
    (root, entry), *others = sorted(names, key=lambda name: (name[0], name[1].path))
    return Member(root, entry, tuple((root, entry.path) for root, entry in others))


def _paths(files: Files, names: Numbers) -> tuple[list[bytes], Numbers]:
    """Return the paths of some files (in ascending order), and the place of each."""
    parts = files.parts_of(names)
    cuts = np.flatnonzero(np.diff(parts, append=-1)) + 1
    paths: list[bytes] = []
    start = 0
    for end in cuts.tolist():
        part = files.parts[parts[start]]
        found = files.names(part, names[start:end]).split(b"\0")
        if part.directory:
            prefix = part.directory + b"/"
            found = [prefix + name for name in found]
        paths += found
        start = end
    places = np.array([part.place for part in files.parts], np.int64)
    return paths, places[parts]


def _of_several(groups: Numbers, inodes: Numbers) -> Numbers:
    """Return which files (sorted by group, then inode) are in a group that has more than one inode."""
    if not len(groups):
        return np.zeros(0, np.int64)
    is_new = (np.diff(groups, prepend=-1) != 0) | (np.diff(inodes, prepend=-1) != 0)
    counts = np.bincount(groups, is_new)
    return np.flatnonzero(counts[groups] > 1)
