"""What arrives is looked up among all that is there before it is organized: is it a copy, and of what?

Where a folder is set to `report`, the agent tells of copies that arrived, in one operation that is kept for people: a
newer one takes over what the one before it told of and still holds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from core.config import Folder
from core.duplicates.pages import arrived_copies
from core.engine import Engine
from core.model import Operation, OperationKind, Request, new_id, now
from core.planners.whose import ELSEWHERE
from core.storage import Entry
from core.stores.catalog import Catalog

RECENT = 200
"""Operations among which a report that is still open is looked for."""


def by_itself(kind: OperationKind, folder: Folder, **fields: Any) -> Request:
    """Return a request that the agent makes by itself."""
    return Request(
        id=new_id(), kind=kind, folder=folder.name, created=now(), requested_by="agent", automatic=True, **fields
    )


class Arrivals:
    """Remembers which settled files of one folder were looked up, until they are organized.

    `copies`: tells which of some paths are copies of what is there.
    """

    def __init__(self, folder: Folder, copies: Callable[[Folder, list[bytes]], Awaitable[list[bytes]]]) -> None:
        self._folder = folder
        self._copies = copies
        self._looked_up: dict[bytes, Entry] = {}

    async def look_up(self, entries: Sequence[Entry], since: datetime | None) -> Request | None:
        """Return the request that does with those of some files which are copies what the folder is set to.

        None where there are none, or where these were looked up already, as they are now.
        """
        due = [entry.path for entry in entries if self._is_due(entry)]
        found = await self._copies(self._folder, due) if due else []
        if not found:
            return None
        self._looked_up.update((entry.path, entry) for entry in entries)
        return by_itself("dedupe", self._folder, paths=found, arrived_since=since, action=self._folder.duplicates)

    def all_there(self) -> Request | None:
        """Return the request that does what the folder is set to with the copies that came before it was.

        None where nothing is done with copies: of what was there before, a person asks.
        """
        set_to = self._folder.duplicates
        return None if set_to in ELSEWHERE else by_itself("dedupe", self._folder, action=set_to)

    def _is_due(self, entry: Entry) -> bool:
        was_looked_up = self._looked_up.pop(entry.path, None) == entry
        return entry.size > 0 and self._folder.duplicates != "off" and not was_looked_up


class Reports:
    """The agent's own reports of copies that arrived: at most one a folder."""

    def __init__(self, engine: Engine, catalog: Catalog) -> None:
        self._engine = engine
        self._catalog = catalog

    def joined(self, request: Request) -> Request:
        """Return a report's request that also looks up what an earlier report told of."""
        if not _is_report(request):
            return request
        earlier = self._newest(request.folder)
        if earlier is None:
            return request
        paths = dict.fromkeys([*arrived_copies(self._engine.files(earlier.id)), *(request.paths or ())])
        return replace(request, paths=list(paths))

    def is_open(self, operation: Operation) -> bool:
        """Tell whether an operation is a report that tells of something."""
        if operation.kind != "dedupe" or not operation.automatic or operation.state != "completed":
            return False
        files = self._engine.files(operation.id)
        return _is_report(files.request()) and bool(arrived_copies(files))

    def forget_older(self, newest: Operation) -> None:
        """Forget the report before one that has ended: it tells of what still holds."""
        if newest.kind != "dedupe" or not newest.automatic:
            return
        older = self._newest(newest.folder, before=newest.sequence)
        if older is not None:
            self._engine.discard(older.id)
            self._catalog.forget(older.id)

    def _newest(self, folder: str, before: int | None = None) -> Operation | None:
        ended = self._catalog.page(folder=folder, states=("completed",), limit=RECENT, before=before)
        return next(filter(self.is_open, ended), None)


def _is_report(request: Request) -> bool:
    return request.kind == "dedupe" and request.automatic and request.action == "report"
