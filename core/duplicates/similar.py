"""Groups of pictures that look alike.

A group is made around its best picture: the one with the most pixels, then of the largest file, then the first by
path. Every other member is within the distance *of that one*: a chain of shots, each a little like the last, does
not grow into one group. The best are taken first, so the same pictures give the same groups in whatever order.

Flat pictures (a blank page, a lens cap) have no features to tell them by: one is like another only if both have the
same dimensions and the same pixels when made small.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from msgspec import Struct

from core.duplicates import ExactGroup
from core.duplicates.bands import Hashes, Positions, pairs_within
from core.duplicates.pictures import Picture
from core.storage import Entry

_MOST_PAIRS = 4_000_000
"""Pairs that are kept at once; where there are more, groups are made from the best downwards."""

_FEWER, _MORE = 16, 4


class SimilarGroup(Struct, frozen=True):
    """Two or more pictures that look alike, the best first, with the bits in which each differs from it."""

    members: tuple[Picture, ...]
    distances: tuple[int, ...]


def find_similar(pictures: Sequence[Picture], distance: int) -> list[SimilarGroup]:
    """Return the groups of pictures whose hashes differ in at most `distance` bits from their best's; the groups
    with the best pictures first. Exact: none is missed. Leave out what are copies of each other (`without_copies`).
    """  # fmt: skip
    order = _best_first(pictures)
    flat = np.fromiter((pictures[number].flat for number in order.tolist()), np.bool_, len(order))
    groups = [*_near_groups(pictures, order[~flat], distance), *_flat_groups(pictures, order[flat])]
    groups.sort(key=lambda group: _rank(group[0]))
    return [_group(group) for group in groups]


def without_copies(
    pictures: Iterable[Picture], copies: Iterable[ExactGroup], kept: Iterable[Entry] = ()
) -> list[Picture]:
    """Return the pictures less those whose content another has: of each group the one kept, or else the first, stays.

    `kept`: what stays of groups where it is not the first.
    """
    staying = set(map(_identity, kept))
    left_out: set[tuple[int, int]] = set()
    for group in copies:
        inodes = [_identity(member.entry) for member in group.members]
        stays = next((inode for inode in inodes if inode in staying), inodes[0])
        left_out.update(inode for inode in inodes if inode != stays)
    return [picture for picture in pictures if _identity(picture.entry) not in left_out]


def _identity(entry: Entry) -> tuple[int, int]:
    return entry.device, entry.inode


def _group(members: Sequence[Picture]) -> SimilarGroup:
    best = members[0]
    distances = tuple((picture.hash ^ best.hash).bit_count() for picture in members)
    return SimilarGroup(tuple(members), distances)


# -- the best first ---------------------------------------------------------------------------------------


def _rank(picture: Picture) -> tuple[int, int, bytes, bytes]:
    return -picture.width * picture.height, -picture.entry.size, picture.root, picture.entry.path


def _best_first(pictures: Sequence[Picture]) -> Positions:
    """Return where in the sequence the best picture is, the second best, and so on."""
    pixels = np.fromiter((picture.width * picture.height for picture in pictures), np.int64, len(pictures))
    sizes = np.fromiter((picture.entry.size for picture in pictures), np.int64, len(pictures))
    order = np.lexsort((-sizes, -pixels))
    for start, end in _runs(_numbered(pixels[order], sizes[order])):
        if end - start > 1:
            order[start:end] = sorted(order[start:end].tolist(), key=lambda number: _rank(pictures[number]))
    return order


def _near_groups(pictures: Sequence[Picture], order: Positions, distance: int) -> Iterator[list[Picture]]:
    """Yield the groups of pictures with features: first by equal hashes, then by near ones."""
    hashes = np.fromiter((pictures[number].hash for number in order.tolist()), np.uint64, len(order))
    _, best, of = np.unique(hashes, return_index=True, return_inverse=True)
    by_rank = np.argsort(best)  # the different hashes in the order of the best picture that has each
    ranks = np.empty_like(by_rank)
    ranks[by_rank] = np.arange(len(by_rank))
    leaders = _leaders(hashes[best[by_rank]], distance)[ranks[of]]
    members = np.argsort(leaders, kind="stable")
    for start, end in _runs(leaders[members]):
        if end - start > 1:
            yield [pictures[number] for number in order[members[start:end]].tolist()]


def _flat_groups(pictures: Sequence[Picture], order: Positions) -> Iterator[list[Picture]]:
    groups: dict[tuple[int, int, int], list[Picture]] = defaultdict(list)
    for number in order.tolist():
        picture = pictures[number]
        groups[picture.hash, picture.width, picture.height].append(picture)
    yield from (group for group in groups.values() if len(group) > 1)


def _leaders(hashes: Hashes, distance: int) -> Positions:
    """Return for each of different hashes, the best first, the one it is grouped around; itself if it is alone.

    Where pairs are too many to keep, only a few of the best look for theirs: what they lead need not look any more.
    """
    leaders = np.arange(len(hashes))
    waiting = leaders.copy()
    looking = len(waiting)
    while len(waiting):
        looking = min(looking, len(waiting))
        found = pairs_within(hashes[waiting], looking, distance, max(_MOST_PAIRS, len(waiting)))
        if found is None:
            looking = max(1, looking // _FEWER)
            continue
        _lead(leaders, waiting[found[0]], waiting[found[1]])
        waiting = waiting[looking:]
        waiting = waiting[leaders[waiting] == waiting]
        looking *= _MORE
    return leaders


def _lead(leaders: Positions, first: Positions, second: Positions) -> None:
    """Let each that is not led itself lead those near it that no better one leads. The pairs are in order."""
    for start, end in _runs(first):
        one = first[start]
        if leaders[one] == one:
            near = second[start:end]
            free = near[leaders[near] == near]
            leaders[free] = one


def _numbered(*values: Positions) -> Positions:
    """Return a number for each place that grows where any of the values changes."""
    changes = np.any([np.diff(each) != 0 for each in values], axis=0)
    return np.concatenate([[0], np.cumsum(changes)])


def _runs(values: Positions) -> Iterator[tuple[int, int]]:
    """Yield where each run of one value begins and ends."""
    if len(values):
        ends = [*(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
        yield from zip([0, *ends[:-1]], ends, strict=True)
