"""The life of an operation, on a real folder: tree → request → plan → review → execute → undo → tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.config import load_config
from core.engine import Engine
from core.errors import Interrupted, Locked, UnknownFolder, UnknownOperation, UsageError, WrongState
from core.model import Operation, Progress, Request, new_id, now
from core.standing import standing
from core.state import StateDirectory
from core.stores.history import History

CONFIG = """
[agent]
mode = "{mode}"
[[folder]]
name = "inbox"
path = "{folder}"
[[rule]]
name = "texts"
match = {{ ext = "txt" }}
to = "Texts/"
[[rule]]
name = "images"
match = {{ ext = ["jpg", "png"] }}
to = "Pictures/{{ext}}/"
"""

BEFORE = {"a.txt": "letter", "b.jpg": "beach", "c.unknown": "stays"}
AFTER = {"Texts/a.txt": "letter", "Pictures/jpg/b.jpg": "beach", "c.unknown": "stays"}


class Recorder:
    """Remembers what the engine told."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.progress: list[Progress] = []

    def changed(self, operation: Operation) -> None:
        self.states.append(operation.state)

    def progressed(self, progress: Progress) -> None:
        self.progress.append(progress)


class Desk:
    """An engine over one folder, and short words for what tests do with it."""

    def __init__(self, base: Path, mode: str = "auto") -> None:
        self.base, self.folder, self.recorder = base, base / "inbox", Recorder()
        self.folder.mkdir(exist_ok=True)
        self.state = StateDirectory.beneath(base / "state")
        self.state.prepare()
        self.sequence = 0
        self.configure(mode)

    def configure(self, mode: str, more: str = "") -> None:
        config = self.base / "config.toml"
        config.write_text(CONFIG.format(mode=mode, folder=self.folder) + more)
        self.engine = Engine(self.state, load_config(config), self.recorder)

    def write(self, tree: dict[str, str]) -> None:
        for name, content in tree.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def tree(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.folder)): path.read_text()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def submit(self, kind: Any = "organize", **fields: Any) -> str:
        self.sequence += 1
        request = Request(
            id=new_id(), kind=kind, created=now(), sequence=self.sequence, **({"folder": "inbox"} | fields)
        )
        self.engine.submit(request)
        return request.id

    def run(self, id: str, cancelled: Callable[[], bool] = lambda: False) -> Operation:
        return self.engine.run(id, cancelled)

    def organize(self, **fields: Any) -> Operation:
        return self.run(self.submit(**fields))

    def arrive(self, *names: str) -> Operation:
        """Let the agent organize some files that settled."""
        paths = [name.encode() for name in names]
        return self.organize(automatic=True, paths=paths, arrived_since=now())

    def undo(self, id: str, **fields: Any) -> Operation:
        return self.run(self.submit("rollback", undo_of=id, **fields))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write(BEFORE)
    return desk


def outcomes(desk: Desk, id: str) -> Sequence[tuple[str | None, str, str | None]]:
    steps = desk.engine.steps(id, 0, 100).steps
    return [(step.source, step.outcome, step.reason) for step in steps if step.kind not in ("mkdir", "rmdir")]


def test_a_folder_is_organized_and_taken_back_and_redone(desk: Desk) -> None:
    done = desk.organize()
    assert (done.state, done.counts.planned, done.counts.done) == ("completed", 2, 2)
    assert desk.tree() == AFTER
    undone = desk.undo(done.id)
    assert (undone.state, undone.counts.done) == ("completed", 2)
    assert desk.tree() == BEFORE
    assert [path.name for path in desk.folder.iterdir() if path.is_dir()] == []
    assert desk.undo(undone.id).state == "completed"
    assert desk.tree() == AFTER


def test_a_second_pass_finds_nothing_to_do(desk: Desk) -> None:
    desk.organize()
    again = desk.organize()
    assert (again.state, again.counts.planned) == ("completed", 0)


def test_states_come_in_their_order(desk: Desk) -> None:
    desk.organize()
    assert desk.recorder.states == ["planning", "running", "completed"]


def test_a_preview_changes_nothing_and_approving_runs_exactly_it(desk: Desk) -> None:
    preview = desk.organize(dry_run=True)
    assert preview.state == "proposed"
    assert desk.tree() == BEFORE
    desk.write({"late.txt": "arrived after the preview"})
    assert desk.engine.approve(preview.id, "lena").state == "queued"
    assert desk.run(preview.id).state == "completed"
    assert desk.tree() == AFTER | {"late.txt": "arrived after the preview"}


def test_a_file_that_changed_since_the_preview_is_refused_alone(desk: Desk) -> None:
    preview = desk.organize(dry_run=True)
    desk.write({"a.txt": "another letter, longer"})
    desk.engine.approve(preview.id, "lena")
    done = desk.run(preview.id)
    assert (done.state, done.counts.done, done.counts.skipped) == ("partial", 1, 1)
    assert desk.tree() == {"a.txt": "another letter, longer", "Pictures/jpg/b.jpg": "beach", "c.unknown": "stays"}
    assert (f"{desk.folder}/a.txt", "skipped", "it changed since it was planned") in outcomes(desk, done.id)


