"""A file at a glance: a picture made small, or how its text begins, and what is known of it.

What is inside is read by decoders only, within their limits; where there is nothing to show it is said why.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime
from time import monotonic

from msgspec import Struct

from core.errors import FactUnavailable, UsageError
from core.facts import Fact, FactReader, FileFacts
from core.facts.decoders import SECONDS
from core.facts.reader import Thumbnail
from core.names import shown, wire_path
from core.storage.local import LocalStorage

MOST_CHARACTERS = 16_000
MOST_LINES = 400

_FACTS = ("taken", "taken_source", "camera", "artist", "album", "title")
_KINDS = {"video": "a film", "audio": "sound", "archive": "an archive", "font": "a font", "program": "a program"}


class Raster(Struct, frozen=True):
    """A small picture: rows of pixels, three bytes each (red, green, blue); in JSON as base64."""

    width: int
    height: int
    rgb: bytes


class FilePreview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file at a glance: a picture, or how its text begins, or why neither. `size` in bytes.

    `text` is as the file has it, control characters too: show it only with those made visible. `facts`: of `taken`
    (wall time), `camera`, `artist`, `album`, `title`, `width`, `height` (pixels, upright) and the like those known.
    """

    path: str
    path_b64: str | None = None
    kind: str
    size: int
    modified: datetime | None = None
    facts: dict[str, str | int] = {}
    text: str | None = None
    picture: Raster | None = None
    why_not: str | None = None


def preview(facts: FactReader, root: bytes, path: bytes, width: int, height: int) -> FilePreview:
    """Return a file beneath a root at a glance, its picture no larger than so many pixels.

    Raises UsageError where there is no file; StorageError where the way to it is closed or leads outside.
    """
    whole = os.path.join(root, path)
    with closing(LocalStorage(root)) as storage:
        entry = storage.entry(path) if path else None
        if entry is None:
            raise UsageError(f"{shown(whole)} is no file", field="path")
        why_not = _why_closed(storage, path)
    file = facts.of(root, entry)
    began = monotonic()
    sight = Sight(why_not=why_not) if why_not else _sight(facts, file, width, height)
    known: dict[str, str | int] = {}
    if monotonic() - began < SECONDS:  # what took a decoder so long is not given to the next
        known = {name: value for name in _FACTS if (value := _told(file.get(name)))}
    modified = file.get("modified")
    name, exact = wire_path(whole)
    return FilePreview(
        path=name,
        path_b64=exact,
        kind=str(file.get("kind")),
        size=entry.size,
        modified=modified if isinstance(modified, datetime) else None,
        facts=known | sight.dimensions,
        text=sight.text,
        picture=sight.picture,
        why_not=sight.why_not,
    )


class Sight(Struct, frozen=True, kw_only=True):
    """What there is to see of a file."""

    picture: Raster | None = None
    dimensions: dict[str, str | int] = {}
    text: str | None = None
    why_not: str | None = None


def _why_closed(storage: LocalStorage, path: bytes) -> str | None:
    try:
        os.close(storage.open_file(path, os.O_RDONLY))
    except OSError as error:
        return _why_not_opened(error)
    return None


def _why_not_opened(error: OSError) -> str:
    return f"it cannot be opened: {os.strerror(error.errno or 0)}"


def _sight(facts: FactReader, file: FileFacts, width: int, height: int) -> Sight:
    if not file.entry.size:
        return Sight(why_not="it is empty")
    kind, why_not = str(file.get("kind")), "it holds no text"
    if kind == "image":
        try:
            return _seen(facts.thumbnail(file, width, height))
        except FactUnavailable as error:
            why_not = str(error)
        except OSError as error:
            why_not = _why_not_opened(error)
    if text := str(file.get("text") or ""):
        return Sight(text=_beginning(text))
    return Sight(why_not=f"there is no way to show {_KINDS[kind]}" if kind in _KINDS else why_not)


def _seen(thumbnail: Thumbnail) -> Sight:
    dimensions: dict[str, str | int] = {"width": thumbnail.full_width, "height": thumbnail.full_height}
    return Sight(picture=Raster(thumbnail.width, thumbnail.height, thumbnail.rgb), dimensions=dimensions)


def _beginning(text: str) -> str:
    return "\n".join(text[:MOST_CHARACTERS].split("\n")[:MOST_LINES])


def _told(fact: Fact) -> str:
    return fact.isoformat() if isinstance(fact, datetime) else str(fact or "")
