"""Groups that were compared byte by byte: digests only nominate, and somebody may have crafted two that agree.

For who wants to be certain of a report. It replaces no comparison before something is done to a file: by then it may
be another.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from core.duplicates import ExactGroup, Groups, Member, Report
from core.duplicates.files import asked
from core.duplicates.reader import COMPARE, UNTOLD
from core.duplicates.readers import Readers, Task
from core.duplicates.reads import CHANGED
from core.duplicates.singly import FoundSingly

_FILES_AT_ONCE = 256
_BYTES_AT_ONCE = 16 * 1024 * 1024


def verified(groups: Groups, report: Report) -> Groups:
    """Return the groups that hold byte by byte, without the files that changed since or cannot be read.

    A group of different files with one digest falls into those that are the same. Raises whatever `report` does.
    """
    return _Comparing(groups, report).run()


class _Comparing:
    def __init__(self, groups: Groups, report: Report) -> None:
        self._left_out = Counter(groups.left_out)
        self._total = len(groups)
        self._groups = iter(groups)
        self._report = report
        self._compared = 0
        self._done: dict[int, list[ExactGroup]] = {}
        self._tasks = 0

    def run(self) -> Groups:
        with Readers() as readers:
            readers.run(self._take, lambda: self._report("planning", self._compared, self._total))
        return FoundSingly([group for number in range(self._tasks) for group in self._done[number]], self._left_out)

    def _take(self) -> Task | None:
        """Return the next few groups to compare, as many as make a good request."""
        batch: list[ExactGroup] = []
        worth = 0.0
        while worth < 1 and (group := next(self._groups, None)) is not None:
            batch.append(group)
            worth += len(group.members) * (1 / _FILES_AT_ONCE + group.size / _BYTES_AT_ONCE)
        if not batch:
            return None
        number, self._tasks = self._tasks, self._tasks + 1
        request = [COMPARE]
        for group in batch:
            entries = [member.entry for member in group.members]
            request.append(b"\0".join([member.root for member in group.members]))
            request.append(b"\0".join([entry.path for entry in entries]))
            request.append(asked(entries))
        return Task(request, lambda answer: self._take_in(number, batch, answer))

    def _take_in(self, number: int, batch: Sequence[ExactGroup], answer: Sequence[bytes]) -> None:
        self._compared += len(batch)
        self._done[number] = [
            same for group, kinds in zip(batch, answer, strict=True) for same in self._same(group, kinds)
        ]

    def _same(self, group: ExactGroup, kinds: bytes) -> Iterator[ExactGroup]:
        if not any(kinds):  # all are as the first one
            yield group
            return
        found: dict[int, list[Member]] = defaultdict(list)
        for member, kind in zip(group.members, kinds, strict=True):
            found[kind].append(member)
        if untold := found.pop(UNTOLD, []):
            self._left_out[CHANGED] += len(untold)
        for members in found.values():
            if len(members) > 1:
                yield ExactGroup(group.digest, group.size, tuple(members))
