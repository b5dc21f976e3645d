"""The JPEGs that cameras put into raw pictures. Runs in a decoder only.

Every maker names their place in its own way; all of them begin with the same three bytes, so that is what is looked
for. Of those whose headers make sense the largest counts. (The small ones carry black bars where the sensor's
proportions are others.)
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import exifread
from PIL import Image
from PIL.ContainerIO import ContainerIO

CONTAINERS = frozenset({"rw2", "orf", "raf", "cr3", "crw", "x3f"})
"""Formats that are raw pictures whatever their extension."""

_RAW = "arw srf sr2 nef nrw cr2 dng pef ptx dcr kdc srw 3fr fff iiq mef mos erf rwl orf rw2 raf cr3"
RAW = frozenset(_RAW.split())
"""Extensions of raw pictures, most of which look like TIFF."""

_WITHIN = 128 * 1024 * 1024
_STEP = 1024 * 1024
_MOST_CANDIDATES = 64
_START = b"\xff\xd8\xff"
_SEGMENTS = frozenset((0xC0, 0xC2, 0xC4, 0xDB, *range(0xE0, 0xF0), 0xFE))  # what may come first in one
_ORIENTATIONS = {"Rotated 180": 3, "Rotated 90 CW": 6, "Rotated 90 CCW": 8}


@dataclass(frozen=True)
class Embedded:
    """A JPEG inside a file. `width`, `height` and `orientation` are what the file says of itself; 0, 0, 1: nothing."""

    file: BinaryIO
    width: int
    height: int
    orientation: int


def largest_jpeg(file: BinaryIO) -> Embedded | None:
    """Return the largest JPEG inside a file, or None."""
    end = file.seek(0, io.SEEK_END)
    best, most = -1, 0
    for offset in _candidates(file):
        width, height = _size_of(_from(file, offset, end))
        if width * height > most:
            best, most = offset, width * height
    if best < 0:
        return None
    width, height, orientation = _told(file)
    return Embedded(_from(file, best, end), width, height, orientation)


def _candidates(file: BinaryIO) -> Iterator[int]:
    """Yield where a JPEG may begin."""
    found = 0
    for start in range(0, _WITHIN, _STEP):
        file.seek(start)
        part = file.read(_STEP + len(_START))  # one that begins at the border is met twice, not missed
        at = part.find(_START)
        while 0 <= at < _STEP and at + 3 < len(part):
            if part[at + 3] in _SEGMENTS:
                yield start + at
                found += 1
            if found >= _MOST_CANDIDATES:
                return
            at = part.find(_START, at + 1)
        if len(part) < _STEP:
            return


def _from(file: BinaryIO, offset: int, end: int) -> BinaryIO:
    return cast(BinaryIO, ContainerIO(file, offset, end - offset))


def _size_of(jpeg: BinaryIO) -> tuple[int, int]:
    """Return the dimensions of a JPEG that can be decoded; the sensor's own data is often one that cannot."""
    try:
        with Image.open(jpeg, formats=("JPEG",)) as picture:
            return picture.size
    except Exception:
        return 0, 0


def _told(file: BinaryIO) -> tuple[int, int, int]:
    """Return the dimensions and the orientation that the tags of a raw picture tell, if it is like TIFF."""
    file.seek(0)
    try:
        tags = exifread.process_file(file, details=False, extract_thumbnail=False)
    except Exception:
        return 0, 0, 1
    sizes = [
        (_number(tags.get(f"{place}Width")), _number(tags.get(f"{place}Length")))
        for place in ("EXIF ExifImage", "Image Image", "EXIF SubIFD0 Image", "EXIF SubIFD1 Image", "EXIF SubIFD2 Image")
    ]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return width, height, _ORIENTATIONS.get(str(tags.get("Image Orientation")), 1)


def _number(tag: object) -> int:
    text = str(tag)
    return int(text) if text.isdecimal() and len(text) < 7 else 0
