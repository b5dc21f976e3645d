"""The theatres that scenarios are played in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.stores.history import History
from tests.crash.harness import Theatre
from tests.crash.scenarios import SCENARIOS, Scenario

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


@pytest.fixture
def theatres(tmp_path: Path, history: History) -> Iterator[list[Theatre]]:
    """One for each short scenario that can be played here."""
    with tempfile.TemporaryDirectory(dir=OTHER if OTHER.is_dir() else None) as disk:
        has_two = Path(disk).stat().st_dev != tmp_path.stat().st_dev
        yield [
            Theatre(scenario, tmp_path, Path(disk), history)
            for scenario in SCENARIOS
            if len(scenario.lines) < 20 and (has_two or not scenario.across)
        ]
