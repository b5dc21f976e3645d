"""The pictures of some places, with the facts by which those that look alike are found."""

from __future__ import annotations

from msgspec import Struct

from core.storage import Entry


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
