"""Pictures for the samples: small drawings in many formats, with the dates and cameras that real ones carry."""

from __future__ import annotations

import io
from datetime import datetime
from random import Random

from PIL import Image, ImageDraw

_MAKE, _MODEL, _DATE_TIME, _EXIF_IFD = 0x010F, 0x0110, 0x0132, 0x8769
_ORIGINAL, _DIGITIZED, _OFFSET_ORIGINAL = 0x9003, 0x9004, 0x9011
_DNG_VERSION = 0xC612

Camera = tuple[str, str]
"""Maker and model, as the camera writes them."""


def drawn(random: Random, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Return a landscape: a sky, a sun, some hills. No two are alike."""
    width, height = size
    picture = Image.linear_gradient("L").resize(size)
    top, bottom = _colour(random, 120, 255), _colour(random, 20, 140)
    picture = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), picture)
    draw = ImageDraw.Draw(picture)
    x, y, radius = random.randrange(width), random.randrange(height // 2), random.randrange(8, height // 5)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(random, 200, 255))
    for _ in range(random.randint(2, 5)):
        peak = random.randrange(width), random.randrange(height // 3, height)
        draw.polygon(
            [(peak[0] - width // 2, height), peak, (peak[0] + width // 2, height)], fill=_colour(random, 0, 180)
        )
    return picture


def _colour(random: Random, low: int, high: int) -> tuple[int, int, int]:
    return random.randint(low, high), random.randint(low, high), random.randint(low, high)


def exif(taken: datetime | None, camera: Camera | None, offset: str | None = None) -> Image.Exif:
    """Return what a camera writes into a picture. `offset`: its zone, as in `+02:00`."""
    block = Image.Exif()
    if camera:
        block[_MAKE], block[_MODEL] = camera
    if taken:
        text = taken.strftime("%Y:%m:%d %H:%M:%S")
        block[_DATE_TIME] = text
        inner = block.get_ifd(_EXIF_IFD)
        inner[_ORIGINAL] = inner[_DIGITIZED] = text
        if offset:
            inner[_OFFSET_ORIGINAL] = offset
    return block


def encoded(picture: Image.Image, format: str, block: Image.Exif | None = None) -> bytes:
    """Return a picture in one of Pillow's formats, or `HEIF`."""
    target = io.BytesIO()
    extra = {"exif": block.tobytes()} if block is not None else {}
    if format == "HEIF":
        import pillow_heif  # noqa: PLC0415 -- heavy, and only for this

        pillow_heif.from_pillow(picture).save(target, quality=60, **extra)
    else:
        picture.save(target, format, **extra)
    return target.getvalue()


def photo(random: Random, taken: datetime | None, camera: Camera | None, *, offset: str | None = None) -> bytes:
    """Return a JPEG as a camera makes it."""
    return encoded(drawn(random), "JPEG", exif(taken, camera, offset))


def raw(random: Random, taken: datetime, camera: Camera) -> bytes:
    """Return a raw picture: a DNG, which is a TIFF with a few more tags."""
    block = exif(taken, camera)
    block[_DNG_VERSION] = b"\x01\x04\x00\x00"
    return encoded(drawn(random, (80, 60)), "TIFF", block)


def heic(random: Random, taken: datetime, camera: Camera) -> bytes:
    """Return a picture as phones of the last years make it."""
    return encoded(drawn(random, (160, 120)), "HEIF", exif(taken, camera))


def vector(random: Random) -> bytes:
    """Return an SVG."""
    colour = f"#{random.randrange(1 << 24):06x}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
        f'<circle cx="50" cy="50" r="{random.randint(10, 45)}" fill="{colour}"/></svg>\n'
    ).encode()


def sidecar(taken: datetime, rating: int) -> bytes:
    """Return an XMP sidecar: what a photo program keeps beside a picture."""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
        f' xmp:Rating="{rating}" exif:DateTimeOriginal="{taken.isoformat()}"/></rdf:RDF></x:xmpmeta>\n'
    ).encode()


def adjustments() -> bytes:
    """Return an AAE sidecar: how a phone remembers an edit."""
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict><key>adjustmentFormatIdentifier</key>'
        b"<string>com.apple.photo</string></dict></plist>\n"
    )
