"""Decoders for what people look at: started when they are needed, ended when nobody looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.errands import Errands
from agent.readers import Readers
from core.checks import Finding, Site
from core.config.writing import NewFolder
from core.errands import Doctor, LookThere
from core.errors import ConfigError, UsageError
from core.facts import FactReader
from core.storage import open_storage
from core.stores.index import Index
from core.views.prospect import Prospect
from tests.trees import build


@pytest.fixture
async def readers(tmp_path: Path) -> AsyncIterator[Readers]:
    index = Index(tmp_path / "index.db")
    readers = Readers(index, idle=0.05)
    yield readers
    await readers.close()
    index.close()


async def test_decoders_start_when_needed_and_end_when_nobody_looks(readers: Readers, tmp_path: Path) -> None:
    build(tmp_path / "f", {"letter.txt": "dear Lena"})
    root = bytes(tmp_path / "f")

    def text(facts: FactReader) -> object:
        with open_storage(root) as storage:
            entry = storage.entry(b"letter.txt")
        assert entry is not None
        return facts.of(root, entry).get("text")

    assert readers.is_resting
    assert [*await asyncio.gather(readers.use(text), readers.use(text))] == ["dear Lena"] * 2
    assert not readers.is_resting
    async with asyncio.timeout(10):
        while not readers.is_resting:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await readers.use(text) == "dear Lena"


async def test_what_a_look_raises_is_raised(readers: Readers) -> None:
    def fails(facts: FactReader) -> None:
        raise UsageError("no", field="path")

    with pytest.raises(UsageError):
        await readers.use(fails)


async def test_errands_find_things_in_a_process_of_their_own(tmp_path: Path) -> None:
    build(tmp_path / "mess", {f"{number}.txt": "x" for number in range(2100)})
    config = tmp_path / "config.toml"
    new = NewFolder(name="mess", path=bytes(tmp_path / "mess"))
    errands = Errands()
    found = await errands.run(LookThere(str(config), new), Prospect)
    assert (found.files, found.looked_at, found.moves, len(found.sample)) == (2100, 2000, 2000, 20)
    site = Site(state=str(tmp_path / "s"), cache=str(tmp_path / "c"), socket=str(tmp_path / "k"), config=str(config))
    findings = await errands.run(Doctor(site), list[Finding])
    assert {each.check: each.level for each in findings}["config"] == "problem"  # it was named, and is not there


async def test_what_refuses_an_errand_is_told_as_what_it_is(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    errands = Errands()
    with pytest.raises(UsageError) as told:
        await errands.run(LookThere(str(config), NewFolder(name="x", path=b"/nowhere/at/all")), Prospect)
    assert told.value.fields["field"] == "path"
    config.write_text("mode = 1\n")
    config.chmod(0o600)
    (tmp_path / "mess").mkdir()
    with pytest.raises(ConfigError):
        await errands.run(LookThere(str(config), NewFolder(name="x", path=bytes(tmp_path / "mess"))), Prospect)
