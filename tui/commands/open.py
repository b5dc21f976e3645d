"""`shelver` without a verb: the screens of the running agent."""

from __future__ import annotations

import sys
from pathlib import Path

from core.errors import AgentUnreachable
from tui.commands.desk import find_agent
from tui.commands.frame import Look, Settings
from tui.commands.output import confirmed, is_interactive


def open_screens(settings: Settings, look: Look) -> int:
    """Open the screens; where no agent runs, say so and offer to start one. Raises AgentUnreachable."""
    socket = find_agent(settings)
    if socket is not None:
        return show_screens(socket, look)
    if not (is_interactive() and sys.stdout.isatty()):
        raise AgentUnreachable("none is running; `shelver up` or `shelver agent` starts one")
    print("No agent is running.", file=sys.stderr)
    if not confirmed("Start one here?", default=True):
        return AgentUnreachable.exit_code
    from tui.commands.up import start_and_show

    return start_and_show(settings, (), look)


def show_screens(socket: Path, look: Look) -> int:
    """Run the screens until the person leaves them. Nothing that the agent does ends with them, and they say so."""
    from tui.app import run

    return run(socket, mouse=look.mouse, read_only=look.read_only)


def show_screens_of_own(socket: Path, look: Look) -> int:
    """Run the screens of an agent that this command started: what becomes of it is decided after them."""
    from tui.app import show

    code, _ = show(socket, mouse=look.mouse, read_only=look.read_only)
    return code
