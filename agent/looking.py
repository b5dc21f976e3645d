"""Routes by which people look and decide: why a file goes where it goes, a folder's rules, what is wrong."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import closing
from datetime import timedelta
from typing import Any

from msgspec import Struct

from agent.asked_paths import asked_anywhere
from agent.bodies import Refusal
from agent.routes import Asked, looks
from agent.serving import Agent
from core.checks import MAX_WATCHES, Finding, Site
from core.config import Folder
from core.errands import Doctor
from core.errors import StorageError, UsageError
from core.facts import FactReader
from core.model import now
from core.names import shown
from core.state import StateDirectory
from core.storage.remotes import Remotes
from core.stores.decisions import Decisions
from core.stores.history import History
from core.views.explain import Explanation, explain, explain_object

DAYS = 30
"""What counts as lately."""


class PathQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A file, by its absolute path; one that is not UTF-8 comes in `path_b64`."""

    path: str | None = None
    path_b64: bytes | None = None


class RuleView(Struct, frozen=True, kw_only=True):
    """One rule as the config has it, and how many files it took lately."""

    name: str
    match: dict[str, Any]
    action: str
    to: str
    on_conflict: str
    moved: int


class FolderSettings(Struct, frozen=True, kw_only=True):
    """What the config says of a folder, defaults filled in; `settle` and `rescan` in seconds."""

    mode: str
    settle: float
    rescan: float
    subfolders: bool
    duplicates: str
    ignore: list[str]
    sync: str
    direction: str


class FolderRules(Struct, frozen=True, kw_only=True):
    """The rules of a folder in order. `days`: what counts as lately. `built_in`: the config has none of its own."""

    folder: str
    rules: list[RuleView]
    days: int
    built_in: bool
    settings: FolderSettings


class Findings(Struct, frozen=True):
    """What was looked at, and what would help."""

    findings: list[Finding]


async def explain_file(agent: Agent, asked: Asked) -> Explanation:
    """Say what each rule makes of a file, and where it would go."""
    folder, relative = asked_anywhere(agent.config, asked.query.path, asked.query.path_b64)
    path = folder.absolute(relative) if relative else folder.path
    config, places = agent.config, agent.settings.state_directory

    def explained(facts: FactReader) -> Explanation:
        with closing(Decisions(places.decisions)) as decisions, closing(History(places.history)) as history:
            if folder.is_local:
                return explain(path, config, facts, decisions, history)
            with closing(Remotes(config, places.remotes)) as remotes:
                return explain_object(path, config, remotes, decisions, history)

    try:
        return await agent.readers.use(explained)
    except StorageError as error:
        raise UsageError(f"{shown(path)}: {error}", field="path") from None
    except UsageError as error:
        error.fields["field"] = "path"
        raise


async def folder_rules(agent: Agent, asked: Asked) -> FolderRules:
    """Return a folder's rules, in order."""
    folder = agent.config.folder(asked.id)
    moved = await asyncio.to_thread(_moved_lately, agent.settings.state_directory, folder)
    rules = []
    for rule in folder.rules.rules:
        name, match, action, to, on_conflict = json.loads(rule.source)
        rules.append(
            RuleView(
                name=name,
                match=match,
                action=action,
                to=to or "",
                on_conflict=on_conflict,
                moved=moved.get(name, 0),
            )
        )
    return FolderRules(
        folder=folder.name, rules=rules, days=DAYS, built_in=not agent.config.rules, settings=_settings(folder)
    )


def _moved_lately(places: StateDirectory, folder: Folder) -> dict[str, int]:
    with closing(History(places.history)) as history:
        return history.files_by_rule([folder.name, os.fsdecode(folder.path)], now() - timedelta(days=DAYS))


def _settings(folder: Folder) -> FolderSettings:
    return FolderSettings(
        mode=folder.mode,
        settle=folder.settle,
        rescan=folder.rescan,
        subfolders=folder.subfolders,
        duplicates=folder.duplicates,
        ignore=list(folder.ignore),
        sync=folder.sync,
        direction=folder.direction,
    )


async def doctor(agent: Agent, asked: Asked) -> Findings:
    """Look for what is wrong, as `shelver doctor` does."""
    places = agent.settings.state_directory
    site = Site.of(places, agent.settings.config_path)
    found = await agent.errands.run(Doctor(site), list[Finding])
    return Findings([*found, *await asyncio.to_thread(_own_findings, places)])


def _own_findings(places: StateDirectory) -> list[Finding]:
    """Return what only the agent itself can tell."""
    found = [Finding("agent", "ok", f"answers on {shown(str(places.socket))}")]
    used = inotify_watches()
    try:
        allowed = int(MAX_WATCHES.read_text())
    except (OSError, ValueError):
        return found
    message = f"{used:,} of {allowed:,} watches are in use here"
    if used > allowed * 0.9:
        hint = f"sysctl fs.inotify.max_user_watches={allowed * 2}"
        return [*found, Finding("inotify use", "note", message, hint)]
    return [*found, Finding("inotify use", "ok", message)]


def inotify_watches() -> int:
    """Return how many directories the kernel watches for this process."""
    watches = 0
    for descriptor in os.listdir("/proc/self/fdinfo"):
        try:
            with open(f"/proc/self/fdinfo/{descriptor}", "rb") as told:
                watches += sum(line.startswith(b"inotify ") for line in told)
        except OSError:
            continue  # closed meanwhile
    return watches


ROUTES = (
    looks(
        "/api/v1/files/explain",
        explain_file,
        Explanation,
        "What each rule makes of a file, and where it would go",
        query=PathQuery,
        answers={422: Refusal},
    ),
    looks("/api/v1/folders/{id}/rules", folder_rules, FolderRules, "A folder's rules in order", answers={404: Refusal}),
    looks("/api/v1/doctor", doctor, Findings, "What is wrong, and what would help"),
)
