"""Files whose bytes are the same, and pictures that look the same: found here, acted on elsewhere.

Hashes only nominate. Before anything is done to a file, whoever does it compares both files byte by byte,
on open descriptors, with `core.duplicates.compare.same_bytes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from core.storage import Entry

if TYPE_CHECKING:
    from core.duplicates.contents import Contents
    from core.planners import Phase

Report = Callable[["Phase", int, int], None]
"""Hears how far a search is: phase, files done, files in all (0: not known yet); raises Cancelled to stop it."""


class Place(Struct, frozen=True):
    """One tree to look through: `root` absolute, `ignore` the folder's patterns.

    What another place lies beneath it owns itself, as nested folders do.
    """

    name: str
    root: bytes
    ignore: tuple[str, ...] = ()


class Member(Struct, frozen=True):
    """One file of a group, that is one inode. `also`: its other hard-linked names, as (root, path)."""

    root: bytes
    entry: Entry
    also: tuple[tuple[bytes, bytes], ...] = ()


class ExactGroup(Struct, frozen=True):
    """Two or more inodes of one size (bytes) and one xxh3-128, sorted by (root, path)."""

    digest: bytes
    size: int
    members: tuple[Member, ...]


class Groups(Sequence[ExactGroup]):
    """What a search found, the largest files first.

    A group is made when it is asked for, so that 100,000 of them cost little memory: go through them once.
    `left_out`: how many files could not be compared, by reason in words.
    """

    left_out: Mapping[str, int]


def find_exact(places: Sequence[Place], contents: Contents, min_size: int, report: Report) -> Groups:
    """Return the groups of files with the same content, anywhere in some places; empty files are left alone.

    Never entered: hidden folders, project folders, libraries and the like, as organizing never does; hidden files
    and unfinished downloads are no one's duplicates. What cannot be read, or changes meanwhile, is left out,
    a place that is not there too. `min_size` in bytes. Raises whatever `report` does.
    """
    from core.duplicates.exact import search  # noqa: PLC0415 - it imports this module

    return search(places, contents, min_size, report)


def _silently(phase: Phase, done: int, total: int) -> None:
    """Report to nobody."""


def find_copies(
    root: bytes, entries: Sequence[Entry], places: Sequence[Place], contents: Contents, report: Report = _silently
) -> Groups:
    """Return the groups that some files just arrived in a root belong to, whatever place the others lie in.

    Costs the same however many files there are. A place that was never walked, or long ago, is walked first; of what
    lies there only that is read which has the size of something new. What was found is remembered. Raises whatever
    `report` does.
    """
    from core.duplicates.arrivals import copies_of  # noqa: PLC0415 - it imports this module

    return copies_of(root, entries, places, contents, report)
