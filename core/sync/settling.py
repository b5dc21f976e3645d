"""What a sync brought in step is remembered, file by file, as it is on both sides now."""

from __future__ import annotations

from collections.abc import Iterator

from core.journal.records import Finished, Outcomes
from core.model import Plan, Step
from core.storage.local import LocalStorage
from core.sync import Synced
from core.sync.state import SyncState
from core.sync.steps import LOCAL, REMOTE, is_conflict
from core.sync.table import synced


def remember(plan: Plan, outcomes: Outcomes, local: LocalStorage, state: SyncState) -> None:
    """Take what became of a sync's steps into the state.

    A file that was changed again meanwhile is not taken in: the next sync finds it changed. What the bucket holds was
    looked at when the step ended.
    """
    before = state.files()
    kept: list[Synced] = []
    gone: list[bytes] = []
    for step, done in _done(plan, outcomes):
        match step.kind:
            case "upload" | "download":
                kept += _carried(step, done, outcomes, local)
            case "move":
                was = before.get(step.source)
                gone.append(step.source)
                kept += _renamed(step, done, was, local)
            case "trash":
                gone.append(step.source)
    paths = {each.path for each in kept}
    state.change(kept, [path for path in gone if path not in paths])
    state.change_conflicts(_put_aside(plan, outcomes))


def remember_resolved(plan: Plan, outcomes: Outcomes, local: LocalStorage, state: SyncState) -> None:
    """Take into the state which files both sides settled alike.

    What only one of them settled, a crash or a change came between: the next sync sees that side changed, and carries
    it over.
    """
    before = state.files()
    sides: dict[bytes, dict[int, tuple[Step, Finished]]] = {}
    for step, done in _done(plan, outcomes):
        sides.setdefault(step.source, {})[step.source_root] = step, done
    kept: list[Synced] = []
    gone: list[bytes] = []
    for path, settled in sides.items():
        if settled.keys() == {LOCAL, REMOTE}:
            gone.append(path)
            if settled[REMOTE][0].kind != "trash":
                kept += _renamed(*settled[REMOTE], before.get(path), local)
    state.change(kept, gone)
    state.change_conflicts([], sides)


def _put_aside(plan: Plan, outcomes: Outcomes) -> Iterator[tuple[bytes, int, int]]:
    for step, done in _done(plan, outcomes):
        if is_conflict(step) and step.fingerprint is not None:
            yield done.destination or step.destination, step.fingerprint.size, step.fingerprint.mtime_ns


def _done(plan: Plan, outcomes: Outcomes) -> Iterator[tuple[Step, Finished]]:
    for step in plan.steps:
        record = outcomes.finished.get(step.seq)
        if record is not None and record.outcome == "done":
            yield step, record


def _carried(step: Step, done: Finished, outcomes: Outcomes, local: LocalStorage) -> Iterator[Synced]:
    """Yield what to know of a file that went up or came down, if it is still as it was then."""
    path = step.source if step.kind == "upload" else done.destination or step.destination
    here = step.fingerprint if step.kind == "upload" else done.fingerprint
    there = done.fingerprint if step.kind == "upload" else step.fingerprint
    entry = local.entry(path)
    if entry is None or there is None or entry.fingerprint != here or path != step.destination:
        return
    copied = outcomes.copied.get(step.seq)
    sha256 = copied.digest if copied is not None and step.kind == "upload" else b""
    yield synced(entry, there.version, sha256)


def _renamed(step: Step, done: Finished, was: Synced | None, local: LocalStorage) -> Iterator[Synced]:
    """Yield what to know of a file that follows its rename on the other side."""
    if was is None:
        return
    entry = local.entry(step.destination)
    if entry is None or (entry.size, entry.mtime_ns) != (was.size, was.mtime_ns):
        return
    if step.source_root == REMOTE == step.destination_root and done.fingerprint is not None:
        yield synced(entry, done.fingerprint.version, was.sha256)
    elif step.source_root == LOCAL:
        yield synced(entry, was.etag, was.sha256)
