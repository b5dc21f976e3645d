"""Steps among objects of one endpoint: each is a copy, a look at the copy, and only then a delete.

They go in batches, many requests at once; between the copies and the deletes stands one fsync of the journal, so that
whatever a crash cuts off, the journal knows the copies, or the sources are all still there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from msgspec.structs import replace

from core.errors import DestinationTaken, StorageError
from core.execute.bucket_survivors import BucketSurvivors
from core.execute.run import Run, expected
from core.model import Attributes, Step
from core.names import shown
from core.storage import Copy, Entry
from core.storage.s3.bucket import MTIME
from core.storage.s3.objects import Move, Objects

BATCH = 1000
BATCH_BYTES = 64 * 1024**3
"""Objects, and bytes, whose copies may be under way at once; a crash costs looking at no more of them anew."""

TOGETHER = "a file that belongs with it has to stay"

Result = Entry | StorageError


@dataclass(slots=True)
class Unit:
    """What moves as one: a single object, or a group. `places`: where each goes; `copies`: each there, or why not."""

    steps: Sequence[Step]
    places: list[bytes]
    copies: list[Result]

    @property
    def trouble(self) -> StorageError | None:
        """The first thing that went wrong, if anything did."""
        return next((copy for copy in self.copies if isinstance(copy, StorageError)), None)


class BucketMoves:
    """Carries out moves, copies and trashings of objects. What an endpoint refuses wholesale ends the batch."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._survivors = BucketSurvivors(run)
        self._waiting: list[Unit] = []
        self._objects = self._bytes = 0

    def add(self, steps: Sequence[Step]) -> None:
        """Have one step, or the steps of a group, carried out with the next batch."""
        self._waiting.append(Unit(steps, [self._run.destination(step) for step in steps], []))
        self._objects += len(steps)
        self._bytes += sum(expected(step).size for step in steps)
        if self._objects >= BATCH or self._bytes >= BATCH_BYTES:
            self.settle()

    def settle(self) -> None:
        """Carry out all that waits, and record what became of each."""
        waiting = self._waiting
        self.abandon()
        for (source, target), units in _by_places(waiting).items():
            self._carry_out(self._run.bucket(source), self._run.bucket(target), units)

    def abandon(self) -> None:
        """Forget what waits: nothing was done yet."""
        self._waiting, self._objects, self._bytes = [], 0, 0

    def finish(self, steps: Sequence[Step], copies: Sequence[Entry]) -> None:
        """Take away the sources of copies that an earlier attempt made, and record the steps as done."""
        unit = Unit(steps, [copy.path for copy in copies], list(copies))
        first = steps[0]
        self._leave(self._run.bucket(first.source_root), self._run.bucket(first.destination_root), [unit])

    # -- one batch between two places

    def _carry_out(self, source: Objects, target: Objects, units: list[Unit]) -> None:
        differing = self._survivors.compare(step for unit in units for step in unit.steps)
        units = [unit for unit in units if not self._stays(unit, differing)]
        self._copy(source, target, units)
        for unit in units if self._run.outcomes.attempts > 1 else ():
            _adopt(target, unit)
        for unit in units:
            if isinstance(unit.trouble, DestinationTaken) and all(self._run.may_number(step) for step in unit.steps):
                self._copy_to_a_number(source, target, unit)
        whole = [unit for unit in units if self._is_whole(target, unit)]
        for unit in whole:
            for step, copy in zip(unit.steps, _entries(unit), strict=True):
                self._run.record_copy(step, Copy(copy.path, b"", copy.fingerprint))
        self._run.journal.sync()
        self._leave(source, target, whole)

    def _copy(self, source: Objects, target: Objects, units: Sequence[Unit]) -> None:
        moves = [
            Move(step.source, place, expected(step), metadata_of(step))
            for unit in units
            for step, place in zip(unit.steps, unit.places, strict=True)
        ]
        results = iter(source.copy_all(moves, target))
        for unit in units:
            unit.copies = [next(results) for _ in unit.steps]

    def _copy_to_a_number(self, source: Objects, target: Objects, unit: Unit) -> None:
        self._remove(target, unit)
        for places in self._run.free_places(list(unit.steps)):
            unit.places = places
            self._copy(source, target, [unit])
            if not isinstance(unit.trouble, DestinationTaken):
                return
            self._remove(target, unit)

    def _is_whole(self, target: Objects, unit: Unit) -> bool:
        """Tell whether all of a unit was copied; else remove what was, and record why."""
        trouble = unit.trouble
        if trouble is None:
            return True
        self._remove(target, unit)
        for step, copy in zip(unit.steps, unit.copies, strict=True):
            if isinstance(copy, StorageError):
                self._run.refuse(step, copy)
            else:
                self._run.leave(step, "skipped", TOGETHER)
        return False

    def _remove(self, target: Objects, unit: Unit) -> None:
        """Remove the copies of a unit that stays where it is; one that somebody changed meanwhile is theirs."""
        copies = [copy for copy in unit.copies if isinstance(copy, Entry)]
        with suppress(StorageError):
            target.remove_all([(copy.path, copy.fingerprint) for copy in copies])

    def _stays(self, unit: Unit, troubles: Mapping[int, StorageError]) -> bool:
        """Tell whether anything is wrong with a step of a unit; record then why none of it goes."""
        if not any(step.seq in troubles for step in unit.steps):
            return False
        for step in unit.steps:
            if step.seq in troubles:
                self._run.refuse(step, troubles[step.seq])
            else:
                self._run.leave(step, "skipped", TOGETHER)
        return True

    # -- the sources leave

    def _leave(self, source: Objects, target: Objects, units: Sequence[Unit]) -> None:
        lost = self._survivors.check(step for unit in units for step in unit.steps)
        for unit in units:
            if self._stays(unit, lost):
                self._remove(target, unit)
        units = [unit for unit in units if not any(step.seq in lost for step in unit.steps)]
        leaving = [step for unit in units for step in unit.steps if step.kind != "copy"]
        troubles = source.remove_all([(step.source, expected(step)) for step in leaving])
        stays = {step.seq: trouble for step, trouble in zip(leaving, troubles, strict=True) if trouble}
        for unit in units:
            if any(step.seq in stays for step in unit.steps):
                self._take_back(source, target, unit, stays)
            else:
                self._record(unit)

    def _take_back(self, source: Objects, target: Objects, unit: Unit, stays: dict[int, StorageError]) -> None:
        """A source changed, or would not go, after its copy was made: what is left of the unit returns to it."""
        copies = _entries(unit)
        gone = [(step, copy) for step, copy in zip(unit.steps, copies, strict=True) if step.seq not in stays]
        back = [Move(copy.path, step.source, copy.fingerprint) for step, copy in gone if step.kind != "copy"]
        returned = target.copy_all(back, source) if back else []
        if any(isinstance(each, StorageError) for each in returned):
            self._record_apart(unit, stays)
            return
        self._remove(target, unit)
        self._stays(unit, stays)

    def _record_apart(self, unit: Unit, stays: dict[int, StorageError]) -> None:
        """Record where each is that could not be brought together again: nothing is removed any more."""
        for step, copy in zip(unit.steps, _entries(unit), strict=True):
            if step.seq in stays:
                self._run.leave(step, "failed", f"{stays[step.seq]}; a copy of it is left as {shown(copy.path)}")
            else:
                self._run.done(step, copy.path, copy.fingerprint)

    def _record(self, unit: Unit) -> None:
        for step, copy in zip(unit.steps, _entries(unit), strict=True):
            self._run.done(step, copy.path, copy.fingerprint, _undated(step.attributes))


