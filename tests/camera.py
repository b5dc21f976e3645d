"""JPEGs as cameras write them: with a small picture in the EXIF block."""

from __future__ import annotations

import io
import struct

from PIL import Image

_SHORT, _LONG = 3, 4


def as_a_camera(
    picture: Image.Image, *, small: Image.Image | None = None, quality: int = 90, orientation: int = 1
) -> bytes:
    """Return a JPEG of a picture whose EXIF block holds a small one, its own or another, 160 pixels wide at most."""
    inside = (small or picture).copy()
    inside.thumbnail((160, 160))
    jpeg = io.BytesIO()
    inside.save(jpeg, "JPEG", quality=80)
    content = jpeg.getvalue()
    first = _directory(8, [(0x0112, _SHORT, orientation)], 26)
    second = _directory(26, [(0x0103, _SHORT, 6), (0x0201, _LONG, 68), (0x0202, _LONG, len(content))], 0)
    block = b"Exif\0\0II*\0\x08\0\0\0" + first + second
    assert len(block) == 6 + 68
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality, exif=block + content)
    return target.getvalue()


def _directory(start: int, tags: list[tuple[int, int, int]], following: int) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, type, 1, value) for tag, type, value in tags)
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
