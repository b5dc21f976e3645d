"""`shelver show`: one operation, its steps and their outcomes."""

from __future__ import annotations

import click

from core.model import Operation
from tui import words
from tui.commands.completing import operation_argument
from tui.commands.desk import find, step_pages
from tui.commands.frame import Settings, verb
from tui.commands.output import Output
from tui.commands.reaching import open_desk
from tui.commands.records import exactly, home_short, print_operations, print_steps, state, title


@verb("show", example="shelver show last --steps --filter invoice")
@operation_argument
@click.option("--steps", is_flag=True, help="Its steps and what became of each.")
@click.option("--filter", "text", metavar="TEXT", default="", help="Only steps whose names or reasons hold TEXT.")
def command(settings: Settings, operation: str, steps: bool, text: str) -> int:
    """Show one operation. OP is any unique prefix of its id, or `last`."""
    out = settings.output()
    with open_desk(settings, to_act=False) as desk:
        found = find(desk, operation)
        if not (steps or text):
            _print_operation(out, found)
            return 0
        if out.terminal and not out.json:
            _print_operation(out, found)
        for page in step_pages(desk, found.id, text):
            print_steps(out, found, page)
    return 0


def _print_operation(out: Output, operation: Operation) -> None:
    if out.json:
        out.record(operation)
        return
    if not out.terminal:
        print_operations(out, [operation])
        return
    out.line((title(operation), "strong"), "  ", state(operation))
    counted = words.outcome(operation)
    if operation.counts.bytes:
        counted += f", {words.size(operation.counts.bytes)}"
    fields = {
        "id": operation.id,
        "folder": home_short(operation.folder),
        "files": counted,
        "asked by": operation.requested_by or ("the agent" if operation.automatic else ""),
        "created": exactly(operation.created),
        "started": exactly(operation.started),
        "finished": exactly(operation.finished),
        "takes back": operation.undo_of or "",
        "undone by": operation.undone_by or "",
        "note": operation.note or "",
        "error": operation.error or "",
    }
    out.rows([("  " + name, value) for name, value in fields.items() if value])
