"""Opening the screens, and closing them: what the terminal needs before Textual is imported, and after."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from pathlib import Path

from core.errors import UsageError
from tui.surroundings import Surroundings

_OVER_SSH = {"TEXTUAL_FPS": "10", "TEXTUAL_SMOOTH_SCROLL": "0"}
_HANGUP = 129
_MOUSE_OFF = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l"


def run(socket: Path, *, mouse: bool = True, read_only: bool = False) -> int:
    """Show the agent behind a socket until a person leaves, and say that it goes on; return 0.

    Raises UsageError where there is no terminal that could show it.
    """
    code, parting = show(socket, mouse=mouse, read_only=read_only)
    print(parting)
    return code


def show(socket: Path, *, mouse: bool = True, read_only: bool = False) -> tuple[int, str]:
    """Show the agent behind a socket until a person leaves; return 0, and what to say if the agent goes on.

    Raises UsageError where there is no terminal that could show it.
    """
    refuse_what_cannot_show()
    settle_in()
    from tui.face import Face  # noqa: PLC0415  (reads the environment that was just settled)

    face = Face(socket, Surroundings.real(), read_only=read_only, colours=colours())
    end_with_the_terminal()
    if not mouse:  # an earlier connection that broke may have left it on
        print(_MOUSE_OFF, end="", flush=True)
    face.run(mouse=mouse)
    return face.return_code or 0, farewell(len(face.live.running()), connected=face.live.connected)


def refuse_what_cannot_show() -> None:
    """Raise UsageError when input or output is no terminal, or one that knows no cursor."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the screens need a terminal; `shelver status` works without one")
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        raise UsageError("this terminal (TERM=dumb) cannot show the screens; `shelver status --watch` works here")


def settle_in() -> None:
    """Set what Textual reads when it is imported: no animations, and few frames over a network.

    What a person set already stays.
    """
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if "SSH_CONNECTION" in os.environ:
        for name, value in _OVER_SSH.items():
            os.environ.setdefault(name, value)


def colours() -> str:
    """Return the theme that suits the terminal: its own colours where it has no more than sixteen."""
    from rich.console import Console  # noqa: PLC0415

    if "TEXTUAL_THEME" in os.environ:
        return os.environ["TEXTUAL_THEME"]
    return "ansi-dark" if Console().color_system == "standard" else ""


def end_with_the_terminal() -> None:
    """End this process when its terminal is gone, also where the hangup signal is ignored (nohup).

    Without it, reading a dead terminal would keep one core busy for ever.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    threading.Thread(target=_watch_for_hangup, args=(sys.stdin.fileno(),), daemon=True, name="hangup").start()


def _watch_for_hangup(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # hangup and error are always reported; nothing else wakes it
    poll.poll()
    os._exit(_HANGUP)


def farewell(running: int, *, connected: bool) -> str:
    """Return the line that a person reads after leaving."""
    if not connected:
        return "Shelver's agent could not be reached."
    if running:
        what = "1 operation" if running == 1 else f"{running} operations"
        return f"Shelver's agent goes on: {what} under way. `shelver` shows them again."
    return "Shelver's agent goes on watching. `shelver` shows it again."
