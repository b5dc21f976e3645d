"""What a few files that arrived are copies of: looked up by their keys, then seen and read as they are now."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress

import numpy as np

from core.duplicates import ExactGroup, Groups, Place, Report, keys
from core.duplicates.contents import UNCERTAIN_NS, Arrival, Beneath, Contents
from core.duplicates.eyes import Eyes
from core.duplicates.files import Numbers, entry_of
from core.duplicates.found import members_of
from core.duplicates.keeping import keep
from core.duplicates.keying import of_files
from core.duplicates.reader import COLUMNS, DIGEST, FIRST, MISSING, WHOLE, WHOLES
from core.duplicates.readers import Readers
from core.duplicates.singly import FoundSingly
from core.duplicates.walk import MARKS, Walk
from core.errors import StateFull
from core.planners.paths import join
from core.storage import Entry

STALE_NS = 60 * 60 * 10**9
"""After so long a place is walked again before an arrival is looked up in it: not all that happens is told."""
WALK_SHARE = 100
"""A place is walked for that no more often than once in so many times what walking it takes."""


def copies_of(
    root: bytes, entries: Sequence[Entry], places: Sequence[Place], contents: Contents, report: Report
) -> Groups:
    """Return the groups that some files belong to; see `core.duplicates.find_copies`."""
    left_out: Counter[str] = Counter()
    _walk_unknown(places, contents, left_out, report)
    with Eyes(places, left_out, lambda done, total: report("planning", done, total)) as eyes:
        new = eyes.read(
            [Arrival(root, entry) for entry in entries if entry.size and eyes.minds(root, entry.path)], FIRST
        )
        others = list(_others(new, contents, eyes))
        read = eyes.read([each for each in others if not each.head], FIRST)
        groups, whole = _compare(new, [*(each for each in others if each.head), *read], eyes)
    _remember([*new, *read, *whole], contents)
    return FoundSingly(groups, left_out)


def _walk_unknown(places: Sequence[Place], contents: Contents, left_out: Counter[str], report: Report) -> None:
    """Walk the places of which too little is known. What is in them is not read: that is for when it must be."""
    unknown = [place for place in places if _is_stale(contents.last_walk(place.root), contents.clock())]
    if unknown:
        walk = Walk(unknown, [place.root for place in places], contents, left_out)
        with Readers(MARKS) as readers:
            walk.run(readers, lambda: report("scanning", len(walk.files), 0))
        keep(walk, contents)


def _is_stale(walk: tuple[int, int] | None, now: int) -> bool:
    if walk is None:
        return True
    began, took = walk
    return not 0 <= now - began < max(STALE_NS, WALK_SHARE * took)


# -- what has the same size or digest ---------------------------------------------------------------


def _others(new: Sequence[Arrival], contents: Contents, eyes: Eyes) -> Iterator[Arrival]:
    """Yield files, as they are now, that may be the same as a new one; those are to be read that have no digest."""
    wanted = {each.key for each in new} | {keys.of_size(each.entry.size) for each in new}
    sizes = {each.entry.size for each in new}
    seen = {(each.root, each.entry.path) for each in new}
    parts, arrivals = contents.alike(wanted)
    wanted_keys = np.array(sorted(wanted), np.int64)
    for known in (*arrivals, *(each for part in parts for each in _in_part(part, wanted_keys))):
        place = (known.root, known.entry.path)
        if place in seen or not eyes.minds(*place):
            continue
        seen.add(place)  # what arrived is newer than what a walk found
        now = eyes.look(*place)
        if now is None or now.size not in sizes:
            continue
        is_same = _stamp(now) == _stamp(known.entry)
        yield Arrival(known.root, now, known.head, known.whole) if is_same else Arrival(known.root, now)


def _in_part(part: Beneath, wanted: Numbers) -> Iterator[Arrival]:
    """Yield the files of a part that have one of some keys, which are sorted."""
    root, directory, known = part
    found = of_files(known.rows, known.heads)
    near = np.minimum(np.searchsorted(wanted, found), len(wanted) - 1)
    numbers = np.flatnonzero(wanted[near] == found).tolist()
    names = known.names.split(b"\0") if numbers else []
    rows = np.frombuffer(known.rows, np.int64).reshape(-1, COLUMNS)
    for number in numbers:
        entry = entry_of(join(directory, names[number]), rows[number].tolist(), 0)
        digests = (content[number * DIGEST : (number + 1) * DIGEST] for content in (known.heads, known.wholes))
        head, whole = (b"" if digest == MISSING else digest for digest in digests)
        yield Arrival(root, entry, head, whole)


def _stamp(entry: Entry) -> tuple[int, int, int, int]:
    return entry.inode, entry.size, entry.mtime_ns, entry.ctime_ns


# -- what is the same -------------------------------------------------------------------------------


def _compare(new: Sequence[Arrival], others: Sequence[Arrival], eyes: Eyes) -> tuple[list[ExactGroup], list[Arrival]]:
    """Return the groups that new files are in, the largest files first, and what had to be read whole for them."""
    paths = {(each.root, each.entry.path) for each in new}
    alike = list(_alike([*new, *others], paths, lambda each: each.head))
    short = [files for files in alike if files[0].entry.size <= WHOLE]
    long = [each for files in alike if files[0].entry.size > WHOLE for each in files]
    read = eyes.read([each for each in long if not each.whole], WHOLES)
    same = [*short, *_alike([*(each for each in long if each.whole), *read], paths, lambda each: each.whole)]
    return sorted(map(_group, same), key=lambda group: (-group.size, group.digest)), read


def _alike(
    files: Iterable[Arrival], new: Collection[tuple[bytes, bytes]], digest: Callable[[Arrival], bytes]
) -> Iterator[list[Arrival]]:
    """Yield those that agree in size and digest, where they are several inodes and some file is new."""
    found: dict[tuple[int, bytes], list[Arrival]] = defaultdict(list)
    for each in files:
        found[each.entry.size, digest(each)].append(each)
    for same in found.values():
        if len(same) > 1 and len(set(map(_inode, same))) > 1 and any((e.root, e.entry.path) in new for e in same):
            yield same


def _inode(file: Arrival) -> tuple[int, int]:
    return file.entry.device, file.entry.inode


def _group(files: Sequence[Arrival]) -> ExactGroup:
    names = [(each.root, each.entry.path, each.entry) for each in files]
    first = files[0]
    return ExactGroup(first.whole or first.head, first.entry.size, members_of(names, [_inode(each) for each in files]))


# -- remembering ------------------------------------------------------------------------------------


def _remember(files: Iterable[Arrival], contents: Contents) -> None:
    """Keep what was read, but for what may change again unnoticed. On a full disk it is read again some time."""
    certain = contents.clock() - UNCERTAIN_NS
    latest = {(each.root, each.entry.path): each for each in files}
    kept = [each if each.entry.ctime_ns < certain else Arrival(each.root, each.entry) for each in latest.values()]
    with suppress(StateFull, sqlite3.OperationalError):
        contents.take_in(kept)
