"""How numbers, times, paths and states are said."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from rich.cells import cell_len

from core.model import Counts, Pending, StepView
from tests.tui.home_server import CAMERA, NOW, at, folder, operation, surroundings
from tui import words
from tui.widgets.journey import Journey, journey_line
from tui.widgets.line import cut, ending, fitted, folded, plain, shortened, width_of


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_288_490_188, "1.3 GB"),
        (412_000_000_000, "412 GB"),
        (10**16, "10.0 PB"),
    ],
)
def test_sizes(number: int, said: str) -> None:
    assert words.size(number) == said


@pytest.mark.parametrize(
    ("day", "brief", "full"),
    [(16, "09:14", "09:14"), (15, "Sun", "Sun 09:14"), (10, "Tue", "Tue 09:14"), (9, "9 Nov", "9 Nov 09:14")],
)
def test_a_time_is_as_short_as_it_is_clear(day: int, brief: str, full: str) -> None:
    assert words.when(at(day, 9, 14), NOW) == brief
    assert words.moment(at(day, 9, 14), NOW) == full


def test_times_are_told_in_the_zone_of_the_clock() -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    assert words.moment(at(16, 9, 14), tokyo) == "18:14"
    assert words.when(datetime.fromisoformat("2024-02-03T00:00+00:00"), NOW) == "Feb 2024"


@pytest.mark.parametrize(("seconds", "said"), [(38.2, "0:38 left"), (61, "1:01 left"), (3723, "1:02:03 left")])
def test_the_time_left(seconds: float, said: str) -> None:
    assert words.left(seconds) == said


def test_a_pair_is_told_in_words() -> None:
    pair = folder("scans", bucket="s3://attic/scans")
    assert words.pair(folder("downloads")) == words.pair(pair) == ""
    pair.in_step = NOW
    assert words.pair(pair) == "in step"
    pair.to_push, pair.to_pull, pair.conflicts = 1204, 1, 1
    assert words.pair(pair) == "1,204 to push, 1 to pull, 1 conflict"
    carried = Pending(push=2, pull=3, push_bytes=1_200_000, conflicts=2)
    assert words.carried(carried) == "2 to push (1.2 MB), 3 to pull, 2 conflicts"
    assert words.carried(Pending()) == "nothing to push or pull"


def test_a_sync_and_the_settling_of_conflicts_are_called_what_they_are() -> None:
    sync = operation("a", 1, kind="sync", state="proposed", counts=Counts(planned=3))
    assert (words.kind(sync), words.summary(sync)) == ("sync", "3 files to carry")
    settling = operation("b", 2, kind="sync", resolve="mine", state="proposed", counts=Counts(planned=1))
    assert (words.kind(settling), words.summary(settling)) == ("resolve", "1 file to settle")
    settling.state, settling.counts.done = "completed", 1
    assert words.summary(settling) == "1 settled"


def test_what_became_of_an_operation() -> None:
    assert words.summary(operation("a", 1, state="proposed", counts=Counts(planned=1))) == "1 file has a place"
    assert (
        words.summary(operation("a", 1, counts=Counts(planned=9, done=6, skipped=2, failed=1)))
        == "6 moved, 2 skipped, 1 failed"
    )
    assert words.summary(operation("a", 1, state="failed", error="no\x1b[2Jdisk")) == "no\\x1b[2Jdisk"
    undone = operation("a", 1, counts=Counts(done=1), undone_by="b")
    assert words.state(undone) == ("undone", "dim")
    assert not words.can_undo(undone)


def test_what_is_not_worth_telling() -> None:
    assert words.is_worth_telling(operation("a", 1, state="failed"))
    assert not words.is_worth_telling(operation("a", 1, automatic=True))
    assert not words.is_worth_telling(operation("a", 1, state="superseded"))
    assert not words.is_worth_telling(operation("a", 1, kind="rollback", state="rejected"))
    assert words.is_worth_telling(operation("a", 1, kind="rollback", state="cancelled", counts=Counts(done=1)))


@pytest.mark.parametrize(
    "text", ["short", "a long name of a file.jpg", "東京都東京都東京都.jpg", "a\u0301" * 30, "\x1b]52;c;" * 5]
)
@pytest.mark.parametrize("width", [0, 1, 2, 7, 12, 40])
def test_text_fits_its_cells(text: str, width: int) -> None:
    assert cell_len(fitted(text, width)) == width
    for short in (shortened(text, width), cut(text, width), ending(text, width)):
        assert cell_len(short) <= width


def test_a_name_is_shortened_in_its_middle() -> None:
    assert shortened("IMG_20260101_holiday.jpg", 16) == "IMG_20…liday.jpg"
    assert ending("Pictures/2026/2026-11/", 12) == "…26/2026-11/"
    assert folded("one two three", 8) == ["one two", "three"]


def test_what_both_places_share_is_told_apart() -> None:
    deep = Journey.of(f"{CAMERA}/trip/day 1/a.jpg", f"{CAMERA}/trip/Pictures/2026/a.jpg", CAMERA)
    assert deep == Journey("trip/", "day 1/a.jpg", "Pictures/2026/")
    renamed = Journey.of(f"{CAMERA}/a.jpg", f"{CAMERA}/Pictures/a (1).jpg", CAMERA)
    assert renamed == Journey("", "a.jpg", "Pictures/a (1).jpg")
    assert Journey.of("/a/x", "/b/x") == Journey("/", "a/x", "b/")
    assert Journey.of(f"{CAMERA}2/x", "/b/x", CAMERA).shared == "/"


@pytest.mark.parametrize("width", [20, 47, 79, 200])
def test_a_journey_takes_exactly_its_width(width: int) -> None:
    for source, destination, outcome in (
        (f"{CAMERA}/trip/a.jpg", f"{CAMERA}/trip/b/a.jpg", "done"),
        (f"{CAMERA}/東京都/a.jpg", "/mnt/x/a.jpg", "failed"),
        (None, f"{CAMERA}/Pictures", "done"),
    ):
        step = StepView(
            seq=1,
            kind="mkdir" if source is None else "move",
            group=0,
            source=source,
            destination=destination,
            outcome=outcome,  # type: ignore[arg-type]
            reason="because" if outcome == "failed" else None,
        )
        assert width_of(journey_line(step, surroundings(), CAMERA, width)) == width


def test_a_journey_home_names_the_folder() -> None:
    step = StepView(
        seq=1,
        kind="move",
        group=0,
        source=f"{CAMERA}/P/a.jpg",
        destination=f"{CAMERA}/a.jpg",
        outcome="done",
        reason=None,
    )
    assert plain(journey_line(step, surroundings(), CAMERA, 60)).split() == ["P/a.jpg", "→", "~/Camera/"]


def test_people_are_known_by_name_where_they_have_one() -> None:
    around = surroundings()
    assert around.person("uid 0") == "root"
    assert around.person("uid 4294967290") == "uid 4294967290"
    assert around.person("agent") == "the agent"
    assert around.person("le\x1bna") == "le\\x1bna"
