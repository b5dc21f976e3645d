"""What comes over the agent's socket and is no model of core: compound answers, and refusals."""

from __future__ import annotations

from base64 import b64decode
from datetime import date, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from core import errors
from core.errors import ShelverError
from core.model import ConflictView, FolderStatus, Operation, Progress, StepView
from core.names import shown


class AgentInfo(Struct, frozen=True, kw_only=True):
    """The process behind the socket."""

    pid: int = 0
    started: datetime | None = None
    state_dir: str = ""


class QueueLengths(Struct, frozen=True, kw_only=True):
    """Operations that wait for a thread of a worker."""

    interactive: int = 0
    bulk: int = 0


class WorkerInfo(Struct, frozen=True, kw_only=True):
    """One worker process."""

    pid: int | None = None
    alive: bool = False


class Status(Struct, frozen=True, kw_only=True):
    """All that one look should tell. `uptime` in seconds."""

    agent: AgentInfo = AgentInfo()
    version: str = ""
    uptime: float = 0.0
    folders: list[FolderStatus] = []
    queue: QueueLengths = QueueLengths()
    workers: list[WorkerInfo] = []
    running: list[Progress] = []
    waiting: list[Operation] = []


class Me(Struct, frozen=True, kw_only=True):
    """Who the agent takes the caller for, and what that user may do."""

    uid: int = -1
    gid: int = -1
    groups: list[int] = []
    may: list[Literal["view", "act"]] = []


class StepPage(Struct, frozen=True, kw_only=True):
    """Some steps, and how many there are in all (after the filter).

    `lines`: how many steps each line holds, where files that go together share one; then `total` counts lines.
    """

    steps: list[StepView]
    total: int
    lines: list[int] = []


class Destination(Struct, frozen=True, kw_only=True):
    """Files of a plan that go into one folder, into the trash (no `path`), or stay as they are. `bytes` in all."""

    fate: Literal["into", "trash", "stays"]
    files: int
    bytes: int = 0
    path: str | None = None
    path_b64: str | None = None


class Day(Struct, frozen=True, kw_only=True):
    """What was done on one day: files organized, cleared or synced, and files taken back; bytes of both."""

    day: date
    operations: int = 0
    files: int = 0
    restored: int = 0
    failed: int = 0
    bytes: int = 0


class Trace(Struct, frozen=True, kw_only=True):
    """One thing that once happened to a file whose name was searched."""

    operation: str
    kind: str
    source: str | None = None
    destination: str | None = None
    outcome: str = "done"
    when: datetime | None = None
    source_b64: str | None = None
    destination_b64: str | None = None


class Operations(Struct):
    """A page of operations."""

    operations: list[Operation]


class Destinations(Struct):
    """Where the files of a plan go."""

    destinations: list[Destination]


class Activity(Struct):
    """What was done on each of the last days."""

    days: list[Day]


class Folders(Struct):
    """All folders."""

    folders: list[FolderStatus]


class Conflicts(Struct):
    """A folder's conflicts."""

    conflicts: list[ConflictView]


class Traces(Struct):
    """What a search found."""

    results: list[Trace]


class Refusal(Struct):
    """Why the agent said no; `code` names the error of `core.errors` that it raised."""

    code: str = ""
    message: str = ""
    field: str | None = None


class _Error(Struct):
    error: Refusal


def exact_path(text: str | None, encoded: str | None) -> bytes | None:
    """Return the bytes of a path that came as text, with base64 beside it when it is not UTF-8."""
    if encoded is not None:
        return b64decode(encoded)
    return None if text is None else text.encode("utf-8", "surrogateescape")


# -- what the agent refused, as the error it raised there ---------------------------------------------

_BY_STATUS: dict[int, str] = {
    400: "usage_error",
    403: "not_allowed",
    404: "usage_error",
    409: "wrong_state",
    422: "usage_error",
    423: "locked",
    507: "state_full",
}


def refusal_in(answer: bytes, reason: str) -> Refusal:
    """Return what an answer that is no success says; `reason` where it says nothing."""
    try:
        return msgspec.json.decode(answer, type=_Error).error
    except msgspec.DecodeError:
        return Refusal(message=reason or "no reason given")


def refused(status: int, refusal: Refusal) -> ShelverError:
    """Return the error of `core.errors` that the agent raised, to be raised here."""
    kind = _KNOWN.get(refusal.code) or _KNOWN[_BY_STATUS.get(status, "error")]
    error = kind(shown(refusal.message))
    error.fields["field"] = refusal.field
    return error


def _known_errors() -> dict[str, type[ShelverError]]:
    known: dict[str, type[ShelverError]] = {}
    waiting: list[type[ShelverError]] = [ShelverError]
    while waiting:
        kind = waiting.pop()
        if kind.__module__ == errors.__name__:
            known[kind.code] = _as_told(kind)
            waiting.extend(kind.__subclasses__())
    return known


def _as_told(kind: type[ShelverError]) -> type[ShelverError]:
    """Return a subclass whose message is the agent's sentence as it stands: it was composed there already."""
    return type(kind.__name__, (kind,), {"__doc__": "{detail}", "__module__": __name__})


_KNOWN = _known_errors()
