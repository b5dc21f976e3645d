"""The agent's socket, as the screens and the commands see it.

    async with AgentClient(socket) as agent:
        status = await agent.status()

Every method raises AgentUnreachable when nobody answers, NotAllowed, WrongState, UnknownOperation and the
other errors of `core.errors` when the agent says no. Answers are the structs of `core.model`.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from core.errors import AgentUnreachable, NotAllowed, ShelverError
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
    Resolution,
)
from core.names import shown
from tui.wire import (
    Activity,
    Conflicts,
    Day,
    Destination,
    Destinations,
    Folders,
    Me,
    Operations,
    Refusal,
    Status,
    StepPage,
    Trace,
    Traces,
    refusal_in,
    refused,
)

ANSWER_SECONDS = 30
PLAN_SECONDS = 600
"""A rollback's preview looks at every file of the operation before it answers."""
HEARTBEAT_SECONDS = 20
"""How often an agent that says nothing is asked whether it lives; it has half as long to answer."""
LARGEST_MESSAGE = 64 * 1024 * 1024

T = TypeVar("T")


class AgentClient:
    """A connection to one agent, made when it is first needed; use it within one event loop, and close it."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the socket. Nothing that the agent does is stopped by it."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    # -- looking ---------------------------------------------------------------------------------------

    async def health(self) -> str:
        """Return "ok". Raises ShelverError with what is wrong."""
        return (await self.ask("GET", "/health", dict[str, Any]))["status"]  # type: ignore[no-any-return]

    async def status(self) -> Status:
        """Return agent, folders, queue, workers, what runs and what waits for a person."""
        return await self.ask("GET", "/api/v1/status", Status)

    async def me(self) -> Me:
        """Return who the agent takes this process for."""
        return await self.ask("GET", "/api/v1/auth/me", Me)

    async def folders(self) -> list[FolderStatus]:
        """Return the folders with their states."""
        return (await self.ask("GET", "/api/v1/folders", Folders)).folders

    async def operations(
        self,
        *,
        folder: str | None = None,
        state: str | None = None,
        text: str = "",
        limit: int = 50,
        before: str | None = None,
    ) -> list[Operation]:
        """Return a page of operations, newest first; `before` is the id of the last one already seen.

        `text`: words that are said of it, or with a leading `!` are not.
        """
        query = {"folder": folder, "state": state, "filter": text or None, "limit": limit, "before": before}
        return (await self.ask("GET", "/api/v1/operations", Operations, query=query)).operations

    async def operation(self, id: str) -> Operation:
        """Return one operation. Raises UnknownOperation."""
        return await self.ask("GET", f"/api/v1/operations/{_part(id)}", Operation)

    async def steps(
        self,
        id: str,
        *,
        start: int = 0,
        limit: int = 200,
        text: str = "",
        outcome: Outcome | None = None,
        into: int | None = None,
    ) -> StepPage:
        """Return a page of an operation's steps, counted after the filter.

        `text` is sought in paths, a leading `!` turns it round; `into` is the number of one of the `destinations`.
        """
        query = {"from": start, "limit": limit, "filter": text or None, "outcome": outcome, "into": into}
        return await self.ask("GET", f"/api/v1/operations/{_part(id)}/steps", StepPage, query=query)

    async def lines(self, id: str, *, start: int = 0, limit: int = 200) -> StepPage:
        """Return the steps of some lines of an operation: files that go together share a line."""
        query = {"from": start, "limit": limit, "folded": "true"}
        return await self.ask("GET", f"/api/v1/operations/{_part(id)}/steps", StepPage, query=query)

    async def destinations(self, id: str) -> list[Destination]:
        """Return the folders that the files of a plan go into."""
        return (await self.ask("GET", f"/api/v1/operations/{_part(id)}/destinations", Destinations)).destinations

    async def carries(self, id: str) -> Pending:
        """Return what a sync is still to carry to each side."""
        return await self.ask("GET", f"/api/v1/operations/{_part(id)}/carries", Pending)

    async def conflicts(self, folder: str) -> list[ConflictView]:
        """Return a folder's conflicts that nobody settled yet."""
        return (await self.ask("GET", f"/api/v1/folders/{_part(folder)}/conflicts", Conflicts)).conflicts

    async def resolve(self, folder: str, copies: Sequence[bytes], resolution: Resolution) -> Operation:
        """Have it planned how conflict copies (relative paths) are settled; nothing changes before it is approved."""
        return await self.submit("sync", folder, resolve=resolution, dry_run=True, paths=list(copies))

    async def activity(self, days: int = 28) -> list[Day]:
        """Return what was done on each of the last days, today last."""
        return (await self.ask("GET", "/api/v1/activity", Activity, query={"days": days})).days

    async def history(self, text: str, *, limit: int | None = None) -> list[Trace]:
        """Return what happened to files whose name, then or now, holds `text`; newest first."""
        return (await self.ask("GET", "/api/v1/history", Traces, query={"q": text, "limit": limit})).results

    async def metrics(self) -> str:
        """Return the agent's metrics as Prometheus text."""
        return (await self._fetch("GET", "/metrics")).decode()

    async def openapi(self) -> dict[str, Any]:
        """Return the description of the socket's routes."""
        return await self.ask("GET", "/api/v1/openapi.json", dict[str, Any])

    # -- acting ----------------------------------------------------------------------------------------

    async def submit(self, kind: OperationKind, folder: str, **options: Any) -> Operation:
        """Start an operation; options that are None are left out (`dry_run`, `paths` (relative), `rules`, …)."""
        paths = _paths("paths", options.pop("paths", None))
        body = {"kind": kind, "folder": folder, **_given(options), **paths}
        return await self.ask("POST", "/api/v1/operations", Operation, body=body)

    async def rollback(
        self, id: str, *, only: Sequence[bytes] | None = None, on_conflict: OnConflict = "number"
    ) -> Operation:
        """Take an operation back, or the part of it that these absolute paths name; return the new operation."""
        body = {"on_conflict": on_conflict, **_paths("only", only)}
        return await self.ask("POST", f"/api/v1/operations/{_part(id)}/rollback", Operation, body=body)

    async def preview_rollback(
        self, id: str, *, only: Sequence[bytes] | None = None, on_conflict: OnConflict = "number"
    ) -> Preview:
        """Return what taking it back would do; nothing is changed."""
        body = {"dry_run": True, "on_conflict": on_conflict, **_paths("only", only)}
        path = f"/api/v1/operations/{_part(id)}/rollback"
        return await self.ask("POST", path, Preview, body=body, seconds=PLAN_SECONDS)

    async def approve(
        self, id: str, *, only: Sequence[bytes] | None = None, without: Sequence[bytes] | None = None
    ) -> Operation:
        """Let a proposed operation run: all of it, or these absolute paths, and without those. Raises WrongState."""
        body = _paths("only", only) | _paths("without", without)
        return await self.ask("POST", f"/api/v1/operations/{_part(id)}/approve", Operation, body=body)

    async def reject(self, id: str) -> Operation:
        """Refuse a proposed operation. Raises WrongState."""
        return await self.ask("POST", f"/api/v1/operations/{_part(id)}/reject", Operation, body={})

    async def cancel(self, id: str) -> Operation:
        """Ask a running operation to stop between two files. Raises WrongState."""
        return await self.ask("POST", f"/api/v1/operations/{_part(id)}/cancel", Operation, body={})

    async def pause(self, folder: str) -> FolderStatus:
        """Start nothing in a folder any more, also after a restart. Raises UnknownFolder."""
        return await self.ask("POST", f"/api/v1/folders/{_part(folder)}/pause", FolderStatus, body={})

    async def resume(self, folder: str) -> FolderStatus:
        """Go on in a paused folder, or accept a halted one as it is now. Raises UnknownFolder."""
        return await self.ask("POST", f"/api/v1/folders/{_part(folder)}/resume", FolderStatus, body={})

    # -- watching --------------------------------------------------------------------------------------

    def events(self) -> AsyncGenerator[Event, None]:
        """Yield what happens, a snapshot first, until the agent goes away (AgentUnreachable; connecting anew is the
        caller's choice) or the caller stops asking."""
        return self._listen("/ws/events")

    def operation_events(self, id: str) -> AsyncGenerator[Event, None]:
        """Yield what happens to one operation, a snapshot first; ends after its end."""
        return self._listen(f"/ws/operations/{_part(id)}", until="end")

    async def _listen(self, path: str, *, until: str = "") -> AsyncGenerator[Event, None]:
        decoder = msgspec.json.Decoder(Event)
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):  # an agent that is stopped lets one in and says nothing
                connected = await self._open().ws_connect(
                    _url(path), max_msg_size=LARGEST_MESSAGE, heartbeat=HEARTBEAT_SECONDS
                )
            async with connected as socket:
                async for message in socket:
                    if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                        continue
                    event = decoder.decode(message.data)
                    yield event
                    if event.type == until:
                        return
        except aiohttp.WSServerHandshakeError as error:
            raise refused(error.status, Refusal(message=error.message)) from None
        except (OSError, aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
            raise self._unreachable(error) from None
        raise AgentUnreachable("it ended")

    # -- how -------------------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, answer: type[T], **options: Any) -> T:
        """Ask one route; options are `query`, `body` and `seconds`. Raises the errors above."""
        data = await self._fetch(method, path, **options)
        try:
            return msgspec.json.decode(data, type=answer, strict=False)
        except msgspec.DecodeError as error:
            raise ShelverError(f"the agent's answer to {path} is not understood: {error}") from None

    async def _fetch(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else None
        data = None if body is None else msgspec.json.encode(body)
        timeout = aiohttp.ClientTimeout(total=seconds)
        url = _url(path).with_query({key: str(value) for key, value in _given(query or {}).items()})
        try:
            async with self._open().request(method, url, data=data, headers=headers, timeout=timeout) as response:
                answer = await response.read()
                if response.status >= 400:
                    raise refused(response.status, refusal_in(answer, response.reason or ""))
                return answer
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._is_closed:
            raise RuntimeError("this AgentClient was closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(self.socket)))
        return self._session

    def _unreachable(self, error: Exception) -> ShelverError:
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        where = shown(str(self.socket))
        if isinstance(cause, PermissionError):
            return NotAllowed(f"the socket {where} belongs to another user")
        if isinstance(cause, FileNotFoundError | ConnectionRefusedError):
            return AgentUnreachable(f"nobody listens on {where}")
        if isinstance(cause, TimeoutError):
            return AgentUnreachable("it does not answer in time")
        return AgentUnreachable(shown(str(cause)) or "the connection broke")


def _url(path: str) -> URL:
    return URL(f"http://shelver{path}", encoded=True)


def _part(text: str) -> str:
    return quote(text, safe="")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _paths(name: str, paths: Sequence[bytes] | None) -> dict[str, Any]:
    """Return the part of a request that names paths: text, and base64 for those that are not UTF-8."""
    if paths is None:
        return {}
    texts, encoded = [], []
    for path in paths:
        try:
            texts.append(path.decode())
        except UnicodeDecodeError:
            encoded.append(b64encode(path).decode("ascii"))
    return {name: texts, **({f"{name}_b64": encoded} if encoded else {})}
