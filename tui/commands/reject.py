"""`shelver reject`: refuse what is proposed."""

from __future__ import annotations

from tui.commands.acting import announce
from tui.commands.approve import waits
from tui.commands.completing import operation_argument
from tui.commands.desk import find
from tui.commands.frame import Settings, verb
from tui.commands.reaching import open_desk


@verb("reject", example="shelver reject last")
@operation_argument
def command(settings: Settings, operation: str) -> int:
    """Refuse a proposed operation. Its files are left alone until they or the rules change."""
    with open_desk(settings, to_act=True) as desk:
        return announce(settings.output(), desk.reject(find(desk, operation, waits).id))
