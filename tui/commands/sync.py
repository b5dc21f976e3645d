"""`shelver sync`: bring a folder and its bucket in step now."""

from __future__ import annotations

import click

from tui.commands.acting import Manner, carry_out
from tui.commands.completing import complete_folders
from tui.commands.folders import place
from tui.commands.frame import Settings, verb
from tui.commands.reaching import open_desk


@verb("sync", example="shelver sync scans --dry-run")
@click.argument("folder", shell_complete=complete_folders)
@click.option("--dry-run", is_flag=True, help="Only plan; what is proposed can be approved.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Leave it to the agent and return at once.")
def command(settings: Settings, folder: str, dry_run: bool, yes: bool, no_wait: bool) -> int:
    """Bring FOLDER (a configured name or a path) and its bucket in step: what is new or changed goes both ways.

    What one side deleted goes to the trash of the other; where both changed, both are kept. On a terminal it shows the
    plan and asks.
    """
    with open_desk(settings, to_act=True) as desk:
        named = place(desk, folder)
        return carry_out(
            desk,
            settings.output(),
            Manner(dry_run, yes, no_wait),
            lambda only_plan: desk.submit("sync", named, dry_run=only_plan),
        )
