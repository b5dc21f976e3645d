"""An agent that keeps a script: a real server on a real Unix socket, answering as `contract.md` says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain, groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import WSMsgType, web

from core.model import Counts, Event, FolderStatus, Operation, Preview, Progress, StepView
from tests.tui.fake_looks import FakeLooks
from tui.wire import Day

API = "/api/v1"
STARTED = datetime(2026, 11, 12, 7, 30, tzinfo=UTC)


class FakeAgent:
    """Answers from what a test puts into it, and remembers what it was asked."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.folders: dict[str, FolderStatus] = {}
        self.operations: dict[str, Operation] = {}
        self.steps: dict[str, Sequence[StepView]] = {}
        self.progress: dict[str, Progress] = {}
        self.previews: dict[str, Preview] = {}
        self.results: list[dict[str, Any]] = []
        self.days: list[Day] = []
        self.planning: asyncio.Event | None = None
        """Where there is one, previews of undos take until it is set."""
        self.looks = FakeLooks(self)
        self.may = ["view", "act"]
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.listeners: set[web.WebSocketResponse] = set()
        self._seq = 0
        self._runner: web.AppRunner | None = None

    # -- its life ----------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(middlewares=[self._remember])
        app.add_routes(self.looks.routes())
        app.add_routes(
            [
                web.get("/health", _health),
                web.get("/metrics", _metrics),
                web.get(f"{API}/status", self._status),
                web.get(f"{API}/auth/me", self._me),
                web.get(f"{API}/folders", self._folders),
                web.post(f"{API}/folders/{{name}}/{{verb}}", self._folder),
                web.get(f"{API}/operations", self._list),
                web.post(f"{API}/operations", self._submit),
                web.get(f"{API}/operations/{{id}}", self._one),
                web.get(f"{API}/operations/{{id}}/steps", self._steps),
                web.get(f"{API}/operations/{{id}}/destinations", self._destinations),
                web.get(f"{API}/activity", self._activity),
                web.post(f"{API}/operations/{{id}}/rollback", self._rollback),
                web.post(f"{API}/operations/{{id}}/{{verb}}", self._act),
                web.get(f"{API}/history", self._history),
                web.get("/ws/events", self._listen),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self.socket)).start()

    async def stop(self) -> None:
        if self._runner is not None:
            for listener in list(self.listeners):
                await listener.close()
            await self._runner.cleanup()
            self._runner = None
            self.socket.unlink(missing_ok=True)

    def acts(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return what it was asked to change, as (method, path after the prefix, body)."""
        return [(method, path.removeprefix(API), body) for method, path, body in self.asked if method == "POST"]

    # -- its script --------------------------------------------------------------------------------------

    def put(self, operation: Operation, steps: Sequence[StepView] = ()) -> Operation:
        self.operations[operation.id] = operation
        self.steps[operation.id] = steps
        return operation

    async def tell(self, event: Event) -> None:
        """Send an event to everybody who listens, and keep it true for who asks later."""
        self._seq += 1
        if event.operation is not None:
            self.operations[event.operation.id] = event.operation
        if event.progress is not None:
            self.progress[event.progress.operation] = event.progress
        if event.folder is not None:
            self.folders[event.folder.name] = event.folder
        data = msgspec.json.encode(msgspec.structs.replace(event, seq=self._seq)).decode()
        for listener in list(self.listeners):
            await listener.send_str(data)

    # -- its answers -------------------------------------------------------------------------------------

    @web.middleware
    async def _remember(self, request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else {}
        self.asked.append((request.method, request.path, body))
        if request.method == "POST" and "act" not in self.may:
            return _refuse(403, "not_allowed", "Not allowed: you may only look.")
        return await handler(request)  # type: ignore[no-any-return]

    async def _status(self, request: web.Request) -> web.Response:
        return _json(
            {
                "agent": {"pid": 4242, "started": STARTED, "state_dir": "/home/lena/.local/state/shelver"},
                "version": "0.0",
                "uptime": 3600.0,
                "folders": list(self.folders.values()),
                "queue": {"interactive": 0, "bulk": 0},
                "workers": [{"pid": 4243, "alive": True}],
                "running": list(self.progress.values()),
                "waiting": [o for o in self._newest() if o.state == "proposed"],
            }
        )

    async def _me(self, request: web.Request) -> web.Response:
        return _json({"uid": 1000, "gid": 1000, "groups": [1000], "may": self.may})

    async def _folders(self, request: web.Request) -> web.Response:
        return _json({"folders": list(self.folders.values())})

    async def _folder(self, request: web.Request) -> web.Response:
        folder = self.folders.get(request.match_info["name"])
        if folder is None:
            return _refuse(404, "unknown_folder", "No folder is called that.")
        state = "paused" if request.match_info["verb"] == "pause" else "watching"
        folder = msgspec.structs.replace(folder, state=state, reason="by lena" if state == "paused" else "")
        await self.tell(Event(type="folder", folder=folder))
        return _json(folder)

    async def _list(self, request: web.Request) -> web.Response:
        query = request.query
        found = [
            operation
            for operation in self._newest()
            if query.get("folder") in (None, operation.folder)
            and query.get("state") in (None, operation.state)
            and all(_has(operation, word) for word in query.get("filter", "").lower().split())
        ]
        if before := query.get("before"):
            found = found[[operation.id for operation in found].index(before) + 1 :]
        return _json({"operations": found[: int(query.get("limit", "50"))]})

    async def _one(self, request: web.Request) -> web.Response:
        operation = self.operations.get(request.match_info["id"])
        return _json(operation) if operation is not None else _refuse(404, "unknown_operation", "No such operation.")

    async def _steps(self, request: web.Request) -> web.Response:
        query = request.query
        steps = self.steps.get(request.match_info["id"], ())
        text, outcome = query.get("filter", "").lower(), query.get("outcome")
        if text or outcome:
            steps = [
                step
                for step in steps
                if outcome in (None, step.outcome)
                and any(text in part.lower() for part in (step.source, step.destination, step.reason) if part)
            ]
        elif into := query.get("into"):
            steps = list(self._by_folder(request.match_info["id"]).values())[int(into)]
        start, limit = int(query.get("from", "0")), int(query.get("limit", "50"))
        if "folded" in query and len(steps) < 10_000:
            lines = [list(line) for _, line in groupby(steps, lambda step: (step.group, step.group or step.seq))]
            some = lines[start : start + limit]
            return _json({"steps": list(chain.from_iterable(some)), "total": len(lines), "lines": list(map(len, some))})
        return _json({"steps": list(steps[start : start + limit]), "total": len(steps)})

    def _by_folder(self, id: str) -> dict[tuple[str, str], list[StepView]]:
        found: dict[tuple[str, str], list[StepView]] = {}
        for step in self.steps.get(id, ()):
            fate = "trash" if step.kind == "trash" else "into" if step.destination else "stays"
            folder = os.path.dirname(step.destination or "") if fate == "into" else ""
            found.setdefault((fate, folder), []).append(step)
        return dict(sorted(found.items(), key=lambda item: (item[0][0] == "stays", item[0])))

    async def _destinations(self, request: web.Request) -> web.Response:
        found = self._by_folder(request.match_info["id"])
        return _json(
            {
                "destinations": [
                    {"fate": fate, "path": path or None, "files": len(steps), "bytes": 3_000_000 * len(steps)}
                    for (fate, path), steps in found.items()
                ]
            }
        )

    async def _activity(self, request: web.Request) -> web.Response:
        return _json({"days": self.days[-int(request.query["days"]) :]})

    async def _submit(self, request: web.Request) -> web.Response:
        body = await request.json()
        number = len(self.operations)
        operation = Operation(
            id=f"fresh{number:03}",
            kind=body["kind"],
            folder=body["folder"],
            state="proposed" if body.get("dry_run") else "queued",
            counts=Counts(planned=2),
            created=datetime(2026, 11, 16, 14, 5, tzinfo=UTC),
            sequence=1000 + number,
            requested_by="lena",
        )
        self.put(operation, moves(2))
        return _json(operation, status=202)

    async def _rollback(self, request: web.Request) -> web.Response:
        id, body = request.match_info["id"], await request.json()
        if body.get("dry_run"):
            if self.planning is not None:
                await self.planning.wait()
            return _json(self.previews[id])
        before = self.operations[id]
        operation = Operation(
            id="undo0001",
            kind="rollback",
            folder=before.folder,
            state="queued",
            counts=Counts(planned=before.counts.done),
            undo_of=id,
            created=datetime(2026, 11, 16, 14, 6, tzinfo=UTC),
            sequence=2000,
            requested_by="lena",
        )
        return _json(self.put(operation), status=202)

    async def _act(self, request: web.Request) -> web.Response:
        operation = self.operations[request.match_info["id"]]
        verb = request.match_info["verb"]
        if verb in ("approve", "reject") and operation.state != "proposed":
            return _refuse(409, "wrong_state", f"Operation {operation.id} is {operation.state}: too late.")
        state = {"approve": "queued", "reject": "rejected", "cancel": "cancelling"}[verb]
        operation = msgspec.structs.replace(operation, state=state)
        await self.tell(Event(type="operation", operation=operation))
        return _json(operation, status=202)

    async def _history(self, request: web.Request) -> web.Response:
        text = request.query["q"].lower()
        return _json({"results": [r for r in self.results if text in r["source"].lower()]})

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        listener = web.WebSocketResponse()
        await listener.prepare(request)
        snapshot = Event(
            type="snapshot",
            seq=self._seq,
            operations=list(self.operations.values()),
            progresses=list(self.progress.values()),
            folders=list(self.folders.values()),
        )
        await listener.send_str(msgspec.json.encode(snapshot).decode())
        self.listeners.add(listener)
        try:
            async for message in listener:
                assert message.type != WSMsgType.ERROR
        finally:
            self.listeners.discard(listener)
        return listener

    def _newest(self) -> list[Operation]:
        return sorted(self.operations.values(), key=lambda operation: operation.sequence, reverse=True)


class Moves(Sequence[StepView]):
    """So many steps, each made when it is asked for."""

    def __init__(self, number: int, make: Callable[[int], StepView]) -> None:
        self._number = number
        self._make = make

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._make(i) for i in range(*index.indices(self._number))]
        if not 0 <= index < self._number:
            raise IndexError(index)
        return self._make(index)


def moves(number: int, folder: str = "/home/lena/Camera") -> Sequence[StepView]:
    """Return pictures that were moved from a folder into its months; every 1,000th was skipped."""

    def make(index: int) -> StepView:
        name = f"IMG_{index:06}.JPG"
        skipped = index % 1000 == 999
        return StepView(
            seq=index,
            kind="move",
            group=0,
            source=f"{folder}/{name}",
            destination=f"{folder}/Pictures/2026/2026-{index % 12 + 1:02}/{name}",
            outcome="skipped" if skipped else "done",
            reason="open in another program" if skipped else None,
        )

    return Moves(number, make)


def _has(operation: Operation, word: str) -> bool:
    said = f"{operation.folder} {operation.kind} {operation.state} {operation.error}".lower()
    return (word.removeprefix("!") in said) is not word.startswith("!")


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", status=status)


def _refuse(status: int, code: str, message: str) -> web.Response:
    return _json({"error": {"code": code, "message": message}}, status)


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(text="shelver_up 1\n")


async def _health(request: web.Request) -> web.Response:
    return _json({"status": "ok"})
