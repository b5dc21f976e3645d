"""Files that belong together: raw and jpg, a live photo's .mov, and .xmp/.aae/.json/.srt sidecars.

A family is a list of files of one directory, its leader first. It moves, conflicts and takes its number as one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from core.names import NAME_MAX, collision_key, cut, numbered, split_extension
from core.planners.paths import name_of
from core.storage import Entry

_PICTURES = frozenset(b"jpg jpeg jpe heic heif hif avif jxl png tif tiff webp".split())
_RAWS = frozenset(
    b"cr2 cr3 crw nef nrw arw srf sr2 dng orf rw2 raw raf pef ptx srw x3f rwl iiq 3fr fff erf kdc dcr mrw mef".split()
)
_VIDEOS = frozenset(b"mp4 mov m4v mkv avi webm mts m2ts mpg mpeg wmv 3gp ogv flv".split())
_SOUNDS = frozenset(b"mp3 m4a flac ogg opus wav aac wma".split())

_LEADERS = {
    b"xmp": _PICTURES | _RAWS | _VIDEOS | _SOUNDS | {b"gif", b"psd"},
    b"aae": _PICTURES | _RAWS | _VIDEOS,
    b"json": _PICTURES | _RAWS | _VIDEOS | _SOUNDS | {b"gif"},
    b"srt": _VIDEOS,
}
"""Which files of the same stem a sidecar belongs to."""

_LIVE_PHOTOS = frozenset(b"jpg jpeg heic heif hif".split())
_FOLLOWERS = frozenset(_LEADERS) | _RAWS | {b"mov"}
_LANGUAGE = re.compile(rb"(.+)\.(?:[a-z]{2,3}(?:[-_][a-z0-9]{2,4})?|forced|sdh|default)$", re.IGNORECASE | re.DOTALL)

Named = TypeVar("Named", bytes, Entry)


def is_sidecar(name: bytes) -> bool:
    """Tell whether a file only says something about another."""
    return _ending(name) in _LEADERS and _extension(name) in _LEADERS


def may_follow(ending: bytes) -> bool:
    """Tell whether a file may belong to another, by what follows the last dot of its name."""
    return ending.lower() in _FOLLOWERS


def family_key(name: bytes) -> bytes:
    """Return what all members of a family share: the name up to its first dot."""
    head = name.partition(b".")[0]
    return head.lower() if head.isascii() else collision_key(head)


def families(files: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield the files of one directory, sorted by name, in families; most are of one."""
    by_name = {name_of(file.path): file for file in files}
    followers = _leaders(by_name)
    members: dict[bytes, list[Entry]] = defaultdict(list)
    for name in followers:
        members[_head(name, followers)].append(by_name[name])
    for name, file in by_name.items():
        if name not in followers:
            yield [file, *sorted(members.get(name, ()), key=_media_first)]


def _media_first(file: Entry) -> tuple[bool, bytes]:
    return is_sidecar(file.path), file.path


def _head(name: bytes, leaders: dict[bytes, bytes]) -> bytes:
    while name in leaders:
        name = leaders[name]
    return name


