"""Any call may fail, once or from then on: the disk is full, broken or locked. No content is lost by that.

What could be done was done, what could not says why, and an undo brings back the tree of before.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import ShelverError
from core.model import DIRECTORY_KINDS
from core.storage.walking import OWN_PREFIX
from tests.crash.harness import (
    Stage,
    Theatre,
    Trees,
    check_nothing_lost,
    differences,
    look,
    outcomes_of,
    run,
    without_trash,
)
from tests.crash.scenarios import SCENARIOS
from tests.crash.seam import Call

ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT)
EVERYDAY_FAILURES = 6
MOST_CALLS = 100  # of one scenario: beyond, they are all alike

each_scenario = pytest.mark.parametrize("theatre", SCENARIOS, indirect=True, ids=lambda scenario: scenario.name)


@each_scenario
def test_a_few_failing_calls(theatre: Theatre) -> None:
    calls = len(theatre.rehearse().calls)
    chosen = random.Random(theatre.scenario.name)
    for _ in range(EVERYDAY_FAILURES):
        check_failure(theatre, chosen.randrange(calls), chosen.choice(ERRORS), lasting=chosen.random() < 0.5)


@pytest.mark.heavy
@pytest.mark.timeout(240)
@each_scenario
def test_every_call_may_fail(theatre: Theatre) -> None:
    calls = len(theatre.rehearse().calls)
    for number in range(min(calls, MOST_CALLS)):
        for lasting in (False, True):
            check_failure(theatre, number, ERRORS[number % len(ERRORS)], lasting=lasting)


def check_failure(theatre: Theatre, number: int, code: int, *, lasting: bool) -> None:
    """Let call `number` fail (and all after it), then let it come to its end without failures, then undo."""
    with theatre.stage() as stage:
        try:
            _check(stage, _failing(number, code, lasting=lasting))
        except (AssertionError, OSError) as error:
            how = "from then on" if lasting else "once"
            what = f"{theatre.scenario.name!r}, call {number} fails {how} with {errno.errorcode[code]}"
            raise AssertionError(f"{what}: {error!r} {outcomes_of(stage)}") from error


def _failing(number: int, code: int, *, lasting: bool) -> Callable[[int, Call, Callable[..., Any]], Any]:
    def hook(at: int, call: Call, real: Callable[..., Any]) -> Any:
        if at == number or (lasting and at > number):
            raise OSError(code, os.strerror(code))
        return real(*call.arguments, **call.keywords)

    return hook


def _check(stage: Stage, hook: Callable[..., Any]) -> None:
    scene, plan = stage.scene, stage.plan
    try:
        run(scene, plan, hook)
    except ShelverError:
        pass  # nothing could be recorded any more: it goes on when the disk is well again
    except OSError as error:
        assert not scene.files(plan.operation).outcomes().finished, f"an error of the system came through: {error!r}"
    check_nothing_lost(stage)
    run(scene, plan)
    check_nothing_lost(stage)
    undo = scene.plan_undo(plan.operation)
    undone = run(scene, undo)
    check_nothing_lost(stage)
    if not stage.scenario.comes_back:
        return
    assert undone == "completed", undo.steps
    if not _a_folder_failed(stage):
        now, before = _visible(look(scene)), _visible(stage.before)
        if stage.scenario.across and _a_name_stayed(stage):
            now, before = _without_links(now), _without_links(before)
        assert now == before, differences(now, before)


def _a_folder_failed(stage: Stage) -> bool:
    """Tell whether a folder could not be made or removed: then a move made it by the way, and it may stay."""
    steps = zip(stage.plan.steps, outcomes_of(stage), strict=True)
    return any(step.kind in DIRECTORY_KINDS and outcome == "failed" for step, (outcome, _) in steps)


def _a_name_stayed(stage: Stage) -> bool:
    """Tell whether a file could not go to the other disk: other names of it that went are a file of their own there."""
    return any(outcome != "done" for outcome, _ in outcomes_of(stage))


def _without_links(both: Trees) -> Trees:
    home, disk = ({path: found._replace(links=()) for path, found in tree.items()} for tree in both)
    return home, disk


def _visible(both: Trees) -> Trees:
    """Leave out the trash and what Shelver could not clean up after itself."""
    home, disk = (
        {path: found for path, found in tree.items() if not os.path.basename(path).startswith(OWN_PREFIX)}
        for tree in without_trash(both)
    )
    return home, disk
