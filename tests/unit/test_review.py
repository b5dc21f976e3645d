"""What waits for a person, what runs at once, and which steps a partial approval lets run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.model import Fingerprint, Plan, Request, Step, now
from core.review import approved_steps, leaves_nothing_of, why_it_waits
from core.storage import Entry
from core.stores.decisions import Decisions
from core.stores.index import Index

ROOT = b"/srv/photos"


LONG_AGO, RECENTLY = datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def decisions(tmp_path: Path) -> Iterator[Decisions]:
    decisions = Decisions(tmp_path / "decisions.db")
    decisions.record_pass(ROOT, "rules")
    yield decisions
    decisions.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "index.db") as index:
        yield index


def seen(index: Index, count: int, when: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the index know the files f0, f1, … since some time."""
    monkeypatch.setattr("core.stores.index.time.time_ns", lambda: int(when.timestamp() * 1e9))
    index.update(ROOT, [Entry(b"f%d" % number, number, 1, 2, 3, 4) for number in range(count)], [])


def plan(*kinds: str, rules: str = "rules") -> Plan:
    """Return a plan with a step of each kind, on files f0, f1, …"""
    steps = [
        Step(number, kind, b"f%d" % number, b"to/f%d" % number, fingerprint=Fingerprint(1, 2, 3))  # type: ignore[arg-type]
        for number, kind in enumerate(kinds)
    ]
    return Plan("op", [ROOT], steps, rules)


def request(**fields: Any) -> Request:
    return Request(id="op", kind="organize", folder="photos", created=now(), **({"automatic": True} | fields))


def test_what_a_person_asks_for_runs_at_once(decisions: Decisions, index: Index) -> None:
    assert (
        why_it_waits(request(automatic=False), plan(*["trash"] * 500, rules="new"), "review", decisions, index) is None
    )


def test_a_preview_waits_whoever_asked(decisions: Decisions, index: Index) -> None:
    assert "preview" in (why_it_waits(request(automatic=False, dry_run=True), plan(), "auto", decisions, index) or "")


@pytest.mark.parametrize(
    ("made", "mode", "files", "why"),
    [
        (plan("move"), "auto", 10, None),
        (plan("move"), "review", 10, "review mode"),
        (plan("move", rules="changed"), "auto", 10, "first pass"),
        (plan(rules="changed"), "auto", 10, None),
        (plan(*["move"] * 100), "auto", 100, None),
        (plan(*["move"] * 101), "auto", 101, "101 files"),
        (plan(*["move"] * 101), "auto", 2000, None),
        (plan(*["trash"] * 10), "auto", 10, None),
        (plan(*["trash"] * 11), "auto", 11, "trash"),
        (plan(*["trash"] * 11), "auto", 200, None),
    ],
)
def test_what_the_agent_starts_waits_where_it_should(
    decisions: Decisions,
    index: Index,
    monkeypatch: pytest.MonkeyPatch,
    made: Plan,
    mode: str,
    files: int,
    why: str | None,
) -> None:
    seen(index, files, LONG_AGO, monkeypatch)
    reason = why_it_waits(request(arrived_since=RECENTLY), made, mode, decisions, index)
    assert reason is None if why is None else why in (reason or "")


def test_any_number_of_new_files_moves_without_asking(
    decisions: Decisions, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = plan(*["move"] * 5000)
    seen(index, 4000, RECENTLY, monkeypatch)  # and 1,000 that the index does not know at all
    assert why_it_waits(request(arrived_since=RECENTLY), flood, "auto", decisions, index) is None
    since_later = RECENTLY + timedelta(seconds=1)
    assert "4,000 files" in (why_it_waits(request(arrived_since=since_later), flood, "auto", decisions, index) or "")
    assert "5,000 files" in (why_it_waits(request(), flood, "auto", decisions, index) or "")


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
    assert approved_steps(made, None, [ROOT + b"/jpg"]) == {2, 5, 6}  # its raw stays with it
    assert approved_steps(made, None, [ROOT + b"/a"]) == {2, 5, 6}
    assert approved_steps(made, [ROOT + b"/jpg", ROOT + b"/other"], [ROOT + b"/c"]) == {0, 1, 3, 4, 6}
    assert approved_steps(made, None, [ROOT]) == {6}
    assert approved_steps(made, None, [b"/"]) == {6}
    assert approved_steps(made, None) == set(range(7))


def test_a_folder_taken_out_keeps_what_comes_from_it() -> None:
    steps = [Step(0, "move", b"in/a", b"out/a"), Step(1, "move", b"b", b"in/b")]
    assert approved_steps(Plan("op", [ROOT], steps), None, [ROOT + b"/in"]) == {0}


@pytest.mark.parametrize(
    ("done", "waiting", "nothing_is_left"),
    [
        ({}, {}, True),
        ({}, {"paths": [b"a"]}, True),
        ({"paths": [b"a"]}, {}, False),
        ({"rules": ["texts"]}, {"rules": ["texts"]}, True),
        ({"rules": ["texts"]}, {"rules": ["images"]}, False),
        ({}, {"subfolders": True}, False),
        ({"subfolders": True}, {}, True),
        ({"undo_of": "one"}, {"undo_of": "one", "only": [b"/a"]}, True),
        ({"undo_of": "one", "only": [b"/a"]}, {"undo_of": "one"}, False),
        ({"undo_of": "one"}, {"undo_of": "two"}, False),
        ({"folder": "other"}, {}, False),
        ({"kind": "dedupe", "action": "trash"}, {"kind": "dedupe", "action": "trash", "paths": [b"a"]}, True),
        ({"kind": "dedupe", "action": "report"}, {"kind": "dedupe", "action": "trash"}, False),
        ({"kind": "dedupe", "action": "trash", "of": "one"}, {"kind": "dedupe", "action": "trash"}, False),
    ],
)
def test_what_was_done_leaves_nothing_of_a_proposal_for_as_much_or_less(
    done: dict[str, Any], waiting: dict[str, Any], nothing_is_left: bool
) -> None:
    asked: dict[str, Any] = {"id": "x", "kind": "organize", "folder": "photos", "created": now()}
    assert leaves_nothing_of(Request(**asked | done), Request(**asked | waiting)) is nothing_is_left
