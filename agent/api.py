"""The routes of the socket: what each answers."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Annotated, Any, get_args

from msgspec import Meta, Struct
from msgspec.structs import asdict

from agent import configuring, looking, pairs, previews
from agent.auth import Peer, user_name
from agent.bodies import (
    Activity,
    AgentStatus,
    Approve,
    Destinations,
    DestinationView,
    Folders,
    Health,
    Me,
    OperationDetail,
    Operations,
    Passage,
    Passages,
    QueueStatus,
    Refusal,
    Rollback,
    StartOperation,
    Status,
    Steps,
    WorkerStatus,
    check_kind,
    check_paths,
    check_rules,
    chosen,
    exact,
)
from agent.metrics import exposition
from agent.openapi import description
from agent.routes import Asked, Route, acts, looks
from agent.serving import Agent
from core import __version__
from core.duplicates.views import PageView
from core.errors import UsageError
from core.model import FolderStatus, Operation, Outcome, Preview, Request, State, new_id, now
from core.names import shown, wire_path

Limit = Annotated[int, Meta(ge=1, le=1000)]
STATES: tuple[str, ...] = get_args(State)


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True, rename={"text": "filter"}):
    """Which operations: of a folder, in a state (or several, with commas), older than the one with the id `before`.

    `text`: words that are said of it (folder, kind, state, who asked, why), or, with a `!`, that are not.
    """

    folder: str | None = None
    state: str | None = None
    text: str = ""
    limit: Limit = 50
    before: str | None = None


class StepsQuery(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "text": "filter"}):
    """Which steps: from a number on, with a text in source or destination, with an outcome, `into` one destination.

    `folded`: files that go together share a line, and lines are what is counted; only where nothing else is asked.
    """

    start: Annotated[int, Meta(ge=0)] = 0
    limit: Limit = 200
    text: str = ""
    outcome: Outcome | None = None
    into: Annotated[int, Meta(ge=0)] | None = None
    folded: bool = False


class ActivityQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How many days to look back, today included."""

    days: Annotated[int, Meta(ge=1, le=366)] = 28


