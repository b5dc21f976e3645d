"""Tree, act, undo, tree: what a rollback brings back, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BrakeEngaged, Cancelled, UsageError, WrongState
from core.journal import Purged
from core.model import summary
from core.planners.inverse import BACK, EDITED, EDITED_COPY, FOLDER_TAKEN, GONE, NUMBERED, PURGED, TAKEN, TOGETHER
from core.views.preview import preview
from tests import trees
from tests.acting import Done, Line, Scene, Silent
from tests.crash import seam
from tests.trees import File, Folder, HardLink


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with seam.installed(seam.without_syncs(seam.carry_out)), Scene(tmp_path / "scene") as scene:
        yield scene


def tree(scene: Scene, *, folder_times: bool = False) -> dict[bytes, trees.Found]:
    """Everything but the trash's empty folders."""
    return trees.read(scene.root, folder_times=folder_times)


def at(scene: Scene, name: str | bytes) -> bytes:
    return os.path.join(os.fsencode(scene.root), os.fsencode(name))


def reasons(done: Done) -> list[str]:
    return [reason for outcome, reason in done.results() if outcome == "skipped"]


def whys(done: Done) -> list[str]:
    return [step.why for step in done.plan.steps if step.why]


# -- everything comes back --------------------------------------------------------------------------

