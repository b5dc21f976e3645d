"""Planners: each reads the world and writes a plan; none changes anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from core.model import Plan, Request
from core.storage import open_storage

if TYPE_CHECKING:
    from core.config import Config, Folder
    from core.duplicates.contents import Contents
    from core.facts import FactReader
    from core.journal import OperationFiles
    from core.storage.local import LocalStorage
    from core.storage.s3.objects import Objects
    from core.stores.decisions import Decisions
    from core.stores.history import History
    from core.sync.state import SyncState

Phase = Literal["scanning", "planning"]


@dataclass(frozen=True)
class Ground:
    """What planners read the world through.

    `report(phase, done, total)` tells how far planning is and raises Cancelled when it should stop; planners
    call it at least every few hundred files.
    """

    config: Config
    facts: FactReader
    decisions: Decisions
    history: History
    operation: Callable[[str], OperationFiles]
    report: Callable[[Phase, int, int], None]
    contents: Contents | None = None
    """What is known of the contents of files, where a planner looks for duplicates."""
    open_root: Callable[[bytes], LocalStorage | Objects] = open_storage
    """Opens a folder, or a bucket's prefix."""
    sync_state: Callable[[Folder], SyncState] | None = None
    """Opens what is known of a folder that is kept in step with a bucket."""


class Planner(Protocol):
    """Writes the plan for a request. Raises UsageError, UnknownFolder, UnknownOperation, BrakeEngaged, Cancelled."""

    def __call__(self, request: Request, ground: Ground) -> Plan: ...
