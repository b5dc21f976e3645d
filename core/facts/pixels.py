"""A picture made small: whatever its format, upright, on white. Runs in a decoder only.

A JPEG is decoded at an eighth of its size where that is enough, or not at all where the small picture inside it can be
trusted; a HEIC gives its small picture too; a raw picture gives the JPEG that its camera put inside. Others have no
such short cut. What would take more memory than a decoder has is not begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from core.facts.embedded import CONTAINERS, RAW, Embedded, largest_jpeg
from core.facts.inlaid import inlaid

Size = tuple[int, int]
"""Width and height in pixels."""

Image.MAX_IMAGE_PIXELS = None  # the limit here is one of memory

_PILLOW = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "webp": ("WEBP",),
    "avif": ("AVIF",),
    "heif": ("HEIF",),
    "tiff": ("TIFF",),
    "psd": ("PSD",),
    "jp2": ("JPEG2000",),
    "gif": ("GIF",),
    "bmp": ("BMP",),
    "pnm": ("PPM",),
    "tga": ("TGA",),
    "qoi": ("QOI",),
}

_MOST_BYTES = 200 * 1024 * 1024
"""That decoding a whole picture may take."""

_BYTES_BY_MODE = {
    "1": 2,
    "L": 1,
    "P": 5,
    "PA": 8,
    "I;16": 6,
    "I;16B": 6,
    "I;16L": 6,
}  # and what becomes of them; else 4
_TIMES = {"webp": 4, "avif": 3, "heif": 2, "jp2": 4, "tiff": 2}  # what these decoders hold at once, measured
_ORIENTATION = 0x0112
_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Opened:
    """A picture, decoded at its full size or less. `width` and `height`: of the file's picture, upright."""

    picture: Image.Image
    width: int
    height: int
    orientation: int

    def shrunk(self, size: Size, mode: str) -> Image.Image:
        """Return it at a size, upright, in mode `L` or `RGB`."""
        turned = self.orientation in _TURNED
        lying = size[::-1] if self.orientation > 4 else size
        small = _shrunk(self.picture, lying, mode)
        return small.transpose(_TURNED[self.orientation]) if turned else small


def opened(file: BinaryIO, format: str, extension: str, least: Size, mode: str) -> Opened:
    """Decode a picture, at `least` so large if it is. Raises OSError, ValueError, … for what is none."""
    if format in CONTAINERS or (format == "tiff" and extension in RAW):
        inside = largest_jpeg(file)
        if inside is not None:
            return _of_raw(inside, least, mode)
    return _decoded(file, format, least, mode)


def _of_raw(found: Embedded, least: Size, mode: str) -> Opened:
    """Take the JPEG of a raw picture for it; its dimensions are those that the sensor gave, if they are told."""
    jpeg = _decoded(found.file, "jpeg", least, mode)
    orientation = jpeg.orientation if jpeg.orientation in _TURNED else found.orientation
    width, height = sorted((jpeg.width, jpeg.height))[::-1]
    if found.width * found.height > width * height:
        width, height = sorted((found.width, found.height))[::-1]
    is_upright = (jpeg.picture.height > jpeg.picture.width) != (orientation > 4)
    return Opened(jpeg.picture, *((height, width) if is_upright else (width, height)), orientation)


def _decoded(file: BinaryIO, format: str, least: Size, mode: str) -> Opened:
    if format == "heif":
        from pillow_heif import register_heif_opener  # noqa: PLC0415 -- 30 MB that only this format needs

        register_heif_opener(decode_threads=1)
    file.seek(0)
    picture = Image.open(file, formats=_PILLOW[format])
    width, height = picture.size
    if format == "jpeg" and (small := inlaid(file, picture, least)) is not None:
        return _upright(small, width, height, picture.getexif().get(_ORIENTATION, 1))
    picture.draft(mode, least)
    halvings = 0
    if isinstance(picture, Jpeg2KImageFile):
        halvings = max(0, min(width // least[0], height // least[1]).bit_length() - 3)
        picture.reduce = halvings
    if _memory(picture, format) >> 2 * halvings > _MOST_BYTES:
        raise ValueError("too large a picture")
    picture.load()
    return _upright(picture, width, height, picture.getexif().get(_ORIENTATION, 1))  # gone where it is turned already


def _upright(picture: Image.Image, width: int, height: int, orientation: int) -> Opened:
    if orientation not in _TURNED:
        orientation = 1
    return Opened(picture, *((height, width) if orientation > 4 else (width, height)), orientation)


def _memory(picture: Image.Image, format: str) -> int:
    """Return about how many bytes decoding takes."""
    width, height = picture.size
    return width * height * _BYTES_BY_MODE.get(picture.mode, 4) * _TIMES.get(format, 1)


def _shrunk(picture: Image.Image, size: Size, mode: str) -> Image.Image:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        return _eight_bit(picture, size).convert(mode)
    if picture.mode in ("P", "PA"):
        is_clear = picture.mode == "PA" or "transparency" in picture.info
        picture = picture.convert("RGBA" if is_clear else "RGB")
    elif picture.mode == "1":
        picture = picture.convert("L")
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if small.has_transparency_data:
        small = small.convert("RGBA")
        small = Image.alpha_composite(Image.new("RGBA", size, "white"), small)
    return small if small.mode == mode else small.convert(mode)


def _eight_bit(picture: Image.Image, size: Size) -> Image.Image:
    """Return a picture of more than eight bits at a size: what lies between its darkest and brightest is spread."""
    small = picture.convert("F").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    darkest, brightest = small.getextrema()
    assert isinstance(darkest, float)
    assert isinstance(brightest, float)
    most = 255.0 if picture.mode == "F" or brightest <= 255 else 65535.0
    if brightest - darkest < most / 64:  # nothing but noise
        darkest, brightest = 0.0, max(most, brightest)
    scale = 255.0 / (brightest - darkest)
    return small.point(lambda value: value * scale - darkest * scale).convert("L")