ROUND_TRIPS: dict[str, tuple[trees.Tree, list[Line]]] = {
    "a move into a new folder": ({"a.txt": "a"}, [("mkdir", "", "new"), ("move", "a.txt", "new/a.txt")]),
    "deep new folders": (
        {"a.txt": "a"},
        [("mkdir", "", "x"), ("mkdir", "", "x/y"), ("mkdir", "", "x/y/z"), ("move", "a.txt", "x/y/z/b")],
    ),
    "a folder that was emptied and removed": (
        {"old": Folder({"in": Folder({"a": "1", "b": "2"}, mtime_ns=77, mode=0o750)}, mtime_ns=99, mode=0o711)},
        [("move", "old/in/a", "a"), ("move", "old/in/b", "b"), ("rmdir", "old/in", ""), ("rmdir", "old", "")],
    ),
    "a copy": ({"a": "1", "to": {}}, [("copy", "a", "to/a")]),
    "trash": ({"in": {"a": "1"}, "b": "2"}, [("trash", "in/a", ""), ("trash", "b", "")]),
    "a chain": ({"a": "1", "b": "2", "c": "3"}, [("move", "c", "d"), ("move", "b", "c"), ("move", "a", "b")]),
    "a swap": ({"a": "1", "b": "2"}, [("move", "a", "t"), ("move", "b", "a"), ("move", "t", "b")]),
    "a cycle": (
        {"a": "1", "b": "2", "c": "3"},
        [("move", "a", "t"), ("move", "c", "a"), ("move", "b", "c"), ("move", "t", "b")],
    ),
    "one file moved on and on": ({"a": "1"}, [("move", "a", "b"), ("move", "b", "c"), ("move", "c", "d")]),
    "a file that takes the name of a folder": (
        {"x": Folder({"a": "1"}, mode=0o700), "b": "2"},
        [("move", "x/a", "a"), ("rmdir", "x", ""), ("move", "b", "x")],
    ),
    "a group": (
        {"i.jpg": "1", "i.raw": "2", "to": {}},
        [("move", "i.jpg", "to/i.jpg", 1), ("move", "i.raw", "to/i.raw", 1)],
    ),
    "metadata": (
        {"a": File(b"1", mode=0o604, mtime_ns=1, xattrs={"user.x": b"y"}), "b": HardLink("a"), "to": {}},
        [("move", "a", "to/a"), ("move", "b", "to/b")],
    ),
    "a copy of a file that is moved then": (
        {"a": "1", "to": {}},
        [("copy", "a", "to/copy"), ("move", "a", "to/a")],
    ),
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_all_comes_back(scene: Scene, name: str) -> None:
    before, lines = ROUND_TRIPS[name]
    trees.build(scene.root, before)
    was = tree(scene)
    done = scene.act(lines)
    assert done.state == "completed", done.results()
    acted = tree(scene)
    assert acted != was

    undone = scene.undo(done)
    assert undone.state == "completed", undone.results()
    assert without_trash(tree(scene)) == was

    redone = scene.undo(undone)  # a rollback of a rollback does it all again
    assert redone.state == "completed", redone.results()
    assert without_trash(tree(scene)) == without_trash(acted)
    again = scene.undo(redone)
    assert again.state == "completed", again.results()
    assert without_trash(tree(scene)) == was


def without_trash(found: dict[bytes, trees.Found]) -> dict[bytes, trees.Found]:
    return {path: item for path, item in found.items() if trees.TRASH not in path.split(b"/")}


def test_the_messy_and_the_hostile_tree_come_back(scene: Scene) -> None:
    trees.build(scene.root, {"messy": trees.MESSY, "hostile": trees.HOSTILE})
    was = tree(scene)
    files = sorted(path for path, found in was.items() if found.kind == "file")
    lines: list[Line] = [("move", path, b"all/%d" % number) for number, path in enumerate(files)]
    done = scene.act([("mkdir", "", "all"), *lines])
    assert done.state == "completed", done.results()
    assert scene.undo(done).state == "completed"
    assert tree(scene) == was


def test_removed_folders_come_back_with_mode_and_times(scene: Scene) -> None:
    before, lines = ROUND_TRIPS["a folder that was emptied and removed"]
    trees.build(scene.root, before)
    was = tree(scene, folder_times=True)
    done = scene.act(lines)
    assert sorted(tree(scene)) == [b"a", b"b"]
    scene.undo(done)
    assert tree(scene, folder_times=True) == was


def test_a_folder_whose_removal_is_not_meant_still_comes_back_as_it_was(scene: Scene) -> None:
    before, lines = ROUND_TRIPS["a folder that was emptied and removed"]
    trees.build(scene.root, before)
    done = scene.act(lines)
    scene.undo(done, only=[at(scene, "a")])
    found = tree(scene)
    assert sorted(found) == [b"b", b"old", b"old/in", b"old/in/a"]
    assert (found[b"old"].mode, found[b"old/in"].mode) == (0o711, 0o750)


# -- what people did meanwhile ----------------------------------------------------------------------


def moved(scene: Scene, *names: str) -> Done:
    trees.build(scene.root, {name: name for name in names})
    return scene.act([("mkdir", "", "to"), *[("move", name, f"to/{name}") for name in names]])


def test_an_edited_file_goes_back_as_it_is_now(scene: Scene) -> None:
    done = moved(scene, "a", "b")
    trees.write(at(scene, "to/a"), b"edited")
    undone = scene.undo(done)
    assert {path: found.content for path, found in tree(scene).items()} == {b"a": b"edited", b"b": b"b"}
    assert whys(undone) == [EDITED]
    assert undone.state == "completed"


def test_a_file_saved_anew_by_its_editor_goes_back_as_it_is_now(scene: Scene) -> None:
    done = moved(scene, "a")
    trees.write(at(scene, "to/.a.new"), b"saved anew", mtime_ns=5)
    os.replace(at(scene, "to/.a.new"), at(scene, "to/a"))
    scene.undo(done)
    assert {path: found.content for path, found in tree(scene).items()} == {b"a": b"saved anew"}


def test_a_taken_place_is_answered_with_a_number(scene: Scene) -> None:
    done = moved(scene, "a.txt")
    trees.build(scene.root, {"a.txt": "new", "a (1).txt": "also new"})
    undone = scene.undo(done)
    contents = {path: found.content for path, found in tree(scene).items()}
    assert contents == {b"a.txt": b"new", b"a (1).txt": b"also new", b"a (2).txt": b"a.txt"}
    assert whys(undone) == [NUMBERED]


def test_a_taken_place_is_skipped_when_asked_so(scene: Scene) -> None:
    done = moved(scene, "a", "b")
    trees.build(scene.root, {"a": "new"})
    undone = scene.undo(done, on_conflict="skip")
    assert {path: found.content for path, found in tree(scene).items() if found.kind == "file"} == {
        b"a": b"new",
        b"b": b"b",
        b"to/a": b"a",
    }
    assert reasons(undone) == [TAKEN]
    assert undone.state == "partial"


def test_a_place_taken_after_planning_is_never_clobbered(scene: Scene) -> None:
    done = moved(scene, "a", "b")
    numbering = scene.plan_undo(done.id)
    trees.build(scene.root, {"a": "new"})
    scene.run(numbering)
    assert tree(scene)[b"a"].content == b"new"
    assert tree(scene)[b"a (1)"].content == b"a"


def test_skipping_holds_also_for_a_place_taken_after_planning(scene: Scene) -> None:
    done = moved(scene, "a", "b")
    skipping = scene.plan_undo(done.id, on_conflict="skip")
    trees.build(scene.root, {"a": "new"})
    scene.run(skipping)
    assert tree(scene)[b"a"].content == b"new"
    assert tree(scene)[b"to/a"].content == b"a"
    assert b"a (1)" not in tree(scene)


def test_a_group_takes_one_number(scene: Scene) -> None:
    trees.build(scene.root, {"i.jpg": "1", "i.jpg.xmp": "2", "i.mov": "3", "to": {}})
    names = ("i.jpg", "i.jpg.xmp", "i.mov")
    done = scene.act([("move", name, f"to/{name}", 1) for name in names])
    trees.build(scene.root, {"i.jpg.xmp": "new", "i (1).mov": "new too"})
    undone = scene.undo(done)
    assert undone.state == "completed", undone.results()
    found = {path: item.content for path, item in tree(scene).items()}
    assert {found[b"i (2).jpg"], found[b"i (2).jpg.xmp"], found[b"i (2).mov"]} == {b"1", b"2", b"3"}


def test_a_group_of_which_one_is_taken_stays_together(scene: Scene) -> None:
    trees.build(scene.root, {"i.jpg": "1", "i.raw": "2", "to": {}})
    done = scene.act([("move", "i.jpg", "to/i.jpg", 1), ("move", "i.raw", "to/i.raw", 1)])
    trees.build(scene.root, {"i.raw": "new"})
    undone = scene.undo(done, on_conflict="skip")
    assert trees.names(scene.root) == {b"i.raw", b"to/i.jpg", b"to/i.raw"}
    assert sorted(reasons(undone)) == sorted([TAKEN, TOGETHER])


def test_the_rest_of_a_group_goes_back_without_a_file_that_is_gone(scene: Scene) -> None:
    trees.build(scene.root, {"i.jpg": "1", "i.raw": "2", "to": {}})
    done = scene.act([("move", "i.jpg", "to/i.jpg", 1), ("move", "i.raw", "to/i.raw", 1)])
    os.unlink(at(scene, "to/i.raw"))
    undone = scene.undo(done)
    assert trees.names(scene.root) == {b"i.jpg"}
    assert reasons(undone) == [GONE]


def test_what_is_gone_is_reported(scene: Scene) -> None:
    done = moved(scene, "a", "b")
    os.unlink(at(scene, "to/a"))
    undone = scene.undo(done)
    assert trees.names(scene.root) == {b"b"}
    assert reasons(undone) == [GONE]
    assert undone.state == "partial"


def test_what_a_person_put_back_is_left_alone(scene: Scene) -> None:
    done = moved(scene, "a")
    os.rename(at(scene, "to/a"), at(scene, "a"))
    assert reasons(scene.undo(done)) == [BACK]
    assert trees.names(scene.root) == {b"a"}


def test_what_a_later_operation_moved_on_is_left_alone(scene: Scene) -> None:
    first = moved(scene, "a", "b")
    second = scene.act([("move", "to/a", "elsewhere"), ("move", "to/b", "to/a")])
    undone = scene.undo(first)
    assert sorted(reasons(undone)) == [f"moved on by operation {second.id}"] * 2
    assert trees.names(scene.root) == {b"elsewhere", b"to/a"}
    scene.undo(second)
    assert scene.undo(first).state == "completed"
    assert trees.names(scene.root) == {b"a", b"b"}


def test_a_file_that_a_later_operation_took_away_and_brought_back_is_the_same(scene: Scene) -> None:
    """Its inode is another one, as after a journey to another file system."""
    first = moved(scene, "a")
    scene.undo(scene.act([("move", "to/a", "elsewhere")]))
    os.rename(at(scene, "to/a"), at(scene, "to/~"))
    shutil.copy2(at(scene, "to/~"), at(scene, "to/a"))
    os.unlink(at(scene, "to/~"))
    assert scene.undo(first).state == "completed"
    assert trees.names(scene.root) == {b"a"}


def test_out_of_order_is_fine_where_no_later_operation_holds_the_name(scene: Scene) -> None:
    first = moved(scene, "a", "b")
    scene.act([("move", "to/a", "elsewhere")])
    scene.undo(first, only=[at(scene, "b")])
    assert trees.names(scene.root) == {b"elsewhere", b"b"}


def test_undoing_twice_says_so(scene: Scene) -> None:
    done = moved(scene, "a")
    undone = scene.undo(done)
    trees.write(at(scene, "a"), b"edited after it was back")
    assert reasons(scene.undo(done)) == [f"taken back by operation {undone.id} already"]
    assert tree(scene)[b"a"].content == b"edited after it was back"


def test_an_unedited_copy_goes_to_the_trash(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1", "to": {}})
    done = scene.act([("copy", "a", "to/a")])
    undone = scene.undo(done)
    assert trees.names(scene.root) == {b"a", b"/".join([trees.TRASH, undone.id.encode(), b"to/a"])}


def test_a_link_goes_to_the_trash(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1", "to": {}})
    done = scene.act([("link", "a", "to/a")])
    assert done.state == "completed", done.results()
    assert tree(scene)[b"to/a"].links == (b"a",)
    undone = scene.undo(done)
    assert without_trash(tree(scene)).keys() == {b"a", b"to"}
    scene.undo(undone)
    assert tree(scene)[b"to/a"].links == (b"a",)


def test_an_edited_copy_stays(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1"})
    done = scene.act([("mkdir", "", "to"), ("copy", "a", "to/a")])
    trees.write(at(scene, "to/a"), b"edited")
    undone = scene.undo(done)
    assert trees.names(scene.root) == {b"a", b"to/a"}
    assert reasons(undone) == [EDITED_COPY]


def test_what_came_back_from_the_trash_leaves_no_folders_there(scene: Scene) -> None:
    trees.build(scene.root, {"in": {"deep": {"a": "1"}}, "b": "2", "c": "3"})
    was = tree(scene)
    first = scene.act([("trash", "in/deep/a", ""), ("trash", "b", "")])
    second = scene.act([("trash", "c", "")])
    scene.undo(first)
    left = {path for path in tree(scene) if trees.TRASH in path.split(b"/")}
    assert left == {b"/".join([trees.TRASH, *more]) for more in ([], [second.id.encode()], [second.id.encode(), b"c"])}
    scene.undo(second)
    assert tree(scene) == was


def test_what_was_purged_cannot_come_back(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1", "b": "2"})
    done = scene.act([("trash", "a", ""), ("trash", "b", "")])
    os.unlink(at(scene, done.plan.steps[0].destination))
    with done.files.journal() as journal:
        journal.add(Purged(0))
        journal.sync()
    undone = scene.undo(done)
    assert {path: found.content for path, found in tree(scene).items() if found.kind == "file"} == {b"b": b"2"}
    assert reasons(undone) == [PURGED]


def test_a_folder_that_people_use_stays(scene: Scene) -> None:
    done = moved(scene, "a")
    trees.write(at(scene, "to/mine"), b"mine")
    undone = scene.undo(done)
    assert trees.names(scene.root) == {b"a", b"to/mine"}
    assert [step.kind for step in undone.plan.steps] == ["move"]


def test_a_folder_that_will_not_be_empty_is_not_even_tried(scene: Scene) -> None:
    done = moved(scene, "a", "b")
    assert [step.kind for step in scene.plan_undo(done.id, only=[at(scene, "a")]).steps] == ["move"]
    assert [step.kind for step in scene.plan_undo(done.id).steps] == ["move", "move", "rmdir"]


def test_a_folder_that_was_there_before_stays(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1", "to": {}})
    done = scene.act([("mkdir", "", "to"), ("move", "a", "to/a")])
    scene.undo(done)
    assert sorted(tree(scene)) == [b"a", b"to"]


def test_a_missing_old_folder_is_made_anew(scene: Scene) -> None:
    trees.build(scene.root, {"x": {"y": {"a": "1"}}})
    done = scene.act([("move", "x/y/a", "a")])
    os.rmdir(at(scene, "x/y"))
    os.rmdir(at(scene, "x"))
    assert scene.undo(done).state == "completed"
    assert trees.names(scene.root) == {b"x/y/a"}


@pytest.mark.parametrize("what", ["file", "link"])
def test_an_old_folder_whose_name_is_taken_stays_away(scene: Scene, tmp_path: Path, what: str) -> None:
    trees.build(scene.root, {"x": {"a": "1"}, "b": "2"})
    done = scene.act([("move", "x/a", "a"), ("move", "b", "c")])
    os.rmdir(at(scene, "x"))
    (tmp_path / "outside").mkdir()
    if what == "file":
        trees.write(at(scene, "x"), b"mine")
    else:
        os.symlink(tmp_path / "outside", at(scene, "x"))
    undone = scene.undo(done)
    assert reasons(undone) == [FOLDER_TAKEN]
    assert trees.names(scene.root) == {b"x", b"a", b"b"}
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_chain_crossed_by_a_person_takes_nothing_of_theirs(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1"})
    done = scene.act([("move", "a", "b"), ("move", "b", "c")])
    trees.write(at(scene, "b"), b"mine")
    scene.undo(done)
    assert {path: found.content for path, found in tree(scene).items()} == {b"a": b"1", b"b": b"mine"}


# -- a part of it -----------------------------------------------------------------------------------


def test_part_of_it_by_old_name_new_name_and_folder(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1", "b": "2", "in": {"c": "3", "d": "4"}, "e": "5"})
    done = scene.act(
        [("mkdir", "", "to"), *[("move", name, f"to/{name[-1]}") for name in ("a", "b", "in/c", "in/d", "e")]]
    )
    scene.undo(done, only=[at(scene, "a"), at(scene, "to/b"), at(scene, "in/")])
    assert trees.names(scene.root) == {b"a", b"b", b"in/c", b"in/d", b"to/e"}
    scene.undo(done, only=[at(scene, "to")])
    assert sorted(tree(scene)) == [b"a", b"b", b"e", b"in", b"in/c", b"in/d"]


def test_part_of_a_group_brings_all_of_it(scene: Scene) -> None:
    trees.build(scene.root, {"i.jpg": "1", "i.raw": "2", "z": "3", "to": {}})
    done = scene.act([("move", "i.jpg", "to/i.jpg", 1), ("move", "i.raw", "to/i.raw", 1), ("move", "z", "to/z")])
    scene.undo(done, only=[at(scene, "i.raw")])
    assert trees.names(scene.root) == {b"i.jpg", b"i.raw", b"to/z"}


def test_part_of_a_swap_goes_all_the_way(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1", "b": "2"})
    done = scene.act([("move", "a", "t"), ("move", "b", "a"), ("move", "t", "b")])
    scene.undo(done, only=[at(scene, "t")])
    contents = {path: found.content for path, found in tree(scene).items()}
    assert contents == {b"a": b"2", b"a (1)": b"1"}


def test_a_part_that_names_nothing_is_refused(scene: Scene) -> None:
    done = moved(scene, "a")
    with pytest.raises(UsageError):
        scene.plan_undo(done.id, only=[at(scene, "nothing")])


# -- operations that did not come to a good end -----------------------------------------------------


def test_only_what_was_done_is_taken_back(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1", "b": "2", "c": "3"})
    plan = scene.plan([("mkdir", "", "to"), *[("move", name, f"to/{name}") for name in "abc"]], reviewed=True)
    trees.write(at(scene, "a"), b"changed since it was planned")
    os.unlink(at(scene, "b"))
    done = scene.run(plan)
    assert done.state == "partial"
    assert trees.names(scene.root) == {b"a", b"to/c"}
    assert scene.undo(done).state == "completed"
    assert sorted(tree(scene)) == [b"a", b"c"]


def test_what_a_cancelled_operation_did_is_taken_back(scene: Scene) -> None:
    class Impatient(Silent):
        asked = 0

        def check_cancelled(self) -> None:
            self.asked += 1
            if self.asked > 4:
                raise Cancelled

    trees.build(scene.root, {name: name for name in "abcdef"})
    was = tree(scene)
    plan = scene.plan([("mkdir", "", "to"), *[("move", name, f"to/{name}") for name in "abcdef"]])
    done = scene.run(plan, Impatient())
    assert done.state == "cancelled"
    assert 0 < done.counts.done < 6
    assert scene.undo(done).state == "completed"
    assert tree(scene) == was


@pytest.mark.parametrize("looks", ["missing", "empty"])
def test_a_disk_that_is_away_halts_it(scene: Scene, looks: str) -> None:
    trees.build(scene.root, {"a": "1", "b": "2"})
    done = scene.act([("move", "a", "@a"), ("move", "b", "c")])
    scene.disk.rename(scene.disk.with_name("away"))
    if looks == "empty":
        scene.disk.mkdir()
    with pytest.raises(BrakeEngaged):
        scene.plan_undo(done.id)
    assert scene.undo(done, only=[at(scene, "b")]).state == "completed"  # what does not concern it goes
    if looks == "empty":
        scene.disk.rmdir()
    scene.disk.with_name("away").rename(scene.disk)
    scene.undo(done)
    assert trees.names(scene.root) == {b"a", b"b"}


def test_an_operation_without_an_end_is_refused(scene: Scene) -> None:
    trees.build(scene.root, {"a": "1"})
    plan = scene.plan([("move", "a", "b")])
    with pytest.raises(WrongState):
        scene.plan_undo(plan.operation)


# -- the preview ------------------------------------------------------------------------------------


def test_the_preview_counts(scene: Scene) -> None:
    done = moved(scene, "a", "b", "c\n", "d")
    trees.write(at(scene, "to/a"), b"edited")
    trees.build(scene.root, {"a": "new"})
    os.unlink(at(scene, "to/b"))
    plan = scene.plan_undo(done.id)
    told = preview(summary(scene.files(plan.operation).request()), plan)
    assert told.files == 3
    assert told.bytes == len(b"edited") + len("c\n") + len("d")
    assert told.notes == {EDITED: 1, NUMBERED: 1}
    assert told.refusals == {GONE: 1}
    assert len(told.sample) == 4
    assert {view.outcome for view in told.sample} == {"pending", "skipped"}
    assert all(view.destination and view.destination.startswith("/") for view in told.sample)
