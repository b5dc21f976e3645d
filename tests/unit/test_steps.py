"""Steps by the page: any page of many, filtered by name and outcome, with hostile names for the eye and exactly."""

from __future__ import annotations

import os
from base64 import b64decode
from pathlib import Path

import pytest

from core.errors import WrongState
from core.journal import FRAME_STEPS, Finished, OperationFiles
from core.model import Plan, Request, Step, now
from core.steps import StepPages

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
