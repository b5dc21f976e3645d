"""The agent's operations: asked for, recorded, queued, told to everybody. One thread writes the catalog."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

from msgspec.structs import replace

from agent.arrivals import Reports
from agent.channel import Cancel
from agent.dispatch import FAILURES_ALLOWED, Dispatch, Worker, count_failure
from agent.hub import Hub
from core.config import Config
from core.duplicates.views import PageView, page_of
from core.engine import PLANNERS, Engine
from core.errors import Locked, ShelverError, UnknownOperation, UsageError, WrongState
from core.model import FINAL_STATES, Operation, Outcome, Preview, Progress, Request, State, now
from core.names import shown
from core.state import StateDirectory
from core.stores.catalog import Catalog
from core.stores.history import History, Passage
from core.views.activity import Day
from core.views.destinations import Destination
from core.views.steps import Page

PREVIEW_SECONDS = 600
"""How long the planning of a preview may take."""
LETTING_GO_SECONDS = 10
"""How long a worker may take to be done with an operation that has come to rest."""
RESTING_STATES: frozenset[str] = FINAL_STATES | {"proposed", "interrupted"}
"""States in which nothing is under way."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Operations:
    """All operations of this agent. Belongs to the event loop's thread; `changed` may be called in the writer's."""

    def __init__(self, state: StateDirectory, config: Config, hub: Hub, worker: Worker) -> None:
        self._state = state
        self._hub = hub
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self._writer = ThreadPoolExecutor(1, "catalog")
        self._catalog = Catalog(state.catalog)
        self.dispatch = Dispatch(config.queue.url, state, worker)
        self._engine = Engine(state, config, self)
        self._resting: dict[str, list[asyncio.Future[Operation]]] = {}
        self._busy: dict[str, str] = {each.id: each.folder for each in self._catalog.unfinished()}
        self._letting_go: dict[str, asyncio.Future[None]] = {}
        self.rested: Callable[[Operation], None] = lambda operation: None
        """Called when an operation has come to rest."""
        self.freed: Callable[[str], None] = lambda folder: None
        """Called with a folder's name when an operation of it is no longer under way."""
        self.counts: dict[tuple[str, str], int] = {}
        """Operations that came to rest since the agent began, by kind and state."""
        self.files: dict[str, int] = {"done": 0, "skipped": 0, "failed": 0}
        self.bytes = 0
        self._is_closing = False
        self._write_later(self._discard_idle)
        self.trouble = ""
        """Why operations cannot be recorded, in words."""

    def reload(self, config: Config) -> None:
        """Use another config from now on."""
        self._engine = Engine(self._state, config, self)

    async def close(self) -> None:
        """Record what is still to be recorded, and let go of the files."""
        await self.settled()
        await asyncio.sleep(0)  # what was told thereby may have more to record
        self._is_closing = True
        await asyncio.to_thread(self._writer.shutdown)
        self.dispatch.close()
        self._catalog.close()

    async def _write(self, act: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._writer, act)

    async def settled(self) -> None:
        """Wait until all that was reported so far is recorded."""
        await self._write(lambda: None)

    def forget(self, id: str) -> None:
        """Drop an operation whose retention ended; call it in a thread."""
        self._writer.submit(self._catalog.forget, id).result()

    def _write_later(self, act: Callable[..., None], *arguments: Any) -> None:
        if not self._is_closing:
            self._writer.submit(act, *arguments)

    # -- recording

    def changed(self, operation: Operation) -> None:
        """Record an operation's new state; called by the engine, in the writer's thread."""
        try:
            told = self._catalog.put(operation)
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
        self._count(operation)
        _log.info("operation %s: %s", operation.id, in_words(operation))
        if operation.state == "proposed":
            self._write_later(self._supersede_older, operation)
        elif operation.state == "completed" and operation.automatic:
            self._write_later(self._reports.forget_older, operation)
        elif operation.state == "completed" and not operation.automatic:
            self._write_later(self._supersede_done, operation)
        self.rested(operation)

    def _count(self, operation: Operation) -> None:
        key = (operation.kind, operation.state)
        self.counts[key] = self.counts.get(key, 0) + 1
        if operation.state in FINAL_STATES:
            for name in self.files:
                self.files[name] += getattr(operation.counts, name)
            self.bytes += operation.counts.bytes

    def _supersede_older(self, newest: Operation) -> None:
        for older in self._catalog.page(folder=newest.folder, states=("proposed",), limit=len(self._catalog)):
            same = all(getattr(older, name) == getattr(newest, name) for name in ("kind", "undo_of", "automatic"))
            if same and older.sequence < newest.sequence:
                self._supersede(older.id)

    def _supersede_done(self, done: Operation) -> None:
        """End the proposals of which a person's operation left nothing to do."""
        for waiting in self._catalog.page(folder=done.folder, states=("proposed",), limit=len(self._catalog)):
            if waiting.sequence < done.sequence and self._engine.leaves_nothing_of(done.id, waiting.id):
                self._supersede(waiting.id)

    def _supersede(self, id: str) -> None:
        try:
            self._engine.supersede(id)
        except ShelverError as error:
            _log.info("operation %s is not superseded: %s", id, error)

    @property
    def _reports(self) -> Reports:
        return Reports(self._engine, self._catalog)

    # -- asking

    async def submit(self, request: Request) -> Operation:
        """Record a request durably, queue it, return the operation. Raises ShelverError."""
        if request.undo_of is not None:
            await self._let_go(request.undo_of)
        operation = await self._write(lambda: self._record(request))
        await self.dispatch.queue(request)
        return operation

    def _record(self, request: Request) -> Operation:
        if request.kind not in PLANNERS:
            raise UsageError(f"this version cannot {request.kind} yet", field="kind")
        numbered = replace(self._joined(request), sequence=self._catalog.next_sequence())
        operation = self._engine.submit(numbered)
        self.changed(operation)
        return operation

    def _joined(self, request: Request) -> Request:
        """Return a request of the agent's own that looks at the files of a waiting proposal too."""
        if not request.automatic:
            return request
        request = self._reports.joined(request)
        waiting = self._catalog.page(folder=request.folder, states=("proposed",), limit=len(self._catalog))
        for operation in waiting:
            if operation.kind == request.kind and operation.automatic:
                before = self._engine.files(operation.id).request()
                if before.action != request.action:
                    continue  # it was set to something else since: what waits stays as it is
                return replace(
                    request,
                    paths=_union(before.paths, request.paths),
                    arrived_since=min(filter(None, (before.arrived_since, request.arrived_since)), default=None),
                )
        return request

    async def approve(self, id: str, by: str, only: list[bytes] | None, without: Sequence[bytes] = ()) -> Operation:
        """Let a proposal run, or go on with what stopped. Raises UnknownOperation, WrongState."""
        await self._let_go(id)
        operation = await self._write(lambda: self._engine.approve(self._catalog.get(id).id, by, only, without))
        await self.dispatch.queue(await asyncio.to_thread(self._engine.files(id).request))
        return operation

    async def reject(self, id: str, by: str) -> Operation:
        """Refuse a proposal. Raises UnknownOperation, WrongState."""
        await self._let_go(id)
        return await self._write(lambda: self._engine.reject(self._catalog.get(id).id, by))

    async def cancel(self, id: str) -> Operation:
        """Stop an operation between two files, or take it out of its queue. Raises UnknownOperation, WrongState."""
        await self._let_go(id)
        if id not in self._worker.running:
            return await self._write(lambda: self._engine.cancel(self._catalog.get(id).id))
        self._worker.tell(Cancel(id))
        return await self._write(lambda: self._cancelling(id))

    async def _let_go(self, id: str) -> None:
        """Wait until the worker holds an operation no more that has come to rest: it is told a moment earlier."""
        if id in self._worker.running and self._catalog.get(id).state in RESTING_STATES:
            leaving = self._letting_go.setdefault(id, self._loop.create_future())
            await asyncio.wait([leaving], timeout=LETTING_GO_SECONDS)

    def _cancelling(self, id: str) -> Operation:
        operation = self._catalog.get(id)
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
        return await asyncio.to_thread(self._engine.preview, request.id)

    # -- looking

    def get(self, id: str) -> Operation:
        """Return one operation. Raises UnknownOperation."""
        return self._catalog.get(id)

    async def page(
        self, folder: str | None, states: Iterable[State], limit: int, before: str | None, text: str = ""
    ) -> list[Operation]:
        """Return operations, newest first, older than `before`; see Catalog.page. Raises UnknownOperation."""
        sequence = None if before is None else self._catalog.get(before).sequence
        return await asyncio.to_thread(
            self._catalog.page, folder=folder, states=tuple(states), text=text, limit=limit, before=sequence
        )

    async def activity(self, days: int) -> list[Day]:
        """Return how much was done on each of the last days."""
        return await asyncio.to_thread(self._catalog.activity, now().astimezone(), days)

    async def newest(self, limit: int) -> list[Operation]:
        """Return the newest operations, and whatever else is under way or waits."""

        def collect() -> list[Operation]:
            newest = self._catalog.page(limit=limit)
            waiting = self._catalog.page(states=("proposed", "interrupted"), limit=limit)
            chosen = {each.id: each for each in (*newest, *waiting, *self._catalog.unfinished())}
            return sorted(chosen.values(), key=lambda each: -each.sequence)

        return await asyncio.to_thread(collect)

    async def steps(
        self, id: str, start: int, limit: int, text: str, outcome: Outcome | None, into: int | None = None
    ) -> Page:
        """Return a page of steps; none while there is no plan. Raises UnknownOperation, UsageError, JournalDamaged."""
        self._catalog.get(id)
        if not self._engine.files(id).has_plan():
            return Page([], 0)
        try:
            return await asyncio.to_thread(self._engine.steps, id, start, limit, text, outcome, into)
        except IndexError:
            raise UsageError("files go into fewer folders than that", field="into") from None

    async def lines(self, id: str, start: int, limit: int) -> Page:
        """Return a page of lines, in which files that go together are one; else as `steps`."""
        self._catalog.get(id)
        if not self._engine.files(id).has_plan():
            return Page([], 0)
        return await asyncio.to_thread(self._engine.lines, id, start, limit)

    async def destinations(self, id: str) -> list[Destination]:
        """Return where the files of a plan go; nothing while there is none. Raises UnknownOperation, JournalDamaged."""
        self._catalog.get(id)
        if not self._engine.files(id).has_plan():
            return []
        return await asyncio.to_thread(self._engine.destinations, id)

    async def duplicates(self, id: str, start: int, limit: int, near: bool | None) -> PageView:
        """Return a page of the groups that a dedupe found; none before. Raises UnknownOperation, JournalDamaged."""
        if self._catalog.get(id).kind != "dedupe":
            raise UnknownOperation(shown(id))
        try:
            return await asyncio.to_thread(page_of, self._engine.files(id), start, limit, near)
        except WrongState:
            return PageView(groups=[])

    async def history(self, text: str, limit: int) -> list[Passage]:
        """Return where files went whose path, at any time, holds a text."""

        def search() -> list[Passage]:
            with closing(History(self._state.history)) as history:
                return history.search(text, limit)

        for id in list(self._worker.running):
            await self._let_go(id)  # the history is recorded a moment after the end is told
        return await asyncio.to_thread(search)

    def is_busy(self, folder: str) -> bool:
        """Tell whether an operation of a folder is under way, or queued."""
        return folder in self._busy.values()

    # -- at least once

    def left_off(self, id: str) -> None:
        """No worker is at an operation any more, for good or for now."""
        leaving = self._letting_go.pop(id, None)
        if leaving is not None and not leaving.done():
            leaving.set_result(None)
        folder = self._busy.pop(id, None)
        if folder is not None:
            self._write_later(self._discard_if_idle, id)
            self.freed(folder)

    def _discard_idle(self) -> None:
        """Forget those that an agent which ended in between did not."""
        for operation in self._catalog.page(states=("completed",), limit=len(self._catalog)):
            if operation.automatic and not operation.counts.planned:
                self._discard_if_idle(operation.id)

    def _discard_if_idle(self, id: str) -> None:
        """Forget an operation that the agent started by itself and that found nothing to do."""
        try:
            operation = self._catalog.get(id)
            is_idle = operation.automatic and operation.state == "completed" and not operation.counts.planned
            if is_idle and not self._reports.is_open(operation):
                self._engine.discard(id)
                self._catalog.forget(id)
        except (ShelverError, OSError) as error:
            _log.warning("operation %s is kept: %s", id, error)

    async def sweep(self) -> None:
        """Queue again whatever is unfinished, in no worker's hands and in no queue."""
        in_hand = await self.dispatch.in_hand()
        for operation in self._catalog.unfinished():
            if operation.id not in in_hand:
                try:
                    await self._go_on(operation)
                except Locked:
                    continue  # it is cancelled once its folder is free
                except ShelverError as error:  # its request cannot be read: nothing will ever become of it
                    await self._write(lambda id=operation.id, why=str(error): self._fail(id, why))  # type: ignore[misc]

    async def _go_on(self, operation: Operation) -> None:
        id = operation.id
        if operation.state == "cancelling":  # and the worker died before it did
            await self._write(lambda: self._engine.cancel(id))
        else:
            _log.info("operation %s is queued again", id)
            await self.dispatch.queue(await asyncio.to_thread(self._engine.files(id).request))

    async def blame(self, ids: list[str], why: str, *, may_try_again: bool = True) -> None:
        """Count against operations that a worker died, or gave up, in their middle; end one that did it too often."""
        act = self._blame if may_try_again else self._fail
        await self.settled()
        for operation in self._catalog.unfinished():
            if operation.id in ids:
                await self._write(lambda id=operation.id: act(id, why))  # type: ignore[misc]
                await self._remember_failed(operation.id)

    async def _remember_failed(self, id: str) -> None:
        """Let what an operation did be found that failed in no worker's hands."""
        if self._catalog.get(id).state == "failed":
            try:
                await asyncio.to_thread(self._engine.remember, id)
            except ShelverError as error:
                _log.warning("what operation %s did cannot be looked up: %s", id, error)

    def _blame(self, id: str, why: str) -> None:
        try:
            failures = count_failure(self._state.operation(id))
        except OSError as error:
            self._fail(id, f"{why}; and its directory cannot be written: {error.strerror}")
        else:
            if failures >= FAILURES_ALLOWED:
                self._fail(id, f"{why}, {failures} times; `shelver approve {id}` tries again")

    def _fail(self, id: str, why: str) -> None:
        try:
            self._engine.fail(id, why)
        except (ShelverError, OSError) as error:
            _log.error("operation %s: %s; %s", id, why, error)
            self.changed(replace(self._catalog.get(id), state="failed", error=why, finished=now()))


def in_words(operation: Operation) -> str:
    """Return what became of an operation, in one line."""
    counts = operation.counts
    text = f"{operation.kind} of {shown(operation.folder)} is {operation.state}"
    if operation.state == "proposed":
        return f"{text}: {counts.planned} files, {operation.note or 'look it over'}"
    text += f": {counts.done} done, {counts.skipped} skipped, {counts.failed} failed"
    return f"{text}; {operation.error}" if operation.error else text


def _union(one: list[bytes] | None, other: list[bytes] | None) -> list[bytes] | None:
    """Return both lists' paths; None is all of a folder."""
    return None if one is None or other is None else list(dict.fromkeys([*one, *other]))
