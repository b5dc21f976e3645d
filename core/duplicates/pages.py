"""The groups that a dedupe found, beside its plan: written once, read a page at a time, also of a million.

`operations/<id>/groups` holds frames (see core.journal.frames) of `FRAME_GROUPS` groups each, and one of the totals at
the end.
Exact groups come first, those that win most space before the others, then pictures that look alike, as they were
found; each has its place as its number, from 0.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias, TypeVar

from msgspec import Raw, Struct, msgpack

from core.errors import WrongState
from core.journal import OperationFiles
from core.journal.frames import frame_offsets, framed, payload_at
from core.model import Fingerprint, Request
from core.state import sync_directory

FRAME_GROUPS = 64
"""Groups in each frame but the last."""

SORTED_AT_ONCE = 100_000
"""Of so many groups each those come first that win most: sorting takes memory."""

T = TypeVar("T")
_Weighed: TypeAlias = "tuple[tuple[bool, int, bytes], Raw]"
"""A group as it is written, and what it is sorted by."""

_encode = msgpack.Encoder().encode


class FoundFile(Struct, frozen=True, array_like=True, gc=False):
    """One file of a group. `path` is absolute.

    `stays`: why nothing will ever be done with it, whichever file is kept; empty for one that may go. `held`: why it
    cannot go to the trash: files that belong with it stay. `also`: its other hard-linked names. Of pictures that look
    alike: `distance` in bits from the group's first, `width` and `height` in pixels, `taken` in ISO 8601.
    """

    path: bytes
    fingerprint: Fingerprint
    device: int = 0
    stays: str = ""
    held: str = ""
    distance: int = 0
    width: int = 0
    height: int = 0
    taken: str = ""
    also: tuple[bytes, ...] = ()
    changed_ns: int = 0

    @property
    def mtime_ns(self) -> int:
        """When it was changed last, in nanoseconds; of an object the time of the file that it was made from."""
        return self.fingerprint.mtime_ns or self.changed_ns


class FoundGroup(Struct, frozen=True, array_like=True, gc=False):
    """Files of the same content, or pictures that look alike (`near`). `size` in bytes, of the one that stays.

    `keep`: the place in `files` of the one that stays, and `why`.
    """

    near: bool
    size: int
    keep: int
    why: str
    files: tuple[FoundFile, ...]

    @property
    def redundant(self) -> list[FoundFile]:
        """The files that may go to the trash."""
        return [file for file in self.others if not file.held]

    @property
    def others(self) -> list[FoundFile]:
        """The files that another may stand in for."""
        return [file for number, file in enumerate(self.files) if number != self.keep and not file.stays]


class Totals(Struct, frozen=True):
    """What was found in all. `groups` and `near`: of each kind; `redundant`: exact copies that may go.

    `reclaimable`: the bytes of those. `left_out`: how many files could not be compared, by reason.
    """

    groups: int = 0
    near: int = 0
    redundant: int = 0
    reclaimable: int = 0
    left_out: dict[str, int] = {}

    def in_words(self) -> str:
        """Return what was found, in a line."""
        if not self.groups and not self.near:
            return "no file is there more than once"
        files = "1 file" if self.redundant == 1 else f"{self.redundant:,} files"
        alike = f"; {self.near:,} groups of pictures that look alike" if self.near else ""
        return f"{files} too many, {self.reclaimable:,} bytes to win{alike}"


def path_of(files: OperationFiles) -> Path:
    """Return where an operation's groups are."""
    return files.directory / "groups"


def write_groups(files: OperationFiles, groups: Iterable[FoundGroup], left_out: dict[str, int]) -> Totals:
    """Write the groups of an operation as they come, durably, and return what they come to."""
    path = path_of(files)
    temporary = path.with_name("groups.new")
    sums = _Sums()
    with open(temporary, "wb", opener=_private) as file:
        encoded = chain.from_iterable(map(_sorted, _portions(sums.of(groups), SORTED_AT_ONCE)))
        for some in _portions(encoded, FRAME_GROUPS):
            file.write(framed(some))
        totals = sums.totals(left_out)
        file.write(framed(totals))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)
    return totals


class _Sums:
    """What groups come to, as they pass."""

    def __init__(self) -> None:
        self._groups = self._near = self._redundant = self._reclaimable = 0

    def of(self, groups: Iterable[FoundGroup]) -> Iterator[_Weighed]:
        for group in groups:
            if group.near:
                self._near += 1
                yield (True, self._near, b""), Raw(_encode(group))
                continue
            count = len(group.redundant)
            self._groups += 1
            self._redundant += count
            self._reclaimable += group.size * count
            yield (False, -group.size * count, group.files[0].path), Raw(_encode(group))

    def totals(self, left_out: dict[str, int]) -> Totals:
        return Totals(self._groups, self._near, self._redundant, self._reclaimable, left_out)


def _sorted(weighed: list[_Weighed]) -> list[Raw]:
    return [encoded for _, encoded in sorted(weighed, key=itemgetter(0))]


def _portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


class DuplicatePages:
    """The groups of one operation. A page costs what it holds, and a look at the heads of all frames once."""

    def __init__(self, files: OperationFiles) -> None:
        """Map the groups. Raises WrongState where there are none yet, JournalDamaged."""
        self._name = f"groups of {files.directory.name}"
        try:
            with path_of(files).open("rb") as file:
                self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (FileNotFoundError, ValueError):
            raise WrongState("it has found nothing yet", operation=files.directory.name, state="unplanned") from None
        self._offsets = frame_offsets(self._data, self._name)
        self.totals = msgpack.decode(self._payload(len(self._offsets) - 1), type=Totals)

    def __len__(self) -> int:
        return self.totals.groups + self.totals.near

    def page(self, start: int, limit: int, near: bool | None = None) -> list[tuple[int, FoundGroup]]:
        """Return groups `start` up to `start + limit` with their numbers: of all, or only exact or near ones."""
        first = start + (self.totals.groups if near else 0)
        end = min(first + limit, self.totals.groups if near is False else len(self))
        return list(zip(range(first, end), self.groups(first, end), strict=True)) if first < end else []

    def groups(self, start: int, end: int) -> Iterator[FoundGroup]:
        """Yield the groups from one number up to another."""
        for frame in range(start // FRAME_GROUPS, -(-end // FRAME_GROUPS)):
            found = msgpack.decode(self._payload(frame), type=list[FoundGroup])
            before = frame * FRAME_GROUPS
            yield from found[max(start - before, 0) : end - before]

    def _payload(self, frame: int) -> memoryview:
        return payload_at(self._data, self._offsets[frame], self._name)


def arrived_copies(files: OperationFiles) -> list[bytes]:
    """Return which of the files that a dedupe was to look up it found to be copies, relative to its folder."""
    paths = frozenset(files.request().paths or ())
    try:
        pages = DuplicatePages(files)
    except WrongState:
        return []
    root = files.roots()[0].rstrip(b"/") + b"/"
    found = (file.path for group in pages.groups(0, len(pages)) for file in group.files)
    return [path for each in found if (path := each.removeprefix(root)) in paths]


def finding_in_words(files: OperationFiles, request: Request) -> str | None:
    """Return what a dedupe found that did nothing about it, in words; None for any other operation."""
    if request.kind != "dedupe" or files.planned_steps():
        return None
    return DuplicatePages(files).totals.in_words()
