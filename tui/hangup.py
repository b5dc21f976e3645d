"""The end of the terminal is the end of the screens, at once and whatever they wait for."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios
import threading
from contextlib import suppress
from types import FrameType

_HANGUP = 129
_TIDY = (
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[<u\x1b[?7h\x1b[?25h\x1b[?1049l"
)
"""Mouse, focus, paste and keys as they were, lines wrap, the cursor is seen, and the screen from before is back."""


def end_with_the_terminal() -> None:
    """End this process when its terminal is gone, also where the hangup signal is ignored (nohup), or when asked to.

    Without it, reading a dead terminal would keep one core busy for ever, and a process that is asked to end would
    leave a terminal behind that reports its mouse as text.
    """
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def end(number: int, _: FrameType | None) -> None:
        _tidy(descriptor, before)
        os._exit(128 + number)

    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, end)
    threading.Thread(target=_watch_for_hangup, args=(descriptor,), daemon=True, name="hangup").start()


def _tidy(descriptor: int, before: list[object]) -> None:
    """Leave the terminal as it was, as far as it takes anything; one that is stalled or gone is not waited for."""
    with suppress(OSError, termios.error):
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        try:
            os.write(descriptor, _TIDY)
        finally:
            fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)
        termios.tcsetattr(descriptor, termios.TCSANOW, before)  # type: ignore[arg-type]


def _watch_for_hangup(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # hangup and error are always reported; nothing else wakes it
    poll.poll()
    os._exit(_HANGUP)
