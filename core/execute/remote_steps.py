"""Steps that touch a bucket: which part of the executor takes them, and what a crash left of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property

from core.errors import StorageError
from core.execute.bucket_moves import BucketMoves
from core.execute.bucket_recovery import BucketRecovery
from core.execute.crew import Crew
from core.execute.downloads import Downloads
from core.execute.replaced_objects import ReplacedObjects
from core.execute.run import Run
from core.execute.uploads import Uploads
from core.model import Step


class RemoteSteps:
    """Gathers steps into batches, so that many requests are under way at once."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @cached_property
    def _crew(self) -> Crew:
        return Crew(self._run)

    @cached_property
    def _moves(self) -> BucketMoves:
        return BucketMoves(self._run)

    @cached_property
    def _uploads(self) -> Uploads:
        return Uploads(self._run, self._crew)

    @cached_property
    def _downloads(self) -> Downloads:
        return Downloads(self._run, self._crew)

    def carry_out(self, steps: Sequence[Step]) -> None:
        """Have a step, or the steps of a group, carried out with the next batch. Raises Cancelled, RemoteRefused, …"""
        match steps[0].kind:
            case "upload":
                self._uploads.add(steps[0])
            case "download":
                self._downloads.add(steps[0])
            case "replace":
                self.settle()
                ReplacedObjects(self._run).replace(steps[0])
            case _:
                self._moves.add(steps)

    def settle(self) -> None:
        """Carry out all that waits, and record what became of it."""
        self._moves.settle()
        self._uploads.settle()
        self._downloads.settle()

    def abandon(self) -> None:
        """Forget what waits: it stays pending."""
        self._moves.abandon()
        self._uploads.abandon()
        self._downloads.abandon()

    def end(self) -> None:
        """Leave nothing half done in a bucket: the operation comes to its end."""
        if self._run.buckets:
            self._uploads.end()

    # -- after a crash

    def recover(self, steps: Sequence[Step]) -> None:
        """Bring steps without a record to their end, or back to their beginning. Raises RemoteRefused, …"""
        among = [step for step in steps if step.kind not in ("upload", "download", "replace")]
        BucketRecovery(self._run, self._moves).recover(among)
        for step in steps:
            match step.kind:
                case "upload":
                    self._uploads.recover(step)
                case "download":
                    self._downloads.recover(step)
                case "replace":
                    ReplacedObjects(self._run).recover(step)

    def was_lost(self, step: Step, place: bytes) -> bool:
        """Tell whether a power cut undid what the journal says was done: a bucket forgets nothing, a disk may."""
        if step.kind != "download":
            return False
        with suppress(StorageError):
            return not self._run.target(step).exists(place)
        return False
