"""What the parts of the executor share while a plan runs: storages, journal, counters, and who watches."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import count
from time import monotonic

from msgspec.structs import replace

from core.errors import (
    BrakeEngaged,
    CannotStandIn,
    DestinationTaken,
    FolderTaken,
    NotTheSame,
    SameFile,
    SourceChanged,
    SourceInUse,
    SourceMissing,
    StateFull,
    StorageError,
    SurvivorLost,
    UsageError,
)
from core.execute.tally import CopyProgress, Observer, tally_of
from core.journal import Copied, Finished, Intended, Journal
from core.journal.chains import bringers
from core.model import DIRECTORY_KINDS, Attributes, Fingerprint, Outcome, Plan, Step
from core.names import numbered_together, shown
from core.storage import Copy, open_storage
from core.storage.local import LocalStorage
from core.storage.s3.objects import Objects
from core.storage.twins import Twins

OpenRoot = Callable[[bytes], LocalStorage | Objects]
"""Opens the storage of a plan's root. Raises UsageError, StorageError."""

BATCH_RECORDS = 256
BATCH_SECONDS = 0.05
"""A crash costs looking at no more than so many steps anew; a screen waits no longer for news."""

_RECENT = 5

ALREADY_THERE = "it is there already"

LEFT_ALONE = (
    *(SourceMissing, SourceChanged, SourceInUse, DestinationTaken, FolderTaken),
    *(SurvivorLost, NotTheSame, SameFile, CannotStandIn),
)
"""What makes a step skipped, not failed: a person or a program was there first, or it is no duplicate after all."""


class RootGone(BrakeEngaged):
    """{detail} is not where it was: it was unmounted, removed or replaced."""


