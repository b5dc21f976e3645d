"""Files that cannot be renamed to where they go: copied, verified, published, and only then taken away.

Copies go in batches, because each of the four things that must be durable before the next may happen costs a
wait for the disk: the copies, their records, their new names, and at the end that the old names are gone. Where a file
system is known to make all of itself durable in one wait, a batch waits once for its copies and once for their names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import Protocol

from core.errors import DestinationTaken, StorageError
from core.execute.kept_links import KeptLinks
from core.execute.run import Run, expected
from core.model import Step
from core.names import shown
from core.storage import Copy
from core.storage.local import LocalStorage
from core.storage.together import sync_at_once

BATCH_FILES = 32
BATCH_BYTES = 64 * 1024 * 1024
FEW = 3
"""So many files, or folders, are made durable one by one: it takes no longer than all of a file system at once."""
PATIENCE = 0.025
"""Seconds for each of a batch that it may wait at once; with more, others keep the disk busy: one by one is quicker."""


@dataclass(slots=True)
class Transfer:
    """One file on its way to another file system, or to a second place on this one (`copy`)."""

    step: Step
    destination: bytes
    copy: Copy
    is_published: bool = False

    @property
    def leaves(self) -> bool:
        """Whether the source goes once its copy is safe."""
        return self.step.kind != "copy"


class Party(Protocol):
    """Files that go together: those of a group, or one alone."""

    @property
    def transfers(self) -> Sequence[Transfer]:
        """Its files."""

    def give_up(self, transfer: Transfer, error: StorageError) -> None:
        """Leave everything as it was, for one of the files could not be seen to and no source was taken yet."""

    def take_sources(self) -> None:
        """Take the sources away, for the copies are safe, and record what became of the steps."""


class Transfers:
    """The batch under way. A transfer that fails is recorded as failed, and leaves the source and no copy."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._links = KeptLinks(run)
        for step in run.plan.steps if run.outcomes.copied else ():
            if (copy := run.copied(step)) is not None:  # in an attempt before this one
                self._links.remember(Transfer(step, run.destination(step), copy, is_published=True))
        self._waiting: list[Party] = []
        self._again: list[Callable[[], None]] = []
        self._files = self._bytes = 0
        self._may_sync_at_once = True

    def add(self, step: Step) -> None:
        """Copy a file to a temporary beside its destination; it is published with its batch. Raises Cancelled."""
        try:
            transfer = self.copied(step, self._run.destination(step))
        except StorageError as error:
            self._run.refuse(step, error)
        else:
            self.join(_Alone(self, transfer))

    def join(self, party: Party) -> None:
        """Let files that were copied be published with the batch under way."""
        self._waiting.append(party)
        self._files += len(party.transfers)
        self._bytes += sum(transfer.copy.fingerprint.size for transfer in party.transfers)
        if self._files >= BATCH_FILES or self._bytes >= BATCH_BYTES:
            self.settle()

    def settle(self) -> None:
        """Publish and finish all that was copied."""
        waiting, self._waiting, self._files, self._bytes = self._waiting, [], 0, 0
        if waiting:
            self._finish(self._confirmed(waiting))
        again, self._again = self._again, []
        for act in again:
            act()

    def do_again(self, act: Callable[[], None]) -> None:
        """Have something done once the batch under way is finished."""
        self._again.append(act)

    def abandon(self) -> None:
        """Remove the copies that wait: their steps stay pending."""
        waiting, self._waiting, self._files, self._bytes = self._waiting, [], 0, 0
        for transfer in _files(waiting):
            with suppress(StorageError):
                self.remove(transfer)

    def _confirmed(self, parties: list[Party]) -> list[Party]:
        is_synced = self._sync_at_once(parties, lambda transfer: transfer.copy.temporary, len)
        return self._each(parties, self.verify if is_synced else self.confirm)

    def _finish(self, confirmed: list[Party]) -> None:
        """Record copies that are durable, publish them, and take their sources away."""
        for transfer in _files(confirmed):
            self._run.record_copy(transfer.step, transfer.copy)
        self._run.journal.sync()
        published = self._each(confirmed, self._publish_somewhere)
        for party in self._with_names_durable(published):
            party.take_sources()

    def _with_names_durable(self, published: list[Party]) -> list[Party]:
        """Make the names of copies durable, each folder once; return the parties for which that worked."""
        if self._sync_at_once(published, lambda transfer: transfer.destination, _folders):
            return published
        synced: set[tuple[int, bytes]] = set()

        def sync_folder(transfer: Transfer) -> None:
            folder = (transfer.step.destination_root, os.path.dirname(transfer.destination))
            if folder not in synced:
                self.make_durable(transfer)
                synced.add(folder)

        return self._each(published, sync_folder)

    def _sync_at_once(
        self,
        parties: list[Party],
        place: Callable[[Transfer], bytes],
        count: Callable[[Sequence[bytes]], int],
    ) -> bool:
        """Make all of the file systems durable that some places lie on; False where each is to be seen to alone."""
        places: dict[int, list[bytes]] = {}
        for transfer in _files(parties):
            places.setdefault(transfer.step.destination_root, []).append(place(transfer))
        number = sum(map(count, places.values()))
        if number <= FEW or not self._may_sync_at_once:
            return False
        began = monotonic()
        is_synced = all(sync_at_once(self._run.storages[root], each) for root, each in places.items())
        self._may_sync_at_once = is_synced and monotonic() - began <= PATIENCE * number
        return is_synced

    def _each(self, parties: list[Party], act: Callable[[Transfer], None]) -> list[Party]:
        """Do one thing with each file; return the parties with all of which it worked, having given up the others."""
        return [party for party in parties if self._worked(party, act)]

    @staticmethod
    def _worked(party: Party, act: Callable[[Transfer], None]) -> bool:
        for transfer in party.transfers:
            try:
                act(transfer)
            except StorageError as error:
                party.give_up(transfer, error)
                return False
        return True

    # -- the stages of one transfer, in their order

    def copied(self, step: Step, destination: bytes) -> Transfer:
        """Return a transfer whose bytes are under a temporary name. Raises StorageError, Cancelled: then nothing is."""
        target = self._run.target(step)
        if target.exists(destination) and not self._run.may_number(step):
            raise DestinationTaken
        progress = self._run.copy_progress(step)
        temporary = self._run.temporary(step, destination)
        try:
            copy = self._links.copied(step, temporary, progress) or self._run.source(step).copy(
                step.source, target, temporary, expected(step), progress, step.attributes
            )
        finally:
            progress.take_back()
        transfer = Transfer(step, destination, copy)
        self._links.remember(transfer)
        return transfer

    def confirm(self, transfer: Transfer) -> None:
        """Make the copy durable and read it back; then see that the source is still what was copied."""
        self._target(transfer).confirm(transfer.copy)
        self.check_source(transfer)

    def verify(self, transfer: Transfer) -> None:
        """Read a copy back that is durable; then see that the source is still what was copied."""
        self._target(transfer).verify(transfer.copy)
        self.check_source(transfer)

    def check_source(self, transfer: Transfer) -> None:
        """Raise SourceChanged, SourceInUse or SourceMissing if the source is not what was copied any more."""
        if transfer.leaves:
            self._run.source(transfer.step).check_unchanged(transfer.step.source, expected(transfer.step))

    def publish(self, transfer: Transfer) -> None:
        """Give the copy its name. Raises DestinationTaken, …"""
        self._target(transfer).publish(transfer.copy, transfer.destination)
        transfer.is_published = True

    def _publish_somewhere(self, transfer: Transfer) -> None:
        try:
            self.publish(transfer)
        except DestinationTaken:
            if transfer.step.group or not self._run.may_number(transfer.step):
                raise
            for (place,) in self._run.free_places([transfer.step]):
                transfer.destination = place
                with suppress(DestinationTaken):
                    return self.publish(transfer)

    def make_durable(self, transfer: Transfer) -> None:
        """Make the copy's name durable."""
        self._target(transfer).sync_folder_of(transfer.destination)

    def take_source(self, transfer: Transfer) -> None:
        """Take the source away, if the step moves it. Raises SourceChanged, … and then it stays.

        Where it has left its place all the same (somebody took it, or the disk broke amid), the copy is all there is.
        """
        if transfer.leaves:
            step = transfer.step
            source = self._run.source(step)
            try:
                source.take_away(step.source, expected(step), self._run.aside(step))
            except StorageError:
                if source.exists(step.source):
                    raise

    def record(self, transfer: Transfer) -> None:
        """Record that all is done."""
        copy = transfer.copy
        self._run.done(transfer.step, transfer.destination, copy.fingerprint, copy.lost)

    # -- ways back

    def give_up(self, transfer: Transfer, error: StorageError) -> None:
        """Remove a copy whose source stays, and record why."""
        try:
            self.remove(transfer)
        except StorageError:
            left = transfer.destination if transfer.is_published else transfer.copy.temporary
            self._run.leave(transfer.step, "failed", f"{error}; a copy of it is left as {shown(left)}")
        else:
            self._run.refuse(transfer.step, error)

    def remove(self, transfer: Transfer) -> None:
        """Remove a copy; a published one only if nobody has begun to use it. Raises StorageError."""
        if transfer.is_published:
            self._target(transfer).take_away(transfer.destination, transfer.copy.fingerprint, transfer.copy.temporary)
        else:
            self._target(transfer).discard(transfer.copy.temporary)

    def _target(self, transfer: Transfer) -> LocalStorage:
        return self._run.target(transfer.step)


class _Alone:
    """One file that goes by itself."""

    def __init__(self, transfers: Transfers, transfer: Transfer) -> None:
        self.transfers = [transfer]
        self._all = transfers

    def give_up(self, transfer: Transfer, error: StorageError) -> None:
        self._all.give_up(transfer, error)

    def take_sources(self) -> None:
        (transfer,) = self.transfers
        try:
            self._all.take_source(transfer)
        except StorageError as error:
            self.give_up(transfer, error)
        else:
            self._all.record(transfer)


def _files(parties: Iterable[Party]) -> Iterable[Transfer]:
    return chain.from_iterable(party.transfers for party in parties)


def _folders(places: Iterable[bytes]) -> int:
    return len(set(map(os.path.dirname, places)))
