"""Rounds: what the agent does now and then with a folder that has a bucket, because no bucket says what changed.

A folder that is kept in step is synced, a bucket that is a folder itself is organized and, with `duplicates = "trash"`,
rid of its duplicates; as often as its settings say,
but no more often than the month's requests of its remote allow. What changes here wakes a round earlier.

Belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from agent.arrivals import by_itself
from core.config import Config, Folder
from core.errors import ShelverError
from core.model import FolderStatus, Operation, OperationKind, Request
from core.names import shown
from core.polling import Polling, has_duplicates_removed, polling
from core.sync.states import Standing

RETRY_SECONDS = 60.0
"""Before a remote that was away is asked again; twice as long each time, up to the round's own pause."""

BUSY_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Services(Protocol):
    """What rounds need of the agent."""

    async def submit(self, request: Request) -> Operation:
        """Start an operation. Raises ShelverError."""

    def is_busy(self, folder: str) -> bool:
        """Tell whether an operation of this folder is under way."""

    def may_start(self, folder: str) -> bool:
        """Tell whether the agent may start anything there: it is neither paused nor halted."""

    async def standing(self, folder: Folder) -> Standing:
        """Return how a folder's pair is. Raises ShelverError."""

    def tell_again(self, folder: str) -> None:
        """Tell everybody how a folder is, for its bucket's part changed."""


class Round:
    """The rounds of one folder, until it is cancelled."""

    def __init__(
        self,
        folder: Folder,
        config: Callable[[], Config],
        services: Services,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`config`: returns it as it is now: a remote's budget may change."""
        self.folder = folder
        self._config = config
        self._services = services
        self._clock = clock
        self._woken = asyncio.Event()
        self.due = clock()
        """When the next round comes, by the clock."""
        self._files = 0
        self._failures = 0
        self._standing = Standing()
        self._is_stale = bool(folder.sync)
        self._status = FolderStatus(name="", path="", bucket=folder.sync or shown(folder.path))
        self._trouble = ""
        self._begins_with: OperationKind = "sync" if folder.sync else "organize"
        self._next: OperationKind = self._begins_with
        """What is due: a round of a bucket that is rid of its duplicates is two operations, one after the other."""

    @property
    def uri(self) -> bytes:
        """The bucket's prefix."""
        return self.folder.sync.encode() if self.folder.sync else self.folder.path

    def wake(self) -> None:
        """Something changed here: the next round comes once it has settled."""
        self.due = min(self.due, self._clock() + self.folder.settle)
        self._woken.set()

    async def run(self) -> None:
        """Start a round whenever one is due."""
        while True:
            if self._is_stale:
                await self._look()
            await self._wait()
            if self._clock() < self.due or not self._services.may_start(self.folder.name):
                continue
            if self._services.is_busy(self.folder.name):
                self.due = self._clock() + BUSY_SECONDS
                continue
            kind, self._next = self._next, self._begins_with
            self.due = self._clock() + self.polling.pause
            try:
                await self._services.submit(by_itself(kind, self.folder))
            except (ShelverError, OSError) as error:
                self._fail(str(error))

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(max(self.due - self._clock(), 0.0)):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def _look(self) -> None:
        """Learn what is left to be carried, and which conflicts wait."""
        self._is_stale = False
        try:
            self._standing = await self._services.standing(self.folder)
        except (ShelverError, OSError, sqlite3.Error) as error:
            _log.warning("folder %s: how its pair is cannot be told: %s", shown(self.folder.name), error)
        self._services.tell_again(self.folder.name)

    @property
    def polling(self) -> Polling:
        """How often the bucket is looked through."""
        return polling(self._config(), self.folder, self._files)

    # -- what became of a round

    def rested(self, operation: Operation) -> None:
        """Take in how an operation of this folder ended, or that it waits."""
        if self.folder.sync:
            self._is_stale = True
            self._woken.set()
        if operation.kind != self._begins_with or operation.resolve is not None:
            return
        if operation.state in ("completed", "partial") and has_duplicates_removed(self.folder):
            self._next, self.due = "dedupe", self._clock()
            self._woken.set()
        if operation.state in ("completed", "partial"):
            self._failures, self._trouble = 0, ""
            self._status = replace(self._status, in_step=operation.finished, to_carry=0)
        elif operation.state == "proposed":
            self._failures, self._trouble = 0, ""
            self._status = replace(self._status, to_carry=operation.counts.planned)
        elif operation.state in ("rejected", "cancelled"):
            self._status = replace(self._status, to_carry=0)
        elif operation.state in ("failed", "interrupted"):
            self._fail(operation.error or operation.note or operation.state)
        self._services.tell_again(self.folder.name)

    def _fail(self, why: str) -> None:
        self._failures += 1
        pause = min(RETRY_SECONDS * 2 ** (self._failures - 1), self.polling.pause)
        self.due = self._clock() + pause
        self._woken.set()
        if why != self._trouble:
            _log.warning("folder %s: %s", shown(self.folder.name), why)
        self._trouble = why

    def part_of(self, status: FolderStatus) -> FolderStatus:
        """Return how a folder is, with its bucket's part."""
        self._files = max(self._files, status.files)
        known, polled, pending = self._status, self.polling, self._standing.pending
        told = replace(
            status,
            bucket=known.bucket,
            in_step=known.in_step,
            to_carry=known.to_carry,
            to_push=pending.push,
            to_pull=pending.pull,
            conflicts=self._standing.conflicts,
            sync_paused=self._why_paused(status),
            requests_a_month=polled.requests,
            requests_allowed=polled.allowed,
        )
        if self._trouble and status.state == "watching":
            return replace(told, state="degraded", reason=self._trouble)
        return told

    def _why_paused(self, status: FolderStatus) -> str:
        if not self.folder.sync:
            return ""
        return status.reason if status.state in ("paused", "halted") else self._trouble
