"""Which files of a proposal shall go: all but some, or only some."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.model import Operation, StepView
from tui.wire import Destination, exact_path

if TYPE_CHECKING:
    from tui.client import AgentClient

PAGE = 1000
BY_FOLDER_FROM = 40
"""Files from which on a proposal is looked over by folder; of fewer, all are shown at once."""


def is_reviewed_by_folder(operation: Operation) -> bool:
    """Tell whether an operation is a proposal too big to look at file by file."""
    return operation.state == "proposed" and operation.counts.planned > BY_FOLDER_FROM


@dataclass
class Selection:
    """What a person took out of a proposal, by file and by folder that files go into.

    A file is an exception if it was chosen or its folder was, not both. Exceptions stay where they are; turned round,
    they are all that goes. `destinations`: those of the whole plan, or none where nobody looks at it by folder.
    """

    destinations: Sequence[Destination] = ()
    is_turned: bool = False
    files: dict[int, StepView] = field(default_factory=dict)
    folders: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Number the destinations."""
        places = [(exact_path(each.path, each.path_b64), number) for number, each in enumerate(self.destinations)]
        self._by_path = {path: number for path, number in places if path}
        self._by_fate = {each.fate: number for number, each in enumerate(self.destinations) if each.fate != "into"}

    # -- looking

    def stays(self, step: StepView) -> bool:
        """Tell whether a file stays where it is."""
        is_exception = (step.seq in self.files) != (self._number(step) in self.folders)
        return is_exception != self.is_turned

    def staying_of(self, number: int) -> int:
        """Return how many files of a destination stay where they are."""
        destination = self.destinations[number]
        chosen = sum(self._number(step) == number for step in self.files.values())
        exceptions = destination.files - chosen if number in self.folders else chosen
        return destination.files - exceptions if self.is_turned else exceptions

    def going_of(self, operation: Operation) -> int:
        """Return how many files go in all."""
        if self.destinations:
            with_a_place = [number for number, each in enumerate(self.destinations) if each.fate != "stays"]
            return sum(self.destinations[number].files - self.staying_of(number) for number in with_a_place)
        return len(self.files) if self.is_turned else operation.counts.planned - len(self.files)

    def total_of(self, operation: Operation) -> int:
        """Return how many files would go if nothing was taken out."""
        if self.destinations:
            return sum(each.files for each in self.destinations if each.fate != "stays")
        return operation.counts.planned

    @property
    def is_whole(self) -> bool:
        """Whether nothing was taken out."""
        return not (self.is_turned or self.files or self.folders)

    def _number(self, step: StepView) -> int | None:
        """Return the number of the destination that a file goes to."""
        if not self.destinations:
            return None
        if step.kind in ("trash", "replace"):
            return self._by_fate.get("trash")
        place = exact_path(step.destination, step.destination_b64)
        return self._by_fate.get("stays") if not place else self._by_path.get(os.path.dirname(place))

    # -- choosing

    def toggle(self, steps: Iterable[StepView]) -> None:
        """Take files out, or put them back."""
        for step in steps:
            if self.files.pop(step.seq, None) is None:
                self.files[step.seq] = step

    def toggle_folder(self, number: int) -> None:
        """Take all files out that go to a destination, or put all of them back."""
        is_out = self.staying_of(number) == self.destinations[number].files
        self.files = {seq: step for seq, step in self.files.items() if self._number(step) != number}
        if is_out == self.is_turned:
            self.folders.add(number)
        else:
            self.folders.discard(number)

    def turn(self) -> None:
        """Let go what stays, and stay what goes."""
        self.is_turned = not self.is_turned

    # -- asking

    async def paths(self, agent: AgentClient, operation: Operation) -> list[bytes]:
        """Return the exceptions as paths that an approval names. Raises ShelverError."""
        chosen = [source for step in self.files.values() if self._is_exception(step) and (source := _source(step))]
        for number in sorted(self.folders):
            whole = self._whole_folder(number)
            chosen += [whole] if whole else await self._files_of(number, agent, operation)
        return chosen

    def _is_exception(self, step: StepView) -> bool:
        return self._number(step) not in self.folders

    def _whole_folder(self, number: int) -> bytes | None:
        """Return the folder where its path alone means the right files: it means all that goes beneath it, too."""
        folder = exact_path(self.destinations[number].path, self.destinations[number].path_b64)
        if not folder or self.is_turned:
            return None
        beneath = [n for path, n in self._by_path.items() if (path + b"/").startswith(folder + b"/")]
        as_whole = all(n in self.folders and self.staying_of(n) == self.destinations[n].files for n in beneath)
        return folder if as_whole else None

    async def _files_of(self, number: int, agent: AgentClient, operation: Operation) -> list[bytes]:
        found: list[bytes] = []
        start, total = 0, 1
        while start < total:
            page = await agent.steps(operation.id, start=start, limit=PAGE, into=number)
            found += [path for step in page.steps if step.seq not in self.files and (path := _source(step))]
            start, total = start + PAGE, page.total
        return found


def _source(step: StepView) -> bytes | None:
    return exact_path(step.source, step.source_b64)
