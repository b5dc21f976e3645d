"""Films and recordings for the samples: the shortest streams that are what they say, with real tags and dates."""

from __future__ import annotations

import io
import struct
import wave
from datetime import datetime
from math import pi, sin
from random import Random

from mutagen.flac import FLAC
from mutagen.id3 import ID3, TALB, TIT2, TPE1, TRCK
from mutagen.ogg import OggPage

_SINCE_1904 = datetime(1904, 1, 1)
Song = tuple[str, str, str]
"""Artist, album, title."""


def box(name: bytes, *content: bytes) -> bytes:
    """Return a box of an MP4 or QuickTime film."""
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), name) + inside


def film(utc: datetime | None, *, brand: bytes = b"isom", wall: str | None = None, noise: bytes = b"") -> bytes:
    """Return a film without pictures. `utc`: its header's date; `wall`: Apple's own, ISO with a zone."""
    seconds = int((utc - _SINCE_1904).total_seconds()) if utc else 0
    header = box(b"mvhd", bytes(4), struct.pack(">IIII", seconds, seconds, 600, 600), bytes(80))
    inside = [header, _track(b"vide", seconds)]
    if wall:
        key = b"com.apple.quicktime.creationdate"
        keys = box(b"keys", bytes(4), struct.pack(">II4s", 1, 8 + len(key), b"mdta"), key)
        item = box(b"\0\0\0\x01", box(b"data", struct.pack(">II", 1, 0), wall.encode()))
        inside.append(box(b"meta", _handler(b"mdta"), keys, box(b"ilst", item)))
    return box(b"ftyp", brand, bytes(4), brand) + box(b"moov", *inside) + box(b"mdat", noise)


def _track(handler: bytes, seconds: int) -> bytes:
    times = struct.pack(">II", seconds, seconds)
    media = box(b"mdhd", bytes(4), times, struct.pack(">IIHH", 600, 600, 0x55C4, 0))
    return box(b"trak", box(b"tkhd", b"\0\0\0\x07", times, bytes(72)), box(b"mdia", media, _handler(handler)))


def _handler(name: bytes) -> bytes:
    return box(b"hdlr", bytes(8), name, bytes(13))


def matroska(kind: bytes = b"webm") -> bytes:
    """Return the head of a Matroska film with one video track."""
    document = b"\x42\x82" + bytes([0x80 | len(kind)]) + kind
    codec = b"\x86\x85V_VP8"
    track = b"\xae" + bytes([0x80 | len(codec) + 3]) + b"\x83\x81\x01" + codec
    tracks = b"\x16\x54\xae\x6b" + bytes([0x80 | len(track)]) + track
    return (
        b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(document)]) + document + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + tracks
    )


def mp3(song: Song, number: int = 1) -> bytes:
    """Return two seconds of silence as MP3, with ID3 tags."""
    tags = ID3()
    artist, album, title = song
    for frame in (TPE1(3, [artist]), TALB(3, [album]), TIT2(3, [title]), TRCK(3, [str(number)])):
        tags.add(frame)
    target = io.BytesIO(_MP3_FRAME * 76)
    tags.save(target)
    return target.getvalue()


_MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)  # MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes


def flac(song: Song) -> bytes:
    """Return a FLAC without samples, with Vorbis comments."""
    stream = (
        struct.pack(">HH", 4096, 4096) + bytes(6) + (44100 << 44 | 1 << 41 | 15 << 36).to_bytes(8, "big") + bytes(16)
    )
    target = io.BytesIO(b"fLaC\x80" + len(stream).to_bytes(3, "big") + stream)
    tagged = FLAC(target)
    tagged["artist"], tagged["album"], tagged["title"] = song
    target.seek(0)
    tagged.save(target)
    return target.getvalue()


def opus(song: Song) -> bytes:
    """Return a second of silence as Ogg Opus."""
    artist, album, title = song
    comments = [f"artist={artist}".encode(), f"album={album}".encode(), f"title={title}".encode()]
    tags = b"OpusTags" + _sized(b"shelver") + struct.pack("<I", len(comments)) + b"".join(map(_sized, comments))
    head = b"OpusHead\x01\x01" + struct.pack("<HIHB", 0, 48000, 0, 0)
    pages = []
    for sequence, packets in enumerate(([head], [tags], [b"\xfc\xff\xfe"] * 50)):
        page = OggPage()
        page.packets, page.sequence, page.serial = packets, sequence, 1
        page.first, page.last, page.position = sequence == 0, sequence == 2, 48000 if sequence == 2 else 0
        pages.append(page.write())
    return b"".join(pages)


def _sized(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


def m4a(song: Song) -> bytes:
    """Return an MP4 with a sound track and iTunes' tags."""
    names = (b"\xa9ART", b"\xa9alb", b"\xa9nam")
    items = [
        box(name, box(b"data", struct.pack(">II", 1, 0), text.encode())) for name, text in zip(names, song, strict=True)
    ]
    meta = box(b"meta", bytes(4), box(b"hdlr", bytes(8), b"mdirappl", bytes(9)), box(b"ilst", *items))
    header = box(b"mvhd", bytes(12), struct.pack(">II", 600, 600), bytes(80))
    moov = box(b"moov", header, _track(b"soun", 0), box(b"udta", meta))
    return box(b"ftyp", b"M4A ", bytes(4), b"M4A isom") + moov + box(b"mdat")


def wav(random: Random) -> bytes:
    """Return a quarter of a second of a tone."""
    target = io.BytesIO()
    pitch = random.randint(200, 900)
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        tone = (int(8000 * sin(2 * pi * pitch * at / 8000)) for at in range(2000))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
    return target.getvalue()
