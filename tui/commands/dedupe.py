"""`shelver dedupe`: not in this version."""

from __future__ import annotations

import click

from tui.commands.absent import absent
from tui.commands.frame import Settings, verb


@verb("dedupe", example="shelver dedupe ~/Downloads --dry-run")
@click.argument("folder")
@click.option("--dry-run", is_flag=True, help="Only plan.")
@click.option("--similar", is_flag=True, help="Near-duplicate pictures, too.")
@click.option("--action", type=click.Choice(["report", "trash", "hardlink", "reflink"]), default="report")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Return at once.")
def command(settings: Settings, **options: object) -> int:
    """Find exact duplicates (not in this version yet)."""
    raise absent("it has no duplicates engine")
