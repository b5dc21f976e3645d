"""A power cut at any call loses nothing: on ext4 and xfs, with state, home and target on three disks of their own.

What Shelver did not sync may be gone, in whatever order; what it did sync must be enough. This is the tier that a
missing fsync cannot pass.
"""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from core.history import History
from tests.crash.dark import DarkTheatre, three_disks
from tests.crash.forks import in_child
from tests.crash.harness import play, points_of
from tests.crash.scenarios import SCENARIOS

CUTS = 200
SEED = 20_260_102


@pytest.mark.heavy
@pytest.mark.needs_root
@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
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