def test_a_part_of_a_proposal_is_approved(desk: Desk) -> None:
    preview = desk.organize(dry_run=True)
    desk.engine.approve(preview.id, "lena", only=[bytes(desk.folder / "b.jpg")])
    done = desk.run(preview.id)
    assert desk.tree() == {"a.txt": "letter", "Pictures/jpg/b.jpg": "beach", "c.unknown": "stays"}
    assert (f"{desk.folder}/a.txt", "skipped", "not approved") in outcomes(desk, done.id)
    assert not (desk.folder / "Texts").exists()


@pytest.mark.parametrize("act", ["approve", "reject"])
def test_what_has_ended_can_neither_be_approved_nor_rejected(desk: Desk, act: str) -> None:
    done = desk.organize()
    with pytest.raises(WrongState, match="completed"):
        getattr(desk.engine, act)(done.id, "lena")


def test_the_first_pass_of_the_agent_waits_and_later_arrivals_do_not(desk: Desk) -> None:
    first = desk.organize(automatic=True)
    assert (first.state, first.note) == ("proposed", "the first pass with these rules: look it over once")
    desk.engine.approve(first.id, "lena")
    desk.run(first.id)
    desk.write({"new.txt": "new"})
    assert desk.arrive("new.txt").state == "completed"
    assert desk.tree() == AFTER | {"Texts/new.txt": "new"}


def test_an_undo_stays_undone_until_the_file_or_the_rules_change_or_a_person_asks(desk: Desk) -> None:
    done = desk.organize()
    desk.undo(done.id)
    for _ in range(3):
        assert desk.organize(automatic=True).counts.planned == 0
    assert desk.tree() == BEFORE
    desk.write({"a.txt": "edited, so it is looked at again"})
    assert desk.arrive("a.txt").counts.done == 1
    assert desk.organize().counts.done == 1  # a person asks: the picture, too
    assert set(desk.tree()) == set(AFTER)


def test_an_undo_stays_undone_when_a_crash_comes_right_after_its_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = desk.organize()
    undo = desk.submit("rollback", undo_of=done.id)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Engine, "_ended", dies)
        desk.run(undo)
    assert desk.run(undo).state == "completed"
    assert desk.organize(automatic=True).counts.planned == 0
    assert desk.engine.steps(undo, 0, 9).total
    assert desk.tree() == BEFORE


def test_what_was_undone_is_looked_at_again_when_the_rules_change(desk: Desk) -> None:
    desk.undo(desk.organize().id)
    desk.configure("auto", '[[rule]]\nname = "rest"\nmatch = {}\nto = "Rest/"\n')
    again = desk.organize(automatic=True)
    assert (again.state, again.counts.planned) == ("proposed", 3)


def test_what_was_rejected_stays_so(desk: Desk) -> None:
    proposed = desk.organize(automatic=True)
    assert desk.engine.reject(proposed.id, "lena").state == "rejected"
    for _ in range(3):
        assert desk.organize(automatic=True).counts.planned == 0
    assert desk.tree() == BEFORE


def test_a_cancelled_operation_keeps_what_it_did_and_is_undone(desk: Desk) -> None:
    answers = iter([False] * 4)
    id = desk.submit()
    ended = desk.run(id, cancelled=lambda: next(answers, True))
    assert ended.state == "cancelled"
    assert sorted(desk.tree().values()) == sorted(BEFORE.values())
    if ended.counts.done:
        desk.undo(id)
    assert desk.tree() == BEFORE


def test_an_interrupted_operation_goes_on_where_it_was(desk: Desk) -> None:
    calls = iter(range(1000))

    def stops() -> bool:
        if next(calls) > 4:
            raise Interrupted
        return False

    id = desk.submit()
    assert desk.run(id, cancelled=stops).state == "interrupted"
    desk.engine.approve(id, "lena")
    assert desk.run(id).state == "completed"
    assert desk.tree() == AFTER


def test_what_was_interrupted_can_be_undone_without_going_on(desk: Desk) -> None:
    calls = iter(range(1000))

    def stops() -> bool:
        if next(calls) > 4:
            raise Interrupted
        return False

    id = desk.submit()
    desk.run(id, cancelled=stops)
    desk.undo(id)
    assert desk.tree() == BEFORE
    assert standing(desk.engine.files(id)).state == "cancelled"


