"""The description of the socket, OpenAPI 3.1, generated from the routes and their structs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from agent.routes import Route
from core import __version__
from core.model import Event

_REFERENCE = "#/components/schemas/{name}"


def description(routes: Sequence[Route]) -> bytes:
    """Return the description as JSON."""
    types = _types(routes)
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    by_type = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Shelver's agent",
            "version": __version__,
            "description": "HTTP over a Unix socket. Who asks is told by the kernel. Events come as WebSocket text "
            "messages (schema Event) from /ws/events and /ws/operations/{id}: a snapshot first.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }
    return msgspec.json.encode(document)


def _types(routes: Sequence[Route]) -> list[Any]:
    found: dict[str, Any] = {repr(Event): Event}
    for route in routes:
        for answer in (*route.answers.values(), route.body, route.query):
            found.update({repr(each): each for each in _alternatives(answer)})
    return list(found.values())


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": route.summary,
        "description": f"Needs the right to {route.right}.",
        "operationId": f"{route.method.lower()}{_camel(route.path)}",
        "responses": {str(code): _response(route, code, schemas) for code in route.answers},
    }
    parameters = _path_parameters(route) + _query_parameters(route.query)
    if parameters:
        described["parameters"] = parameters
    if route.body is not None:
        described["requestBody"] = {"content": {"application/json": {"schema": schemas[repr(route.body)]}}}
    return described


def _camel(path: str) -> str:
    words = path.replace("{", "").replace("}", "").replace(".", "/").split("/")
    return "".join(word[:1].upper() + word[1:] for word in words)


def _response(route: Route, code: int, schemas: dict[str, Any]) -> dict[str, Any]:
    answers = [schemas[repr(each)] for each in _alternatives(route.answers[code])] or [{"type": "string"}]
    media = route.media if code < 300 else "application/json"
    schema = answers[0] if len(answers) == 1 else {"anyOf": answers}
    return {"description": "Success" if code < 300 else "Refused", "content": {media: {"schema": schema}}}


def _alternatives(answer: Any) -> tuple[Any, ...]:
    if answer is None:
        return ()
    return answer if isinstance(answer, tuple) else (answer,)


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    if "{id}" not in route.path:
        return []
    return [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]


def _query_parameters(query: type[Struct] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = msgspec.json.schema_components([query])[1][query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": property_}
        for name, property_ in schema["properties"].items()
    ]
