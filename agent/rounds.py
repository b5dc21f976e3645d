"""Rounds: what the agent does now and then with a folder that has a bucket, because no bucket says what changed.

A folder that is kept in step is synced, a bucket that is a folder itself is organized; as often as its settings say,
but no more often than the month's requests of its remote allow. What changes here wakes a round earlier.

Belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from agent.arrivals import by_itself
from core.config import Config, Folder
from core.config.buckets import bucket_of
from core.errors import ShelverError
from core.model import FolderStatus, Operation, Request
from core.names import shown

MONTH_SECONDS = 30 * 86400.0
KEYS_A_REQUEST = 1000
"""How many keys one answer of a listing holds."""

REQUESTS_A_ROUND = 5
"""What a round costs beside its listing: marks, a look at the bucket."""

RETRY_SECONDS = 60.0
"""Before a remote that was away is asked again; twice as long each time, up to the round's own pause."""

BUSY_SECONDS = 5.0

_log = logging.getLogger(__name__)


def pause_between(files: int, rescan: float, requests_per_month: int, sharing: int) -> float:
    """Return the seconds between two rounds of a folder of so many files, one of `sharing` at its remote."""
    requests = files // KEYS_A_REQUEST + 1 + REQUESTS_A_ROUND
    share = requests_per_month / max(sharing, 1)
    return max(rescan, requests * MONTH_SECONDS / share) if share else MONTH_SECONDS


class Services(Protocol):
    """What rounds need of the agent."""

    async def submit(self, request: Request) -> Operation:
        """Start an operation. Raises ShelverError."""

    def is_busy(self, folder: str) -> bool:
        """Tell whether an operation of this folder is under way."""

    def may_start(self, folder: str) -> bool:
        """Tell whether the agent may start anything there: it is neither paused nor halted."""

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
        self._status = FolderStatus(name="", path="", bucket=folder.sync or shown(folder.path))
        self._trouble = ""

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
            await self._wait()
            if self._clock() < self.due or not self._services.may_start(self.folder.name):
                continue
            if self._services.is_busy(self.folder.name):
                self.due = self._clock() + BUSY_SECONDS
                continue
            self.due = self._clock() + self._pause()
            try:
                await self._services.submit(by_itself("sync" if self.folder.sync else "organize", self.folder))
            except (ShelverError, OSError) as error:
                self._fail(str(error))

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(max(self.due - self._clock(), 0.0)):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    def _pause(self) -> float:
        config = self._config()
        sharing = sum(1 for each in config.folders if bucket_of(each) and each.remote == self.folder.remote)
        budget = config.requests_per_month(self.folder)
        return pause_between(self._files, self.folder.rescan, budget, sharing)

    # -- what became of a round

    def rested(self, operation: Operation) -> None:
        """Take in how an operation of this folder ended, or that it waits."""
        if operation.kind != ("sync" if self.folder.sync else "organize"):
            return
        if operation.state in ("completed", "partial"):
            self._failures, self._trouble = 0, ""
            self._status = replace(self._status, in_step=operation.finished, to_carry=0)
        elif operation.state == "proposed":
            self._status = replace(self._status, to_carry=operation.counts.planned)
        elif operation.state in ("failed", "interrupted"):
            self._fail(operation.error or operation.note or operation.state)
        self._services.tell_again(self.folder.name)

    def _fail(self, why: str) -> None:
        self._failures += 1
        pause = min(RETRY_SECONDS * 2 ** (self._failures - 1), self._pause())
        self.due = self._clock() + pause
        self._woken.set()
        if why != self._trouble:
            _log.warning("folder %s: %s", shown(self.folder.name), why)
        self._trouble = why

    def part_of(self, status: FolderStatus) -> FolderStatus:
        """Return how a folder is, with its bucket's part."""
        self._files = max(self._files, status.files)
        told = replace(status, bucket=self._status.bucket, in_step=self._status.in_step, to_carry=self._status.to_carry)
        if self._trouble and status.state == "watching":
            return replace(told, state="degraded", reason=self._trouble)
        return told
