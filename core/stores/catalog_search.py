"""Finding operations by words, as people type them: `camera failed`, `undo !downloads`."""

from __future__ import annotations

from collections.abc import Callable

from core.model import Operation
from core.names import shown

_ALSO: dict[str, str] = {
    "rollback": "undo",
    "completed": "done",
    "partial": "done with notes",
    "proposed": "waits waiting",
    "cancelled": "stopped",
    "superseded": "replaced",
}
"""What people call kinds and states."""


def matcher(text: str) -> Callable[[Operation], bool]:
    """Return what tells whether an operation has every word of a text somewhere, case ignored.

    A word that begins with `!` is one that it must not have.
    """
    words = text.casefold().split()
    wanted = [word for word in words if not word.startswith("!")]
    unwanted = [word[1:] for word in words if word.startswith("!") and len(word) > 1]

    def matches(operation: Operation) -> bool:
        said = _said_of(operation)
        return all(word in said for word in wanted) and not any(word in said for word in unwanted)

    return matches


def _said_of(operation: Operation) -> str:
    """Return all that is said of an operation, but for its numbers."""
    undone = "undone" if operation.undone_by else ""
    by = "the agent" if operation.automatic else operation.requested_by
    parts = (
        operation.id,
        operation.kind,
        _ALSO.get(operation.kind, ""),
        shown(operation.folder),
        operation.state,
        undone or _ALSO.get(operation.state, ""),
        by,
        operation.note or "",
        operation.error or "",
    )
    return "\n".join(parts).casefold()
