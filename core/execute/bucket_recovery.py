"""What a crash cut off among objects, worked out from plan, journal and bucket.

| source   | destination | verdict |
| -------- | ----------- | ------- |
| same     | absent      | still to be done |
| same     | ours        | the copy is there: take the source away |
| same     | other's     | still to be done (and the place is taken) |
| changed  | ours        | done: what has the source's name now is another's, and stays |
| changed  | not ours    | still to be done (and it changed) |
| gone     | ours        | done |
| gone     | not ours    | touch nothing, failed |

The destination is *ours* if it is the copy that the journal tells of, or holds what the source held, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Literal

from core.errors import SourceChanged, SourceMissing
from core.execute.bucket_moves import BucketMoves
from core.execute.run import Run, expected
from core.model import Fingerprint, Step
from core.storage import Entry
from core.storage.s3.objects import Objects

Verdict = Literal["pending", "copied", "done", "unclear"]

GONE = "it is no longer there, and not where it was going either"


@dataclass(slots=True)
class Finding:
    """What the bucket says of a step. `copy`: the object at the destination, where it is ours."""

    step: Step
    verdict: Verdict
    copy: Entry | None = None


class BucketRecovery:
    """Brings every step among objects that an earlier attempt began to an end, or back to its beginning."""

    def __init__(self, run: Run, moves: BucketMoves) -> None:
        self._run = run
        self._moves = moves

    def recover(self, steps: Sequence[Step]) -> None:
        """Look at steps without a record, group by group. Raises StorageError where the bucket cannot be asked."""
        for group, members in groupby(steps, lambda step: step.group):
            if group:
                self._settle([self._find(step) for step in members])
            else:
                for step in members:
                    self._settle([self._find(step)])

    def _find(self, step: Step) -> Finding:
        source, target = self._run.bucket(step.source_root), self._run.bucket(step.destination_root)
        there = self._ours(source, target, step)
        left = source.fingerprint(step.source)
        if there is None:
            return Finding(step, "pending" if left is not None else "unclear")
        if step.kind == "copy" or left != step.fingerprint:
            return Finding(step, "done", there)
        return Finding(step, "copied", there)

    def _ours(self, source: Objects, target: Objects, step: Step) -> Entry | None:
        there = target.entry(self._run.destination(step))
        if there is None:
            return None
        record = self._run.copied(step)
        if record is not None:
            return there if there.fingerprint == record.fingerprint else None
        return there if _holds(source, target, step, there) else None

    def _settle(self, found: Sequence[Finding]) -> None:
        """Go on with what was begun: a group of which every copy is there leaves as one."""
        unclear = [finding for finding in found if finding.verdict == "unclear"]
        copies = [finding.copy for finding in found if finding.copy is not None]
        steps = [finding.step for finding in found]
        if unclear:
            for finding in found:
                if finding.verdict == "unclear":
                    self._run.leave(finding.step, "failed", GONE)
                elif finding.copy is not None:
                    self._run.done(finding.step, finding.copy.path, finding.copy.fingerprint)
        elif copies and len(copies) == len(steps):
            self._moves.finish(steps, copies)
        elif copies:
            self._begin_anew(found)

    def _begin_anew(self, found: Sequence[Finding]) -> None:
        """Remove the copies of a group that was not wholly copied: all its sources are still there."""
        for finding in found:
            if finding.copy is not None and finding.verdict == "copied":
                target = self._run.bucket(finding.step.destination_root)
                target.remove_all([(finding.copy.path, finding.copy.fingerprint)])


def _holds(source: Objects, target: Objects, step: Step, there: Entry) -> bool:
    """Tell whether an object holds what the source held when it was planned."""
    was = expected(step)
    if there.size != was.size:
        return False
    return there.version == was.version or _same_bytes(source, step.source, was, target, there)


def _same_bytes(source: Objects, path: bytes, was: Fingerprint, target: Objects, there: Entry) -> bool:
    if source.fingerprint(path) != was:
        return False
    pairs = zip_longest(source.chunks(path, was), target.chunks(there.path, there.fingerprint))
    try:
        return all(left == right for left, right in pairs)
    except (SourceMissing, SourceChanged):  # somebody is at one of them just now: nothing is known of it
        return False
