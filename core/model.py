"""The words of Shelver.

A *planner* writes a *plan*: a list of *steps*. An *operation* is a plan's life, from request to
seal. The *executor* runs steps; what became of each stands in the *journal*.

Everything here is a msgspec struct. Plans and journals keep paths as bytes (MessagePack); what goes
over the socket is JSON, with paths as `core.names.wire_path` gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import choice
from typing import Literal

from msgspec import Struct, field

# -- plans ------------------------------------------------------------------------------------------

StepKind = Literal["move", "copy", "link", "trash", "replace", "upload", "download", "mkdir", "rmdir"]
Outcome = Literal["pending", "done", "skipped", "failed"]
Means = Literal["link", "clone", "move"]

DIRECTORY_KINDS: frozenset[str] = frozenset({"mkdir", "rmdir"})
"""Steps that act on a directory; they are not counted as files."""


class Fingerprint(Struct, frozen=True, array_like=True, gc=False):
    """What tells whether a file is still the one that was planned.

    `mtime_ns` in nanoseconds, `size` in bytes; `version` is the ETag or version id on S3, else empty.
    """

    inode: int
    size: int
    mtime_ns: int
    version: str = ""


class Attributes(Struct, frozen=True, array_like=True):
    """What a directory gets back when it is made anew: permission bits, owner, times, xattrs and ACLs."""

    mode: int
    uid: int
    gid: int
    mtime_ns: int
    xattrs: dict[str, bytes] = {}


class Survivor(Struct, frozen=True, array_like=True, gc=False):
    """The copy that stays where a duplicate is taken away. `path` is relative to the plan's root number `root`."""

    root: int
    path: bytes
    fingerprint: Fingerprint


class Step(Struct, frozen=True, array_like=True, gc=False):
    """One change to one file or directory.

    `source` and `destination` are relative to the plan's roots number `source_root` and
    `destination_root`. Steps of one `group` (not 0) stand together in the plan and succeed or fail
    as one. `mkdir` has a destination only, `rmdir` a source only. `trash` has a destination: the
    place in the trash. `why` names the rule or the reason, for people. A step with `refused` says why
    nothing will be done with its file: the executor records it as skipped with that reason. `attributes`: what
    a directory gets that is made anew, and what a file gets, in place of what its source has, if it has to be copied.

    `replace` takes a name that is occupied: what its source brings (by `means`: a hard `link` to it, a `clone` that
    shares its blocks and has the occupant's attributes, or the source itself, `move`) gets the name `destination` in
    exchange for the `occupant`, which goes to `trash`, a place beneath the destination's root. The name is never empty.

    `survivor`: the copy on which a step relies that takes a duplicate away. Right before that both are compared byte by
    byte, and nothing is done unless the survivor is another file, unchanged, and at its place.
    """

    seq: int
    kind: StepKind
    source: bytes = b""
    destination: bytes = b""
    source_root: int = 0
    destination_root: int = 0
    group: int = 0
    fingerprint: Fingerprint | None = None
    attributes: Attributes | None = None
    why: str = ""
    refused: str = ""
    occupant: Fingerprint | None = None
    survivor: Survivor | None = None
    means: Means | None = None
    trash: bytes = b""


class Plan(Struct, array_like=True):
    """A complete list of steps, and what they are relative to.

    `roots`: absolute paths (bytes) or `s3://` URIs, no one twice. `rules`: hash of the rules that made it, or empty.
    `reviewed`: a person saw it, so that no destination may differ from what was shown; an unreviewed
    plan may take the next free number when a place was taken meanwhile.
    """

    operation: str
    roots: list[bytes]
    steps: list[Step]
    rules: str = ""
    reviewed: bool = False


# -- operations -------------------------------------------------------------------------------------

OperationKind = Literal["organize", "dedupe", "sync", "rollback"]
State = Literal[
    "queued",
    "planning",
    "proposed",
    "running",
    "cancelling",
    "completed",
    "partial",
    "failed",
    "cancelled",
    "rejected",
    "superseded",
    "interrupted",
]
OnConflict = Literal["number", "skip"]
Action = Literal["report", "trash", "hardlink", "reflink"]
"""What becomes of duplicates."""
Resolution = Literal["mine", "theirs", "both"]
"""Which version of a file that both sides changed is kept: the conflict copy, what has its name now, or both."""

