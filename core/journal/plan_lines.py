"""The lines in which people read a plan: a step each, but files that belong together and go together share one.

How many lines begin in each frame stands in the plan's head, so that any line of a million is found by counting.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.model import Step

_SHARING: frozenset[str] = frozenset({"move", "copy"})


def begins_line(step: Step, before: Step | None) -> bool:
    """Tell whether a step begins a line of its own, or goes with the step before it."""
    return not step.group or before is None or step.group != before.group or not {step.kind, before.kind} <= _SHARING


def lines_by_frame(steps: Sequence[Step], frame: int) -> list[int]:
    """Return how many lines begin in each run of `frame` steps; nothing where every step is a line."""
    if not any(step.group for step in steps):
        return []
    begun = [begins_line(step, before) for step, before in zip(steps, [None, *steps], strict=False)]
    return [sum(begun[start : start + frame]) for start in range(0, len(begun), frame)]
