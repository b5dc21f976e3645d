"""Runs the screens, in the look that was asked for and with what the person chose before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.commands.frame import Look, Settings


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
