"""All watched folders: made from the config, paused and resumed by people. Belongs to the event loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from agent.brakes import Memory
from agent.folder import WatchedFolder
from agent.hub import Hub
from agent.lookups import Lookups
from agent.operations import Operations
from core.config import Config, Folder
from core.errors import BrakeEngaged, UnknownFolder
from core.index import Index
from core.model import FolderStatus, Operation, Request
from core.names import shown
from core.planners.scope import Scope
from core.state import StateDirectory, write_durably

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
        self._pausing = Lock()
        self._watched: dict[str, WatchedFolder] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._distant: dict[str, FolderStatus] = {}

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

    def tell(self, status: FolderStatus) -> None:
        """Tell everybody how a folder is."""
        self._hub.folder(status)

    def halted(self, status: FolderStatus) -> None:
        """Tell those who asked to be notified."""
        self.on_halt(status)

    # -- their life

    def start(self) -> None:
        """Begin to watch every folder of the config."""
        for folder in self._config.folders:
            self._start(folder)

    def _start(self, folder: Folder) -> None:
        if not folder.is_local:
            reason = "a bucket: this version watches local folders only"
            status = FolderStatus(name=folder.name, path=shown(folder.path), state="degraded", reason=reason)
            self._distant[folder.name] = status
            self.tell(status)
            return
        watched = WatchedFolder(folder, self, is_paused=folder.name in self._paused())
        self._watched[folder.name] = watched
        self._tasks[folder.name] = asyncio.create_task(watched.run(), name=f"folder {shown(folder.name)}")
        self.tell(watched.status)

    async def reload(self, config: Config) -> None:
        """Use another config: folders that changed start anew, those that are gone are let go."""
        before, self._config = self._config, config
        kept = {folder.name for folder in config.folders if _is_same(folder, before)}
        for name in self._distant.keys() - kept:
            del self._distant[name]
            self._hub.forget_folder(name)
        for name in self._watched.keys() - kept:
            await self._end(name)
        for folder in config.folders:
            if folder.name not in self._watched and folder.name not in self._distant:
                self._start(folder)

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.wait([task])
        self._watched.pop(name)
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

    def look_again(self, root: bytes, paths: list[bytes]) -> None:
        """Files of a folder could not be seen to: they are looked at again once they have settled."""
        for watched in self._watched.values():
            if watched.folder.path == root:
                watched.look_again(paths)

    # -- what people do

    @property
    def statuses(self) -> list[FolderStatus]:
        """How each folder is, in the config's order."""
        local = {name: watched.status for name, watched in self._watched.items()}
        all_of_them = {**local, **self._distant}
        return [all_of_them[folder.name] for folder in self._config.folders if folder.name in all_of_them]

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

    def _find(self, name: str) -> WatchedFolder:
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
