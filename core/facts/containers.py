"""One look inside the formats that hold others: bytes are compared, nothing is unpacked or parsed at depth.

Each function gets the file's first bytes, a `read` for more of them, and its size; it returns a format's word and a
kind, or None where the inside says no more than the outside: then the extension may decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from core.facts.signatures import Found

Read = Callable[[int, int], bytes]
"""Offset and number of bytes, both of which the file may be shorter than, to what is there."""

_TAIL = 32 * 1024
_AHEAD = 64 * 1024
_MOST_BOXES = 64

# -- zip --------------------------------------------------------------------------------------------

# The names of a zip's members, in its directory at the end and in its local headers.
_MEMBER = (
    rb"(?:PK\x01\x02.{42}|PK\x03\x04.{26})"
    rb"(word/|xl/|ppt/|visio/|AndroidManifest\.xml|META-INF/MANIFEST\.MF|META-INF/container\.xml|Payload/"
    rb"|Index/Document\.iwa|Index/Slide|Index/Presentation|Index/Tables/|FixedDocSeq|Documents/1/|Metadata/FixedDoc"
    rb"|doc\.kml|3D/3dmodel\.model)"
)
_ZIP_MEMBER = re.compile(_MEMBER, re.DOTALL)
_ZIP_MIMETYPE = re.compile(rb"PK\x03\x04.{26}mimetype(?:[^a]{0,64}?)(application/[a-zA-Z0-9.+-]+)", re.DOTALL)

_BY_MEMBER: dict[bytes, Found] = {
    b"word/": ("docx", "document"),
    b"xl/": ("xlsx", "sheet"),
    b"ppt/": ("pptx", "slides"),
    b"visio/": ("vsdx", "document"),
    b"AndroidManifest.xml": ("apk", "program"),
    b"META-INF/MANIFEST.MF": ("jar", "program"),
    b"META-INF/container.xml": ("epub", "ebook"),
    b"Payload/": ("ipa", "program"),
    b"Index/Slide": ("keynote", "slides"),
    b"Index/Presentation": ("keynote", "slides"),
    b"Index/Tables/": ("numbers", "sheet"),
    b"Index/Document.iwa": ("pages", "document"),
    b"FixedDocSeq": ("xps", "document"),
    b"Documents/1/": ("xps", "document"),
    b"Metadata/FixedDoc": ("xps", "document"),
    b"doc.kml": ("kmz", "data"),
    b"3D/3dmodel.model": ("3mf", "data"),
}
_BY_MIMETYPE: tuple[tuple[bytes, Found], ...] = (
    (b"application/epub+zip", ("epub", "ebook")),
    (b"application/vnd.oasis.opendocument.text", ("odt", "document")),
    (b"application/vnd.oasis.opendocument.spreadsheet", ("ods", "sheet")),
    (b"application/vnd.oasis.opendocument.presentation", ("odp", "slides")),
    (b"application/vnd.oasis.opendocument.graphics", ("odg", "document")),
    (b"application/vnd.oasis.opendocument", ("odf", "document")),
    (b"application/vnd.sun.xml.writer", ("odt", "document")),
    (b"application/vnd.sun.xml.calc", ("ods", "sheet")),
    (b"application/vnd.sun.xml.impress", ("odp", "slides")),
    (b"application/x-krita", ("krita", "image")),
)


def zip_file(head: bytes, read: Read, size: int) -> Found | None:
    """Office files, ebooks and programs are zips, known by what they hold or by their member `mimetype`."""
    if match := _ZIP_MIMETYPE.match(head):
        for mimetype, found in _BY_MIMETYPE:
            if match[1].startswith(mimetype):
                return found
    listing = _directory(read(max(0, size - _TAIL), _TAIL)) or head
    members = {match[1] for match in _ZIP_MEMBER.finditer(listing)}
    for name, found in _BY_MEMBER.items():
        if any(member.startswith(name) for member in members):
            return found
    return None


def _directory(tail: bytes) -> bytes:
    """Return what of a zip's own directory lies in its last bytes: a zip stored inside it has one too."""
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        return b""
    length = int.from_bytes(tail[end + 12 : end + 16], "little")
    return tail[max(0, end - length) : end]


# -- OLE, the compound files of old Office --------------------------------------------------------------

