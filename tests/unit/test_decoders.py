"""Hostile files against real decoders: each costs its own facts, within limits, and nothing else."""

from __future__ import annotations

import io
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random

import msgspec
import pytest
from PIL import Image

from core.errors import FactUnavailable
from core.facts import decoders
from core.facts.decoders import SECONDS, DecoderPool, Look
from core.facts.families import FAMILIES
from core.facts.kind import sniff
from core.facts.wire import Answer, Job, receive_answer
from tests.camera import as_a_camera
from tui.demo import sample_papers as papers
from tui.demo.samples import samples

MEGABYTE = 1024 * 1024


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool(1)
    yield pool
    pool.close()


def look(path: Path, family: str = "text", format: str = "text") -> Look:
    return Look(Job(family, format, ""), lambda: os.open(path, os.O_RDONLY))


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all")
    return path


def children() -> list[int]:
    """The processes that this one started and that were not waited for."""
    found = []
    for thread in os.listdir("/proc/self/task"):
        with suppress(OSError):  # it ended meanwhile
            found += Path(f"/proc/self/task/{thread}/children").read_text().split()
    return [int(child) for child in found]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """Watch how much memory the children take; the list's one number, in bytes, grows meanwhile."""
    peak, stop = [0], threading.Event()
    own = Path("/proc/self/cmdline").read_bytes()

    def watch() -> None:
        while not stop.wait(0.01):
            for child in children():
                try:
                    if Path(f"/proc/{child}/cmdline").read_bytes() == own:  # not a decoder yet: it still has our memory
                        continue
                    status = Path(f"/proc/{child}/status").read_text()
                except OSError:
                    continue
                lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
                peak[0] = max([peak[0], *(int(line.split()[1]) * 1024 for line in lines)])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


# -- hostile files -----------------------------------------------------------------------------------------


def packed_pdf(content: bytes) -> bytes:
    """A PDF whose one page unpacks to something large."""
    stream = zlib.compress(content, 9)
    whole = papers.pdf(["x"])
    start, end = whole.index(b"<< /Length"), whole.index(b"endstream")
    return whole[:start] + b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\n" % (len(stream), stream) + whole[end:]


PLAIN = papers.pdf(["x"])
LOOP = PLAIN.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % PLAIN.rfind(b"xref\n0"))
HEIC, JPEG = ({s.path: s.content for s in samples(1)}[name] for name in (b"IMG_2101.HEIC", b"IMG_0001.JPG"))
CLAIMS = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\xff\xff\xff\x7f\xff\xff\xff\x7f\x08\x06\0\0\0" + b"\x7f\xff\xff\xffzTXt" * 9
TAGS = b"II*\0\x08\0\0\0" + b"\x02\0" + b"\x32\x01\x02\0\xff\xff\xff\x7f\x08\0\0\0" * 2 + b"\x08\0\0\0"


def bomb(format: str, mode: str, size: tuple[int, int], **options: object) -> bytes:
    """A picture of one colour that is small until it is decoded."""
    target = io.BytesIO()
    Image.new(mode, size, "white").save(target, format, **options)
    return target.getvalue()


def claiming(jpeg: bytes) -> bytes:
    """The same JPEG, which says that it is as large as any can be."""
    return jpeg.replace(struct.pack(">HH", 900, 900), b"\xff\xdc\xff\xdc", 1)


def large_inside() -> bytes:
    picture = Image.effect_noise((1200, 900), 90)
    jpeg = as_a_camera(picture)
    inside = jpeg.index(b"\xff\xc0", 100)  # of the small picture, which stands first
    return jpeg[: inside + 5] + b"\xff\xf0\xff\xf0" + jpeg[inside + 9 :]


