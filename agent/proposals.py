"""What waits for a person: one proposal takes the place of another, or is done with by what the person did meanwhile.

Its methods block on the disk: call them in the catalog's thread.
"""

from __future__ import annotations

import logging

from msgspec.structs import replace

from core.engine import Engine
from core.errors import ShelverError
from core.model import Operation, Request
from core.stores.catalog import Catalog

_log = logging.getLogger(__name__)


class Proposals:
    """The proposals of one agent."""

    def __init__(self, engine: Engine, catalog: Catalog) -> None:
        self._engine = engine
        self._catalog = catalog

    def joined(self, request: Request) -> Request:
        """Return a request of the agent's own that looks at the files of a waiting proposal too."""
        if not request.automatic:
            return request
        for operation in self._waiting(request.folder):
            if operation.kind == request.kind and operation.automatic:
                before = self._engine.files(operation.id).request()
                if before.action != request.action:
                    continue  # it was set to something else since: what waits stays as it is
                return replace(
                    request,
                    paths=_union(before.paths, request.paths),
                    arrived_since=min(filter(None, (before.arrived_since, request.arrived_since)), default=None),
                )
        return request

    def supersede_older(self, newest: Operation) -> None:
        """End the proposals that a newer one of the same kind takes the place of."""
        for older in self._waiting(newest.folder):
            same = all(getattr(older, name) == getattr(newest, name) for name in ("kind", "undo_of", "automatic"))
            if same and older.sequence < newest.sequence:
                self._supersede(older.id)

    def supersede_done(self, done: Operation) -> None:
        """End the proposals of which a person's operation left nothing to do."""
        for waiting in self._waiting(done.folder):
            if waiting.sequence < done.sequence and self._engine.leaves_nothing_of(done.id, waiting.id):
                self._supersede(waiting.id)

    def _waiting(self, folder: str) -> list[Operation]:
        return self._catalog.page(folder=folder, states=("proposed",), limit=len(self._catalog))

    def _supersede(self, id: str) -> None:
        try:
            self._engine.supersede(id)
        except ShelverError as error:
            _log.info("operation %s is not superseded: %s", id, error)


def _union(one: list[bytes] | None, other: list[bytes] | None) -> list[bytes] | None:
    """Return both lists' paths; None is all of a folder."""
    return None if one is None or other is None else list(dict.fromkeys([*one, *other]))
