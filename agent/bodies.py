"""What comes in and goes out over the socket, beside the words of core.model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from core.config import Folder
from core.errors import UsageError
from core.model import Action, FolderStatus, OnConflict, Operation, Outcome, Progress, Resolution, StepView
from core.names import shown
from core.views.activity import Day

# -- in ---------------------------------------------------------------------------------------------------


class StartOperation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to start. `folder`: a configured name or an absolute path; `rules`: only these, by name.

    `paths`: only these files, relative to the folder; those that are not UTF-8 come in `paths_b64`.

    Of a dedupe: `action`, or else it reports; `similar`: pictures that look alike, too; `verify`: what is found is
    compared byte by byte at once, not only before something is done to it; `of`: an earlier dedupe whose groups are
    acted on, without searching again; `choices`: by the number of such a group, the path that stays (exactly in
    `choices_b64`), `keep`: policies for all others, asked before the config's. Pictures go by a choice alone; with
    `similar` and `of`, nothing but what was chosen goes.

    Of a sync: `resolve`: nothing is compared, but each conflict copy among the `paths` is settled by keeping that
    version.
    """

    kind: Literal["organize", "dedupe", "sync"]
    folder: str
    dry_run: bool = False
    subfolders: bool | None = None
    rules: list[str] | None = None
    paths: list[str] | None = None
    paths_b64: list[bytes] | None = None
    action: Action | None = None
    similar: bool = False
    verify: bool = False
    of: str | None = None
    choices: dict[int, str] | None = None
    choices_b64: dict[int, bytes] | None = None
    keep: list[str] | None = None
    resolve: Resolution | None = None


class Only(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part to approve: absolute paths of files or folders; those that are not UTF-8 come in `only_b64`."""

    only: list[str] | None = None
    only_b64: list[bytes] | None = None


class Approve(Only, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part to approve, and what of it stays as it is: files, or folders that nothing goes into."""

    without: list[str] | None = None
    without_b64: list[bytes] | None = None


class Rollback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to take an operation back. A dry run answers a Preview."""

    dry_run: bool = False
    on_conflict: OnConflict = "number"
    only: list[str] | None = None
    only_b64: list[bytes] | None = None


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


def exact(texts: list[str] | None, encoded: list[bytes] | None) -> list[bytes] | None:
    """Return paths as bytes, from those that are UTF-8 and those that are not; None where neither was given."""
    if texts is None and encoded is None:
        return None
    return [text.encode() for text in texts or ()] + list(encoded or ())


def check_rules(folder: Folder, names: Iterable[str] | None) -> None:
    """Raise UsageError for a rule that a folder does not have."""
    known = {rule.name for rule in folder.rules.rules}
    for name in names or ():
        if name not in known:
            raise UsageError(f"folder {shown(folder.name)} has no rule {shown(name)}", field="rules")


def chosen(texts: dict[int, str] | None, encoded: dict[int, bytes] | None) -> dict[int, bytes] | None:
    """Return choices as bytes, from those that are UTF-8 and those that are not; None where neither was given."""
    if texts is None and encoded is None:
        return None
    return {number: text.encode() for number, text in (texts or {}).items()} | (encoded or {})


_OF_DEDUPE = ("action", "similar", "verify", "of", "choices", "choices_b64", "keep")


def check_kind(body: StartOperation) -> None:
    """Raise UsageError for what makes no sense in an operation of this kind."""
    wrong = ("subfolders", "rules") if body.kind == "dedupe" else _OF_DEDUPE
    for name in wrong:
        if getattr(body, name):
            raise UsageError(f"`{name}` says nothing to a {body.kind}", field=name)
    check_resolution(body)
    if body.of is not None and body.verify:
        raise UsageError("what an earlier dedupe found is compared when something is done to it", field="verify")
    if body.of is None and (body.choices or body.choices_b64):
        raise UsageError("`choices` are made among the groups of an earlier dedupe: name it in `of`", field="choices")


def check_resolution(body: StartOperation) -> None:
    """Raise UsageError for a `resolve` without conflict copies, and for `paths` of a sync without it."""
    if body.resolve is not None and body.kind != "sync":
        raise UsageError(f"`resolve` says nothing to a {body.kind}", field="resolve")
    if body.resolve is not None and not (body.paths or body.paths_b64):
        raise UsageError("which conflict copies? name them in `paths`", field="paths")


def check_paths(paths: Iterable[bytes] | None) -> None:
    """Raise UsageError for what is no path of a file beneath a folder."""
    for path in paths or ():
        if b"\0" in path or not {b"", b".", b".."}.isdisjoint(path.split(b"/")):
            raise UsageError(f"{shown(path)} is no path relative to the folder", field="paths")


# -- out --------------------------------------------------------------------------------------------------


class AgentStatus(Struct, frozen=True, kw_only=True):
    """The agent's process."""

    pid: int
    started: datetime
    state_dir: str


class QueueStatus(Struct, frozen=True, kw_only=True):
    """Operations that wait in each queue."""

    interactive: int
    bulk: int


class WorkerStatus(Struct, frozen=True, kw_only=True):
    """One worker process."""

    pid: int | None
    alive: bool


class Status(Struct, frozen=True, kw_only=True):
    """The agent at one look. `uptime` in seconds; `running`: progress; `waiting`: proposals."""

    agent: AgentStatus
    version: str
    uptime: float
    folders: list[FolderStatus]
    queue: QueueStatus
    workers: list[WorkerStatus]
    running: list[Progress]
    waiting: list[Operation]


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`ok`, or what is wrong."""

    status: Literal["ok", "failing"]
    reasons: list[str] = []


class Operations(Struct, frozen=True):
    """A page of operations, newest first."""

    operations: list[Operation]


class OperationDetail(Operation, kw_only=True):
    """One operation, with its progress while it is under way."""

    progress: Progress | None = None


class Steps(Struct, frozen=True):
    """A page of steps, and how many there are in all that match.

    `lines`: how many steps each line holds, where files that go together share one; then `total` counts lines.
    """

    steps: list[StepView]
    total: int
    lines: list[int] = []


class DestinationView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Files that go into one folder, into the trash (no `path`), or stay as they are. `bytes` of them in all."""

    fate: Literal["into", "trash", "stays"]
    files: int
    bytes: int
    path: str | None = None
    path_b64: str | None = None


class Destinations(Struct, frozen=True):
    """Where the files of a plan go, by name; the number of one in this list is what `into` of its steps means."""

    destinations: list[DestinationView]


class Activity(Struct, frozen=True):
    """What was done on each of the last days, today last, in the agent's time zone."""

    days: list[Day]


class Folders(Struct, frozen=True):
    """All folders."""

    folders: list[FolderStatus]


class Passage(Struct, frozen=True, kw_only=True):
    """One thing that happened to a file; `*_b64` where a path is not UTF-8."""

    operation: str
    kind: str
    source: str | None
    destination: str | None
    outcome: Outcome
    when: datetime
    source_b64: str | None = None
    destination_b64: str | None = None


class Passages(Struct, frozen=True):
    """Where files went, newest first."""

    results: list[Passage]


class Me(Struct, frozen=True, kw_only=True):
    """Who the agent takes the asker for, and what that user may do."""

    uid: int
    gid: int
    groups: list[int]
    may: list[Literal["view", "act"]]


class Complaint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why not. `code`: the error's name; `field`: the part of the request that is wrong."""

    code: str
    message: str
    field: str | None = None


class Refusal(Struct, frozen=True):
    """Every answer that is not a success."""

    error: Complaint
