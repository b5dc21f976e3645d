"""When and with what a picture was taken: EXIF first, then XMP. Runs in a decoder only.

The date is EXIF's DateTimeOriginal, else DateTimeDigitized, else XMP's; EXIF's plain DateTime (when the file was last
written) counts only where a camera wrote it. A PNG's tIME is when it was saved: no capture date.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

import exifread
from PIL import Image

from core.facts.containers import boxes
from core.facts.dates import spoken, written
from core.facts.tidy import camera_name, one_line

Image.MAX_IMAGE_PIXELS = 1_000_000_000  # only headers are read here; what claims more is no picture
_PILLOW = {"jpeg": ["JPEG", "MPO"], "webp": ["WEBP"], "avif": ["AVIF"], "gif": ["GIF"], "jp2": ["JPEG2000"]}
_PREFIX = 4 * 1024 * 1024
_XMP_WITHIN = 1024 * 1024

_DATE_TIME, _MAKE, _MODEL, _EXIF_IFD = 0x0132, 0x010F, 0x0110, 0x8769
_ORIGINAL, _DIGITIZED, _SUBSEC_ORIGINAL, _SUBSEC_DIGITIZED = 0x9003, 0x9004, 0x9291, 0x9292

Answer = dict[str, str | int | None]
Tags = dict[int, str]


def read(file: BinaryIO, format: str, _extension: str) -> Answer:
    """Return `taken` (ISO, wall time), `taken_source` and `camera`, as far as the picture carries them."""
    tags: Tags = {}
    for source in _SOURCES.get(format, (_by_exifread,)):
        file.seek(0)
        try:
            found = source(file, format)
        except Exception:
            found = {}
        tags = found | tags
        if _exif_date(tags):
            break
    taken, origin = _exif_date(tags), "exif"
    if taken is None:
        file.seek(0)
        taken, origin = _xmp_date(file.read(_XMP_WITHIN)), "xmp"
    if taken is None and format == "png":
        taken, origin = _png_text_date(file), "text"
    return {
        "taken": taken.isoformat() if taken else None,
        "taken_source": origin if taken else None,
        "camera": camera_name(tags.get(_MAKE, ""), tags.get(_MODEL, "")),
    }


def _exif_date(tags: Tags) -> datetime | None:
    for date, fraction in ((_ORIGINAL, _SUBSEC_ORIGINAL), (_DIGITIZED, _SUBSEC_DIGITIZED)):
        if found := written(tags.get(date, ""), tags.get(fraction, "")):
            return found
    return written(tags.get(_DATE_TIME, "")) if tags.get(_MAKE) else None


# -- where the tags are ------------------------------------------------------------------------------


def _by_pillow(file: BinaryIO, format: str) -> Tags:
    with Image.open(file, formats=_PILLOW[format]) as picture:
        return _tags(picture.getexif())


def _by_heif(file: BinaryIO, _format: str) -> Tags:
    import pillow_heif  # noqa: PLC0415 -- 30 MB that only this format needs

    block = pillow_heif.open_heif(file, convert_hdr_to_8bit=False).info.get("exif")
    return _block(block) if block else {}


def _by_exifread(file: BinaryIO, _format: str) -> Tags:
    found = exifread.process_file(file, details=False, extract_thumbnail=False)
    names = {
        "Image DateTime": _DATE_TIME,
        "Image Make": _MAKE,
        "Image Model": _MODEL,
        "EXIF DateTimeOriginal": _ORIGINAL,
        "EXIF DateTimeDigitized": _DIGITIZED,
        "EXIF SubSecTimeOriginal": _SUBSEC_ORIGINAL,
        "EXIF SubSecTimeDigitized": _SUBSEC_DIGITIZED,
    }
    texts = {names[name]: str(value) for name, value in found.items() if name in names}
    return {tag: one_line(text) for tag, text in texts.items() if not text.startswith("b'")}


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield a PNG's small chunks; those of the picture itself are skipped, not read."""
    file.seek(8)
    for _ in range(100_000):
        header = file.read(8)
        if len(header) < 8 or header[4:] == b"IEND":
            return
        length = int.from_bytes(header[:4], "big")
        if header[4:] in (b"eXIf", b"tEXt", b"iTXt", b"zTXt") and length < _XMP_WITHIN:
            yield header[4:], file.read(length)
            file.seek(4, io.SEEK_CUR)
        else:
            file.seek(length + 4, io.SEEK_CUR)