def _adopt(target: Objects, unit: Unit) -> None:
    """Take copies for our own that hold what the sources do, where an attempt before was cut off.

    A server may yet carry out what the process asked for that died.
    """
    for number, (step, place, copy) in enumerate(zip(unit.steps, unit.places, unit.copies, strict=True)):
        if isinstance(copy, DestinationTaken):
            there, was = target.entry(place), expected(step)
            if there is not None and (there.size, there.version) == (was.size, was.version):
                unit.copies[number] = there


def _undated(attributes: Attributes | None) -> Attributes | None:
    """Return what an object remembered before it was given a time of its own: a way back gives that back."""
    if attributes is None or MTIME not in attributes.xattrs:
        return None
    return replace(attributes, xattrs={name: value for name, value in attributes.xattrs.items() if name != MTIME})


def metadata_of(step: Step) -> dict[str, str] | None:
    """Return what a moved object is to remember in place of what it did; None: the same."""
    if step.attributes is None:
        return None
    return {name: value.decode() for name, value in step.attributes.xattrs.items()}


def _entries(unit: Unit) -> list[Entry]:
    return [copy for copy in unit.copies if isinstance(copy, Entry)]


def _by_places(units: Sequence[Unit]) -> dict[tuple[int, int], list[Unit]]:
    found: dict[tuple[int, int], list[Unit]] = defaultdict(list)
    for unit in units:
        found[unit.steps[0].source_root, unit.steps[0].destination_root].append(unit)
    return found
