"""When progress is reported, and what it says."""

from __future__ import annotations

from core.execute.tally import Tally
from core.model import Progress
from core.views.progress import INTERVAL, Meter


class Stage:
    """A meter with a clock of its own, and what it reported."""

    def __init__(self) -> None:
        self.time = 100.0
        self.reports: list[Progress] = []
        self.meter = Meter("a", self.reports.append, lambda: self.time)

    @property
    def said(self) -> list[tuple[str, int]]:
        return [(each.phase, each.done) for each in self.reports]


def test_progress_is_reported_four_times_a_second_at_most() -> None:
    stage = Stage()
    for done in range(9):
        stage.meter.planning("planning", done, 10)
        stage.time += INTERVAL / 4
    assert stage.said == [("planning", 0), ("planning", 4), ("planning", 8)]


def test_what_begins_is_reported_at_once() -> None:
    stage = Stage()
    tally = Tally(total=2)
    stage.meter.planning("scanning", 5, 0)
    stage.meter.planning("planning", 0, 5)
    stage.meter.executing(tally)
    tally.done = 1
    stage.meter.executing(tally)
    tally.done = 2
    stage.meter.executing(tally)
    stage.meter.executing(tally)
    assert stage.said == [("scanning", 5), ("planning", 0), ("executing", 0), ("sealing", 2)]
