"""Formats without a signature at their start, each by the least that makes one; and what only looks like one."""

from __future__ import annotations

import struct
from random import Random

import pytest

from core.facts.structures import by_structure


def old_tar() -> bytes:
    """The header of a tar of before `ustar`."""
    header = bytearray(512)
    header[:6] = b"a file"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def adts(length: int) -> bytes:
    """The head of a frame of AAC."""
    frame = bytearray(length)
    frame[:7] = bytes([0xFF, 0xF1, 0x50, 0x80 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC])
    return bytes(frame)


def mpeg(head: bytes, length: int) -> bytes:
    """One frame of MPEG audio."""
    return head + bytes(length - len(head))


SOUND = {
    "tar": (old_tar(), "archive"),
    "mpegts": ((b"\x47" + bytes(187)) * 5, "video"),
    "mpegts, with times": (b"\0\0\0\0" + (b"\x47" + bytes(191)) * 5, "video"),
    "mp3, two frames of AAC": (adts(300) + adts(300), "audio"),
    "mp3, of layer III": (mpeg(b"\xff\xfb\x90\0", 417) * 2, "audio"),
    "mp3, of layer II": (mpeg(b"\xff\xfd\x80\0", 417) * 2, "audio"),
    "mp3, of layer I": (mpeg(b"\xff\xff\x40\0", 136) * 4, "audio"),
    "mp3, of MPEG 2": (mpeg(b"\xff\xf3\x80\0", 208) * 2, "audio"),
    "mp3, a frame longer than what was read": (mpeg(b"\xff\xfb\x90\0", 417), "audio"),
    "exe": (b"MZ" + bytes(100), "program"),
    "pyc": (b"\xa7\r\r\n" + bytes(20), "program"),
    "opentype": (b"\0\x01\0\0\0\x0c" + bytes(6) + b"GDEF" + bytes(20), "font"),
    "type1": (b"\x80\x01\0\0\0\0%!PS-AdobeFont", "font"),
    "eot": (bytes(8) + b"\x02\0\x02" + bytes(23) + b"LP" + bytes(20), "font"),
    "pdf": (b"rubbish from a mail\r\n%PDF-1.4 and so on", "document"),
    "bmp": (b"BM" + bytes(12) + struct.pack("<I", 40) + bytes(20), "image"),
    "ico": (b"\0\0\x01\0\x01\0\x10\x10\0\0" + bytes(20), "image"),
    "tga": (bytes([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 48, 0, 24, 0]), "image"),
    "tga, of mapped colours": (bytes([0, 1, 1, 0, 0, 0, 1, 24, 0, 0, 0, 0, 64, 0, 48, 0, 8, 0]), "image"),
    "dicom": (bytes(128) + b"DICM", "image"),
    "disk": (bytes(1080) + b"\x53\xef\x01\0", "archive"),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_one_is_known(name: str) -> None:
    content, kind = SOUND[name]
    assert by_structure(content) == (name.partition(",")[0], kind)


NEARLY = {
    "a tar whose sum is wrong": old_tar()[:20] + b"x" + old_tar()[21:],
    "a tar whose sum is no octal number": old_tar()[:148] + b"999999\0 " + old_tar()[156:],
    "half a tar": old_tar()[:400],
    "a transport stream that loses its step": (b"\x47" + bytes(187)) * 2 + bytes(400),
    "a frame that leads to no other": adts(300) + bytes(300),
    "a frame of no rate": b"\xff\xfb\xfc\0" + bytes(600),
    "a frame of no version": b"\xff\xeb\x90\0" + bytes(600),
    "a short frame": b"\xff\xfb\x90",
    "a bitmap of no header": b"BM" + bytes(12) + struct.pack("<I", 41) + bytes(20),
    "a picture without width": bytes([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 48, 0, 24, 0]),
    "an icon without pictures": b"\0\0\x01\0\0\0" + bytes(30),
    "MZ in a text": b"MZ is how it begins, and then there is only text, for more than sixty-four bytes of it",
    "a font without tables": b"\0\x01\0\0\0\0" + bytes(30),
    "nothing": b"",
}


@pytest.mark.parametrize("name", NEARLY)
def test_what_is_nearly_one_is_none(name: str) -> None:
    assert by_structure(NEARLY[name]) is None


def test_no_bytes_make_it_fail() -> None:
    random = Random(5)
    starts = [content[:40] for content, _ in SOUND.values()]
    for _ in range(3000):
        by_structure(random.choice(starts)[: random.randrange(40)] + random.randbytes(random.randrange(1200)))
