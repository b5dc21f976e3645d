"""Events, from whoever causes them to whoever listens.

State changes are never dropped and never wait; of progress only the newest counts, at most four times a second
for an operation. Each event is turned into bytes once, whatever the number of listeners. A listener that reads too
slowly loses progress first; then its queue is emptied and it is told to ask again (`resync`): it never slows anyone.

Belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import msgspec

from core.model import FINAL_STATES, Event, FolderStatus, Operation, Progress

QUEUE_LIMIT = 256
"""Events that wait for one listener."""
PROGRESS_PAUSE = 0.25
"""Seconds between two progress events of one operation."""

_encode = msgspec.json.Encoder().encode


class _Timer(Protocol):
    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], _Timer]
"""Calls something after some seconds: the event loop's `call_later`."""


class _Message(NamedTuple):
    payload: bytes
    is_progress: bool


class Subscriber:
    """One listener: its queue of encoded events, of one operation or of all."""

    def __init__(self, operation: str | None, encode_resync: Callable[[], bytes]) -> None:
        self.operation = operation
        self.resyncs = 0
        self._queue: deque[_Message] = deque()
        self._filled = asyncio.Event()
        self._encode_resync = encode_resync

    def wants(self, operation: str | None) -> bool:
        """Tell whether an event about an operation (or about none) is for this listener."""
        return self.operation is None or operation is None or operation == self.operation

    def put(self, payload: bytes, *, is_progress: bool = False) -> None:
        """Queue an encoded event; make room where the listener fell behind."""
        if len(self._queue) >= QUEUE_LIMIT:
            self._make_room()
        self._queue.append(_Message(payload, is_progress))
        self._filled.set()

    def _make_room(self) -> None:
        kept = [message for message in self._queue if not message.is_progress]
        self._queue.clear()
        if len(kept) < QUEUE_LIMIT - 1:
            self._queue.extend(kept)
        self._queue.append(_Message(self._encode_resync(), is_progress=False))
        self.resyncs += 1

    async def next(self) -> bytes:
        """Wait for the next event."""
        while not self._queue:
            self._filled.clear()
            await self._filled.wait()
        return self._queue.popleft().payload

    def __len__(self) -> int:
        return len(self._queue)


@dataclass
class Counters:
    """What the hub did since it began, for the metrics."""

    events: int = 0
    coalesced: int = 0
    resyncs: int = 0


class Hub:
    """Hands each event to the listeners that want it, and remembers what a newcomer must be told."""

    def __init__(self, later: Later | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._later = later
        self._clock = clock
        self._subscribers: set[Subscriber] = set()
        self._seq = 0
        self._progress: dict[str, Progress] = {}  # the newest of each operation that has not ended
        self._sent_at: dict[str, float] = {}
        self._timers: dict[str, _Timer] = {}
        self._folders: dict[str, FolderStatus] = {}
        self.counters = Counters()

    # -- what happened

    def operation(self, operation: Operation) -> None:
        """Tell of an operation's new state; when it comes to rest its progress is forgotten."""
        ended = operation.state in FINAL_STATES
        if ended or operation.state in ("proposed", "interrupted"):
            self._forget_progress(operation.id)
        self._emit(operation.id, type="end" if ended else "operation", operation=operation)

    def progress(self, progress: Progress) -> None:
        """Tell how far an operation is: now, or when its pause is over, with what is newest then."""
        id = progress.operation
        if id in self._timers:
            self.counters.coalesced += 1
        self._progress[id] = progress
        wait = self._sent_at.get(id, -PROGRESS_PAUSE) + PROGRESS_PAUSE - self._clock()
        if wait <= 0:
            self._send_progress(id)
        elif id not in self._timers:
            later = self._later or asyncio.get_running_loop().call_later
            self._timers[id] = later(wait, lambda: self._send_progress(id))

    def folder(self, status: FolderStatus) -> None:
        """Tell of a folder's new state; one that says the same again is not told."""
        if self._folders.get(status.name) != status:
            self._folders[status.name] = msgspec.structs.replace(status)
            self._emit(None, type="folder", folder=status)

    def forget_folder(self, name: str) -> None:
        """Leave a folder out of what newcomers are told."""
        self._folders.pop(name, None)

    def error(self, message: str) -> None:
        """Tell of something that went wrong and belongs to no operation."""
        self._emit(None, type="error", message=message)

    def _send_progress(self, id: str) -> None:
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()
        if id in self._progress:
            self._sent_at[id] = self._clock()
            self._emit(id, type="progress", progress=self._progress[id])

    def _forget_progress(self, id: str) -> None:
        self._progress.pop(id, None)
        self._sent_at.pop(id, None)
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()

    def _emit(self, about: str | None, **fields: Any) -> None:
        self._seq += 1
        self.counters.events += 1
        payload: bytes | None = None
        for subscriber in self._subscribers:
            if subscriber.wants(about):
                payload = payload or _encode(Event(seq=self._seq, **fields))
                subscriber.put(payload, is_progress=fields["type"] == "progress")

    # -- who listens

    @contextmanager
    def subscribed(self, operation: str | None = None) -> Iterator[Subscriber]:
        """Listen to one operation, or to everything."""
        subscriber = Subscriber(operation, self._resync)
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def _resync(self) -> bytes:
        self.counters.resyncs += 1
        return _encode(Event(type="resync", seq=self._seq, message="events were dropped: ask again"))

    def snapshot(self, operations: list[Operation], only: str | None = None) -> bytes:
        """Return the first event for a newcomer, encoded: the operations given and all that is going on."""
        progresses = [each for id, each in self._progress.items() if only in (None, id)]
        folders = list(self._folders.values()) if only is None else []
        event = Event(type="snapshot", seq=self._seq, operations=operations, progresses=progresses, folders=folders)
        return _encode(event)

    def end(self, operation: Operation) -> bytes:
        """Return the end of an operation that had ended before somebody listened, encoded."""
        return _encode(Event(type="end", seq=self._seq, operation=operation))

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._subscribers)

    def progress_of(self, id: str) -> Progress | None:
        """Return how far an operation is, if it is under way."""
        return self._progress.get(id)

    @property
    def running(self) -> list[Progress]:
        """How far each operation under way is."""
        return list(self._progress.values())

    @property
    def folders(self) -> list[FolderStatus]:
        """The folders as last told."""
        return list(self._folders.values())
