"""The one Huey task: run an operation."""

from __future__ import annotations

from collections.abc import Callable

from agent.queue import RETRIES, RETRY_PAUSE, QueueName, open_queue
from core.state import StateDirectory


class OperationQueue:
    """One of the queues, with its task. Every method blocks on the disk: call it in a thread.

    `act(id)` runs an operation; only a worker's consumer calls it.
    """

    def __init__(self, url: str, name: QueueName, state: StateDirectory, act: Callable[[str], None]) -> None:
        self.name = name
        self.huey = open_queue(url, name, state)

        def run(*, operation: str) -> None:
            act(operation)

        run.__module__ = __name__  # with its name this is `agent.queue.TASK`
        self._task = self.huey.task(name="run", retries=RETRIES, retry_delay=RETRY_PAUSE)(run)

    def enqueue(self, id: str) -> None:
        """Queue an operation, which must be durable already."""
        self.huey.enqueue(self._task.s(operation=id))

    def pending(self) -> set[str]:
        """Return the ids of the operations that wait here, now or for another try."""
        return {task.kwargs["operation"] for task in (*self.huey.pending(), *self.huey.scheduled())}

    def __len__(self) -> int:
        return int(self.huey.pending_count())

    def close(self) -> None:
        """Let go of the queue's file."""
        self.huey.storage.close()


def nowhere(id: str) -> None:
    """Stand in for the worker in a process that only enqueues."""
    raise AssertionError(f"operation {id} runs in a worker only")
