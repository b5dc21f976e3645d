"""`shelver ops`: the operations, newest first."""

from __future__ import annotations

from itertools import islice

import click

from tui.commands.completing import complete_folders
from tui.commands.desk import pages
from tui.commands.folders import place
from tui.commands.frame import Settings, verb
from tui.commands.reaching import open_desk
from tui.commands.records import print_operations


@verb("ops", example="shelver ops --folder downloads --limit 5")
@click.option(
    "--folder", metavar="F", shell_complete=complete_folders, help="Only of this folder (a configured name or a path)."
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), default=50, show_default=True, help="At most N.")
def command(settings: Settings, folder: str | None, limit: int) -> int:
    """List the operations, newest first."""
    out = settings.output()
    with open_desk(settings, to_act=False) as desk:
        wanted = place(desk, folder) if folder else None
        operations = list(islice(pages(desk, folder=wanted), limit))
    print_operations(out, operations)
    if not operations and out.terminal:
        out.note("Nothing happened yet.")
    return 0
