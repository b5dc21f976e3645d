"""Every pair of 64-bit hashes that differ in few bits: exact, without comparing each with each.

The bits are cut into three bands. Of two hashes that differ in at most eight bits, one band differs in at most two
(pigeons and holes): so for each band whatever has the same key, or one that is one or two bits off, is compared in
full. For few hashes, or distances so large that too many keys would be near, each is compared with each.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Positions = NDArray[np.signedinteger[Any]]

_AT_ONCE = 1 << 18
"""Comparisons in one go: what they need stays in a processor's own memory."""

# What one comparison, one look for a key and one round of looks cost, measured, in nanoseconds.
_COMPARE, _CANDIDATE, _LOOK, _ROUND = 1.6, 12.0, 6.0, 60_000.0


@dataclass(frozen=True)
class _Band:
    """Some bits of a hash: `width` of them above the lowest `shift`; `slack`: how many may differ."""

    shift: int
    width: int
    slack: int

    def keys(self, hashes: Hashes) -> Positions:
        return ((hashes >> np.uint64(self.shift)) & np.uint64((1 << self.width) - 1)).astype(np.int64)

    def flips(self, highest: int) -> list[int]:
        """Return every difference that two keys may have, up to a highest bit."""
        lower = [each for count in range(self.slack) for each in combinations(range(highest), count)]
        return [1 << highest | sum(1 << bit for bit in bits) for bits in lower]

    @property
    def rounds(self) -> int:
        return sum(comb(self.width, count) for count in range(self.slack + 1))


