"""Duplicates that go to the trash: each only while the copy that stays is there, and is the same, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from core.errors import CrossesDevices, DestinationTaken, StorageError
from core.execute.run import Run, expected
from core.model import Step
from core.names import shown


class Survivors:
    """Carries out `trash` steps that rely on a survivor."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def trash(self, step: Step) -> None:
        """Move a duplicate to the trash, and record that as done, skipped or failed. Raises Cancelled."""
        run = self._run
        progress = run.copy_progress(step)
        try:
            with run.twins(step) as twins:
                try:
                    twins.compare(progress)
                finally:
                    progress.take_back()
                place = self._move(step)
                try:
                    twins.check_survivor()  # it may be gone since, or be the same file by another way
                except StorageError as error:
                    self._put_back(step, place, error)
                    raise
        except StorageError as error:
            run.refuse(step, error)
        else:
            run.done(step, place)

    def _move(self, step: Step) -> bytes:
        run = self._run
        for place in self._places(step):
            try:
                with suppress(DestinationTaken):
                    run.source(step).move_unchanged(step.source, expected(step), run.target(step), place)
                    return place
            except CrossesDevices:
                raise StorageError("its trash lies on another file system") from None
        raise DestinationTaken  # never: numbers do not end

    def _places(self, step: Step) -> Iterator[bytes]:
        yield self._run.destination(step)
        for (place,) in self._run.free_places([step]):
            yield place

    def _put_back(self, step: Step, place: bytes, why: StorageError) -> None:
        try:
            self._run.target(step).move(place, self._run.source(step), step.source)
        except StorageError:
            raise StorageError(f"{why}; it waits in the trash as {shown(place)}") from None