_OLE_STREAMS: tuple[tuple[str, Found], ...] = (
    ("WordDocument", ("doc", "document")),
    ("Workbook", ("xls", "sheet")),
    ("Book", ("xls", "sheet")),
    ("PowerPoint Document", ("ppt", "slides")),
    ("PP40", ("ppt", "slides")),
    ("__properties_version1.0", ("msg", "mail")),
    ("__nameid_version1.0", ("msg", "mail")),
    ("VisioDocument", ("vsd", "document")),
    ("Quill", ("pub", "document")),
    ("MatOST", ("wps", "document")),
    ("SPELLING", ("wps", "document")),
    ("Image Contents", ("fpx", "image")),
    ("Data Object Store 000001", ("fpx", "image")),
    ("Catalog", ("thumbs", "other")),
    ("HwpSummaryInformation", ("hwp", "document")),
    ("\u4840\u3b3f\u43f2\u4438\u45b1", ("msi", "program")),
    ("\u4840\u3f7f\u4164\u422f\u4836", ("msi", "program")),
    ("\u4840\u430f\u422f", ("msi", "program")),
)


def ole(head: bytes, read: Read, _size: int) -> Found | None:
    """The directory's sector is named in the header, and names the streams: a document's, a workbook's, …"""
    sector_size = 1 << min(int.from_bytes(head[30:32], "little"), 12)
    directory = int.from_bytes(head[48:52], "little")
    names = read((directory + 1) * sector_size, 4096) if directory < 1 << 30 else b""
    entries = [names[at : at + 128] for at in range(0, len(names), 128)]
    present = {entry[: max(0, int.from_bytes(entry[64:66], "little") - 2)] for entry in entries if len(entry) == 128}
    for name, found in _OLE_STREAMS:
        encoded = name.encode("utf-16-le")
        if any(stream.lstrip(b"\x05\0").startswith(encoded) for stream in present):
            return found
    return None


# -- ISO media: MP4, QuickTime, HEIF -------------------------------------------------------------------------

_STILL = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"crx ", b"jxl "}
_SOUND = {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ", b"aax ", b"aaxc"}
_HEVC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}


def iso_media(head: bytes, read: Read, size: int) -> Found | None:
    """The brand tells stills and songs; a film and a song in a plain MP4 differ in their tracks' handlers."""
    if head[4:8] == b"ftyp":
        length = int.from_bytes(head[:4], "big")
        brand = head[8:12]
        brands = {brand} | {head[at : at + 4] for at in range(16, min(length, 128, len(head)), 4)}
        if brand in _STILL or (brands & _STILL and b"qt  " not in brands and not brands & {b"isom", b"mp41", b"mp42"}):
            if brand == b"crx ":
                return "cr3", "image"
            return ("avif" if brands & {b"avif", b"avis"} and not brands & _HEVC else "heif"), "image"
        if brand in _SOUND:
            return "m4a", "audio"
    return _by_tracks(read, size)


def _by_tracks(read: Read, size: int) -> Found | None:
    start, end = _inside(read, b"moov", 0, size)
    tracks = ((at, to) for name, at, to in boxes(read, start, end) if name == b"trak")
    handlers = {_handler(read, *track) for track in tracks}
    if handlers & {b"vide", b"pict"}:
        return "mp4", "video"
    return ("m4a", "audio") if b"soun" in handlers else None


def _handler(read: Read, start: int, end: int) -> bytes:
    at, _ = _inside(read, b"hdlr", *_inside(read, b"mdia", start, end))
    return read(at + 8, 4) if at else b""


