"""A messy folder: what gathers in a download folder over the years, made anew from a number.

Everything is what it says, except where a sample is there to lie: wrong extensions, missing ones, hostile names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from core.facts import Kind
from tui.demo import sample_media as media
from tui.demo import sample_papers as papers
from tui.demo import sample_pictures as pictures

CAMERAS: tuple[pictures.Camera, ...] = (
    ("Canon", "Canon EOS 80D"),
    ("NIKON CORPORATION", "NIKON D90"),
    ("Apple", "iPhone 12"),
    ("SONY", "ILCE-7M3"),
    ("Google", "Pixel 6"),
    ("OLYMPUS CORPORATION", "E-M10MarkII"),
)
_PHONE = ("Apple", "iPhone 12")


@dataclass(frozen=True)
class Sample:
    """One file: its path beneath the folder, its bytes, when it was modified, and what kind it truly is.

    `taken`: the date that it carries inside, as its camera showed it.
    """

    path: bytes
    content: bytes
    modified: datetime
    kind: Kind
    taken: datetime | None = None


def make_messy_folder(directory: Path, *, seed: int = 1) -> int:
    """Make a folder full of samples, about 150 files, and return how many. The same seed makes the same files.

    Names that the file system refuses are left out. Raises OSError.
    """
    root = os.fsencode(directory)
    os.makedirs(root, exist_ok=True)
    written = [sample.path for sample in samples(seed) if _write(root, sample)]
    os.link(os.path.join(root, b"IMG_0005.JPG"), os.path.join(root, b"IMG_0005 hard link.JPG"))
    os.makedirs(os.path.join(root, b"New folder"), exist_ok=True)
    os.symlink(b"camera dump", os.path.join(root, b"shortcut to pictures"))
    os.symlink(b"/nowhere/at/all", os.path.join(root, b"broken shortcut.lnk"))
    return len(written) + 1


def _write(root: bytes, sample: Sample) -> bool:
    path = os.path.join(root, sample.path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with suppress(OSError if _is_hostile(sample.path) else NotADirectoryError):
        with open(path, "xb") as file:
            file.write(sample.content)
        seconds = sample.modified.replace(tzinfo=UTC).timestamp()
        os.utime(path, (seconds, seconds))
        return True
    return False


def _is_hostile(path: bytes) -> bool:
    return not path.isascii() or not path.decode("ascii").isprintable() or len(path) > 200


def samples(seed: int = 1) -> list[Sample]:
    """Return every regular file of a messy folder."""
    random = Random(seed)  # noqa: S311 -- the same files each time is the point
    groups = (_photos, _groups, _odd_pictures, _films, _songs, _papers, _code_and_data, _liars, _hostile, _folders)
    made = [sample for group in groups for sample in group(random)]
    return made + list(_duplicates(random, made))


def _some_day(random: Random, first: int = 2013, last: int = 2025) -> datetime:
    start = datetime(first, 1, 5)
    return start + timedelta(seconds=random.randrange((last - first + 1) * 360 * 86_400))


def _later(random: Random, date: datetime) -> datetime:
    return date + timedelta(hours=random.randint(1, 200))


# -- pictures, films, music -----------------------------------------------------------------------------------


def _photos(random: Random) -> Iterator[Sample]:
    for number in range(1, 25):
        taken, camera = _some_day(random), random.choice(CAMERAS)
        offset = random.choice((None, "+02:00", "-07:00"))
        content = pictures.photo(random, taken, camera, offset=offset)
        yield Sample(b"IMG_%04d.JPG" % number, content, _later(random, taken), "image", taken)
    for _ in range(4):
        taken = _some_day(random, 2018)
        name = taken.strftime("PHOTO-%Y%m%d_%H%M%S.jpg").encode()
        yield Sample(name, pictures.photo(random, taken, CAMERAS[4]), _later(random, taken), "image", taken)
    for number in range(3):  # messengers take the date out, and put it into the name
        day = _some_day(random, 2019)
        name = day.strftime("IMG-%Y%m%d-WA").encode() + b"%04d.jpg" % number
        yield Sample(name, pictures.photo(random, None, None), _later(random, day), "image")


def _groups(random: Random) -> Iterator[Sample]:
    """Files that belong together: raw and JPEG, a live photo and its clip, a picture and its sidecars."""
    taken = datetime(2021, 8, 14, 18, 2, 11)
    for number in (41, 42):
        stem, after = b"DSC_%04d" % number, _later(random, taken)
        yield Sample(stem + b".DNG", pictures.raw(random, taken, CAMERAS[1]), after, "image", taken)
        yield Sample(stem + b".JPG", pictures.photo(random, taken, CAMERAS[1]), after, "image", taken)
        yield Sample(stem + b".xmp", pictures.sidecar(taken, number % 5 + 1), after, "data")
        taken += timedelta(minutes=7)
    taken = datetime(2022, 12, 24, 19, 30, 5)
    after = _later(random, taken)
    yield Sample(b"IMG_2101.HEIC", pictures.heic(random, taken, _PHONE), after, "image", taken)
    clip = media.film(datetime(2022, 12, 24, 18, 30, 5), brand=b"qt  ", wall="2022-12-24T19:30:05+0100")
    yield Sample(b"IMG_2101.MOV", clip, after, "video", taken)
    yield Sample(b"IMG_2101.AAE", pictures.adjustments(), after, "data")
    taken = datetime(2023, 7, 2, 11, 0, 40)
    yield Sample(b"IMG_2102.JPG", pictures.photo(random, taken, _PHONE), after, "image", taken)
    clip = media.film(datetime(2023, 7, 2, 9, 0, 40), brand=b"qt  ", wall="2023-07-02T11:00:40+0200")
    yield Sample(b"IMG_2102.MOV", clip, after, "video", taken)
    yield Sample(b"holiday.mp4", media.film(None, noise=b"holiday"), after, "video")
    yield Sample(b"holiday.srt", b"1\n00:00:01,000 --> 00:00:03,000\nThe sea.\n", after, "data")
    yield Sample(b"holiday.en.srt", b"1\n00:00:01,000 --> 00:00:03,000\nThe sea!\n", after, "data")


def _odd_pictures(random: Random) -> Iterator[Sample]:
    for at in (datetime(2024, 1, 5, 10, 11, 12), datetime(2024, 3, 9, 22, 4, 0)):
        name = at.strftime("Screenshot %Y-%m-%d at %H.%M.%S.png").encode()
        yield Sample(name, pictures.encoded(pictures.drawn(random), "PNG"), at, "image")
    taken = _some_day(random)
    block = pictures.exif(taken, CAMERAS[0])
    picture = pictures.drawn(random)
    yield Sample(b"edited.png", pictures.encoded(picture, "PNG", block), _later(random, taken), "image", taken)
    yield Sample(b"sticker.webp", pictures.encoded(picture, "WEBP", block), _later(random, taken), "image", taken)
    for name, format in (
        (b"logo.gif", "GIF"),
        (b"old scan.tif", "TIFF"),
        (b"paint.bmp", "BMP"),
        (b"favicon.ico", "ICO"),
    ):
        small = pictures.drawn(random, (64, 48))
        yield Sample(name, pictures.encoded(small, format), _some_day(random), "image")
    yield Sample(b"diagram.svg", pictures.vector(random), _some_day(random), "image")
    yield Sample(b"IMG_2200.heic", pictures.heic(random, taken, _PHONE), _later(random, taken), "image", taken)


def _films(random: Random) -> Iterator[Sample]:
    for number in (1, 2, 3):
        utc = _some_day(random, 2015)
        yield Sample(
            b"clip %d.mp4" % number, media.film(utc, noise=random.randbytes(2000)), _later(random, utc), "video"
        )
    yield Sample(b"GOPR0107.MP4", media.film(datetime(1904, 1, 1), noise=b"no clock"), _some_day(random), "video")
    yield Sample(b"talk.webm", media.matroska(), _some_day(random), "video")
    yield Sample(b"film.mkv", media.matroska(b"matroska"), _some_day(random), "video")


def _songs(random: Random) -> Iterator[Sample]:
    albums = (
        ("The Herons", "Low Tide", ("Driftwood", "Salt", "Long Shore", "Harbour")),
        ("Ana Sol\u00e9", "Caf\u00e9 del Norte", ("Lluvia", "A las ocho", "Adi\u00f3s")),
        ("AC/DC", "Back / Black", ("Hells Bells", "Shoot")),
    )
    for artist, album, titles in albums:
        for number, title in enumerate(titles, 1):
            name = f"{number:02} - {title}.mp3".encode()
            yield Sample(name, media.mp3((artist, album, title), number), _some_day(random), "audio")
    quartet = ("Brodsky Quartet", "Op. 59", "Allegro")
    yield Sample(b"quartet.flac", media.flac(quartet), _some_day(random), "audio")
    yield Sample(b"quartet 2.opus", media.opus((*quartet[:2], "Adagio")), _some_day(random), "audio")
    yield Sample(b"podcast 17.ogg", media.opus(("Two Voices", "", "Episode 17")), _some_day(random), "audio")
    yield Sample(b"audiobook.m4a", media.m4a(("M. Shelley", "Frankenstein", "Letter 1")), _some_day(random), "audio")
    yield Sample(b"untitled.mp3", media.mp3(("", "", "")), _some_day(random), "audio")
    for number in (1, 2):
        yield Sample(b"Recording %d.wav" % number, media.wav(random), _some_day(random), "audio")


# -- papers, code, data -----------------------------------------------------------------------------------------

_SHOPS = ("Nordlicht Energie", "Bakery & Sons", "Cloud Nine Hosting", "Velo M\u00fcller")


def _papers(random: Random) -> Iterator[Sample]:
    for number in range(1, 9):
        shop, day = random.choice(_SHOPS), _some_day(random)
        text = [f"Invoice {2000 + number}", shop, f"Date: {day:%d.%m.%Y}", f"Total: EUR {random.randint(5, 900)}.00"]
        yield Sample(f"Invoice {2000 + number} {shop}.pdf".encode(), papers.pdf(text), day, "document")
    day = _some_day(random)
    lines = ["Dear all,", "the meeting is on Friday.", "Best wishes"]
    yield Sample(b"letter.docx", papers.docx(lines), day, "document")
    yield Sample(b"contract (final).docx", papers.docx(["Contract", "between A and B"]), day, "document")
    yield Sample(b"contract (final) (really).docx", papers.docx(["Contract", "between A, B & C"]), day, "document")
    yield Sample(b"essay.odt", papers.open_document("text", ["On order", "and its absence"]), day, "document")
    yield Sample(b"notes.txt", "Milk\nEggs\nCaf\u00e9\n".encode(), day, "document")
    yield Sample(b"alte notizen.txt", "Gr\u00fc\u00dfe aus K\u00f6ln\n".encode("cp1252"), day, "document")
    yield Sample(b"todo.md", b"# To do\n\n- tidy the downloads\n", day, "document")
    yield Sample(b"manual.rtf", rb"{\rtf1\ansi{\fonttbl\f0 Arial;}\f0 Press the button.\par}", day, "document")
    yield Sample(b"saved page.html", b"<!DOCTYPE html>\n<html><body><p>Hello</p></body></html>\n", day, "document")
    rows = [["name", "amount"], ["rent", "900"], ["food", "300"]]
    yield Sample(b"budget.xlsx", papers.xlsx(rows), day, "sheet")
    yield Sample(b"budget 2019.xlsx", papers.xlsx(rows[:2]), day, "sheet")
    yield Sample(b"table.ods", papers.open_document("spreadsheet", ["1", "2"]), day, "sheet")
    yield Sample(b"export.csv", b"date,amount\n2024-01-01,12.50\n", day, "sheet")
    yield Sample(b"talk.pptx", papers.pptx(["Why folders rot", "and what helps"]), day, "slides")
    yield Sample(b"slides.odp", papers.open_document("presentation", ["One", "Two"]), day, "slides")
    yield Sample(b"frankenstein.epub", papers.epub("Frankenstein", "M. Shelley", ["Letter 1"]), day, "ebook")
    yield Sample(b"walden.epub", papers.epub("Walden", "H. D. Thoreau", ["Economy"]), day, "ebook")
    for number in (1, 2, 3):
        day = _some_day(random)
        content = papers.mail("Ann <ann@example.org>", f"Ticket {number}", day, "See you there.\n")
        yield Sample(b"ticket %d.eml" % number, content, day, "mail")
    for name in (b"photos.zip", b"backup.zip"):
        yield Sample(name, papers.zipped({"a.txt": "a", name.decode(): random.randbytes(300)}), day, "archive")
    yield Sample(b"project-1.0.tar.gz", papers.tarred({"project/README": b"Read me.\n"}), day, "archive")


def _code_and_data(random: Random) -> Iterator[Sample]:
    day = _some_day(random)
    code = {
        b"script.py": b"print('hello')\n",
        b"hello.c": b"int main(void) { return 0; }\n",
        b"app.js": b"export const answer = 42;\n",
        b"install.sh": b"#!/bin/sh\necho ready\n",
        b"fix.patch": b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
    }
    data = {
        b"settings.json": b'{"theme": "dark"}\n',
        b"compose.yaml": b"services:\n  web:\n    image: nginx\n",
        b"contacts.vcf": b"BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD\n",
        b"meeting.ics": b"BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n",
        b"track.gpx": b'<?xml version="1.0"?>\n<gpx version="1.1"/>\n',
        b"linux.torrent": b"d8:announce20:http://example.org/e4:infod4:name5:linuxee",
        b"store.sqlite": papers.database([("apples", 3), ("pears", 5)]),
    }
    programs = {
        b"setup.exe": b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + bytes(200),
        b"tool_1.2_amd64.deb": b"!<arch>\ndebian-binary   1577836800  0     0     100644  4         `\n2.0\n",
        b"Editor.AppImage": b"\x7fELF\x02\x01\x01\0AI\x02" + bytes(200),
    }
    made: tuple[tuple[Kind, dict[bytes, bytes]], ...] = (("code", code), ("data", data), ("program", programs))
    for kind, files in made:
        for name, content in files.items():
            yield Sample(name, content, day, kind)


# -- what makes it a mess ----------------------------------------------------------------------------------------


def _liars(random: Random) -> Iterator[Sample]:
    """Wrong extensions, none at all, and what is not whole yet."""
    taken = _some_day(random)
    photo, day = pictures.photo(random, taken, CAMERAS[0]), _later(random, taken)
    yield Sample(b"really a photo.txt", photo, day, "image", taken)
    yield Sample(b"really a pdf.jpg", papers.pdf(["Not a picture"]), day, "document")
    yield Sample(b"really a song.dat", media.mp3(("The Herons", "Low Tide", "Hidden")), day, "audio")
    yield Sample(b"really a sheet.zip", papers.xlsx([["a"]]), day, "sheet")
    yield Sample(b"really a picture.docx", pictures.encoded(pictures.drawn(random), "PNG"), day, "image")
    yield Sample(b"really a page.mp3", b"<!DOCTYPE html><html><body>404 Not Found</body></html>", day, "document")
    yield Sample(b"scan0001", papers.pdf(["A scan without extension"]), day, "document")
    taken = _some_day(random)
    yield Sample(b"IMG_9999", pictures.photo(random, taken, _PHONE), _later(random, taken), "image", taken)
    yield Sample(b"track05", media.flac(("Brodsky Quartet", "Op. 59", "Finale")), day, "audio")
    yield Sample(b"README", b"Read me first.\n", day, "document")
    yield Sample(b"nightly", b"#!/usr/bin/env python3\nprint('night')\n", day, "code")
    yield Sample(b"empty.txt", b"", day, "document")
    yield Sample(b"noise.bin", b"\0" + random.randbytes(3000), day, "other")
    yield Sample(b"ubuntu-24.04.iso.part", bytes(5000), day, "other")
    yield Sample(b"film 2.mkv.crdownload", bytes(4000), day, "other")
    yield Sample(b".hidden notes", b"secret\n", day, "document")


def _hostile(random: Random) -> Iterator[Sample]:
    """Names that break what trusts names."""
    day = _some_day(random)
    names = (
        b"new\nline.txt",
        b"\x1b[31mred\x1b[0m \x1b]0;title\x07.txt",
        b"latin1 caf\xe9 \xff.txt",
        b"-rf.txt",
        b"--help",
        b"[bold]bold[link=x].txt",
        b"{0.__class__} %s %n.txt",
        b"$(touch PWNED) `id`.txt",
        b" leading and trailing .txt ",
        "annex\u202etxt.exe.txt".encode(),
        "zero\u200bwidth.txt".encode(),
        "composed \u00e9.txt".encode(),
        "decomposed e\u0301.txt".encode(),
        "party \U0001f389.txt".encode(),
        b"Twin.txt",
        b"twin.TXT",
        b"CON.txt",
        "\u4e00".encode() * 83 + b"ab.txt",
    )
    for number, name in enumerate(names):
        yield Sample(name, b"hostile name %d\n" % number, day, "document")
    yield Sample(b"[/].txt", b"markup across a folder\n", day, "document")  # a folder `[` with a file `].txt`


def _folders(random: Random) -> Iterator[Sample]:
    """Folders: some to be sorted when asked, a project that must never be entered to organize."""
    day = _some_day(random)
    for name in (b".git/HEAD", b".git/config", b"src/main.py", b"README.md", b"data/points.csv"):
        kind: Kind = "code" if name.endswith(b".py") else "sheet" if name.endswith(b".csv") else "document"
        yield Sample(b"weekend project/" + name, b"ref: refs/heads/main\n", day, kind)
    for number in (1, 2, 3):
        taken = _some_day(random)
        photo = pictures.photo(random, taken, CAMERAS[5])
        yield Sample(b"camera dump/P%07d.JPG" % (8140000 + number), photo, _later(random, taken), "image", taken)
    yield Sample(b"from ann/for you/letter.txt", b"Dear you,\n", day, "document")


def _duplicates(random: Random, made: list[Sample]) -> Iterator[Sample]:
    by_path = {sample.path: sample for sample in made}
    copies = {
        b"IMG_0001.JPG": b"IMG_0001 (1).JPG",
        b"IMG_0002.JPG": b"camera dump/IMG_0002.JPG",
        b"budget.xlsx": b"budget copy.xlsx",
        b"01 - Driftwood.mp3": b"Driftwood.mp3",
    }
    for original, copy in copies.items():
        sample = by_path[original]
        yield Sample(copy, sample.content, _later(random, sample.modified), sample.kind, sample.taken)
