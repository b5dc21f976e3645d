"""What the trash holds, until when; and the one place where bytes leave.

A trashed file is kept for `[trash] keep`, plans and journals for `[history] keep`. What is still in the trash keeps its
operation, however old: while it can come back, its journal stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from core.errors import Locked, StorageError
from core.history import History
from core.journal import OperationFiles, Outcomes, Purged, existing
from core.model import Fingerprint, Plan, Step, absolute
from core.state import StateDirectory
from core.storage.local import LocalStorage


class Trashed(Struct, frozen=True):
    """One file in the trash. `path`: where it lies, `original`: where it lay, both absolute; `size` in bytes."""

    operation: str
    seq: int
    path: bytes
    original: bytes
    size: int
    trashed: datetime
    expires: datetime


def trashed(state: StateDirectory, keep: float) -> Iterator[Trashed]:
    """Yield what waits in the trash, by operation; `keep` in seconds. What a person emptied by hand is not there."""
    for files in existing(sorted(state.operations.iterdir())):
        yield from _trashed_by(files, keep)


def purge(
    state: StateDirectory, keep: float, log: Callable[[Trashed], None], now: datetime | None = None
) -> list[Trashed]:
    """Remove what was in the trash for longer than `keep` seconds, and return it; each file is logged first.

    An operation that a process works on is left for the next time; a file that changed in the trash stays.
    """
    now = now or datetime.now(UTC)
    gone: list[Trashed] = []
    for files in existing(sorted(state.operations.iterdir())):
        if any(each.expires <= now for each in _trashed_by(files, keep)):
            with suppress(Locked):
                gone += _purged(files, keep, log, now)
    return gone


def forget(state: StateDirectory, keep: float, forgotten: Callable[[str], None], now: datetime | None = None) -> None:
    """Remove plans and journals that ended longer than `keep` seconds ago; `forgotten` is told each id before.

    What still has a file in the trash stays, and so does what has not come to its end.
    """
    now = now or datetime.now(UTC)
    history = History(state.history)
    try:
        for files in existing(sorted(state.operations.iterdir())):
            sealed = files.outcomes().sealed
            if sealed is None or datetime.fromtimestamp(sealed.at, UTC) + timedelta(seconds=keep) > now:
                continue
            if not files.is_locked() and not any(True for _ in _trashed_by(files, keep)):
                forgotten(files.directory.name)
                history.forget(files.directory.name)
                shutil.rmtree(files.directory)
    finally:
        history.close()


def kept_until(files: OperationFiles, history: float, trash: float) -> datetime | None:
    """Return how long all of an operation that ended can be taken back; `history` and `trash`: kept, in seconds."""
    sealed = files.outcomes().sealed
    if sealed is None:
        return None
    has_trashed = any(step.kind in ("trash", "replace") for step in files.plan().steps)
    keep = min(history, trash) if has_trashed else history
    return datetime.fromtimestamp(sealed.at, UTC) + timedelta(seconds=keep)


def _trashed_by(files: OperationFiles, keep: float) -> Iterator[Trashed]:
    if not files.has_plan():
        return
    plan, outcomes = files.plan(), files.outcomes()
    ended = datetime.fromtimestamp(outcomes.sealed.at if outcomes.sealed else 0, UTC)
    with _storages(plan.roots) as storages:
        for step, place, left in _in_trash(plan, outcomes):
            if _look(storages[step.destination_root], place) == left:
                yield Trashed(
                    files.directory.name,
                    step.seq,
                    absolute(plan.roots, step.destination_root, place),
                    _original(plan, step),
                    left.size,
                    ended,
                    ended + timedelta(seconds=keep),
                )


@contextmanager
def _storages(roots: list[bytes]) -> Iterator[list[LocalStorage]]:
    with ExitStack() as stack:
        yield [stack.enter_context(LocalStorage(root)) for root in roots]


def _look(storage: LocalStorage, path: bytes) -> Fingerprint | None:
    """Return what is there; nothing where the path cannot be followed, say because the disk is not mounted."""
    try:
        return storage.fingerprint(path)
    except StorageError:
        return None


def _in_trash(plan: Plan, outcomes: Outcomes) -> Iterator[tuple[Step, bytes, Fingerprint]]:
    """Yield each file that an ended operation put into the trash: its step, its place and how it was left there."""
    if outcomes.sealed is None:
        return
    for step in plan.steps:
        finished = outcomes.finished.get(step.seq)
        if step.kind not in ("trash", "replace") or finished is None or finished.outcome != "done":
            continue
        if step.kind == "replace":
            place, left = finished.destination or step.trash, step.occupant
        else:
            place, left = finished.destination or step.destination, finished.fingerprint or step.fingerprint
        if step.seq not in outcomes.purged and left is not None:
            yield step, place, left


def _original(plan: Plan, step: Step) -> bytes:
    """Return where lay what a step put into the trash."""
    if step.kind == "replace":
        return absolute(plan.roots, step.destination_root, step.destination)
    return absolute(plan.roots, step.source_root, step.source)


def _purged(files: OperationFiles, keep: float, log: Callable[[Trashed], None], now: datetime) -> Iterator[Trashed]:
    """Remove what expired of one operation, under its journal's lock."""
    with files.journal() as journal:
        plan = files.plan()
        in_trash = {
            step.seq: (step.destination_root, place, left) for step, place, left in _in_trash(plan, journal.outcomes)
        }
        with _storages(plan.roots) as storages:
            for each in [each for each in _trashed_by(files, keep) if each.expires <= now]:
                root, place, left = in_trash[each.seq]
                log(each)
                with suppress(StorageError):
                    storages[root].purge(place, left)
                    journal.add(Purged(each.seq))
                    yield each
        journal.sync()
