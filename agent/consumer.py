"""Huey's consumer, embedded: no signal handlers of its own, and no poll to wait for.

Huey's worker threads look into the queue, and sleep longer and longer when it is empty. Here a bell wakes them: the
agent rings it after it put something in. The long pause between two looks is only for what nobody rang for.
"""

from __future__ import annotations

import threading
from typing import Any

from huey.consumer import Consumer, Scheduler, Worker

from agent.queue import RETRY_PAUSE
from agent.tasks import OperationQueue

UNRUNG_PAUSE = 30.0
"""Seconds between two looks into a queue for which nobody rang."""


class Bell:
    """Wakes every thread that waits, also one that is just about to."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        """How often it rang so far."""
        with self._condition:
            return self._rings

    def ring(self) -> None:
        """Wake everybody."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def wait(self, heard: int, seconds: float) -> None:
        """Wait until it rings once more than `heard`, or some seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings != heard, seconds)


class _Waiter(Worker):  # type: ignore[misc]
    bell: Bell
    _heard = 0

    def loop(self, now: Any = None) -> None:
        self._heard = self.bell.rings  # before looking: what is put in after the look has rung again
        super().loop(now)

    def sleep(self) -> None:
        if not self.stop_flag.is_set():
            self.bell.wait(self._heard, UNRUNG_PAUSE)


class _Rescheduler(Scheduler):  # type: ignore[misc]
    """Puts back in the queue what is to be tried again, and rings for it."""

    bell: Bell
    _has_work = False

    def loop(self, now: Any = None) -> None:
        self._has_work = bool(self.huey.scheduled_count())
        super().loop(now)

    def sleep_for_interval(self, start_ts: float, nseconds: float) -> None:
        if self._has_work:
            self.bell.ring()
        super().sleep_for_interval(start_ts, nseconds)


class _Embedded(Consumer):  # type: ignore[misc]
    worker_class = _Waiter
    scheduler_class = _Rescheduler

    def __init__(self, bell: Bell, queue: OperationQueue, threads: int) -> None:
        self._bell = bell
        super().__init__(queue.huey, workers=threads, periodic=False, scheduler_interval=RETRY_PAUSE)

    def _create_worker(self) -> _Waiter:
        worker: _Waiter = super()._create_worker()
        worker.bell = self._bell
        return worker

    def _create_scheduler(self) -> _Rescheduler:
        scheduler: _Rescheduler = super()._create_scheduler()
        scheduler.bell = self._bell
        return scheduler

    def _set_signal_handlers(self) -> None:
        pass  # signals belong to the worker process, not to a queue


class QueueConsumer:
    """Threads that run what is in one queue."""

    def __init__(self, queue: OperationQueue, threads: int) -> None:
        self._bell = Bell()
        self._queue = queue
        self._consumer = _Embedded(self._bell, queue, threads)

    def start(self) -> None:
        """Begin to take operations from the queue."""
        self._consumer.start()

    def wake(self) -> None:
        """Look into the queue now."""
        self._bell.ring()

    def revive(self) -> None:
        """Start a thread anew that an error ended."""
        self._consumer.check_worker_health()

    def stop(self) -> None:
        """Take nothing more from the queue; what runs goes on."""
        self._consumer.stop()
        self._bell.ring()

    def join(self, seconds: float) -> bool:
        """Wait until nothing runs any more; False if something still does."""
        self._consumer.shutdown_timeout = seconds
        threads = [thread for _, thread in self._consumer.worker_threads]
        for thread in threads:
            thread.join(seconds)
        return not any(thread.is_alive() for thread in threads)
