"""An agent all of whose names are harmful: what it says is changed on its way out, what it is asked on its way in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from zlib import crc32

from aiohttp import web

from tests.tui.fake_agent import FakeAgent
from tests.tui.hostile import hostile_names

NAMES = [name.replace("/", "").replace("\x00", "") for name in hostile_names(5000)]
_TEXTS = {
    *("name", "path", "folder", "source", "destination", "reason", "note", "error", "message", "why", "hint", "check"),
    *("requested_by", "keep", "title", "text", "current", "where", "table", "config", "obstacle", "left_alone", "rule"),
    *("ignore", "to", "match", "facts", "recent", "by", "follows", "camera", "needle", "place", "under"),
    *("bucket", "copy", "sync_paused"),
}
"""Keys below which text is somebody's, not ours."""
_COUNTED = {"notes", "refusals"}
"""Keys of tables whose keys are."""
_OURS = re.compile(r"\d{4}-\d\d-\d\dT|[\d.,]*$")


class Poison:
    """Makes names harmful, the same each time, and knows what they were."""

    def __init__(self, salt: int = 0) -> None:
        self._salt = salt
        self._were: dict[str, str] = {}

    def said(self, text: str) -> str:
        """Return a name or path with something harmful at the end of each of its parts."""
        parts = [part and part + NAMES[(crc32(part.encode()) + self._salt) % len(NAMES)] for part in text.split("/")]
        harmful = "/".join(parts)
        self._were[harmful] = text
        return harmful

    def was(self, text: str) -> str:
        """Return what a name was before."""
        return self._were.get(text, text)

    def all(self, value: Any, *, theirs: bool = False) -> Any:
        """Return a value with all that is somebody's made harmful."""
        if isinstance(value, dict):
            return {
                key: {self.said(each): number for each, number in inner.items()}
                if key in _COUNTED
                else self.all(inner, theirs=theirs or key in _TEXTS)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.all(each, theirs=theirs) for each in value]
        return self.said(value) if theirs and isinstance(value, str) and not _OURS.match(value) else value


class PoisonedAgent:
    """Wraps the answers of a fake agent, and its events."""

    def __init__(self, agent: FakeAgent, poison: Poison) -> None:
        self._agent = agent
        self._poison = poison

    def install(self, patch: Callable[[object, str, Any], None]) -> None:
        """Change what goes in and out of the agent; `patch` sets an attribute for as long as the test lasts."""
        poison, remember = self._poison, self._agent._remember

        @web.middleware
        async def harmful(request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
            match = {key: poison.was(value) for key, value in request.match_info.items()}
            query = {key: poison.was(value) for key, value in request.query.items()}
            asked = request.clone(rel_url=request.rel_url.with_query(query))
            asked._match_info = request._match_info
            asked.match_info.update(match)
            response = await remember(asked, handler)
            if isinstance(response, web.Response) and response.content_type == "application/json":
                response.body = json.dumps(poison.all(json.loads(bytes(response.body)))).encode()  # type: ignore[arg-type]
            return response

        patch(self._agent, "_remember", harmful)
        send = web.WebSocketResponse.send_str

        async def send_harmful(socket: web.WebSocketResponse, text: str, compress: int | None = None) -> None:
            await send(socket, json.dumps(poison.all(json.loads(text))), compress)

        patch(web.WebSocketResponse, "send_str", send_harmful)
