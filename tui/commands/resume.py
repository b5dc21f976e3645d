"""`shelver resume`: go on in a paused or halted folder."""

from __future__ import annotations

import click

from tui.commands.completing import complete_folders
from tui.commands.folders import chosen, print_folders
from tui.commands.frame import Settings, verb
from tui.commands.output import confirmed, is_interactive
from tui.commands.reaching import open_desk


@verb("resume", example="shelver resume downloads")
@click.argument("folder", required=False, shell_complete=complete_folders)
@click.option("--yes", is_flag=True, help="Do not ask before a halted folder is accepted as it is.")
def command(settings: Settings, folder: str | None, yes: bool) -> int:
    """Go on in FOLDER (or in all that are paused).

    A halted folder is accepted as it is now, after showing why it halted; it must be named.
    """
    out = settings.output()
    with open_desk(settings, to_act=True) as desk:
        for each in chosen(desk, folder):
            if each.state == "halted":
                out.note(f"{each.name} halted: {each.reason}")
                if folder is None:
                    continue
                if is_interactive() and not yes and not confirmed("Accept the folder as it is now?"):
                    return 1
            print_folders(out, [desk.resume(each.name)])
    return 0
