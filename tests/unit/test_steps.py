"""Steps by the page: any page of many, filtered by name and outcome, with hostile names for the eye and exactly."""

from __future__ import annotations

import os
import random
import sys
import unicodedata
from base64 import b64decode
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pytest
from msgspec import msgpack

from core.errors import WrongState
from core.journal import FRAME_STEPS, Finished, OperationFiles, PlanHead, outcome_table
from core.journal.frames import frame_offsets, framed, offsets_after, payload_at
from core.journal.outcome_table import OutcomeTable
from core.model import Counts, Fingerprint, Plan, Request, Step, now
from core.views.step_search import _LIKE_ASCII
from core.views.steps import StepPages

ROOT = b"/srv/photos"


@pytest.fixture
def files(tmp_path: Path) -> OperationFiles:
    files = OperationFiles(tmp_path / "abcd2345")
    files.create(Request(id="abcd2345", kind="organize", folder="photos", created=now()))
    return files


def planned(files: OperationFiles, *names: bytes) -> None:
    files.write_plan(Plan("abcd2345", [ROOT], [Step(n, "move", name, b"to/" + name) for n, name in enumerate(names)]))


def ended(files: OperationFiles, *records: Finished) -> None:
    with files.journal() as journal:
        for record in records:
            journal.add(record)
        journal.flush()


@pytest.mark.parametrize("start", [0, 1, FRAME_STEPS - 1, FRAME_STEPS, 3 * FRAME_STEPS + 7, 10_000])
def test_every_page_holds_its_own_steps(files: OperationFiles, start: int) -> None:
    count = 4 * FRAME_STEPS + 3
    planned(files, *(b"%05d" % number for number in range(count)))
    page = StepPages().page(files, start, 300)
    assert [step.seq for step in page.steps] == list(range(count))[start : start + 300]
    assert page.total == count


def test_a_page_shows_what_became_of_each_step_as_it_happens(files: OperationFiles) -> None:
    planned(files, b"a", b"b", b"c")
    pages = StepPages()
    ended(files, Finished(0, "done", destination=b"to/a (1)"))
    assert [step.outcome for step in pages.page(files, 0, 9).steps] == ["done", "pending", "pending"]
    ended(files, Finished(1, "skipped", "open in another program"))
    first, second, third = pages.page(files, 0, 9).steps
    assert first.destination == "/srv/photos/to/a (1)"
    assert (second.outcome, second.reason) == ("skipped", "open in another program")
    assert third.outcome == "pending"


@pytest.mark.parametrize(
    ("text", "outcome", "expected"),
    [
        ("beach", None, [0]),
        ("BEACH", None, [0]),
        ("!beach", None, [1, 2]),
        ("", "done", [0, 2]),
        ("tax", "done", [2]),
        ("caf\u00e9", None, [1]),
        ("nothing", None, []),
    ],
)
def test_a_filter_finds_by_name_and_outcome(
    files: OperationFiles, text: str, outcome: str | None, expected: list[int]
) -> None:
    planned(files, b"Beach.jpg", os.fsencode("cafe\u0301.txt"), b"tax.pdf")
    ended(files, Finished(0, "done"), Finished(1, "failed", "no space left for it"), Finished(2, "done"))
    page = StepPages().page(files, 0, 9, text, outcome)  # type: ignore[arg-type]
    assert [step.seq for step in page.steps] == expected
    assert page.total == len(expected)


def test_a_name_that_is_not_utf_8_is_shown_and_given_exactly(files: OperationFiles) -> None:
    planned(files, b"a\xff\x1b[31m")
    step = StepPages().page(files, 0, 1).steps[0]
    assert step.source == "/srv/photos/a\\xff\\x1b[31m"
    assert b64decode(step.source_b64 or "") == ROOT + b"/a\xff\x1b[31m"


def test_what_has_no_plan_has_no_steps(files: OperationFiles) -> None:
    with pytest.raises(WrongState, match="no plan"):
        StepPages().page(files, 0, 1)


# -- lines: files that go together are read as one


