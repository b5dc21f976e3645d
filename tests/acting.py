"""Operations carried out for real in tests: plans from short lines, the journal, the executor, the rollback.

with Scene(tmp_path / "scene") as scene:
    trees.build(scene.root, {"a.txt": "text"})
    done = scene.act([("mkdir", "", "b"), ("move", "a.txt", "b/a.txt")])
    undone = scene.undo(done)
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from msgspec.structs import replace

from core.execute import Tally, execute
from core.journal import OperationFiles, Outcomes
from core.model import (
    Attributes,
    Counts,
    Fingerprint,
    Means,
    OnConflict,
    Outcome,
    Plan,
    Request,
    State,
    Step,
    StepKind,
    Survivor,
    now,
)
from core.planners import Ground, rollback
from core.storage.copying import read_attributes
from core.stores.history import History

Line = tuple[str, str | bytes, str | bytes] | tuple[str, str | bytes, str | bytes, int]
"""Kind, source, destination and group. A path that begins with `@` is relative to the second root.

`duplicate`, `hardlink` and `reflink` are kinds of their own here: what becomes of the first path, of which the second
is the copy that stays.
"""

OF_DUPLICATES = ("duplicate", "hardlink", "reflink")
_MEANS: dict[str, Means] = {"hardlink": "link", "reflink": "clone"}


class Silent:
    """An observer that asks for nothing."""

    def advanced(self, tally: Tally) -> None:
        """Hear how far it is."""

    def check_cancelled(self) -> None:
        """Never cancels."""


class Done(NamedTuple):
    """An operation that was carried out."""

    files: OperationFiles
    plan: Plan
    state: State
    counts: Counts

    @property
    def id(self) -> str:
        """The operation's id."""
        return self.plan.operation

    @property
    def outcomes(self) -> Outcomes:
        """What its journal says."""
        return self.files.outcomes()

    def results(self) -> list[tuple[Outcome, str]]:
        """Outcome and reason of every file's step, in order."""
        finished = self.outcomes.finished
        steps = [step for step in self.plan.steps if step.kind not in ("mkdir", "rmdir")]
        return [(finished[step.seq].outcome, finished[step.seq].reason) for step in steps]


class Scene:
    """One or two roots full of files, a state directory with operations, and a real history."""

    def __init__(
        self, directory: Path, disk: Path | None = None, history: History | None = None, home: Path | None = None
    ) -> None:
        """`home`, `disk`: where the two roots lie, for tests with several file systems; else in the directory."""
        self.directory = directory
        self.root = home or directory / "home"
        self.disk = disk or directory / "disk"
        self.operations = directory / "operations"
        for folder in (self.root, self.disk, self.operations):
            folder.mkdir(parents=True, exist_ok=True)
        self._own_history = history is None
        self.history = history or History(directory / "history.db")
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own_history:
            self.history.close()

    @property
    def roots(self) -> list[bytes]:
        """Both roots, as plans name them."""
        return [os.fsencode(self.root), os.fsencode(self.disk)]

    def files(self, operation: str) -> OperationFiles:
        """Return an operation's directory."""
        return OperationFiles(self.operations / operation)

    # -- planning

    def request(self, **fields: Any) -> Request:
        """Record a request, as the engine would."""
        request = self.request_for(f"op{self._sequence + 1}", **fields)
        self.files(request.id).create(request)
        return request

    def request_for(self, operation: str, **fields: Any) -> Request:
        """Return a request, not recorded yet."""
        self._sequence += 1
        asked: dict[str, Any] = {"kind": "organize", "folder": "home", **fields}
        return Request(id=operation, created=now(), sequence=self._sequence, **asked)

    def plan(self, lines: Iterable[Line], *, reviewed: bool = False) -> Plan:
        """Write a plan from lines; fingerprints are those of the disk, followed through chains."""
        request = self.request()
        plan = Plan(request.id, self.roots, steps_of(self.roots, lines, request.id), reviewed=reviewed)
        self.files(request.id).write_plan(plan)
        return plan

    def plan_undo(
        self, operation: str, *, only: Sequence[bytes] | None = None, on_conflict: OnConflict = "number"
    ) -> Plan:
        """Plan a rollback."""
        request = self.request(
            kind="rollback", undo_of=operation, only=list(only) if only is not None else None, on_conflict=on_conflict
        )
        plan = rollback.plan(request, self.ground())
        self.files(request.id).write_plan(plan)
        return plan

    def ground(self) -> Ground:
        """What the rollback planner reads the world through."""
        nothing = cast(Any, None)
        return Ground(nothing, nothing, nothing, self.history, self.files, lambda phase, done, total: None)

    # -- acting

    def run(self, plan: Plan, observer: Any = None, approved: Collection[int] | None = None) -> Done:
        """Execute or resume a plan, and record it in the history."""
        files = self.files(plan.operation)
        with files.journal() as journal:
            state, counts = execute(plan, journal, observer or Silent(), approved)
        self.history.record(files.request(), plan, files.outcomes())
        return Done(files, plan, state, counts)

    def act(self, lines: Iterable[Line], *, reviewed: bool = False) -> Done:
        """Plan from lines and execute."""
        return self.run(self.plan(lines, reviewed=reviewed))

    def undo(
        self, done: Done | Plan, *, only: Sequence[bytes] | None = None, on_conflict: OnConflict = "number"
    ) -> Done:
        """Roll an operation back."""
        operation = done.operation if isinstance(done, Plan) else done.id
        return self.run(self.plan_undo(operation, only=only, on_conflict=on_conflict))


