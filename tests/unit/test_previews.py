from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from core.errors import UsageError
from core.facts import FactReader
from core.facts.decoders import DecoderPool
from core.facts.reader import Thumbnail
from core.storage.directories import Directories
from core.views.previews import preview


@pytest.fixture(scope="module")
def facts() -> Iterator[FactReader]:
    with FactReader(None, decoders=1) as facts:
        yield facts


def test_a_file_that_may_not_be_read(tmp_path: Path, facts: FactReader, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed.jpg").write_bytes(b"\xff\xd8\xff")

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Directories, "open_file", refuse)
    found = preview(facts, os.fsencode(tmp_path), b"closed.jpg", 80, 80)
    assert (found.kind, found.size, found.facts) == ("image", 3, {})
    assert found.why_not == "it cannot be opened: Permission denied"


def test_a_file_that_goes_while_it_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8\xff" + bytes(99))
    thumbnail = FactReader.thumbnail

    def gone_before(self: FactReader, *arguments: object) -> Thumbnail:
        path.unlink()
        return thumbnail(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(FactReader, "thumbnail", gone_before)
    with FactReader(None, decoders=1) as facts:
        found = preview(facts, os.fsencode(tmp_path), b"a.jpg", 80, 80)
    assert found.picture is None
    assert found.why_not == "it cannot be opened: No such file or directory"


@pytest.mark.parametrize("lie", [{}, {"thumbnail": "!"}, {"thumbnail": "AAAA", "thumbnail_width": 9}])
def test_what_a_decoder_says_of_a_picture_is_not_believed(
    lie: dict[str, object], tmp_path: Path, facts: FactReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(*_: object) -> Future[dict[str, object]]:
        future: Future[dict[str, object]] = Future()
        rest = {"thumbnail_height": 1, "thumbnail_width": 1, "width": 1, "height": 1}
        future.set_result(rest | lie)
        return future

    monkeypatch.setattr(DecoderPool, "submit", answer)
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff" + bytes(99))
    found = preview(facts, os.fsencode(tmp_path), b"a.jpg", 80, 80)
    assert (found.picture, found.why_not) == (None, "it made its decoder fail")


def test_no_file_is_refused(tmp_path: Path, facts: FactReader) -> None:
    with pytest.raises(UsageError):
        preview(facts, os.fsencode(tmp_path), b"", 80, 80)
