"""What a decoder does between its limits: it runs here unconfined, and must answer as the confined one does."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from core.errors import FactUnavailable
from core.facts import decoder
from core.facts.decoders import DecoderPool, Look
from core.facts.families import FAMILIES
from core.facts.wire import Answer, Job, receive_answer, send_jobs
from tui.demo.samples import samples

SECONDS = 20.0


class Beside:
    """A decoder in a thread of this process."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.acts: list[str] = []

    def ask(self, *asked: tuple[Job, Path]) -> list[Answer]:
        """Send a batch, and return what became of each."""
        descriptors = [os.open(path, os.O_RDONLY) for _, path in asked]
        send_jobs(self.connection, [job for job, _ in asked], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        receive_answer(self.connection, (), SECONDS)
        return [receive_answer(self.connection, FAMILIES[job.family].facts, SECONDS) for job, _ in asked]


@contextmanager
def beside(monkeypatch: pytest.MonkeyPatch, libraries: tuple[str, ...] = ()) -> Iterator[Beside]:
    ours, theirs = socket.socketpair()
    running = Beside(ours)
    for name in ("confine", "limit_time", "_be_quiet"):
        monkeypatch.setattr(decoder, name, lambda *_, name=name: running.acts.append(name))
    thread = threading.Thread(target=decoder.main, args=(theirs.detach(), os.getppid(), list(libraries)))
    thread.start()
    try:
        yield running
    finally:
        ours.close()
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    drawn = BytesIO()
    Image.effect_noise((200, 100), 60).save(drawn, "PNG")
    path.write_bytes(drawn.getvalue())
    return path


def test_it_confines_itself_before_it_reads_and_counts_the_time_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all")
    job = Job("text", "text", "txt")
    with beside(monkeypatch) as running:
        assert [each.facts["text"] for each in running.ask((job, letter), (job, letter))] == ["Dear all"] * 2
        assert running.acts == ["confine", "_be_quiet", "limit_time", "limit_time"]


def test_a_file_that_cannot_be_read_costs_its_own_answer_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letter, torn = tmp_path / "letter.txt", tmp_path / "torn.pdf"
    letter.write_text("Dear all")
    torn.write_bytes(b"%PDF-1.7 torn")
    with beside(monkeypatch) as running:
        answers = running.ask((Job("text", "pdf", "pdf"), torn), (Job("text", "text", "txt"), letter))
        assert [each.failed for each in answers] == [True, False]


def test_a_worn_decoder_begins_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all")
    monkeypatch.setattr(decoder, "_WORN", -1)
    with beside(monkeypatch) as running, pytest.raises((EOFError, OSError)):
        running.ask((Job("text", "text", "txt"), letter))


@pytest.mark.parametrize("family", ["likeness", "thumbnail"])
def test_pictures_are_measured_alike_within_the_limits_and_without(
    picture: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries = FAMILIES[family].libraries
    job = Job(family, "png", "png", (64, 64) if family == "thumbnail" else ())
    pool = DecoderPool(1, libraries=libraries)
    try:
        confined = pool.submit(Look(job, lambda: os.open(picture, os.O_RDONLY))).result(SECONDS)
    finally:
        pool.close()
    with beside(monkeypatch, libraries) as running:
        (answer,) = running.ask((job, picture))
    assert answer.facts == confined and confined["width"] == 200


def test_samples_of_every_kind_are_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a sample's format, both ways find the same in it, or both find that it cannot be read."""
    found = dict(_looks(tmp_path))
    pool = DecoderPool(1)
    try:
        futures = {
            key: pool.submit(Look(job, lambda path=path: os.open(path, os.O_RDONLY)))  # type: ignore[misc]
            for key, (job, path) in found.items()
        }
        with beside(monkeypatch) as running:
            for key, (job, path) in found.items():
                (answer,) = running.ask((job, path))
                try:
                    assert futures[key].result(SECONDS) == answer.facts, key
                except FactUnavailable:
                    assert answer.failed, key
    finally:
        pool.close()
    assert len(found) > 20


def _looks(home: Path) -> Iterator[tuple[tuple[str, str], tuple[Job, Path]]]:
    """Yield a look at one of the demo's files for each family and format that has one."""
    from core.facts.kind import sniff

    for number, sample in enumerate(samples()):
        content = sample.content
        name = os.fsencode(sample.path)
        format = sniff(name, len(content), lambda offset, size, content=content: content[offset : offset + size]).format  # type: ignore[misc]
        for family in ("capture", "tags", "text"):
            if format in FAMILIES[family].readers:
                path = home / str(number)
                path.write_bytes(content)
                yield (family, format), (Job(family, format, ""), path)