def steps_of(roots: Sequence[bytes], lines: Iterable[Line], operation: str) -> list[Step]:
    """Return the steps that lines mean. A trash line without a destination goes to the operation's trash."""
    moved: dict[tuple[int, bytes], Fingerprint | None] = {}
    steps = []
    for seq, (kind, source, destination, *group) in enumerate(lines):
        if kind in OF_DUPLICATES:
            steps.append(_deduping(roots, seq, kind, _place(source), _place(destination), operation, *group))
            continue
        at = _place(source)
        to = _place(destination)
        if kind == "trash" and not to[1]:
            to = (at[0], b"/".join((b".shelver-trash", operation.encode(), at[1])))
        fingerprint = moved[at] if at in moved else fingerprint_of(os.path.join(roots[at[0]], at[1]))
        if kind in ("move", "trash"):
            moved[at], moved[to] = None, fingerprint
        attributes = None
        if kind in ("mkdir", "rmdir"):
            fingerprint = None
        if kind == "rmdir":
            attributes = attributes_of(os.path.join(roots[at[0]], at[1]))
        steps.append(
            Step(
                seq,
                cast(StepKind, kind),
                at[1],
                to[1],
                at[0],
                to[0],
                group[0] if group else 0,
                fingerprint,
                attributes,
            )
        )
    return steps


def _deduping(
    roots: Sequence[bytes], seq: int, kind: str, at: tuple[int, bytes], kept: tuple[int, bytes], operation: str,
    group: int = 0,
) -> Step:  # fmt: skip
    found, survivor = (fingerprint_of(os.path.join(roots[root], path)) for root, path in (at, kept))
    assert found is not None and survivor is not None
    place = b"/".join((b".shelver-trash", operation.encode(), at[1]))
    plain = Step(seq, "trash", at[1], place, at[0], at[0], group, found, survivor=Survivor(*kept, survivor))
    if kind == "duplicate":
        return plain
    return replace(
        plain, kind="replace", source=kept[1], source_root=kept[0], destination=at[1], fingerprint=survivor,
        occupant=found, means=_MEANS[kind], trash=place,
    )  # fmt: skip


def _place(name: str | bytes) -> tuple[int, bytes]:
    path = os.fsencode(name)
    return (1, path[1:]) if path.startswith(b"@") else (0, path)


def attributes_of(folder: bytes) -> Attributes | None:
    """Return what a folder has, or None where there is none: a plan may make it itself."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        return read_attributes(descriptor)
    finally:
        os.close(descriptor)


def fingerprint_of(path: bytes) -> Fingerprint | None:
    """Return a file's fingerprint, or None where there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return Fingerprint(status.st_ino, status.st_size, status.st_mtime_ns)
