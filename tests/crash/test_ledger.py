"""Whatever must be durable before something else may happen, is: by the letter of POSIX, for every scenario.

And each safeguard taken out is noticed: a harness that cannot see a missing sync proves nothing.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from msgspec.structs import replace

from core.execute import execute
from core.execute.groups import Groups
from tests.acting import Silent
from tests.crash import seam
from tests.crash.harness import Stage, Theatre, points_of
from tests.crash.ledger import Broken, Ledger
from tests.crash.mutants import MISSING_SYNCS, MISSING_SYNCS_OF_A_GROUP_ALONE, MISSING_SYNCS_OF_RECOVERY, Mutant
from tests.crash.scenarios import SCENARIOS

each_scenario = pytest.mark.parametrize("theatre", SCENARIOS, indirect=True, ids=lambda scenario: scenario.name)


@each_scenario
def test_nothing_happens_before_what_must_be_durable(theatre: Theatre) -> None:
    with theatre.stage() as stage:
        carry_out_by_the_book(stage)


@each_scenario
def test_nor_while_recovering(theatre: Theatre) -> None:
    points = points_of(theatre.rehearse().calls)
    for point in random.Random(theatre.scenario.name).sample(points, min(3, len(points))):
        with theatre.stage() as stage:
            theatre.die(stage, point)
            recover_by_the_book(stage)


@pytest.mark.parametrize("mutant", MISSING_SYNCS, ids=lambda mutant: mutant.what)
def test_a_missing_sync_is_noticed(mutant: Mutant, theatres: list[Theatre]) -> None:
    assert any(_breaks(theatre, mutant) for theatre in theatres)
    assert mutant.hits


def _breaks(theatre: Theatre, mutant: Mutant) -> bool:
    with theatre.stage() as stage:
        try:
            carry_out_by_the_book(stage, mutant)
        except Broken:
            return True
    return False


@pytest.fixture
def groups_across(theatres: list[Theatre], monkeypatch: pytest.MonkeyPatch) -> list[Theatre]:
    """Scenarios with a group that has to be copied, which goes by itself, as after somebody stood in its way."""
    monkeypatch.setattr(Groups, "_put_off", Groups._transfer)
    return [theatre for theatre in theatres if theatre.scenario.name.startswith("across, group")]


def test_nothing_happens_too_early_where_a_group_goes_by_itself(groups_across: list[Theatre]) -> None:
    for theatre in groups_across:
        with theatre.stage() as stage:
            carry_out_by_the_book(stage)


@pytest.mark.parametrize("mutant", MISSING_SYNCS_OF_A_GROUP_ALONE, ids=lambda mutant: mutant.what)
def test_a_missing_sync_of_a_group_that_goes_by_itself_is_noticed(mutant: Mutant, groups_across: list[Theatre]) -> None:
    assert any(_breaks(theatre, mutant) for theatre in groups_across)
    assert mutant.hits


@pytest.mark.parametrize("mutant", MISSING_SYNCS_OF_RECOVERY, ids=lambda mutant: mutant.what)
def test_a_missing_sync_of_recovery_is_noticed(mutant: Mutant, theatres: list[Theatre]) -> None:
    about = "across, group" if "group" in mutant.what else "across"
    assert any(_breaks_recovery(theatre, mutant) for theatre in theatres if theatre.scenario.name == about)
    assert mutant.hits


def _breaks_recovery(theatre: Theatre, mutant: Mutant) -> bool:
    for point in points_of(theatre.rehearse().calls):
        with theatre.stage() as stage:
            theatre.die(stage, point)
            try:
                recover_by_the_book(stage, mutant)
            except Broken:
                return True
    return False


def carry_out_by_the_book(stage: Stage, mutant: Mutant | None = None) -> None:
    """Record a request and its plan, and execute it, with a ledger kept. Raises Broken."""
    scene = stage.scene
    plan = replace(stage.plan, operation="book")
    ledger = Ledger(scene.files("book"), plan, durable_names(stage))
    with _kept(ledger, mutant):
        scene.files("book").create(scene.request_for("book"))
        scene.files("book").write_plan(plan)
        with scene.files("book").journal() as journal:
            execute(plan, journal, Silent())
    ledger.close()


def recover_by_the_book(stage: Stage, mutant: Mutant | None = None) -> None:
    """Resume with a ledger kept that takes nothing for durable of what the dead process did. Raises Broken."""
    files = stage.scene.files(stage.plan.operation)
    ledger = Ledger(files, stage.plan, durable_names(stage))
    with _kept(ledger, mutant), files.journal() as journal:
        execute(stage.plan, journal, Silent())
    ledger.close()


def durable_names(stage: Stage) -> Iterator[bytes]:
    """Yield the absolute paths that were beneath the roots before the operation."""
    for root, tree in zip(stage.scene.roots, stage.before, strict=True):
        yield root
        for path in tree:
            yield from (os.path.join(root, above) for above in (path, *_folders_of(path)))


def _folders_of(path: bytes) -> Iterator[bytes]:
    """Yield the folders above a path: a file in the trash has some that `look` leaves out."""
    while path := os.path.dirname(path):
        yield path


@contextmanager
def _kept(ledger: Ledger, mutant: Mutant | None) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(seam.installed(ledger))
        if mutant:
            stack.enter_context(mutant.planted())  # in front of the ledger, which must not hear of the call
        yield
