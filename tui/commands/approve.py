"""`shelver approve`: let a proposed operation run, or an interrupted one go on."""

from __future__ import annotations

import os

import click

from core.model import Operation
from tui.commands.acting import announce, conclude, finish
from tui.commands.desk import find, open_desk
from tui.commands.frame import Settings, verb


def waits(operation: Operation) -> bool:
    """Tell whether an operation waits for a person."""
    return operation.state in ("proposed", "interrupted")


@verb("approve", example="shelver approve last --only ~/Downloads/a.pdf ~/Downloads/b.pdf", spreads=("--only",))
@click.argument("operation", metavar="OP")
@click.option("--only", metavar="PATH…", multiple=True, help="Only these files of it; the rest stays as it is.")
@click.option("--no-wait", is_flag=True, help="Leave it to the agent and return at once.")
def command(settings: Settings, operation: str, only: tuple[str, ...], no_wait: bool) -> int:
    """Do exactly what a proposed operation shows, or go on with an interrupted one."""
    out = settings.output()
    with open_desk(settings, to_act=True) as desk:
        found = find(desk, operation, waits)
        approved = desk.approve(found.id, only=absolute(only))
        if no_wait and desk.by_agent:
            return announce(out, approved)
        return conclude(desk, out, finish(desk, approved))


def absolute(paths: tuple[str, ...]) -> list[bytes] | None:
    """Return paths as requests hold them: absolute, the names as they are; None for no path."""
    return [os.fsencode(os.path.abspath(os.path.expanduser(path))) for path in paths] or None