FINAL_STATES: frozenset[str] = frozenset({"completed", "partial", "failed", "cancelled", "rejected", "superseded"})
"""States that nothing but a rollback (or, for `failed`, a resume by hand) follows."""


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody wants done; durable before anything else happens.

    `folder`: a configured name or an absolute path. `paths`: only these files, relative to the folder
    (base64 in JSON), or all. `only`: the part of an operation to roll back or approve, absolute paths.
    `automatic`: the agent started it by itself: remembered decisions, review and brakes apply. `arrived_since`:
    files first seen from then on are new to the folder; moving many of the others is what the brake holds back.

    Of a dedupe: `action`, or the folder's own; `similar`: near-duplicate pictures, too; `verify`: what is found is
    compared byte by byte at once, not only before something is done to it; `of`: an earlier dedupe, whose
    groups are acted on; `choices`: by the number of such a group, the absolute path that stays; `keep`:
    policies for all others, asked before the config's.

    Of a sync: `resolve`: nothing is compared; each conflict copy among `paths` is settled for good.
    """

    id: str
    kind: OperationKind
    folder: str
    created: datetime
    sequence: int = 0
    requested_by: str = ""
    automatic: bool = False
    dry_run: bool = False
    subfolders: bool | None = None
    rules: list[str] | None = None
    paths: list[bytes] | None = None
    arrived_since: datetime | None = None
    undo_of: str | None = None
    only: list[bytes] | None = None
    on_conflict: OnConflict = "number"
    action: Action | None = None
    similar: bool = False
    verify: bool = False
    of: str | None = None
    choices: dict[int, bytes] | None = None
    keep: list[str] | None = None
    resolve: Resolution | None = None


class Counts(Struct, kw_only=True):
    """Files (not directories) of an operation, and the bytes of those that are done."""

    planned: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    bytes: int = 0

    @property
    def pending(self) -> int:
        """Files that nothing became of yet."""
        return self.planned - self.done - self.skipped - self.failed


class Operation(Struct, kw_only=True):
    """One operation as the catalog, the socket and the screens know it. Times are UTC."""

    id: str
    kind: OperationKind
    folder: str
    state: State = "queued"
    counts: Counts = field(default_factory=Counts)
    undo_of: str | None = None
    undone_by: str | None = None
    requested_by: str = ""
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    error: str | None = None
    sequence: int = 0
    automatic: bool = False
    in_part: bool = False
    """It takes back only a part of another operation, which therefore does not count as undone."""
    note: str | None = None
    """Why it waits, or what a person should know, in words."""
    resolve: Resolution | None = None
    """It is a sync that compares nothing, but settles conflicts so."""


class StepView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step and its outcome as JSON shows it: absolute paths, `*_b64` where one is not UTF-8."""

    seq: int
    kind: StepKind
    group: int = field()
    source: str | None = field()
    destination: str | None = field()
    outcome: Outcome = field()
    reason: str | None = field()
    source_b64: str | None = None
    destination_b64: str | None = None


class Preview(Struct, frozen=True, kw_only=True):
    """What a plan would do, in short: the answer to a rollback's dry run.

    `files`: how many would be acted on. `notes`: files by what a person should know ("edited since: they go
    back as they are now"). `refusals`: files that stay as they are, by reason. `sample`: the first steps.
    `until`: how long all of it can be taken back; then what is kept for it has had its time.
    """

    operation: Operation
    files: int
    bytes: int
    notes: dict[str, int]
    refusals: dict[str, int]
    sample: list[StepView]
    until: datetime | None = None


class Pending(Struct, frozen=True):
    """Files that are to change in a bucket (`push`) and in its folder (`pull`), and the bytes that travel for that.

    A rename or a deletion that is carried over counts as a file, and as no bytes. `conflicts`: paths that both sides
    changed. `left_alone`: files that cannot be carried, each with its reason in the plan.
    """

    push: int = 0
    pull: int = 0
    push_bytes: int = 0
    pull_bytes: int = 0
    conflicts: int = 0
    left_alone: int = 0

    @property
    def is_in_step(self) -> bool:
        """Whether nothing is to be carried."""
        return not self.push and not self.pull


class VersionView(Struct, frozen=True):
    """One of the two files of a conflict: its size in bytes, and when it was last changed."""

    size: int
    modified: datetime


