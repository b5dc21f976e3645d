"""One watched folder, with everything around it but the worker: real files, index and watcher."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agent import folder as folder_module
from agent import hearing, watch
from agent.brakes import Memory
from agent.folder import WatchedFolder
from agent.watch import Ground, Unwatchable
from core.config import Config, Folder, parse_config
from core.errors import StateFull
from core.model import FolderStatus, Request
from core.planners.scope import Scope
from core.stores.index import Index
from tests.trees import build

T = TypeVar("T")


class Surroundings:
    """What a folder needs of the agent; remembers what it asks for."""

    def __init__(self, home: Path, config: Config) -> None:
        self.index = Index(home / "index.db")
        self.memory = Memory(home / "folders.json")
        self.config = config
        self.submitted: list[Request] = []
        self.refuses = False
        self.busy = False
        self.state, self.reason = "", ""
        self.told = 0
        self.halts: list[str] = []
        self.scans: list[asyncio.Future[Any]] = []
        self._changed = asyncio.Event()

    def scope(self, folder: Folder) -> Scope:
        return Scope(folder, self.config, subfolders=folder.subfolders)

    async def scan(self, act: Callable[[], T]) -> T:
        scan = asyncio.ensure_future(asyncio.to_thread(act))
        self.scans.append(scan)
        return await asyncio.shield(scan)

    async def submit(self, request: Request) -> object:
        if self.refuses:
            raise StateFull("the disk")
        self.submitted.append(request)
        self._changed.set()
        return None

    async def copies(self, folder: Folder, paths: list[bytes]) -> list[bytes]:
        return []

    def is_busy(self, folder: str) -> bool:
        return self.busy

    def tell(self, status: FolderStatus) -> None:
        self.state, self.reason = status.state, status.reason
        self.told += 1
        self._changed.set()

    def halted(self, status: FolderStatus) -> None:
        self.halts.append(status.reason)

    async def seen_to_copies(self, set_to: str) -> None:
        """Wait until the copies in the folder were seen to as it is set."""
        await self.until(lambda: self.memory.of(self.config.folders[0].path).duplicates == set_to)

    async def passed(self) -> Request:
        """Wait until all of the folder was gone through, and that is remembered."""
        root = self.config.folders[0].path
        await self.until(lambda: self.submitted and self.memory.of(root).rules)
        return self.submitted[-1]

    async def turned(self, folder: WatchedFolder) -> None:
        """Wait until the folder was seen to once more."""
        told = self.told
        folder.look_again([])
        await self.until(lambda: self.told > told)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class DeafWatcher:
    """A watcher that never hears anything, as after a full queue."""

    is_recursive = False

    def __init__(self, root: bytes, ground: Ground, listener: object) -> None:
        pass

    def stop(self) -> None:
        pass


CONFIG = """
[agent]
settle = "0.05s"
rescan = "{rescan}"
mode = "auto"
[[folder]]
name = "dl"
path = "{path}"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dl").mkdir()
    return tmp_path


@asynccontextmanager
async def watched(
    home: Path, more: str = "", rescan: str = "10m", **options: bool
) -> AsyncIterator[tuple[WatchedFolder, Surroundings]]:
    """Run a folder for as long as the block lasts."""
    config = parse_config(CONFIG.format(path=home / "dl", rescan=rescan) + more)
    around = Surroundings(home, config)
    for name, value in options.items():
        setattr(around, name, value)
    watched = WatchedFolder(config.folders[0], around, is_paused=False)
    life = asyncio.create_task(watched.run())
    try:
        yield watched, around
    finally:
        life.cancel()
        await asyncio.gather(life, *around.scans, return_exceptions=True)  # a thread goes on when nobody waits any more
        around.index.close()


async def test_the_first_pass_is_over_all_of_it_and_comes_once(home: Path) -> None:
    build(home / "dl", {"a.txt": "a"})
    async with watched(home) as (_, around):
        request = await around.passed()
        assert request.automatic and request.paths is None
    async with watched(home) as (_, around):
        await around.until(lambda: around.state == "watching")
        (home / "dl/b.txt").write_text("b")
        await around.until(lambda: around.submitted)
        assert around.submitted[0].paths == [b"b.txt"]
        assert around.submitted[0].arrived_since is not None


async def test_a_pass_that_could_not_be_recorded_is_still_to_do(home: Path) -> None:
    build(home / "dl", {"a.txt": "a"})
    async with watched(home, refuses=True) as (_, around):
        await around.until(lambda: around.state == "degraded")
        assert "full" in around.reason
    async with watched(home) as (_, around):
        await around.until(lambda: around.submitted)
        assert around.submitted[0].paths is None


async def test_a_refusal_is_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "LOOK_SECONDS", 0.1)
    async with watched(home, refuses=True) as (_, around):
        await around.until(lambda: around.state == "degraded")
        around.refuses = False
        await around.until(lambda: around.submitted and around.state == "watching")


