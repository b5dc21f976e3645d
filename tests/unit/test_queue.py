"""The queue carries ids of operations, and nothing else."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from huey.registry import Message

from agent.consumer import Bell, QueueConsumer
from agent.queue import TASK, OperationSerializer, open_queue, queue_for, threads_for
from agent.tasks import OperationQueue, nowhere
from core.errors import UsageError
from core.model import Request, new_id, now
from core.state import StateDirectory


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    state = StateDirectory.beneath(tmp_path)
    state.prepare()
    return state


@pytest.fixture
def queue(state: StateDirectory) -> Iterator[OperationQueue]:
    queue = OperationQueue("sqlite:", "interactive", state, nowhere)
    yield queue
    queue.close()


def test_a_message_survives_the_way(queue: OperationQueue) -> None:
    queue.enqueue("abc123")
    queue.enqueue("def456")
    assert queue.pending() == {"abc123", "def456"}
    assert len(queue) == 2


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(Message("1", TASK)),
        b"{}",
        b'{"task":"1","operation":"../../etc","retries":0}',
        b'{"task":"1","operation":{"id":"a"},"retries":0}',
        b'{"task":"1","operation":"a","retries":0,"code":"import os"}',
    ],
)
def test_what_is_no_operation_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        OperationSerializer().deserialize(data)


@pytest.mark.parametrize(
    "message",
    [
        Message("1", "os.system", args=(), kwargs={"operation": "a"}),
        Message("1", TASK, args=("a",), kwargs={}),
        Message("1", TASK, args=(), kwargs={"operation": "a", "more": 1}),
        {"operation": "a"},
    ],
)
def test_nothing_else_is_put_in(message: object) -> None:
    with pytest.raises(ValueError, match="queued"):
        OperationSerializer().serialize(message)


def test_an_unknown_kind_of_queue_is_refused(state: StateDirectory) -> None:
    with pytest.raises(UsageError):
        open_queue("amqp://x", "bulk", state)


def test_who_waits_is_served_first() -> None:
    request = Request(id=new_id(), kind="organize", folder="dl", created=now())
    replaced = msgspec.structs.replace
    assert queue_for(request) == "interactive"
    assert queue_for(replaced(request, kind="rollback")) == "interactive"
    assert queue_for(replaced(request, automatic=True, paths=[b"a"])) == "interactive"
    assert queue_for(replaced(request, automatic=True)) == "bulk"
    assert queue_for(replaced(request, kind="dedupe")) == "bulk"


@pytest.mark.parametrize(("workers", "split"), [(1, (1, 1)), (2, (1, 1)), (3, (2, 1)), (4, (2, 2)), (5, (3, 2))])
def test_both_queues_have_threads(workers: int, split: tuple[int, int]) -> None:
    assert (threads_for("interactive", workers), threads_for("bulk", workers)) == split


def test_a_bell_that_rang_before_the_wait_is_heard() -> None:
    bell = Bell()
    heard = bell.rings
    bell.ring()
    bell.wait(heard, 60)  # returns at once, or the test takes a minute


class Runs:
    """Counts what was run; fails when told to."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.failures = 0
        self.done = threading.Event()

    def __call__(self, id: str) -> None:
        self.ids.append(id)
        if self.failures:
            self.failures -= 1
            raise OSError("not this time")
        self.done.set()


def test_a_consumer_runs_what_is_queued_when_it_is_woken(state: StateDirectory) -> None:
    runs = Runs()
    queue = OperationQueue("sqlite:", "bulk", state, runs)
    consumer = QueueConsumer(queue, 2)
    consumer.start()
    queue.enqueue("abc123")
    consumer.wake()
    assert runs.done.wait(20)
    consumer.stop()
    assert consumer.join(20)
    queue.close()
    assert runs.ids == ["abc123"]


def test_a_task_that_raised_is_tried_again(state: StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.tasks.RETRY_PAUSE", 0)
    monkeypatch.setattr("agent.queue.RETRY_PAUSE", 0)
    runs = Runs()
    runs.failures = 1
    queue = OperationQueue("sqlite:", "bulk", state, runs)
    consumer = QueueConsumer(queue, 1)
    consumer.start()
    queue.enqueue("abc123")
    consumer.wake()
    assert runs.done.wait(20)
    consumer.stop()
    assert consumer.join(20)
    queue.close()
    assert runs.ids == ["abc123", "abc123"]
