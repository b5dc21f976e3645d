"""The catalog: what is put in is there after any crash, found by prefix, in order; undo and redo leave their marks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from core.errors import JournalDamaged, UnknownOperation, UsageError
from core.model import Counts, Operation, now
from core.state import write_durably
from core.stores import catalog as catalog_module
from core.stores.catalog import Catalog
from core.views.activity import Day


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.json")
    yield catalog
    catalog.close()


def operation(catalog: Catalog, id: str, **fields: Any) -> Operation:
    """Put a completed operation with the next number into the catalog, and return it."""
    usual: dict[str, Any] = {
        "kind": "organize",
        "state": "completed",
        "folder": "photos",
        "counts": Counts(planned=1, done=1),
    }
    made = Operation(id=id, created=now(), sequence=catalog.next_sequence(), **(usual | fields))
    catalog.put(made)
    return made


def reopened(catalog: Catalog, tmp_path: Path) -> Catalog:
    catalog.close()
    return Catalog(tmp_path / "catalog.json")


def test_what_was_put_is_there_after_opening_again(catalog: Catalog, tmp_path: Path) -> None:
    first = operation(catalog, "aaaa2222")
    second = operation(catalog, "bbbb3333", state="running")
    second.state = "completed"
    catalog.put(second)
    again = reopened(catalog, tmp_path)
    assert again.page() == [second, first]
    again.close()


def test_an_operation_is_found_by_a_unique_prefix_and_by_last(catalog: Catalog) -> None:
    operation(catalog, "aaaa2222")
    newest = operation(catalog, "aabb3333")
    assert catalog.find("aab") == newest
    assert catalog.find("last") == newest
    with pytest.raises(UsageError, match="aaaa2222, aabb3333"):
        catalog.find("aa")
    for nothing in ("zz", "", "aaaa22223"):
        with pytest.raises(UnknownOperation):
            catalog.find(nothing)


def test_pages_go_back_in_time_without_a_gap(catalog: Catalog) -> None:
    made = [operation(catalog, f"abcdefg{letter}") for letter in "23456789"]
    first = catalog.page(limit=3)
    second = catalog.page(limit=3, before=first[-1].sequence)
    assert first + second == made[::-1][:6]


def test_a_page_is_of_one_folder_and_of_states(catalog: Catalog) -> None:
    wanted = operation(catalog, "aaaa2222", folder="scans", state="failed")
    operation(catalog, "bbbb2222", folder="scans")
    operation(catalog, "cccc2222", state="failed")
    assert catalog.page(folder="scans", states=["failed", "partial"]) == [wanted]


def test_an_undo_marks_what_it_undid_and_a_redo_takes_the_mark_away(catalog: Catalog, tmp_path: Path) -> None:
    moved = operation(catalog, "aaaa2222")
    undo = operation(catalog, "bbbb2222", kind="rollback", undo_of=moved.id)
    assert catalog.get(moved.id).undone_by == undo.id
    redo = operation(catalog, "cccc2222", kind="rollback", undo_of=undo.id)
    assert catalog.get(undo.id).undone_by == redo.id
    assert catalog.get(moved.id).undone_by is None
    again = reopened(catalog, tmp_path)
    assert [each.undone_by for each in again.page()] == [None, redo.id, None]
    again.close()


def test_an_undo_that_put_nothing_back_marks_nothing(catalog: Catalog) -> None:
    moved = operation(catalog, "aaaa2222")
    operation(catalog, "bbbb2222", kind="rollback", undo_of=moved.id, state="partial", counts=Counts(skipped=1))
    assert catalog.get(moved.id).undone_by is None


def test_an_undo_in_part_leaves_the_rest_to_be_undone(catalog: Catalog) -> None:
    moved = operation(catalog, "aaaa2222", counts=Counts(planned=9, done=9))
    operation(catalog, "bbbb2222", kind="rollback", undo_of=moved.id, in_part=True)
    assert catalog.get(moved.id).undone_by is None


def test_who_reads_waits_for_no_write(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    first = operation(catalog, "aaaa2222")
    reached, may_end = Event(), Event()

    def slow(path: Path, content: bytes) -> None:
        reached.set()
        assert may_end.wait(20)
        write_durably(path, content)

    monkeypatch.setattr(catalog_module, "write_durably", slow)
    with ThreadPoolExecutor(2) as threads:
        writing = threads.submit(operation, catalog, "bbbb3333", state="running")
        assert reached.wait(20)
        try:
            assert threads.submit(catalog.page).result(20) == [first]
            assert threads.submit(catalog.unfinished).result(20) == []
        finally:
            may_end.set()
        second = writing.result(20)
    assert catalog.page() == [second, first]


def test_a_crash_at_any_moment_of_a_write_leaves_the_old_or_the_new_catalog(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = operation(catalog, "aaaa2222")
    for name in ("write", "fsync", "rename"):
        with monkeypatch.context() as patched:

            def dies(*_: object) -> int:
                raise OSError("the power is gone")

            patched.setattr(os, name, dies)
            with pytest.raises(OSError, match="power"):
                operation(catalog, "bbbb2222")
        again = Catalog(tmp_path / "catalog.json")
        assert again.get(before.id) == before
        again.close()


def test_a_torn_catalog_gives_way_to_the_one_before(catalog: Catalog, tmp_path: Path) -> None:
    before = operation(catalog, "aaaa2222")
    operation(catalog, "bbbb2222")
    path = tmp_path / "catalog.json"
    path.write_bytes(path.read_bytes()[:-10])
    again = reopened(catalog, tmp_path)
    assert again.page() == [before]
    again.close()


def test_a_newer_catalog_is_refused_and_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    path.write_bytes(msgspec.json.encode({"meta": {"1": {"version": 999}}}))
    before = path.read_bytes()
    with pytest.raises(JournalDamaged, match="newer"):
        Catalog(path)
    assert path.read_bytes() == before


def test_what_is_unfinished_is_neither_ended_nor_waiting(catalog: Catalog) -> None:
    for index, state in enumerate(("completed", "proposed", "running", "queued", "interrupted", "cancelling")):
        operation(catalog, f"abcdefg{index}", state=state)
    assert [each.state for each in catalog.unfinished()] == ["running", "queued", "cancelling"]


def test_the_catalog_is_private_to_its_owner(catalog: Catalog, tmp_path: Path) -> None:
    operation(catalog, "aaaa2222")
    operation(catalog, "bbbb2222")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["undo2222", "fail2222", "wait2222", "done2222"]),
        ("camera", ["undo2222", "done2222"]),
        ("CAMERA rollback", ["undo2222"]),
        ("undo", ["undo2222", "done2222"]),  # what was undone, too
        ("undone", ["done2222"]),
        ("!camera", ["fail2222", "wait2222"]),
        ("archive !camera failed", ["fail2222"]),
        ("mounted", ["fail2222"]),
        ("lena", ["wait2222"]),
        ("agent", ["done2222"]),
        ("waits", ["wait2222"]),
        ("nothing", []),
        ("!", ["undo2222", "fail2222", "wait2222", "done2222"]),
    ],
)
def test_operations_are_found_by_what_is_said_of_them(catalog: Catalog, text: str, expected: list[str]) -> None:
    operation(catalog, "done2222", folder="camera", automatic=True, undone_by="undo2222")
    operation(catalog, "wait2222", folder="scans", state="proposed", requested_by="lena")
    operation(catalog, "fail2222", folder="archive", state="failed", error="the disk is not mounted")
    operation(catalog, "undo2222", folder="camera", kind="rollback", undo_of="other222")
    assert [each.id for each in catalog.page(text=text)] == expected


def test_what_was_done_is_counted_by_the_day_in_the_zone_of_the_clock(catalog: Catalog) -> None:
    zone = timezone(timedelta(hours=2))
    noon = datetime(2026, 3, 3, 12, 0, tzinfo=zone)
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # the second of March where the clock is
    operation(catalog, "aaaa2222", finished=noon, counts=Counts(planned=5, done=3, failed=2, bytes=7))
    operation(catalog, "bbbb2222", finished=late, kind="rollback", counts=Counts(planned=4, done=4, bytes=1))
    operation(catalog, "cccc2222", finished=noon, counts=Counts(planned=4))  # looked, and did nothing
    operation(catalog, "dddd2222", finished=noon - timedelta(days=9))
    operation(catalog, "eeee2222", finished=None)
    assert catalog.activity(noon, 3) == [
        Day(day=date(2026, 3, 1)),
        Day(day=date(2026, 3, 2), operations=1, restored=4, bytes=1),
        Day(day=date(2026, 3, 3), operations=1, files=3, failed=2, bytes=7),
    ]
