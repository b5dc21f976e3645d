"""Steps on one file: moved, copied or linked, alone."""

from __future__ import annotations

from contextlib import suppress

from core.errors import CrossesDevices, DestinationTaken, StorageError
from core.execute.run import ALREADY_THERE, Run, expected
from core.execute.transfers import Transfers
from core.model import Step


class Moves:
    """Carries out steps one by one; each is recorded as done, skipped or failed before the next."""

    def __init__(self, run: Run, transfers: Transfers) -> None:
        self._run = run
        self._transfers = transfers

    def move(self, step: Step) -> None:
        """Rename a file to where it goes, or have it transferred there."""
        run = self._run
        source = run.storages[step.source_root]
        destination = run.outcomes.intended.get(step.seq, step.destination)
        try:
            source.move_unchanged(step.source, expected(step), run.storages[step.destination_root], destination)
        except StorageError as error:
            self.go_elsewhere(step, destination, error)
        else:
            run.done(step, destination)

    def go_elsewhere(self, step: Step, destination: bytes, error: StorageError) -> None:
        """See to a file that could not be renamed to where it goes: by a copy, under a number, or not at all."""
        if isinstance(error, CrossesDevices):
            self._transfers.add(step)
        elif not isinstance(error, DestinationTaken):
            self._run.refuse(step, error)
        elif self._is_at(step, destination):
            self._respell(step)
        else:
            self._move_to_a_number(step, error)

    def _is_at(self, step: Step, destination: bytes) -> bool:
        """Tell whether what takes the place is the file itself, under its only name."""
        try:
            there = self._run.target(step).entry(destination)
        except StorageError:
            return False
        return there is not None and there.fingerprint == step.fingerprint and there.links == 1

    def _respell(self, step: Step) -> None:
        """Change a name to what the file system takes for the same, `a.JPG` to `a.jpg`, by way of a third."""
        storage, aside = self._run.source(step), self._run.aside(step)
        if step.source == step.destination:
            self._run.leave(step, "skipped", ALREADY_THERE)
            return
        try:
            storage.move(step.source, storage, aside)
            try:
                storage.move(aside, storage, step.destination)
            except StorageError:
                storage.move(aside, storage, step.source)
                raise
        except StorageError as error:
            self._run.refuse(step, error)
        else:
            self._run.done(step)

    def _move_to_a_number(self, step: Step, taken: DestinationTaken) -> None:
        run = self._run
        if not run.may_number(step):
            run.refuse(step, taken)
            return
        try:
            for (place,) in run.free_places([step]):
                with suppress(DestinationTaken):
                    run.source(step).move(step.source, run.target(step), place)
                    run.done(step, place)
                    return
        except CrossesDevices:
            self._transfers.add(step)
        except StorageError as error:
            run.refuse(step, error)

    def copy(self, step: Step) -> None:
        """Make a second file of the same content."""
        try:
            self._run.source(step).check_unchanged(step.source, expected(step))
        except StorageError as error:
            self._run.refuse(step, error)
        else:
            self._transfers.add(step)

    def link(self, step: Step) -> None:
        """Give a file a second name."""
        run = self._run
        try:
            run.source(step).check_unchanged(step.source, expected(step))
            run.source(step).link(step.source, run.target(step), run.destination(step))
        except StorageError as error:
            run.refuse(step, error)
        else:
            run.done(step)
