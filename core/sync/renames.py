"""Renames: a file that left one path and a file that came to another are one, where that is certain.

What is not certain goes up or down again: that costs bandwidth, not data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from core.sync import Decided, Pair

HasContent = Callable[[Pair, Pair], bool]
"""Tells whether a new file (the second) holds what one that left (the first) held; may read it."""


class Renamed(Struct, frozen=True):
    """One file that has another path on one side now. The other side is to follow."""

    before: Pair
    after: Pair


def local_renames(decided: Iterable[Decided], has_content: HasContent) -> list[Renamed]:
    """Return files that were renamed here: the bucket follows by a copy of its own, and nothing is uploaded.

    The one that left must be unchanged in the bucket and the new path free there.
    """
    left = [each.pair for each in decided if each.action == "trash_remote"]
    came = [
        each.pair for each in decided if each.action == "upload" and each.pair.base is None and not each.pair.remote
    ]
    return _matched(left, came, _by_inode, has_content) if left and came else []


def remote_renames(decided: Iterable[Decided], has_content: HasContent) -> list[Renamed]:
    """Return objects that were renamed in the bucket: the folder follows by a rename."""
    left = [each.pair for each in decided if each.action == "trash_local"]
    came = [
        each.pair for each in decided if each.action == "download" and each.pair.base is None and not each.pair.local
    ]
    return _matched(left, came, _by_etag, has_content) if left and came else []


Sign = Callable[[Pair, bool], object]


def _by_inode(pair: Pair, has_left: bool) -> object:
    if has_left:
        assert pair.base is not None
        return pair.base.inode, pair.base.size, pair.base.mtime_ns
    assert pair.local is not None
    return pair.local.inode, pair.local.size, pair.local.mtime_ns


def _by_etag(pair: Pair, has_left: bool) -> object:
    if has_left:
        assert pair.base is not None
        return pair.base.etag, pair.base.size
    assert pair.remote is not None
    return pair.remote.version, pair.remote.size


def _size(pair: Pair, has_left: bool) -> int:
    if has_left:
        assert pair.base is not None
        return pair.base.size
    entry = pair.local if pair.local is not None else pair.remote
    assert entry is not None
    return entry.size


def _matched(left: Sequence[Pair], came: Sequence[Pair], sign: Sign, has_content: HasContent) -> list[Renamed]:
    """Match by a sure sign first, then by content among those of one size."""
    found: list[Renamed] = []
    waiting: dict[object, list[Pair]] = defaultdict(list)
    for pair in left:
        waiting[sign(pair, True)].append(pair)
    rest: list[Pair] = []
    for pair in came:
        same = waiting.get(sign(pair, False))
        if same:
            found.append(Renamed(same.pop(), pair))
        else:
            rest.append(pair)
    by_size: dict[int, list[Pair]] = defaultdict(list)
    for pairs in waiting.values():
        for pair in pairs:
            by_size[_size(pair, True)].append(pair)
    for pair in rest:
        candidates = by_size.get(_size(pair, False), [])
        match = next((candidate for candidate in candidates if has_content(candidate, pair)), None)
        if match is not None:
            candidates.remove(match)
            found.append(Renamed(match, pair))
    return found
