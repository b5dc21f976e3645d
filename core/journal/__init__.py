"""The plan and the outcomes of one operation, on disk.

A directory holds `request` (JSON), `plan` and `journal` (framed MessagePack), and `approval` (JSON) once
a person approved. The plan is complete and fsynced before the first step; the journal is append-only.

A frame (see core.journal.frames) of the plan holds `FRAME_STEPS` steps, so that a page of a million is found by
counting; one of the journal holds the records of a batch. A torn last frame of a journal is cut off and kept beside
it (`journal.torn`); a bad one before it is an alarm: JournalDamaged.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct, msgpack

from core.errors import JournalDamaged, Locked, ShelverError, StateFull, UnknownOperation, WrongState
from core.journal.frames import framed, frames, whole_length
from core.journal.plan_lines import lines_by_frame
from core.journal.records import (
    Copied,
    Finished,
    Intended,
    Outcomes,
    Purged,
    Record,
    Sealed,
    Started,
)
from core.model import Counts, Plan, Request, State, Step
from core.names import shown
from core.state import sync_directory, write_durably

__all__ = [
    "FRAME_STEPS",
    "Approval",
    "Copied",
    "Finished",
    "Intended",
    "Journal",
    "OperationFiles",
    "Outcomes",
    "PlanHead",
    "Purged",
    "Record",
    "Sealed",
    "Started",
    "existing",
]

FRAME_STEPS = 256
"""Steps in each frame of a plan but the last."""


_decode_records = msgpack.Decoder(list[Record]).decode
_decode_steps = msgpack.Decoder(list[Step]).decode


class PlanHead(Struct, array_like=True):
    """The first frame of a plan. `counts`: steps in all, steps that act on files; `lines`: see core.journal.plan_lines.

    `sizes`: bytes of each frame that follows, so that any is found without a look at those before it.
    """

    operation: str
    roots: list[bytes]
    rules: str
    reviewed: bool
    counts: tuple[int, int]
    lines: list[int] = []
    sizes: list[int] = []


class Approval(Struct, omit_defaults=True):
    """That a person approved a plan, or which files of it; see core.review.approved_steps."""

    by: str
    only: list[bytes] | None = None
    without: list[bytes] = []


# -- reading ----------------------------------------------------------------------------------------


class OperationFiles:
    """The directory of one operation: what was asked, planned, approved and done."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.plan_path = directory / "plan"
        self.journal_path = directory / "journal"

    # -- request and approval

    def create(self, request: Request) -> None:
        """Make the directory and record the request, durably."""
        self.directory.mkdir(mode=0o700)
        write_durably(self.directory / "request", msgspec.json.encode(request))
        sync_directory(self.directory.parent)

    def request(self) -> Request:
        """Return what was asked. Raises UnknownOperation, JournalDamaged."""
        try:
            return msgspec.json.decode((self.directory / "request").read_bytes(), type=Request)
        except FileNotFoundError:
            raise UnknownOperation(shown(self.directory.name)) from None
        except msgspec.MsgspecError as error:
            raise JournalDamaged(f"request of {self.directory.name}: {error}") from None

    def approve(self, approval: Approval) -> None:
        """Record that the plan may run, durably."""
        write_durably(self.directory / "approval", msgspec.json.encode(approval))

    def approval(self) -> Approval | None:
        """Return the approval, or None while nobody approved."""
        try:
            return msgspec.json.decode((self.directory / "approval").read_bytes(), type=Approval)
        except FileNotFoundError:
            return None

    # -- plan

    def write_plan(self, plan: Plan) -> None:
        """Write the plan, whole and durable, or leave none. Steps must be numbered from 0 without a gap."""
        files = sum(step.kind not in ("mkdir", "rmdir") for step in plan.steps)
        lines = lines_by_frame(plan.steps, FRAME_STEPS)
        starts = range(0, len(plan.steps), FRAME_STEPS)
        parts = [framed(plan.steps[start : start + FRAME_STEPS]) for start in starts]
        counts, sizes = (len(plan.steps), files), list(map(len, parts))
        head = PlanHead(plan.operation, plan.roots, plan.rules, plan.reviewed, counts, lines, sizes)
        write_durably(self.plan_path, b"".join((framed(head), *parts)))

    def has_plan(self) -> bool:
        """Tell whether planning came to its end."""
        return self.plan_path.exists()

    def plan(self) -> Plan:
        """Return the whole plan. Raises WrongState where there is none, JournalDamaged."""
        head, payloads = self._plan_frames()
        steps = [step for payload in payloads for step in _decode_steps(payload)]
        if len(steps) != head.counts[0]:
            raise JournalDamaged(f"plan of {self.directory.name}: {len(steps)} steps of {head.counts[0]}")
        return Plan(head.operation, head.roots, steps, head.rules, head.reviewed)

    def roots(self) -> list[bytes]:
        """Return the plan's roots without reading its steps."""
        return self._plan_frames()[0].roots

    def planned_files(self) -> int:
        """Return how many steps act on files, without reading them."""
        return self._plan_frames()[0].counts[1]

    def planned_steps(self) -> int:
        """Return how many steps there are, without reading them."""
        return self._plan_frames()[0].counts[0]

    def steps(self, start: int, limit: int) -> list[Step]:
        """Return steps `start` up to `start + limit`, reading no others but their frames' heads."""
        first, skip = divmod(start, FRAME_STEPS)
        steps: list[Step] = []
        for number, payload in enumerate(self._plan_frames(skip=first)[1]):
            steps += _decode_steps(payload)
            if (number + 1) * FRAME_STEPS >= skip + limit:
                break
        return steps[skip : skip + limit]

    def _plan_frames(self, skip: int = 0) -> tuple[PlanHead, Iterator[memoryview]]:
        try:
            with self.plan_path.open("rb") as file:  # mapped: a page of a million steps costs no more than itself
                data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except FileNotFoundError:
            raise WrongState("it has no plan yet", operation=self.directory.name, state="unplanned") from None
        except ValueError:  # what is empty cannot be mapped
            raise JournalDamaged(f"plan of {self.directory.name}, byte 0") from None
        payloads = frames(data, f"plan of {self.directory.name}", skip_after_first=skip)
        return msgpack.decode(next(payloads), type=PlanHead), payloads

    # -- journal

    def outcomes(self) -> Outcomes:
        """Return what the journal says; a torn tail is passed over. Raises JournalDamaged."""
        outcomes = Outcomes()
        try:
            data = self.journal_path.read_bytes()
        except FileNotFoundError:
            return outcomes
        whole = whole_length(memoryview(data), f"journal of {self.directory.name}")
        for payload in frames(memoryview(data)[:whole], f"journal of {self.directory.name}"):
            try:
                records = _decode_records(payload)
            except msgspec.MsgspecError as error:
                raise JournalDamaged(f"journal of {self.directory.name}: {error}") from None
            outcomes.add_all(records)
        return outcomes

    def torn_bytes(self) -> int:
        """Return how many bytes at the journal's end a crash tore; whoever writes next cuts them off."""
        try:
            data = self.journal_path.read_bytes()
        except FileNotFoundError:
            return 0
        return len(data) - whole_length(memoryview(data), f"journal of {self.directory.name}")

    def is_locked(self) -> bool:
        """Tell whether a process is executing it right now."""
        try:
            with self.journal(wait=False):
                return False
        except Locked:
            return True

    @contextmanager
    def journal(self, *, wait: bool = False) -> Iterator[Journal]:
        """Hold the journal for writing: repaired, locked against every other process. Raises Locked."""
        is_new = not self.journal_path.exists()
        descriptor = os.open(self.journal_path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise Locked(f"operation {self.directory.name}") from None
            if is_new:
                sync_directory(self.directory)
            yield Journal(descriptor, self)
        finally:
            os.close(descriptor)


class Journal:
    """The journal of one operation, open for writing by the process that holds its lock."""

    def __init__(self, descriptor: int, files: OperationFiles) -> None:
        self.outcomes = Outcomes()
        self.starved = False
        """The state's disk is full and its reserve in use: what is under way can be recorded, no more."""
        self._descriptor = descriptor
        self._files = files
        self._pending: list[Record] = []
        self._end = self._cut_torn_tail()
        self.outcomes = files.outcomes()

    @property
    def operation(self) -> str:
        """The id of the operation."""
        return self._files.directory.name

    @property
    def directory(self) -> Path:
        """Where the operation's files are."""
        return self._files.directory

    @property
    def unwritten(self) -> int:
        """How many records wait in the batch under way."""
        return len(self._pending)

    def _cut_torn_tail(self) -> int:
        data = self._files.journal_path.read_bytes()
        whole = whole_length(memoryview(data), f"journal of {self.operation}")
        if whole < len(data):
            write_durably(self._files.directory / "journal.torn", data[whole:])
            os.ftruncate(self._descriptor, whole)
            os.fsync(self._descriptor)
        return whole

    def add(self, record: Record) -> None:
        """Take a record into the batch under way."""
        self.outcomes.add(record)
        self._pending.append(record)

    def add_done(self, numbers: Sequence[int]) -> None:
        """Take into the batch that steps were done as planned."""
        self._pending += self.outcomes.add_done(numbers)

    def flush(self) -> None:
        """Hand the batch to the kernel: it survives the death of the process, not a power cut.

        Where the disk is full, the state's reserve is given up for it. Raises StateFull when that is used up too.
        """
        if not self._pending:
            return
        frame = framed(self._pending)
        try:
            self._append(frame)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise self._unwritable(error) from error
            self._give_up_reserve()
            try:
                self._append(frame)
            except OSError:
                raise StateFull(shown(str(self._files.directory))) from error
        self._pending = []
        self._end += len(frame)

    def _append(self, frame: bytes) -> None:
        view = memoryview(frame)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            os.ftruncate(self._descriptor, self._end)  # no half frame, or the next would stand behind it
            raise

    def _give_up_reserve(self) -> None:
        self.starved = True
        with suppress(OSError):
            os.truncate(self._files.directory.parent.parent / "reserve", 0)

    def _unwritable(self, error: OSError) -> ShelverError:
        return ShelverError(f"the journal of {self.operation} cannot be written: {error.strerror}")

    def sync(self) -> None:
        """Make all records so far durable. Raises ShelverError where the disk fails: then none may be relied on."""
        self.flush()
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._unwritable(error) from error

    def reopen(self) -> None:
        """Take the seal back, durably: a person lets a failed operation go on."""
        self.add(Started(self.outcomes.boot, self.outcomes.attempts))
        self.sync()

    def seal(self, state: State, counts: Counts, error: str = "") -> None:
        """Record the end, durably."""
        self.add(Sealed(state, (counts.planned, counts.done, counts.skipped, counts.failed, counts.bytes), error))
        self.sync()


def existing(directories: Iterable[Path]) -> Iterator[OperationFiles]:
    """Yield the operations whose directories hold a request."""
    for directory in directories:
        if (directory / "request").exists():
            yield OperationFiles(directory)
