"""What a recording says it is: artist, album and title, whatever its format calls them. Runs in a decoder only."""

from __future__ import annotations

from typing import Any, BinaryIO

import mutagen

from core.facts.tidy import one_line

_NAMES = {
    "artist": ("artist", "TPE1", "\xa9ART", "Author", "IART", "TP1", "albumartist", "TPE2", "aART", "WM/AlbumArtist"),
    "album": ("album", "TALB", "\xa9alb", "WM/AlbumTitle", "IPRD", "TAL"),
    "title": ("title", "TIT2", "\xa9nam", "Title", "INAM", "TT2"),
}
_EMPTY = {"", "unknown", "unknown artist", "unknown album", "<unknown>", "untitled"}

Answer = dict[str, str | int | None]


def read(file: BinaryIO, _format: str, _extension: str) -> Answer:
    """Return `artist`, `album` and `title`, each None where the file does not say."""
    found = mutagen.File(file)
    tags = found.tags if found is not None else None
    if not tags:
        return dict.fromkeys(_NAMES)
    return {fact: next(filter(None, (_value(tags, name) for name in names)), None) for fact, names in _NAMES.items()}


def _value(tags: Any, name: str) -> str | None:
    """Return a tag's first value; tags are looked up by name, some formats' without regard to case."""
    try:
        value = tags[name]
    except (KeyError, ValueError):
        return None
    if not isinstance(value, str):
        values = getattr(value, "text", value)
        value = values[0] if isinstance(values, list) and values else values
    text = one_line(value)
    return None if text.casefold() in _EMPTY else text
