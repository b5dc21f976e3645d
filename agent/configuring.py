"""Routes about the config: what is wrong in it, reading it again, and one more folder."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from msgspec import Struct

from agent.asked_paths import path_in
from agent.routes import Asked, acts, looks
from agent.serving import Agent
from core.config import load_config
from core.config.models import Mode
from core.config.writing import NewFolder, name_for, obstacle, proposed, write
from core.errands import LookThere
from core.errors import ConfigError, Refused, UsageError
from core.model import FolderStatus
from core.names import shown
from core.views.prospect import Prospect

NO_CONFIG = "this agent serves the folders it was started with, without a config; `shelver config init` begins one"


class Wrong(Struct, frozen=True, kw_only=True):
    """One mistake in the config, with the line that it stands in."""

    line: int | None
    where: str
    message: str
    hint: str
    text: str


class ConfigState(Struct, frozen=True, kw_only=True):
    """The config's file as it is now. `obstacle`: why the agent cannot write it. `path`: none for an agent without."""

    path: str | None
    exists: bool
    obstacle: str | None
    mistakes: list[Wrong]


class AskedFolder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder to be watched: its absolute path; `name` and `mode` are found if left out."""

    path: str | None = None
    path_b64: bytes | None = None
    name: str | None = None
    mode: Mode | None = None


class FolderProspect(Prospect, frozen=True, kw_only=True):
    """What the rules would do there; where the lines would go, and why they cannot."""

    path: str
    config: str | None
    obstacle: str | None


async def config_state(agent: Agent, asked: Asked) -> ConfigState:
    """Return what is wrong in the config, as it lies on the disk."""
    return await asyncio.to_thread(_state, agent.settings.config_path)


async def reload_config(agent: Agent, asked: Asked) -> ConfigState:
    """Read the config again; one with mistakes changes nothing."""
    await agent.reload()
    return await config_state(agent, asked)


def _state(path: Path | None) -> ConfigState:
    if path is None:
        return ConfigState(path=None, exists=False, obstacle=NO_CONFIG, mistakes=[])
    mistakes: list[Wrong] = []
    exists = os.path.lexists(path)
    try:
        if exists:
            load_config(path)
    except ConfigError as error:
        mistakes = _mistakes(error, path)
    return ConfigState(path=str(path), exists=exists, obstacle=obstacle(path) or None, mistakes=mistakes)


def _mistakes(error: ConfigError, path: Path) -> list[Wrong]:
    if not error.mistakes:
        return [Wrong(line=None, where="config", message=str(error), hint="", text="")]
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return [
        Wrong(
            line=mistake.line,
            where=mistake.where,
            message=mistake.message,
            hint=mistake.hint,
            text=shown(lines[mistake.line - 1]) if mistake.line and mistake.line <= len(lines) else "",
        )
        for mistake in error.mistakes
    ]


async def preview_folder(agent: Agent, asked: Asked) -> FolderProspect:
    """Say what the rules would do in a folder that is not watched yet; nothing is changed."""
    new = _new_folder(agent, asked.body)
    path = agent.settings.config_path
    imagined = agent.settings.state_directory.state / "config.toml"  # what it would say, where there is none
    found = await agent.errands.run(LookThere(str(path or imagined), new), Prospect)
    cannot = NO_CONFIG if path is None else await asyncio.to_thread(obstacle, path) or None
    return FolderProspect(
        **{field: getattr(found, field) for field in Prospect.__struct_fields__},
        path=os.fsdecode(new.path) if _is_utf8(new.path) else shown(new.path),
        config=None if path is None else str(path),
        obstacle=cannot,
    )


async def add_folder(agent: Agent, asked: Asked) -> FolderStatus:
    """Write a folder into the config, and watch it."""
    new = _new_folder(agent, asked.body)
    path = agent.settings.config_path
    if path is None:
        raise Refused(NO_CONFIG)
    async with agent.writing_config:
        await asyncio.to_thread(_add, path, new)
        await agent.reload()
    unknown = FolderStatus(name=new.name, path=shown(new.path))
    return next((each for each in agent.folders.statuses if each.name == new.name), unknown)


def _add(path: Path, new: NewFolder) -> None:
    if not os.path.isdir(new.path):
        raise UsageError(f"{shown(new.path)} is not a folder, or not there", field="path")
    if cannot := obstacle(path):
        raise Refused(cannot)
    write(path, proposed(path, new))


def _new_folder(agent: Agent, body: AskedFolder) -> NewFolder:
    path = path_in(body.path, body.path_b64)
    for folder in agent.config.folders:
        if folder.path == path:
            raise UsageError(f"{shown(path)} is watched already, as {shown(folder.name)}", field="path")
    taken = [folder.name for folder in agent.config.folders]
    return NewFolder(name=body.name or name_for(os.fsdecode(path), taken), path=path, mode=body.mode)


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


ROUTES = (
    looks("/api/v1/config", config_state, ConfigState, "What is wrong in the config"),
    acts("/api/v1/config/reload", reload_config, ConfigState, "Read the config again; mistakes change nothing"),
    acts(
        "/api/v1/folders/preview",
        preview_folder,
        FolderProspect,
        "What the rules would do in a folder; nothing is changed",
        body=AskedFolder,
    ),
    acts("/api/v1/folders", add_folder, FolderStatus, "Write a folder into the config, and watch it", body=AskedFolder),
)
