"""How much a sync's plan carries to each side: what a folder's state tells people in numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from core.journal.records import Outcomes
from core.model import Pending, Plan, Step
from core.sync.steps import REMOTE, is_conflict


def done(outcomes: Outcomes) -> set[int]:
    """Return the numbers of the steps that did what they should."""
    return {number for number, finished in outcomes.finished.items() if finished.outcome == "done"}


def pending(plan: Plan, carried_out: Collection[int] = ()) -> Pending:
    """Return what a sync's plan is still to carry. `carried_out`: the numbers of steps that are done."""
    left = [step for step in plan.steps if step.seq not in carried_out]
    carried = [step for step in left if not step.refused]
    push, pull = list(_into(carried, is_push=True)), list(_into(carried, is_push=False))
    return Pending(
        len(push), len(pull), _travelling(push), _travelling(pull),
        sum(is_conflict(step) for step in carried), len(left) - len(carried),
    )  # fmt: skip


def _into(steps: list[Step], *, is_push: bool) -> Iterator[Step]:
    for step in steps:
        if (step.destination_root == REMOTE) == is_push and not is_conflict(step):
            yield step


def _travelling(steps: list[Step]) -> int:
    return sum(step.fingerprint.size for step in steps if step.kind in ("upload", "download") and step.fingerprint)
