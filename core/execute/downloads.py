"""Objects that come down into a folder: whole and verified under a temporary name, then published without replacing.

What has the name already changes places with the new file in one go, and is then in the trash: the name is never empty.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from msgspec.structs import replace

from core.errors import REMOTE_AWAY, DestinationTaken, IoFailed, SourceChanged, SourceMissing, StorageError
from core.execute.crew import Batch, Crew, raise_if_away
from core.execute.run import Run, expected
from core.model import Attributes, Step
from core.storage import Copy, KeepGoing
from core.storage.copying import digest_of, give_attributes, hashed, read_attributes
from core.storage.directories import opened, told
from core.storage.local import LocalStorage, fingerprint_of
from core.storage.s3.bucket import Head
from core.storage.s3.objects import SHA256
from core.storage.standing_in import exchange


class Downloads:
    """Carries out `download` steps. Nothing is taken away from the bucket."""

    def __init__(self, run: Run, crew: Crew) -> None:
        self._run = run
        self._crew = crew
        self._batch = Batch()

    def add(self, step: Step) -> None:
        """Have an object fetched with the next batch. Raises Cancelled."""
        self._batch.add(step)
        if self._batch.is_full:
            self.settle()

    def settle(self) -> None:
        """Fetch all that waits, publish it, and record what became of each. Raises Cancelled."""
        waiting = self._batch.take()
        with ExitStack() as stack:
            places = [place for step in waiting if (place := self._opened(step, stack))]
            copies = self._crew.each(self._fetch, places) if places else []
        fetched: list[tuple[Step, Copy]] = []
        for place, copy in zip(places, copies, strict=True):
            if isinstance(copy, REMOTE_AWAY):
                continue
            if isinstance(copy, StorageError):
                self._discard(place.step)
                self._run.refuse(place.step, copy)
            else:
                self._run.record_copy(place.step, copy)
                fetched.append((place.step, copy))
        if fetched:
            self._run.journal.sync()
        for step, copy in fetched:
            self.publish(step, copy)
        raise_if_away(copies)

    def abandon(self) -> None:
        """Forget what waits."""
        self._batch.take()

    def recover(self, step: Step) -> None:
        """Bring a step that was cut off to its end, or leave it to be done; what came down in part is gone on with."""
        target, copy = self._run.target(step), self._run.copied(step)
        if copy is None:
            return
        try:
            if step.occupant is not None:
                self._recover_exchange(step, copy)
            place = self._run.destination(step)
            if target.fingerprint(place) == copy.fingerprint:
                self._run.done(step, place, copy.fingerprint)
        except StorageError as error:
            self._run.leave(step, "failed", str(error))

    def _recover_exchange(self, step: Step, copy: Copy) -> None:
        """See that what came out of an exchange is in its place in the trash."""
        target, place = self._run.target(step), self._run.place_in_trash(step)
        if self._came_out(step) and target.fingerprint(step.destination) == copy.fingerprint:
            target.move(copy.temporary, target, place)

    # -- fetching

    def temporary(self, step: Step) -> bytes:
        """Return where an object is while it comes: beside its place, or beside that in the trash it makes room for."""
        place = step.destination if step.occupant is None else self._run.place_in_trash(step)
        return self._run.temporary(step, place)

    def _opened(self, step: Step, stack: ExitStack) -> _Place | None:
        """Open the temporary that an object comes to; one that an earlier attempt left is gone on with."""
        target, temporary = self._run.target(step), self.temporary(step)
        try:
            self._check_place(target, step)
            with told():
                target.make_parents(temporary)
                target.check_space(temporary, expected(step).size)
                descriptor = stack.enter_context(opened(target.open_file(temporary, os.O_RDWR | os.O_CREAT)))
                return _Place(step, temporary, descriptor, _attributes(target, step, descriptor))
        except StorageError as error:
            self._run.refuse(step, error)
        return None

    @staticmethod
    def _check_place(target: LocalStorage, step: Step) -> None:
        if step.occupant is not None:
            target.check_unchanged(step.destination, step.occupant)
        elif target.exists(step.destination):
            raise DestinationTaken

    def _fetch(self, place: _Place, go_on: KeepGoing) -> Copy:
        step, writing = place.step, place.descriptor
        source = self._run.bucket(step.source_root)
        head = source.head(step.source)
        if head is None:
            raise SourceMissing
        if head.entry.fingerprint != expected(step):
            raise SourceChanged
        with told():
            # What came down before goes on only where a digest will tell whether a power cut spoilt it.
            if SHA256 not in head.metadata or os.fstat(writing).st_size > head.entry.size:
                os.ftruncate(writing, 0)
            go_on(os.fstat(writing).st_size)
            source.download(step.source, expected(step), writing, go_on)
            digest = _verified(writing, head)
            give_attributes(writing, replace(place.attributes, mtime_ns=head.mtime_ns))
            os.fsync(writing)
            return Copy(place.temporary, digest, fingerprint_of(os.fstat(writing)))

    # -- publishing

    def publish(self, step: Step, copy: Copy) -> None:
        """Give a fetched file its name, and record what became of the step."""
        try:
            place = self._take_place(step, copy) if step.occupant is not None else self._publish(step, copy)
        except StorageError as error:
            self._discard(step)
            self._run.refuse(step, error)
        else:
            self._run.done(step, place, copy.fingerprint)

    def _publish(self, step: Step, copy: Copy) -> bytes | None:
        target = self._run.target(step)
        try:
            target.publish(copy, step.destination)
        except DestinationTaken:
            if not self._run.may_number(step):
                raise
            for (place,) in self._run.free_places([step]):
                with suppress(DestinationTaken):
                    target.publish(copy, place)
                    return place
        return None

    def _take_place(self, step: Step, copy: Copy) -> bytes | None:
        """Exchange the new file and what it replaces; what came out is looked at, and goes back if it is another."""
        target, occupant = self._run.target(step), step.occupant
        assert occupant is not None
        target.check_unchanged(step.destination, occupant)
        exchange(target, copy.temporary, target, step.destination)
        try:
            target.check_unchanged(copy.temporary, occupant)
        except StorageError:
            exchange(target, copy.temporary, target, step.destination)
            raise
        target.move(copy.temporary, target, self._run.place_in_trash(step))
        return None

    def _discard(self, step: Step) -> None:
        """Remove what came down in vain; never what came out of an exchange."""
        target, temporary = self._run.target(step), self.temporary(step)
        with suppress(StorageError):
            if step.occupant is None or not self._came_out(step):
                target.discard(temporary)

    def _came_out(self, step: Step) -> bool:
        found = self._run.target(step).fingerprint(self.temporary(step))
        return found is not None and step.occupant is not None and found.inode == step.occupant.inode


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object comes to. `attributes`: what the file gets, apart from its mtime."""

    step: Step
    temporary: bytes
    descriptor: int
    attributes: Attributes


def _attributes(target: LocalStorage, step: Step, descriptor: int) -> Attributes:
    """Return the mode, owner and xattrs of what is replaced; of a new file the usual ones."""
    if step.occupant is not None:
        with opened(target.open_file(step.destination, os.O_RDONLY)) as replaced:
            return read_attributes(replaced)
    return replace(read_attributes(descriptor), mode=0o666 & ~_umask())


def _verified(descriptor: int, head: Head) -> bytes:
    """Return the xxh3-128 of what came down, once it is known to be what the bucket holds. Raises IoFailed."""
    if os.fstat(descriptor).st_size != head.entry.size:
        raise IoFailed("less came down than the bucket holds")
    noted = head.metadata.get(SHA256, "")
    if noted and hashed(descriptor, "sha256").hex() != noted:
        raise IoFailed("what came down is not what was sent up")
    return digest_of(descriptor)


def _umask() -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("Umask:"))
    return int(line.split()[1], 8)
