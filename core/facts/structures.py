"""Formats without a signature at their start: known by what stands further in, or by a header that makes sense."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.facts.signatures import Found

Check = Callable[[bytes], Found | None]


def by_structure(head: bytes) -> Found | None:
    """Return the format of what is no text and has no signature at its start, by what stands further in."""
    for check in _STRUCTURES:
        if found := check(head):
            return found
    return None


def _bmp(head: bytes) -> Found | None:
    header = int.from_bytes(head[14:18], "little")
    if head[:2] == b"BM" and header in (12, 16, 40, 52, 56, 64, 108, 124):
        return "bmp", "image"
    return None


def _targa(head: bytes) -> Found | None:
    """It has no magic at its start; but few other bytes make a sound header."""
    if len(head) < 18 or head[2] not in (1, 2, 3, 9, 10, 11) or head[16] not in (8, 15, 16, 24, 32) or head[17] & 0xC0:
        return None
    mapped = head[2] in (1, 9)
    sound_map = (head[1] == 1 and head[7] in (15, 16, 24, 32)) if mapped else (head[1] == 0 and not any(head[3:8]))
    width, height = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    return ("tga", "image") if sound_map and 0 < width < 16_384 and 0 < height < 16_384 else None


def _icon(head: bytes) -> Found | None:
    count = int.from_bytes(head[4:6], "little")
    if head[:4] in (b"\0\0\x01\0", b"\0\0\x02\0") and 0 < count < 64 and len(head) >= 22 and head[9] == 0:
        return "ico", "image"
    return None


def _mpeg_audio(head: bytes) -> Found | None:
    """A frame whose length leads to the next one: MPEG layers I to III, and AAC in ADTS."""
    at = 0
    for _ in range(2):
        step = _frame_length(head[at : at + 6])
        if not step:
            return None
        at += step
        if at + 6 > len(head):  # one frame longer than what was read
            return ("mp3", "audio") if at < 6000 and head[0] == 0xFF and len(head) > 400 else None
    return "mp3", "audio"


_BITRATES = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _frame_length(frame: bytes) -> int:
    if len(frame) < 6 or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return 0
    version, layer = frame[1] >> 3 & 3, frame[1] >> 1 & 3
    if layer == 0:  # ADTS
        length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
        return length if frame[1] & 0xF6 == 0xF0 and frame[2] >> 2 & 15 < 13 and length > 7 else 0
    bitrate, rate, padding = frame[2] >> 4, frame[2] >> 2 & 3, frame[2] >> 1 & 1
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    kilobits = _BITRATES[3 if version == 3 else 2, layer if version == 3 else max(layer, 2)][bitrate - 1]
    if layer == 3:
        return (12_000 * kilobits // _RATES[version][rate] + padding) * 4
    slots = 72_000 if layer == 1 and version != 3 else 144_000
    return slots * kilobits // _RATES[version][rate] + padding


def _stream(head: bytes) -> Found | None:
    """An MPEG transport stream: packets that each begin with the same byte."""
    for start, step in ((0, 188), (4, 192)):
        if head[start : start + 3 * step + 1 : step] == b"GGGG":
            return "mpegts", "video"
    return None


def _program(head: bytes) -> Found | None:
    if head[:2] == b"MZ" and len(head) > 64 and b"\0" in head[:64]:
        return "exe", "program"
    if head[2:4] == b"\r\n" and len(head) > 16 and (head[4:8] in (b"\0\0\0\0", b"\1\0\0\0", b"\3\0\0\0")):
        return "pyc", "program"
    return None


def _font(head: bytes) -> Found | None:
    tables = int.from_bytes(head[4:6], "big")
    if head[:4] == b"\0\x01\0\0" and 4 <= tables <= 64 and head[12:16].strip().isalnum():
        return "opentype", "font"
    if head[:2] == b"\x80\x01" and head[6:8] == b"%!":
        return "type1", "font"
    if head[34:36] == b"LP" and head[8:11] in (b"\0\0\x01", b"\x01\0\x02", b"\x02\0\x02"):
        return "eot", "font"
    return None


_AT_OFFSET: tuple[tuple[int, bytes, Found], ...] = (
    (257, b"ustar", ("tar", "archive")),
    (128, b"DICM", ("dicom", "image")),
    (60, b"BOOKMOBI", ("mobi", "ebook")),
    (60, b"TEXtREAd", ("palmdoc", "ebook")),
    (40, b" EMF", ("emf", "image")),
    (36, b"acsp", ("icc", "data")),
    (2, b"-lh", ("lha", "archive")),
    (2, b"-lz", ("lha", "archive")),
    (7, b"**ACE**", ("ace", "archive")),
    (44, b"SCRM", ("tracker", "audio")),
    (1080, b"M.K.", ("tracker", "audio")),
    (4, b"\x11\xaf", ("fli", "video")),
    (4, b"\x12\xaf", ("fli", "video")),
    (65, b"PNTG", ("macpaint", "image")),
    (1024, b"\x48\x2b\0\x04", ("disk", "archive")),
    (1080, b"\x53\xef\x01\0", ("disk", "archive")),
)


def _at_offset(head: bytes) -> Found | None:
    for offset, signature, found in _AT_OFFSET:
        if head.startswith(signature, offset):
            return found
    return None


_PDF_LATE = re.compile(rb"[\r\n\0]%PDF-1\.\d")


def _late_pdf(head: bytes) -> Found | None:
    """A PDF behind some rubbish, which readers forgive."""
    return ("pdf", "document") if b"%PDF-1." in head[:1024] and _PDF_LATE.search(head, 0, 1024) else None


def _old_tar(head: bytes) -> Found | None:
    """A tar header of before `ustar`: its checksum tells."""
    if len(head) < 512 or not head[148:154].strip(b" \0").isdigit() or not head[0]:
        return None
    try:
        expected = int(head[148:156].strip(b" \0"), 8)
    except ValueError:
        return None
    return ("tar", "archive") if sum(head[:148]) + 256 + sum(head[156:512]) == expected else None


_STRUCTURES: tuple[Check, ...] = (
    _at_offset,
    _bmp,
    _targa,
    _icon,
    _font,
    _program,
    _mpeg_audio,
    _stream,
    _late_pdf,
    _old_tar,
)
