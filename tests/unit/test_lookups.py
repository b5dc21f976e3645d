"""Arrivals are looked up by a process of its own: it answers, may die, and ends when nobody asks it any more."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import lookups
from agent.arrivals import Arrivals
from agent.lookups import Lookups
from core.config import Config, DuplicateSettings, Folder
from core.storage import Entry
from tests import trees

NAMES = [b"copy", b"own", b"not utf-8 \xff\n", b"gone", b"small"]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    trees.build(tmp_path / "dl", {b"copy": "the same", b"own": "another", NAMES[2]: "the same", b"small": "x"})
    trees.build(tmp_path / "attic", {"deep": {"kept": "the same", "small": "x"}})
    folders = [Folder(name, os.fsencode(tmp_path / name)) for name in ("dl", "attic")]
    away = Folder("away", os.fsencode(tmp_path / "away"))
    return Config(duplicates=DuplicateSettings(min_size=2), folders=(*folders, away))


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Lookups]:
    asked = Lookups(tmp_path / "contents.db")
    yield asked
    await asked.close()


def the_process(asked: Lookups) -> asyncio.subprocess.Process:
    assert asked._process is not None
    return asked._process


async def test_copies_are_told_from_what_is_no_copy(asked: Lookups, config: Config) -> None:
    assert await asked.copies(config, config.folders[0], NAMES) == [b"copy", NAMES[2]]
    first = the_process(asked)
    assert await asked.copies(config, config.folders[0], [b"own"]) == []
    assert the_process(asked) is first


async def test_a_process_that_died_costs_no_more_than_an_answer(asked: Lookups, config: Config) -> None:
    await asked.copies(config, config.folders[0], [b"own"])
    first = the_process(asked)
    first.send_signal(signal.SIGKILL)
    await first.wait()
    answers = [await asked.copies(config, config.folders[0], NAMES) for _ in range(2)]
    assert answers[-1] == [b"copy", NAMES[2]]


async def test_what_cannot_be_looked_up_is_no_copy(asked: Lookups, config: Config, tmp_path: Path) -> None:
    nowhere = Folder("away", os.fsencode(tmp_path / "away"))
    assert await asked.copies(config, nowhere, NAMES) == []
    assert await asked.copies(config, config.folders[0], [b"copy"]) == [b"copy"]


async def test_it_ends_when_nobody_asks(
    asked: Lookups, config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lookups, "IDLE_SECONDS", 0.0)
    await asked.copies(config, config.folders[0], [b"own"])
    first = the_process(asked)
    async with asyncio.timeout(30):
        assert await first.wait() == 0
    assert await asked.copies(config, config.folders[0], [b"copy"]) == [b"copy"]


async def test_each_file_is_looked_up_once_as_it_is(config: Config) -> None:
    asked: list[list[bytes]] = []

    async def copies(folder: Folder, paths: list[bytes]) -> list[bytes]:
        asked.append(paths)
        return [path for path in paths if path == b"copy"]

    def entry(name: bytes, size: int = 8, mtime_ns: int = 1) -> Entry:
        return Entry(name, 1, size, mtime_ns, 1, 1)

    arrivals = Arrivals(config.folders[0], copies)
    settled = [entry(b"copy"), entry(b"own"), entry(b"empty", size=0)]
    request = await arrivals.look_up(settled, None)
    assert request is not None
    assert (request.paths, request.action, request.automatic) == ([b"copy"], "report", True)
    assert await arrivals.look_up(settled, None) is None  # now they are organized
    assert asked == [[b"copy", b"own"]]
    assert await arrivals.look_up([entry(b"own", mtime_ns=2)], None) is None
    assert asked[1:] == [[b"own"]]


async def test_where_it_is_off_nobody_is_asked() -> None:
    async def copies(folder: Folder, paths: list[bytes]) -> list[bytes]:
        raise AssertionError(paths)

    arrivals = Arrivals(Folder("dl", b"/srv/dl", duplicates="off"), copies)
    assert await arrivals.look_up([Entry(b"a", 1, 1, 1, 1, 1)], None) is None
