"""How a route is described: what the server does with it and what OpenAPI says of it come from one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
from aiohttp import web
from msgspec import Struct

from agent.auth import Peer, Right
from agent.bodies import Nothing, Refusal
from agent.serving import Agent
from core.errors import UsageError

Handler = Callable[[Agent, "Asked"], Awaitable[Any]]


class Asked(Struct, frozen=True):
    """One request: who asks, what stands in the path, in the query and in the body (already checked)."""

    peer: Peer
    id: str
    query: Any
    body: Any


class Route(Struct, frozen=True, kw_only=True):
    """One route. `query` and `body`: structs that what comes is checked against; `answers`: by status,
    a tuple where there are several."""

    method: Literal["GET", "POST"]
    path: str
    right: Right
    handler: Handler
    summary: str
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    answers: dict[int, Any]
    media: str = "application/json"


def complaint_about(error: msgspec.ValidationError) -> UsageError:
    """Return what is wrong with a request, and the field it is wrong with."""
    text, _, place = str(error).partition(" - at `$")
    field = place.strip("`").removeprefix(".").removeprefix("[...]") or None
    if field is None and "field `" in text:  # missing and unknown fields are named in the text alone
        field = text.partition("field `")[2].partition("`")[0]
    return UsageError(text[:1].lower() + text[1:], field=field)


def query_of(request: web.Request, kind: type[Struct]) -> Any:
    """Return the query, checked. Raises UsageError."""
    try:
        return msgspec.convert(dict(request.query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise complaint_about(error) from None


async def body_of(request: web.Request, kind: type[Struct]) -> Any:
    """Return the body, checked; none at all is an empty object. Raises UsageError."""
    raw = await request.read()
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise complaint_about(error) from None
    except msgspec.DecodeError as error:
        raise UsageError(f"the body is not JSON: {error}") from None


def looks(path: str, handler: Any, answer: Any, summary: str, **more: Any) -> Route:
    """Return a route by which one looks."""
    answers = {200: answer, 403: Refusal, **more.pop("answers", {})}
    return Route(method="GET", path=path, right="view", handler=handler, summary=summary, answers=answers, **more)


def acts(path: str, handler: Any, answer: Any, summary: str, **more: Any) -> Route:
    """Return a route by which one acts."""
    answers = {202: answer, 403: Refusal, 404: Refusal, 409: Refusal, 422: Refusal}
    body = more.pop("body", Nothing)
    return Route(
        method="POST", path=path, right="act", handler=handler, summary=summary, body=body, answers=answers, **more
    )
