"""What people look up of operations: pages of the catalog, of steps, of groups; where files went.

Belongs to the event loop's thread; whatever reads from the disk or goes over many operations runs in another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import closing

from agent.operations import Operations
from core.duplicates.views import PageView, page_of
from core.errors import UnknownOperation, UsageError, WrongState
from core.model import Operation, Outcome, Pending, State, now
from core.names import shown
from core.stores.history import History, Passage
from core.views.activity import Day
from core.views.destinations import Destination
from core.views.steps import Page


class Archive:
    """Looks things up among an agent's operations."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._catalog = operations.catalog

    async def page(
        self, folder: str | None, states: Iterable[State], limit: int, before: str | None, text: str = ""
    ) -> list[Operation]:
        """Return operations, newest first, older than `before`; see Catalog.page. Raises UnknownOperation."""
        sequence = None if before is None else self._catalog.get(before).sequence
        return await asyncio.to_thread(
            self._catalog.page, folder=folder, states=tuple(states), text=text, limit=limit, before=sequence
        )

    async def activity(self, days: int) -> list[Day]:
        """Return how much was done on each of the last days."""
        return await asyncio.to_thread(self._catalog.activity, now().astimezone(), days)

    async def newest(self, limit: int) -> list[Operation]:
        """Return the newest operations, and whatever else is under way or waits."""

        def collect() -> list[Operation]:
            newest = self._catalog.page(limit=limit)
            waiting = self._catalog.page(states=("proposed", "interrupted"), limit=limit)
            chosen = {each.id: each for each in (*newest, *waiting, *self._catalog.unfinished())}
            return sorted(chosen.values(), key=lambda each: -each.sequence)

        return await asyncio.to_thread(collect)

    async def steps(
        self, id: str, start: int, limit: int, text: str, outcome: Outcome | None, into: int | None = None
    ) -> Page:
        """Return a page of steps; none while there is no plan. Raises UnknownOperation, UsageError, JournalDamaged."""
        if not self._has_plan(id):
            return Page([], 0)
        try:
            return await asyncio.to_thread(self._operations.engine.steps, id, start, limit, text, outcome, into)
        except IndexError:
            raise UsageError("files go into fewer folders than that", field="into") from None

    async def lines(self, id: str, start: int, limit: int) -> Page:
        """Return a page of lines, in which files that go together are one; else as `steps`."""
        if not self._has_plan(id):
            return Page([], 0)
        return await asyncio.to_thread(self._operations.engine.lines, id, start, limit)

    async def destinations(self, id: str) -> list[Destination]:
        """Return where the files of a plan go; nothing while there is none. Raises UnknownOperation, JournalDamaged."""
        if not self._has_plan(id):
            return []
        return await asyncio.to_thread(self._operations.engine.destinations, id)

    async def carries(self, id: str) -> Pending:
        """Return what a sync is still to carry; nothing while there is no plan. Raises UnknownOperation, …"""
        if self._catalog.get(id).kind != "sync" or not self._has_plan(id):
            return Pending()
        return await asyncio.to_thread(self._operations.engine.carries, id)

    def _has_plan(self, id: str) -> bool:
        """Tell whether an operation of the catalog has a plan. Raises UnknownOperation."""
        return self._operations.engine.files(self._catalog.get(id).id).has_plan()

    async def duplicates(self, id: str, start: int, limit: int, near: bool | None) -> PageView:
        """Return a page of the groups that a dedupe found; none before. Raises UnknownOperation, JournalDamaged."""
        if self._catalog.get(id).kind != "dedupe":
            raise UnknownOperation(shown(id))
        try:
            return await asyncio.to_thread(page_of, self._operations.engine.files(id), start, limit, near)
        except WrongState:
            return PageView(groups=[])

    async def history(self, text: str, limit: int) -> list[Passage]:
        """Return where files went whose path, at any time, holds a text."""

        def search() -> list[Passage]:
            with closing(History(self._operations.engine.state.history)) as history:
                return history.search(text, limit)

        await self._operations.all_let_go()  # the history is recorded a moment after the end is told
        return await asyncio.to_thread(search)
