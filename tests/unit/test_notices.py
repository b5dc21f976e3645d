"""The program that is told of news: a real one, each time."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent import notices
from agent.notices import Notices
from core.config import NotifySettings
from core.model import Counts, FolderStatus, Operation, now
from tests.agents import eventually, lives

TELL = '#!/bin/sh\nprintf "%s|%s|%s\\n" "$SHELVER_NEWS" "$SHELVER_OPERATION" "$1" >> "$0.heard"\n'


class Program:
    """A program to be started, and what it was told."""

    def __init__(self, path: Path, text: str = TELL) -> None:
        self.path = path
        self.heard = path.with_name(path.name + ".heard")
        path.write_text(text)
        path.chmod(0o700)

    def lines(self) -> list[list[str]]:
        return [line.split("|") for line in self.heard.read_text().splitlines()] if self.heard.exists() else []


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "tell")


@asynccontextmanager
async def telling(command: Path, *on: str) -> AsyncIterator[Notices]:
    settings = NotifySettings((str(command),), on or ("halted", "failed", "proposed"))
    told = Notices(settings)
    life = asyncio.create_task(told.run())
    yield told
    await eventually(lambda: not _started())  # what was told last comes to its end
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)


def _started() -> str:
    """Return the processes that this thread has started and that have not ended."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


def operation(state: str, **more: object) -> Operation:
    return Operation(id="op1", kind="organize", folder="dl", state=state, created=now(), **more)  # type: ignore[arg-type]


async def test_it_is_told_of_what_was_asked_for_and_of_nothing_else(program: Program) -> None:
    async with telling(program.path, "halted", "failed") as told:
        told.operation_rested(operation("completed"))
        told.operation_rested(operation("proposed", automatic=True))
        told.operation_rested(operation("failed", error="no \x1b[31mspace", counts=Counts(planned=2, failed=2)))
        told.folder_halted(FolderStatus(name="dl", path="/dl", state="halted", reason="it is no longer there"))
        await eventually(lambda: len(program.lines()) == 2)
    assert [line[:2] for line in program.lines()] == [["failed", "op1"], ["halted", ""]]
    assert "2 failed" in program.lines()[0][2]
    assert program.lines()[1][2] == "folder dl is halted: it is no longer there"


async def test_a_preview_is_no_news_to_whoever_asked_for_it(program: Program) -> None:
    async with telling(program.path) as told:
        told.operation_rested(operation("proposed"))
        told.operation_rested(operation("proposed", automatic=True))
        await eventually(program.lines)
    assert len(program.lines()) == 1


async def test_it_is_never_started_twice_at_once(tmp_path: Path) -> None:
    alone = '#!/bin/sh\nmkdir "$0.busy" || echo twice >> "$0.heard"\n'
    slow = Program(tmp_path / "slow", alone + TELL.partition("\n")[2] + 'rmdir "$0.busy"\n')
    async with telling(slow.path) as told:
        for _ in range(5):
            told.operation_rested(operation("failed"))
        await eventually(lambda: len(slow.lines()) == 5)
    assert ["twice"] not in slow.lines()


async def test_more_news_than_can_wait_is_dropped_and_said(
    program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notices, "WAITING", 2)
    told = Notices(NotifySettings((str(program.path),), ("failed",)))
    for _ in range(3):
        told.operation_rested(operation("failed"))
    assert "one is dropped" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"), [("#!/nonexistent\n", "cannot be started"), ("#!/bin/sh\nexit 3\n", "ended with 3")]
)
async def test_a_program_that_does_not_work_is_told_of_in_the_log_and_the_next_news_goes_on(
    tmp_path: Path, text: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Program(tmp_path / "broken", text)
    async with telling(broken.path) as told:
        told.operation_rested(operation("failed"))
        await eventually(lambda: said in caplog.text)
        broken.path.write_text(TELL)
        told.operation_rested(operation("failed"))
        await eventually(broken.lines)


async def test_a_program_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notices, "SECONDS", 0.2)
    hanging = Program(tmp_path / "hanging", '#!/bin/sh\necho $$ > "$0.heard"\nexec sleep 600\n')
    caplog.set_level(logging.WARNING)
    async with telling(hanging.path) as told:
        told.operation_rested(operation("failed"))
        await eventually(lambda: "was ended" in caplog.text)
    assert not lives(int(hanging.lines()[0][0]))


async def test_without_a_program_nothing_waits() -> None:
    told = Notices(NotifySettings())
    told.operation_rested(operation("failed"))
    assert told._waiting.empty()
