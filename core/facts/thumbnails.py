"""A picture made small enough to be looked at in a terminal. Runs in a decoder only."""

from __future__ import annotations

from base64 import b64encode
from typing import BinaryIO

from core.facts.pixels import Size, opened

MOST_PIXELS = 40_000
"""In one thumbnail, whatever the room: 160 KB in base64."""

Answer = dict[str, str | int | None]


def read(file: BinaryIO, format: str, extension: str, width: int = 80, height: int = 80) -> Answer:
    """Return `thumbnail`, rows of three bytes a pixel in base64, no larger than so many pixels; its size
    (`thumbnail_width`, `thumbnail_height`); and the picture's own, upright (`width`, `height`).
    """  # fmt: skip
    found = opened(file, format, extension, (width, height), "RGB")
    size = _fitted((found.width, found.height), (width, height))
    return {
        "thumbnail": b64encode(found.shrunk(size, "RGB").tobytes()).decode(),
        "thumbnail_width": size[0],
        "thumbnail_height": size[1],
        "width": found.width,
        "height": found.height,
    }


def _fitted(size: Size, room: Size) -> Size:
    """Return the largest size of the same proportions that fits; never larger than the picture itself."""
    scale = min(1.0, room[0] / size[0], room[1] / size[1], (MOST_PIXELS / (size[0] * size[1])) ** 0.5)
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))