class DuplicatesQuery(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """Which groups: from a number on, of the same content or (`near`) of pictures that look alike; or all."""

    start: Annotated[int, Meta(ge=0)] = 0
    limit: Limit = 200
    near: bool | None = None


class HistoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to look for in the paths that files had."""

    q: Annotated[str, Meta(min_length=1)]
    limit: Limit = 200


# -- looking ----------------------------------------------------------------------------------------------


async def health(agent: Agent, asked: Asked) -> Health:
    """Say whether all is well."""
    reasons = agent.troubles()
    return Health(status="failing" if reasons else "ok", reasons=reasons)


async def status(agent: Agent, asked: Asked) -> Status:
    """Return the agent at one look."""
    lengths = await agent.operations.dispatch.lengths()
    return Status(
        agent=AgentStatus(pid=os.getpid(), started=agent.started, state_dir=shown(agent.settings.state)),
        version=__version__,
        uptime=time.monotonic() - agent.began,
        folders=agent.folders.statuses,
        queue=QueueStatus(interactive=lengths["interactive"], bulk=lengths["bulk"]),
        workers=[WorkerStatus(pid=agent.supervisor.pid, alive=agent.supervisor.is_ready)],
        running=agent.hub.running,
        waiting=await agent.archive.page(None, ["proposed"], 100, None),
    )


async def operations(agent: Agent, asked: Asked) -> Operations:
    """Return a page of operations."""
    query: PageQuery = asked.query
    states = query.state.split(",") if query.state else []
    if unknown := [state for state in states if state not in STATES]:
        raise UsageError(f"no operation is ever {shown(unknown[0])}", field="state")
    found = await agent.archive.page(query.folder, states, query.limit, query.before, query.text)  # type: ignore[arg-type]
    return Operations(found)


async def operation(agent: Agent, asked: Asked) -> OperationDetail:
    """Return one operation."""
    found = agent.operations.get(asked.id)
    return OperationDetail(**asdict(found), progress=agent.hub.progress_of(asked.id))


async def steps(agent: Agent, asked: Asked) -> Steps:
    """Return a page of steps."""
    query: StepsQuery = asked.query
    filters = (query.text, query.outcome, query.into)
    if query.folded and filters == ("", None, None):
        page = await agent.archive.lines(asked.id, query.start, query.limit)
    else:
        page = await agent.archive.steps(asked.id, query.start, query.limit, *filters)
    return Steps(page.steps, page.total, page.lines)


async def destinations(agent: Agent, asked: Asked) -> Destinations:
    """Return where the files of a plan go."""
    views = []
    for each in await agent.archive.destinations(asked.id):
        path, path_b64 = wire_path(each.path) if each.path else (None, None)
        views.append(DestinationView(fate=each.fate, files=each.files, bytes=each.bytes, path=path, path_b64=path_b64))
    return Destinations(views)


async def activity(agent: Agent, asked: Asked) -> Activity:
    """Return what was done on each of the last days."""
    return Activity(await agent.archive.activity(asked.query.days))


async def folders(agent: Agent, asked: Asked) -> Folders:
    """Return all folders."""
    return Folders(agent.folders.statuses)


async def history(agent: Agent, asked: Asked) -> Passages:
    """Return where files went."""
    found = await agent.archive.history(asked.query.q, asked.query.limit)
    results = []
    for each in found:
        source, source_b64 = wire_path(each.source) if each.source else (None, None)
        destination, destination_b64 = wire_path(each.destination) if each.destination else (None, None)
        results.append(
            Passage(
                operation=each.operation,
                kind=each.kind,
                source=source,
                destination=destination,
                outcome="done",
                when=each.when,
                source_b64=source_b64,
                destination_b64=destination_b64,
            )
        )
    return Passages(results)


async def duplicates(agent: Agent, asked: Asked) -> PageView:
    """Return a page of the groups that a dedupe operation found."""
    query: DuplicatesQuery = asked.query
    return await agent.archive.duplicates(asked.id, query.start, query.limit, query.near)


async def me(agent: Agent, asked: Asked) -> Me:
    """Tell the asker who it is taken for."""
    peer = asked.peer
    return Me(uid=peer.uid, gid=peer.gid, groups=sorted(peer.groups), may=agent.access.rights(peer))


async def metrics(agent: Agent, asked: Asked) -> bytes:
    """Return the metrics."""
    return await exposition(agent)


async def openapi(agent: Agent, asked: Asked) -> bytes:
    """Return what describes these routes."""
    return await asyncio.to_thread(description, ROUTES)


# -- acting -----------------------------------------------------------------------------------------------


async def _by(peer: Peer) -> str:
    return await asyncio.to_thread(user_name, peer.uid)


async def start(agent: Agent, asked: Asked) -> Operation:
    """Start an operation."""
    body: StartOperation = asked.body
    check_kind(body)
    folder, paths = agent.folder(body.folder), exact(body.paths, body.paths_b64)
    check_rules(folder, body.rules)
    check_paths(paths)
    agent.folders.check_not_halted(folder.name)
    request = Request(
        id=new_id(),
        kind=body.kind,
        folder=folder.name,
        created=now(),
        requested_by=await _by(asked.peer),
        dry_run=body.dry_run,
        subfolders=body.subfolders,
        rules=body.rules,
        paths=paths,
        action=body.action,
        similar=body.similar,
        verify=body.verify,
        of=body.of,
        choices=chosen(body.choices, body.choices_b64),
        keep=body.keep,
        resolve=body.resolve,
    )
    return await agent.operations.submit(request)


async def rollback(agent: Agent, asked: Asked) -> Operation | Preview:
    """Take an operation back, or say what that would do."""
    body: Rollback = asked.body
    request = Request(
        id=new_id(),
        kind="rollback",
        folder=agent.operations.get(asked.id).folder,
        created=now(),
        requested_by=await _by(asked.peer),
        dry_run=body.dry_run,
        undo_of=asked.id,
        only=exact(body.only, body.only_b64),
        on_conflict=body.on_conflict,
    )
    return await (agent.operations.preview(request) if body.dry_run else agent.operations.submit(request))


async def approve(agent: Agent, asked: Asked) -> Operation:
    """Let a proposal run."""
    body: Approve = asked.body
    only, without = exact(body.only, body.only_b64), exact(body.without, body.without_b64)
    return await agent.operations.approve(asked.id, await _by(asked.peer), only, without or ())


async def reject(agent: Agent, asked: Asked) -> Operation:
    """Refuse a proposal."""
    return await agent.operations.reject(asked.id, await _by(asked.peer))


async def cancel(agent: Agent, asked: Asked) -> Operation:
    """Stop an operation."""
    return await agent.operations.cancel(asked.id)


async def pause(agent: Agent, asked: Asked) -> FolderStatus:
    """Start nothing in a folder any more."""
    return await agent.folders.pause(asked.id)


async def resume(agent: Agent, asked: Asked) -> FolderStatus:
    """Go on in a folder."""
    return await agent.folders.resume(asked.id)


# -- the table --------------------------------------------------------------------------------------------

_ONE = "/api/v1/operations/{id}"


_UNKNOWN = {404: Refusal}
_WRONG = {422: Refusal}

ROUTES: tuple[Route, ...] = (
    looks("/health", health, Health, "Whether all is well", answers={503: Health}),
    looks("/metrics", metrics, None, "Prometheus metrics", media="text/plain; version=0.0.4"),
    looks("/api/v1/status", status, Status, "The agent at one look"),
    looks("/api/v1/openapi.json", openapi, dict[str, Any], "This description"),
    looks("/api/v1/auth/me", me, Me, "Who the agent takes you for"),
    looks(
        "/api/v1/operations", operations, Operations, "A page of operations", query=PageQuery, answers=_UNKNOWN | _WRONG
    ),
    acts("/api/v1/operations", start, Operation, "Start an operation", body=StartOperation),
    looks(_ONE, operation, OperationDetail, "One operation", answers=_UNKNOWN),
    looks(f"{_ONE}/steps", steps, Steps, "A page of its steps", query=StepsQuery, answers=_UNKNOWN | _WRONG),
    looks(f"{_ONE}/destinations", destinations, Destinations, "Where its files go", answers=_UNKNOWN),
    acts(f"{_ONE}/rollback", rollback, (Operation, Preview), "Take it back; a dry run previews", body=Rollback),
    acts(f"{_ONE}/approve", approve, Operation, "Let a proposal run", body=Approve),
    acts(f"{_ONE}/reject", reject, Operation, "Refuse a proposal"),
    acts(f"{_ONE}/cancel", cancel, Operation, "Stop it between two files"),
    looks("/api/v1/folders", folders, Folders, "All folders"),
    acts("/api/v1/folders/{id}/pause", pause, FolderStatus, "Start nothing in a folder"),
    acts("/api/v1/folders/{id}/resume", resume, FolderStatus, "Go on in a folder; accept a halted one"),
    looks("/api/v1/activity", activity, Activity, "What was done on each day", query=ActivityQuery, answers=_WRONG),
    looks("/api/v1/history", history, Passages, "Where a file went", query=HistoryQuery, answers=_WRONG),
    looks(
        "/api/v1/duplicates/{id}",
        duplicates,
        PageView,
        "Groups of a dedupe operation",
        query=DuplicatesQuery,
        answers=_UNKNOWN | _WRONG,
    ),
    *looking.ROUTES,
    *previews.ROUTES,
    *configuring.ROUTES,
    *pairs.ROUTES,
)