def test_what_failed_because_its_worker_died_comes_back_whole(desk: Desk) -> None:
    before = BEFORE | {f"{number}.txt": "many" for number in range(20)}
    desk.write(before)
    id = desk.submit()
    calls = iter(range(1000))

    def dies() -> bool:
        if next(calls) > 12:
            os._exit(9)  # with what the journal did not record yet
        return False

    child = os.fork()
    if child == 0:
        desk.run(id, cancelled=dies)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert desk.tree() != before and not desk.engine.files(id).outcomes().finished
    assert desk.engine.fail(id, "its worker died").state == "failed"
    assert desk.undo(id).state == "completed"
    assert desk.tree() == before
    failed = standing(desk.engine.files(id))
    assert (failed.state, failed.error) == ("failed", "its worker died")
    assert 0 < failed.counts.done < len(before)


def test_an_operation_run_twice_does_nothing_the_second_time(desk: Desk) -> None:
    done = desk.organize()
    desk.write({"a.txt": "a new one of the same name"})
    assert desk.run(done.id).state == "completed"
    assert (desk.folder / "a.txt").exists()


def test_how_an_operation_stands_is_told_from_its_directory_alone(desk: Desk) -> None:
    for told in (desk.organize(dry_run=True), desk.organize(), desk.organize()):
        found = standing(desk.engine.files(told.id))
        assert (found.state, found.counts) == (told.state, told.counts)
    waiting = desk.submit()
    assert standing(desk.engine.files(waiting)).state == "queued"


def test_an_operation_that_found_nothing_can_be_forgotten(desk: Desk) -> None:
    desk.organize()
    nothing = desk.organize(automatic=True)
    desk.engine.discard(nothing.id)
    with pytest.raises(UnknownOperation):
        desk.engine.files(nothing.id).request()
    kept = desk.organize()
    desk.engine.discard(kept.id)
    assert desk.engine.files(kept.id).request().id == kept.id


def test_unknown_folders_and_operations_are_refused_before_anything_is_recorded(desk: Desk) -> None:
    with pytest.raises(UnknownFolder):
        desk.submit(folder="nowhere")
    with pytest.raises(UnknownOperation):
        desk.submit("rollback", undo_of="zzzzzzzz")
    waiting = desk.organize(dry_run=True)
    with pytest.raises(WrongState):
        desk.submit("rollback", undo_of=waiting.id)
    assert len(list(desk.state.operations.iterdir())) == 1


def test_a_file_that_has_the_name_of_a_folder_keeps_it(desk: Desk) -> None:
    preview = desk.organize(dry_run=True)
    desk.write({"Texts": "a file where the folder should be"})
    desk.engine.approve(preview.id, "lena")
    done = desk.run(preview.id)
    assert (done.state, done.counts.done, done.counts.skipped) == ("partial", 1, 1)
    assert (f"{desk.folder}/a.txt", "skipped", "something else has the name of its folder") in outcomes(desk, done.id)
    assert desk.tree()["Texts"] == "a file where the folder should be"


def test_a_part_that_the_operation_never_touched_is_refused_at_once(desk: Desk) -> None:
    done = desk.organize()
    before = set(desk.state.operations.iterdir())
    with pytest.raises(UsageError, match="changed nothing") as refused:
        desk.submit("rollback", undo_of=done.id, only=[bytes(desk.folder / "elsewhere")])
    assert refused.value.fields["field"] == "only"
    assert set(desk.state.operations.iterdir()) == before
    assert desk.undo(done.id, only=[bytes(desk.folder / "a.txt")]).counts.done == 1


def cut_off(desk: Desk) -> str:
    """Return an operation that was interrupted once its steps had begun."""
    desk.write({f"{number}.txt": "many" for number in range(20)})
    calls = iter(range(1000))

    def stops() -> bool:
        if next(calls) > 12:
            raise Interrupted
        return False

    id = desk.submit()
    assert desk.run(id, cancelled=stops).state == "interrupted"
    return id


@pytest.mark.parametrize("act", ["cancel", "undo"])
def test_what_was_cut_off_ends_only_where_it_can_be_settled(desk: Desk, act: str) -> None:
    id = cut_off(desk)
    tree = desk.tree()
    with desk.state.folders([bytes(desk.folder)], lambda: None), pytest.raises(Locked):
        desk.engine.cancel(id) if act == "cancel" else desk.undo(id)
    assert standing(desk.engine.files(id)).state == "interrupted"
    assert desk.tree() == tree
    assert desk.engine.cancel(id).state == "cancelled"


def test_what_failed_in_no_workers_hands_is_found_in_the_history(desk: Desk) -> None:
    id = cut_off(desk)
    moved = [step for step in desk.engine.steps(id, 0, 99).steps if step.outcome == "done" and step.kind == "move"]
    desk.engine.fail(id, "its workers died")
    with closing(History(desk.state.history)) as history:
        assert not history.search("inbox")
        desk.engine.remember(id)
        assert {os.fsdecode(each.source) for each in history.search("inbox")} == {step.source for step in moved}
    assert moved
