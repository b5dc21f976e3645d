"""The worker process: takes operations from the queues, plans and executes them, reports to the agent.

The agent starts it with one end of a pair of sockets and it lives no longer than the agent: the kernel kills it
when the agent dies. It may be killed at any moment; the journals make up for it.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import select
import signal
import socket
import sys
import threading

from agent.channel import Begin, Cancel, Changed, InUse, LeftOff, Order, Ready, Reload, Stop, Taken, Wake, next_order
from agent.consumer import QueueConsumer
from agent.engines import Engines
from agent.logs import set_up
from agent.memory import give_back
from agent.moved import left_in_use, remember_in_contents, remember_own_moves
from agent.promptness import keep_what_is_loaded, take_turns
from agent.queue import QUEUE_NAMES, QueueName, threads_for
from agent.reporter import Reporter
from agent.settings import Settings
from agent.tasks import OperationQueue
from core.engine import Engine
from core.errors import ConfigError, Interrupted, JournalDamaged, Locked, ShelverError, UnknownOperation
from core.journal import OperationFiles
from core.model import Operation, Progress
from core.stores.index import Index

REVIVE_SECONDS = 60
"""Between two looks whether a thread of a queue died."""
TOLD_AT_ONCE = 20
"""Files in use that the agent is told of one by one: their paths fit into one message."""
STOP_SECONDS = 20
"""How long operations may take to come to the end of a file when the agent stops."""

_PR_SET_PDEATHSIG = 1
_log = logging.getLogger(__name__)


class Worker:
    """Runs what is queued until the agent says stop."""

    def __init__(self, channel: socket.socket, settings: Settings) -> None:
        self._channel = channel
        self._settings = settings
        self._state = settings.state_directory
        self._reporter = Reporter(channel)
        self._config = settings.read_config()
        self._index = Index(self._state.index)
        self._engines = Engines(Engine(self._state, self._config, self))
        self._lock = threading.Lock()
        self._in_hand: set[str] = set()
        self._cancelled: set[str] = set()
        self._told: set[str] = set()
        self._stopping = threading.Event()
        self._consumers = {name: self._consumer(name) for name in QUEUE_NAMES}

    def _consumer(self, name: QueueName) -> QueueConsumer:
        queue = OperationQueue(self._config.queue.url, name, self._state, self._run)
        return QueueConsumer(queue, threads_for(name, self._config.queue.workers))

    def serve(self) -> None:
        """Run operations until the agent says stop, or is gone."""
        for consumer in self._consumers.values():
            consumer.start()
        self._reporter.say(Ready())
        readable = select.poll()
        readable.register(self._channel, select.POLLIN)
        while not self._stopping.is_set():
            if readable.poll(REVIVE_SECONDS * 1000):
                self._obey(next_order(self._channel))
            else:
                for consumer in self._consumers.values():
                    consumer.revive()
        self._stop()

    def _obey(self, order: Order) -> None:
        match order:
            case Wake(queue):
                self._consumers[queue].wake()
            case Cancel(operation):
                with self._lock:
                    if operation in self._in_hand:
                        self._cancelled.add(operation)
            case Reload():
                self._reload()
            case Stop():
                self._stopping.set()

    def _reload(self) -> None:
        try:
            config = self._settings.read_config()
        except ConfigError as error:  # the agent has read it already; it changed again since
            _log.warning("the config is kept as it was: %s", error)
            return
        self._config = config
        self._engines.replace(Engine(self._state, config, self))

    def _run(self, id: str) -> None:
        """Run one operation: the task. What it raises, Huey tries again."""
        with self._lock:
            if id in self._in_hand:
                return  # it was queued twice
            self._in_hand.add(id)
        self._reporter.say(Taken(id))
        end = LeftOff(id)
        try:
            self._run_alone(id)
        except ShelverError as error:
            end = LeftOff(id, str(error), isinstance(error, JournalDamaged | UnknownOperation))
            _log.warning("operation %s: %s", id, error)
        except Exception as error:
            end = LeftOff(id, f"{type(error).__name__}; the log has more")
            raise
        finally:
            with self._lock:
                self._in_hand.discard(id)
                self._told.discard(id)
                self._cancelled.discard(id)
                is_at_rest = not self._in_hand
            self._reporter.say(end)
            if is_at_rest:  # else there is little to give, and all others would wait for it
                give_back()

    def _run_alone(self, id: str) -> None:
        with self._engines.lent() as engine:
            self._run_with(engine, id)

    def _run_with(self, engine: Engine, id: str) -> None:
        try:
            operation = engine.run(id, lambda: self._should_stop(id))
            if id not in self._told:  # it had come to its end before, and the agent died before it heard so
                self.changed(operation)
        except Locked:
            return  # another process is at it
        finally:
            self._tell_index(engine.files(id))

    def _tell_index(self, files: OperationFiles) -> None:
        outcomes = files.outcomes()
        remember_own_moves(files, outcomes, self._index, self._config)
        remember_in_contents(files, outcomes, self._state.contents, self._config)
        for root, paths in left_in_use(files, outcomes, self._index, self._config).items():
            self._reporter.say(InUse(root, paths[:TOLD_AT_ONCE]))  # the next comparison finds the others

    def _should_stop(self, id: str) -> bool:
        if self._stopping.is_set():
            raise Interrupted(id)
        return id in self._cancelled

    # -- the engine's observer

    def changed(self, operation: Operation) -> None:
        """Report an operation's new state; one that only this worker's end interrupts goes on by itself."""
        self._told.add(operation.id)
        if not (operation.state == "interrupted" and self._stopping.is_set()):
            self._reporter.say(Changed(operation))

    def progressed(self, progress: Progress) -> None:
        """Report how far an operation is."""
        self._reporter.progressed(progress)

    def _stop(self) -> None:
        for consumer in self._consumers.values():
            consumer.stop()
        for consumer in self._consumers.values():
            consumer.join(STOP_SECONDS)
        self._reporter.close(2)


def die_with(parent: int) -> None:
    """Make the kernel kill this process when the process that started it dies; leave at once if it already did."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def prefer_to_be_killed() -> None:
    """Let the kernel end this process before the agent when memory runs out: it starts anew and resumes."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:
        pass


def main(arguments: list[str] | None = None) -> int:
    """Be a worker of the agent that started this process. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="agent.worker", description="Started by the agent only.")
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args(arguments)
    die_with(options.parent)
    prefer_to_be_killed()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the agent, which says stop
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.set_inheritable(options.channel, False)
    with socket.socket(fileno=options.channel) as channel:
        try:
            order = next_order(channel)
            if not isinstance(order, Begin):
                return 2
            set_up(order.settings.log_format, "worker")
            take_turns()
            worker = Worker(channel, order.settings)
            keep_what_is_loaded()
            worker.serve()
        except EOFError:
            return 1  # the agent is gone
        finally:
            sys.stderr.flush()
    return 0


if __name__ == "__main__":
    code = main()
    os._exit(code)  # threads that are still in a system call must not hold the process back
