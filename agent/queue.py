"""The two queues, on Huey: `interactive` for what a person waits for, `bulk` for what may take an hour.

Huey delivers at most once and keeps nothing of a task that a process died in; `agent.dispatch` makes it at least
once. A message is JSON and carries the id of an operation, nothing else: what is in the queue's file cannot make a
worker do anything but run an operation that is recorded.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Literal

import msgspec
from huey import Huey
from huey.registry import Message
from huey.storage import SqliteStorage
from msgspec import Struct

from core.errors import UsageError
from core.model import Request
from core.names import shown
from core.state import StateDirectory

QueueName = Literal["interactive", "bulk"]
QUEUE_NAMES: tuple[QueueName, ...] = ("interactive", "bulk")

TASK = "agent.tasks.run"
"""The only task there is, as the messages call it."""
RETRIES = 2
"""How often a task that raised is tried again; after that the minute's sweep queues it again."""
RETRY_PAUSE = 5
"""Seconds before a task that raised is tried again."""


class _Envelope(Struct, frozen=True, forbid_unknown_fields=True):
    task: str
    operation: str
    retries: int


class OperationSerializer:
    """Turns Huey's messages into JSON and back; refuses whatever is not the id of an operation to run."""

    def serialize(self, message: Any) -> bytes:
        """Return a message as JSON. Raises ValueError for another task or other arguments."""
        if not isinstance(message, Message) or message.name != TASK or message.args:
            raise ValueError("only operations are queued")
        if message.kwargs.keys() != {"operation"}:
            raise ValueError("only the id of an operation is queued")
        return msgspec.json.encode(_Envelope(message.id, message.kwargs["operation"], message.retries or 0))

    def deserialize(self, data: bytes) -> Message:
        """Return the message that a text holds. Raises ValueError (msgspec's) for anything else."""
        envelope = msgspec.json.decode(bytes(data), type=_Envelope)
        if not envelope.operation.isalnum():
            raise ValueError("no operation has such an id")
        return Message(
            envelope.task,
            TASK,
            retries=envelope.retries,
            retry_delay=RETRY_PAUSE,
            args=(),
            kwargs={"operation": envelope.operation},
        )


class _Storage(SqliteStorage):  # type: ignore[misc]
    """Waits for no disk: what a power cut takes out of the queue is unfinished in the catalog, and queued again.

    The file stays whole all the same.
    """

    def _create_connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._create_connection()
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


def open_queue(url: str, name: QueueName, state: StateDirectory) -> Huey:
    """Open one of the queues. Raises UsageError for a kind of queue that this version does not have."""
    if url not in ("sqlite:", ""):
        raise UsageError(f"queue url {shown(url)} is not known: only sqlite: is")
    state.queue.touch(mode=0o600)  # SQLite would make it readable by all
    return Huey(
        name,
        storage_class=_Storage,
        filename=str(state.queue),
        serializer=OperationSerializer(),
        results=False,
        store_none=False,
        cache_mb=1,
    )


def queue_for(request: Request) -> QueueName:
    """Return the queue that a request belongs in."""
    if request.kind in ("dedupe", "sync"):
        return "interactive" if request.automatic and request.paths is not None else "bulk"
    whole_folder = request.paths is None and request.kind == "organize"
    return "bulk" if request.automatic and whole_folder else "interactive"


def threads_for(name: QueueName, workers: int) -> int:
    """Return how many threads of a worker serve a queue; each has at least one."""
    interactive = max(1, (workers + 1) // 2)
    return interactive if name == "interactive" else max(1, workers - interactive)
