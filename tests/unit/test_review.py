"""What waits for a person, what runs at once, and which steps a partial approval lets run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.decisions import Decisions
from core.model import Fingerprint, Plan, Request, Step, now
from core.review import approved_steps, why_it_waits

ROOT = b"/srv/photos"


@pytest.fixture
def decisions(tmp_path: Path) -> Iterator[Decisions]:
    decisions = Decisions(tmp_path / "decisions.db")
    decisions.record_pass(ROOT, "rules")
    yield decisions
    decisions.close()


def plan(*kinds: str, rules: str = "rules") -> Plan:
    """Return a plan with a step of each kind, on files f0, f1, …"""
    steps = [
        Step(number, kind, b"f%d" % number, b"to/f%d" % number, fingerprint=Fingerprint(1, 2, 3))  # type: ignore[arg-type]
        for number, kind in enumerate(kinds)
    ]
    return Plan("op", [ROOT], steps, rules)


def request(**fields: Any) -> Request:
    return Request(id="op", kind="organize", folder="photos", created=now(), **({"automatic": True} | fields))


def arrivals(count: int) -> list[bytes]:
    return [b"f%d" % number for number in range(count)]


def test_what_a_person_asks_for_runs_at_once(decisions: Decisions) -> None:
    assert why_it_waits(request(automatic=False), plan(*["trash"] * 500, rules="new"), "review", decisions, 9) is None


def test_a_preview_waits_whoever_asked(decisions: Decisions) -> None:
    assert "preview" in (why_it_waits(request(automatic=False, dry_run=True), plan(), "auto", decisions, 0) or "")


@pytest.mark.parametrize(
    ("made", "asked", "mode", "files", "why"),
    [
        (plan("move"), request(), "auto", 10, None),
        (plan("move"), request(), "review", 10, "review mode"),
        (plan("move", rules="changed"), request(), "auto", 10, "first pass"),
        (plan(rules="changed"), request(), "auto", 10, None),
        (plan(*["move"] * 100), request(), "auto", 10, None),
        (plan(*["move"] * 101), request(), "auto", 10, "101 files"),
        (plan(*["move"] * 101), request(), "auto", 2000, None),
        (plan(*["move"] * 5000), request(arrived=arrivals(5000)), "auto", 10, None),
        (plan(*["move"] * 5000), request(arrived=arrivals(4000)), "auto", 10, "1,000 files"),
        (plan(*["trash"] * 10), request(arrived=arrivals(10)), "auto", 10, None),
        (plan(*["trash"] * 11), request(arrived=arrivals(11)), "auto", 10, "trash"),
    ],
)
def test_what_the_agent_starts_waits_where_it_should(
    decisions: Decisions, made: Plan, asked: Request, mode: str, files: int, why: str | None
) -> None:
    reason = why_it_waits(asked, made, mode, decisions, files)
    assert reason is None if why is None else why in (reason or "")


def test_a_partial_approval_takes_groups_whole_and_only_the_directories_it_needs() -> None:
    steps = [
        Step(0, "mkdir", b"", b"a"),
        Step(1, "mkdir", b"", b"a/b"),
        Step(2, "mkdir", b"", b"c"),
        Step(3, "move", b"raw", b"a/b/raw", group=1),
        Step(4, "move", b"jpg", b"a/b/jpg", group=1),
        Step(5, "move", b"other", b"c/other"),
        Step(6, "rmdir", b"old"),
    ]
    made = Plan("op", [ROOT], steps)
    assert approved_steps(made, [ROOT + b"/jpg"]) == {0, 1, 3, 4, 6}
    assert approved_steps(made, [ROOT + b"/c"]) == {2, 5, 6}
    assert approved_steps(made, [ROOT]) == set(range(7))
    assert approved_steps(made, [b"/srv/phot"]) == {6}
