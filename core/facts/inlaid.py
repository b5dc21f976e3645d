"""The small picture that cameras put into the EXIF block of a JPEG, where it can be trusted. Runs in a decoder only.

It saves most of what a hash costs: even at an eighth of its size a JPEG's every bit has to be unpacked. Some programs
change a picture and keep the small one as it was, and some cameras add black bars; so its proportions must be those
of the picture, and so must the beginning of both, of which the picture's first part is decoded: a tenth of its
bytes. Where that part shows no features, it proves nothing.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import ExifTags, Image, ImageChops, ImageFile, ImageStat

_EXIF = b"Exif\0\0"
_OFFSET, _LENGTH = 0x0201, 0x0202
_WORTH_IT = 1_000_000  # pixels that a picture has at least, and a small one at most
_PART = 0.1
_LEAST_PART = 0.03
_FEATURES = 4.0
_TOLERANCE = 6.0
_COLUMNS = 32
_UNKNOWN = 128  # what a decoder gives for rows that it was told nothing of
_RAGGED = 4  # rows that it knows only in part


def inlaid(file: BinaryIO, picture: Image.Image, least: tuple[int, int]) -> Image.Image | None:
    """Return the small picture of an opened JPEG, at `least` so large, in grey or colour; None without one to trust."""
    if picture.width * picture.height < _WORTH_IT:
        return None
    try:
        small = _small(picture)
        if small is None or small.width < least[0] or small.height < least[1] or not _is_in_proportion(small, picture):
            return None
        upper, rows = _beginning(file, picture)
        return small if _begins_like(small, upper, rows) else None
    except (OSError, ValueError, SyntaxError, KeyError, TypeError):  # rubbish where it should be
        return None


def _small(picture: Image.Image) -> Image.Image | None:
    block = picture.info.get("exif", b"")
    place = picture.getexif().get_ifd(ExifTags.IFD.IFD1)
    if not block.startswith(_EXIF) or _OFFSET not in place or _LENGTH not in place:
        return None
    start = len(_EXIF) + int(place[_OFFSET])
    small = Image.open(io.BytesIO(block[start : start + int(place[_LENGTH])]), formats=("JPEG",))
    if small.width * small.height > _WORTH_IT:
        return None
    small.load()
    return small


def _is_in_proportion(small: Image.Image, picture: Image.Image) -> bool:
    """Tell whether two pictures have the same proportions, as far as whole pixels allow."""
    return (
        abs(small.width - small.height * picture.width / picture.height) < 1.5
        or abs(small.height - small.width * picture.height / picture.width) < 1.5
    )


def _beginning(file: BinaryIO, picture: Image.Image) -> tuple[Image.Image, int]:
    """Return the upper part of a picture, as far as the first part of its file goes, and how many rows all has."""
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(len(picture.info.get("exif", b"")) + int(end * _PART))
    upper = Image.open(io.BytesIO(head), formats=("JPEG", "MPO"))
    upper.draft("L", (64, 64))
    ImageFile.LOAD_TRUNCATED_IMAGES, before = True, ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        upper.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
    found = upper.convert("L")
    box = ImageChops.difference(found, Image.new("L", found.size, _UNKNOWN)).getbbox()
    return found.crop((0, 0, found.width, max(0, box[3] - _RAGGED if box else 0))), found.height


def _begins_like(small: Image.Image, upper: Image.Image, rows: int) -> bool:
    """Tell whether a small picture begins as a larger one of so many rows does, of which there is an upper part."""
    share = upper.height / rows
    if share < _LEAST_PART:
        return False
    size = _COLUMNS, max(2, round(_COLUMNS * share))
    one = upper.resize(size, Image.Resampling.BOX)
    other = small.convert("L").resize(size, Image.Resampling.BOX, (0, 0, small.width, small.height * share))
    if ImageStat.Stat(one).stddev[0] < _FEATURES:
        return False
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0] < _TOLERANCE
