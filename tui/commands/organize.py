"""`shelver organize`: one operation over a folder."""

from __future__ import annotations

import click

from tui.commands.acting import Manner, carry_out
from tui.commands.completing import complete_folders
from tui.commands.folders import place
from tui.commands.frame import Settings, verb
from tui.commands.reaching import open_desk


@verb("organize", example="shelver organize ~/Downloads --dry-run", spreads=("--rule",))
@click.argument("folder", shell_complete=complete_folders)
@click.option("--dry-run", is_flag=True, help="Only plan; what is proposed can be approved.")
@click.option("--subfolders", is_flag=True, default=None, help="Files in subfolders, too, not only loose ones.")
@click.option("--rule", "rules", metavar="NAME…", multiple=True, help="Only these rules.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Leave it to the agent and return at once.")
def command(
    settings: Settings,
    folder: str,
    dry_run: bool,
    subfolders: bool | None,
    rules: tuple[str, ...],
    yes: bool,
    no_wait: bool,
) -> int:
    """Put the files of FOLDER (a configured name or a path) where the rules say.

    On a terminal it shows the plan and asks.
    """
    with open_desk(settings, to_act=True) as desk:
        named = place(desk, folder)
        options = {"subfolders": subfolders, "rules": list(rules) or None}
        return carry_out(
            desk,
            settings.output(),
            Manner(dry_run, yes, no_wait),
            lambda only_plan: desk.submit("organize", named, dry_run=only_plan, **options),
        )
