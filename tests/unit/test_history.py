"""Where a file went, through all operations; and what was decided about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.journal import Finished, Outcomes, Sealed
from core.model import Fingerprint, Plan, Request, Step, now
from core.storage import Entry
from core.stores.decisions import Decision, Decisions, rejected_decisions, run_decisions, undone_decisions
from core.stores.history import History

ROOT = b"/srv/photos"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "history.db")
    yield history
    history.close()


@pytest.fixture
def decisions(tmp_path: Path) -> Iterator[Decisions]:
    decisions = Decisions(tmp_path / "decisions.db")
    yield decisions
    decisions.close()


def operation(sequence: int, *moves: tuple[bytes, bytes], id: str = "") -> tuple[Request, Plan, Outcomes]:
    """Return an operation that made some moves within ROOT, as it is after its seal."""
    name = id or f"op{sequence}"
    steps = [
        Step(number, "move", source, destination, fingerprint=Fingerprint(number, 10, 20), why="a rule")
        for number, (source, destination) in enumerate(moves)
    ]
    request = Request(id=name, kind="organize", folder="photos", created=now(), sequence=sequence)
    outcomes = Outcomes()
    for step in steps:
        outcomes.add(Finished(step.seq, "done"))
    outcomes.add(Sealed("completed", (len(steps), len(steps), 0, 0, 0)))
    return request, Plan(name, [ROOT], steps), outcomes


def names(history: History, text: str) -> list[tuple[str, bytes, bytes]]:
    return [(each.operation, each.source, each.destination) for each in history.search(text)]


def test_a_file_is_found_by_any_part_of_any_of_its_names(history: History) -> None:
    history.record(*operation(1, (b"IMG_1.JPG", b"Pictures/2024/beach.jpg"), (b"other.txt", b"Documents/other.txt")))
    expected = [("op1", ROOT + b"/IMG_1.JPG", ROOT + b"/Pictures/2024/beach.jpg")]
    assert names(history, "img_1") == names(history, "BEACH") == names(history, "2024/be") == expected
    assert names(history, "nowhere") == []


def test_a_renamed_file_is_followed_through_its_operations(history: History) -> None:
    history.record(*operation(1, (b"first", b"second")))
    history.record(*operation(2, (b"second", b"third")))
    history.record(*operation(3, (b"unrelated", b"elsewhere")))
    assert [row[0] for row in names(history, "first")] == ["op2", "op1"]
    assert [row[0] for row in names(history, "third")] == ["op2", "op1"]


def test_hostile_names_are_found_by_what_people_see(history: History) -> None:
    history.record(*operation(1, (b"a\x1b[31m\n\xff", b"b/a\x1b[31m\n\xff")))
    assert len(names(history, "\\x1b[31m\\n\\xff")) == 1


def test_what_was_not_done_is_not_history(history: History) -> None:
    request, plan, outcomes = operation(1, (b"a", b"b"))
    outcomes.add(Finished(0, "failed", "no space left for it"))
    history.record(request, plan, outcomes)
    assert names(history, "a") == []


def test_a_resumed_operation_is_recorded_once(history: History) -> None:
    history.record(*operation(1, (b"a", b"b")))
    history.record(*operation(1, (b"a", b"b"), (b"c", b"d")))
    assert len(names(history, "/srv")) == 2


def test_the_newest_later_operation_of_a_path_is_told(history: History) -> None:
    history.record(*operation(1, (b"a", b"b")))
    history.record(*operation(2, (b"b", b"c")))
    assert history.later_operation(ROOT + b"/b", 1) == "op2"
    assert history.later_operation(ROOT + b"/b", 2) is None
    assert history.later_operation(ROOT + b"/c", 0) == "op2"


def test_a_damaged_history_is_put_aside_and_started_anew(history: History, tmp_path: Path) -> None:
    history.record(*operation(1, (b"a", b"b")))
    history.close()
    (tmp_path / "history.db").write_bytes(b"not a database at all" * 100)
    again = History(tmp_path / "history.db")
    assert names(again, "a") == []
    assert (tmp_path / "history.db.damaged").exists()
    again.close()


def entry(path: bytes, size: int = 10, mtime_ns: int = 20) -> Entry:
    return Entry(path, 1, size, mtime_ns, 0, 1)


@pytest.mark.parametrize(
    ("found", "rules", "expected"),
    [
        (entry(b"sub/a"), "rules", "undone"),
        (entry(b"sub/a", size=11), "rules", None),
        (entry(b"sub/a", mtime_ns=21), "rules", None),
        (entry(b"sub/a"), "other rules", None),
        (entry(b"sub/b"), "rules", None),
    ],
)
def test_a_decision_holds_while_file_and_rules_are_the_same(
    decisions: Decisions, found: Entry, rules: str, expected: str | None
) -> None:
    decisions.record([Decision(ROOT + b"/sub/a", "undone", 10, 20, "rules", "op")])
    assert decisions.blocks(ROOT, found, rules) == expected


def test_a_decision_in_a_folder_of_a_longer_name_is_not_taken_for_one_of_this(decisions: Decisions) -> None:
    decisions.record([Decision(ROOT + b"2/a", "undone", 10, 20, "rules", "op")])
    assert decisions.blocks(ROOT, entry(b"a"), "rules") is None
    assert decisions.blocks(ROOT + b"2", entry(b"a"), "rules") == "undone"


def test_a_decision_replaces_an_older_one_and_no_other_of_its_folder(decisions: Decisions, tmp_path: Path) -> None:
    decisions.record(Decision(ROOT + b"/sub/" + name, "failed", 10, 20, "rules", "op") for name in (b"a", b"b"))
    other = Decisions(tmp_path / "decisions.db")
    other.record([Decision(ROOT + b"/sub/b", "undone", 10, 20, "rules", "op2")])
    decisions.record([Decision(ROOT + b"/sub/c", "rejected", 10, 20, "rules", "op3")])
    told = {name: decisions.blocks(ROOT, entry(b"sub/" + name), "rules") for name in (b"a", b"b", b"c", b"d")}
    assert told == {b"a": "failed", b"b": "undone", b"c": "rejected", b"d": None}
    other.close()


def test_what_was_decided_when_each_decision_had_a_row_still_holds(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "decisions.db")) as old, old:
        old.execute(
            "CREATE TABLE decisions (path BLOB NOT NULL, subject TEXT NOT NULL, what TEXT NOT NULL, "
            "size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, rules TEXT NOT NULL, operation TEXT NOT NULL, "
            "PRIMARY KEY (path, subject))"
        )
        rows = [
            (ROOT + b"/a", "", "undone", 10, 20, "rules", "op"),
            (ROOT + b"/a", "backup", "copied", 10, 20, "rules", "op"),
        ]
        old.executemany("INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    for _ in range(2):
        with closing(Decisions(tmp_path / "decisions.db")) as decisions:
            assert decisions.blocks(ROOT, entry(b"a"), "rules") == "undone"
            assert decisions.copied(ROOT + b"/a", entry(b"a"), "backup")


PLACES = (b"/a", b"/srv/b", b"/srv.d/c", b"s3://b/p/d", b"s3://b/p//e")


def test_decisions_at_the_top_of_all_and_of_a_folder(decisions: Decisions) -> None:
    decisions.record(Decision(path, "undone", 10, 20, "rules", "op") for path in PLACES)
    beneath = {b"/": (b"a", b"srv/b", b"srv.d/c"), b"/srv": (b"b",), b"/srv.d": (b"c",), b"s3://b/p": (b"d", b"/e")}
    for root, names in beneath.items():
        assert [decisions.blocks(root, entry(name), "rules") for name in names] == ["undone"] * len(names)
    assert decisions.blocks(b"/srv", entry(b"c"), "rules") is None


def test_what_a_rule_copied_is_asked_of_that_rule_and_that_file(decisions: Decisions) -> None:
    decisions.record([Decision(ROOT + b"/a", "copied", 10, 20, "rules", "op", subject="backup")])
    assert decisions.copied(ROOT + b"/a", entry(b"a"), "backup")
    assert not decisions.copied(ROOT + b"/a", entry(b"a"), "another rule")
    assert not decisions.copied(ROOT + b"/a", entry(b"a", size=11), "backup")
    assert decisions.blocks(ROOT, entry(b"a"), "rules") is None


def test_what_an_undo_put_back_is_undone_where_it_is_now(decisions: Decisions) -> None:
    request, plan, outcomes = operation(2, (b"Pictures/a", b"a"))
    outcomes.add(Finished(0, "done", destination=b"a (1)"))
    decisions.record(undone_decisions("rules", request, plan, outcomes))
    assert decisions.blocks(ROOT, entry(b"a (1)"), "rules") == "undone"
    assert decisions.blocks(ROOT, entry(b"a"), "rules") is None


def test_what_failed_is_left_alone_and_what_was_skipped_is_not(decisions: Decisions) -> None:
    request, plan, outcomes = operation(1, (b"a", b"b"), (b"c", b"d"))
    outcomes.add(Finished(0, "failed", "no space left for it"))
    outcomes.add(Finished(1, "skipped", "open in another program"))
    decisions.record(run_decisions("rules", request, plan, outcomes))
    assert decisions.blocks(ROOT, entry(b"a"), "rules") == "failed"
    assert decisions.blocks(ROOT, entry(b"c"), "rules") is None


def test_a_rejection_holds_for_every_file_of_the_plan(decisions: Decisions) -> None:
    request, plan, _ = operation(1, (b"a", b"b"), (b"c", b"d"))
    decisions.record(rejected_decisions("rules", request, plan))
    assert [decisions.blocks(ROOT, entry(name), "rules") for name in (b"a", b"c")] == ["rejected", "rejected"]


def test_an_object_is_known_again_by_its_etag_whenever_it_was_written(decisions: Decisions) -> None:
    def at(mtime_ns: int, etag: str) -> Entry:
        return Entry(b"a", hash(etag) % 2**63, 10, mtime_ns, mtime_ns, 0, 1, etag)

    known = at(20, "etag").fingerprint
    request, plan, outcomes = operation(1, (b"a", b"b"))
    plan.steps[0] = replace(plan.steps[0], fingerprint=known)
    decisions.record(rejected_decisions("rules", request, plan))

    assert decisions.blocks(ROOT, at(20, "etag"), "rules") == "rejected"
    assert decisions.blocks(ROOT, at(99, "etag"), "rules") == "rejected"
    assert decisions.blocks(ROOT, at(20, "other"), "rules") is None

    plan.steps[0] = replace(plan.steps[0], kind="copy")
    decisions.record(run_decisions("rules", request, plan, outcomes))
    assert decisions.copied(ROOT + b"/a", at(99, "etag"), "a rule")
    assert not decisions.copied(ROOT + b"/a", at(20, "other"), "a rule")


def test_a_pass_counts_for_the_rules_it_was_made_with(decisions: Decisions) -> None:
    assert not decisions.passed(ROOT, "rules")
    decisions.record_pass(ROOT, "rules")
    assert decisions.passed(ROOT, "rules")
    assert not decisions.passed(ROOT, "changed rules")


def test_how_many_files_each_rule_took_lately(history: History) -> None:
    request, plan, outcomes = operation(1, (b"a", b"x/a"), (b"b", b"x/b"))
    plan.steps.append(Step(2, "move", b"c", b"y/c", fingerprint=Fingerprint(2, 10, 20), why="another"))
    plan.steps.append(Step(3, "mkdir", b"", b"y", why="another"))
    for seq in (2, 3):
        outcomes.add(Finished(seq, "done"))
    begun = now()
    history.record(request, plan, outcomes)
    history.record(request, plan, outcomes)  # resumed since
    history.record(*operation(2, (b"d", b"x/d")))
    assert history.files_by_rule(["photos"], begun - timedelta(days=30)) == {"a rule": 3, "another": 1}
    assert history.files_by_rule(["photos"], begun + timedelta(days=1)) == {}
    assert history.files_by_rule(["elsewhere"], begun - timedelta(days=30)) == {}
    history.forget("op1")
    assert history.files_by_rule(["photos"], begun - timedelta(days=30)) == {"a rule": 1}
