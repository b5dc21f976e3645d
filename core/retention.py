"""What the trash holds, until when; and the one place where bytes leave.

A trashed file is kept for `[trash] keep`, plans and journals for `[history] keep`. What is still in the trash keeps its
operation, however old: while it can come back, its journal stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from core.errors import Locked, StorageError, UsageError
from core.journal import OperationFiles, Outcomes, Purged, existing
from core.model import Fingerprint, Plan, Step, absolute
from core.state import StateDirectory
from core.storage import open_storage
from core.storage.local import LocalStorage
from core.storage.s3.objects import Objects
from core.stores.history import History


class Trashed(Struct, frozen=True):
    """One file in the trash. `path`: where it lies, `original`: where it lay, both absolute; `size` in bytes."""

    operation: str
    seq: int
    path: bytes
    original: bytes
    size: int
    trashed: datetime
    expires: datetime


OpenRoot = Callable[[bytes], LocalStorage | Objects]
"""Opens the storage of a plan's root. Raises StorageError, UsageError: what lies there then waits for another time."""


def trashed(state: StateDirectory, keep: float, open_root: OpenRoot = open_storage) -> Iterator[Trashed]:
    """Yield what waits in the trash, by operation; `keep` in seconds. What a person emptied by hand is not there."""
    for files in existing(sorted(state.operations.iterdir())):
        yield from _trashed_by(files, keep, open_root)


def purge(
    state: StateDirectory,
    keep: float,
    log: Callable[[Trashed], None],
    now: datetime | None = None,
    open_root: OpenRoot = open_storage,
) -> list[Trashed]:
    """Remove what was in the trash for longer than `keep` seconds, and return it; each file is logged first.

    An operation that a process works on is left for the next time; a file that changed in the trash stays.
    """
    now = now or datetime.now(UTC)
    gone: list[Trashed] = []
    for files in existing(sorted(state.operations.iterdir())):
        expired = [each for each in _trashed_by(files, keep, open_root) if each.expires <= now]
        if expired:
            with suppress(Locked):
                gone += _purged(files, expired, log, open_root)
    return gone


def forget(
    state: StateDirectory,
    keep: float,
    forgotten: Callable[[str], None],
    now: datetime | None = None,
    open_root: OpenRoot = open_storage,
) -> None:
    """Remove plans and journals that ended longer than `keep` seconds ago; `forgotten` is told each id before.

    What still has a file in the trash stays, also in a bucket's, and so does what has not come to its end.
    """
    now = now or datetime.now(UTC)
    history = History(state.history)
    try:
        for files in existing(sorted(state.operations.iterdir())):
            sealed = files.outcomes().sealed
            if sealed is None or datetime.fromtimestamp(sealed.at, UTC) + timedelta(seconds=keep) > now:
                continue
            if not files.is_locked() and not any(True for _ in _trashed_by(files, keep, open_root)):
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
    has_trashed = any(step.kind == "trash" or step.occupant is not None for step in files.plan().steps)
    keep = min(history, trash) if has_trashed else history
    return datetime.fromtimestamp(sealed.at, UTC) + timedelta(seconds=keep)


def _trashed_by(files: OperationFiles, keep: float, open_root: OpenRoot) -> Iterator[Trashed]:
    if not files.has_plan():
        return
    plan, outcomes = files.plan(), files.outcomes()
    ended = datetime.fromtimestamp(outcomes.sealed.at if outcomes.sealed else 0, UTC)
    waiting = list(_in_trash(plan, outcomes))
    with _storages(plan.roots, {step.destination_root for step, _, _ in waiting}, open_root) as storages:
        for step, place, left in waiting:
            if step.destination_root in storages and _look(storages[step.destination_root], place) == left:
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
def _storages(roots: list[bytes], needed: set[int], open_root: OpenRoot) -> Iterator[dict[int, LocalStorage | Objects]]:
    """Open those roots that are needed; one that cannot be asked now is left out."""
    with ExitStack() as stack:
        opened: dict[int, LocalStorage | Objects] = {}
        for number in needed:
            with suppress(StorageError, UsageError):
                opened[number] = stack.enter_context(closing(open_root(roots[number])))
        yield opened


def _look(storage: LocalStorage | Objects, path: bytes) -> Fingerprint | None:
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
        if finished is None or finished.outcome != "done" or (step.kind != "trash" and step.occupant is None):
            continue
        left: Fingerprint | None
        if step.occupant is not None:
            place, left = finished.destination or step.trash, step.occupant
        else:
            place, left = finished.destination or step.destination, finished.fingerprint or step.fingerprint
        if step.seq not in outcomes.purged and left is not None:
            yield step, place, left


def _original(plan: Plan, step: Step) -> bytes:
    """Return where lay what a step put into the trash."""
    if step.occupant is not None:
        return absolute(plan.roots, step.destination_root, step.destination)
    return absolute(plan.roots, step.source_root, step.source)


def _purged(
    files: OperationFiles, expired: list[Trashed], log: Callable[[Trashed], None], open_root: OpenRoot
) -> Iterator[Trashed]:
    """Remove what expired of one operation, under its journal's lock."""
    with files.journal() as journal:
        plan = files.plan()
        in_trash = {
            step.seq: (step.destination_root, place, left) for step, place, left in _in_trash(plan, journal.outcomes)
        }
        due = [each for each in expired if each.seq in in_trash]
        with _storages(plan.roots, {in_trash[each.seq][0] for each in due}, open_root) as storages:
            for each in due:
                root, place, left = in_trash[each.seq]
                log(each)
                with suppress(StorageError):
                    storages[root].purge(place, left)
                    journal.add(Purged(each.seq))
                    yield each
        journal.sync()