def _png_exif(file: BinaryIO, _format: str) -> Tags:
    return next((_block(content) for name, content in _png_chunks(file) if name == b"eXIf"), {})


def _png_text_date(file: BinaryIO) -> datetime | None:
    for name, content in _png_chunks(file):
        key, _, text = content.partition(b"\0")
        if name == b"iTXt" and key == b"XML:com.adobe.xmp":
            return _xmp_date(text)
        if name == b"tEXt" and key == b"Creation Time":
            shown = text[:64].decode("latin-1")
            return written(shown) or spoken(shown)
    return None


def _raw_with_own_magic(file: BinaryIO, format: str) -> Tags:
    """Olympus, Panasonic: TIFF in all but the second word."""
    content = file.read(_PREFIX)
    magic = b"II*\0" if content[:2] == b"II" else b"MM\0*"
    return _by_exifread(io.BytesIO(magic + content[4:]), format)


def _raf(file: BinaryIO, format: str) -> Tags:
    """Fujifilm: its EXIF is in the JPEG inside, whose place the header names."""
    header = file.read(92)
    file.seek(int.from_bytes(header[84:88], "big"))
    preview = file.read(min(int.from_bytes(header[88:92], "big"), _PREFIX))
    return _by_pillow(io.BytesIO(preview), "jpeg")


_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def _cr3(file: BinaryIO, _format: str) -> Tags:
    """Canon: two blocks of TIFF in a box of the film format."""

    def at(offset: int, size: int) -> bytes:
        file.seek(offset)
        return file.read(size)

    tags: Tags = {}
    for name, start, end in boxes(at, 0, file.seek(0, io.SEEK_END)):
        for inner, inner_start, inner_end in boxes(at, start, end) if name == b"moov" else ():
            if inner == b"uuid" and at(inner_start, 16) == _CANON:
                for word, from_, to in boxes(at, inner_start + 16, inner_end):
                    if word in (b"CMT1", b"CMT2"):
                        tags |= _block(at(from_, min(to - from_, _XMP_WITHIN)))
    return tags


_SOURCES = {
    "jpeg": (_by_pillow, _by_exifread),
    "webp": (_by_pillow, _by_exifread),
    "avif": (_by_pillow, _by_exifread),
    "gif": (),
    "jp2": (),
    "psd": (),
    "png": (_png_exif,),
    "heif": (_by_heif, _by_exifread),
    "rw2": (_raw_with_own_magic,),
    "orf": (_raw_with_own_magic,),
    "raf": (_raf,),
    "cr3": (_cr3,),
}


def _block(content: bytes) -> Tags:
    exif = Image.Exif()
    exif.load(content if content.startswith(b"Exif\0\0") else b"Exif\0\0" + content)
    return _tags(exif)


def _tags(exif: Image.Exif) -> Tags:
    wanted = (_DATE_TIME, _MAKE, _MODEL, _ORIGINAL, _DIGITIZED, _SUBSEC_ORIGINAL, _SUBSEC_DIGITIZED)
    values = {**exif, **exif.get_ifd(_EXIF_IFD)}
    return {tag: one_line(values[tag]) for tag in wanted if isinstance(values.get(tag), str)}


# -- XMP ---------------------------------------------------------------------------------------------

_XMP_DATES = tuple(
    re.compile(rb"\b" + name + rb"(?:\s*=\s*[\"']|>\s*(?:<rdf:Seq>\s*<rdf:li>\s*)?)(\d{4}-[\d:T.Z+ -]{1,40})")
    for name in (rb"exif:DateTimeOriginal", rb"photoshop:DateCreated", rb"xmp:CreateDate")
)


def _xmp_date(content: bytes) -> datetime | None:
    """Return the date of the first XMP packet. Its text is searched, never parsed: no entity is expanded."""
    start = content.find(b"<x:xmpmeta")
    if start < 0:
        return None
    packet = content[start : content.find(b"</x:xmpmeta", start) % (len(content) + 1)]
    for pattern in _XMP_DATES:
        if (match := pattern.search(packet)) and (found := written(match[1].decode("ascii").strip())):
            return found
    return None
