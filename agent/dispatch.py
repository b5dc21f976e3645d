"""Operations on their way to the worker: queued at least once.

Huey delivers at most once. So an operation is durable before its id is queued, and whatever is unfinished, in no
worker's hands and in no queue is queued again: when a worker starts, and every minute.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from agent.channel import Order, Wake
from agent.queue import QUEUE_NAMES, QueueName, queue_for
from agent.tasks import OperationQueue, nowhere
from core.model import Request
from core.state import StateDirectory, write_durably

FAILURES_ALLOWED = 3
"""An operation in whose middle workers died or gave up so often is not tried again by itself."""


class Worker(Protocol):
    """What is needed of the worker."""

    running: dict[str, float]

    def tell(self, order: Order) -> None:
        """Tell it something, if there is one."""


class Dispatch:
    """Both queues, as the agent sees them. No method blocks the event loop."""

    def __init__(self, url: str, state: StateDirectory, worker: Worker) -> None:
        self._queues = {name: OperationQueue(url, name, state, nowhere) for name in QUEUE_NAMES}
        self._worker = worker

    async def queue(self, request: Request) -> None:
        """Queue an operation that is durable, and wake the worker."""
        name = queue_for(request)
        await asyncio.to_thread(self._queues[name].enqueue, request.id)
        self._worker.tell(Wake(name))

    async def in_hand(self) -> set[str]:
        """Return the operations that a queue or the worker has; wake the worker for those that wait."""
        waiting = await asyncio.to_thread(lambda: {name: queue.pending() for name, queue in self._queues.items()})
        for name, ids in waiting.items():
            if ids:
                self._worker.tell(Wake(name))
        return set().union(*waiting.values(), self._worker.running)

    async def lengths(self) -> dict[QueueName, int]:
        """Return how many operations wait in each queue."""
        return await asyncio.to_thread(lambda: {name: len(queue) for name, queue in self._queues.items()})

    def close(self) -> None:
        """Let go of the queues' file."""
        for queue in self._queues.values():
            queue.close()


def count_failure(operation: Path) -> int:
    """Count a failure against the operation of a directory, durably, and return how many there are.

    They are forgotten when they come to `FAILURES_ALLOWED`.
    """
    path = operation / "failures"
    failures = 1 + (int(path.read_text()) if path.exists() else 0)
    if failures < FAILURES_ALLOWED:
        write_durably(path, b"%d" % failures)
    else:
        path.unlink(missing_ok=True)
    return failures
