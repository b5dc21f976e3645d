"""The pictures of some places, with the facts by which those that look alike are found."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime

from msgspec import Struct

from core.duplicates import Place, Report
from core.facts import Fact, FactReader, FileFacts
from core.globs import PathGlob, fits_any, ignore_glob
from core.names import normalized
from core.planners.paths import name_of
from core.planners.scope import is_unfinished, project_mark, why_never_entered
from core.storage import Entry
from core.storage.local import LocalStorage

_AT_ONCE = 512
_HASH = re.compile("(phash|flat):([0-9a-f]{16})")
_LONGEST = 1 << 30


class Picture(Struct, frozen=True):
    """A picture file. `hash`: 64 bits; `width` and `height` in pixels, upright; `taken`: wall time in ISO 8601.

    `flat`: it has no features, and `hash` is that of its pixels.
    """

    root: bytes
    entry: Entry
    hash: int
    width: int
    height: int
    taken: str = ""
    flat: bool = False


def pictures_of(places: Sequence[Place], facts: FactReader, report: Report) -> list[Picture]:
    """Return every picture in some places that can be read, each file once whatever its names; `taken` is not told.

    Looks where the search for copies looks. Hashes that the index knows are not made again; others cost a look by a
    decoder. Raises whatever `report` does; StorageError where a place itself cannot be read.
    """
    files = _images(places, facts, report)
    pictures: list[Picture] = []
    for start in range(0, len(files), _AT_ONCE):
        report("scanning", start, len(files))
        some = [facts.of(root, entry) for root, entry in files[start : start + _AT_ONCE]]
        facts.prefetch(some, ["picture_hash"])
        pictures += (found for file in some if (found := _picture(file)))
    return pictures


def taken(pictures: Sequence[Picture], facts: FactReader) -> list[str]:
    """Return when each of a few pictures was taken (wall time in ISO 8601), or nothing where it does not say."""
    files = [facts.of(picture.root, picture.entry) for picture in pictures]
    facts.prefetch(files, ["taken"])
    return [_in_iso(file.get("taken")) for file in files]


def _images(places: Sequence[Place], facts: FactReader, report: Report) -> list[tuple[bytes, Entry]]:
    """Return the files that are pictures by their content, in the order of root and path."""
    roots = frozenset(place.root for place in places)
    names: dict[tuple[int, int], tuple[bytes, Entry]] = {}
    seen = 0
    for place in places:
        for entries in _portions(_files(place, roots)):
            report("scanning", seen, 0)
            seen += len(entries)
            files = [facts.of(place.root, entry) for entry in entries]
            facts.prefetch(files, ["kind"])
            for file in files:
                if file.get("kind") == "image":
                    inode = file.entry.device, file.entry.inode
                    name = file.root, file.entry
                    names[inode] = min(names.get(inode, name), name, key=_by_path)
    return sorted(names.values(), key=_by_path)


def _files(place: Place, roots: frozenset[bytes]) -> Iterator[Entry]:
    ignored = [ignore_glob(pattern) for pattern in place.ignore]

    def descends(directory: bytes) -> bool:
        path = os.path.join(place.root, directory)
        closed = path in roots or why_never_entered(name_of(directory)) or project_mark(path)
        return not closed and not _is_ignored(directory, ignored)

    if project_mark(place.root):
        return
    with closing(LocalStorage(place.root)) as storage:
        for entry in storage.walk(descends):
            name = name_of(entry.path)
            if not (name.startswith(b".") or is_unfinished(name) or _is_ignored(entry.path, ignored)):
                yield entry


def _is_ignored(path: bytes, ignored: Sequence[PathGlob]) -> bool:
    return bool(ignored) and fits_any(ignored, normalized(path))


def _portions(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    portion: list[Entry] = []
    for entry in entries:
        portion.append(entry)
        if len(portion) == _AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def _by_path(name: tuple[bytes, Entry]) -> tuple[bytes, bytes]:
    return name[0], name[1].path


def _picture(file: FileFacts) -> Picture | None:
    """Return a picture of a file that has what it takes; a decoder that was taken over may say anything."""
    text, width, height = (file.get(name) for name in ("picture_hash", "width", "height"))
    match = _HASH.fullmatch(str(text))
    if not (match and isinstance(width, int) and isinstance(height, int) and min(width, height) > 0):
        return None
    if max(width, height) > _LONGEST:
        return None
    return Picture(file.root, file.entry, int(match[2], 16), width, height, flat=match[1] == "flat")


def _in_iso(fact: Fact) -> str:
    return fact.isoformat() if isinstance(fact, datetime) else ""
