"""`shelver demo`: all of it, on a folder of samples that is made for it and taken away again."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import click

from tui.commands.desk import pages
from tui.commands.frame import Look, Settings, verb
from tui.commands.output import Output
from tui.commands.screens import show_screens_of_own


@verb("demo", example="shelver demo --headless", prints_data=False)
@click.option("--headless", is_flag=True, help="No screens: tell what happens, and check it.")
@click.option("--keep", is_flag=True, help="Leave the demo's folder, state and journals where they are.")
def command(settings: Settings, headless: bool, keep: bool) -> int:
    """See Shelver at work on a messy folder of samples: watched, organized, undone. Nothing of yours is touched.

    Off a terminal it is headless by itself.
    """
    return show(keep=keep) if not headless and sys.stdin.isatty() and sys.stdout.isatty() else tell(keep=keep)


def tell(*, keep: bool) -> int:
    """Print the story; 0 if all of it happened, and the folder came back to the byte."""
    from tui.commands.desk_agent import AgentDesk
    from tui.demo.stage import agent_on, stage
    from tui.demo.story import Story

    out = Output()
    with stage(keep=keep) as made, agent_on(made) as socket, AgentDesk(socket) as desk:
        Story(desk, made.folder, out).tell()
    _say_what_is_left(out, made.directory, keep=keep)
    return 0


def show(*, keep: bool) -> int:
    """Open the screens on the demo. Once its plan was approved, new files arrive."""
    from tui.app import refuse_what_cannot_show
    from tui.demo.stage import agent_on, stage

    refuse_what_cannot_show()
    with stage(keep=keep) as made, agent_on(made) as socket:
        left = threading.Event()
        arrivals = threading.Thread(target=_arrive_later, args=(socket, made.folder, left), daemon=True)
        arrivals.start()
        try:
            code = show_screens_of_own(Settings(), socket, Look())
        finally:
            left.set()
            arrivals.join()
    _say_what_is_left(Output(), made.directory, keep=keep)
    return code


def _say_what_is_left(out: Output, directory: Path, *, keep: bool) -> None:
    out.line(f"Kept: {directory}" if keep else "Nothing of the demo is left behind.")


def _arrive_later(socket: Path, folder: Path, left: threading.Event) -> None:
    """Drop new files once the first plan was carried out."""
    from tui.commands.desk_agent import AgentDesk
    from tui.demo.story import drop_arrivals

    with AgentDesk(socket) as desk:
        while not left.wait(1.0):
            if any(each.kind == "organize" and each.state == "completed" for each in pages(desk)):
                left.wait(2.0)
                drop_arrivals(folder)
                return
