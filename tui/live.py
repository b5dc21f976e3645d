"""What the agent told lately: a plain picture, kept up by its events. The screens draw it and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from core.model import FINAL_STATES, Event, FolderStatus, Operation, Progress
from tui import words
from tui.wire import AgentInfo, Me, Status

KEPT_OPERATIONS = 300


@dataclass
class Live:
    """The picture. `seen` is when it was last known to be true, `lost` why it may no longer be."""

    folders: dict[str, FolderStatus] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    agent: AgentInfo | None = None
    version: str = ""
    me: Me = field(default_factory=Me)
    seen: datetime | None = None
    connected: bool = False
    lost: str = ""
    seq: int = 0
    """The number of the last event that was heard."""
    meetings: int = 0
    """Grows when the agent was met, also after an absence: whatever was asked before may be out of date."""
    endings: int = 0
    """Grows when an operation ends, and when the agent was met: what was done today is another number then."""
    changes: int = 0
    """Grows with every change, so that a screen knows whether it shows the newest."""

    # -- taking in ---------------------------------------------------------------------------------------

    def met(self, status: Status, me: Me, operations: Iterable[Operation], now: datetime) -> None:
        """Take in all that a fresh connection tells."""
        self.agent, self.version, self.me = status.agent, status.version, me
        self.folders = {folder.name: folder for folder in status.folders}
        self.progress = {progress.operation: progress for progress in status.running}
        self.operations = {}
        for operation in (*operations, *status.waiting):
            self._put(operation)
        self.connected, self.lost = True, ""
        self.endings += 1
        self.meetings += 1
        self._changed(now)

    def unfinished(self) -> set[str]:
        """Return the ids of what is known to be under way or to wait."""
        known = {operation.id for operation in self.operations.values() if operation.state not in FINAL_STATES}
        return known.union(self.progress)

    def missed_before(self, event: Event) -> bool:
        """Tell whether events came between the last one heard and this one, and did not arrive."""
        return event.type != "snapshot" and event.seq > self.seq + 1

    def apply(self, event: Event, now: datetime) -> None:
        """Take in one event."""
        self.seq = event.seq
        if event.type == "snapshot":
            self.connected, self.lost = True, ""
        if event.folders is not None:
            self.folders = {folder.name: folder for folder in event.folders}
        if event.progresses is not None:
            self.progress = {progress.operation: progress for progress in event.progresses}
        for operation in event.operations or ():
            self._put(operation)
        if event.folder is not None:
            self.folders[event.folder.name] = event.folder
        if event.operation is not None:
            self._put(event.operation)
        if event.progress is not None:
            known = self.operations.get(event.progress.operation)
            if known is None or known.state not in FINAL_STATES:
                self.progress[event.progress.operation] = event.progress
        self._changed(now)

    def parted(self, reason: str) -> None:
        """The agent is gone, or was never there; what is known stays, with its age."""
        self.connected, self.lost = False, reason
        self.changes += 1

    def put(self, operation: Operation) -> None:
        """Take in an operation that somebody asked for by name."""
        self._put(operation)
        self.changes += 1

    def _put(self, operation: Operation) -> None:
        before = self.operations.get(operation.id)
        self.operations[operation.id] = operation
        if operation.state in FINAL_STATES:
            self.endings += before is not None and before.state not in FINAL_STATES
            self.progress.pop(operation.id, None)
        if len(self.operations) > KEPT_OPERATIONS:
            ended = [each for each in self.operations.values() if each.state in FINAL_STATES]
            del self.operations[min(ended or self.operations.values(), key=_order).id]

    def _changed(self, now: datetime) -> None:
        self.seen = now
        self.changes += 1

    # -- giving out --------------------------------------------------------------------------------------

    @property
    def may_act(self) -> bool:
        """Whether the agent lets this user change anything."""
        return "act" in self.me.may

    def newest_first(self) -> list[Operation]:
        """Return what is known of operations, the latest first."""
        return sorted(self.operations.values(), key=_order, reverse=True)

    def running(self) -> list[Operation]:
        """Return what is under way, the oldest first."""
        return [operation for operation in reversed(self.newest_first()) if operation.state in words.UNDERWAY]

    def waiting(self) -> list[Operation]:
        """Return what waits for a person, the latest first."""
        return [operation for operation in self.newest_first() if operation.state == "proposed"]

    def ended(self) -> list[Operation]:
        """Return what is over, the latest first."""
        return [operation for operation in self.newest_first() if operation.state in FINAL_STATES]

    def path_of(self, folder: str) -> str:
        """Return the absolute path of a folder that is known by a name or is a path itself; else empty."""
        known = self.folders.get(folder)
        return known.path if known is not None else folder if folder.startswith("/") else ""


def _order(operation: Operation) -> tuple[int, datetime]:
    return operation.sequence, operation.created
