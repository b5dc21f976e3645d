"""Chains: steps of one plan that use names which earlier ones wrote or freed, or move a file on that one brought."""

from __future__ import annotations

from collections import Counter

from core.journal.courses import stands_in
from core.journal.records import Outcomes
from core.model import DIRECTORY_KINDS, Plan


def earlier_users(plan: Plan) -> dict[int, int]:
    """Return, for each step that uses a name which an earlier one used, the last such step.

    Almost every plan has none, which costs one look at all names.
    """
    names = _names(plan)
    if len(set(names)) == len(names):
        return {}
    earlier: dict[int, int] = {}
    used: dict[bytes, int] = {}
    for step in plan.steps:
        own = {_name(plan, step.source_root, step.source), _name(plan, step.destination_root, step.destination)} - {b""}
        before = max((used.get(name, -1) for name in own), default=-1)
        if before >= 0:
            earlier[step.seq] = before
        if stands_in(step):  # it leaves its source's name as it is: 1,000 duplicates of one file wait for nothing
            own.discard(_name(plan, step.source_root, step.source))
        used.update(dict.fromkeys(own, step.seq))
    return earlier


def names_used_twice(plan: Plan, outcomes: Outcomes) -> set[bytes]:
    """Return the names (absolute paths) that a plan uses more than once, as planned or as it was carried out."""
    numbered = {seq: found.destination for seq, found in outcomes.finished.items() if found.destination}
    if not numbered:
        names = _names(plan)
        if len(set(names)) == len(names):
            return set()
    uses: Counter[bytes] = Counter()
    for step in plan.steps:
        uses[_name(plan, step.source_root, step.source)] += 1
        own = {step.destination, numbered.get(step.seq, b""), step.trash}
        uses.update(_name(plan, step.destination_root, name) for name in own)
    return {name for name, count in uses.items() if name and count > 1}


def _names(plan: Plan) -> list[bytes]:
    if len(plan.roots) == 1:
        names = [step.source for step in plan.steps] + [step.destination for step in plan.steps]
    else:
        names = [_name(plan, step.source_root, step.source) for step in plan.steps]
        names += [_name(plan, step.destination_root, step.destination) for step in plan.steps]
    return [name for name in names if name]


def _name(plan: Plan, root: int, path: bytes) -> bytes:
    """Return a name as one root may see it that lies beneath another."""
    return b"%s/%s" % (plan.roots[root].rstrip(b"/"), path) if path else b""


def bringers(plan: Plan) -> dict[int, int]:
    """Return the step that brings the file of a later step to where that one takes it from, of such as there are."""
    found: dict[int, int] = {}
    brought: dict[tuple[int, bytes], int] = {}
    sources = {(step.source_root, step.source) for step in plan.steps}
    for step in plan.steps:
        if step.kind in DIRECTORY_KINDS:
            continue
        if (bringer := brought.get((step.source_root, step.source))) is not None:
            found[step.seq] = bringer
        if step.kind in ("move", "trash"):
            brought.pop((step.source_root, step.source), None)
            if (step.destination_root, step.destination) in sources:
                brought[step.destination_root, step.destination] = step.seq
    return found
