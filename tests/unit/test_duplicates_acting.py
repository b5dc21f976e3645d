"""Duplicates are trashed, hard-linked or cloned only beside the very copy that stays, and each comes back as it was."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.execute import execute
from core.model import Plan, Step
from core.storage import linux, twins
from core.storage.local import LocalStorage
from core.storage.twins import Twins
from core.stores.history import History
from tests import trees
from tests.acting import Done, Line, Scene, Silent
from tests.crash import seam
from tests.crash.forks import in_child
from tests.crash.mutants import Mutant
from tests.trees import File, HardLink, Tree

PAIR: Tree = {
    "kept": File(b"same", mode=0o644),
    "in": {"other": File(b"same", mode=0o600, mtime_ns=-5_000_000_001, xattrs={"user.note": b"mine"})},
}
ACTIONS = ("duplicate", "hardlink")

each_action = pytest.mark.parametrize("action", ACTIONS)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Scene(tmp_path / "s") as scene:
        yield scene


def visible(scene: Scene) -> tuple[dict[bytes, trees.Found], ...]:
    return tuple(trees.read(root, ignore=[trees.TRASH]) for root in (scene.root, scene.disk))


def inode(scene: Scene, name: str) -> int:
    return os.stat(scene.root / name).st_ino


def outcome(done: Done) -> tuple[str, str]:
    (result,) = done.results()
    return result


# -- what is done, and taken back


def test_a_duplicate_goes_to_the_trash_and_comes_back(scene: Scene) -> None:
    trees.build(scene.root, PAIR)
    before, was = visible(scene), inode(scene, "in/other")
    done = scene.act([("duplicate", "in/other", "kept")])
    assert done.state == "completed"
    assert trees.names(scene.root) == {b"kept", b".shelver-trash/op1/in/other"}
    assert scene.undo(done).state == "completed"
    assert visible(scene) == before
    assert inode(scene, "in/other") == was


def test_a_link_takes_the_name_and_gives_it_back(scene: Scene) -> None:
    trees.build(scene.root, PAIR)
    before, was = visible(scene), inode(scene, "in/other")
    done = scene.act([("hardlink", "in/other", "kept")])
    assert done.state == "completed"
    assert inode(scene, "in/other") == inode(scene, "kept")
    assert trees.content(scene.root / ".shelver-trash/op1/in/other") == b"same"
    assert scene.undo(done).state == "completed"
    assert visible(scene) == before
    assert inode(scene, "in/other") == was
    assert os.stat(scene.root / "kept").st_nlink == 1
    assert not (scene.root / ".shelver-trash").exists()


@each_action
def test_undone_and_done_again_and_so_on(scene: Scene, action: str) -> None:
    trees.build(scene.root, PAIR)
    before = visible(scene)
    last = scene.act([(action, "in/other", "kept")])
    after = visible(scene)
    for turn in range(4):
        last = scene.undo(last)
        assert last.state == "completed", last.results()
        assert visible(scene) == (after if turn % 2 else before)


@each_action
def test_many_of_one(scene: Scene, action: str) -> None:
    trees.build(scene.root, {f"{number}": File(b"same", mtime_ns=number) for number in range(20)})
    before = visible(scene)
    done = scene.act([(action, str(number), "0") for number in range(1, 20)])
    assert done.state == "completed"
    assert {os.stat(scene.root / os.fsdecode(name)).st_ino for name in visible(scene)[0]} == {inode(scene, "0")}
    assert scene.undo(done).state == "completed"
    assert visible(scene) == before


@each_action
def test_the_copy_that_stays_lies_in_another_root(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same"})
    trees.build(scene.disk, {"b": "same"})
    before = visible(scene)
    done = scene.act([(action, "a", "@b")])
    assert done.state == "completed"
    undone = scene.undo(done)
    assert visible(scene) == before
    again = scene.undo(undone)
    assert again.state == "completed"
    assert (scene.root / "a").exists() == (action == "hardlink")


def test_a_group_goes_to_the_trash_whole_or_not_at_all(scene: Scene) -> None:
    trees.build(scene.root, {"a.jpg": "1", "a.raw": "2", "b.jpg": "1", "b.raw": "2", "c.jpg": "1", "c.raw": "3"})
    whole: list[Line] = [("duplicate", f"b.{end}", f"a.{end}", 1) for end in ("jpg", "raw")]
    torn: list[Line] = [("duplicate", f"c.{end}", f"a.{end}", 2) for end in ("jpg", "raw")]
    before = visible(scene)
    done = scene.act([*whole, *torn])
    assert [result for result, _ in done.results()] == ["done", "done", "skipped", "skipped"]
    assert visible(scene)[0].keys() == {b"a.jpg", b"a.raw", b"c.jpg", b"c.raw"}
    undone = scene.undo(done)
    assert visible(scene) == before
    assert scene.undo(undone).state == "completed"
    assert visible(scene)[0].keys() == {b"a.jpg", b"a.raw", b"c.jpg", b"c.raw"}


# -- what is no duplicate, or not any more


@each_action
@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"a": "text", "b": "tent"}, "its content is not that of the copy that would stay"),
        ({"a": "text", "b": "longer"}, "its content is not that of the copy that would stay"),
        ({"a": "text", "b": HardLink("a")}, "it is another name of the very file that would stay, not a copy"),
    ],
    ids=["other bytes", "another size", "one file"],
)
def test_what_is_no_copy_stays(scene: Scene, action: str, tree: Tree, reason: str) -> None:
    trees.build(scene.root, tree)
    before = visible(scene)
    assert outcome(scene.act([(action, "b", "a")])) == ("skipped", reason)
    assert visible(scene) == before


def _edit(path: Path) -> None:
    trees.write(path, b"edited", mtime_ns=trees.LONG_AGO + 1)


def _save_anew(path: Path) -> None:
    trees.write(path.with_name("new"), b"save")
    os.replace(path.with_name("new"), path)


def _same_size_and_time(path: Path) -> None:
    """An edit that hides itself: only the time of the last change of the inode tells."""
    times = os.stat(path)
    with open(path, "r+b") as file:
        file.write(b"evil")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


_CHANGES: list[Callable[[Path], Any]] = [os.unlink, _edit, _save_anew]


@each_action
@pytest.mark.parametrize("change", _CHANGES)
@pytest.mark.parametrize("name", ["a", "b"])
def test_a_file_that_changed_since_it_was_nominated(
    scene: Scene, action: str, change: Callable[[Path], Any], name: str
) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    plan = scene.plan([(action, "b", "a")])
    change(scene.root / name)
    before = visible(scene)
    result, reason = outcome(scene.run(plan))
    assert result == "skipped"
    assert reason.startswith("the copy that would stay cannot be relied on: it ") == (name == "a"), reason
    assert visible(scene) == before


@each_action
@pytest.mark.parametrize("change", [*_CHANGES, _same_size_and_time])
@pytest.mark.parametrize("name", ["a", "b"])
def test_a_file_that_changes_while_it_is_compared(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, action: str, change: Callable[[Path], Any], name: str
) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    plan = scene.plan([(action, "b", "a")])
    compare = Twins.check

    def meddled(self: Twins) -> None:
        change(scene.root / name)
        compare(self)

    monkeypatch.setattr(Twins, "check", meddled)
    assert outcome(scene.run(plan))[0] == "skipped"
    assert trees.content(scene.root / ("a" if name == "b" else "b")) == b"same"


def test_the_copy_that_stays_goes_in_the_very_moment(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    plan = scene.plan([("duplicate", "b", "a")])
    rename = linux.rename_noreplace

    def meddled(*arguments: Any) -> None:
        if (scene.root / "a").exists():
            os.unlink(scene.root / "a")
        rename(*arguments)

    monkeypatch.setattr(linux, "rename_noreplace", meddled)
    reason = "the copy that would stay cannot be relied on: it is no longer there"
    assert outcome(scene.run(plan)) == ("skipped", reason)
    assert visible(scene)[0].keys() == {b"b"}


@pytest.mark.parametrize("change", _CHANGES)
def test_what_has_the_name_changes_in_the_very_moment(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], Any]
) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    plan = scene.plan([("hardlink", "b", "a")])
    before: list[Any] = []
    exchange = linux.rename_exchange

    def meddled(*arguments: Any) -> None:
        if not before:
            change(scene.root / "b")
            before.append(visible(scene))
        exchange(*arguments)

    monkeypatch.setattr(linux, "rename_exchange", meddled)
    assert outcome(scene.run(plan))[0] == "skipped"
    assert [visible(scene)] == before
    assert os.stat(scene.root / "a").st_nlink == 1


@each_action
def test_the_last_copy_never_goes(scene: Scene, action: str) -> None:
    """A plan that takes each of two files for the copy of the other leaves one."""
    trees.build(scene.root, {"a": "same", "b": "same"})
    done = scene.act([("duplicate", "b", "a"), (action, "a", "b")])
    assert [result for result, _ in done.results()] == ["done", "skipped"]
    assert visible(scene)[0].keys() == {b"a"}


@each_action
def test_a_file_in_use_stays(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    with open(scene.root / "b", "r+b"):
        assert outcome(scene.act([(action, "b", "a")])) == ("skipped", "open in another program")


@each_action
def test_its_place_in_the_trash_is_taken(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same", "b": "same", ".shelver-trash": {"op1": {"b": "older"}}})
    before = visible(scene)
    done = scene.act([(action, "b", "a")])
    assert done.state == "completed"
    assert trees.content(scene.root / ".shelver-trash/op1/b (1)") == b"same"
    assert scene.undo(done).state == "completed"
    assert visible(scene) == before
    assert trees.content(scene.root / ".shelver-trash/op1/b") == b"older"


def test_blocks_that_cannot_be_shared(tmp_path: Path, scene: Scene) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    before = visible(scene)
    result, reason = outcome(scene.act([("reflink", "b", "a")]))
    if result == "done":
        pytest.skip("this file system shares blocks")
    assert (result, reason) == (
        "skipped",
        "nothing can stand in for it: the file system cannot let two files share their blocks",
    )
    assert visible(scene) == before
    assert not (scene.root / ".shelver-trash").exists()


# -- trouble


@pytest.mark.parametrize(
    ("code", "outcome_and_reason"),
    [
        (errno.ENOSPC, ("failed", "no space left for it")),
        (errno.EDQUOT, ("failed", "no space left for it")),
        (errno.EACCES, ("failed", "permission denied: Permission denied")),
        (errno.EIO, ("failed", "the file system reported: Input/output error")),
        (errno.EMLINK, ("failed", "the file system reported: Too many links")),
        (errno.EXDEV, ("skipped", "nothing can stand in for it: the copy that would stay is on another file system")),
    ],
    ids=errno.errorcode.get,
)
def test_a_link_that_cannot_be_made(scene: Scene, code: int, outcome_and_reason: tuple[str, str]) -> None:
    trees.build(scene.root, {"a": "same", "b": "same", "c": "same"})
    before = visible(scene)
    plan = scene.plan([("hardlink", "b", "a"), ("hardlink", "c", "a")])

    def failing(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        if call.name == "link" and call.arguments[1] == b"b":
            raise OSError(code, os.strerror(code))
        return real(*call.arguments, **call.keywords)

    with seam.installed(failing):
        done = scene.run(plan)
    assert done.results() == [outcome_and_reason, ("done", "")]
    assert visible(scene)[0][b"b"] == before[0][b"b"]


def test_names_that_cannot_be_exchanged(scene: Scene) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    before = visible(scene)
    plan = scene.plan([("hardlink", "b", "a")])

    def failing(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        if call.name == "rename_exchange":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return real(*call.arguments, **call.keywords)

    with seam.installed(failing):
        done = scene.run(plan)
    assert outcome(done) == ("skipped", "nothing can stand in for it: the file system cannot exchange two names")
    assert visible(scene) == before


@each_action
def test_the_folder_of_the_copy_that_stays_is_gone(scene: Scene, action: str) -> None:
    """As if its disk had been unmounted since."""
    trees.build(scene.root, {"a": "same"})
    trees.build(scene.disk, {"b": "same"})
    plan = scene.plan([(action, "a", "@b")])
    scene.disk.rename(scene.directory / "elsewhere")
    result, reason = outcome(scene.run(plan))
    assert (result, reason.endswith("it was unmounted, removed or replaced.")) == ("failed", True)
    assert visible_names(scene.root) == {b"a"}


@each_action
def test_the_folder_of_the_copy_that_stays_goes_meanwhile(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same", "c": "same"})
    trees.build(scene.disk, {"b": "same"})
    plan = scene.plan([(action, "a", "@b"), (action, "c", "@b")])
    gone: list[bool] = []

    def unmounting(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        result = real(*call.arguments, **call.keywords)
        if call.name in ("rename_noreplace", "rename_exchange") and not gone:
            gone.append(True)
            scene.disk.rename(scene.directory / "elsewhere")
            scene.disk.mkdir()
        return result

    with seam.installed(unmounting):
        done = scene.run(plan)
    assert {result for result, _ in done.results()} <= {"done", "skipped", "failed"}
    assert done.results()[1][0] != "done"
    assert b"c" in visible_names(scene.root)
    if action == "duplicate":  # what stays was away when it was looked at for the last time: it came back
        assert b"a" in visible_names(scene.root)


@each_action
@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_may_not_be_read_any_more_is_relied_on_no_more(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    plan = scene.plan([(action, "b", "a")])
    os.chmod(scene.root / "a", 0o600)
    for folder in (scene.directory, *scene.directory.rglob("*")):
        if folder.name != "a":
            os.chown(folder, 65534, 65534)

    def as_nobody() -> list[tuple[str, str]]:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        files = scene.files(plan.operation)
        with files.journal() as journal:
            execute(plan, journal, Silent())
        finished = files.outcomes().finished[0]
        return [(finished.outcome, finished.reason)]

    modes = {folder: mode for folder in scene.directory.parents if not (mode := folder.stat().st_mode) & 0o001}
    try:
        for folder, mode in modes.items():
            os.chmod(folder, mode | 0o011)
        found = in_child(as_nobody).result
    finally:
        for folder, mode in modes.items():
            os.chmod(folder, mode)
    assert found == [("skipped", "the copy that would stay cannot be relied on: permission denied: Permission denied")]
    assert visible_names(scene.root) == {b"a", b"b"}


def visible_names(root: Path) -> set[bytes]:
    return {name for name in trees.names(root) if not name.startswith(b".")}


# -- edited since


def test_an_edited_link_is_the_content_of_the_copy_that_stayed(scene: Scene) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    done = scene.act([("hardlink", "b", "a")])
    trees.write(scene.root / "b", b"edited in place")
    assert scene.undo(done).state == "completed"
    assert trees.content(scene.root / "b") == b"same"
    assert trees.content(scene.root / "a") == b"edited in place"


@each_action
def test_what_has_the_name_now_is_not_crossed(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    done = scene.act([(action, "b", "a")])
    _save_anew(scene.root / "b") if action == "hardlink" else trees.write(scene.root / "b", b"save")
    assert scene.undo(done).state == "completed"
    assert trees.content(scene.root / "b") == b"save"
    assert trees.content(scene.root / "b (1)") == b"same"


def test_a_link_whose_other_name_is_gone_is_kept(scene: Scene) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    done = scene.act([("hardlink", "b", "a")])
    os.unlink(scene.root / "a")
    assert scene.undo(done).state == "completed"
    assert visible(scene)[0].keys() == {b"b"}
    assert trees.contents(scene.root) == {trees.digest(b"same"): 2}


@each_action
def test_a_redo_needs_the_copy_that_stayed(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    undone = scene.undo(scene.act([(action, "b", "a")]))
    os.unlink(scene.root / "a")
    assert outcome(scene.undo(undone)) == ("skipped", "the copy that stayed is gone, or not the same any more")
    assert visible(scene)[0].keys() == {b"b"}


# -- any trees, any edits


CONTENTS = st.sampled_from([b"", b"one", b"two", b"more than that" * 300])
NAMES = [b"a", b"b", b"c", b"d/e", b"d/f", b"\xff\n"]
EDITS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["edit", "save", "delete", "make"]), st.integers(0, 9)),
    max_size=4,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tree=st.fixed_dictionaries(dict.fromkeys(NAMES, CONTENTS)),
    pairs=st.lists(st.tuples(st.sampled_from(ACTIONS), st.permutations(NAMES)), min_size=1, max_size=6),
    rounds=st.tuples(EDITS, EDITS, EDITS),
)
def test_no_content_is_ever_lost(
    history: History,
    tmp_path_factory: pytest.TempPathFactory,
    tree: dict[bytes, bytes],
    pairs: list[tuple[str, list[bytes]]],
    rounds: tuple[list[tuple[bytes, str, int]], ...],
) -> None:
    """Whatever people do in between: what they did not overwrite or delete themselves is there, and theirs, too."""
    directory = tmp_path_factory.mktemp("p")
    with seam.installed(seam.without_syncs(seam.carry_out)), Scene(directory, history=history) as scene:
        trees.build(scene.root, {name: File(content, mtime_ns=len(name)) for name, content in tree.items()})
        lines: list[Line] = [(action, one, other) for action, (one, other, *_) in pairs]
        alive = {trees.digest(content) for content in tree.values()}
        last: Done | None = None
        for edits in rounds:
            plan = scene.plan_undo(last.id) if last else scene.plan(lines)
            _meddle(scene, edits, alive)
            last = scene.run(plan)
            _check_alive(scene, alive, last.plan.steps)
        scene.undo(last) if last else None
        _check_alive(scene, alive, [])


def _meddle(scene: Scene, edits: list[tuple[bytes, str, int]], alive: set[bytes]) -> None:
    """Do to some files what people do. `alive` loses what they destroyed and gains what they wrote."""
    for name, how, number in edits:
        path = Path(os.fsdecode(scene.root / os.fsdecode(name)))
        new = b"by hand %d" % number
        if how in ("edit", "save", "make") and path.parent.is_dir():
            if how == "save":
                trees.write(path.with_name("~"), new)
                os.replace(path.with_name("~"), path)
            elif how == "edit" or not path.exists():
                trees.write(path, new)
        elif how == "delete" and path.exists():
            path.unlink()
    alive &= set(trees.contents(scene.root))
    alive |= set(trees.contents(scene.root))


def _check_alive(scene: Scene, alive: set[bytes], steps: list[Step]) -> None:
    assert alive <= set(trees.contents(scene.root)), steps


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    history = History(tmp_path_factory.mktemp("history") / "history.db")
    yield history
    history.close()


def test_cancelled_while_it_compares(scene: Scene) -> None:
    """A long comparison can be ended; the two stay as they are."""
    big = bytes(9 * 1024 * 1024)
    trees.build(scene.root, {"a": big, "b": big})
    before = visible(scene)

    class Impatient(Silent):
        def __init__(self) -> None:
            self.asked = 0

        def check_cancelled(self) -> None:
            from core.errors import Cancelled

            self.asked += 1
            if self.asked > 1:
                raise Cancelled

    done = scene.run(scene.plan([("hardlink", "b", "a")]), Impatient())
    assert done.state == "cancelled"
    assert visible(scene) == before


# -- each safeguard, left out


def _is_compared(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "text", "b": "tent"})
    scene.act([(action, "b", "a")])
    assert [found.content for path, found in visible(scene)[0].items() if path == b"b"] == [b"tent"]


def _is_looked_at_again(scene: Scene, action: str) -> None:
    """The file that stays is taken away in the very moment in which its copy goes."""
    trees.build(scene.root, {"a": "same", "b": "same"})
    plan = scene.plan([(action, "b", "a")])

    def meddling(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        if call.name == "rename_noreplace" and (scene.root / "a").exists():
            os.unlink(scene.root / "a")
        return real(*call.arguments, **call.keywords)

    with seam.installed(meddling):
        scene.run(plan)
    assert {b"a", b"b"} & visible(scene)[0].keys()


def _is_exchanged_back(scene: Scene, action: str) -> None:
    """Somebody saves a new version in the very moment in which the names are exchanged."""
    trees.build(scene.root, {"a": "same", "b": "same"})
    plan = scene.plan([(action, "b", "a")])
    _run_while_saving(scene, plan, "b")
    assert trees.content(scene.root / "b") == b"save"


def _is_exchanged_back_by_undo(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same", "b": "same"})
    plan = scene.plan_undo(scene.act([(action, "b", "a")]).id)
    _run_while_saving(scene, plan, "b")
    assert trees.content(scene.root / "b") == b"save"


def _run_while_saving(scene: Scene, plan: Plan, name: str) -> None:
    saved: list[str] = []

    def meddling(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        if call.name == "rename_exchange" and not saved:
            saved.append(name)
            _save_anew(scene.root / name)
        return real(*call.arguments, **call.keywords)

    with seam.installed(meddling):
        scene.run(plan)
    assert saved


def _is_told_from_another_name(scene: Scene, action: str) -> None:
    trees.build(scene.root, {"a": "same", "b": HardLink("a")})
    scene.act([(action, "b", "a")])
    assert (scene.root / "b").exists()


SAFEGUARDS = (
    (Mutant("comparing before trashing", Twins, "compare", "Survivors.trash"), _is_compared, "duplicate"),
    (Mutant("comparing before linking", Twins, "compare", "Replacing._stand_in"), _is_compared, "hardlink"),
    (Mutant("comparing bytes", twins, "same_bytes", "Twins.compare"), _is_compared, "duplicate"),
    (Mutant("a last look at what stays", Twins, "check_survivor", "Survivors.trash"), _is_looked_at_again, "duplicate"),
    (
        Mutant("a look at what came out", LocalStorage, "check_unchanged", "Replacing._stand_in"),
        _is_exchanged_back,
        "hardlink",
    ),
    (
        Mutant("the same of an undo", LocalStorage, "check_unchanged", "Replacing._bring_back"),
        _is_exchanged_back_by_undo,
        "hardlink",
    ),
)


@pytest.mark.parametrize(("mutant", "check", "action"), SAFEGUARDS, ids=lambda each: getattr(each, "what", None))
def test_a_safeguard_left_out_is_noticed(
    scene: Scene, tmp_path: Path, mutant: Mutant, check: Callable[[Scene, str], None], action: str
) -> None:
    check(scene, action)
    with Scene(tmp_path / "mutant") as other, mutant.planted(lambda *_, **__: True), pytest.raises(AssertionError):
        check(other, action)
    assert mutant.hits


def test_one_file_under_two_names_is_told(scene: Scene) -> None:
    _is_told_from_another_name(scene, "duplicate")
