"""The agent as a process of its own: how it is started, waited for and stopped. No code of the agent is imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from core.errors import ShelverError
from core.names import shown
from tui.commands.frame import Settings
from tui.commands.reaching import agent_socket, answers

START_SECONDS = 30
STOP_SECONDS = 60
"""An agent that is told to stop brings the file under way to its end first."""
_LOOK_SECONDS = 0.05
_TOLD_LINES = 5


def agent_command(settings: Settings, folders: Sequence[str]) -> list[str]:
    """Return the command line of an agent; `-P`, so that a folder named `core` where the user stands is no module.

    `folders`: serve these with the built-in rules instead of a config.
    """
    argv = [sys.executable, "-P", "-m", "agent.main"]
    if settings.config is not None and not folders:
        argv += ["--config", os.path.abspath(settings.config)]
    state = settings.chosen_state()
    if state is not None:
        argv += ["--state", os.path.abspath(state)]
    for folder in folders:
        argv += ["--folder", os.path.abspath(folder)]
    return argv


class AgentProcess:
    """An agent that this command started. It has a session of its own, so that it outlives the terminal."""

    def __init__(self, settings: Settings, folders: Sequence[str] = ()) -> None:
        self._settings = settings
        self._argv = agent_command(settings, folders)
        self.log = settings.places().state / "agent.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running agent."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Path:
        """Start it and return its socket once it answers. Raises ShelverError with what it said if it does not."""
        self._settings.places().prepare()
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        finally:
            os.close(log)
        give_up = time.monotonic() + START_SECONDS
        socket = agent_socket(self._settings)
        while not answers(socket):
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.stop()
                raise ShelverError(f"the agent did not start: {self._last_words()}")
            time.sleep(_LOOK_SECONDS)
        return socket

    def stop(self) -> None:
        """Ask it to end, and wait until it did."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()  # the journals make up for it
                self._process.wait()
        self._process = None

    def leave_running(self) -> None:
        """Go on without it; it stays."""
        if self._process is not None:
            self._process.returncode = 0  # nobody waits for it: without this, Popen warns that it still runs
            self._process = None

    def _last_words(self) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as log:
            said = deque((shown(line.rstrip("\n")) for line in log), maxlen=_TOLD_LINES)
        return " / ".join(said) or f"it said nothing; see {shown(str(self.log))}"
