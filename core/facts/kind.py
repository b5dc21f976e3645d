"""What kind of file this is: by content where content speaks, by extension where it is silent.

    1. The first 4 KiB are compared with signatures; a container gets one look inside (a few reads more).
    2. What has no signature and reads as text is a text: the extension says which, if it is one of text.
       Without such an extension a few unmistakable openings decide (`#!`, `<html`, `From:` …), else it is a document.
    3. What is left (binary, unknown) is what its extension says.

Bytes are compared in process; nothing here follows an offset further than one read, allocates by what a file
claims, or calls a parser.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from core.facts.containers import EXTENSIONS, INSIDE, Read
from core.facts.extensions import KINDS, TEXTUAL, Kind, extension_of, kind_of_name
from core.facts.signatures import Found, look_up

HEAD = 4096
"""Bytes that are read of every file."""

VERSION = 1
"""Of the method: a kind found by another version is found anew."""


class Sniffed(NamedTuple):
    """A file's kind, and the word of its format (`text` for any text, empty for what has no signature)."""

    kind: Kind
    format: str


def sniff(name: bytes, size: int, read: Read) -> Sniffed:
    """Return what a file is. `read(offset, size)` reads from it and may raise OSError."""
    head = read(0, HEAD)
    found = look_up(head)
    if found is None and size > _DISC_MAGIC and extension_of(name) in ("iso", "img", "bin", ""):
        found = _disc(read)
    if found is not None:
        return _settle(name, size, head, read, found)
    if not head:
        return Sniffed(kind_of_name(name), "")
    if text := _text(head):
        return _kind_of_text(name, text)
    return Sniffed(kind_of_name(name), "")


_DISC_MAGIC = 0x8001


def _disc(read: Read) -> Found | None:
    return ("disk", "archive") if read(_DISC_MAGIC, 5) in (b"CD001", b"BEA01", b"NSR02") else None


def _settle(name: bytes, size: int, head: bytes, read: Read, found: Found) -> Sniffed:
    format, kind = found
    inside = INSIDE[format](head, read, size) if format in INSIDE else None
    if inside is not None:
        format, kind = inside
    extension = extension_of(name)
    if extension in EXTENSIONS.get(format, ()) or (format in _SAID_IN_TEXT and extension in TEXTUAL):
        kind = KINDS.get(extension, kind)
    return Sniffed(_DEFAULTS.get(format, kind) if kind == "other" else kind, format)


_DEFAULTS: dict[str, Kind] = {"ole": "document", "matroska": "video", "asf": "video", "ogg": "audio", "iff": "data"}

# Signatures that are readable text, met inside other texts too (a patch, a script): a text's extension wins.
_SAID_IN_TEXT = {"pem", "vcard", "subtitles", "playlist", "shar", "tar", "pgp", "xpm"}

# -- text -------------------------------------------------------------------------------------------------

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def _text(head: bytes) -> str:
    """Return a text's beginning, or nothing if it is none. Eight-bit text counts, NULs and control bytes do not."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace").replace("\0", "\ufffd") or "\n"
    if _NOT_IN_TEXT.search(head):
        return ""
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3 and error.reason == "unexpected end of data":
            return head[: error.start].decode("utf-8")
    high = sum(byte >= 0x80 for byte in head)
    return head.decode("latin-1") if high < len(head) * 0.3 else ""


_PROLOGUE = r"\s*+(?:(?><\?xml[^>]*+>|<!--.*?-->|<!DOCTYPE svg[^>]*+>)\s*+)*+"
_HEADER_LINES = r"(?:[\w-]++: [^\n]*+\n(?:[ \t][^\n]*+\n)*+){0,30}?"

# None of these may take long on a hostile opening: what could be matched in two ways is possessive.
_OPENINGS: tuple[tuple[str, Kind, re.Pattern[str]], ...] = (
    ("svg", "image", re.compile(_PROLOGUE + r"<svg[\s>:]", re.DOTALL)),
    ("fb2", "ebook", re.compile(_PROLOGUE + r"<FictionBook[\s>]", re.DOTALL)),
    ("html", "document", re.compile(_PROLOGUE + r"<(?:!doctype\s+html|html|head|body)\b", re.DOTALL | re.IGNORECASE)),
    ("xml", "data", re.compile(r"\s*+<\?xml\s")),
    ("script", "code", re.compile(r"#!\s*+/\S")),
    ("json", "data", re.compile(r"\s*+(?:\{\s*+(?:\"[^\"]*+\"\s*+:|\})|\[\s*+[\[{\"\d\-\]])")),
    ("mail", "mail", re.compile(r"From [^\n]*+\n[\w-]++: ")),
    (
        "mail",
        "mail",
        re.compile(_HEADER_LINES + r"(?:Received|Return-Path|Delivered-To|Message-ID|MIME-Version): ", re.I),
    ),
)


def _kind_of_text(name: bytes, text: str) -> Sniffed:
    extension = extension_of(name)
    by_name = kind_of_name(name)
    openings = (Sniffed(kind, format) for format, kind, pattern in _OPENINGS if pattern.match(text))
    opening = next(openings, Sniffed("document", "text"))
    if opening.format in ("svg", "fb2") and extension in ("", "txt", "xml"):
        return opening
    if extension in TEXTUAL or (not extension and by_name != "other"):
        return opening if opening.kind == by_name else Sniffed(by_name, "text")
    return opening
