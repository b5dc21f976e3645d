"""A process killed at any call that changes the disk loses nothing, and the next one ends what it began.

Everyday: a few points of every scenario. Heavy: every point (of very long operations, a share), then random ones,
also of the recovery and of the recovery's recovery, to 10,000 in all. SIGKILL keeps what the kernel has; what a power
cut takes: `test_power_cuts`.
"""

from __future__ import annotations

import random

import pytest

from tests.crash.harness import Theatre, play, points_of
from tests.crash.scenarios import SCENARIOS

EVERYDAY_POINTS = 6
ALL_POINTS = 10_000
SHARE = -(-ALL_POINTS // len(SCENARIOS))
SEED = 20_260_101

each_scenario = pytest.mark.parametrize("theatre", SCENARIOS, indirect=True, ids=lambda scenario: scenario.name)


@each_scenario
def test_killed_at_a_few_points(theatre: Theatre) -> None:
    expected = theatre.rehearse()
    points = points_of(expected.calls)
    chosen = random.Random(theatre.scenario.name)
    for point in chosen.sample(points, min(EVERYDAY_POINTS, len(points))):
        play(theatre, expected, [point])
    play(theatre, expected, [chosen.choice(points) for _ in range(3)])


@pytest.mark.heavy
@pytest.mark.timeout(280)
@each_scenario
def test_killed_at_every_point(theatre: Theatre) -> None:
    expected = theatre.rehearse()
    every = points_of(expected.calls)
    chosen = random.Random(SEED)
    points = chosen.sample(every, min(SHARE, len(every)))
    for point in points:
        play(theatre, expected, [point])
    rest = SHARE - len(points)
    while rest > 0:
        rest -= play(theatre, expected, [chosen.choice(every) for _ in range(chosen.randint(2, 3))])
