"""Takes an operation back: the inverse of what its journal says was done, newest step first.

Nothing is clobbered and nothing that a person changed is crossed. A file edited since goes back as it is
now; an edited copy stays; a place that was taken meanwhile is answered with a numbered name, or by leaving
the file alone. Why nothing will be done with a file stands in its step's `refused`, what a person should
know in `why`.

A rollback is a plan like any other, so a rollback of a rollback is a redo, with no code of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from msgspec.structs import replace

from core.errors import UsageError, WrongState
from core.journal import Outcomes
from core.model import Plan, Request, Step, Survivor
from core.planners import Ground
from core.planners.aftermath import Aftermath
from core.planners.deeds import Deed, check_part, deeds
from core.planners.inverse import Inverse
from core.planners.plain_returns import PlainReturns
from core.planners.world import World

SAMPLE_STEPS = 20
"""How many steps a preview shows."""

_REPORT_EVERY = 256  # steps


def plan(request: Request, ground: Ground) -> Plan:
    """Plan the rollback of `request.undo_of`, or of the part of it that `request.only` names.

    Raises UsageError (no operation named, or nothing of it meant), UnknownOperation, WrongState (it has not
    come to its end), BrakeEngaged (a folder is away), JournalDamaged, Cancelled.
    """
    if request.undo_of is None:
        raise UsageError("a rollback needs the operation to take back")
    files = ground.operation(request.undo_of)
    sequence, original, outcomes = files.request().sequence, files.plan(), files.outcomes()
    if outcomes.sealed is None:
        state = "interrupted" if outcomes.attempts else "not carried out"
        raise WrongState("only what came to its end can be taken back", operation=request.undo_of, state=state)
    done = _done(original, outcomes)
    meant = done if request.only is None else [d.step for d in check_part(request, deeds(original, outcomes))]
    with World(original.roots, ground.open_root) as world:
        inverse = Inverse(request, world, Aftermath(ground, request.undo_of, sequence))
        plain = PlainReturns(original, outcomes, world, inverse)
        other_deeds = deeds(original, outcomes, [step for step in done if not plain.is_plain(step)])
        inverse.know(other_deeds)
        others = {deed.step.seq: deed for deed in other_deeds}
        for number in sorted(_roots(meant, others)):
            world.check_root(number, outcomes.roots[number])
        for number, unit in enumerate(_units(meant)):
            if number % _REPORT_EVERY == 0:
                ground.report("planning", number, len(meant))
            if unit[0].seq in others:
                inverse.add([others[step.seq] for step in unit])
            elif not plain.takes(unit[0]):
                inverse.add(deeds(original, outcomes, unit))
            else:
                continue
            plain.forget_folders()
        inverse.end()
    # Who asked to skip what is taken must not find a numbered name after all, not even one chosen at the last
    # moment: such a plan is followed to the letter.
    roots, steps = _on_roots_needed(original.roots, inverse.steps)
    return Plan(request.id, roots, steps, reviewed=request.on_conflict == "skip")


def _done(plan: Plan, outcomes: Outcomes) -> list[Step]:
    """Return the steps that were done, oldest first."""
    finished = outcomes.finished
    return [step for step in plan.steps if step.seq in finished and finished[step.seq].outcome == "done"]


def _roots(meant: Sequence[Step], others: Mapping[int, Deed]) -> set[int]:
    """Return the numbers of the roots that are concerned."""
    plain = {(step.source_root, step.destination_root) for step in meant if step.seq not in others}
    concerned = [others[step.seq].roots for step in meant if step.seq in others]
    return {number for roots in (*plain, *concerned) for number in roots}


def _units(meant: Sequence[Step]) -> Iterator[list[Step]]:
    """Yield what goes back in one go, newest first: the files of a group, or what one step did."""
    for group, steps in groupby(reversed(meant), attrgetter("group")):
        if group:
            yield list(steps)
        else:
            yield from ([step] for step in steps)


def _on_roots_needed(roots: list[bytes], steps: list[Step]) -> tuple[list[bytes], list[Step]]:
    """Leave out the roots that no step uses: a part can go back while the disk of another part is away.

    Where a duplicate comes back, the copy that stayed is only of interest to a later redo: not if its disk is away.
    """
    if len(roots) == 1:
        return roots, steps
    used = {step.source_root for step in steps if step.source}
    used |= {step.destination_root for step in steps if step.destination}
    used |= {step.survivor.root for step in steps if step.survivor and os.path.isdir(roots[step.survivor.root])}
    if len(used) in (0, len(roots)):
        return roots, steps
    numbers = {old: new for new, old in enumerate(sorted(used))}
    renumbered = [
        replace(
            step,
            source_root=numbers.get(step.source_root, 0),
            destination_root=numbers.get(step.destination_root, 0),
            survivor=_renumbered(step.survivor, numbers),
        )
        for step in steps
    ]
    return [roots[number] for number in sorted(used)], renumbered


def _renumbered(survivor: Survivor | None, numbers: Mapping[int, int]) -> Survivor | None:
    if survivor is None or survivor.root not in numbers:
        return None
    return replace(survivor, root=numbers[survivor.root])
