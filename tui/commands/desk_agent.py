"""The desk of a running agent: every question goes over its socket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from core.duplicates.views import PageView
from core.errors import AgentUnreachable
from core.model import (
    ConflictView,
    Event,
    FolderStatus,
    OnConflict,
    Operation,
    OperationKind,
    Outcome,
    Pending,
    Preview,
)
from tui.client import AgentClient
from tui.commands.desk import PAGE, SETTLED_STATES, Watch
from tui.wire import Status, StepPage, Trace

Answer = TypeVar("Answer")


class AgentDesk:
    """Asks the agent. Ctrl-C stops the waiting, never the operation."""

    by_agent = True

    def __init__(self, socket: Path) -> None:
        self._client = AgentClient(socket)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self._ask(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._ask(self._client.close())
        finally:
            self._runner.__exit__(kind, error, trace)

    def _ask(self, question: Coroutine[Any, Any, Answer]) -> Answer:
        return self._runner.run(question)

    # -- looking

    def status(self) -> Status:
        """Return all that one look should tell."""
        return self._ask(self._client.status())

    def operation(self, id: str) -> Operation:
        """Return one operation."""
        return self._ask(self._client.operation(id))

    def page(self, *, folder: str | None = None, limit: int = PAGE, before: str | None = None) -> list[Operation]:
        """Return operations, newest first."""
        return self._ask(self._client.operations(folder=folder, limit=limit, before=before))

    def steps(
        self, id: str, *, start: int = 0, limit: int = PAGE, text: str = "", outcome: Outcome | None = None
    ) -> StepPage:
        """Return a page of steps."""
        return self._ask(self._client.steps(id, start=start, limit=limit, text=text, outcome=outcome))

    def duplicates(self, id: str, *, start: int, limit: int) -> PageView:
        """Return a page of the groups that a dedupe found."""
        query = {"from": start, "limit": limit}
        return self._ask(self._client.ask("GET", f"/api/v1/duplicates/{id}", PageView, query=query))

    def history(self, text: str) -> list[Trace]:
        """Return what happened to files of that name."""
        return self._ask(self._client.history(text))

    def folders(self) -> list[FolderStatus]:
        """Return the folders that the agent serves."""
        return self._ask(self._client.folders())

    def carries(self, id: str) -> Pending:
        """Return what a sync is still to carry."""
        return self._ask(self._client.carries(id))

    def conflicts(self, folder: str) -> list[ConflictView]:
        """Return a folder's conflicts."""
        return self._ask(self._client.conflicts(folder))

    # -- acting

    def submit(self, kind: OperationKind, folder: str, **options: Any) -> Operation:
        """Ask for an operation."""
        return self._ask(self._client.submit(kind, folder, **options))

    def rollback(self, id: str, *, only: Sequence[bytes] | None, on_conflict: OnConflict) -> Operation:
        """Ask for a rollback."""
        return self._ask(self._client.rollback(id, only=only, on_conflict=on_conflict))

    def preview_rollback(self, id: str, *, only: Sequence[bytes] | None, on_conflict: OnConflict) -> Preview:
        """Ask what a rollback would do."""
        return self._ask(self._client.preview_rollback(id, only=only, on_conflict=on_conflict))

    def approve(self, id: str, *, only: Sequence[bytes] | None = None) -> Operation:
        """Let it run."""
        return self._ask(self._client.approve(id, only=only))

    def reject(self, id: str) -> Operation:
        """Refuse it."""
        return self._ask(self._client.reject(id))

    def cancel(self, id: str) -> Operation:
        """Stop it."""
        return self._ask(self._client.cancel(id))

    def pause(self, folder: str) -> FolderStatus:
        """Start nothing there."""
        return self._ask(self._client.pause(folder))

    def resume(self, folder: str) -> FolderStatus:
        """Go on there."""
        return self._ask(self._client.resume(folder))

    def finish(self, id: str, watch: Watch) -> Operation:
        """Watch the operation until it settles."""
        return self._ask(self._watched(id, watch))

    async def _watched(self, id: str, watch: Watch) -> Operation:
        try:
            async with aclosing(self._client.operation_events(id)) as events:
                async for event in events:
                    if event.progress is not None:
                        watch(event.progress)
                    settled = _settled(event, id)
                    if settled is not None:
                        return settled
        except AgentUnreachable as error:
            raise AgentUnreachable(f"{error.detail}; the operation {id} goes on when the agent is back") from None
        return await self._client.operation(id)


def _settled(event: Event, id: str) -> Operation | None:
    """Return the operation if the event says that it settled."""
    told = list(event.operations or ())
    if event.operation is not None:
        told.append(event.operation)
    return next((each for each in told if each.id == id and each.state in SETTLED_STATES), None)
