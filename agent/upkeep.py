"""What an operation means for others: it joins one that waits, takes its place, or leaves nothing to do of it.

And what did nothing at all is forgotten. Its methods block on the disk: call them in the catalog's thread.
"""

from __future__ import annotations

import logging

from agent.arrivals import Reports
from agent.proposals import Proposals
from core.engine import Engine
from core.errors import ShelverError
from core.model import Operation, Request
from core.stores.catalog import Catalog

_log = logging.getLogger(__name__)


class Upkeep:
    """Keeps needless operations out of a catalog."""

    def __init__(self, engine: Engine, catalog: Catalog) -> None:
        self._engine = engine
        self._catalog = catalog
        self._proposals = Proposals(engine, catalog)
        self._reports = Reports(engine, catalog)

    def joined(self, request: Request) -> Request:
        """Return a request that also sees to what an earlier one of the agent's own left waiting."""
        return self._proposals.joined(self._reports.joined(request))

    def came_to_rest(self, operation: Operation) -> None:
        """End, or forget, what an operation makes needless that ended or waits for a person."""
        if operation.state == "proposed":
            self._proposals.supersede_older(operation)
        elif operation.state == "completed" and operation.automatic:
            self._reports.forget_older(operation)
        elif operation.state == "completed":
            self._proposals.supersede_done(operation)

    def discard_if_idle(self, id: str) -> None:
        """Forget an operation that the agent started by itself and that found nothing to do."""
        try:
            operation = self._catalog.get(id)
            if _did_nothing(operation) and not self._reports.is_open(operation):
                self._engine.discard(id)
                self._catalog.forget(id)
        except (ShelverError, OSError) as error:
            _log.warning("operation %s is kept: %s", id, error)

    def discard_idle(self) -> None:
        """Forget all of those that an agent which ended in between did not."""
        for operation in self._catalog.page(states=("completed",), limit=len(self._catalog)):
            if _did_nothing(operation):
                self.discard_if_idle(operation.id)


def _did_nothing(operation: Operation) -> bool:
    return operation.automatic and operation.state == "completed" and not operation.counts.planned
