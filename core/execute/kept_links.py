"""Hard links that stay hard links: names of one file that go to another file system become names of one copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.execute.run import Run, expected
from core.model import Step
from core.storage import Copy, KeepGoing
from core.storage.second_names import name_again

if TYPE_CHECKING:
    from core.execute.transfers import Transfer


class KeptLinks:
    """Remembers where files with several names were copied to."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._transfers: dict[tuple[int, int, int], list[Transfer]] = {}
        """By device, inode, and the number of the root they went to."""

    def remember(self, transfer: Transfer) -> None:
        """Remember a copy if what was copied has other names, that may follow."""
        if transfer.copy.device and transfer.leaves:
            file = transfer.copy.device, expected(transfer.step).inode, transfer.step.destination_root
            self._transfers.setdefault(file, []).append(transfer)

    def copied(self, step: Step, temporary: bytes, go_on: KeepGoing) -> Copy | None:
        """Give the copy that was made for another of a file's names a temporary name here, too; None if there is none.

        Raises StorageError, Cancelled.
        """
        others = self._others(step) if self._transfers else []
        source = self._run.source(step), step.source, expected(step)
        for other in others:
            place = other.destination if other.is_published else other.copy.temporary
            target = self._run.target(step), place, other.copy
            if (copy := name_again(source, target, temporary, go_on)) is not None:
                return copy
        return None

    def _others(self, step: Step) -> list[Transfer]:
        entry = self._run.source(step).entry(step.source)
        if entry is None or step.kind == "copy":
            return []
        others = self._transfers.get((entry.device, entry.inode, step.destination_root), [])
        return [
            each for each in others if (expected(each.step), each.step.attributes) == (expected(step), step.attributes)
        ]