HOSTILE: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "a million operators": ("text", "pdf", lambda: packed_pdf(b"BT /F1 12 Tf " + b"(a) Tj " * 6_000_000)),
    "a PDF of zeros": ("text", "pdf", lambda: packed_pdf(bytes(200 * MEGABYTE))),
    "brackets in brackets": ("text", "pdf", lambda: packed_pdf(b"[" * 3_000_000)),
    "a PDF that loops": ("text", "pdf", lambda: LOOP),
    "pages that hold themselves": ("text", "pdf", lambda: PLAIN.replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]")),
    "a zip bomb": ("text", "docx", lambda: papers.zipped({"word/document.xml": b"<w:t>" + bytes(200 * MEGABYTE)})),
    "open comments": ("text", "docx", lambda: papers.zipped({"word/document.xml": b"<!--" * 2_000_000})),
    "a HEIC cut off": ("capture", "heif", lambda: HEIC[: len(HEIC) // 2]),
    "a HEIC of rubbish": ("capture", "heif", lambda: HEIC[:60] + Random(1).randbytes(5000)),
    "four gigapixels": ("capture", "jpeg", lambda: JPEG.replace(b"\x08\x00\xf0\x01\x40", b"\x08\xff\xff\xff\xff")),
    "a PNG of claims": ("capture", "png", lambda: CLAIMS),
    "a TIFF of claims": ("capture", "tiff", lambda: TAGS),
    "a PNG bomb": ("likeness", "png", lambda: bomb("PNG", "1", (15_000, 15_000))),
    "a large PNG": ("likeness", "png", lambda: bomb("PNG", "RGB", (5000, 5000))),
    "a GIF bomb": ("thumbnail", "gif", lambda: bomb("GIF", "L", (8000, 8000))),
    "a TIFF bomb": ("thumbnail", "tiff", lambda: bomb("TIFF", "RGB", (9000, 9000), compression="tiff_lzw")),
    "a WebP bomb": ("likeness", "webp", lambda: bomb("WEBP", "RGB", (6000, 6000), method=0)),
    "a JPEG of a million blocks": ("likeness", "jpeg", lambda: bomb("JPEG", "L", (20_000, 20_000), quality=10)),
    "a JPEG of many scans": ("likeness", "jpeg", lambda: claiming(bomb("JPEG", "RGB", (900, 900), progressive=True))),
    "a JPEG with a large small one": ("likeness", "jpeg", large_inside),
    "a HEIC to be seen": ("likeness", "heif", lambda: HEIC[: len(HEIC) // 2]),
    "raw pictures without end": ("likeness", "orf", lambda: b"IIRO" + b"\xff\xd8\xff\xe0\0\x02" * 600_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_one_fact_of_one_file(name: str, tmp_path: Path, letter: Path) -> None:
    family, format, make = HOSTILE[name]
    path = tmp_path / "hostile"
    path.write_bytes(make())
    pool = DecoderPool(1, seconds=2, libraries=FAMILIES[family].libraries)
    with peak_memory() as peak, closing(pool):
        answer = pool.submit(look(path, family, format))
        after = pool.submit(look(letter))
        try:
            found = answer.result()
        except FactUnavailable:
            found = {}
        assert after.result() == {"text": "Dear all"}
    assert peak[0] < 300 * MEGABYTE
    assert found or name not in ("a zip bomb", "a JPEG with a large small one")  # what it holds at first can be had
    assert sum(len(str(value)) for value in found.values()) <= 300_000


def test_a_picture_that_is_too_large_is_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb("PNG", "1", (16_000, 16_000)))
    with closing(DecoderPool(1)) as pool:
        for _ in range(2):
            with pytest.raises(FactUnavailable, match="cannot be read"):
                pool.submit(look(path, "thumbnail", "png")).result()
            (child,) = children()
        with pytest.raises(FactUnavailable):
            pool.submit(look(path, "thumbnail", "png")).result()
        assert children() == [child]  # it did not run out of memory over it


def test_five_seconds_are_all_a_file_gets() -> None:
    assert SECONDS == 5


def test_damaged_files_of_every_format(tmp_path: Path, letter: Path) -> None:
    random = Random(5)
    looks = []
    for number, sample in enumerate(samples(1)):
        if not sample.content:
            continue
        found = sniff(sample.path, len(sample.content), lambda at, size, of=sample.content: of[at : at + size])  # type: ignore[misc]
        damaged = bytearray(sample.content)
        for _ in range(20):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        for cut in (damaged, sample.content[: random.randrange(len(sample.content))]):
            path = tmp_path / f"{number} {len(cut)}"
            path.write_bytes(cut)
            looks += [
                look(path, family.name, found.format) for family in FAMILIES.values() if found.format in family.readers
            ]
    for libraries in {family.libraries for family in FAMILIES.values()}:
        with closing(DecoderPool(2, libraries=libraries)) as pool:
            mine = [each for each in looks if FAMILIES[each.job.family].libraries == libraries]
            for each in mine:
                pool.submit(each)
            for each in mine:
                error = each.answer.exception()
                assert error is None or isinstance(error, FactUnavailable)
            assert pool.submit(look(letter)).result() == {"text": "Dear all"}
    assert len(looks) > 150


# -- decoders that fail ------------------------------------------------------------------------------------


def test_a_decoder_that_hangs_is_replaced(letter: Path) -> None:
    pool = DecoderPool(1, seconds=0.2)
    try:
        pool.submit(look(letter)).result()
        (child,) = children()
        os.kill(child, signal.SIGSTOP)
        lost = [pool.submit(look(letter)) for _ in range(3)]
        # What stands still before it begins is not a file's fault: it is waited for, and here let go on.
        os.kill(child, signal.SIGCONT)
        assert [each.result()["text"] for each in lost] == ["Dear all"] * 3
    finally:
        pool.close()


def test_a_look_that_takes_too_long_is_given_up(tmp_path: Path, letter: Path) -> None:
    slow = tmp_path / "slow.docx"
    slow.write_bytes(HOSTILE["open comments"][2]())
    pool = DecoderPool(1, seconds=1)
    try:
        answers = [pool.submit(each) for each in (look(letter), look(slow, "text", "docx"), look(letter))]
        assert answers[0].result()["text"] == "Dear all"
        with pytest.raises(FactUnavailable, match="too long"):
            answers[1].result()
        assert answers[2].result()["text"] == "Dear all"
        assert len(children()) == 1
    finally:
        pool.close()
    assert children() == []


def test_a_decoder_that_dies_between_looks_costs_nothing(letter: Path, pool: DecoderPool) -> None:
    pool.submit(look(letter)).result()
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    until(lambda: "\nState:\tZ" in Path(f"/proc/{child}/status").read_text())
    assert pool.submit(look(letter)).result() == {"text": "Dear all"}


def test_a_worn_decoder_leaves_the_work_to_the_next(
    letter: Path, pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import sys; from core.facts import decoder; decoder._WORN = -1 << 40;decoder.main(*map(int, sys.argv[1:]), [])"
    )
    start, started = decoders._start, []

    def first_a_worn_one(descriptor: int, libraries: tuple[str, ...]) -> subprocess.Popen[bytes]:
        started.append(descriptor)
        if len(started) > 1:
            return start(descriptor, libraries)
        arguments = [sys.executable, "-c", program, str(descriptor), str(os.getpid())]
        return subprocess.Popen(arguments, pass_fds=(descriptor,))

    monkeypatch.setattr(decoders, "_start", first_a_worn_one)
    assert pool.submit(look(letter)).result() == {"text": "Dear all"}
    assert len(started) == 2


def test_no_decoder_to_be_had_is_no_fault_of_the_file(
    letter: Path, pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(OSError, match="no decoder starts"):
        pool.submit(look(letter)).result()


def test_a_file_that_cannot_be_opened(tmp_path: Path, letter: Path, pool: DecoderPool) -> None:
    missing, there = pool.submit(look(tmp_path / "gone")), pool.submit(look(letter))
    with pytest.raises(FileNotFoundError):
        missing.result()
    assert there.result() == {"text": "Dear all"}


def test_a_look_nobody_waits_for_is_left_out(letter: Path, pool: DecoderPool) -> None:
    opened = threading.Event()

    def open_it() -> int:
        opened.set()
        return os.open(letter, os.O_RDONLY)

    cancelled = Look(Job("text", "text", ""), open_it)
    assert cancelled.answer.cancel()
    pool.submit(cancelled)
    assert pool.submit(look(letter)).result() == {"text": "Dear all"}
    assert not opened.is_set()


def test_closing_waits_for_one_look_only(tmp_path: Path, letter: Path) -> None:
    slow = tmp_path / "slow.docx"
    slow.write_bytes(HOSTILE["open comments"][2]())
    before = sorted(os.listdir("/proc/self/fd"))
    pool = DecoderPool(1, seconds=1)
    first = pool.submit(look(letter))
    first.result()
    slow_ones = [pool.submit(look(slow, "text", "docx")) for _ in range(30)]
    until(slow_ones[0].running)
    pool.close()
    errors = [each.exception() for each in slow_ones]
    assert sum(isinstance(error, FactUnavailable) for error in errors) <= 1
    assert sum(isinstance(error, OSError) for error in errors) >= 29
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert children() == []


def test_no_descriptor_is_left_open(tmp_path: Path, letter: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    pool = DecoderPool(2)
    answers = [pool.submit(look(path)) for path in (letter, tmp_path / "gone") for _ in range(40)]
    assert sum(answer.exception() is None for answer in answers) == 40
    pool.close()
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert children() == []


# -- limits --------------------------------------------------------------------------------------------------


def test_a_decoder_is_confined(letter: Path, pool: DecoderPool) -> None:
    pool.submit(look(letter)).result()
    (child,) = children()
    limits = {line[:26].strip(): line[26:].split() for line in Path(f"/proc/{child}/limits").read_text().splitlines()}
    assert int(limits["Max address space"][1]) < 320 * MEGABYTE
    assert int(limits["Max cpu time"][0]) <= 20
    assert limits["Max core file size"][:2] == limits["Max file size"][:2] == ["0", "0"]
    assert limits["Max open files"][:2] == ["64", "64"]
    status = Path(f"/proc/{child}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    secrets = Path(f"/proc/{child}/environ").read_bytes()
    assert b"PYTEST_CURRENT_TEST" not in secrets


def test_decoders_die_with_their_parent(letter: Path) -> None:
    program = (
        "import os, sys, signal\n"
        "from core.facts.decoders import DecoderPool, Look\n"
        "from core.facts.wire import Job\n"
        "pool = DecoderPool(1)\n"
        "pool.submit(Look(Job('text', 'text', ''), lambda: os.open(sys.argv[1], os.O_RDONLY))).result()\n"
        "child = open(f'/proc/self/task/{os.listdir(\"/proc/self/task\")[-1]}/children').read()\n"
        "os.kill(int(child), signal.SIGSTOP)\n"  # busy, as it were: it cannot hear that the line is dead
        "print(child, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(letter)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    child = int(done.stdout)
    assert child > 0
    until(lambda: not Path(f"/proc/{child}").exists() or "\nState:\tZ" in Path(f"/proc/{child}/status").read_text())


def test_what_a_decoder_says_is_not_believed() -> None:

    def said(frame: bytes) -> Answer:
        ours, theirs = socket.socketpair()

        def speak() -> None:
            with suppress(OSError):
                theirs.sendall(frame)
                theirs.shutdown(socket.SHUT_WR)

        speaker = threading.Thread(target=speak)
        with ours, theirs:
            speaker.start()
            try:
                return receive_answer(ours, ("text",), 5)
            finally:
                ours.shutdown(socket.SHUT_RDWR)
                speaker.join()

    def framed(value: object) -> bytes:
        frame = msgspec.msgpack.encode(value)
        return len(frame).to_bytes(4, "big") + frame

    assert said(framed([{"text": "x"}])).facts == {"text": "x"}
    for lie in ([{"taken": "x"}], [{"text": "x" * 300_000}], [{"text": 1.5}], {"text": "x"}, [{"text": ["x"]}], "x"):
        with pytest.raises(ValueError, match=r".*"):
            said(framed(lie))
    with pytest.raises(ValueError, match="too long"):
        said(b"\xff\xff\xff\xff")
    with pytest.raises(EOFError):
        said(framed([{"text": "x"}])[:-1])