def _inside(read: Read, wanted: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the first box of a name begins and ends inside, or nowhere: (0, 0)."""
    return next(((at, to) for name, at, to in boxes(read, start, end) if name == wanted), (0, 0))


def boxes(read: Read, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the boxes of ISO media between two offsets: name, start and end of the content."""
    for _ in range(_MOST_BOXES):
        header = read(start, 16)
        if len(header) < 8 or start >= end:
            return
        length, content = int.from_bytes(header[:4], "big"), start + 8
        if length == 1:
            length, content = int.from_bytes(header[8:16], "big"), start + 16
        elif length == 0:
            length = end - start
        if length < content - start:
            return
        yield header[4:8], content, min(start + length, end)
        start += length


# -- the rest --------------------------------------------------------------------------------------------

_RIFF: dict[bytes, Found] = {
    b"WAVE": ("wav", "audio"),
    b"WEBP": ("webp", "image"),
    b"AVI ": ("avi", "video"),
    b"RMID": ("midi", "audio"),
    b"sfbk": ("soundfont", "audio"),
    b"ACON": ("ani", "image"),
    b"CDXA": ("mpeg", "video"),
    b"AMV ": ("amv", "video"),
}
_IFF: dict[bytes, Found] = {
    b"AIFF": ("aiff", "audio"),
    b"AIFC": ("aiff", "audio"),
    b"8SVX": ("8svx", "audio"),
    b"ILBM": ("ilbm", "image"),
    b"PBM ": ("ilbm", "image"),
    b"ANIM": ("ilbm", "video"),
}


def riff(head: bytes, _read: Read, _size: int) -> Found | None:
    """Sound, film, WebP: the word after the length tells."""
    if head[8:11] in (b"CDR", b"cdr"):
        return "cdr", "image"
    return _RIFF.get(head[8:12])


def iff(head: bytes, _read: Read, _size: int) -> Found | None:
    """AIFF and the Amiga's formats."""
    return _IFF.get(head[8:12])


def ogg(head: bytes, _read: Read, _size: int) -> Found | None:
    """Its first pages each begin one stream: any moving picture makes it a film."""
    if re.search(rb"\x80theora|BBCD\0|\x01video\0|OVP80|\x01ogm", head):
        return "ogv", "video"
    if b"OpusHead" in head[:256]:
        return "opus", "audio"
    if b"\x7fFLAC" in head[:256]:
        return "oggflac", "audio"
    return "ogg", "audio"


def matroska(head: bytes, read: Read, _size: int) -> Found | None:
    """Codecs are named V_… and A_…; the names stand near the start."""
    codecs = {match[1] for match in re.finditer(rb"\x86.([VA])_[A-Z]", head, re.DOTALL)}
    if not codecs:
        codecs = {match[1] for match in re.finditer(rb"\x86.([VA])_[A-Z]", read(0, _AHEAD), re.DOTALL)}
    if b"V" in codecs:
        return "matroska", "video"
    return ("mka", "audio") if codecs else None


_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_ASF_AUDIO = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")


def asf(_head: bytes, read: Read, _size: int) -> Found | None:
    """Windows Media: the header lists the streams' types."""
    header = read(0, _AHEAD)
    if _ASF_VIDEO in header:
        return "asf", "video"
    return ("asf", "audio") if _ASF_AUDIO in header else None


def archive_of_objects(head: bytes, _read: Read, _size: int) -> Found | None:
    """A Debian package is an `ar` whose first member says so."""
    return ("deb", "program") if head[8:21] == b"debian-binary" else None


INSIDE: dict[str, Callable[[bytes, Read, int], Found | None]] = {
    "zip": zip_file,
    "ole": ole,
    "isom": iso_media,
    "riff": riff,
    "iff": iff,
    "ogg": ogg,
    "matroska": matroska,
    "asf": asf,
    "ar": archive_of_objects,
}

_EXTENSIONS = {
    "zip": "cbz jar war ear whl egg kmz xpi crx vsix apk aab ipa xapk appx msix appxbundle npz kra ora sketch usdz 3mf"
    " xps oxps numbers pages key keynote epub mbtiles docx xlsx pptx odt ods odp acsm",
    "ole": "doc dot xls xlt xla ppt pps pot msg msi pub vsd wps wri hwp fpx max db",
    "isom": "m4a m4b m4r m4p aac alac mp4 m4v mov qt 3gp 3g2 f4v f4a heic heif avif",
    "matroska": "mkv mka webm weba",
    "asf": "wma wmv asf",
    "gzip": "svgz emz wmz gnumeric abw dia rds rda rdata blend",
    "pdf": "ai",
    "rar": "cbr",
    "7z": "cb7",
    "tar": "cbt ova gem crate",
    "sqlite": "gpkg mbtiles",
    "fits": "fit fits fts",
    "xar": "pkg mpkg xip",
}
EXTENSIONS: dict[str, frozenset[str]] = {format: frozenset(words.split()) for format, words in _EXTENSIONS.items()}
"""Extensions that say what a container holds where the look inside did not."""
