"""`shelver` without a verb: the screens of the running agent."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from core.errors import AgentUnreachable
from tui.commands.desk import find_agent
from tui.commands.frame import Look, Settings
from tui.commands.output import confirmed
from tui.commands.status import print_status
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
    from tui.commands.up import start_and_show

    return start_and_show(settings, (), look)


def show_screens(settings: Settings, socket: Path, look: Look) -> int:
    """Run the screens until the person leaves them. Nothing that the agent does ends with them, and they say so."""
    from tui.app import run

    return run(socket, with_choices(settings, look))


def show_screens_of_own(settings: Settings, socket: Path, look: Look) -> int:
    """Run the screens of an agent that this command started: what becomes of it is decided after them."""
    from tui.app import show

    code, _ = show(socket, with_choices(settings, look))
    return code


def with_choices(settings: Settings, look: Look) -> Look:
    """Return the look with the place of what the person chose."""
    from tui.choices import choices_path

    return replace(look, choices=choices_path(settings.chosen_state()))
