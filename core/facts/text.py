"""A document's text, for rules that search it: at most its first 256 KiB. Runs in a decoder only.

XML is not parsed but stripped of its tags, so that no entity is ever expanded; a zip's members are read up to a
limit, whatever they claim to unpack to.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from typing import BinaryIO

MOST = 256 * 1024
"""Bytes of UTF-8 that a text is cut to."""

_MOST_PAGES = 20
_MOST_MEMBERS = 200
_MOST_UNPACKED = 8 * 1024 * 1024

Answer = dict[str, str | int | None]


def read(file: BinaryIO, format: str, _extension: str) -> Answer:
    """Return `text`, or None where there is none to read (a scan)."""
    pieces: list[str] = []
    length = 0
    for piece in _READERS[format](file):
        pieces.append(piece)
        length += len(piece)
        if length >= MOST:
            break
    text = "".join(pieces).strip()
    return {"text": text.encode("utf-8", "replace")[:MOST].decode("utf-8", "ignore") or None}


# -- plain and marked-up text -----------------------------------------------------------------------------

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decoded(content: bytes) -> str:
    """Return a text in whatever encoding it seems to be: by its mark, else UTF-8, else Western eight-bit."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace").lstrip("\ufeff")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3:  # cut within a character
            return content[: error.start].decode("utf-8")
    return content.decode("cp1252", "replace")


def _plain(file: BinaryIO) -> Iterator[str]:
    yield decoded(file.read(MOST))


_UNSHOWN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_BREAKS = re.compile(
    r"</(?:w:p|a:p|text:p|text:h|p|div|h[1-6]|li|tr|title|row|si|table:table-row)\s*>|<(?:w:br|br|text:line-break)\b[^<>]*>",
    re.IGNORECASE,
)
_CELLS = re.compile(r"<(?:w:tab|text:tab)\b[^<>]*>|</(?:td|th|c|table:table-cell)\s*>", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")


def _stripped(markup: str) -> str:
    lines = _CELLS.sub("\t", _BREAKS.sub("\n", _UNSHOWN.sub(" ", markup)))
    return html.unescape(_TAGS.sub("", lines))


def _markup(file: BinaryIO) -> Iterator[str]:
    yield _stripped(decoded(file.read(4 * MOST)))


_RTF_DESTINATION = re.compile(r"\{\\(?:\*|fonttbl|colortbl|stylesheet|info|pict)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_RTF_WORD = re.compile(
    r"\\'([0-9a-f]{2})|\\u(-?\d{1,5}) ?\??|\\(par|line|tab|cell|row)\b ?|\\[a-z]+-?\d* ?|\\[^a-z]|[{}\r\n]"
)


def _rtf(file: BinaryIO) -> Iterator[str]:
    def spoken(match: re.Match[str]) -> str:
        if match[1]:
            return bytes.fromhex(match[1]).decode("cp1252", "replace")
        if match[2]:
            return chr(int(match[2]) % 65536)
        if match[3]:
            return "\t" if match[3] in ("tab", "cell") else "\n"
        return match[0][1] if match[0] in ("\\\\", "\\{", "\\}") else ""

    source = _RTF_DESTINATION.sub("", file.read(4 * MOST).decode("latin-1"))
    yield _RTF_WORD.sub(spoken, source)


def _mail(file: BinaryIO) -> Iterator[str]:
    message = message_from_bytes(file.read(8 * MOST), policy=policy.default)
    for header in ("From", "To", "Date", "Subject"):
        yield f"{header}: {message.get(header, '')}\n"
    body = message.get_body(("plain", "html"))
    if body is not None:
        content = body.get_content()
        yield _stripped(content) if body.get_content_subtype() == "html" else content


# -- PDF -------------------------------------------------------------------------------------------------


def _pdf(file: BinaryIO) -> Iterator[str]:
    from pypdf import PdfReader  # noqa: PLC0415 -- 15 MB that only this format needs

    reader = PdfReader(file, strict=False)
    for number in range(min(len(reader.pages), _MOST_PAGES)):
        yield reader.pages[number].extract_text() + "\n"


# -- Office, OpenDocument and ebooks: zips of XML ---------------------------------------------------------


def _members(*patterns: str) -> Callable[[BinaryIO], Iterator[str]]:
    """Return a reader of the zip's members that match, in the patterns' order, pages in the order of their numbers."""

    def pages(file: BinaryIO) -> Iterator[str]:
        left = _MOST_UNPACKED
        with zipfile.ZipFile(file) as archive:
            for pattern in patterns:
                names = [name for name in archive.namelist() if re.fullmatch(pattern, name)]
                for name in sorted(names, key=_by_number)[:_MOST_MEMBERS]:
                    with archive.open(name) as member:
                        content = member.read(left)
                    left -= len(content)
                    yield _stripped(decoded(content)) + "\n"
                    if left <= 0:
                        return

    return pages


def _by_number(name: str) -> tuple[int, str]:
    number = re.search(r"(\d{1,9})\D*\Z", name)
    return (int(number[1]) if number else 0), name


_READERS: dict[str, Callable[[BinaryIO], Iterator[str]]] = {
    "text": _plain,
    "json": _plain,
    "script": _plain,
    "html": _markup,
    "xml": _markup,
    "svg": _markup,
    "fb2": _markup,
    "rtf": _rtf,
    "mail": _mail,
    "pdf": _pdf,
    "docx": _members(r"word/document\d*\.xml", r"word/(?:header|footer|footnotes|comments)\d*\.xml"),
    "pptx": _members(r"ppt/slides/slide\d+\.xml", r"ppt/notesSlides/notesSlide\d+\.xml"),
    "xlsx": _members(r"xl/sharedStrings\.xml", r"xl/worksheets/sheet\d+\.xml"),
    "odt": _members(r"content\.xml"),
    "ods": _members(r"content\.xml"),
    "odp": _members(r"content\.xml"),
    "epub": _members(r".*\.x?html?"),
}
