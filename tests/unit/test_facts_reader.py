from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.facts import FactReader, FileFacts, kind
from core.facts.families import CAPTURE, FAMILY_OF
from core.storage import Entry
from core.storage.directories import Directories
from core.stores.index import Index, Record
from tests import trees
from tui.demo import sample_media as media
from tui.demo import sample_papers as papers
from tui.demo.samples import make_messy_folder, samples

NAMES = ["kind", *FAMILY_OF]


def entry(root: Path, path: bytes) -> Entry:
    status = os.lstat(os.path.join(os.fsencode(root), path))
    stamp = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev)
    return Entry(path, *stamp)


def facts(of: FactReader, root: Path, path: bytes) -> FileFacts:
    return of.of(os.fsencode(root), entry(root, path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "index.db") as index:
        yield index


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every path that is opened to look inside."""
    paths: list[bytes] = []
    open_file = Directories.open_file

    def noted(self: Directories, path: bytes, flags: int) -> int:
        paths.append(path)
        return open_file(self, path, flags)

    monkeypatch.setattr(Directories, "open_file", noted)
    return paths


def test_names_and_stat_are_told_without_opening(folder: Path, index: Index, opened: list[bytes]) -> None:
    path = "sub/cafe\u0301.Tar.GZ".encode()
    trees.build(folder, {path: b"12345"})
    os.utime(folder / os.fsdecode(path), ns=(0, 1_600_000_000_250_000_000))
    with FactReader(index) as read:
        file = facts(read, folder, path)
        assert file.get("name") == "caf\u00e9.Tar.GZ"
        assert file.get("stem") == "caf\u00e9.Tar"
        assert file.get("ext") == "gz"
        assert file.get("size") == 5
        assert file.get("modified") == datetime(2020, 9, 13, 12, 26, 40, 250_000, tzinfo=UTC)
        assert file.get("first_seen") is None
        assert file.get("no such fact") is None
        index.update(os.fsencode(folder), [file.entry], [])
        again = facts(read, folder, path).get("first_seen")
        assert isinstance(again, datetime)
        assert datetime.now(UTC) - again < timedelta(minutes=1)
        assert file.known().keys() == {"name", "stem", "ext", "size", "modified", "first_seen", "no such fact"}
    assert opened == []


def test_every_sample_by_prefetch_and_one_by_one(folder: Path) -> None:
    make_messy_folder(folder)
    with FactReader(None) as together, FactReader(None) as alone:
        files = [facts(together, folder, sample.path) for sample in samples(1)]
        together.prefetch(files, NAMES)
        for file, sample in zip(files, samples(1), strict=True):
            assert file.get("kind") == sample.kind
            assert sample.taken is None or file.get("taken") == sample.taken
        for file in files[::5]:
            single = facts(alone, folder, file.path)
            assert {name: single.get(name) for name in NAMES} == {name: file.get(name) for name in NAMES}


def test_what_is_known_is_never_read_again(folder: Path, index: Index, opened: list[bytes]) -> None:
    song = media.mp3(("Artist", "Album", "Title"))
    trees.build(folder, {"song": song, "noise.jpg": b"\xff\xd8\xff rubbish", "letter.docx": papers.docx(["x"])[:-40]})
    paths = (b"song", b"noise.jpg", b"letter.docx")
    with FactReader(index) as read:
        first = [{name: facts(read, folder, path).get(name) for name in NAMES} for path in paths]
    assert first[0] == dict.fromkeys(NAMES) | {"kind": "audio", "artist": "Artist", "album": "Album", "title": "Title"}
    assert first[2] == dict.fromkeys(NAMES) | {"kind": "document"}
    assert opened.count(b"letter.docx") > 1
    opened.clear()
    with FactReader(index) as read:
        assert [{name: facts(read, folder, path).get(name) for name in NAMES} for path in paths] == first
    assert opened == []


def test_a_changed_file_and_a_new_method_are_read_anew(
    folder: Path, index: Index, opened: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    trees.build(folder, {"song.mp3": media.mp3(("Artist", "Album", "Title"))})
    with FactReader(index) as read:
        assert facts(read, folder, b"song.mp3").get("artist") == "Artist"
    trees.write(folder / "song.mp3", media.mp3(("Another", "Album", "Title")))
    with FactReader(index) as read:
        assert facts(read, folder, b"song.mp3").get("artist") == "Another"
    opened.clear()
    monkeypatch.setattr(kind, "VERSION", 10_000)
    with FactReader(index) as read:
        assert facts(read, folder, b"song.mp3").get("artist") == "Another"
        assert opened == []
        assert facts(read, folder, b"song.mp3").get("kind") == "audio"
    assert opened == [b"song.mp3"]


def test_a_date_in_the_name_is_the_last_resort(folder: Path, index: Index) -> None:
    photo = next(sample for sample in samples(1) if sample.path == b"IMG_0001.JPG")
    whatsapp = next(sample for sample in samples(1) if b"-WA" in sample.path)
    day = whatsapp.path[4:12].decode()
    trees.build(
        folder,
        {
            b"IMG_19990101_101010.jpg": photo.content,
            whatsapp.path: whatsapp.content,
            b"report 2020-01-01 10.10.10.pdf": papers.pdf(["x"]),
            b"VID_20200102_101010.webm": media.matroska(),
            b"VID_20200102_101010.mp4": media.film(datetime(2020, 1, 2, 17, 10, 9)),  # UTC: it was taken elsewhere
            b"VID_20200102_101010 (edited).mp4": media.film(datetime(2023, 1, 2, 17, 10, 9)),
        },
    )
    for _ in range(2):  # read, and then known
        with FactReader(index) as read:
            inside = facts(read, folder, b"IMG_19990101_101010.jpg")
            assert (inside.get("taken"), inside.get("taken_source")) == (photo.taken, "exif")
            named = facts(read, folder, whatsapp.path)
            assert (named.get("taken"), named.get("taken_source")) == (datetime.strptime(day, "%Y%m%d"), "name")
            film = facts(read, folder, b"VID_20200102_101010.webm")
            assert film.get("taken") == datetime(2020, 1, 2, 10, 10, 10)
            elsewhere = facts(read, folder, b"VID_20200102_101010.mp4")
            assert (elsewhere.get("taken"), elsewhere.get("taken_source")) == (datetime(2020, 1, 2, 10, 10, 10), "name")
            assert facts(read, folder, b"VID_20200102_101010 (edited).mp4").get("taken_source") == "container"
            paper = facts(read, folder, b"report 2020-01-01 10.10.10.pdf")
            assert (paper.get("taken"), paper.get("taken_source"), paper.get("camera")) == (None, None, None)


@pytest.mark.parametrize("swap", ["symlink", "fifo", "folder", "other file", "gone", "folder for a link"])
def test_nothing_but_the_very_file_is_read(swap: str, folder: Path, tmp_path: Path, index: Index) -> None:
    secret = papers.docx(["the secret"])
    trees.build(tmp_path, {"outside/note.txt": secret, "folder/sub/note.txt": secret})
    path, seen = folder / "sub/note.txt", entry(folder, b"sub/note.txt")
    path.unlink()
    match swap:
        case "symlink":
            path.symlink_to(tmp_path / "outside/note.txt")
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "other file":
            path.write_bytes(secret + b"longer")
        case "folder for a link":
            path.parent.rmdir()
            path.parent.symlink_to(tmp_path / "outside")
    for _ in range(2):  # what could not be read is not remembered either
        with FactReader(index) as read:
            file = read.of(os.fsencode(folder), seen)
            assert (file.get("kind"), file.get("text"), file.get("taken")) == ("document", None, None)
    assert index.facts(os.fsencode(folder), seen) is None


def test_a_path_that_leads_out_is_refused(folder: Path, tmp_path: Path) -> None:
    trees.build(tmp_path, {"secret.docx": papers.docx(["the secret"])})
    seen = entry(tmp_path, b"secret.docx")
    with FactReader(None) as read:
        for path in (b"../secret.docx", b"..", b"x/../../secret.docx"):
            escaping = Entry(path, seen.inode, seen.size, seen.mtime_ns, seen.ctime_ns, seen.device)
            assert read.of(os.fsencode(folder), escaping).get("text") is None


def test_the_folder_is_let_go_of(folder: Path) -> None:
    trees.build(folder, {"a/b/song.mp3": media.mp3(("Artist", "Album", "Title")), "notes.txt": "x"})
    before = sorted(os.listdir("/proc/self/fd"))
    with FactReader(None) as read:
        assert facts(read, folder, b"a/b/song.mp3").get("artist") == "Artist"
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_no_decoder_starts_for_what_needs_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.facts.decoders._start", lambda descriptor: pytest.fail("a decoder started"))
    trees.build(folder, {"song.mp3": media.mp3(("Artist", "Album", "Title")), "setup.exe": b"MZ" + bytes(200)})
    with FactReader(None) as read:
        files = [facts(read, folder, path) for path in (b"song.mp3", b"setup.exe")]
        read.prefetch(files, ["kind", "name", "taken", "text"])
        assert [file.get("taken") for file in files] == [None, None]


def test_a_decoder_that_cannot_start_is_not_remembered(folder: Path, index: Index) -> None:
    trees.build(folder, {"song.mp3": media.mp3(("Artist", "Album", "Title"))})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.facts.decoders.sys.executable", "/bin/false")
        with FactReader(index) as read:
            assert facts(read, folder, b"song.mp3").get("artist") is None
    with FactReader(index) as read:
        assert facts(read, folder, b"song.mp3").get("artist") == "Artist"


def test_an_unusable_date_from_a_decoder_or_the_index_is_none(folder: Path, index: Index) -> None:
    trees.build(folder, {"photo.jpg": b"\xff\xd8\xff"})
    seen = entry(folder, b"photo.jpg")
    kinds: dict[str, Record] = {"kind": (kind.VERSION, "image"), "format": (kind.VERSION, "jpeg")}
    for nonsense in ("not a date", 5):
        known = dict.fromkeys(CAPTURE.facts, (CAPTURE.version, nonsense))
        index.store_facts(os.fsencode(folder), [(seen, kinds | known)])
        with FactReader(index) as read:
            assert facts(read, folder, b"photo.jpg").get("taken") is None