async def test_other_rules_ask_for_another_pass(home: Path) -> None:
    async with watched(home) as (_, around):
        await around.passed()
    rule = '[[rule]]\nname = "all"\nmatch = {}\nto = "All/"\n'
    async with watched(home, rule) as (_, around):
        await around.until(lambda: around.submitted)
        assert around.submitted[0].paths is None


async def test_what_a_folder_is_set_to_is_done_once_with_the_copies_that_are_there(home: Path) -> None:
    async with watched(home) as (_, around):
        await around.passed()
    asked = []
    for set_to in ("report", "trash", "trash", "hardlink", "off", "hardlink"):
        async with watched(home, f'duplicates = "{set_to}"') as (_, around):
            await around.seen_to_copies(set_to)
            asked.append([each.action for each in around.submitted if (each.kind, each.paths) == ("dedupe", None)])
    assert asked == [[], ["trash"], [], ["hardlink"], [], ["hardlink"]]


async def test_copies_that_could_not_be_asked_about_are_still_to_do(home: Path) -> None:
    async with watched(home) as (_, around):
        await around.passed()
    async with watched(home, 'duplicates = "trash"', refuses=True) as (_, around):
        await around.until(lambda: around.state == "degraded")
    async with watched(home, 'duplicates = "trash"') as (_, around):
        await around.until(lambda: around.submitted)
        assert (around.submitted[0].kind, around.submitted[0].automatic) == ("dedupe", True)


async def test_files_that_come_of_age_are_looked_at_daily(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = '[[rule]]\nname = "old"\nmatch = { age = ">30d" }\nto = "Old/"\n'
    async with watched(home, rule) as (_, around):
        await around.passed()
    async with watched(home, rule) as (_, around):
        await around.until(lambda: around.state == "watching")
        assert not around.submitted
    monkeypatch.setattr(folder_module, "AGE_SECONDS", 0)
    async with watched(home, rule) as (_, around):
        await around.until(lambda: around.submitted)
        assert around.submitted[0].paths is None


async def test_what_settles_while_an_operation_runs_joins_the_next(home: Path) -> None:
    async with watched(home) as (folder, around):
        await around.passed()
        around.busy = True
        for name in ("a.txt", "b.txt"):
            (home / "dl" / name).write_text(name)
            await around.until(lambda: folder.status.waiting)
            await around.until(lambda: not folder.status.waiting)
        assert len(around.submitted) == 1
        around.busy = False
        folder.operation_ended()
        await around.until(lambda: len(around.submitted) == 2)
        assert sorted(around.submitted[1].paths or []) == [b"a.txt", b"b.txt"]


async def test_a_change_that_nobody_heard_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "Watcher", DeafWatcher)
    monkeypatch.setattr(folder_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(folder_module, "SILENCE_SECONDS", 0.05)
    async with watched(home) as (_, around):
        await around.passed()
        (home / "dl/a.txt").write_text("a")
        await around.until(lambda: len(around.submitted) == 2)


async def test_what_cannot_be_watched_is_looked_through(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Ground:
        raise Unwatchable("its file system (nfs4) does not report changes")

    monkeypatch.setattr(watch, "survey", refuse)
    monkeypatch.setattr(folder_module, "POLL_SECONDS", 0.05)
    async with watched(home) as (_, around):
        await around.until(lambda: around.state == "degraded" and "nfs4" in around.reason)
        (home / "dl/a.txt").write_text("a")
        await around.until(lambda: [each for each in around.submitted if each.paths == [b"a.txt"]])


async def test_a_pause_in_the_middle_of_a_turn_holds(home: Path) -> None:
    build(home / "dl", {"a.txt": "a"})
    async with watched(home) as (folder, around):
        await around.until(lambda: folder.status.waiting)  # its turn is over, the next will start the pass
        scan = around.scan

        async def pause_first(act: Callable[[], T]) -> T:
            folder.pause()
            return await scan(act)

        around.scan = pause_first  # type: ignore[method-assign]
        await around.until(lambda: around.state == "paused")
        await around.until(lambda: folder.status.waiting == 0)
    assert not around.submitted


async def test_no_descriptor_stays_open_on_a_paused_folder(home: Path) -> None:
    async with watched(home) as (folder, around):
        await around.until(lambda: around.state == "watching")
        folder.pause()
        open_now = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_link(fd)}
        assert not [path for path in open_now if path.startswith(str(home / "dl"))]


def _is_link(descriptor: str) -> bool:
    try:
        os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return False
    return True


async def test_what_is_lost_while_an_operation_moves_files_is_found_once_it_ended(home: Path) -> None:
    build(home / "dl", {"a.txt": "a"})
    async with watched(home) as (_, around):
        await around.passed()
    async with watched(home) as (folder, around):
        await around.until(lambda: around.state == "watching")
        compared = folder.status.last_reconcile
        around.busy = True
        folder._hearing.lost_count("thousands of changes")
        (home / "dl/b.txt").write_text("b")
        for _ in range(5):
            await around.turned(folder)
        assert folder.status.last_reconcile == compared
        around.busy = False
        folder.operation_ended()
        await around.until(lambda: around.submitted)
        assert folder.status.last_reconcile != compared
        assert around.submitted[0].paths == [b"b.txt"]
