"""The agent, put together: its parts, and the life of the whole."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Coroutine
from typing import Any

from agent.archive import Archive
from agent.auth import Access
from agent.channel import InUse, LeftOff, Reload
from agent.errands import Errands
from agent.folders import Folders
from agent.hub import Hub
from agent.memory import give_back, is_swollen
from agent.notices import Notices
from agent.notify import notify, watchdog_pause
from agent.operations import Operations
from agent.readers import Readers
from agent.resuming import Resuming
from agent.retention import keep_house
from agent.server import Server, bind, identity, open_to_others, remove
from agent.settings import Settings
from agent.supervisor import Supervisor
from core.config import Config, Folder
from core.errors import ConfigError, ShelverError, UnknownFolder
from core.model import Operation, Progress, now
from core.names import shown

SWEEP_SECONDS = 60
"""Between two looks whether an operation was lost or hangs."""
WORKER_STOP_SECONDS = 25
"""How long the worker may take to come to the end of its files."""

_log = logging.getLogger(__name__)


class Daemon:
    """One agent, from `run` to its end: what routes ask (`agent.serving.Agent`), and what hears the worker
    (`agent.supervisor.Listener`)."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self.settings = settings
        self.config = config
        self.started = now()
        self.began = time.monotonic()
        state = settings.state_directory
        self.access = Access.of(config.agent.admins, config.agent.viewers)
        self.hub = Hub()
        self.supervisor = Supervisor(settings, self)
        self.operations = Operations(state, config, self.hub, self.supervisor)
        self.archive = Archive(self.operations)
        self._resuming = Resuming(self.operations)
        self.folders = Folders(state, config, self.hub, self.operations)
        self.readers = Readers(self.folders.index)
        self.errands = Errands()
        self.writing_config = asyncio.Lock()
        self._reloading = asyncio.Lock()
        self.notices = Notices(config.notify)
        self.operations.freed = self.folders.freed
        self.operations.rested = self._rested
        self.folders.on_halt = self.notices.folder_halted
        self._server = Server(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._config_trouble = ""

    def _rested(self, operation: Operation) -> None:
        self.notices.operation_rested(operation)
        self.folders.rested(operation)

    # -- the life of the whole

    def stop(self) -> None:
        """Come to an end."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until `stop`. Raises UsageError where the socket cannot be had, ShelverError where a part failed."""
        places = self.settings.state_directory
        listener = bind(places.socket)
        ours = identity(places.socket)
        try:
            self._open_to_others()
            await self._server.start(listener)
            await self._serve()
        finally:
            await asyncio.to_thread(notify, "STOPPING=1", "STATUS=coming to the end of the files under way")
            await self._close()
            remove(places.socket, ours)

    def _open_to_others(self) -> None:
        open_to_others(self.settings.state_directory, bool(self.access.admins or self.access.viewers))

    async def _serve(self) -> None:
        self.folders.start()
        for life in (self.supervisor.run(), self._sweep(), self.notices.run(), self._show_life(), self._keep_house()):
            self._begin(life)
        await asyncio.to_thread(notify, "READY=1", f"STATUS={self._in_words()}")
        _log.info("ready: %s", self._in_words())
        await self._stop.wait()
        if self._failure is not None:
            raise ShelverError(f"a part of the agent failed: {self._failure}")
        _log.info("stopping")

    def _begin(self, life: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(life)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
            _log.critical("a part of the agent failed", exc_info=self._failure)
            self._stop.set()  # half an agent is worse than a fresh one

    async def _close(self) -> None:
        await self._server.stop()
        await self.readers.close()
        await self.folders.close()
        await self.supervisor.stop(WORKER_STOP_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.operations.close()

    async def reload(self) -> None:
        """Read the config again; one with mistakes changes nothing. Who asks meanwhile waits for a turn of his own."""
        async with self._reloading:
            await self._reload()

    async def _reload(self) -> None:
        try:
            config = await asyncio.to_thread(self.settings.read_config)
        except ConfigError as error:
            self._config_trouble = f"the config has mistakes and is not used: {error}"
            _log.error("the config is kept as it was: %s", error)
            self.hub.error(self._config_trouble.partition("\n")[0])
            return
        self._config_trouble = ""
        before, self.config = self.config, config
        self.access = await asyncio.to_thread(Access.of, config.agent.admins, config.agent.viewers)
        self._open_to_others()
        self.notices.settings = config.notify
        await self.operations.reload(config)
        if before.queue == config.queue:
            self.supervisor.tell(Reload())
        else:
            self.supervisor.renew()  # its threads are counted once, at its start
        await self.folders.reload(config)
        _log.info("the config was read again: %s", self._in_words())

    # -- what goes on beside

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.supervisor.kill_if_stalled()
            await self._queue_lost()
            if not self.supervisor.running:
                self.supervisor.renew_if_swollen()
                if is_swollen(os.getpid()):
                    await asyncio.to_thread(give_back)

    async def _queue_lost(self) -> None:
        try:
            await self._resuming.sweep()
        except Exception:
            _log.exception("unfinished operations cannot be queued again")

    async def _keep_house(self) -> None:
        await keep_house(self.settings.state_directory, lambda: self.config, self.operations.forget)

    async def _show_life(self) -> None:
        """Feed systemd's watchdog while the catalog can be written; the worker has its own supervision."""
        pause = watchdog_pause()
        while pause is not None:
            await self.operations.settled()
            await asyncio.to_thread(notify, "WATCHDOG=1", f"STATUS={self._in_words()}")
            await asyncio.sleep(pause)

    # -- what the worker says

    def worker_ready(self) -> None:
        """Queue what no worker has in hand."""
        self._begin(self._queue_lost())

    def changed(self, operation: Operation) -> None:
        """Record and tell an operation's new state."""
        self.operations.report(operation)

    def progressed(self, progress: Progress) -> None:
        """Tell how far an operation is."""
        self.hub.progress(progress)

    def left_off(self, end: LeftOff) -> None:
        """Let what waits for an operation go on; end one that goes wrong again and again."""
        self.operations.left_off(end.operation)
        if end.error:
            self.hub.error(f"operation {end.operation}: {end.error}")
            again = not end.is_hopeless
            self._begin(self._resuming.blame([end.operation], end.error, may_try_again=again))

    def in_use(self, files: InUse) -> None:
        """Have files looked at again that could not be seen to."""
        self.folders.look_again(files.root, files.paths)

    def worker_died(self, blamed: list[str]) -> None:
        """Count the death; the next worker resumes what it was at."""
        for id in blamed:
            self.operations.left_off(id)
        self._begin(self._resuming.blame(blamed, "the worker died in the middle of it"))

    # -- how it is

    def folder(self, text: str) -> Folder:
        """Return the folder that a request names. Raises UnknownFolder."""
        try:
            return self.config.folder(text)
        except UnknownFolder as error:
            error.fields["field"] = "folder"
            raise

    def troubles(self) -> list[str]:
        """Return what is wrong, in words; nothing when all is well."""
        troubles = [trouble for trouble in (self.operations.trouble, self._config_trouble) if trouble]
        if not self.supervisor.is_ready and not self.supervisor.is_renewing:
            troubles.append("the worker is starting" if not self.supervisor.deaths else "the worker died")
        troubles += [
            f"folder {shown(status.name)} is halted: {status.reason}"
            for status in self.folders.statuses
            if status.state == "halted"
        ]
        return troubles

    def _in_words(self) -> str:
        states = [status.state for status in self.folders.statuses]
        parts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
        return f"{len(states)} folders" + (f" ({', '.join(parts)})" if parts else "")