def _leaders(names: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return for each name that follows another, that other."""
    candidates = [name for name in names if _ending(name) in _FOLLOWERS and _extension(name) in _FOLLOWERS]
    if not candidates:
        return {}
    shared = {family_key(name) for name in candidates}
    whole: dict[bytes, bytes] = {}
    stems: dict[bytes, list[bytes]] = defaultdict(list)
    for name in names:
        if family_key(name) in shared:
            whole.setdefault(collision_key(name), name)
            stems[collision_key(split_extension(name)[0])].append(name)
    found: dict[bytes, bytes] = {}
    for name in candidates:
        leader = _leader_of(name, whole, stems)
        if leader is not None:
            found[name] = leader
    return found


def _leader_of(name: bytes, whole: dict[bytes, bytes], stems: dict[bytes, list[bytes]]) -> bytes | None:
    extension = _extension(name)
    stem = split_extension(name)[0]
    if extension in _LEADERS:
        for inner in (stem, split_extension(stem)[0]):  # IMG.JPG.xmp, IMG.JPG.supplemental-metadata.json
            leader = whole.get(collision_key(inner))
            if leader is not None and leader != name and b"." in inner:
                return leader
        spoken = _LANGUAGE.match(stem) if extension == b"srt" else None
        for base in (stem, spoken[1]) if spoken else (stem,):
            if leader := _best(stems.get(collision_key(base), ()), _LEADERS[extension]):
                return leader
        return None
    wanted = _LIVE_PHOTOS if extension == b"mov" else _PICTURES
    return _best(stems.get(collision_key(stem), ()), wanted)


def _best(names: Iterable[bytes], extensions: frozenset[bytes]) -> bytes | None:
    """Return the name that leads best: a picture before a raw before a video."""

    def rank(name: bytes) -> tuple[int, bytes]:
        extension = _extension(name)
        return (0 if extension in _PICTURES else 1 if extension in _RAWS else 2), name

    return min((name for name in names if _extension(name) in extensions), key=rank, default=None)


def _ending(name: bytes) -> bytes:
    """Return what follows the last dot: cheaper than the extension, which it is but for a few odd names."""
    return name[name.rfind(b".") + 1 :].lower()


def _extension(name: bytes) -> bytes:
    return split_extension(name_of(name))[1][1:].lower()


# -- leaders that went before -----------------------------------------------------------------------

_COMMON = b"jpg jpeg heic png tif dng cr2 cr3 nef arw orf rw2 raf mp4 mov mkv avi m4v webm gif mp3 m4a flac".split()


def possible_leaders(sidecar: bytes) -> Iterator[bytes]:
    """Yield the names that the leader of a lonely sidecar may have had, likely ones first."""
    extension = _extension(sidecar)
    stem = split_extension(sidecar)[0]
    inner = split_extension(stem)[0]
    for whole in (stem, inner):
        if split_extension(whole)[1]:
            yield whole
    spoken = _LANGUAGE.match(stem) if extension == b"srt" else None
    for base in (stem, spoken[1]) if spoken else (stem,):
        for common in _COMMON:
            if common in _LEADERS.get(extension, ()):
                yield from (base + b"." + common, base + b"." + common.upper())


def possible_sidecars(leader: bytes) -> Iterator[bytes]:
    """Yield the names that sidecars of a file may have; none for one that leads none."""
    extension = _extension(leader)
    stem = split_extension(leader)[0]
    for ending, led in _LEADERS.items():
        if extension in led:
            for base in (stem, leader):
                yield from (base + b"." + ending, base + b"." + ending.upper())
    if extension in _LEADERS[b"json"]:
        yield leader + b".supplemental-metadata.json"


# -- names ------------------------------------------------------------------------------------------


def renamed(name: bytes, leader: bytes, new_leader: bytes) -> bytes:
    """Return the name of a member whose leader takes another: `IMG.JPG.xmp` follows `IMG.JPG` to `2024.JPG.xmp`."""
    if name == leader:
        return new_leader
    if new_leader == leader:
        return name
    beginning, new_beginning = leader, new_leader
    if not collision_key(name).startswith(collision_key(leader) + b"."):
        beginning, new_beginning = split_extension(leader)[0], split_extension(new_leader)[0]
    dots = collision_key(name)[len(collision_key(beginning)) :].count(b".")  # the form on disk may differ: count
    ending = b"".join(b"." + part for part in name.rsplit(b".", dots)[1:]) if dots else b""
    return new_beginning + ending


def numbered_family(names: Sequence[bytes], number: int) -> list[bytes]:
    """Return the names of a family under one number, its leader's first: `a (1).jpg`, `a (1).jpg.xmp`, `a (1).mov`."""
    leader = names[0]
    stem, extension = split_extension(leader)
    suffix = b" (%d)" % number
    room = NAME_MAX - len(suffix) - max(len(name) for name in names) + len(stem)
    if room < 1:  # an absurd extension: each for itself
        return [numbered(name, number) for name in names]
    new_leader = cut(stem, room) + suffix + extension
    return [renamed(name, leader, new_leader) for name in names]


_NUMBER = re.compile(rb" \((\d{1,9})\)$")


def number_of(name: bytes) -> int:
    """Return the number that a name carries, or 0."""
    found = _NUMBER.search(split_extension(name)[0])
    return int(found[1]) if found else 0


def without_number(name: bytes) -> bytes:
    """Return the name as it was before it took its number."""
    stem, extension = split_extension(name)
    return _NUMBER.sub(b"", stem) + extension
