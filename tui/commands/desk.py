"""What the verbs know of operations: the Desk, whether an agent stands behind it or this process, and how one is found.

with open_desk(settings, to_act=True) as desk:
    operation = desk.finish(desk.submit("organize", folder).id, bar.show)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import UnknownOperation, UsageError
from core.model import (
    FINAL_STATES,
    ConflictView,
    FolderStatus,
    OnConflict,
    Operation,
    OperationKind,
    Outcome,
    Pending,
    Preview,
    Progress,
    StepView,
)
from core.names import shown
from tui.wire import Status, StepPage, Trace

if TYPE_CHECKING:  # duplicates bring much with them that most verbs and the screens' first frame do without
    from core.duplicates.views import PageView

PAGE = 200
NOT_WATCHED = "no agent is running"
"""The reason of a folder's status where there is no agent to watch it."""

Watch = Callable[[Progress], None]

SETTLED_STATES = FINAL_STATES | {"proposed", "interrupted"}
"""States that an operation stays in until a person does something."""


class Desk(Protocol):
    """Everything that a verb can ask about operations. Raises errors of `core.errors` only."""

    by_agent: bool

    def status(self) -> Status:
        """Return all that one look should tell."""

    def operation(self, id: str) -> Operation:
        """Return one operation, by its whole id."""

    def page(self, *, folder: str | None = None, limit: int = PAGE, before: str | None = None) -> list[Operation]:
        """Return operations, newest first; `before` is the id of the last one already seen."""

    def steps(
        self, id: str, *, start: int = 0, limit: int = PAGE, text: str = "", outcome: Outcome | None = None
    ) -> StepPage:
        """Return a page of steps."""

    def duplicates(self, id: str, *, start: int, limit: int) -> PageView:
        """Return a page of the groups that a dedupe found."""

    def history(self, text: str) -> list[Trace]:
        """Return what happened to files whose name, then or now, holds the text; newest first."""

    def folders(self) -> list[FolderStatus]:
        """Return the configured folders."""

    def carries(self, id: str) -> Pending:
        """Return what a sync is still to carry to each side."""

    def conflicts(self, folder: str) -> list[ConflictView]:
        """Return a folder's conflicts that nobody settled yet."""

    def submit(self, kind: OperationKind, folder: str, **options: Any) -> Operation:
        """Record what somebody wants done: `dry_run`, `subfolders`, `rules`, `action`, …"""

    def rollback(self, id: str, *, only: Sequence[bytes] | None, on_conflict: OnConflict) -> Operation:
        """Record that an operation is to be taken back."""

    def preview_rollback(self, id: str, *, only: Sequence[bytes] | None, on_conflict: OnConflict) -> Preview:
        """Return what taking it back would do."""

    def approve(self, id: str, *, only: Sequence[bytes] | None = None) -> Operation:
        """Let a proposed operation run, or an interrupted one go on."""

    def reject(self, id: str) -> Operation:
        """Refuse a proposed operation; it is remembered."""

    def cancel(self, id: str) -> Operation:
        """Stop an operation, or take a proposal from the table."""

    def finish(self, id: str, watch: Watch) -> Operation:
        """Wait until an operation that runs or will run settles (see SETTLED_STATES), or do it."""

    def pause(self, folder: str) -> FolderStatus:
        """Start nothing in a folder any more, also after a restart."""

    def resume(self, folder: str) -> FolderStatus:
        """Go on in a paused or halted folder."""


# -- naming an operation -----------------------------------------------------------------------------


def pages(desk: Desk, *, folder: str | None = None) -> Iterator[Operation]:
    """Yield all operations, newest first."""
    before: str | None = None
    while page := desk.page(folder=folder, limit=PAGE, before=before):
        yield from page
        before = page[-1].id


def step_pages(desk: Desk, id: str, text: str = "") -> Iterator[list[StepView]]:
    """Yield all steps of an operation, a page at a time."""
    start = 0
    while steps := desk.steps(id, start=start, text=text).steps:
        yield steps
        start += len(steps)


def find(desk: Desk, text: str, fits: Callable[[Operation], bool] = lambda operation: True) -> Operation:
    """Return the operation that a person means: a unique prefix of its id, or `last`.

    `last` is the newest one that `fits` what is to be done with it, else simply the newest. Raises
    UnknownOperation, and UsageError for an ambiguous prefix.
    """
    if text == "last":
        newest: Operation | None = None
        for operation in pages(desk):
            newest = newest or operation
            if fits(operation):
                return operation
        if newest is None:
            raise UsageError("there is no operation yet")
        return newest
    wanted = text.lower()
    found = [operation for operation in pages(desk) if operation.id.startswith(wanted)] if wanted else []
    if not found:
        raise UnknownOperation(shown(text))
    if len(found) > 1 and found[0].id != wanted:
        several = ", ".join(operation.id for operation in found[:5])
        raise UsageError(f"{shown(text)} could be {several}{' …' if len(found) > 5 else ''}")
    return found[0]
