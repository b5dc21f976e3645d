"""What a plan would do, in short: the answer to whoever asks before it runs."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from core.model import DIRECTORY_KINDS, Operation, Plan, Preview, StepView
from core.planners.ways import NOTE_SEPARATOR
from core.views.steps import view

SAMPLE_STEPS = 20
"""How many steps a preview shows."""


def preview(operation: Operation, plan: Plan) -> Preview:
    """Return what a plan would do, by its steps' own words."""
    files = [step for step in plan.steps if step.kind not in DIRECTORY_KINDS]
    acting = [step for step in files if not step.refused]
    notes = Counter(note for step in acting if step.why for note in step.why.split(NOTE_SEPARATOR))
    return Preview(
        operation=operation,
        files=len(acting),
        bytes=sum(step.fingerprint.size for step in acting if step.fingerprint),
        notes=dict(notes),
        refusals=dict(Counter(step.refused for step in files if step.refused)),
        sample=[_expected(view(step, plan.roots), step.refused) for step in files[:SAMPLE_STEPS]],
    )


def _expected(shown: StepView, refused: str) -> StepView:
    """Return a step as it will end, where that is known already."""
    return replace(shown, outcome="skipped") if refused else shown
