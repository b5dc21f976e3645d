"""What each reader finds inside the files it is for; they run here as they run in a decoder."""

from __future__ import annotations

import importlib
import io
import struct
import time
from collections.abc import Iterator
from datetime import datetime
from random import Random

import pytest
from mutagen.id3 import TALB, TIT2, TPE1
from mutagen.wave import WAVE
from PIL import Image

from core.facts.families import FAMILIES
from core.facts.kind import sniff
from core.facts.text import MOST
from tui.demo import sample_media as media
from tui.demo import sample_papers as papers
from tui.demo import sample_pictures as pictures

RANDOM = Random(3)
TAKEN = datetime(2021, 8, 14, 18, 2, 11)
NIKON = ("NIKON CORPORATION", "NIKON D90")
SONG = ("Sol\u00e9 / Ana", "Caf\u00e9", "Adi\u00f3s")


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def look(family: str, content: bytes, name: bytes = b"file") -> dict[str, str | int | None]:
    format = sniff(name, len(content), lambda offset, size: content[offset : offset + size]).format
    read = importlib.import_module(FAMILIES[family].readers[format]).read
    found: dict[str, str | int | None] = read(io.BytesIO(content), format, "")
    return found


def capture(content: bytes) -> tuple[str | int | None, ...]:
    found = look("capture", content)
    return found["taken"], found["taken_source"], found["camera"]


# -- pictures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "TIFF", "PNG", "AVIF", "HEIF"])
def test_exif_in_every_format(format: str) -> None:
    content = pictures.encoded(pictures.drawn(RANDOM, (64, 48)), format, pictures.exif(TAKEN, NIKON, "-07:00"))
    assert capture(content) == ("2021-08-14T18:02:11", "exif", "Nikon D90")
    bare = pictures.encoded(pictures.drawn(RANDOM, (64, 48)), format)
    assert capture(bare) == (None, None, None)


def raw_bodies() -> dict[str, bytes]:
    tiff = pictures.raw(RANDOM, TAKEN, NIKON)
    jpeg = pictures.photo(RANDOM, TAKEN, NIKON)
    assert tiff[:4] == b"II*\0"
    fuji = b"FUJIFILMCCD-RAW 0201".ljust(84, b"\0") + struct.pack(">II", 92, len(jpeg)) + jpeg
    outer, inner = pictures.exif(None, NIKON), Image.Exif()
    inner[0x9003] = "2021:08:14 18:02:11"
    blocks = (media.box(name, each.tobytes()[6:]) for name, each in ((b"CMT1", outer), (b"CMT2", inner)))
    canon = media.box(b"uuid", bytes.fromhex("85c0b687820f11e08111f4ce462b6a48"), *blocks)
    return {
        "dng": tiff,
        "orf": b"IIRO" + tiff[4:],
        "rw2": b"IIU\0" + tiff[4:],
        "raf": fuji,
        "cr3": media.box(b"ftyp", b"crx \0\0\0\x01crx ") + media.box(b"moov", canon),
    }


@pytest.mark.parametrize("maker", ["dng", "orf", "rw2", "raf", "cr3"])
def test_raw_pictures(maker: str) -> None:
    assert capture(raw_bodies()[maker]) == ("2021-08-14T18:02:11", "exif", "Nikon D90")


def test_the_original_date_wins_over_the_later_ones() -> None:
    block = pictures.exif(TAKEN, NIKON)
    block[0x0132] = "2024:01:01 10:00:00"
    inner = block.get_ifd(0x8769)
    inner[0x9004], inner[0x9291] = "2022:02:02 10:00:00", "25"
    jpeg = pictures.encoded(pictures.drawn(RANDOM), "JPEG", block)
    assert capture(jpeg)[0] == "2021-08-14T18:02:11.250000"
    inner[0x9003] = "0000:00:00 00:00:00"
    jpeg = pictures.encoded(pictures.drawn(RANDOM), "JPEG", block)
    assert capture(jpeg)[0] == "2022-02-02T10:00:00"


def test_a_date_of_last_change_counts_only_from_a_camera() -> None:
    for camera, expected in ((NIKON, "2024-01-01T10:00:00"), (None, None)):
        block = pictures.exif(None, camera)
        block[0x0132] = "2024:01:01 10:00:00"
        assert capture(pictures.encoded(pictures.drawn(RANDOM), "JPEG", block))[0] == expected


@pytest.mark.parametrize(
    "date", ["0000:00:00 00:00:00", "1970:01:01 00:00:00", "2000:01:01 00:00:00", "2999:01:01 00:00:00"]
)
def test_a_camera_without_a_clock_took_nothing_then(date: str) -> None:
    block = pictures.exif(TAKEN, NIKON)
    inner = block.get_ifd(0x8769)
    block[0x0132] = inner[0x9003] = inner[0x9004] = date
    assert capture(pictures.encoded(pictures.drawn(RANDOM), "JPEG", block)) == (None, None, "Nikon D90")


def xmp(text: str) -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{text}</rdf:RDF></x:xmpmeta>'.encode()


