"""Duplicates among objects: each goes only while the copy that stays is there, and is the same, byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.errors import REMOTE_AWAY, NotTheSame, SameFile, SourceChanged, SourceMissing, StorageError, SurvivorLost
from core.execute.crew import Crew, raise_if_away
from core.execute.run import Run, expected
from core.model import Fingerprint, Step
from core.storage import KeepGoing
from core.storage.s3.objects import Objects

COMPARE_BYTES = 1024 * 1024
"""What is held of each of two objects while they are compared."""

Troubles = dict[int, StorageError]
"""Why steps are not to be carried out, by their numbers."""


class BucketSurvivors:
    """Looks at the copies on which steps rely."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @cached_property
    def _crew(self) -> Crew:
        return Crew(self._run)

    def compare(self, steps: Iterable[Step]) -> Troubles:
        """Read each duplicate beside the copy that stays; return those steps whose duplicate must stay, too.

        Raises Cancelled, RemoteRefused, RemoteUnreachable.
        """
        relying = _relying(steps)
        if not relying:
            return {}
        answers = self._crew.each(self._compare, [_Pair(step) for step in relying])
        raise_if_away(answers)
        return {step.seq: answer for step, answer in zip(relying, answers, strict=True) if answer is not None}

    def check(self, steps: Iterable[Step]) -> Troubles:
        """See that the copies that stay are still there and as they were; return the steps of which one is not."""
        by_root: dict[int, list[Step]] = {}
        for step in _relying(steps):
            assert step.survivor is not None
            by_root.setdefault(step.survivor.root, []).append(step)
        lost: Troubles = {}
        for root, relying in by_root.items():
            kept = [step.survivor for step in relying if step.survivor is not None]
            there = self._run.bucket(root).look([survivor.path for survivor in kept])
            for step, survivor in zip(relying, kept, strict=True):
                found = there.get(survivor.path)
                if found is None:
                    lost[step.seq] = SurvivorLost(str(SourceMissing()))
                elif found.entry.fingerprint != survivor.fingerprint:
                    lost[step.seq] = SurvivorLost(str(SourceChanged()))
        return lost

    def _compare(self, pair: _Pair, go_on: KeepGoing) -> None:
        step, survivor = pair.step, pair.step.survivor
        assert survivor is not None
        duplicate, kept = self._run.bucket(step.source_root), self._run.bucket(survivor.root)
        if duplicate.key(step.source) == kept.key(survivor.path) and duplicate.name == kept.name:
            raise SameFile
        if expected(step).size != survivor.fingerprint.size:
            raise NotTheSame
        read_kept = _of_survivor(_reader(kept, survivor.path, survivor.fingerprint))
        read = _reader(duplicate, step.source, expected(step))
        for start in range(0, expected(step).size, COMPARE_BYTES):
            content = read(start)
            if content != read_kept(start):
                raise NotTheSame
            go_on(len(content))


@dataclass(frozen=True, slots=True)
class _Pair:
    """A duplicate and the copy that stays, while they are read."""

    step: Step


def _relying(steps: Iterable[Step]) -> Sequence[Step]:
    return [step for step in steps if step.kind == "trash" and step.survivor is not None]


def _reader(bucket: Objects, path: bytes, expected: Fingerprint) -> Callable[[int], bytes]:
    return lambda start: bucket.read(path, start, COMPARE_BYTES, expected)


def _of_survivor(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Tell what is wrong with an object as what is wrong with the one that stays."""

    def attempt(start: int) -> bytes:
        try:
            return read(start)
        except REMOTE_AWAY:
            raise
        except StorageError as error:
            raise SurvivorLost(str(error)) from None

    return attempt
