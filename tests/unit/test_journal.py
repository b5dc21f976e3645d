"""Plan and journal on disk: what is written is read back, torn tails are cut and kept, damage is an alarm."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import JournalDamaged, Locked, ShelverError, StateFull, UnknownOperation, WrongState
from core.journal import (
    FRAME_STEPS,
    Approval,
    Copied,
    Finished,
    Intended,
    Journal,
    OperationFiles,
    Purged,
    Record,
    Sealed,
    Started,
    existing,
)
from core.model import Attributes, Counts, Fingerprint, Plan, Request, Step

REQUEST = Request(
    id="abc", kind="organize", folder="downloads", created=datetime(2026, 1, 2, tzinfo=UTC), paths=[b"\xff\n"]
)

names = st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name)
numbers = st.integers(min_value=0, max_value=2**63 - 1)
fingerprints = st.builds(Fingerprint, numbers, numbers, st.integers(-(2**62), 2**62), st.text(max_size=8))
attributes = st.builds(
    Attributes,
    numbers,
    numbers,
    numbers,
    numbers,
    st.dictionaries(st.text(max_size=8), st.binary(max_size=8), max_size=2),
)
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(Started, st.text(max_size=8), numbers, st.floats(0, 1e10), st.lists(numbers, max_size=2)),
    st.builds(Intended, numbers, names),
    st.builds(Copied, numbers, names, st.binary(min_size=16, max_size=16), fingerprints, st.none() | attributes),
    st.builds(
        Finished,
        numbers,
        st.sampled_from(["done", "skipped", "failed", "pending"]),
        st.text(max_size=20),
        st.none() | names,
        st.none() | fingerprints,
        st.none() | attributes,
    ),
    st.builds(Purged, numbers),
    st.builds(Sealed, st.sampled_from(["completed", "cancelled"]), st.tuples(*[numbers] * 5), st.text(max_size=20)),
)


@pytest.fixture
def files(tmp_path: Path) -> OperationFiles:
    return _operation(tmp_path)


def _operation(directory: Path) -> OperationFiles:
    operations = directory / "state" / "operations"
    operations.mkdir(parents=True)
    files = OperationFiles(operations / "abc")
    files.create(REQUEST)
    return files


def _plan(steps: int) -> Plan:
    return Plan(
        "abc",
        [b"/home/\xff", b"/srv"],
        [
            Step(seq, "move", b"from/%d\n" % seq, b"to/%d" % seq, 0, 1, seq % 3, Fingerprint(seq, 1, -1), why="rule")
            for seq in range(steps)
        ],
        "hash",
        True,
    )


# -- request, approval, plan


def test_a_request_is_read_back(files: OperationFiles) -> None:
    assert files.request() == REQUEST
    (found,) = existing([files.directory, files.directory.parent / "nothing"])
    assert found.request() == REQUEST


def test_an_unknown_and_a_damaged_request_are_told(files: OperationFiles) -> None:
    with pytest.raises(UnknownOperation):
        OperationFiles(files.directory.parent / "nothing").request()
    (files.directory / "request").write_bytes(b"{")
    with pytest.raises(JournalDamaged):
        files.request()


def test_an_approval_is_read_back(files: OperationFiles) -> None:
    assert files.approval() is None
    files.approve(Approval("anna", [b"/home/\xff"]))
    assert files.approval() == Approval("anna", [b"/home/\xff"])


@pytest.mark.parametrize("steps", [0, 1, FRAME_STEPS - 1, FRAME_STEPS, FRAME_STEPS + 1, 3 * FRAME_STEPS + 7])
def test_a_plan_is_read_back(files: OperationFiles, steps: int) -> None:
    plan = _plan(steps)
    files.write_plan(plan)
    assert files.plan() == plan
    assert files.roots() == plan.roots


@pytest.mark.parametrize("start", [0, 1, FRAME_STEPS - 1, FRAME_STEPS, 700, 1000, 5000])
@pytest.mark.parametrize("limit", [0, 1, 50, FRAME_STEPS, 600])
def test_any_page_of_a_plan_is_the_plans_own(files: OperationFiles, start: int, limit: int) -> None:
    plan = _plan(1000)
    files.write_plan(plan)
    assert files.steps(start, limit) == plan.steps[start : start + limit]


def test_there_is_a_plan_or_there_is_none(files: OperationFiles) -> None:
    assert not files.has_plan()
    with pytest.raises(WrongState):
        files.plan()
    files.write_plan(_plan(1))
    assert files.has_plan()


@pytest.mark.parametrize("length", [0, 3, 8, 100, -1])
def test_a_torn_plan_is_damage(files: OperationFiles, length: int) -> None:
    files.write_plan(_plan(600))
    whole = files.plan_path.read_bytes()
    files.plan_path.write_bytes(whole[:length])
    with pytest.raises(JournalDamaged):
        files.plan()


def test_a_plan_cut_between_two_frames_is_damage(files: OperationFiles) -> None:
    files.write_plan(_plan(FRAME_STEPS))
    whole = files.plan_path.read_bytes()
    head = 12 + int.from_bytes(whole[:4], "little")
    files.plan_path.write_bytes(whole[:head])
    with pytest.raises(JournalDamaged):
        files.plan()


@given(position=st.integers(0, 10_000_000), flip=st.integers(1, 255))
def test_a_plan_with_any_byte_wrong_is_damage(fresh: Callable[[], Path], position: int, flip: int) -> None:
    files = _operation(fresh())
    files.write_plan(_plan(300))
    data = bytearray(files.plan_path.read_bytes())
    data[position % len(data)] ^= flip
    files.plan_path.write_bytes(data)
    with pytest.raises(JournalDamaged):
        files.plan()


# -- journal


@given(batches=st.lists(st.lists(records, max_size=5), max_size=5))
def test_a_journal_is_read_back(fresh: Callable[[], Path], batches: list[list[Record]]) -> None:
    files = _operation(fresh())
    for batch in batches:
        with files.journal() as journal:
            for record in batch:
                journal.add(record)
            journal.flush()
            in_memory = journal.outcomes
            assert files.outcomes() == in_memory
    with files.journal() as journal:
        assert journal.outcomes == files.outcomes()


@given(batches=st.lists(st.lists(records, min_size=1, max_size=4), min_size=1, max_size=4), torn=st.integers(1, 400))
def test_a_torn_tail_is_cut_and_kept(fresh: Callable[[], Path], batches: list[list[Record]], torn: int) -> None:
    files = _operation(fresh())
    ends = [0]
    known = [files.outcomes()]
    with files.journal() as journal:
        for batch in batches:
            for record in batch:
                journal.add(record)
            journal.flush()
            ends.append(files.journal_path.stat().st_size)
            known.append(files.outcomes())
    data = files.journal_path.read_bytes()
    left = max(0, len(data) - torn)
    files.journal_path.write_bytes(data[:left])
    whole = max(number for number, end in enumerate(ends) if end <= left)
    assert files.outcomes() == known[whole]
    with files.journal() as journal:
        assert journal.outcomes == known[whole]
        journal.add(Purged(7))
        journal.sync()
    assert files.outcomes().purged == known[whole].purged | {7}
    tail = files.directory / "journal.torn"
    assert (tail.read_bytes() if tail.exists() else b"") == data[ends[whole] : left]


@given(torn=st.binary(min_size=1, max_size=60))
def test_garbage_at_the_end_is_cut_or_an_alarm_and_loses_no_record(fresh: Callable[[], Path], torn: bytes) -> None:
    files = _operation(fresh())
    with files.journal() as journal:
        journal.add(Finished(0, "done"))
        journal.sync()
    whole = files.journal_path.read_bytes()
    files.journal_path.write_bytes(whole + torn)
    try:
        assert set(files.outcomes().finished) == {0}
    except JournalDamaged:
        assert files.journal_path.read_bytes() == whole + torn


def test_zeros_at_the_end_are_cut(files: OperationFiles) -> None:
    """What a file system leaves that had made the file longer, but not written it, when the power went."""
    with files.journal() as journal:
        journal.add(Finished(0, "done"))
        journal.sync()
    whole = files.journal_path.read_bytes()
    files.journal_path.write_bytes(whole + bytes(4096))
    with files.journal() as journal:
        assert set(journal.outcomes.finished) == {0}
    assert files.journal_path.read_bytes() == whole


@given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_any_bad_byte_before_the_last_record_is_an_alarm_not_a_cut(
    fresh: Callable[[], Path], position: int, flip: int
) -> None:
    files = _operation(fresh())
    with files.journal() as journal:
        for seq in range(3):
            before = files.journal_path.stat().st_size
            journal.add(Finished(seq, "done", "reason"))
            journal.flush()
    data = bytearray(files.journal_path.read_bytes())
    data[position % before] ^= flip
    files.journal_path.write_bytes(data)
    with pytest.raises(JournalDamaged), files.journal():
        pass
    assert files.journal_path.read_bytes() == data


def test_one_process_at_a_time(files: OperationFiles) -> None:
    assert not files.is_locked()
    with files.journal():
        assert files.is_locked()
        with pytest.raises(Locked), files.journal():
            pass
    assert not files.is_locked()


def test_a_resume_takes_the_seal_back_and_knows_the_roots_of_the_beginning(files: OperationFiles) -> None:
    with files.journal() as journal:
        journal.add(Started("boot", 1, roots=[5]))
        journal.add(Finished(0, "done"))
        journal.seal("cancelled", Counts(planned=2, done=1))
        assert journal.outcomes.sealed is not None
        assert journal.outcomes.loose == []
        journal.add(Started("boot", 2, roots=[6]))
        journal.flush()
    outcomes = files.outcomes()
    assert (outcomes.sealed, outcomes.attempts, outcomes.roots) == (None, 2, [5])


def test_a_step_that_is_pending_again_has_no_outcome(files: OperationFiles) -> None:
    with files.journal() as journal:
        journal.add(Finished(0, "done"))
        journal.add(Finished(0, "pending"))
        journal.flush()
    assert files.outcomes().finished == {}


# -- full disks


def test_a_full_disk_gives_up_the_reserve_and_leaves_no_half_frame(
    files: OperationFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = files.directory.parent.parent / "reserve"
    reserve.write_bytes(bytes(4096))
    real = os.write

    def write(descriptor: int, data: memoryview) -> int:
        if reserve.stat().st_size:
            if len(data) < 20:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(descriptor, data[:10])
        return real(descriptor, data)

    with files.journal() as journal:
        journal.add(Finished(0, "done", "before"))
        journal.flush()
        monkeypatch.setattr(os, "write", write)
        journal.add(Finished(1, "done", "a reason that is long enough"))
        journal.flush()
        assert journal.starved
        monkeypatch.undo()
        assert set(files.outcomes().finished) == {0, 1}


def test_a_disk_that_stays_full_is_told_and_leaves_no_half_frame(
    files: OperationFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    _check_no_half_frame(files, monkeypatch, errno.ENOSPC, StateFull)


def test_a_broken_disk_is_told_and_leaves_no_half_frame(files: OperationFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    _check_no_half_frame(files, monkeypatch, errno.EIO, ShelverError)


def _check_no_half_frame(
    files: OperationFiles, monkeypatch: pytest.MonkeyPatch, code: int, error: type[ShelverError]
) -> None:
    real = os.write

    def write(descriptor: int, data: memoryview) -> int:
        if len(data) < 20:
            raise OSError(code, os.strerror(code))
        return real(descriptor, data[:10])

    with files.journal() as journal:
        journal.add(Finished(0, "done"))
        journal.flush()
        before = files.journal_path.read_bytes()
        monkeypatch.setattr(os, "write", write)
        journal.add(Finished(1, "done", "a reason that is long enough"))
        with pytest.raises(error):
            journal.flush()
        monkeypatch.undo()
        assert files.journal_path.read_bytes() == before
        journal.flush()
        assert set(files.outcomes().finished) == {0, 1}


def test_a_disk_that_cannot_sync_is_told(files: OperationFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with files.journal() as journal:
        monkeypatch.setattr(os, "fdatasync", fail)
        with pytest.raises(ShelverError, match="Input/output error"):
            journal.sync()


def test_a_journal_is_private(files: OperationFiles) -> None:
    files.write_plan(_plan(1))
    with files.journal() as journal:
        assert isinstance(journal, Journal)
    for path in (files.plan_path, files.journal_path, files.directory / "request"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert files.directory.stat().st_mode & 0o777 == 0o700
