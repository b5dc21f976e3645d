"""Where the screens find themselves: host, home, clock, and how fast a person types."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.names import shown


def _local_now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True)
class Surroundings:
    """What the screens know besides the agent; tests hand in their own.

    `now` answers with a time zone, the one in which times are shown. Keys that follow each other within
    `burst` seconds were pasted, not typed. Changes are drawn at most every `beat` seconds.
    """

    host: str
    home: str
    now: Callable[[], datetime] = _local_now
    burst: float = 0.08
    beat: float = 0.5
    retry: float = 0.5

    @classmethod
    def real(cls) -> Surroundings:
        """Return those of this process."""
        return cls(host=shown(socket.gethostname().partition(".")[0]), home=str(Path.home()))

    def person(self, asked_by: str) -> str:
        """Return who asked for something as people know them: the agent knows users by number."""
        if asked_by == "agent":
            return "the agent"
        number = asked_by.removeprefix("uid ")
        if number == asked_by or not number.isdecimal():
            return shown(asked_by)
        try:
            return shown(pwd.getpwuid(int(number)).pw_name)
        except (KeyError, OverflowError):
            return shown(asked_by)

    def tilde(self, path: str) -> str:
        """Return an absolute path for the eye, with `~` for the home."""
        home = self.home.rstrip(os.sep)
        if home and (path == home or path.startswith(home + os.sep)):
            path = "~" + path[len(home) :]
        return shown(path)