def grouped(files: OperationFiles, groups: Sequence[int]) -> list[list[int]]:
    """Write a plan with these groups; return the steps of each line that people should read."""
    steps = [Step(n, "move", b"%d" % n, b"to/%d" % n, group=group) for n, group in enumerate(groups)]
    files.write_plan(Plan("abcd2345", [ROOT], steps))
    runs = groupby(range(len(groups)), lambda n: (groups[n], groups[n] or n))
    return [list(run) for _, run in runs]


def test_files_that_go_together_are_one_line_on_any_page_of_many_frames(files: OperationFiles) -> None:
    chance = random.Random(7)
    groups = [*[0] * 255, 9999, 9999, 9999]
    for number in range(1, 900):
        groups += [number] * chance.choice((1, 2, 3)) if chance.random() < 0.5 else [0]
    expected = grouped(files, groups)
    assert any(line[0] // FRAME_STEPS != line[-1] // FRAME_STEPS for line in expected)  # some lie across two frames
    pages = StepPages()
    for start in (0, 1, 100, 255, 256, 400, len(expected) - 3, len(expected) + 5):
        page = pages.lines(files, start, 50)
        seen = iter(page.steps)
        assert [[next(seen).seq for _ in range(length)] for length in page.lines] == expected[start : start + 50]
        assert page.total == len(expected)


def test_without_groups_every_step_is_a_line(files: OperationFiles) -> None:
    planned(files, *(b"%d" % number for number in range(600)))
    page = StepPages().lines(files, 590, 50)
    assert ([step.seq for step in page.steps], page.total, page.lines) == (list(range(590, 600)), 600, [])


def test_copies_that_replace_each_other_stay_apart(files: OperationFiles) -> None:
    steps = [Step(n, "trash", b"%d" % n, b"trash/%d" % n, group=5) for n in range(3)]
    files.write_plan(Plan("abcd2345", [ROOT], steps))
    assert StepPages().lines(files, 0, 9).total == 3


# -- finding


def test_every_character_that_is_like_ascii_is_known() -> None:
    """A frame is passed over undecoded only if nothing in it can fold to what is sought."""
    like = {
        chr(code).encode()
        for code in range(0x80, sys.maxunicode + 1)
        if not 0xD800 <= code <= 0xDFFF
        and any(ord(each) < 0x80 for each in unicodedata.normalize("NFC", chr(code)).casefold())
    }
    assert like == set(_LIKE_ASCII)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("strasse", [3]),  # a name with a sharp s
        ("kelvin", [700]),  # a name with the sign for kelvin
        ("photos/0001", [1]),  # across the root
        ("photos", list(range(1000))),  # in every root
        ("to/moved", [42]),  # where it went in the end
        ("\\x1b", [900]),  # as it is shown
        ("!0", [3, 700]),
    ],
)
def test_steps_are_found_in_many_frames(files: OperationFiles, text: str, expected: list[int]) -> None:
    names = [b"%04d.jpg" % number for number in range(1000)]
    names[3], names[700], names[900] = "Straße".encode(), "\u212aelvin".encode(), b"0\x1b"
    planned(files, *names)
    ended(files, Finished(42, "done", destination=b"to/moved"))
    page = StepPages().page(files, 0, 2000, text)
    assert [step.seq for step in page.steps] == expected
    second = StepPages().page(files, 1, 1, text)
    assert ([step.seq for step in second.steps], second.total) == (expected[1:2], len(expected))


def test_a_filter_follows_what_happens(files: OperationFiles) -> None:
    planned(files, b"a", b"b", b"c")
    pages = StepPages()
    assert [step.seq for step in pages.page(files, 0, 9, "", "pending").steps] == [0, 1, 2]
    ended(files, Finished(1, "done"))
    assert [step.seq for step in pages.page(files, 0, 9, "", "pending").steps] == [0, 2]
    ended(files, Finished(1, "pending"))  # a power cut undid it
    assert [step.seq for step in pages.page(files, 0, 9, "", "done").steps] == []


# -- the folders that files go into


