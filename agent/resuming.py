"""Operations that were lost on their way, or in whose middle a worker died: queued again, or ended when in vain.

Huey delivers at most once, workers die; the catalog makes up for both.
"""

from __future__ import annotations

import asyncio
import logging

from msgspec.structs import replace

from agent.dispatch import FAILURES_ALLOWED, count_failure
from agent.operations import Operations
from core.errors import Locked, ShelverError
from core.model import Operation, now

_log = logging.getLogger(__name__)


class Resuming:
    """Sees that whatever is unfinished goes on, or ends. Belongs to the event loop's thread."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._catalog = operations.catalog

    async def sweep(self) -> None:
        """Queue again whatever is unfinished, in no worker's hands and in no queue."""
        in_hand = await self._operations.dispatch.in_hand()
        for operation in self._catalog.unfinished():
            if operation.id not in in_hand:
                try:
                    await self._go_on(operation)
                except Locked:
                    continue  # it is cancelled once its folder is free
                except ShelverError as error:  # its request cannot be read: nothing will ever become of it
                    await self._operations.write(self._fail, operation.id, str(error))

    async def _go_on(self, operation: Operation) -> None:
        id, engine = operation.id, self._operations.engine
        if operation.state == "cancelling":  # and the worker died before it did
            await self._operations.write(engine.cancel, id)
        else:
            _log.info("operation %s is queued again", id)
            await self._operations.dispatch.queue(await asyncio.to_thread(engine.files(id).request))

    async def blame(self, ids: list[str], why: str, *, may_try_again: bool = True) -> None:
        """Count against operations that a worker died, or gave up, in their middle; end one that did it too often."""
        act = self._blame if may_try_again else self._fail
        await self._operations.settled()
        for operation in self._catalog.unfinished():
            if operation.id in ids:
                await self._operations.write(act, operation.id, why)
                await self._remember_failed(operation.id)

    async def _remember_failed(self, id: str) -> None:
        """Let what an operation did be found that failed in no worker's hands."""
        if self._catalog.get(id).state == "failed":
            try:
                await asyncio.to_thread(self._operations.engine.remember, id)
            except ShelverError as error:
                _log.warning("what operation %s did cannot be looked up: %s", id, error)

    # -- in the catalog's thread

    def _blame(self, id: str, why: str) -> None:
        try:
            failures = count_failure(self._operations.engine.state.operation(id))
        except OSError as error:
            self._fail(id, f"{why}; and its directory cannot be written: {error.strerror}")
        else:
            if failures >= FAILURES_ALLOWED:
                self._fail(id, f"{why}, {failures} times; `shelver approve {id}` tries again")

    def _fail(self, id: str, why: str) -> None:
        try:
            self._operations.engine.fail(id, why)
        except (ShelverError, OSError) as error:
            _log.error("operation %s: %s; %s", id, why, error)
            failed = replace(self._catalog.get(id), state="failed", error=why, finished=now())
            self._operations.changed(failed)
