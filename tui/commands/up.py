"""`shelver up`: agent and screens in one terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from core.errors import UsageError
from core.names import shown
from tui.commands.agent_process import AgentProcess
from tui.commands.frame import Look, Settings, look_options, verb
from tui.commands.reaching import find_agent
from tui.commands.screens import show_screens, show_screens_of_own


@verb("up", example="shelver up ~/Downloads", prints_data=False)
@click.argument("folders", metavar="[FOLDER…]", nargs=-1, type=click.Path(exists=True, file_okay=False))
@look_options
def command(settings: Settings, folders: tuple[str, ...], look: Look) -> int:
    """Start the agent and open its screens.

    With FOLDERs and no config: the built-in rules, which never leave the folder, and nothing moves before you
    approve it. Leaving the screens asks whether the agent shall stay.
    """
    from tui.app import refuse_what_cannot_show

    refuse_what_cannot_show()
    socket = find_agent(settings)
    if socket is not None:
        if folders:
            raise UsageError("an agent is running already; add the folder to its config, or open its screens: shelver")
        return show_screens(settings, socket, look)
    if folders and settings.config_path().exists():
        _must_be_configured(settings, folders)
        folders = ()
    return start_and_show(settings, folders, look)


def _must_be_configured(settings: Settings, folders: Sequence[str]) -> None:
    """Refuse folders that the config does not hold: it says what is served, and is never changed unasked."""
    known = {folder.path for folder in settings.load_config().folders}
    for folder in folders:
        if os.fsencode(os.path.abspath(folder)) not in known:
            path = shown(str(settings.config_path()))
            raise UsageError(f"{path} has no folder {shown(folder)}: add it there, or use --state for a trial")


def start_and_show(settings: Settings, folders: Sequence[str], look: Look) -> int:
    """Start an agent, open its screens, and ask at the end whether it shall stay. Returns the exit code."""
    if not folders:
        settings.load_config()  # its mistakes are told here, not in the agent's log
    agent = AgentProcess(settings, folders)
    socket = agent.start()
    try:
        code = show_screens_of_own(settings, socket, look)
    except BaseException:
        agent.stop()
        raise
    if _shall_stay():
        sentence = f"The agent stays (pid {agent.pid}); `shelver` opens its screens, `kill {agent.pid}` ends it."
        print(sentence, file=sys.stderr)
        agent.leave_running()
    else:
        agent.stop()
    return code


def _shall_stay() -> bool:
    """Ask. Whoever only presses Ctrl-C or loses the terminal has not said stop: the agent stays."""
    try:
        answer: str = click.prompt(
            "Keep the agent running, or stop it?", type=click.Choice(["keep", "stop"]), default="keep", err=True
        )
    except click.Abort:
        return True
    return answer == "keep"
