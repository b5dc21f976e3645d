"""A power cut at any call loses nothing: on ext4 and xfs, with state, home and target on three disks of their own.

What Shelver did not sync may be gone, in whatever order; what it did sync must be enough. File systems keep more than
they promise, and recovery finds what lost its name: `test_ledger` holds Shelver to the letter, this to the outcome.
"""

from __future__ import annotations

import os
import random
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from core.stores.history import History
from tests import trees
from tests.crash.dark import DarkTheatre, three_disks
from tests.crash.forks import in_child
from tests.crash.harness import play, points_of
from tests.crash.mutants import MISSING_SYNCS, Mutant
from tests.crash.scenarios import SCENARIOS

CUTS = 200
SEED = 20_260_102

NOTICED = {  # of what must be synced: what a power cut on ext4 makes visible, and where
    "the records that a chain waits for": "swap",
    "the record of another name": "numbered",
    "the records of copies": "across",
    "all that was changed, at the end": "swap",
}

CANNOT = "needs root" if os.geteuid() else "" if all(map(shutil.which, ("mkfs.ext4", "mkfs.xfs"))) else "needs mkfs.xfs"

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.needs_root,
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(CANNOT), reason=CANNOT),
]

each_kind = pytest.mark.parametrize("kind", ["ext4", "xfs"])


@each_kind
def test_a_power_cut_loses_nothing(kind: str, tmp_path: Path) -> None:
    cuts = in_child(lambda: _cut_again_and_again(kind, tmp_path)).result
    print(f"{cuts} power cuts on {kind}, nothing lost")
    assert cuts >= CUTS


def _cut_again_and_again(kind: str, directory: Path) -> int:
    disks = three_disks(kind, directory / "disks")
    chosen = random.Random(SEED)
    cuts = 0
    with closing(History(directory / "history.db")) as history:
        theatres = [DarkTheatre(scenario, disks, history) for scenario in SCENARIOS]
        expected = [theatre.rehearse() for theatre in theatres]
        while cuts < CUTS:
            for theatre, end in zip(theatres, expected, strict=True):
                points = [chosen.choice(points_of(end.calls)) for _ in range(chosen.choice((1, 1, 2)))]
                cuts += play(theatre, end, points)
    return cuts


@each_kind
def test_a_careless_move_loses_the_file(kind: str, tmp_path: Path) -> None:
    """As other programs move between disks: what this tier cannot see lost, it cannot prove kept."""
    assert in_child(lambda: _move_carelessly(kind, tmp_path)).result == set()


def _move_carelessly(kind: str, directory: Path) -> set[bytes]:
    _, home, target = disks = three_disks(kind, directory / "disks")
    trees.build(home.folder, {"a": "precious"})
    for disk in disks:
        disk.sync()
    shutil.move(home.folder / "a", target.folder / "a")
    trees.write(home.folder / "somebody else's", b"x")
    descriptor = os.open(home.folder / "somebody else's", os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    for disk in disks:
        disk.cut()
        disk.restart()
    return {
        name
        for disk in disks
        for name in trees.names(disk.folder)
        if trees.content(disk.folder / os.fsdecode(name)) == b"precious"
    }


@pytest.mark.parametrize("mutant", [m for m in MISSING_SYNCS if m.what in NOTICED], ids=lambda mutant: mutant.what)
def test_a_missing_sync_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    assert in_child(lambda: _is_noticed(mutant, tmp_path)).result


def _is_noticed(mutant: Mutant, directory: Path) -> bool:
    disks = three_disks("ext4", directory / "disks")
    scenario = next(scenario for scenario in SCENARIOS if scenario.name == NOTICED[mutant.what])
    with closing(History(directory / "history.db")) as history:
        theatre = DarkTheatre(scenario, disks, history)
        expected = theatre.rehearse()
        with mutant.planted():
            for point in points_of(expected.calls):
                try:
                    theatre.crash(expected, [point])
                except AssertionError:
                    return True
    return False
