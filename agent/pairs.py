"""Routes of folders that are kept in step with a bucket: what waits to be settled, what a sync carries."""

from __future__ import annotations

from msgspec import Struct

from agent.bodies import Refusal
from agent.routes import Asked, looks
from agent.serving import Agent
from core.model import ConflictView, Pending
from core.views.conflicts import view


class Conflicts(Struct, frozen=True):
    """Files that both sides changed, and nobody settled yet, by path."""

    conflicts: list[ConflictView]


async def conflicts(agent: Agent, asked: Asked) -> Conflicts:
    """Return the conflicts of a folder."""
    found = await agent.folders.conflicts(agent.folder(asked.id))
    return Conflicts([view(each) for each in found])


async def carries(agent: Agent, asked: Asked) -> Pending:
    """Return what a sync is still to carry."""
    return await agent.archive.carries(asked.id)


_UNKNOWN = {404: Refusal}

ROUTES = (
    looks("/api/v1/folders/{id}/conflicts", conflicts, Conflicts, "Conflicts not settled yet", answers=_UNKNOWN),
    looks("/api/v1/operations/{id}/carries", carries, Pending, "What a sync is still to carry", answers=_UNKNOWN),
)
