"""Cuts an operation off at a call, lets the next process recover, and looks for what was lost.

What must hold (by content, searched for on the whole disk, under whatever name):

    at the crash     every content is there; whatever has a visible name is whole
    after recovery   files and outcomes are what they would have been without the crash; recovering again
                     changes nothing; nothing outside was touched; an undo brings back the tree of before
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from core.execute import execute
from core.model import DIRECTORY_KINDS, Outcome, Plan, State
from core.storage.walking import OWN_PREFIX
from core.stores.history import History
from core.trash import is_trash
from tests import trees
from tests.acting import Scene, Silent
from tests.crash import seam
from tests.crash.forks import in_child
from tests.crash.scenarios import Scenario, with_folders
from tests.crash.seam import Hook, Point

Trees = tuple[dict[bytes, trees.Found], dict[bytes, trees.Found]]


@dataclass(frozen=True)
class Expected:
    """How a scenario ends when nothing cuts it off, and the calls that it took.

    Of a step that was not done, recovery may say `failed` where an undisturbed run says `skipped`: it cannot tell why.
    """

    calls: list[str]
    state: State
    done: list[bool]
    after: Trees


@dataclass
class Stage:
    """A scenario set up on fresh folders, ready to be executed."""

    scenario: Scenario
    scene: Scene
    plan: Plan
    before: Trees
    contents: Counter[bytes]


class Theatre:
    """Plays one scenario over and over, on fresh folders beneath `state` (which holds the home, too) and `disk`."""

    def __init__(self, scenario: Scenario, state: Path, disk: Path, history: History) -> None:
        self.scenario = scenario
        self._state = state
        self._disk = disk
        self._history = history
        self._plays = 0

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        """Set the scenario up; afterwards remove it. Nothing is synced: a kill loses nothing by that."""
        with self._in_batches(), seam.installed(seam.without_syncs(seam.carry_out)):
            scene = self.scene()
            try:
                yield self._set_up(scene)
            finally:
                for folder in (scene.directory, scene.root, scene.disk):
                    shutil.rmtree(folder, ignore_errors=True)

    def _in_batches(self) -> AbstractContextManager[object]:
        """Have the executor write its records in batches of the scenario's size."""
        return patch("core.execute.run.BATCH_RECORDS", self.scenario.batch)

    def scene(self) -> Scene:
        """Return a scene on fresh folders."""
        self._plays += 1
        return Scene(self._state / f"play{self._plays}", self._disk / f"play{self._plays}", self._history)

    def _set_up(self, scene: Scene) -> Stage:
        trees.build(scene.root, self.scenario.home)
        trees.build(scene.disk, self.scenario.disk)
        trees.write(scene.directory / "outside" / "canary", b"sings")
        plan = scene.plan(with_folders(self.scenario.lines), reviewed=self.scenario.reviewed)
        for _ in range(self.scenario.undone):
            assert run(scene, plan) == "completed"
            plan = scene.plan_undo(plan.operation)
        if self.scenario.meanwhile:
            self.scenario.meanwhile(scene)
        return Stage(self.scenario, scene, plan, look(scene), trees.contents(scene.root, scene.disk))

    def die(self, stage: Stage, point: Point) -> bool:
        """Execute or resume in a process that dies at a point; tell whether it came that far."""
        return in_child(lambda: run(stage.scene, stage.plan, seam.dying_at(point))).killed

    def rehearse(self) -> Expected:
        """Play it without a crash."""
        calls: list[str] = []

        def recording(number: int, call: seam.Call, real: Callable[..., object]) -> object:
            calls.append(call.name)
            return real(*call.arguments, **call.keywords)

        with self.stage() as stage:
            state = run(stage.scene, stage.plan, recording)
            assert state == self.scenario.state, outcomes_of(stage)
            expected = Expected(calls, state, done_in(stage), look(stage.scene))
            check_recovered(stage, expected)
        return expected

    def crash(self, expected: Expected, points: Sequence[Point]) -> int:
        """Play it and die at the first point, recover and die at the second, …, recover, and check everything.

        Returns how often it died: a recovery may be over before its point.
        """
        deaths = 0
        with self.stage() as stage:
            for point in points:
                deaths += self.die(stage, point)
                check_nothing_lost(stage)
            check_recovered(stage, expected)
        return deaths


