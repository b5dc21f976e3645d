"""The worker's mouth: state changes in order, progress newest-wins, and never a wait for whoever moves files."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections import deque

from agent.channel import Advanced, Changed, Report, encode
from core.model import Progress

_log = logging.getLogger(__name__)


class Reporter:
    """Sends reports to the agent from a thread of its own."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._condition = threading.Condition()
        self._reports: deque[Report] = deque()
        self._progress: dict[str, Progress] = {}
        self._closing = False
        self._thread = threading.Thread(target=self._send_all, name="reporter", daemon=True)
        self._thread.start()

    def progressed(self, progress: Progress) -> None:
        """Report how far an operation is; takes the place of what was not sent yet."""
        with self._condition:
            self._progress[progress.operation] = progress
            self._condition.notify()

    def say(self, report: Report) -> None:
        """Report something that must arrive, after what was said before."""
        with self._condition:
            if isinstance(report, Changed):  # what was not sent yet is older news
                self._progress.pop(report.operation.id, None)
            self._reports.append(report)
            self._condition.notify()

    def close(self, seconds: float) -> None:
        """Send what is left, if the agent takes it in time."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join(seconds)

    def _send_all(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._reports or self._progress or self._closing)
                if self._reports:
                    report: Report = self._reports.popleft()
                elif self._progress:
                    report = Advanced(self._progress.pop(next(iter(self._progress))))
                else:
                    return
            try:
                self._channel.sendall(encode(report))
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    _log.error("a report is too long to be sent: %s", type(report).__name__)
                    continue
                return  # the agent is gone; the journals say all that it must know