class Run:
    """One execution of a plan, with all that its steps need."""

    def __init__(self, plan: Plan, journal: Journal, observer: Observer, open_root: OpenRoot = open_storage) -> None:
        self.plan = plan
        self.journal = journal
        self.observer = observer
        self.outcomes = journal.outcomes
        opened = dict(enumerate(map(open_root, plan.roots)))
        self.storages = {number: each for number, each in opened.items() if isinstance(each, LocalStorage)}
        """The folders among the plan's roots, by their numbers."""
        self.buckets = {number: each for number, each in opened.items() if isinstance(each, Objects)}
        self.tally = tally_of(plan, self.outcomes.finished)
        self._latest: deque[Step] = deque(maxlen=_RECENT)
        self.breath = monotonic() + BATCH_SECONDS
        """When to breathe again, by the monotonic clock."""
        self._numbers: dict[tuple[int, bytes], int] = {}

    def close(self) -> None:
        """Give all descriptors and threads back."""
        for number in range(len(self.plan.roots)):
            self._storage(number).close()

    # -- where things are

    def source(self, step: Step) -> LocalStorage:
        """Return the folder that a step takes from."""
        return self.storages[step.source_root]

    def target(self, step: Step) -> LocalStorage:
        """Return the folder that a step puts into."""
        return self.storages[step.destination_root]

    def bucket(self, root: int) -> Objects:
        """Return the bucket's prefix that is a root of the plan."""
        return self.buckets[root]

    def is_remote(self, step: Step) -> bool:
        """Tell whether a step touches a bucket."""
        return step.source_root in self.buckets or step.destination_root in self.buckets

    def followed(self, step: Step) -> Step:
        """Return a step as it is after the earlier ones: its file may have come under another name, or as a copy."""
        bringer = self.bringers.get(step.seq)
        if bringer is None or step.fingerprint is None:
            return step
        brought = self.outcomes.finished.get(bringer)
        if brought is None or brought.outcome != "done":
            return step
        fingerprint = brought.fingerprint or self.followed(self.plan.steps[bringer]).fingerprint
        return replace(step, source=brought.destination or step.source, fingerprint=fingerprint)

    @cached_property
    def bringers(self) -> dict[int, int]:
        """The step that brings the file of a later step to where that one takes it from, of such as there are."""
        return bringers(self.plan)

    def destination(self, step: Step) -> bytes:
        """Return where a step will put its file: as planned, or as it was decided at the last moment."""
        if step.kind == "replace":
            return step.destination
        return self.outcomes.intended.get(step.seq, step.destination)

    def place_in_trash(self, step: Step) -> bytes:
        """Return where what a `replace` step replaces will go: as planned, or as it was decided at the last moment."""
        return self.outcomes.intended.get(step.seq, step.trash)

    def temporary(self, step: Step, destination: bytes) -> bytes:
        """Return the name of a copy under way, beside its destination."""
        return self._beside(destination, step.seq, b"tmp")

    def aside(self, step: Step) -> bytes:
        """Return the name that a copied source has while it is taken away, beside the source."""
        return self._beside(step.source, step.seq, b"aside")

    def out(self, step: Step, place: bytes) -> bytes:
        """Return the name that what stood in for a file has while it is removed, beside its place in the trash."""
        return self._beside(place, step.seq, b"out")

    def back(self, step: Step) -> bytes:
        """Return the name of a copy that is being put back, beside the source."""
        return self._beside(step.source, step.seq, b"back")

    def _beside(self, path: bytes, seq: int, ending: bytes) -> bytes:
        name = b".shelver-%s-%d.%s" % (os.fsencode(self.plan.operation), seq, ending)
        return os.path.join(os.path.dirname(path), name)

    # -- brakes

    def identify_roots(self) -> list[int]:
        """Open every root and return their inodes (0 of a bucket).

        Raises RootGone if one is missing, or not the one it was; RemoteRefused, RemoteUnreachable.
        """
        found: list[int] = []
        for number, root in enumerate(self.plan.roots):
            try:
                found.append(self._storage(number).identify())
            except OSError:
                raise RootGone(shown(root)) from None
        for root, inode, known in zip(self.plan.roots, found, self.outcomes.roots or found, strict=True):
            if inode != known:
                raise RootGone(shown(root))
        return found

    def breathe(self) -> None:
        """Between two steps: write the batch, look after the roots, tell the observer. Raises RootGone, StateFull."""
        self.journal.flush()
        if self.journal.starved:
            raise StateFull(f"the journal of {self.plan.operation}")
        for storage in self.storages.values():
            storage.release()
            if not storage.is_in_place():
                raise RootGone(shown(storage.root))
        self.report()
        self.breath = monotonic() + BATCH_SECONDS

    def is_out_of_breath(self) -> bool:
        """Tell whether it is time to breathe."""
        return self.room <= 0 or monotonic() >= self.breath

    @property
    def room(self) -> int:
        """How many records the batch under way still takes."""
        return BATCH_RECORDS - self.journal.unwritten

    def report(self) -> None:
        """Tell the observer how far it is."""
        roots = self.plan.roots
        self.tally.recent = [
            (
                shown(os.path.join(roots[step.source_root], step.source)),
                shown(os.path.join(roots[step.destination_root], self.destination(step))),
            )
            for step in self._latest
        ]
        if self._latest:
            self.tally.current = self.tally.recent[-1][0]
        self.observer.advanced(self.tally)

    # -- what became of steps

    def done(
        self,
        step: Step,
        destination: bytes | None = None,
        fingerprint: Fingerprint | None = None,
        attributes: Attributes | None = None,
    ) -> None:
        """Record that a step was done; `destination` only if it is not the planned one."""
        if destination == step.destination:
            destination = None
        self.journal.add(Finished(step.seq, "done", "", destination, fingerprint, attributes))
        if step.fingerprint is not None:
            self.tally.done += 1
            self.tally.bytes_done += step.fingerprint.size
            self._latest.append(step)

    def done_as_planned(self, steps: Sequence[Step]) -> None:
        """Record that files were moved just as planned."""
        self.journal.add_done([step.seq for step in steps])
        self.tally.done += len(steps)
        self.tally.bytes_done += sum([expected(step).size for step in steps])
        self._latest.extend(steps[-_RECENT:])

    def leave(self, step: Step, outcome: Outcome, reason: str) -> None:
        """Record that nothing was done: `skipped` or `failed`."""
        self.journal.add(Finished(step.seq, outcome, reason))
        if step.kind in DIRECTORY_KINDS:
            return
        if outcome == "failed":
            self.tally.failed += 1
        else:
            self.tally.skipped += 1

    def undo(self, step: Step) -> None:
        """Record that a step which was done is to be done again: the disk lost it."""
        self.journal.add(Finished(step.seq, "pending"))
        if step.kind not in DIRECTORY_KINDS:
            self.tally.done -= 1
            self.tally.bytes_done -= step.fingerprint.size if step.fingerprint else 0

    def refuse(self, step: Step, error: StorageError) -> None:
        """Record what kept a step from being done."""
        self.leave(step, "skipped" if isinstance(error, LEFT_ALONE) else "failed", str(error))

    # -- copies

    def copied(self, step: Step) -> Copy | None:
        """Return the copy that the journal says was whole and durable for a step."""
        record = self.outcomes.copied.get(step.seq)
        if record is None:
            return None
        return Copy(record.temporary, record.digest, record.fingerprint, record.lost, record.device)

    def record_copy(self, step: Step, copy: Copy) -> None:
        """Record that a copy is whole; it must be synced before the copy is published."""
        self.journal.add(Copied(step.seq, copy.temporary, copy.digest, copy.fingerprint, copy.lost, copy.device))

    def copy_progress(self, step: Step) -> CopyProgress:
        """Return what a copy calls while it gets on."""
        current = shown(os.path.join(self.plan.roots[step.source_root], step.source))
        return CopyProgress(self.tally, self.observer, current)

    # -- duplicates

    def twins(self, step: Step) -> Twins:
        """Hold the file that a step takes away as a duplicate, and the one that stays. Raises StorageError."""
        survivor = step.survivor
        assert survivor is not None
        kept = (self.storages[survivor.root], survivor.path, survivor.fingerprint)
        if step.kind == "replace":
            return Twins((self.target(step), step.destination, occupant(step)), kept)
        return Twins((self.source(step), step.source, expected(step)), kept)

    # -- numbers

    def may_number(self, step: Step) -> bool:
        """Tell whether a step may take another name than planned. The trash's names are nobody's wish."""
        return not self.plan.reviewed or step.kind == "trash"

    def free_places(self, steps: list[Step]) -> Iterable[list[bytes]]:
        """Yield places with the next free numbers for steps whose own are taken, each recorded as intended."""
        key = (steps[0].destination_root, steps[0].destination)
        folders = [os.path.dirname(step.destination) for step in steps]
        names = [os.path.basename(step.destination) for step in steps]
        for number in count(self._numbers.get(key, 0) + 1):
            places = [
                os.path.join(folder, name)
                for folder, name in zip(folders, numbered_together(names, number), strict=True)
            ]
            pairs = list(zip(steps, places, strict=True))
            if any(self._is_taken(step.destination_root, place) for step, place in pairs):
                continue
            self._numbers[key] = number
            for step, place in pairs:
                self.journal.add(Intended(step.seq, place))
            self.journal.sync()
            yield places

    def _is_taken(self, root: int, place: bytes) -> bool:
        return (root, place) in self._planned_places or self._storage(root).exists(place)

    def _storage(self, root: int) -> LocalStorage | Objects:
        return self.storages[root] if root in self.storages else self.buckets[root]

    @cached_property
    def _planned_places(self) -> set[tuple[int, bytes]]:
        return {(step.destination_root, step.destination) for step in self.plan.steps}


def expected(step: Step) -> Fingerprint:
    """Return what a step's file was when it was planned. Raises UsageError for a plan that does not say."""
    if step.fingerprint is None:
        raise UsageError(f"step {step.seq} of the plan says nothing of its file")
    return step.fingerprint


def occupant(step: Step) -> Fingerprint:
    """Return what a step replaces was when it was planned. Raises UsageError for a plan that does not say."""
    if step.occupant is None:
        raise UsageError(f"step {step.seq} of the plan says nothing of what it replaces")
    return step.occupant
