"""Operations on their way to the worker, and what is remembered of those that failed."""

from __future__ import annotations

from pathlib import Path

from agent.channel import Order, Wake
from agent.dispatch import FAILURES_ALLOWED, Dispatch, count_failure
from core.model import Request, new_id, now
from core.state import StateDirectory


class Worker:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.running: dict[str, float] = {}
        self.told: list[Order] = []

    def tell(self, order: Order) -> None:
        self.told.append(order)


async def test_what_is_queued_wakes_the_worker_until_it_is_taken(tmp_path: Path) -> None:
    state, worker = StateDirectory.beneath(tmp_path), Worker()
    state.prepare()
    dispatch = Dispatch("sqlite:", state, worker)
    quick = Request(id=new_id(), kind="rollback", folder="dl", created=now())
    slow = Request(id=new_id(), kind="dedupe", folder="dl", created=now())
    await dispatch.queue(quick)
    await dispatch.queue(slow)
    worker.running["another"] = 0.0
    assert await dispatch.in_hand() == {quick.id, slow.id, "another"}
    assert worker.told == [Wake("interactive"), Wake("bulk")] * 2
    assert await dispatch.lengths() == {"interactive": 1, "bulk": 1}
    dispatch.close()
    again = Dispatch("sqlite:", state, worker)  # as after a restart
    assert await again.in_hand() == {quick.id, slow.id, "another"}
    again.close()


def test_failures_are_counted_over_restarts_and_then_forgotten(tmp_path: Path) -> None:
    assert [count_failure(tmp_path) for _ in range(FAILURES_ALLOWED + 1)] == [1, 2, 3, 1]
