"""The pairs of a config: their states, and what happens before and after a sync is carried out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

from core.config.models import Folder
from core.errors import StorageError
from core.journal.records import Outcomes
from core.model import Pending, Plan, Request
from core.storage import Entry
from core.storage.local import LocalStorage
from core.storage.remotes import Remotes
from core.storage.s3.objects import Objects
from core.stores.decisions import Decision
from core.sync.conflicts import copies_among
from core.sync.marks import set_marks
from core.sync.pending import done, pending
from core.sync.settling import remember, remember_resolved
from core.sync.state import SyncState
from core.sync.states import States


def filters_of(folder: Folder) -> str:
    """Return what a change of which is no deletion: what is left out, and where the folder goes. A hash."""
    told = "\n".join([folder.sync, folder.direction, *folder.ignore])
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


class Pairs:
    """`states`: what is known of them."""

    def __init__(self, states: States, remotes: Remotes) -> None:
        self.states = states
        self._remotes = remotes

    def begin(self, folder: Folder) -> None:
        """Mark both sides, and remember which pair it is. Raises BrakeEngaged, StorageError."""
        with ExitStack() as stack:
            local, bucket, state = self._opened(folder, stack)
            state.begin(set_marks(local, bucket, state.pair_id), filters_of(folder))

    def end(self, folder: Folder, request: Request, plan: Plan, outcomes: Outcomes) -> None:
        """Remember what a sync brought in step and left to be carried, or how conflicts were settled."""
        with closing(LocalStorage(folder.path)) as local, closing(self.states.open(folder)) as state:
            if not state.pair_id:
                return
            if request.resolve is not None:
                remember_resolved(plan, outcomes, local, state)
            else:
                remember(plan, outcomes, local, state)
                state.pending = pending(plan, done(outcomes))

    def refuse(self, folder: Folder, request: Request) -> None:
        """Forget what waited to be carried: a person refused it."""
        if request.resolve is None:
            with closing(self.states.open(folder)) as state:
                state.pending = Pending()

    def undo(self, folder: Folder, request: Request, plan: Plan) -> list[Decision]:
        """Forget that the files of a sync which was taken back were in step; return that they are to be left alone.

        So nothing is taken as deleted that an undo took away, and the agent carries nothing over anew by itself.
        """
        paths = sorted({path for step in plan.steps for path in (step.source, step.destination) if path})
        with closing(LocalStorage(folder.path)) as local, closing(self.states.open(folder)) as state:
            state.change([], paths)
            state.change_conflicts(copies_among(entry for path in paths if (entry := local.entry(path))))
            entries = [(local.root, entry) for path in paths if (entry := local.entry(path))]
        with suppress(StorageError):  # the undo has ended; what is unknown of the bucket a person will see proposed
            entries += self._objects(folder, paths)
        return list(_undone(entries, filters_of(folder), request.id))

    def _objects(self, folder: Folder, paths: list[bytes]) -> list[tuple[bytes, Entry]]:
        bucket = self._remotes.open(folder.sync.encode())
        assert isinstance(bucket, Objects)
        with closing(bucket):
            return [(bucket.root, found.entry) for found in bucket.look(paths).values()]

    def _opened(self, folder: Folder, stack: ExitStack) -> tuple[LocalStorage, Objects, SyncState]:
        local, bucket = LocalStorage(folder.path), self._remotes.open(folder.sync.encode())
        assert isinstance(bucket, Objects)
        stack.enter_context(closing(local))
        stack.enter_context(closing(bucket))
        return local, bucket, stack.enter_context(closing(self.states.open(folder)))


def _undone(entries: list[tuple[bytes, Entry]], filters: str, operation: str) -> Iterator[Decision]:
    for root, entry in entries:
        path = b"%s/%s" % (root.rstrip(b"/"), entry.path)
        yield Decision(path, "undone", entry.size, entry.mtime_ns, filters, operation)
