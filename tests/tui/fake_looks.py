"""What the fake agent answers when one looks and decides: explanations, rules, the config, previews, duplicates."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from core.model import ConflictView, FolderStatus

if TYPE_CHECKING:
    from tests.tui.fake_agent import FakeAgent

API = "/api/v1"


class FakeLooks:
    """Answers from what a test puts into it; what is not there is refused as the agent refuses it."""

    def __init__(self, agent: FakeAgent) -> None:
        self._agent = agent
        self.explanations: dict[str, dict[str, Any]] = {}
        self.previews: dict[str, dict[str, Any] | Callable[[int, int], dict[str, Any]]] = {}
        self.rules: dict[str, dict[str, Any]] = {}
        self.findings: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {"path": "/home/lena/.config/shelver/config.toml", "exists": True}
        self.prospects: dict[str, dict[str, Any]] = {}
        self.conflicts: dict[str, list[ConflictView]] = {}
        """By folder."""
        self.groups: dict[str, tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]]] = {}
        """By operation: exact groups, and pictures that look alike."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{API}/files/explain", self._explain),
            web.get(f"{API}/files/preview", self._preview),
            web.get(API + "/folders/{name:[^/]+}/rules", self._rules),
            web.get(API + "/folders/{name:[^/]+}/conflicts", self._conflicts),
            web.get(f"{API}/doctor", self._doctor),
            web.get(f"{API}/config", self._config),
            web.post(f"{API}/config/reload", self._config),
            web.post(f"{API}/folders/preview", self._prospect),
            web.post(f"{API}/folders", self._add),
            web.get(f"{API}/duplicates/{{id}}", self._duplicates),
        ]

    async def _explain(self, request: web.Request) -> web.Response:
        found = self.explanations.get(_path(request))
        return _json(found) if found else _not_here(request)

    async def _preview(self, request: web.Request) -> web.Response:
        found = self.previews.get(_path(request))
        if callable(found):
            found = found(int(request.query["columns"]), int(request.query["rows"]))
        return _json(found) if found else _not_here(request)

    async def _rules(self, request: web.Request) -> web.Response:
        found = self.rules.get(request.match_info["name"])
        return _json(found) if found else _refuse(404, "unknown_folder", "No folder is called that.")

    async def _conflicts(self, request: web.Request) -> web.Response:
        return _json({"conflicts": self.conflicts.get(request.match_info["name"], [])})

    async def _doctor(self, request: web.Request) -> web.Response:
        return _json({"findings": self.findings})

    async def _config(self, request: web.Request) -> web.Response:
        return _json(self.config)

    async def _prospect(self, request: web.Request) -> web.Response:
        path = (await request.json()).get("path", "")
        found = self.prospects.get(path)
        return _json(found) if found else _refuse(422, "usage_error", f"{path} is not a folder, or not there")

    async def _add(self, request: web.Request) -> web.Response:
        body = await request.json()
        found = self.prospects[body["path"]]
        folder = FolderStatus(name=found["name"], path=body["path"], mode=body["mode"], files=found["files"])
        self._agent.folders[folder.name] = folder
        return _json(folder, 202)

    async def _duplicates(self, request: web.Request) -> web.Response:
        exact, near = self.groups.get(request.match_info["id"], ((), ()))
        groups = near if request.query.get("near") == "true" else exact
        start, limit = int(request.query.get("from", "0")), int(request.query.get("limit", "100"))
        spare = [len(group["files"]) - 1 for group in groups[:1000]]
        return _json(
            {
                "groups": list(groups[start : start + limit]),
                "total": len(groups),
                "redundant": sum(spare),
                "reclaimable": sum(n * group["size"] for n, group in zip(spare, groups, strict=False)),
            }
        )


def picture(columns: int, rows: int, hue: float = 0.0) -> dict[str, Any]:
    """Return a small landscape: a sky, a sun, a hill."""
    width, height = columns, rows * 2
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            hill = height * (0.62 + 0.14 * math.sin(6.3 * x / width + hue))
            sun = math.hypot(x - width * 0.72, y - height * 0.3) < height * 0.13
            if y > hill:
                shade = 1 - (y - hill) / height
                pixels += bytes((int(60 * shade), int(110 * shade), int((70 + 40 * hue) * shade)))
            elif sun:
                pixels += bytes((250, 214, 120))
            else:
                pixels += bytes((int(90 + 120 * y / height), int(140 + 60 * y / height), 215))
    return {"width": width, "height": height, "rgb": b64encode(bytes(pixels)).decode()}


def _path(request: web.Request) -> str:
    return request.query.get("path") or f"b64:{request.query['path_b64']}"


def _not_here(request: web.Request) -> web.Response:
    return _refuse(422, "usage_error", f"{_path(request)} lies in no folder that Shelver looks after")


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", status=status)


def _refuse(status: int, code: str, message: str) -> web.Response:
    return _json({"error": {"code": code, "message": message}}, status)