def points_of(calls: Sequence[str]) -> list[Point]:
    """Return every point at which such a run can be cut off: before each call, within each write, after the last."""
    points = [Point(number) for number in range(len(calls))]
    points += [Point(number, torn=True) for number, name in enumerate(calls) if name in seam.WRITES]
    return [*points, Point(len(calls) - 1, torn=True)]


def run(scene: Scene, plan: Plan, hook: Hook = seam.carry_out) -> State:
    """Execute or resume a plan behind a hook."""
    with seam.installed(hook), scene.files(plan.operation).journal() as journal:
        return execute(plan, journal, Silent())[0]


def play(theatre: Theatre, expected: Expected, points: list[Point]) -> int:
    """Crash at the points, return how often it died; a failure says how to do it again."""
    try:
        return theatre.crash(expected, points)
    except AssertionError as error:
        calls = expected.calls
        where = ", ".join(f"{point} {calls[point.call] if point.call < len(calls) else ''}" for point in points)
        raise AssertionError(f"{theatre.scenario.name!r} cut off at {where}: {error}") from error


# -- the oracle -------------------------------------------------------------------------------------


def look(scene: Scene) -> Trees:
    """Return what is beneath both roots. Folders in a trash do not count: they are made when needed."""
    home, disk = (
        {
            path: found
            for path, found in trees.read(root).items()
            if found.kind != "folder" or trees.TRASH not in path.split(b"/")
        }
        for root in (scene.root, scene.disk)
    )
    return home, disk


def check_nothing_lost(stage: Stage) -> None:
    """Look at the disk as a crash left it."""
    present = trees.contents(stage.scene.root, stage.scene.disk)
    lost = stage.contents - present
    assert not lost, f"lost {sum(lost.values())} contents"
    for root in (stage.scene.root, stage.scene.disk):
        for path, found in trees.read(root).items():
            own = os.path.basename(path).startswith(OWN_PREFIX)
            if found.kind == "file" and not own:
                assert trees.digest(found.content) in stage.contents, f"{path!r} is not whole"


def check_recovered(stage: Stage, expected: Expected) -> None:
    """Recover, twice, then undo; compare."""
    scene, plan = stage.scene, stage.plan
    for _ in range(2):
        state = run(scene, plan)
        check_nothing_lost(stage)
        assert done_in(stage) == expected.done, outcomes_of(stage)
        assert look(scene) == expected.after, differences(look(scene), expected.after)
        assert state == expected.state
    undo = scene.plan_undo(plan.operation)
    undone = run(scene, undo)
    check_nothing_lost(stage)
    if not stage.scenario.comes_back:
        return
    assert undone == "completed", undo.steps
    now, before = without_trash(look(scene)), without_trash(stage.before)
    assert now == before, differences(now, before)
    assert trees.content(scene.directory / "outside" / "canary") == b"sings"


def differences(now: Trees, wanted: Trees) -> str:
    """Return in what two pairs of trees differ, a line each."""
    return "".join(
        f"\n{path!r} is {here.get(path)}, should be {there.get(path)}"[:300]
        for here, there in zip(now, wanted, strict=True)
        for path in sorted(here.keys() | there.keys())
        if here.get(path) != there.get(path)
    )


def without_trash(both: Trees) -> Trees:
    """Leave out what lies in the trash: what an undo trashes is a copy of what is elsewhere."""
    home, disk = (
        {
            path: found._replace(links=tuple(link for link in found.links if not is_trash(link)))
            for path, found in tree.items()
            if not is_trash(path)
        }
        for tree in both
    )
    return home, disk


def done_in(stage: Stage) -> list[bool]:
    """Tell of each file's step whether it was done. Whether a folder was there before, a crash may leave unknown."""
    steps = zip(stage.plan.steps, outcomes_of(stage), strict=True)
    return [outcome == "done" for step, (outcome, _) in steps if step.kind not in DIRECTORY_KINDS]


def outcomes_of(stage: Stage) -> list[tuple[Outcome, str]]:
    """Return outcome and reason of each step."""
    finished = stage.scene.files(stage.plan.operation).outcomes().finished
    return [
        (finished[step.seq].outcome, finished[step.seq].reason) if step.seq in finished else ("pending", "")
        for step in stage.plan.steps
    ]
