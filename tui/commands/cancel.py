"""`shelver cancel`: stop what runs."""

from __future__ import annotations

from core.model import FINAL_STATES, Operation
from tui.commands.acting import announce, finish
from tui.commands.completing import operation_argument
from tui.commands.desk import find
from tui.commands.frame import Settings, verb
from tui.commands.reaching import open_desk


def _unfinished(operation: Operation) -> bool:
    return operation.state not in FINAL_STATES


@verb("cancel", example="shelver cancel last")
@operation_argument
def command(settings: Settings, operation: str) -> int:
    """Stop a running operation between two files, or take a proposal from the table.

    What it did so far stays done, and can be undone.
    """
    with open_desk(settings, to_act=True) as desk:
        cancelled = desk.cancel(find(desk, operation, _unfinished).id)
        return announce(settings.output(), finish(desk, cancelled))
