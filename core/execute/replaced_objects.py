"""Objects that take an occupied key: what has it is copied to the trash first, and only that version is replaced."""

from __future__ import annotations

from core.errors import DestinationTaken, SourceChanged, StorageError
from core.execute.run import Run, expected, occupant
from core.model import Step
from core.storage import Copy, Entry
from core.storage.s3.objects import Move, Objects


class ReplacedObjects:
    """Carries out `replace` among objects of one endpoint, one step after the other."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def replace(self, step: Step) -> None:
        """Do it, and record it as done, skipped or failed."""
        source, target = self._run.bucket(step.source_root), self._run.bucket(step.destination_root)
        try:
            source.check_unchanged(step.source, expected(step))
            target.check_unchanged(step.destination, occupant(step))
            self._put_away(target, step)
            copy = source.copy_over(Move(step.source, step.destination, expected(step)), target, occupant(step))
        except StorageError as error:
            self._run.refuse(step, error)
        else:
            self._end(source, step, copy)

    def recover(self, step: Step) -> None:
        """Bring a step without a record to its end, or leave it to be done: nothing was lost in between.

        What has the key is still the occupant, or the copy of the source, or another's.
        """
        source, target = self._run.bucket(step.source_root), self._run.bucket(step.destination_root)
        there, kept = target.entry(step.destination), target.entry(step.trash)
        if there is None or kept is None or there.fingerprint == step.occupant:
            return
        record = self._run.copied(step)
        is_ours = record is not None and record.fingerprint == there.fingerprint
        if is_ours or (there.size, there.version) == (expected(step).size, expected(step).version):
            self._end(source, step, there)

    def _put_away(self, target: Objects, step: Step) -> None:
        (kept,) = target.copy_all([Move(step.destination, step.trash, occupant(step))], target)
        if isinstance(kept, DestinationTaken):  # an earlier attempt did so: the trash's keys are this operation's alone
            there = target.entry(step.trash)
            if there is not None and there.size == occupant(step).size:
                return
        if isinstance(kept, StorageError):
            raise kept

    def _end(self, source: Objects, step: Step, copy: Entry) -> None:
        self._run.record_copy(step, Copy(copy.path, b"", copy.fingerprint))
        self._run.journal.sync()
        (trouble,) = source.remove_all([(step.source, expected(step))])
        if isinstance(trouble, SourceChanged) or trouble is None:
            self._run.done(step, fingerprint=copy.fingerprint)
        else:
            self._run.refuse(step, trouble)
