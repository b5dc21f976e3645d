"""Clones that stand in for duplicates, on file systems that let two files share their blocks: cut off like all else."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.stores.history import History
from tests import trees
from tests.acting import Scene
from tests.crash import power, seam
from tests.crash.dark import DarkTheatre, three_disks
from tests.crash.forks import in_child
from tests.crash.harness import Theatre, play, points_of
from tests.crash.ledger import Broken
from tests.crash.mutants import MISSING_SYNCS_OF_CLONES, Mutant
from tests.crash.power import MAKE, MEGABYTE, Disk
from tests.crash.scenarios import CLONES, Scenario
from tests.crash.test_errors import ERRORS, check_failure
from tests.crash.test_ledger import carry_out_by_the_book, recover_by_the_book
from tests.crash.test_races import check_edits

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.needs_root,
    pytest.mark.timeout(280),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

each_kind = pytest.mark.parametrize("kind", ["xfs", "btrfs"])
each_scenario = pytest.mark.parametrize("scenario", CLONES, ids=lambda scenario: scenario.name)


def on_a_disk(
    kind: str, directory: Path, work: Callable[[Theatre], object], scenarios: Sequence[Scenario] = CLONES
) -> None:
    """Do something with the theatre of each scenario, on a disk that vanishes with it."""
    if shutil.which(MAKE[kind][0]) is None:
        pytest.skip(f"needs {MAKE[kind][0]}")
    in_child(lambda: [work(theatre) for theatre in _theatres(kind, directory, scenarios)])


def _theatres(kind: str, directory: Path, scenarios: Sequence[Scenario] = CLONES) -> Iterator[Theatre]:
    power.leave_the_shared_mounts()
    disk = Disk(kind, directory / "disk")
    with closing(History(directory / "history.db")) as history:
        for scenario in scenarios:
            yield Theatre(scenario, disk.folder / "state", disk.folder / "other", history)


@each_kind
@each_scenario
def test_killed_at_every_point(kind: str, scenario: Scenario, tmp_path: Path) -> None:
    def kill(theatre: Theatre) -> None:
        expected = theatre.rehearse()
        points = points_of(expected.calls)
        for point in points:
            play(theatre, expected, [point])
        chosen = random.Random(theatre.scenario.name)
        for _ in range(len(points)):
            play(theatre, expected, [chosen.choice(points) for _ in range(3)])

    on_a_disk(kind, tmp_path, kill, [scenario])


@each_kind
@each_scenario
def test_every_call_may_fail(kind: str, scenario: Scenario, tmp_path: Path) -> None:
    def fail(theatre: Theatre) -> None:
        for number in range(len(theatre.rehearse().calls)):
            for lasting in (False, True):
                check_failure(theatre, number, ERRORS[number % len(ERRORS)], lasting=lasting)

    on_a_disk(kind, tmp_path, fail, [scenario])


@each_kind
@each_scenario
def test_a_file_edited_at_every_moment_keeps_the_edit(kind: str, scenario: Scenario, tmp_path: Path) -> None:
    def edit(theatre: Theatre) -> None:
        for moment in range(len(theatre.rehearse().calls)):
            check_edits(theatre, moment)

    on_a_disk(kind, tmp_path, edit, [scenario])


def test_whatever_must_be_durable_is(tmp_path: Path) -> None:
    def by_the_book(theatre: Theatre) -> None:
        with theatre.stage() as stage:
            carry_out_by_the_book(stage)
        for point in points_of(theatre.rehearse().calls):
            with theatre.stage() as stage:
                theatre.die(stage, point)
                recover_by_the_book(stage)

    on_a_disk("xfs", tmp_path, by_the_book)


@pytest.mark.parametrize("mutant", MISSING_SYNCS_OF_CLONES, ids=lambda mutant: mutant.what)
def test_a_missing_sync_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    def is_noticed() -> bool:
        return any(_breaks(theatre, mutant) for theatre in _theatres("xfs", tmp_path))

    assert in_child(is_noticed).result


def _breaks(theatre: Theatre, mutant: Mutant) -> bool:
    with theatre.stage() as stage:
        try:
            carry_out_by_the_book(stage, mutant)
        except Broken:
            return True
    return False


def test_a_power_cut_loses_nothing(tmp_path: Path) -> None:
    cuts = in_child(lambda: _cut_everywhere(tmp_path)).result
    print(f"{cuts} power cuts amid clones, nothing lost")
    assert cuts > 100


def _cut_everywhere(directory: Path) -> int:
    disks = three_disks("xfs", directory / "disks")
    cuts = 0
    with closing(History(directory / "history.db")) as history:
        for scenario in CLONES:
            theatre = DarkTheatre(scenario, disks, history)
            expected = theatre.rehearse()
            for point in points_of(expected.calls):
                cuts += play(theatre, expected, [point])
    return cuts


@each_kind
def test_a_clone_takes_no_space(kind: str, tmp_path: Path) -> None:
    if shutil.which(MAKE[kind][0]) is None:
        pytest.skip(f"needs {MAKE[kind][0]}")
    assert in_child(lambda: _space_taken(kind, tmp_path)).result < MEGABYTE


def _space_taken(kind: str, directory: Path) -> int:
    with _scene(kind, directory) as (scene, disk):
        content = os.urandom(10 * MEGABYTE)
        trees.build(scene.root, {"a": content, "b": content, "c": trees.File(content, mode=0o600, mtime_ns=5)})
        before = trees.read(scene.root)
        disk.sync()
        free = os.statvfs(disk.folder).f_bfree
        done = scene.act([("reflink", "b", "a"), ("reflink", "c", "a")])
        assert done.state == "completed", done.results()
        disk.sync()
        assert trees.read(scene.root, ignore=[trees.TRASH]) == before
        return (free - os.statvfs(disk.folder).f_bfree) * os.statvfs(disk.folder).f_frsize


@each_kind
def test_an_edited_clone_stays(kind: str, tmp_path: Path) -> None:
    if shutil.which(MAKE[kind][0]) is None:
        pytest.skip(f"needs {MAKE[kind][0]}")
    assert in_child(lambda: _edited(kind, tmp_path)).result == {b"a": b"same", b"b": b"edited", b"b (1)": b"same"}


@each_kind
def test_what_is_written_into_the_copy_that_stays_in_the_last_moment_gets_into_no_clone(
    kind: str, tmp_path: Path
) -> None:
    """Its size and times stay: nobody but the kernel can tell."""
    if shutil.which(MAKE[kind][0]) is None:
        pytest.skip(f"needs {MAKE[kind][0]}")
    results, names = in_child(lambda: _written_meanwhile(kind, tmp_path)).result
    assert results == [("skipped", "its content is not that of the copy that would stay")]
    assert names == {b"a": b"evil", b"b": b"same"}


def _written_meanwhile(kind: str, directory: Path) -> tuple[Sequence[tuple[str, str]], dict[bytes, bytes]]:
    with _scene(kind, directory) as (scene, _):
        trees.build(scene.root, {"a": "same", "b": "same"})
        plan = scene.plan([("reflink", "b", "a")])

        def writing(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
            if call.name == "clone_content":
                trees.write(scene.root / "a", b"evil", mtime_ns=os.stat(scene.root / "a").st_mtime_ns)
            return real(*call.arguments, **call.keywords)

        with seam.installed(writing):
            done = scene.run(plan)
        return done.results(), _contents(scene)


@each_kind
def test_a_clone_is_made_where_the_kernel_cannot_compare(kind: str, tmp_path: Path) -> None:
    if shutil.which(MAKE[kind][0]) is None:
        pytest.skip(f"needs {MAKE[kind][0]}")
    assert in_child(lambda: _without_the_kernel(kind, tmp_path)).result == [("done", "")]


def _without_the_kernel(kind: str, directory: Path) -> Sequence[tuple[str, str]]:
    with _scene(kind, directory) as (scene, _):
        trees.build(scene.root, {"a": "same", "b": trees.File(b"same", mode=0o600, mtime_ns=5)})
        before = trees.read(scene.root)
        plan = scene.plan([("reflink", "b", "a")])

        def refusing(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
            if call.name == "share_content":
                raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
            return real(*call.arguments, **call.keywords)

        with seam.installed(refusing):
            done = scene.run(plan)
        assert trees.read(scene.root, ignore=[trees.TRASH]) == before
        assert scene.undo(done).state == "completed"
        assert trees.read(scene.root, ignore=[trees.TRASH]) == before
        return done.results()


def _contents(scene: Scene) -> dict[bytes, bytes]:
    found = trees.read(scene.root, ignore=[trees.TRASH])
    return {path: each.content for path, each in found.items() if each.kind == "file"}


def _edited(kind: str, directory: Path) -> dict[bytes, bytes]:
    with _scene(kind, directory) as (scene, _):
        trees.build(scene.root, {"a": "same", "b": "same"})
        done = scene.act([("reflink", "b", "a")])
        trees.write(scene.root / "b", b"edited", mtime_ns=7)
        assert scene.undo(done).state == "completed"
        return {path: found.content for path, found in trees.read(scene.root).items() if found.kind == "file"}


@contextmanager
def _scene(kind: str, directory: Path) -> Iterator[tuple[Scene, Disk]]:
    power.leave_the_shared_mounts()
    disk = Disk(kind, directory / "disk")
    with Scene(disk.folder / "s") as scene:
        yield scene, disk


def test_there_are_clones_of_every_kind() -> None:
    assert {scenario.undone for scenario in CLONES} == {0, 1, 2}
    assert all(isinstance(scenario, Scenario) and "reflink" in str(scenario.lines) for scenario in CLONES)
