"""`shelver sync`: not in this version."""

from __future__ import annotations

import click

from tui.commands.absent import absent
from tui.commands.frame import Settings, verb


@verb("sync", example="shelver sync scans --dry-run")
@click.argument("folder")
@click.option("--dry-run", is_flag=True, help="Only plan.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Return at once.")
def command(settings: Settings, **options: object) -> int:
    """Reconcile a folder with its S3 pair (not in this version yet)."""
    raise absent("it knows local folders only, no S3")
