"""The HTTP server on the Unix socket: who may ask, what is refused, and how."""

from __future__ import annotations

import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from aiohttp import web

from agent.api import ROUTES
from agent.auth import Peer, peer_of
from agent.bodies import Complaint, Health, Refusal
from agent.routes import Asked, Route, body_of, query_of
from agent.serving import Agent
from agent.websocket import CHANNELS, close_listeners, listen
from core.errors import (
    ConfigError,
    NotAllowed,
    Refused,
    ShelverError,
    StateFull,
    UnknownFolder,
    UnknownOperation,
    UsageError,
)
from core.names import shown
from core.state import StateDirectory

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes in the body of a request; some thousand paths fit."""
PATH_LIMIT = 107
"""Bytes in the path of a Unix socket."""
BACKLOG = 1024

PEER: web.RequestKey[Peer] = web.RequestKey("peer", Peer)

_STATUSES: tuple[tuple[type[ShelverError], int], ...] = (
    (UnknownOperation, 404),
    (UnknownFolder, 404),
    (UsageError, 422),
    (ConfigError, 422),
    (NotAllowed, 403),
    (StateFull, 507),
    (Refused, 409),
)

Identity = tuple[int, int]
"""Device and inode."""

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


# -- the socket -------------------------------------------------------------------------------------------


def bind(path: Path) -> socket.socket:
    """Listen on a socket that only this user can reach.

    Raises UsageError where the path is too long, is not a socket, or another agent answers on it.
    """
    if len(os.fsencode(path)) > PATH_LIMIT:
        raise UsageError(f"the socket's path is longer than {PATH_LIMIT} bytes: {shown(str(path))}")
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o077)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise UsageError(f"cannot listen on {shown(str(path))}: {error.strerror}") from None
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def open_to_others(places: StateDirectory, are_there_others: bool) -> None:
    """Let other users connect, or none. What they may do is decided by who they are, as the kernel says.

    A socket within the state directory needs a way there: others may pass through it, and read nothing in it.
    """
    places.socket.chmod(0o666 if are_there_others else 0o700)
    if places.socket.parent == places.state:
        places.state.chmod(0o711 if are_there_others else 0o700)


def remove(path: Path, made: Identity | None) -> None:
    """Take a socket away if it is still the one that was made: another agent may have put its own there since."""
    if made is not None and made == identity(path):
        path.unlink(missing_ok=True)


def identity(path: Path) -> Identity | None:
    """Return which file is at a path, or None where there is none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _remove_stale(path: Path) -> None:
    found = identity(path)
    if found is None:
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise UsageError(f"{shown(str(path))} is in the way: it is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            remove(path, found)  # whoever made it is dead
            return
        except OSError as error:
            raise UsageError(f"{shown(str(path))} cannot be looked into: {error}") from None
    raise UsageError(f"another agent listens on {shown(str(path))}")


# -- the application --------------------------------------------------------------------------------------


class Server:
    """The agent's server, from `start` to `stop`."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        application = web.Application(client_max_size=BODY_LIMIT, middlewares=[self._guard])
        application[CHANNELS] = set()
        for route in ROUTES:
            path = route.path.replace("{id}", "{id:[^/]+}")  # a folder's name may hold braces
            application.router.add_route(route.method, path, self._handler(route))
        application.router.add_get("/ws/events", self._listen)
        application.router.add_get("/ws/operations/{id}", self._listen)
        self._application = application
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=2)

    async def start(self, listener: socket.socket) -> None:
        """Answer on a bound socket."""
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Answer no more, and tell those who listen to events."""
        await close_listeners(self._application)
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Know who asks before anything else, and turn whatever goes wrong into an answer without a trace."""
        try:
            peer = peer_of(request.transport)
            self._agent.access.require(peer, "view")
            request[PEER] = peer
            return await handler(request)
        except ShelverError as error:
            return refusal(_status_of(error), error.code, str(error), error.fields.get("field"))
        except web.HTTPException as error:
            code = error.reason.lower().replace(" ", "_")
            return refusal(error.status, code, error.reason)
        except ConnectionError:
            raise
        except Exception:
            _log.exception("%s %s failed", request.method, shown(request.path))
            return refusal(500, "internal_error", "something went wrong; the agent's log says what")

    def _handler(self, route: Route) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._agent.access.require(request[PEER], route.right)
            asked = Asked(
                request[PEER],
                request.match_info.get("id", ""),
                query_of(request, route.query) if route.query else None,
                await body_of(request, route.body) if route.body else None,
            )
            if route.right == "act":
                _log.info("user %d, process %d: %s", asked.peer.uid, asked.peer.pid, shown(request.path))
            answer = await route.handler(self._agent, asked)
            return _answered(route, answer)

        return handle

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        return await listen(self._agent, request, request.match_info.get("id"))


def _answered(route: Route, answer: object) -> web.Response:
    body = answer if isinstance(answer, bytes) else _encode(answer)
    status = next(iter(route.answers))
    if isinstance(answer, Health) and answer.reasons:
        status = 503
    return web.Response(body=body, status=status, headers={"Content-Type": route.media})


def refusal(status: int, code: str, message: str, field: str | None = None) -> web.Response:
    """Return an answer that says why not."""
    body = _encode(Refusal(Complaint(code=code, message=message, field=field)))
    return web.Response(body=body, status=status, content_type="application/json")


def _status_of(error: ShelverError) -> int:
    if "field" in error.fields:  # something in the request names what is not there
        return 422
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