class ConflictView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that both sides changed, as JSON shows it. Paths are relative to the folder, `*_b64` where not UTF-8.

    `copy`: where the version lies that was put aside: `mine`, or `theirs` where the folder only pushes. A version is
    None where it is no longer there.
    """

    path: str = field()
    copy: str = field()
    mine: VersionView | None = field()
    theirs: VersionView | None = field()
    path_b64: str | None = None
    copy_b64: str | None = None


# -- events -----------------------------------------------------------------------------------------


class Transfer(Struct, frozen=True):
    """One file on its way up or down right now. `path`: its shown name beneath its folder."""

    kind: Literal["upload", "download"]
    path: str
    bytes_done: int
    bytes_total: int


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a running operation is, or was `at` a moment. The newest replaces all before it.

    `rate` in files a second, `bytes_rate` in bytes a second, `remaining` in seconds (None: not known yet);
    `bytes_done` of `bytes_total` counts copied bytes of the step under way too.
    `recent`: the newest few moves as (shown source, shown destination).
    `transfers`: the files on their way to or from a bucket.
    """

    operation: str
    phase: Literal["scanning", "planning", "executing", "sealing"]
    done: int = 0
    total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    rate: float = 0.0
    bytes_rate: float = 0.0
    remaining: float | None = None
    current: str = ""
    recent: list[tuple[str, str]] = []
    transfers: list[Transfer] = []
    at: datetime | None = None


EventType = Literal["snapshot", "operation", "progress", "folder", "resync", "error", "end"]


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of `/ws/events`. `seq` grows by one with each event of a running agent.

    `snapshot` carries `operations`, `progresses` and `folders`; `operation` a state change; `end` the
    operation in its final state; `resync` says that events were dropped: ask again for what you show.
    """

    type: EventType
    seq: int = 0
    operation: Operation | None = None
    progress: Progress | None = None
    folder: FolderStatus | None = None
    operations: list[Operation] | None = None
    progresses: list[Progress] | None = None
    folders: list[FolderStatus] | None = None
    message: str = ""


FolderState = Literal["starting", "watching", "degraded", "paused", "halted"]


class FolderStatus(Struct, kw_only=True):
    """A folder as people see it. `reason` says in words why it is not simply `watching`."""

    name: str
    path: str
    state: FolderState = "starting"
    reason: str = ""
    mode: str = "review"
    files: int = 0
    new_today: int = 0
    waiting: int = 0
    """Files that have not settled yet."""
    last_reconcile: datetime | None = None
    bucket: str = ""
    """The bucket's prefix that it is kept in step with, or is."""
    in_step: datetime | None = None
    """When both sides were last brought in step, or a bucket last looked through."""
    to_carry: int = 0
    """Files that wait for approval to be carried over."""
    to_push: int = 0
    to_pull: int = 0
    """Files that the last comparison found to change in the bucket, and here, and that were not carried yet."""
    conflicts: int = 0
    """Conflict copies that nobody settled yet."""
    sync_paused: str = ""
    """Why it is not kept in step just now, in words; empty while it is."""
    requests_a_month: int = 0
    """About how often its bucket is asked by looking alone; `requests_allowed`: what its remote's budget leaves it."""
    requests_allowed: int = 0


# -- small makers -----------------------------------------------------------------------------------

_ID_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0/o, 1/i/l: ids are read aloud and typed
_ID_LENGTH = 8


def new_id() -> str:
    """Return a fresh operation id: eight letters, 40 bits."""
    return "".join(choice(_ID_LETTERS) for _ in range(_ID_LENGTH))


def now() -> datetime:
    """Return the time, in UTC. For people only: order is by `sequence`, never by the clock."""
    return datetime.now(UTC)


def summary(request: Request) -> Operation:
    """Return the operation that a request starts as: queued."""
    return Operation(
        id=request.id,
        kind=request.kind,
        folder=request.folder,
        undo_of=request.undo_of,
        requested_by=request.requested_by,
        created=request.created,
        sequence=request.sequence,
        automatic=request.automatic,
        in_part=request.only is not None,
        resolve=request.resolve,
    )


def absolute(roots: Sequence[bytes], root: int, path: bytes) -> bytes:
    """Return the absolute path of a step's source or destination; empty where the step has none."""
    return b"%s/%s" % (roots[root].rstrip(b"/"), path) if path else b""
