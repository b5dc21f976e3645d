"""Files that cannot be renamed to where they go: copied, verified, published, and only then taken away.

Copies go in batches, because each of the four things that must be durable before the next may happen costs a
wait for the disk: the copies, their records, their new names, and at the end that the old names are gone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from core.errors import DestinationTaken, StorageError
from core.model import Step
from core.names import shown
from core.run import Run, expected
from core.storage import Copy
from core.storage.local import LocalStorage

BATCH_FILES = 32
BATCH_BYTES = 64 * 1024 * 1024


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


class Transfers:
    """The batch under way. A transfer that fails is recorded as failed, and leaves the source and no copy."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._waiting: list[Transfer] = []
        self._bytes = 0

    def add(self, step: Step) -> None:
        """Copy a file to a temporary beside its destination; it is published with its batch. Raises Cancelled."""
        try:
            transfer = self.copied(step, self._run.destination(step))
        except StorageError as error:
            self._run.refuse(step, error)
            return
        self._waiting.append(transfer)
        self._bytes += transfer.copy.fingerprint.size
        if len(self._waiting) >= BATCH_FILES or self._bytes >= BATCH_BYTES:
            self.settle()

    def settle(self) -> None:
        """Publish and finish all that was copied."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if waiting:
            self.finish(self._each(waiting, self.confirm))

    def abandon(self) -> None:
        """Remove the copies that wait: their steps stay pending."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        for transfer in waiting:
            with suppress(StorageError):
                self.remove(transfer)

    def finish(self, confirmed: list[Transfer]) -> None:
        """Record copies that are durable, publish them, and take their sources away."""
        for transfer in confirmed:
            self._run.record_copy(transfer.step, transfer.copy)
        self._run.journal.sync()
        published = self._each(confirmed, self._publish_somewhere)
        durable = self._each(published, self.make_durable)
        for transfer in self._each(durable, self.take_source):
            self.record(transfer)

    def _each(self, transfers: list[Transfer], act: Callable[[Transfer], None]) -> list[Transfer]:
        """Do one thing with each; return those with which it worked, having given up the others."""
        worked = []
        for transfer in transfers:
            try:
                act(transfer)
            except StorageError as error:
                self.give_up(transfer, error)
            else:
                worked.append(transfer)
        return worked

    # -- the stages of one transfer, in their order

    def copied(self, step: Step, destination: bytes) -> Transfer:
        """Return a transfer whose bytes are under a temporary name. Raises StorageError, Cancelled: then nothing is."""
        target = self._run.target(step)
        if target.exists(destination) and not self._run.may_number(step):
            raise DestinationTaken
        progress = self._run.copy_progress(step)
        temporary = self._run.temporary(step, destination)
        try:
            copy = self._run.source(step).copy(
                step.source, target, temporary, expected(step), progress, step.attributes
            )
        finally:
            progress.take_back()
        return Transfer(step, destination, copy)

    def confirm(self, transfer: Transfer) -> None:
        """Make the copy durable and read it back; then see that the source is still what was copied."""
        self._target(transfer).confirm(transfer.copy)
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
            if not self._run.may_number(transfer.step):
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
