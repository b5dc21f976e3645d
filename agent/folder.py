"""One watched folder: hints come in, files settle, an operation starts; brakes halt it, a person pauses it.

Belongs to the event loop's thread. Whatever reads from the disk runs in `Services.scan`'s threads.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol, TypeVar

from msgspec.structs import replace

from agent import brakes, watch
from agent.arrivals import Arrivals, by_itself
from agent.brakes import Identity, Memory
from agent.hearing import Hearing
from agent.reconcile import Reconciler
from agent.settle import Settling
from core.config import Folder
from core.errors import ShelverError
from core.model import FolderState, FolderStatus, Request, now
from core.names import shown
from core.planners.scope import Scope
from core.storage import Entry
from core.stores.index import Index

LOOK_SECONDS = 30.0
"""Between two looks whether the folder is still the same and its watcher heard what it should."""
SILENCE_SECONDS = 31.0
"""A watcher that said nothing for so long, while its folder changed, is deaf."""
NEW_DIRECTORY_SECONDS = 2.0
"""A new directory is looked into at once, and again after this."""
SCAN_SHARE = 100
"""A folder is compared no more often than once in so many times what comparing it takes."""
AGE_SECONDS = 24 * 60 * 60
"""Between two passes over a folder with a rule that asks for a file's age."""
POLL_SECONDS = 10.0
"""Between two comparisons of a folder that cannot be watched."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Services(Protocol):
    """What a folder needs of the agent."""

    index: Index
    memory: Memory

    def scope(self, folder: Folder) -> Scope:
        """Return what organizing looks at in a folder, as it is now."""

    async def scan(self, act: Callable[[], T]) -> T:
        """Run something that reads much from the disk, in a thread."""

    async def submit(self, request: Request) -> object:
        """Start an operation. Raises ShelverError."""

    async def copies(self, folder: Folder, paths: list[bytes]) -> list[bytes]:
        """Return which of some files are copies of what is there."""

    def is_busy(self, folder: str) -> bool:
        """Tell whether an operation of this folder is under way."""

    def tell(self, status: FolderStatus) -> None:
        """Tell everybody how a folder is."""

    def halted(self, status: FolderStatus) -> None:
        """Tell those who asked to be notified."""


class WatchedFolder:
    """Keeps one configured folder in order until it is cancelled."""

    def __init__(
        self, folder: Folder, services: Services, *, is_paused: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self.status = FolderStatus(name=folder.name, path=shown(folder.path), mode=folder.mode)
        self._services = services
        self._clock = clock
        self._woken = asyncio.Event()
        self._hearing = Hearing(folder.path, self._woken.set, clock)
        self._reconciler = Reconciler(folder.path, services.index, lambda: services.scope(folder))
        self._settling = Settling(folder.settle)
        self._settled: dict[bytes, Entry] = {}
        self._arrivals = Arrivals(folder, services.copies)
        self._arriving_since: datetime | None = None
        self._needs_whole_pass = False
        self._identity: Identity | None = None
        self._mtime = 0
        self._is_paused = is_paused
        self._halted = ""
        self._trouble = ""
        self._accepting: asyncio.Future[None] | None = None
        self._look_at = self._compare_at = self._retry_at = 0.0
        self._new_today = (date.today(), 0)

    # -- what a person does

    def pause(self) -> None:
        """Start nothing here any more, and let go of the folder."""
        self._is_paused = True
        self._let_go()
        self._tell()

    async def resume(self) -> None:
        """Go on; a halted folder is taken as it is now. Returns when it was looked at."""
        self._is_paused = False
        self._halted = ""
        self._look_at = self._compare_at = self._retry_at = self._hearing.retry_at = 0.0
        self._accepting = asyncio.get_running_loop().create_future()
        self._woken.set()
        await asyncio.wait([self._accepting], timeout=LOOK_SECONDS)

    def operation_ended(self) -> None:
        """An operation of this folder is no longer under way: what settled meanwhile may start the next."""
        self._woken.set()

    def look_again(self, paths: list[bytes]) -> None:
        """An operation had to leave these files: they settle anew."""
        self._hearing.hints.update(paths)
        self._woken.set()

    # -- the life of a folder

    async def run(self) -> None:
        """Watch, compare, settle, start operations, until cancelled."""
        try:
            while True:
                if not (self._is_paused or self._halted or self._clock() < self._retry_at):
                    await self._try_turn()
                if self._is_paused:  # perhaps since in the middle of the turn
                    self._let_go()
                self._tell()
                if self._accepting is not None and not self._accepting.done():
                    self._accepting.set_result(None)
                await self._wait()
        finally:
            self._let_go()

    async def _try_turn(self) -> None:
        before, self._trouble = self._trouble, ""
        try:
            await self._turn()
        except (ShelverError, OSError) as error:
            self._trouble = str(error)
        except Exception:
            _log.exception("folder %s", self._name)
            self._trouble = "something went wrong; the log says what"
        if self._trouble:
            self._retry_at = self._clock() + LOOK_SECONDS
            if self._trouble != before:
                _log.warning("folder %s: %s", self._name, self._trouble)

    async def _turn(self) -> None:
        if self._must_compare or self._clock() >= self._look_at:
            await self._look_at_root()
        if self._identity is None or self._halted:
            return
        if self._hearing.is_due:
            await self._listen()
        if self._must_compare:
            await self._compare()
        if self._halted:
            return
        await self._take_hints()
        await self._settle()
        if not self._is_paused and not self._services.is_busy(self.folder.name):
            await self._start_operation()

    @property
    def _must_compare(self) -> bool:
        """Whether the folder is to be compared now.

        What is lost while an operation of its own moves files by the thousand is found once, when that has ended.
        """
        if self._clock() >= self._compare_at:
            return True
        return self._hearing.has_lost_count and not self._services.is_busy(self.folder.name)

    async def _wait(self) -> None:
        due = self._next_due()
        try:
            async with asyncio.timeout(None if due is None else max(due - self._clock(), 0.0)):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    def _next_due(self) -> float | None:
        if self._is_paused or self._halted:
            return None
        if self._trouble:
            return self._retry_at
        if self._identity is None:
            return self._look_at
        dues = [self._look_at, self._compare_at]
        dues += [since + NEW_DIRECTORY_SECONDS for since in self._hearing.new_directories.values()]
        if self._settling.next_due is not None:
            dues.append(self._settling.next_due)
        if not self._hearing.is_watched:
            dues.append(self._hearing.retry_at)
        return min(dues)

    def _let_go(self) -> None:
        """Forget whatever a comparison will find again, and watch no more."""
        self._hearing.stop()
        self._settling.clear()
        self._settled.clear()
        self._compare_at = self._look_at = 0.0

    # -- brakes

    async def _look_at_root(self) -> None:
        """Check that the folder is the one it was, and that the watcher heard what changed in it."""
        root = self.folder.path
        self._look_at = self._clock() + LOOK_SECONDS
        found = await self._services.scan(lambda: brakes.identity_of(root))
        remembered = self._services.memory.of(root)
        why = brakes.halt_reason(self._identity or remembered.identity, found)
        if why and (found is None or not self._is_accepting):
            self._halt(why)
        elif found is None:
            self._trouble = "it does not exist yet; it is looked for regularly"
        elif found != self._identity:
            if self._identity is not None:
                self._hearing.give_up("it was made anew")
                self._hearing.retry_at = 0.0
            self._identity = found
            self._needs_whole_pass = remembered.rules != self.folder.rules.hash
            await self._remember()
        else:
            await self._check_hearing()

    async def _check_hearing(self) -> None:
        """Compare the folder if it changed and the watcher said nothing, as after a full queue."""
        mtime = (await self._services.scan(lambda: os.stat(self.folder.path))).st_mtime_ns
        was_silent = self._clock() - self._hearing.heard_at > SILENCE_SECONDS
        if mtime != self._mtime and was_silent and self._hearing.is_watched:
            _log.warning("folder %s changed unheard and is compared", self._name)
            self._hearing.has_lost_count = True
        self._mtime = mtime

    @property
    def _is_accepting(self) -> bool:
        return self._accepting is not None and not self._accepting.done()

    def _halt(self, why: str) -> None:
        self._halted = why
        self._let_go()
        _log.error("folder %s is halted: %s", self._name, why)
        self._tell()
        self._services.halted(self.status)

    # -- finding what is new

    async def _listen(self) -> None:
        folder, scope = self.folder, self._services.scope(self.folder)
        try:
            ground = await self._services.scan(
                lambda: watch.survey(
                    folder.path, subfolders=folder.subfolders, descend=lambda path: not scope.why_not_entered(path)
                )
            )
        except watch.Unwatchable as error:
            self._hearing.give_up(str(error))
        else:
            self._hearing.start(ground)

    async def _compare(self) -> None:
        started = self._clock()
        self._hearing.has_lost_count = False
        difference = await self._services.scan(self._reconciler.compare)
        why = brakes.emptied_reason(difference.files, difference.known)
        if why and not self._is_accepting:
            self._halt(why)
            return
        if not self._services.is_busy(self.folder.name):  # else an operation may be moving them, with their age
            await self._services.scan(lambda: self._reconciler.forget(difference.removed))
        await self._found(difference.changed)
        if difference.has_more or self._is_a_day_older():
            self._needs_whole_pass = True
        self._mtime = difference.mtime_ns
        self.status.files = difference.files
        self.status.last_reconcile = now()
        pause = self.folder.rescan if self._hearing.is_watched else min(POLL_SECONDS, self.folder.rescan)
        self._compare_at = self._clock() + max(pause, (self._clock() - started) * SCAN_SHARE)

    def _is_a_day_older(self) -> bool:
        """Tell whether files may have come of age for a rule since the last pass, without any change to them."""
        passed = self._services.memory.of(self.folder.path).passed
        return "first_seen" in self.folder.rules.needs and abs(time.time() - passed) > AGE_SECONDS

    async def _take_hints(self) -> None:
        if hints := self._hearing.take_hints():
            found, missing = await self._services.scan(lambda: self._reconciler.look(hints))
            await self._found(found)
            if missing >= brakes.EMPTIED_FROM:  # perhaps all is gone: only a comparison can tell
                self._hearing.has_lost_count = True
                self._woken.set()
        for directory, since in list(self._hearing.new_directories.items()):
            await self._look_into(directory)
            if self._clock() >= since + NEW_DIRECTORY_SECONDS:
                self._hearing.new_directories.pop(directory, None)

    async def _look_into(self, directory: bytes) -> None:
        if not self.folder.subfolders:
            self._hearing.new_directories.pop(directory, None)
            return
        found = await self._services.scan(lambda: self._reconciler.beneath(directory))
        await self._found(found)
        self._hearing.restart_if_partial()

    async def _found(self, entries: list[Entry]) -> None:
        """Wait until files that are new or changed are whole."""
        if entries and self._arriving_since is None:
            self._arriving_since = now()
        moment = self._clock()
        await self._services.scan(lambda: self._settling.add(entries, moment))

    async def _settle(self) -> None:
        due, moment = self._settling.next_due, self._clock()
        if due is not None and due <= moment:
            for entry in await self._services.scan(lambda: self._reconciler.settled(self._settling, moment)):
                self._settled[entry.path] = entry

    # -- starting operations

    async def _start_operation(self) -> None:
        if self._needs_whole_pass:
            if self._settled or not self._settling:
                await self._start_whole_pass()
        elif not await self._starts_with_copies() and self._settled:
            await self._start_with_settled()

    async def _start_with_settled(self) -> None:
        entries = list(self._settled.values())
        news = await self._services.scan(lambda: self._reconciler.news(entries))
        if copies := await self._arrivals.look_up(news.changed, self._arriving_since):
            await self._services.submit(copies)
            return  # what is left of them is organized once that has ended
        if news.changed:
            await self._submit([entry.path for entry in news.changed])
            await self._services.scan(lambda: self._reconciler.acknowledge(news.changed))
            await self._count_new(len(news.arrived))
        for entry in entries:
            if self._settled.get(entry.path) is entry:
                del self._settled[entry.path]

    async def _start_whole_pass(self) -> None:
        """Go over all of the folder: the first time, after its rules changed, or because too much is new to list.

        It is remembered as still to do until it is recorded, so that a crash in between only repeats it.
        """
        unsettled = frozenset(self._settling)
        await self._remember(rules="", passed=0.0)
        await self._services.scan(lambda: self._reconciler.acknowledge_all(unsettled))
        await self._submit(None)
        await self._remember(rules=self.folder.rules.hash, passed=time.time())
        self._needs_whole_pass = False
        self._settled.clear()

    async def _starts_with_copies(self) -> bool:
        """Start what the folder was set to since with the copies that are there; tell whether there was anything."""
        if self._services.memory.of(self.folder.path).duplicates == self.folder.duplicates:
            return False
        request = self._arrivals.all_there()
        if request is not None:
            await self._services.submit(request)
        await self._remember(duplicates=self.folder.duplicates)
        return request is not None

    async def _remember(self, **what: object) -> None:
        memory, root = self._services.memory, self.folder.path
        known = replace(memory.of(root), identity=self._identity, **what)
        await self._services.scan(lambda: memory.remember(root, known))

    async def _submit(self, paths: list[bytes] | None) -> None:
        request = by_itself("organize", self.folder, paths=paths, arrived_since=self._arriving_since)
        await self._services.submit(request)
        self._arriving_since = now() if self._settling else None

    # -- telling

    @property
    def _name(self) -> str:
        return shown(self.folder.name)

    async def _count_new(self, arrived: int) -> None:
        index, root = self._services.index, self.folder.path
        self._new_today = (date.today(), self.status.new_today + arrived)
        self.status.files = await self._services.scan(lambda: index.count(root))

    def _tell(self) -> None:
        self.status.state, self.status.reason = self._state()
        self.status.new_today = self._new_today[1] if self._new_today[0] == date.today() else 0
        self.status.waiting = len(self._settling)
        self._services.tell(self.status)

    def _state(self) -> tuple[FolderState, str]:
        if self._is_paused:
            return "paused", "paused by a person" + (f"; it was halted: {self._halted}" if self._halted else "")
        if self._halted:
            return "halted", self._halted
        if self._trouble or self._hearing.unwatched:
            unwatched = f"looked through regularly, not watched: {self._hearing.unwatched}"
            return "degraded", self._trouble or unwatched
        if self.status.last_reconcile is None:
            return "starting", "looking through it for the first time"
        return "watching", ""
