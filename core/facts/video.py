"""When a film was taken: QuickTime's own date with its zone, else the header's, which is UTC.

Runs in a decoder only.
"""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import BinaryIO

from core.facts.containers import Read, boxes
from core.facts.dates import from_utc, spoken, written
from core.facts.tidy import camera_name

_SINCE_1904 = datetime(1904, 1, 1)
_UNIX = 2_082_844_800  # 1970 on the clock that starts in 1904: some programs count from there all the same
_MOST = 1024 * 1024

Answer = dict[str, str | int | None]


def read(file: BinaryIO, format: str, _extension: str) -> Answer:
    """Return `taken` (ISO, wall time), `taken_source` and `camera`, as far as the film carries them."""

    def at(offset: int, size: int) -> bytes:
        file.seek(offset)
        return file.read(min(size, _MOST))

    return _avi(at) if format in ("avi", "riff") else _quicktime(at, file.seek(0, io.SEEK_END))


def _answer(taken: datetime | None, source: str, camera: str | None) -> Answer:
    return {"taken": taken.isoformat() if taken else None, "taken_source": source if taken else None, "camera": camera}


# -- QuickTime and MP4 ---------------------------------------------------------------------------------


def _quicktime(at: Read, size: int) -> Answer:
    header = b""
    keys: dict[bytes, str] = {}
    for name, start, end in boxes(at, 0, size):
        for inner, inner_start, inner_end in boxes(at, start, end) if name == b"moov" else ():
            if inner == b"mvhd":
                header = at(inner_start, 20)
            elif inner == b"meta":
                keys |= _metadata(at, inner_start, inner_end)
            elif inner == b"udta":
                keys = _user_data(at, inner_start, inner_end) | keys
    camera = camera_name(
        keys.get(b"com.apple.quicktime.make") or keys.get(b"com.android.manufacturer") or keys.get(b"\xa9mak", ""),
        keys.get(b"com.apple.quicktime.model") or keys.get(b"com.android.model") or keys.get(b"\xa9mod", ""),
    )
    for key in (b"com.apple.quicktime.creationdate", b"\xa9day"):
        text = keys.get(key, "")
        if len(text) > 10 and (taken := written(text)):  # a song's or film's bare year is when it was published
            return _answer(taken, "quicktime", camera)
    return _answer(_header_date(header), "container", camera)


def _header_date(header: bytes) -> datetime | None:
    if len(header) < 20:
        return None
    seconds = int.from_bytes(header[4:12] if header[0] == 1 else header[4:8], "big")
    if 0 < seconds < _UNIX:  # before 1970: counted from 1970, or nonsense
        return from_utc(seconds, datetime(1970, 1, 1)) if seconds > 10**9 else None
    return from_utc(seconds, _SINCE_1904)


def _metadata(at: Read, start: int, end: int) -> dict[bytes, str]:
    """Apple's and Android's `meta`: a list of keys, and a list of values by the keys' numbers."""
    if at(start + 4, 4) not in (b"hdlr", b"keys", b"ilst"):  # MP4 puts version and flags first, QuickTime does not
        start += 4
    keys: list[bytes] = []
    values: dict[bytes, str] = {}
    for name, inner, inner_end in boxes(at, start, end):
        if name == b"keys":
            keys = [at(key, key_end - key) for _, key, key_end in boxes(at, inner + 8, inner_end)]
        elif name == b"ilst":
            for number, item, item_end in boxes(at, inner, inner_end):
                index = int.from_bytes(number, "big") - 1
                key = keys[index] if 0 <= index < len(keys) else number
                for word, data, data_end in boxes(at, item, item_end):
                    if word == b"data":
                        values[key] = at(data + 8, min(data_end - data - 8, 512)).decode("utf-8", "replace")
    return values


def _user_data(at: Read, start: int, end: int) -> dict[bytes, str]:
    """QuickTime's older `udta`: each text behind its length and language."""
    values: dict[bytes, str] = {}
    for name, item, item_end in boxes(at, start, end):
        if name == b"meta":
            values |= _metadata(at, item, item_end)
        elif name[:1] == b"\xa9":
            content = at(item, min(item_end - item, 512))
            values[name] = content[4 : 4 + int.from_bytes(content[:2], "big")].decode("utf-8", "replace")
    return values


# -- AVI -------------------------------------------------------------------------------------------------

_AVI_DATE = re.compile(rb"IDIT[\x04-\x40]\0\0\0([ -~]{10,40})")


def _avi(at: Read) -> Answer:
    """Cameras write an IDIT chunk: `Wed Jan 02 02:03:55 2005`, or EXIF's form."""
    match = _AVI_DATE.search(at(0, _MOST))
    text = match[1].decode("ascii").strip() if match else ""
    return _answer(written(text) or spoken(text), "container", None)
