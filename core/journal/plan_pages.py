"""A written plan, any page of which costs what the page costs: its frames are found by their places."""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby

from msgspec import msgpack

from core.errors import JournalDamaged, WrongState
from core.journal import FRAME_STEPS, OperationFiles, PlanHead
from core.journal.frames import frame_offsets, offsets_after, payload_at
from core.journal.plan_lines import begins_line
from core.model import Step

_decode_steps = msgpack.Decoder(list[Step]).decode


class PlanPages:
    """The steps of one plan, which never changes once it is written. Calls may come from any thread."""

    def __init__(self, files: OperationFiles) -> None:
        """Map the plan. Raises WrongState where there is none, JournalDamaged."""
        self._name = f"plan of {files.directory.name}"
        try:
            with files.plan_path.open("rb") as file:
                self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except FileNotFoundError:
            raise WrongState("it has no plan yet", operation=files.directory.name, state="unplanned") from None
        except ValueError:  # what is empty cannot be mapped
            raise JournalDamaged(f"{self._name}, byte 0") from None
        head: PlanHead = msgpack.decode(payload_at(self._data, 0, self._name), type=PlanHead)
        self._offsets = offsets_after(self._data, head.sizes) or frame_offsets(self._data, self._name)
        self.roots = head.roots
        self.total = head.counts[0]
        """How many steps there are."""
        self._lines = list(accumulate(head.lines))
        """Lines that began up to the end of each frame; empty where every step is a line."""

    @property
    def lines(self) -> int:
        """How many lines there are: see core.journal.plan_lines."""
        return self._lines[-1] if self._lines else self.total

    @property
    def frames(self) -> int:
        """How many frames of steps there are."""
        return len(self._offsets) - 1

    def raw(self, frame: int) -> memoryview:
        """Return a frame of steps as it stands on disk."""
        return payload_at(self._data, self._offsets[frame + 1], self._name)

    def steps_of(self, frame: int) -> list[Step]:
        """Return the steps of a frame: from `frame` * FRAME_STEPS on."""
        return _decode_steps(self.raw(frame))

    def steps(self, start: int, limit: int) -> list[Step]:
        """Return steps `start` up to `start + limit`."""
        end = min(start + limit, self.total)
        if start >= end:
            return []
        first = start // FRAME_STEPS
        steps = [step for frame in range(first, (end - 1) // FRAME_STEPS + 1) for step in self.steps_of(frame)]
        return steps[start - first * FRAME_STEPS : end - first * FRAME_STEPS]

    def chosen(self, numbers: Sequence[int]) -> list[Step]:
        """Return the steps with these numbers, which ascend."""
        found: list[Step] = []
        for frame, wanted in groupby(numbers, lambda number: number // FRAME_STEPS):
            steps = self.steps_of(frame)
            found += [steps[number % FRAME_STEPS] for number in wanted]
        return found

    def steps_of_lines(self, start: int, limit: int) -> list[Step]:
        """Return all steps of the lines `start` up to `start + limit`."""
        if not self._lines:
            return self.steps(start, limit)
        first = bisect_right(self._lines, start)
        line = (self._lines[first - 1] if first else 0) - 1
        found: list[Step] = []
        for step, begins in self._told_apart(first):
            line += begins
            if line >= start + limit:
                break
            if line >= start:
                found.append(step)
        return found

    def _told_apart(self, frame: int) -> Iterator[tuple[Step, bool]]:
        """Yield the steps from a frame on, each with whether it begins a line."""
        before = self.steps_of(frame - 1)[-1] if 0 < frame < self.frames else None
        for number in range(frame, self.frames):
            for step in self.steps_of(number):
                yield step, begins_line(step, before)
                before = step