class Pairs:
    """Pairs of positions, gathered until there are more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._parts: list[tuple[Positions, Positions]] = []

    def add(self, first: Positions, second: Positions) -> bool:
        """Take in some pairs; False when there are now too many."""
        self._parts.append((np.minimum(first, second), np.maximum(first, second)))
        self._count += len(first)
        return self._count <= self._most

    def sorted(self) -> tuple[Positions, Positions]:
        """Return the lower and the higher position of each pair, in order."""
        none = np.empty(0, np.int64)
        first = np.concatenate([none, *(part[0] for part in self._parts)])
        second = np.concatenate([none, *(part[1] for part in self._parts)])
        order = np.lexsort((second, first))
        return first[order], second[order]


def pairs_within(hashes: Hashes, leading: int, distance: int, most: int) -> tuple[Positions, Positions] | None:
    """Return every pair of positions whose hashes differ in at most `distance` bits, the lower one among the first
    `leading`; in order. None if there are more than `most` such pairs.
    """  # fmt: skip
    bands = _bands(distance)
    found = Pairs(most)
    if _cost_of_all(hashes, leading) <= _cost_of(bands, hashes, leading):
        whole = _each_with_each(hashes, leading, distance, found)
    else:
        earlier = [bands[:number] for number in range(len(bands))]
        searches = (_Search(hashes, leading, distance, *each) for each in zip(bands, earlier, strict=True))
        whole = all(search.into(found) for search in searches)
    return found.sorted() if whole else None


def _bands(distance: int) -> list[_Band]:
    """Cut 64 bits so that the slacks of the bands, and one for each but the first, add up to the distance."""
    slack, rest = divmod(max(0, distance - 2), 3)
    return [
        _Band(0, 21, slack + (rest > 0)),
        _Band(21, 21, slack + (rest > 1)),
        _Band(42, 22, slack),
    ]


def _cost_of_all(hashes: Hashes, leading: int) -> float:
    return _COMPARE * leading * (len(hashes) - leading / 2)


def _cost_of(bands: list[_Band], hashes: Hashes, leading: int) -> float:
    looks = leading / 2 if leading == len(hashes) else leading
    return sum(
        band.rounds * (_ROUND + looks * (_LOOK + _CANDIDATE * len(hashes) / (1 << band.width))) for band in bands
    )


def _each_with_each(hashes: Hashes, leading: int, distance: int, found: Pairs) -> bool:
    rows = 64
    columns = _AT_ONCE // rows
    for top in range(0, leading, rows):
        some = hashes[top : min(top + rows, leading), np.newaxis]
        for left in range(top, len(hashes), columns):
            near = np.bitwise_count(some ^ hashes[left : left + columns]) <= distance
            row, column = np.nonzero(near)
            first, second = row + top, column + left
            is_pair = first < second
            if not found.add(first[is_pair], second[is_pair]):
                return False
    return True


class _Search:
    """The search by one band: positions here are those in the order of its keys.

    Pairs that one of the `earlier` bands finds are left to it.
    """

    def __init__(self, hashes: Hashes, leading: int, distance: int, band: _Band, earlier: list[_Band]) -> None:
        keys = band.keys(hashes)
        self._order = np.argsort(keys, kind="stable").astype(np.int32)
        self._hashes = hashes[self._order]
        self._keys = keys[self._order]
        counts = np.bincount(keys, minlength=1 << band.width)
        self._ends = np.cumsum(counts, dtype=np.int32)
        self._starts = self._ends - counts.astype(np.int32)
        self._has_one, self._has_more = counts > 0, counts > 1  # small enough to stay near the processor
        self._leading = leading
        self._distance = distance
        self._band = band
        self._earlier = earlier

    def into(self, found: Pairs) -> bool:
        """Add all pairs; False when there are too many."""
        return self._of_one_key(found) and all(
            self._of_keys_apart(np.flatnonzero(self._looks(bit)), self._band.flips(bit), found)
            for bit in range(self._band.width)
        )

    def _looks(self, bit: int) -> NDArray[np.bool_]:
        """Tell who looks for keys that differ from its own in this bit and lower ones."""
        leading: NDArray[np.bool_] = self._order < self._leading
        if self._leading < len(self._keys):
            return leading
        lower: NDArray[np.bool_] = leading & (self._keys >> bit & 1 == 0)
        return lower  # of two, one looks

    def _of_one_key(self, found: Pairs) -> bool:
        at = np.flatnonzero(self._has_more[self._keys] & (self._order < self._leading))
        return self._compare_many(at, at + 1, self._ends[self._keys[at]], found)

    def _of_keys_apart(self, at: Positions, flips: list[int], found: Pairs) -> bool:
        keys = self._keys[at]
        for flip in flips:
            theirs = keys ^ flip
            met = np.flatnonzero(self._has_one[theirs])
            looking, theirs = at[met], theirs[met]
            first = self._starts[theirs]
            if not self._compare(looking, first, found):
                return False
            more = np.flatnonzero(self._has_more[theirs])
            if not self._compare_many(looking[more], first[more] + 1, self._ends[theirs[more]], found):
                return False
        return True

    def _compare_many(self, at: Positions, first: Positions, end: Positions, found: Pairs) -> bool:
        """Compare each of some with a range of others; in portions, for the ranges may be long."""
        counts = end - first
        ends = np.cumsum(counts, dtype=np.int64)
        begin = done = 0
        while begin < len(at):
            stop = max(begin + 1, int(np.searchsorted(ends, done + _AT_ONCE, "right")))
            some = slice(begin, stop)
            before = ends[some] - counts[some] - done
            partners = np.arange(ends[stop - 1] - done) + np.repeat(first[some] - before, counts[some])
            if not self._compare(np.repeat(at[some], counts[some]), partners, found):
                return False
            begin, done = stop, int(ends[stop - 1])
        return True

    def _compare(self, at: Positions, partners: Positions, found: Pairs) -> bool:
        differing = self._hashes[at] ^ self._hashes[partners]
        near = np.flatnonzero(np.bitwise_count(differing) <= self._distance)
        if not len(near):
            return True
        differing, one, other = differing[near], self._order[at[near]], self._order[partners[near]]
        new = one < self._leading
        if self._leading < len(self._order):
            new &= one < other  # of two that both look, one finds the pair
        for band in self._earlier:
            new &= np.bitwise_count(band.keys(differing)) > band.slack
        return found.add(one[new], other[new])
