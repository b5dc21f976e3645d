"""`shelver` without a verb: the screens of the running agent."""

from __future__ import annotations

import sys

from core.errors import AgentUnreachable
from tui.commands.frame import Look, Settings
from tui.commands.output import confirmed
from tui.commands.reaching import find_agent
from tui.commands.screens import show_screens
from tui.commands.status import print_status
from tui.commands.up import start_and_show
from tui.terminal import can_draw


def open_screens(settings: Settings, look: Look) -> int:
    """Open the screens; where no agent runs, say so and offer to start one.

    Where no screens can be drawn, the same is shown in plain lines.
    """
    if not can_draw():
        return print_status(settings, settings.output())
    socket = find_agent(settings)
    if socket is not None:
        return show_screens(settings, socket, look)
    print("No agent is running.", file=sys.stderr)
    if not confirmed("Start one here?", default=True):
        return AgentUnreachable.exit_code
    return start_and_show(settings, (), look)
