"""All watched folders: made from the config, paused and resumed by people. Belongs to the event loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

from agent.brakes import Memory
from agent.distant import DistantFolder
from agent.folder import WatchedFolder
from agent.hub import Hub
from agent.lookups import Lookups
from agent.operations import Operations
from agent.rounds import Round
from core.config import Config, Folder
from core.errors import BrakeEngaged, UnknownFolder
from core.model import FolderStatus, Operation, Request
from core.names import shown
from core.planners.scope import Scope
from core.state import StateDirectory, write_durably
from core.stores.index import Index
from core.sync.conflicts import Conflict
from core.sync.states import Standing, States

SCANS_AT_ONCE = 2
"""More would only make the disk seek."""

T = TypeVar("T")


class Folders:
    """The watched folders of one agent, and what they need of it (`agent.folder.Services`)."""

    def __init__(self, state: StateDirectory, config: Config, hub: Hub, operations: Operations) -> None:
        self.index = Index(state.index)
        self.memory = Memory(state.state / "folders.json")
        self.on_halt: Callable[[FolderStatus], None] = lambda status: None
        self._state = state
        self._config = config
        self._hub = hub
        self._operations = operations
        self._scanners = ThreadPoolExecutor(SCANS_AT_ONCE, "scan")
        self._lookups = Lookups(state.contents)
        self._states = States(state.sync)
        self._pausing = Lock()
        self._watched: dict[str, WatchedFolder | DistantFolder] = {}
        self._rounds: dict[str, Round] = {}
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}

    # -- what a folder needs

    def scope(self, folder: Folder) -> Scope:
        """Return what organizing looks at in a folder, as it is now."""
        return Scope(folder, self._config, subfolders=folder.subfolders)

    async def scan(self, act: Callable[[], T]) -> T:
        """Run something that reads much from the disk, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._scanners, act)

    async def submit(self, request: Request) -> Operation:
        """Start an operation. Raises ShelverError."""
        return await self._operations.submit(request)

    async def copies(self, folder: Folder, paths: list[bytes]) -> list[bytes]:
        """Return which of some files are copies of what is there, in any folder."""
        return await self._lookups.copies(self._config, folder, paths)

    def is_busy(self, folder: str) -> bool:
        """Tell whether an operation of this folder is under way."""
        return self._operations.is_busy(folder)

    async def standing(self, folder: Folder) -> Standing:
        """Return how a folder's pair is. Raises ShelverError."""
        return await self.scan(lambda: self._states.standing(folder))

    async def conflicts(self, folder: Folder) -> list[Conflict]:
        """Return a pair's conflicts that nobody settled yet. Raises ShelverError."""
        return await self.scan(lambda: self._states.conflicts(folder))

    def tell(self, status: FolderStatus) -> None:
        """Tell everybody how a folder is."""
        self._hub.folder(self._whole(status))

    def tell_again(self, folder: str) -> None:
        """Tell everybody how a folder is, for its bucket's part changed."""
        if folder in self._watched:
            self.tell(self._watched[folder].status)

    def may_start(self, folder: str) -> bool:
        """Tell whether the agent may start anything there: it is neither paused nor halted."""
        return folder in self._watched and self._watched[folder].status.state not in ("paused", "halted")

    def _whole(self, status: FolderStatus) -> FolderStatus:
        rounds = self._rounds.get(status.name)
        return rounds.part_of(status) if rounds else status

    def halted(self, status: FolderStatus) -> None:
        """Tell those who asked to be notified."""
        self.on_halt(status)

    # -- their life

    def start(self) -> None:
        """Begin to watch every folder of the config."""
        for folder in self._config.folders:
            self._start(folder)

    def _start(self, folder: Folder) -> None:
        is_paused = folder.name in self._paused()
        if folder.sync or not folder.is_local:
            self._rounds[folder.name] = rounds = Round(folder, lambda: self._config, self)
            self._begin(folder.name, rounds.run())
        if not folder.is_local:
            self._watched[folder.name] = DistantFolder(folder, self.tell, is_paused=is_paused)
            return
        watched = WatchedFolder(folder, self, is_paused=is_paused)
        self._watched[folder.name] = watched
        self._begin(folder.name, watched.run())
        self.tell(watched.status)

    def _begin(self, name: str, life: Coroutine[Any, Any, None]) -> None:
        self._tasks.setdefault(name, []).append(asyncio.create_task(life, name=f"folder {shown(name)}"))

    async def reload(self, config: Config) -> None:
        """Use another config: folders that changed start anew, those that are gone are let go."""
        before, self._config = self._config, config
        kept = {folder.name for folder in config.folders if _is_same(folder, before)}
        for name in self._watched.keys() - kept:
            await self._end(name)
        for folder in config.folders:
            if folder.name not in self._watched:
                self._start(folder)

    async def _end(self, name: str) -> None:
        tasks = self._tasks.pop(name, [])
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._watched.pop(name)
        self._rounds.pop(name, None)
        self._hub.forget_folder(name)

    async def close(self) -> None:
        """Let go of every folder."""
        for name in list(self._watched):
            await self._end(name)
        await self._lookups.close()
        await asyncio.to_thread(self._scanners.shutdown, cancel_futures=True)
        self.index.close()

    def freed(self, name: str) -> None:
        """An operation of a folder is no longer under way."""
        if name in self._watched:
            self._watched[name].operation_ended()

    def rested(self, operation: Operation) -> None:
        """An operation came to rest: it ended, or waits for a person."""
        rounds = self._rounds.get(operation.folder)
        if rounds is None:
            return
        rounds.rested(operation)
        if rounds.folder.sync and operation.kind != "sync":
            rounds.wake()  # what came or moved here is to do so there

    def look_again(self, root: bytes, paths: list[bytes]) -> None:
        """Files of a folder could not be seen to: they are looked at again once they have settled."""
        for watched in self._watched.values():
            if watched.folder.path == root:
                watched.look_again(paths)

    # -- what people do

    @property
    def statuses(self) -> list[FolderStatus]:
        """How each folder is, in the config's order."""
        names = [folder.name for folder in self._config.folders if folder.name in self._watched]
        return [self._whole(self._watched[name].status) for name in names]

    def check_not_halted(self, name: str) -> None:
        """Raise BrakeEngaged for a folder that halted: a person must accept it first."""
        watched = self._watched.get(name)
        if watched is not None and watched.status.state == "halted":
            reason = watched.status.reason
            raise BrakeEngaged(f"folder {shown(name)} is halted: {reason}; `shelver resume` accepts it as it is")

    async def pause(self, name: str) -> FolderStatus:
        """Start nothing in a folder any more, also after a restart. Raises UnknownFolder."""
        watched = self._find(name)
        await self.scan(lambda: self._remember_paused(watched.folder.name, True))
        watched.pause()
        return watched.status

    async def resume(self, name: str) -> FolderStatus:
        """Go on in a paused folder; take a halted one as it is now. Raises UnknownFolder."""
        watched = self._find(name)
        await self.scan(lambda: self._remember_paused(watched.folder.name, False))
        await watched.resume()
        return watched.status

    def _find(self, name: str) -> WatchedFolder | DistantFolder:
        if name not in self._watched:
            name = self._config.folder(name).name  # a path beneath it will do
        try:
            return self._watched[name]
        except KeyError:
            raise UnknownFolder(shown(name)) from None

    def _paused(self) -> set[str]:
        try:
            return set(self._state.paused.read_text().splitlines())
        except FileNotFoundError:
            return set()

    def _remember_paused(self, name: str, is_paused: bool) -> None:
        with self._pausing:  # people pause several at once, and each is remembered in a thread of its own
            names = self._paused() | {name} if is_paused else self._paused() - {name}
            write_durably(self._state.paused, "".join(f"{each}\n" for each in sorted(names)).encode())


def _is_same(folder: Folder, config: Config) -> bool:
    return any(each == folder and each.rules.hash == folder.rules.hash for each in config.folders)
