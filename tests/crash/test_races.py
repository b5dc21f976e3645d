"""People do things at the worst of all moments: whatever they put into a place, or into a file, is never lost."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest

from core.execute import execute
from core.model import absolute
from core.storage.local import LocalStorage
from core.storage.walking import OWN_PREFIX
from tests import trees
from tests.acting import Silent
from tests.crash import seam
from tests.crash.harness import Stage, Theatre, run
from tests.crash.mutants import REPLACING, Mutant, rename_replacing
from tests.crash.scenarios import SCENARIOS
from tests.crash.seam import Call

INTRUDER = b"I was here first"
EDITED = b"edited at the last moment"

EVERYDAY_MOMENTS = 6

each_scenario = pytest.mark.parametrize("theatre", SCENARIOS, indirect=True, ids=lambda scenario: scenario.name)


@each_scenario
def test_a_name_taken_at_the_last_moment_is_never_replaced(theatre: Theatre) -> None:
    moments = range(theatre.rehearse().calls.count("rename_noreplace"))
    for moment in random.Random(theatre.scenario.name).sample(moments, min(2 * EVERYDAY_MOMENTS, len(moments))):
        with theatre.stage() as stage:
            check_intruder(stage, moment)


@each_scenario
def test_a_file_edited_at_any_moment_keeps_the_edit(theatre: Theatre) -> None:
    moments = range(len(theatre.rehearse().calls))
    for moment in random.Random(theatre.scenario.name).sample(moments, min(EVERYDAY_MOMENTS, len(moments))):
        check_edits(theatre, moment)


@pytest.mark.heavy
@pytest.mark.timeout(200)
@each_scenario
def test_a_file_edited_at_every_moment_keeps_the_edit(theatre: Theatre) -> None:
    for moment in range(len(theatre.rehearse().calls)):
        check_edits(theatre, moment)


@pytest.mark.parametrize("mutant", REPLACING, ids=lambda mutant: mutant.what)
def test_a_rename_that_replaces_is_noticed(mutant: Mutant, theatres: list[Theatre]) -> None:
    assert any(_replaces(theatre, mutant) for theatre in theatres)
    assert mutant.hits


def test_a_source_taken_away_without_a_last_look_is_noticed(theatres: list[Theatre]) -> None:
    mutant = Mutant("the last look at a copied source", LocalStorage, "check_unchanged", "LocalStorage.take_away")
    theatre = next((theatre for theatre in theatres if theatre.scenario.name == "across"), None)
    if theatre is None:
        pytest.skip("there is no second file system at hand")
    calls = len(theatre.rehearse().calls)
    with mutant.planted(), pytest.raises(AssertionError, match="lost"):
        for moment in range(calls):
            check_edits(theatre, moment)
    assert mutant.hits


def _replaces(theatre: Theatre, mutant: Mutant) -> bool:
    for moment in range(theatre.rehearse().calls.count("rename_noreplace")):
        with theatre.stage() as stage:
            try:
                check_intruder(stage, moment, mutant)
            except AssertionError:
                return True
    return False


class Intruder:
    """Takes the name that rename number `moment` is about to give, right before it does."""

    def __init__(self, moment: int) -> None:
        self._moment = moment
        self._renames = 0
        self.taken: list[bytes] = []

    def before_rename(self, directory: int, name: bytes) -> None:
        """Count a rename, and strike if it is the one."""
        self._renames += 1
        # Names of Shelver's own are not people's.
        if self._renames - 1 == self._moment and not name.startswith(OWN_PREFIX):
            path = os.path.join(os.readlink(b"/proc/self/fd/%d" % directory), name)
            if not os.path.lexists(path):
                trees.write(path, INTRUDER)
                self.taken.append(path)


def check_intruder(stage: Stage, moment: int, mutant: Mutant | None = None) -> None:
    """Carry out with an intruder; what it put there stays, and nothing is lost."""
    intruder = Intruder(moment)

    def watching(number: int, call: Call, real: Callable[..., Any]) -> Any:
        if call.name == "rename_noreplace":
            intruder.before_rename(*call.arguments[2:])
        return real(*call.arguments, **call.keywords)

    def replacing(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
        intruder.before_rename(directory, name)
        rename_replacing(source_directory, source, directory, name)

    with (
        seam.installed(watching),
        mutant.planted(replacing) if mutant else nullcontext(),
        stage.scene.files(stage.plan.operation).journal() as journal,
    ):
        execute(stage.plan, journal, Silent())
    check_kept(stage)
    for path in intruder.taken:
        assert trees.content(path) == INTRUDER, f"{path!r} was replaced"


def check_edits(theatre: Theatre, moment: int) -> None:
    """Edit a file that is to be moved right before call number `moment`, in place or by saving it anew."""
    with theatre.stage() as stage:
        edited: list[bytes] = []

        def editing(number: int, call: Call, real: Callable[..., Any]) -> Any:
            if number == moment:
                edited.extend(_edit(stage, moment))
            return real(*call.arguments, **call.keywords)

        run(stage.scene, stage.plan, editing)
        check_kept(stage, edited)
        run(stage.scene, stage.scene.plan_undo(stage.plan.operation))
        check_kept(stage, edited)


def _edit(stage: Stage, moment: int) -> list[bytes]:
    """Edit one file that is still at its old place. Returns what it held."""
    sources = [absolute(stage.plan.roots, step.source_root, step.source) for step in stage.plan.steps]
    files = [path for path in sources if path and os.path.isfile(path)]
    if not files:
        return []
    path = files[moment % len(files)]
    held = trees.content(path)
    if moment % 2:
        trees.write(path + b"~", EDITED)
        os.replace(path + b"~", path)
    else:
        trees.write(path, EDITED)
    return [held]


def check_kept(stage: Stage, overwritten: Sequence[bytes] = ()) -> None:
    """Every content is somewhere, but for what a person overwrote; and so is what that person wrote."""
    wanted = set(stage.contents) - {trees.digest(content) for content in overwritten}
    if overwritten:
        wanted.add(trees.digest(EDITED))
    lost = wanted - set(trees.contents(stage.scene.root, stage.scene.disk))
    assert not lost, f"lost {len(lost)} contents"
