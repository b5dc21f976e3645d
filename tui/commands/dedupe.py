"""`shelver dedupe`: which files of a folder are there more than once, and what becomes of them."""

from __future__ import annotations

import click

from core.model import Operation
from tui.commands.acting import Manner, Telling, carry_out
from tui.commands.completing import complete_folders
from tui.commands.desk import Desk
from tui.commands.duplicates import conclude, show_groups
from tui.commands.folders import place
from tui.commands.frame import Settings, verb
from tui.commands.output import Output
from tui.commands.reaching import open_desk

ACTIONS = ["report", "trash", "hardlink", "reflink"]


@verb("dedupe", example="shelver dedupe ~/Downloads --action trash --dry-run")
@click.argument("folder", shell_complete=complete_folders)
@click.option("--dry-run", is_flag=True, help="Only plan; what is proposed can be approved.")
@click.option("--similar", is_flag=True, help="Report pictures that look alike, too.")
@click.option("--verify", is_flag=True, help="Compare byte by byte at once, not only before something is done.")
@click.option("--action", type=click.Choice(ACTIONS), default="report", help="What becomes of the copies.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Leave it to the agent and return at once.")
def command(
    settings: Settings, folder: str, dry_run: bool, action: str, yes: bool, no_wait: bool, **search: bool
) -> int:
    """Find the files of FOLDER (a configured name or a path), at any depth, that are there more than once.

    Copies in other configured folders count, and stay as they are. Unless told otherwise it only reports. On a terminal
    it shows what it would do and asks.
    """
    with open_desk(settings, to_act=True) as desk:
        named, out = place(desk, folder), settings.output()

        def submit(only_plan: bool) -> Operation:
            return desk.submit("dedupe", named, action=action, dry_run=only_plan, **search)

        def show(desk: Desk, out: Output, operation: Operation) -> None:
            show_groups(desk, out, operation, acts=action != "report")

        manner = Manner(dry_run, yes or action == "report", no_wait)
        return carry_out(desk, out, manner, submit, Telling(show, conclude))
