"""Plain moves: files alone, renamed to where the plan says. Most plans hold little else, so they go in one loop.

Each file is checked and renamed as any other. What is done for many at once is the bookkeeping: the records of all
that were moved since the executor last breathed come into the journal's batch together.
"""

from __future__ import annotations

from collections.abc import Collection
from time import monotonic

from core.errors import StorageError
from core.execute.moves import Moves
from core.execute.run import Run, expected
from core.model import Step


class PlainMoves:
    """Carries out stretches of plain moves. `others`: steps that take the long way for what lies outside of them."""

    def __init__(self, run: Run, moves: Moves, others: Collection[int]) -> None:
        self._run = run
        self._moves = moves
        self._others = others

    def carry_out(self, start: int) -> int:
        """Carry out the plain moves that stand in the plan from number `start` on; return the number of the next step.

        Ends before a step of another kind, after one that could not be moved, and when it is time to breathe. Raises
        Cancelled.
        """
        run, others = self._run, self._others
        storages, check_cancelled, breath = run.storages, run.observer.check_cancelled, run.breath
        done: list[Step] = []
        try:
            for step in run.plan.steps[start : start + run.room]:
                if step.kind != "move" or step.group or step.refused or step.seq in others:
                    break
                check_cancelled()
                source, target = storages[step.source_root], storages[step.destination_root]
                source.move_unchanged(step.source, step.fingerprint or expected(step), target, step.destination)
                done.append(step)
                if monotonic() >= breath:
                    break
        except StorageError as error:
            trouble: StorageError | None = error
        else:
            trouble = None
        finally:
            run.done_as_planned(done)
        if trouble is None:
            return start + len(done)
        self._moves.go_elsewhere(step, step.destination, trouble)
        return start + len(done) + 1
