"""`shelver approve`: let a proposed operation run, or an interrupted one go on."""

from __future__ import annotations

import os

import click

from core.errors import UsageError
from core.model import Operation
from core.names import shown
from tui.commands.acting import announce, conclude, finish
from tui.commands.completing import operation_argument
from tui.commands.desk import Desk, find
from tui.commands.frame import Settings, verb
from tui.commands.reaching import open_desk


def waits(operation: Operation) -> bool:
    """Tell whether an operation waits for a person."""
    return operation.state in ("proposed", "interrupted")


@verb("approve", example="shelver approve last --only ~/Downloads/a.pdf ~/Downloads/b.pdf", spreads=("--only",))
@operation_argument
@click.option("--only", metavar="PATH…", multiple=True, help="Only these files of it; the rest stays as it is.")
@click.option("--no-wait", is_flag=True, help="Leave it to the agent and return at once.")
def command(settings: Settings, operation: str, only: tuple[str, ...], no_wait: bool) -> int:
    """Do exactly what a proposed operation shows, or go on with an interrupted one."""
    out = settings.output()
    with open_desk(settings, to_act=True) as desk:
        found = find(desk, operation, waits)
        approved = desk.approve(found.id, only=part_of(desk, found, only))
        if no_wait and desk.by_agent:
            return announce(out, approved)
        return conclude(desk, out, finish(desk, approved))


def part_of(desk: Desk, operation: Operation, paths: tuple[str, ...]) -> list[bytes] | None:
    """Return paths as requests hold them, absolute and exact; None for no path, which means all.

    Raises UsageError for one that no step of the operation has to do with: a slip would else refuse all of it.
    """
    only = absolute(paths)
    for path in only:
        if not touches(desk, operation, path):
            raise UsageError(f"operation {operation.id} has nothing to do with {shown(path)}")
    return only or None


def touches(desk: Desk, operation: Operation, path: bytes) -> bool:
    """Tell whether a step of the operation names a path, or something beneath it."""
    return bool(desk.steps(operation.id, limit=1, text=shown(path)).steps)


def absolute(paths: tuple[str, ...]) -> list[bytes]:
    """Return paths as they are on disk, absolute."""
    return [os.fsencode(os.path.abspath(os.path.expanduser(path))) for path in paths]
