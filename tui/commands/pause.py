"""`shelver pause`: the agent starts nothing by itself any more."""

from __future__ import annotations

import click

from tui.commands.completing import complete_folders
from tui.commands.folders import chosen, print_folders
from tui.commands.frame import Settings, verb
from tui.commands.reaching import open_desk


@verb("pause", example="shelver pause downloads")
@click.argument("folder", required=False, shell_complete=complete_folders)
def command(settings: Settings, folder: str | None) -> int:
    """Start nothing in FOLDER (or in any) by itself, also after a restart. What a person asks for still runs."""
    with open_desk(settings, to_act=True) as desk:
        print_folders(settings.output(), [desk.pause(each.name) for each in chosen(desk, folder)])
    return 0
