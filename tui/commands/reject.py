"""`shelver reject`: refuse what is proposed."""

from __future__ import annotations

import click

from tui.commands.acting import announce
from tui.commands.approve import waits
from tui.commands.desk import find, open_desk
from tui.commands.frame import Settings, verb


@verb("reject", example="shelver reject last")
@click.argument("operation", metavar="OP")
def command(settings: Settings, operation: str) -> int:
    """Refuse a proposed operation. Its files are left alone until they or the rules change."""
    with open_desk(settings, to_act=True) as desk:
        return announce(settings.output(), desk.reject(find(desk, operation, waits).id))