@pytest.mark.parametrize(
    "text",
    [
        '<rdf:Description xmp:CreateDate="2022-01-01T01:01:01" exif:DateTimeOriginal="2020-03-04T05:06:07+01:00"/>',
        "<photoshop:DateCreated>2020-03-04T05:06:07</photoshop:DateCreated>",
        "<xmp:CreateDate>2020-03-04T05:06:07.00</xmp:CreateDate>",
    ],
)
def test_xmp_where_there_is_no_exif(text: str) -> None:
    target = io.BytesIO()
    pictures.drawn(RANDOM).save(target, "JPEG", xmp=xmp(text))
    assert capture(target.getvalue()) == ("2020-03-04T05:06:07", "xmp", None)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    whole = pictures.encoded(pictures.drawn(RANDOM, (64, 48)), "PNG")
    made = b"".join(struct.pack(">I", len(text)) + name + text + bytes(4) for name, text in chunks)
    return whole[:33] + made + whole[33:]


def test_a_png_says_when_it_was_made_but_not_when_it_was_saved() -> None:
    assert capture(png((b"tEXt", b"Creation Time\x002020:03:04 05:06:07")))[:2] == ("2020-03-04T05:06:07", "text")
    packet = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp('<r xmp:CreateDate="2020-03-04T05:06:07"/>')
    assert capture(png((b"iTXt", packet)))[:2] == ("2020-03-04T05:06:07", "xmp")
    assert capture(png((b"tIME", struct.pack(">HBBBBB", 2020, 3, 4, 5, 6, 7))))[0] is None


# -- films ------------------------------------------------------------------------------------------------


def test_a_films_header_is_utc_and_apples_date_has_a_zone() -> None:
    utc = datetime(2022, 7, 1, 22, 30)
    assert capture(media.film(utc)) == ("2022-07-02T00:30:00", "container", None)
    assert capture(media.film(utc, wall="2022-07-01T18:30:00-0400")) == ("2022-07-01T18:30:00", "quicktime", None)
    assert capture(media.film(datetime(1904, 1, 1)))[0] is None
    assert capture(media.film(datetime(1970, 1, 1)))[0] is None


def test_an_avi_by_a_camera() -> None:
    avi = b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrlIDIT\x1a\0\0\0Wed Jan 05 02:03:55 2005\n\0"
    assert capture(avi)[0] == "2005-01-05T02:03:55"
    assert capture(b"RIFF\0\0\0\0AVI LIST")[0] is None


# -- recordings --------------------------------------------------------------------------------------------


def wav() -> bytes:
    target = io.BytesIO(media.wav(RANDOM))
    tagged = WAVE(target)
    tagged.add_tags()
    for frame in (TPE1(3, [SONG[0]]), TALB(3, [SONG[1]]), TIT2(3, [SONG[2]])):
        tagged[frame.HashKey] = frame
    target.seek(0)
    tagged.save(target)
    return target.getvalue()


@pytest.mark.parametrize("content", [media.mp3(SONG), media.flac(SONG), media.opus(SONG), media.m4a(SONG), wav()])
def test_tags_in_every_format(content: bytes) -> None:
    assert look("tags", content) == dict(zip(("artist", "album", "title"), SONG, strict=True))


def test_tags_that_say_nothing() -> None:
    nothing = {"artist": None, "album": None, "title": None}
    assert look("tags", media.mp3(("", "Unknown Album", " \n"))) == nothing
    assert look("tags", media.wav(RANDOM)) == nothing
    hostile = look("tags", media.mp3(("../../etc", "a\nb\x1b[2J", "\u202e" + "x" * 5000)))
    assert hostile["artist"] == "../../etc"
    assert hostile["album"] == "a b [2J"
    assert len(str(hostile["title"])) == 200


# -- texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        papers.pdf(["Total due: 12 EUR"]),
        papers.docx(["Total due: 12 EUR"]),
        papers.xlsx([["x"], ["Total due: 12 EUR"]]),
        papers.pptx(["Total due: 12 EUR"]),
        papers.open_document("text", ["Total due: 12 EUR"]),
        papers.open_document("spreadsheet", ["Total due: 12 EUR"]),
        papers.epub("Title", "Author", ["Total due: 12 EUR"]),
        papers.mail("a@b", "Subject", TAKEN, "Total due: 12 EUR"),
        rb"{\rtf1\ansi{\fonttbl\f0 Arial;}{\b Total} due\u58?\~12 EUR\par}".replace(rb"\~", b" "),
        b"<html><head><title>x</title></head><body><p>Total <b>due</b>: 12&nbsp;EUR</p></body></html>",
        "\ufeffTotal due: 12 EUR".encode("utf-16"),
        "Total due: 12 EUR \u20ac".encode("cp1252"),
        "Total due: 12 EUR \u20ac".encode(),
    ],
)
def test_text_in_every_format(content: bytes) -> None:
    assert "Total due: 12 EUR" in str(look("text", content)["text"]).replace("\xa0", " ")


def test_a_text_is_cut_at_a_character() -> None:
    text = look("text", "\u20ac".encode() * MOST)["text"]
    assert isinstance(text, str)
    assert MOST - 3 < len(text.encode()) <= MOST
    assert set(text) == {"\u20ac"}


def test_a_page_without_text_has_none() -> None:
    assert look("text", papers.pdf([]))["text"] is None


def test_no_entity_is_expanded() -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><x>&b;&c;</x>'
    content = papers.zipped({"word/document.xml": laughs})
    text = str(look("text", content)["text"])
    assert "&b;&c;" in text
    assert "root:" not in text
