"""Names of files: bytes on disk, text for the eye.

A name is never interpreted: it goes to a terminal, a log, a notification or a title only through
`shown`, and to JSON through `wire_path`.
"""

from __future__ import annotations

import os
import re
import unicodedata
from base64 import b64encode
from collections.abc import Sequence

NAME_MAX = 255
"""Bytes in one path component, the limit of every file system Shelver meets."""

# C0, DEL, C1, bidirectional marks and overrides, line and paragraph separators, zero-width marks,
# the byte order mark, and lone surrogates (bytes that are not UTF-8).
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def shown(name: bytes | str) -> str:
    """Return a name or path for the eye: one line, no character that a terminal acts on.

    Never feed the result back to the file system.
    """
    text = os.fsdecode(name) if isinstance(name, bytes) else name
    return text if text.isascii() and text.isprintable() else _HOSTILE.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if 0xDC80 <= code <= 0xDCFF:  # an undecodable byte, as surrogateescape carries it
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def wire_path(path: bytes) -> tuple[str, str | None]:
    """Return a path for JSON: its text, and its base64 when it is not UTF-8 (the text is then `shown`)."""
    try:
        return path.decode("utf-8"), None
    except UnicodeDecodeError:
        return shown(path), b64encode(path).decode("ascii")


def normalized(name: bytes) -> str:
    """Return a name as rules see it: text in NFC, whatever its form on disk."""
    text = os.fsdecode(name)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def collision_key(path: bytes) -> bytes:
    """Return what two paths share when some file system would take them for one.

    Paths that differ only in case or in their Unicode form must not be planned into one folder: a
    later copy to SMB, exFAT or macOS would lose one of them.
    """
    if path.isascii():
        return path.lower()
    folded = unicodedata.normalize("NFC", os.fsdecode(path)).casefold()
    return os.fsencode(unicodedata.normalize("NFC", folded))


def split_extension(name: bytes) -> tuple[bytes, bytes]:
    """Split a name into stem and extension (with its dot); a leading dot starts no extension."""
    stem, dot, extension = name.rpartition(b".")
    if not dot or not stem.strip(b".") or not extension:
        return name, b""
    return stem, b"." + extension


def numbered(name: bytes, number: int) -> bytes:
    """Return `stem (number).ext`, cut at a character boundary to fit `NAME_MAX` bytes."""
    stem, extension = split_extension(name)
    suffix = b" (%d)" % number
    if len(suffix) + len(extension) >= NAME_MAX:  # an absurd extension: number the whole name
        stem, extension = name, b""
    return cut(stem, NAME_MAX - len(suffix) - len(extension)) + suffix + extension


def numbered_together(names: Sequence[bytes], number: int) -> list[bytes]:
    """Return names of files that belong together under one number: `a (1).jpg`, `a (1).jpg.xmp`, `a (1).mov`."""
    stem = min((split_extension(name)[0] for name in names), key=len)
    endings = [name[len(stem) :] for name in names]
    suffix = b" (%d)" % number
    room = NAME_MAX - len(suffix) - max(map(len, endings))
    if room <= 0 or not all(name.startswith(stem) for name in names):
        return [numbered(name, number) for name in names]
    return [cut(stem, room) + suffix + ending for ending in endings]


def cut(name: bytes, limit: int) -> bytes:
    """Return at most `limit` bytes of a name, never splitting a UTF-8 character."""
    if len(name) <= limit:
        return name
    end = limit
    while end > limit - 4 and end > 0 and name[end] & 0xC0 == 0x80:
        end -= 1
    return name[:end]


def is_beneath(path: bytes, folder: bytes) -> bool:
    """Tell whether an absolute path is a folder itself or lies beneath it."""
    return folder in (path, b"/") or path.startswith(folder + b"/")
