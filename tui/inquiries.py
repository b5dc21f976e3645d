"""What the screens ask the agent beyond its operations: files, folders, the config, duplicates, what is wrong."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from core.model import FolderStatus, Operation
from tui.client import PLAN_SECONDS, AgentClient
from tui.wire_looks import (
    ConfigState,
    DuplicatePage,
    Explanation,
    FilePreview,
    Finding,
    Findings,
    FolderRules,
    Prospect,
)

LOOK_SECONDS = 150
"""How long a look may take that opens many files."""


class Inquiries:
    """Questions to one agent; each raises the errors of `core.errors`, as `AgentClient` does."""

    def __init__(self, agent: AgentClient) -> None:
        self._agent = agent

    async def explain(self, path: bytes) -> Explanation:
        """Return what each rule makes of a file, and where it would go."""
        return await self._agent.ask("GET", "/api/v1/files/explain", Explanation, query=path_query(path))

    async def preview(self, path: bytes, columns: int, rows: int) -> FilePreview:
        """Return a file at a glance, its picture no larger than so many cells."""
        query = {**path_query(path), "columns": columns, "rows": rows}
        return await self._agent.ask("GET", "/api/v1/files/preview", FilePreview, query=query)

    async def rules(self, folder: str) -> FolderRules:
        """Return a folder's rules, in order."""
        return await self._agent.ask("GET", f"/api/v1/folders/{quote(folder, safe='')}/rules", FolderRules)

    async def doctor(self) -> list[Finding]:
        """Return what is wrong, and what would help."""
        found = await self._agent.ask("GET", "/api/v1/doctor", Findings, seconds=LOOK_SECONDS)
        return found.findings

    async def config(self) -> ConfigState:
        """Return what is wrong in the config as it lies on the disk."""
        return await self._agent.ask("GET", "/api/v1/config", ConfigState)

    async def reload_config(self) -> ConfigState:
        """Have the config read again, and return what is wrong in it; mistakes change nothing."""
        return await self._agent.ask("POST", "/api/v1/config/reload", ConfigState, body={})

    async def prospect(self, path: bytes) -> Prospect:
        """Return what the rules would do in a folder that is not watched yet."""
        body = path_query(path)
        return await self._agent.ask("POST", "/api/v1/folders/preview", Prospect, body=body, seconds=LOOK_SECONDS)

    async def add_folder(self, path: bytes, mode: str) -> FolderStatus:
        """Have a folder written into the config, and watched."""
        return await self._agent.ask("POST", "/api/v1/folders", FolderStatus, body={**path_query(path), "mode": mode})

    async def duplicates(self, operation: str, *, near: bool, start: int, limit: int) -> DuplicatePage:
        """Return a page of the groups that a dedupe operation found."""
        query = {"from": start, "limit": limit, "near": "true" if near else "false"}
        return await self._agent.ask(
            "GET", f"/api/v1/duplicates/{quote(operation, safe='')}", DuplicatePage, query=query, seconds=PLAN_SECONDS
        )

    async def find_duplicates(self, folder: str) -> Operation:
        """Have a folder's duplicates looked for, and pictures that look alike; nothing is changed."""
        return await self._agent.submit("dedupe", folder, action="report", similar=True)

    async def plan_copies(
        self, of: Operation, action: str, choices: Mapping[str, str], policy: str | None
    ) -> Operation:
        """Have it planned what would be done about the copies that a search found, by choices and, else, a policy.

        Nothing is changed before the plan is approved.
        """
        keep = [policy] if policy else None
        return await self._agent.submit(
            "dedupe", of.folder, action=action, of=of.id, choices=dict(choices) or None, keep=keep, dry_run=True
        )

    async def plan_pictures(self, of: Operation, choices: Mapping[str, str]) -> Operation:
        """Have it planned what would go to the trash of the pictures that a person chose among, and nothing else."""
        return await self._agent.submit(
            "dedupe", of.folder, action="trash", of=of.id, similar=True, choices=dict(choices), dry_run=True
        )


def path_query(path: bytes) -> dict[str, Any]:
    """Return a path for a request: as text, or exactly where it is not UTF-8."""
    try:
        return {"path": path.decode()}
    except UnicodeDecodeError:
        return {"path_b64": b64encode(path).decode("ascii")}
