from __future__ import annotations

import struct
from random import Random

import pytest

from core.facts import kind_of_name
from core.facts.containers import INSIDE
from core.facts.extensions import KINDS
from core.facts.kind import HEAD, Sniffed, sniff
from tui.demo import sample_media as media
from tui.demo import sample_papers as papers
from tui.demo import sample_pictures as pictures

RANDOM = Random(7)
DRAWN = pictures.drawn(RANDOM, (64, 48))
SONG = ("Artist", "Album", "Title")


def kind(content: bytes, name: bytes = b"file") -> Sniffed:
    return sniff(name, len(content), lambda offset, size: content[offset : offset + size])


def ole(*streams: str) -> bytes:
    """The header and the directory's sector of a compound file."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = struct.pack("<H", 9)
    header[48:52] = struct.pack("<I", 1)
    entries = b""
    for name in ("Root Entry", *streams):
        encoded = name.encode("utf-16-le")
        entries += encoded.ljust(64, b"\0") + struct.pack("<H", len(encoded) + 2) + bytes(62)
    return bytes(header) + bytes(512) + entries.ljust(512, b"\0")


def disc() -> bytes:
    return b"\0" * 0x8001 + b"CD001" + b"\0" * 100


BY_CONTENT = {
    "jpeg": (pictures.encoded(DRAWN, "JPEG"), "image"),
    "png": (pictures.encoded(DRAWN, "PNG"), "image"),
    "gif": (pictures.encoded(DRAWN, "GIF"), "image"),
    "webp": (pictures.encoded(DRAWN, "WEBP"), "image"),
    "tiff": (pictures.encoded(DRAWN, "TIFF"), "image"),
    "bmp": (pictures.encoded(DRAWN, "BMP"), "image"),
    "tga": (pictures.encoded(DRAWN, "TGA"), "image"),
    "ico": (pictures.encoded(DRAWN, "ICO"), "image"),
    "jp2": (pictures.encoded(DRAWN, "JPEG2000"), "image"),
    "pcx": (pictures.encoded(DRAWN, "PCX"), "image"),
    "pnm": (pictures.encoded(DRAWN, "PPM"), "image"),
    "avif": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(50), "image"),
    "heif": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(50), "image"),
    "cr3": (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom" + bytes(50), "image"),
    "raf": (b"FUJIFILMCCD-RAW 0201" + bytes(200), "image"),
    "rw2": (b"IIU\0\x18\0\0\0" + bytes(200), "image"),
    "psd": (b"8BPS\0\x01" + bytes(200), "image"),
    "svg": (pictures.vector(RANDOM), "image"),
    "mp4": (media.film(None), "video"),
    "matroska": (media.matroska(), "video"),
    "avi": (b"RIFF\0\0\0\0AVI LIST", "video"),
    "mpegts": ((b"\x47" + bytes(187)) * 5, "video"),
    "asf": (
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(30) + bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b"),
        "video",
    ),
    "mp3": (media.mp3(SONG), "audio"),
    "flac": (media.flac(SONG), "audio"),
    "opus": (media.opus(SONG), "audio"),
    "m4a": (media.m4a(SONG), "audio"),
    "wav": (media.wav(RANDOM), "audio"),
    "mka": (media.matroska().replace(b"V_VP8", b"A_AAC"), "audio"),
    "midi": (b"MThd\0\0\0\x06\0\x01", "audio"),
    "pdf": (papers.pdf(["text"]), "document"),
    "rtf": (rb"{\rtf1\ansi text}", "document"),
    "docx": (papers.docx(["text"]), "document"),
    "odt": (papers.open_document("text", ["text"]), "document"),
    "doc": (ole("WordDocument", "1Table"), "document"),
    "xlsx": (papers.xlsx([["1"]]), "sheet"),
    "ods": (papers.open_document("spreadsheet", ["1"]), "sheet"),
    "xls": (ole("Workbook"), "sheet"),
    "pptx": (papers.pptx(["text"]), "slides"),
    "odp": (papers.open_document("presentation", ["1"]), "slides"),
    "ppt": (ole("PowerPoint Document"), "slides"),
    "epub": (papers.epub("Title", "Author", ["text"]), "ebook"),
    "mobi": (b"Title".ljust(60, b"\0") + b"BOOKMOBI" + bytes(50), "ebook"),
    "msg": (ole("__properties_version1.0", "__nameid_version1.0"), "mail"),
    "mail": (b"Return-Path: <a@b>\nReceived: from x\n\tby y\nSubject: hi\n\nhello\n", "mail"),
    "zip": (papers.zipped({"a": "b"}), "archive"),
    "gzip": (papers.tarred({"a": b"b"}), "archive"),
    "tar": (b"name".ljust(257, b"\0") + b"ustar\x0000" + bytes(300), "archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(30), "archive"),
    "disk": (disc(), "archive"),
    "script": (b"#!/usr/bin/env python3\nprint(1)\n", "code"),
    "opentype": (b"OTTO\0\x0c\0\x80" + bytes(50), "font"),
    "woff": (b"wOF2\0\x01\0\0" + bytes(50), "font"),
    "sqlite": (papers.database([("a", 1)]), "data"),
    "json": (b'{"a": [1, 2]}', "data"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(60), "program"),
    "exe": (b"MZ\x90\0" + bytes(100), "program"),
    "deb": (b"!<arch>\ndebian-binary   1577836800  0     0     100644  4         `\n2.0\n", "program"),
    "msi": (ole("\u4840\u3f7f\u4164\u422f\u4836"), "program"),
    "jar": (papers.zipped({"META-INF/MANIFEST.MF": "x", "A.class": "y"}), "program"),
}


@pytest.mark.parametrize("format", BY_CONTENT)
def test_content_tells_without_a_name_and_against_it(format: str) -> None:
    content, expected = BY_CONTENT[format]
    liar = b"liar.xls" if expected != "sheet" else b"liar.jpg"
    assert kind(content) == (expected, format)
    assert kind(content, liar).kind == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"notes.txt", "document"),
        (b"table.csv", "sheet"),
        (b"main.rs", "code"),
        (b"page.css", "code"),
        (b"settings.ini", "data"),
        (b"film.srt", "data"),
        (b"Makefile", "code"),
        (b"README", "document"),
        (b"nothing.known", "document"),
        (b"PHOTO.JPG", "document"),  # text in a picture's name is text
    ],
)
def test_the_extension_tells_one_text_from_another(name: bytes, expected: str) -> None:
    for text in (b"plain words\n", "Gr\u00fc\u00dfe\n".encode(), "Gr\u00fc\u00dfe aus Bonn\n".encode("cp1252")):
        assert kind(text, name).kind == expected
    assert kind("\ufeffGr\u00fc\u00dfe\n".encode("utf-16-le"), name).kind == expected


def test_a_text_cut_within_a_character_is_a_text() -> None:
    for shift in range(4):
        content = b"x" * shift + "\u20ac\U0001f389".encode() * 2000
        assert kind(content, b"a.txt") == ("document", "text")


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"", b"empty.mp3", "audio"),
        (b"", b"empty", "other"),
        (b"\0\x01\x02" * 50, b"noise.dat", "other"),
        (b"\0\x01\x02" * 50, b"damaged.jpg", "image"),
        (b"<!DOCTYPE html><html>404</html>", b"song.mp3", "document"),
        (b"<html>", b"template.php", "code"),
        (b"From 1a2b Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH]\n", b"fix.patch", "code"),
        (b"<svg xmlns='x'/>", b"picture.txt", "image"),
        (papers.zipped({"1.jpg": "x"}), b"comic.cbz", "ebook"),
        (papers.zipped({"a": "x"}), b"not really.docx", "document"),
        (papers.zipped({"mail/word/document.xml": "x"}), b"backup.zip", "archive"),
        (papers.zipped({"a.docx": papers.docx(["x"])}, stored=("a.docx",)), b"papers.zip", "archive"),
        (media.film(None).replace(b"vide", b"soun"), b"interview.mp4", "audio"),
        (b"\0\0\0\x20ftypisom" + bytes(40), b"cut off.m4a", "audio"),
        (b"\0\0\0\x20ftypisom" + bytes(40), b"cut off.mp4", "video"),
        (b"GIF is a format\n", b"about.txt", "document"),
        (b"BMW and other cars\n", b"cars.txt", "document"),
        (b"MZ is a prefix\n", b"a.md", "document"),
        (b"The free encyclopedia\n", b"a.txt", "document"),
        (b"BLENDER tips\n", b"", "document"),
        (b"RIFF raff\n", b"", "document"),
        (b"OggS is a page\n", b"", "document"),
        (b"MAC and PC\n", b"a.csv", "sheet"),
        (b"<<< older\n", b"", "document"),
        (b"0707018 is my number\n", b"a.txt", "document"),
        (b"\xff\xfbnot a frame \0\0\0" * 40, b"x", "other"),
    ],
)
def test_what_content_and_name_say_together(content: bytes, name: bytes, expected: str) -> None:
    assert kind(content, name).kind == expected


def test_names_alone() -> None:
    assert kind_of_name(b"A.TAR.GZ") == "archive"
    assert kind_of_name(b".bashrc") == kind_of_name(b"\xff\xfe") == kind_of_name(b"a.") == "other"
    assert kind_of_name(b"caf\xe9.JPeG") == "image"
    assert all(extension == extension.lower() and "." not in extension for extension in KINDS)


@pytest.mark.parametrize("format", [*BY_CONTENT, ""])
def test_rubbish_behind_a_signature_does_no_harm(format: str) -> None:
    random = Random(format)
    start = BY_CONTENT[format][0][:64] if format else b""
    for length in (0, 1, 3, 17, 60, 200, 5000):
        content = start[: random.randrange(len(start) + 1)] + random.randbytes(length)
        assert kind(content, b"rubbish").kind
    for look in INSIDE.values():
        content = random.randbytes(300)
        look(content, lambda offset, size, content=content: content[offset : offset + size], len(content))  # type: ignore[misc]


@pytest.mark.parametrize(
    "opening",
    [
        b"<!---->" * (HEAD // 7),
        b"<?xml?>" * (HEAD // 7),
        b"<?xml " + b" " * HEAD,
        b"a: b\n" * (HEAD // 5),
        b"a: b\n\t" * (HEAD // 6),
        b'{"a' * (HEAD // 3),
        b"P3 #\n" * (HEAD // 5),
        b"PK\x03\x04" * (HEAD // 4),
        b"PK\x01\x02" * 10_000,
        b"\0\0\0\x08moov" * 1000,
        b"\0\0\0\x01moov\0\0\0\0\0\0\0\x01" * 1000,
        b"\x1a\x45\xdf\xa3" + b"\x86V" * 40_000,
        b" " * HEAD,
    ],
)
def test_no_opening_takes_long(opening: bytes) -> None:
    """What takes exponential time would hold the whole run up: pytest's timeout tells."""
    reads = 0

    def read(offset: int, size: int) -> bytes:
        nonlocal reads
        reads += 1
        return opening[offset : offset + size]

    sniff(b"hostile", len(opening), read)
    assert reads < 200
