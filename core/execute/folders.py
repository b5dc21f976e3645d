"""Steps on directories: made, removed if they are empty, and given back what they had."""

from __future__ import annotations

from contextlib import suppress

from core.errors import FolderNotEmpty, StorageError
from core.execute.run import ALREADY_THERE, Run
from core.execute.transfers import Transfers
from core.model import Step


class Folders:
    """Carries out `mkdir` and `rmdir`."""

    def __init__(self, run: Run, transfers: Transfers) -> None:
        self._run = run
        self._transfers = transfers

    def make(self, step: Step) -> None:
        """Make a directory; it is done only if it was not there."""
        try:
            made = self._run.target(step).make_directory(step.destination, step.attributes)
        except StorageError as error:
            self._run.refuse(step, error)
            return
        if made:
            self._run.done(step)
        else:
            self._run.leave(step, "skipped", ALREADY_THERE)

    def remove(self, step: Step) -> None:
        """Remove a directory if nothing is left in it."""
        self._transfers.settle()  # what waits for them has not left yet
        try:
            attributes = self._run.source(step).remove_directory(step.source)
        except FolderNotEmpty as error:
            self._run.leave(step, "skipped", str(error))
        except StorageError as error:
            self._run.refuse(step, error)
        else:  # as planned, for what left it since has changed its times
            self._run.done(step, attributes=step.attributes or attributes)

    def give_back(self) -> None:
        """Give directories that were made anew what they had, now that all is in them; the deepest first."""
        finished = self._run.outcomes.finished
        made = [
            step
            for step in self._run.plan.steps
            if step.kind == "mkdir"
            and step.attributes
            and step.seq in finished
            and finished[step.seq].outcome == "done"
        ]
        for step in sorted(made, key=lambda step: step.destination.count(b"/"), reverse=True):
            assert step.attributes is not None
            with suppress(StorageError):  # it went again, or became somebody else's
                self._run.target(step).give_directory(step.destination, step.attributes)