def test_where_files_go_is_counted_and_can_be_looked_into(files: OperationFiles) -> None:
    sized = Fingerprint(1, 10, 0)
    steps = [
        Step(0, "mkdir", destination=b"Pictures"),
        Step(1, "move", b"a.jpg", b"Pictures/a.jpg", fingerprint=sized),
        Step(2, "move", b"b.pdf", b"b2.pdf", fingerprint=sized),
        Step(3, "move", b"c.jpg", b"Pictures/c.jpg", fingerprint=sized),
        Step(4, "trash", b"d.tmp", b".trash/d.tmp", fingerprint=sized),
        Step(5, "move", b"e.jpg", refused="two of its files have names that differ only in case"),
    ]
    files.write_plan(Plan("abcd2345", [ROOT], steps))
    pages = StepPages()
    found = pages.destinations(files)
    assert [(each.fate, each.path, each.files, each.bytes) for each in found] == [
        ("into", ROOT, 1, 10),
        ("into", ROOT + b"/Pictures", 2, 20),
        ("trash", b"", 1, 10),
        ("stays", b"", 1, 0),
    ]
    assert [step.seq for step in pages.page(files, 0, 9, into=1).steps] == [1, 3]
    assert [step.seq for step in pages.page(files, 0, 9, "c.j", into=1).steps] == [3]


# -- what is kept of it


def test_a_table_that_was_kept_says_what_the_journal_says(
    files: OperationFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_table, "WORTH_KEEPING", 3)
    planned(files, b"a", b"b", b"c", b"d")
    ended(files, Finished(0, "done", destination=b"to/z"), Finished(3, "skipped", "open"), Finished(2, "done"))
    assert not (files.directory / "outcomes").exists()
    StepPages().page(files, 0, 9)
    assert not (files.directory / "outcomes").exists()  # what still runs is not worth it
    with files.journal() as journal:
        journal.seal("partial", Counts(planned=4, done=2, skipped=1))
    before = StepPages().page(files, 0, 9)
    assert (files.directory / "outcomes").stat().st_mode & 0o077 == 0
    table = OutcomeTable(files)
    table._take_kept(files.journal_path.stat().st_size)
    assert table.read == files.journal_path.stat().st_size
    assert StepPages().page(files, 0, 9) == before
    with files.journal() as journal:
        journal.reopen()
        journal.add(Finished(1, "done"))
        journal.flush()
    assert [step.outcome for step in StepPages().page(files, 0, 9).steps] == ["done", "done", "done", "skipped"]


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_table_is_made_anew(
    files: OperationFiles, monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    monkeypatch.setattr(outcome_table, "WORTH_KEEPING", 1)
    planned(files, b"a", b"b")
    ended(files, Finished(0, "done"))
    with files.journal() as journal:
        journal.seal("partial", Counts(planned=2, done=1))
    kept = files.directory / "outcomes"
    StepPages().page(files, 0, 9)
    data = bytearray(kept.read_bytes())
    data[-1] ^= 1
    kept.write_bytes(bytes(data) if damage is None else damage)
    assert [step.outcome for step in StepPages().page(files, 0, 9).steps] == ["done", "pending"]


def test_frames_are_found_by_the_sizes_in_the_head_or_one_by_one(files: OperationFiles) -> None:
    planned(files, *(b"%d" % number for number in range(3 * FRAME_STEPS + 5)))
    data = files.plan_path.read_bytes()
    view = memoryview(data)
    head: PlanHead = msgpack.decode(payload_at(view, 0, "plan"), type=PlanHead)
    assert len(head.sizes) == 4
    assert offsets_after(view, head.sizes) == frame_offsets(view, "plan")
    assert offsets_after(view, head.sizes[:-1]) is None
    old = framed([*msgpack.decode(payload_at(view, 0, "plan"))[:5]])  # a head of before they were told
    files.plan_path.write_bytes(old + data[len(data) - sum(head.sizes) :])
    page = StepPages().lines(files, 3 * FRAME_STEPS, 9)
    assert [step.seq for step in page.steps] == list(range(3 * FRAME_STEPS, 3 * FRAME_STEPS + 5))
