"""A process killed at any call that changes the disk loses nothing, and the next one ends what it began.

Everyday: a few points of every scenario. Heavy: every point, then random ones, also of the recovery and of the
recovery's recovery, to 10,000 in all. SIGKILL keeps what the kernel has; what a power cut takes: `test_power_cuts`.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.history import History
from tests.crash.harness import Theatre, play, points_of
from tests.crash.scenarios import SCENARIOS, Scenario

EVERYDAY_POINTS = 12
ALL_POINTS = 10_000
SEED = 20_260_101

OTHER = Path("/dev/shm")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    history = History(tmp_path_factory.mktemp("history") / "history.db")
    yield history
    history.close()


@pytest.fixture
def theatre(request: pytest.FixtureRequest, tmp_path: Path, history: History) -> Iterator[Theatre]:
    scenario: Scenario = request.param
    if not scenario.across:
        yield Theatre(scenario, tmp_path, tmp_path / "other", history)
    elif not OTHER.is_dir() or OTHER.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system at hand")
    else:
        with tempfile.TemporaryDirectory(dir=OTHER) as disk:
            yield Theatre(scenario, tmp_path, Path(disk), history)


each_scenario = pytest.mark.parametrize("theatre", SCENARIOS, indirect=True, ids=lambda scenario: scenario.name)


@each_scenario
def test_killed_at_a_few_points(theatre: Theatre) -> None:
    expected = theatre.rehearse()
    points = points_of(expected.calls)
    chosen = random.Random(theatre.scenario.name)
    for point in chosen.sample(points, min(EVERYDAY_POINTS, len(points))):
        play(theatre, expected, [point])
    for _ in range(2):
        play(theatre, expected, [chosen.choice(points) for _ in range(3)])


@pytest.mark.heavy
@pytest.mark.timeout(280)
@each_scenario
def test_killed_at_every_point(theatre: Theatre) -> None:
    expected = theatre.rehearse()
    every = points_of(expected.calls)
    for point in every:
        play(theatre, expected, [point])
    chosen = random.Random(SEED)
    rest = max(0, -(-ALL_POINTS // len(SCENARIOS)) - len(every))
    while rest > 0:
        rest -= play(theatre, expected, [chosen.choice(every) for _ in range(chosen.randint(2, 3))])
