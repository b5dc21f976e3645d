"""The agent's operations: asked for, recorded, queued, told to everybody. One thread writes the catalog."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from msgspec.structs import replace

from agent.channel import Cancel
from agent.dispatch import Dispatch, Worker
from agent.hub import Hub
from agent.notices import in_words
from agent.totals import Totals
from agent.upkeep import Upkeep
from core.config import Config
from core.engine import PLANNERS, Engine
from core.errors import ShelverError, UsageError, WrongState
from core.model import FINAL_STATES, Operation, Preview, Progress, Request
from core.state import StateDirectory
from core.stores.catalog import Catalog

PREVIEW_SECONDS = 600
"""How long the planning of a preview may take."""
LETTING_GO_SECONDS = 10
"""How long a worker may take to be done with an operation that has come to rest."""
RESTING_STATES: frozenset[str] = FINAL_STATES | {"proposed", "interrupted"}
"""States in which nothing is under way."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Operations:
    """All operations of this agent. Belongs to the event loop's thread; `changed` may be called in the writer's.

    What may reach out to a remote runs in the writer's thread alone.
    """

    def __init__(self, state: StateDirectory, config: Config, hub: Hub, worker: Worker) -> None:
        self._state = state
        self._hub = hub
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self._writer = ThreadPoolExecutor(1, "catalog")
        self.catalog = Catalog(state.catalog)
        """Read it in any thread; written by this alone."""
        self.dispatch = Dispatch(config.queue.url, state, worker)
        self.engine = Engine(state, config, self)
        """Of the config that holds."""
        self.totals = Totals()
        self._resting: dict[str, list[asyncio.Future[Operation]]] = {}
        self._busy: dict[str, str] = {each.id: each.folder for each in self.catalog.unfinished()}
        self._letting_go: dict[str, asyncio.Future[None]] = {}
        self.rested: Callable[[Operation], None] = lambda operation: None
        """Called when an operation has come to rest."""
        self.freed: Callable[[str], None] = lambda folder: None
        """Called with a folder's name when an operation of it is no longer under way."""
        self._is_closing = False
        self._write_later(self._upkeep.discard_idle)
        self.trouble = ""
        """Why operations cannot be recorded, in words."""

    async def reload(self, config: Config) -> None:
        """Use another config from now on."""
        await self.write(self._use, config)

    def _use(self, config: Config) -> None:
        before, self.engine = self.engine, Engine(self._state, config, self)
        before.close()

    async def close(self) -> None:
        """Record what is still to be recorded, and let go of the files."""
        await self.settled()
        await asyncio.sleep(0)  # what was told thereby may have more to record
        self._is_closing = True
        self._writer.submit(self.engine.close)
        await asyncio.to_thread(self._writer.shutdown)
        self.dispatch.close()
        self.catalog.close()

    # -- recording

    async def write(self, act: Callable[..., T], *arguments: Any) -> T:
        """Do something in the one thread that may write the catalog; it may raise what it likes."""
        return await self._loop.run_in_executor(self._writer, act, *arguments)

    def _write_later(self, act: Callable[..., None], *arguments: Any) -> None:
        if not self._is_closing:
            self._writer.submit(act, *arguments)

    async def settled(self) -> None:
        """Wait until all that was reported so far is recorded."""
        await self.write(lambda: None)

    def forget(self, id: str) -> None:
        """Drop an operation whose retention ended; call it in a thread."""
        self._writer.submit(self.catalog.forget, id).result()

    def changed(self, operation: Operation) -> None:
        """Record an operation's new state; called by the engine, in the writer's thread."""
        try:
            told = self.catalog.put(operation)
        except (OSError, ShelverError) as error:  # the journals hold it all the same; the next sweep asks them
            self.trouble = f"the catalog cannot be written: {error}"
            _log.exception("the catalog cannot be written")
            told = [operation]
        else:
            self.trouble = ""
        self._loop.call_soon_threadsafe(self._tell, told)

    def progressed(self, progress: Progress) -> None:
        """Pass on how far an operation is; called by the engine, in the writer's thread."""
        self._loop.call_soon_threadsafe(self._hub.progress, progress)

    def report(self, operation: Operation) -> None:
        """Take in what a worker reported."""
        self._write_later(self.changed, operation)

    def _tell(self, operations: list[Operation]) -> None:
        for operation in operations:
            self._hub.operation(operation)
        self._follow(operations[0])

    def _follow(self, operation: Operation) -> None:
        if operation.state not in RESTING_STATES:
            self._busy[operation.id] = operation.folder
            return
        for waiting in self._resting.pop(operation.id, []):
            if not waiting.done():
                waiting.set_result(operation)
        if operation.id not in self._worker.running:
            self.left_off(operation.id)
        self.totals.count(operation)
        _log.info("operation %s: %s", operation.id, in_words(operation))
        self._write_later(self._upkeep.came_to_rest, operation)
        self.rested(operation)

    @property
    def _upkeep(self) -> Upkeep:
        return Upkeep(self.engine, self.catalog)

    # -- asking

    async def submit(self, request: Request) -> Operation:
        """Record a request durably, queue it, return the operation. Raises ShelverError."""
        if request.undo_of is not None:
            await self._let_go(request.undo_of)
        operation = await self.write(self._record, request)
        await self.dispatch.queue(request)
        return operation

    def _record(self, request: Request) -> Operation:
        if request.kind not in PLANNERS:
            raise UsageError(f"this version cannot {request.kind} yet", field="kind")
        numbered = replace(self._upkeep.joined(request), sequence=self.catalog.next_sequence())
        operation = self.engine.submit(numbered)
        self.changed(operation)
        return operation

    async def approve(self, id: str, by: str, only: list[bytes] | None, without: Sequence[bytes] = ()) -> Operation:
        """Let a proposal run, or go on with what stopped. Raises UnknownOperation, WrongState."""
        await self._let_go(id)
        operation = await self.write(lambda: self.engine.approve(self.get(id).id, by, only, without))
        await self.dispatch.queue(await asyncio.to_thread(self.engine.files(id).request))
        return operation

    async def reject(self, id: str, by: str) -> Operation:
        """Refuse a proposal. Raises UnknownOperation, WrongState."""
        await self._let_go(id)
        return await self.write(lambda: self.engine.reject(self.get(id).id, by))

    async def cancel(self, id: str) -> Operation:
        """Stop an operation between two files, or take it out of its queue. Raises UnknownOperation, WrongState."""
        await self._let_go(id)
        if id not in self._worker.running:
            return await self.write(lambda: self.engine.cancel(self.get(id).id))
        self._worker.tell(Cancel(id))
        return await self.write(self._cancelling, id)

    def _cancelling(self, id: str) -> Operation:
        operation = self.get(id)
        if operation.state in RESTING_STATES:
            raise WrongState("it is too late to cancel it", operation=id, state=operation.state)
        cancelling = replace(operation, state="cancelling")
        self.changed(cancelling)
        return cancelling

    async def preview(self, request: Request) -> Preview:
        """Plan a request that is a dry run, and return in short what it would do. Raises ShelverError."""
        resting = self._loop.create_future()
        self._resting.setdefault(request.id, []).append(resting)
        try:
            await self.submit(request)
            async with asyncio.timeout(PREVIEW_SECONDS):
                operation = await resting
        except TimeoutError:
            raise ShelverError("planning it takes too long; see the operation itself") from None
        finally:
            self._resting.pop(request.id, None)
        if operation.state == "failed":
            raise ShelverError(operation.error or "it could not be planned")
        return await asyncio.to_thread(self.engine.preview, request.id)

    # -- how it stands

    def get(self, id: str) -> Operation:
        """Return one operation. Raises UnknownOperation."""
        return self.catalog.get(id)

    def is_busy(self, folder: str) -> bool:
        """Tell whether an operation of a folder is under way, or queued."""
        return folder in self._busy.values()

    async def all_let_go(self) -> None:
        """Wait until the worker holds no operation any more that has come to rest."""
        for id in list(self._worker.running):
            await self._let_go(id)

    async def _let_go(self, id: str) -> None:
        """Wait until the worker holds an operation no more that has come to rest: it is told a moment earlier."""
        if id in self._worker.running and self.get(id).state in RESTING_STATES:
            leaving = self._letting_go.setdefault(id, self._loop.create_future())
            await asyncio.wait([leaving], timeout=LETTING_GO_SECONDS)

    def left_off(self, id: str) -> None:
        """No worker is at an operation any more, for good or for now."""
        leaving = self._letting_go.pop(id, None)
        if leaving is not None and not leaving.done():
            leaving.set_result(None)
        folder = self._busy.pop(id, None)
        if folder is not None:
            self._write_later(self._upkeep.discard_if_idle, id)
            self.freed(folder)
