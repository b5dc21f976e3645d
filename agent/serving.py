"""What the socket's routes need of the agent behind them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Protocol

from agent.archive import Archive
from agent.auth import Access
from agent.errands import Errands
from agent.folders import Folders
from agent.hub import Hub
from agent.operations import Operations
from agent.readers import Readers
from agent.settings import Settings
from agent.supervisor import Supervisor
from core.config import Config, Folder


class Agent(Protocol):
    """The agent as its routes see it; `agent.daemon.Daemon` is one. Belongs to the event loop's thread."""

    settings: Settings
    config: Config
    access: Access
    hub: Hub
    supervisor: Supervisor
    operations: Operations
    archive: Archive
    folders: Folders
    readers: Readers
    errands: Errands
    started: datetime
    began: float
    """By the monotonic clock."""
    writing_config: asyncio.Lock

    def folder(self, text: str) -> Folder:
        """Return the folder that a request names. Raises UnknownFolder."""

    def troubles(self) -> list[str]:
        """Return what is wrong, in words; nothing when all is well."""

    async def reload(self) -> None:
        """Read the config again; one with mistakes changes nothing."""
