"""A dedupe from request to undo: what it finds, what stays and why, whose files it touches, what becomes of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.duplicates import reader
from core.duplicates.pages import Totals
from core.errors import UsageError
from core.model import Operation
from tests import trees
from tests.crash import seam
from tests.deduping import Cellar
from tests.trees import File, HardLink

DAY = 86_400_000_000_000
OLD, NEW = 1000 * DAY, 2000 * DAY


def aged(content: str, mtime_ns: int, **more: object) -> File:
    return File(content.encode(), mtime_ns=mtime_ns, **more)  # type: ignore[arg-type]


@pytest.fixture
def cellar(tmp_path: Path) -> Cellar:
    return Cellar(tmp_path)


def trio(cellar: Cellar) -> None:
    trees.build(
        cellar.inbox,
        {
            "new": aged("same", NEW, mode=0o600, xattrs={"user.note": b"mine"}),
            "in": {"old": aged("same", OLD), "older than old": aged("same", OLD + 1)},
            "other": "other",
        },
    )


# -- reporting


def test_a_report_changes_nothing_and_tells_all(cellar: Cellar) -> None:
    trio(cellar)
    before = cellar.whole()
    done = cellar.dedupe()
    assert (done.state, done.counts.planned) == ("completed", 0)
    assert cellar.told(done) == [
        ("inbox/in/old", "oldest: 1972-09-27", ["inbox/in/older than old", "inbox/new"]),
    ]
    assert cellar.totals(done) == Totals(groups=1, redundant=2, reclaimable=8)
    assert cellar.whole() == before


def test_nothing_found(cellar: Cellar) -> None:
    trees.build(cellar.inbox, {"a": "1", "b": "2", "empty": "", "empty too": ""})
    done = cellar.dedupe(action="trash")
    assert (done.state, cellar.totals(done)) == ("completed", Totals())


def test_smaller_files_are_no_duplicates(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path, more='[duplicates]\nmin_size = "5B"')
    trees.build(cellar.inbox, {"a": "1234", "b": "1234", "c": "12345", "d": "12345"})
    assert [group.size for group in cellar.groups(cellar.dedupe())] == [5]


def test_what_hashes_alone_hold_for_the_same_is_told_apart_by_whoever_asks(
    cellar: Cellar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if somebody had crafted files with one digest."""
    monkeypatch.setattr(reader, "xxh3_128_digest", lambda content: b"x" * 16)
    trees.build(cellar.inbox, {"a": "1111", "b": "2222", "c": "1111", "d": "3333"})
    before = cellar.whole()
    assert [others for _, _, others in cellar.told(cellar.dedupe())] == [["inbox/b", "inbox/c", "inbox/d"]]
    assert [others for _, _, others in cellar.told(cellar.dedupe(verify=True))] == [["inbox/c"]]
    done = cellar.dedupe(verify=True, action="trash")
    assert done.state == "completed"
    assert cellar.tree().keys() == {"a", "b", "d"}
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


def test_many_groups_are_read_a_page_at_a_time(cellar: Cellar) -> None:
    from core.duplicates.pages import DuplicatePages

    trees.build(cellar.inbox, {f"{number:03}{name}": f"{number:03}" for number in range(200) for name in "ab"})
    done = cellar.dedupe()
    pages = DuplicatePages(cellar.engine.files(done.id))
    assert len(pages) == 200
    found = pages.page(60, 10)
    assert [number for number, _ in found] == list(range(60, 70))
    assert [os.path.basename(group.files[0].path) for _, group in found] == [b"%03da" % n for n in range(60, 70)]
    assert [number for number, _ in pages.page(195, 10, near=False)] == [195, 196, 197, 198, 199]
    assert pages.page(200, 10) == pages.page(0, 10, near=True) == []


# -- acting


@pytest.mark.parametrize("action", ["trash", "hardlink"])
def test_what_is_removed_comes_back_as_it_was(cellar: Cellar, action: str) -> None:
    trio(cellar)
    before = cellar.whole()
    done = cellar.dedupe(action=action)
    assert (done.state, done.counts.done) == ("completed", 2)
    if action == "trash":
        assert cellar.tree() == {"in/old": b"same", "other": b"other"}
    else:
        inodes = {os.stat(cellar.inbox / name).st_ino for name in ("new", "in/old", "in/older than old")}
        assert len(inodes) == 1
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


def test_a_dry_run_waits_and_is_carried_out_as_shown(cellar: Cellar) -> None:
    trio(cellar)
    before = cellar.whole()
    proposed = cellar.dedupe(action="trash", dry_run=True)
    assert (proposed.state, proposed.counts.planned) == ("proposed", 2)
    assert cellar.whole() == before
    trees.write(cellar.inbox / "new", b"edited since", mtime_ns=NEW + 1)
    done = cellar.approve(proposed)
    assert done.state == "partial"
    assert sorted(cellar.reasons(done))[-1] == ("skipped", "it changed since it was planned")
    assert cellar.tree() == {"in/old": b"same", "new": b"edited since", "other": b"other"}


def test_each_step_says_what_it_is_a_copy_of(cellar: Cellar) -> None:
    trio(cellar)
    why = {step.why for step in cellar.plan(cellar.dedupe(action="trash")).steps}
    assert why == {f"a copy of {cellar.inbox}/in/old (oldest: 1972-09-27)"}


def test_blocks_are_shared_or_it_is_said_why_not(cellar: Cellar) -> None:
    trio(cellar)
    before = cellar.whole()
    done = cellar.dedupe(action="reflink")
    if done.state == "completed":
        assert cellar.whole() == before
        return
    assert {reason for _, reason in cellar.reasons(done)} == {
        "nothing can stand in for it: the file system cannot let two files share their blocks"
    }
    assert cellar.whole() == before


def test_a_part_of_a_folder(cellar: Cellar) -> None:
    trees.build(cellar.inbox, {"a": aged("same", NEW), "part": {"b": aged("same", OLD), "c": aged("same", NEW)}})
    done = cellar.dedupe(str(cellar.inbox / "part"), action="trash")
    assert cellar.tree() == {"a": b"same", "part/b": b"same"}
    assert cellar.reasons(done) == [("done", f"a copy of {cellar.inbox}/part/b (oldest: 1972-09-27)")]


def test_a_folder_that_no_config_names(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path)
    other = trees.build(tmp_path / "other", {"a": "same", "b": "same"})
    done = cellar.dedupe(os.fsdecode(other), action="trash")
    assert done.state == "completed"
    assert cellar.tree("other") == {"a": b"same"}


def test_hostile_names(cellar: Cellar) -> None:
    trees.build(cellar.inbox, {"kept": aged("same", OLD), **dict.fromkeys(trees.HOSTILE_NAMES[:9], aged("same", NEW))})
    before = cellar.whole()
    done = cellar.dedupe(action="hardlink")
    assert done.state == "completed"
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


# -- whose


@pytest.mark.parametrize("set_to", ["off", "report"])
def test_a_copy_where_nothing_is_touched_is_the_one_that_stays(tmp_path: Path, set_to: str) -> None:
    cellar = Cellar(tmp_path, attic=f'duplicates = "{set_to}"')
    trees.build(cellar.inbox, {"a": aged("same", OLD)})
    trees.build(cellar.attic, {"b": aged("same", NEW)})
    done = cellar.dedupe(action="trash")
    assert cellar.told(done) == [("attic/b", f'in attic, where duplicates = "{set_to}"', ["inbox/a"])]
    assert cellar.tree() == {}
    assert cellar.tree("attic") == {"b": b"same"}
    assert cellar.undo(done).state == "completed"
    assert cellar.tree() == {"a": b"same"}


def test_a_copy_elsewhere_is_never_touched(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path, attic='duplicates = "trash"')
    trees.build(cellar.inbox, {"a": aged("same", OLD)})
    trees.build(cellar.attic, {"b": aged("same", NEW)})
    done = cellar.dedupe(action="trash")
    assert done.counts.planned == 0
    assert cellar.told(done) == [("inbox/a", "oldest: 1972-09-27", ["attic/b"])]
    assert cellar.totals(done).redundant == 0
    (there,) = [file for file in cellar.groups(done)[0].files if file.path.endswith(b"b")]
    assert there.stays == "it lies in attic"
    assert cellar.dedupe("attic", action="trash").counts.done == 1
    assert (cellar.tree(), cellar.tree("attic")) == ({"a": b"same"}, {})


def test_what_lies_in_other_folders_alone_is_not_told(cellar: Cellar) -> None:
    trees.build(cellar.attic, {"a": "same", "b": "same"})
    assert cellar.groups(cellar.dedupe()) == []


def test_opposite_wishes_leave_one(tmp_path: Path) -> None:
    """Planned at the same time, each taking the other's copy for the one that stays: the second finds it gone."""
    cellar = Cellar(tmp_path, attic='duplicates = "trash"', more='[duplicates]\nkeep = ["newest"]')
    trees.build(cellar.inbox, {"a": aged("same", OLD)})
    trees.build(cellar.attic, {"b": aged("same", NEW)})
    one = cellar.dedupe(action="trash", dry_run=True)
    cellar.configure(inbox='duplicates = "trash"', more='[duplicates]\nkeep = ["oldest"]')
    other = cellar.dedupe("attic", action="trash", dry_run=True)
    assert {one.counts.planned, other.counts.planned} == {1}
    assert cellar.approve(one).state == "completed"
    assert cellar.reasons(cellar.approve(other)) == [
        ("skipped", "the copy that would stay cannot be relied on: it is no longer there")
    ]
    assert (cellar.tree(), cellar.tree("attic")) == ({}, {"b": b"same"})


def test_the_plan_holds_the_folders_of_the_copies_that_stay(cellar: Cellar) -> None:
    """So that both are locked while it runs."""
    trees.build(cellar.inbox, {"a": "same"})
    trees.build(cellar.attic, {"b": "same"})
    plan = cellar.plan(cellar.dedupe(action="trash", dry_run=True))
    assert plan.roots == [os.fsencode(cellar.inbox), os.fsencode(cellar.attic)]


# -- hard links


def test_names_of_one_file_are_no_copies(cellar: Cellar) -> None:
    trees.build(cellar.inbox, {"a": "same", "b": HardLink("a")})
    assert cellar.groups(cellar.dedupe()) == []


@pytest.mark.parametrize("action", ["trash", "hardlink"])
def test_a_file_with_several_names_stays(cellar: Cellar, action: str) -> None:
    trees.build(cellar.inbox, {"a": aged("same", NEW), "b": HardLink("a"), "c": aged("same", OLD)})
    done = cellar.dedupe(action=action)
    assert cellar.told(done) == [("inbox/a", "it has several names", ["inbox/c"])]
    assert cellar.groups(done)[0].files[0].also == (os.fsencode(cellar.inbox / "b"),)
    assert done.counts.done == 1
    assert len({os.stat(cellar.inbox / name).st_ino for name in cellar.tree()}) == 1


# -- files that belong together


def test_a_family_of_duplicates_goes_whole(cellar: Cellar) -> None:
    family: trees.Tree = {"i.jpg": aged("picture", OLD), "i.cr2": aged("raw", OLD), "i.xmp": aged("notes", OLD)}
    trees.build(cellar.inbox, {"one": family, "two": family})
    before = cellar.whole()
    done = cellar.dedupe(action="trash")
    assert (done.state, done.counts.done) == ("completed", 3)
    assert {step.group for step in cellar.plan(done).steps} == {1}
    assert cellar.tree().keys() == {"one/i.jpg", "one/i.cr2", "one/i.xmp"}
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


def test_a_family_stays_whole_where_the_policies_would_tear_it(cellar: Cellar) -> None:
    trees.build(
        cellar.inbox,
        {
            "one": {"i.jpg": aged("picture", OLD), "i.xmp": aged("notes", NEW)},
            "two": {"i.jpg": aged("picture", NEW), "i.xmp": aged("notes", OLD)},
        },
    )
    done = cellar.dedupe(action="trash")
    assert cellar.tree().keys() == {"one/i.jpg", "one/i.xmp"}
    assert [why for _, why, _ in cellar.told(done)] == ["oldest: 1972-09-27", "it belongs with i.jpg"]


def test_a_file_whose_sidecar_is_no_duplicate_stays(cellar: Cellar) -> None:
    trees.build(
        cellar.inbox,
        {"one": {"i.jpg": aged("picture", OLD)}, "two": {"i.jpg": aged("picture", NEW), "i.xmp": "other notes"}},
    )
    before = cellar.whole()
    done = cellar.dedupe(action="trash")
    assert cellar.reasons(done) == [("skipped", "i.xmp belongs with it, and stays")]
    assert cellar.whole() == before
    assert cellar.totals(done).redundant == 0
    assert cellar.dedupe(action="hardlink").counts.done == 1


# -- what the agent does by itself


def test_the_agent_does_what_the_folder_is_set_to(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path, inbox='duplicates = "trash"\nmode = "auto"')
    trio(cellar)
    waiting = cellar.dedupe(automatic=True)
    assert (waiting.state, waiting.note) == ("proposed", "the first pass with these rules: look it over once")
    assert cellar.dedupe().counts.planned == 0  # what a person asks for reports, unless told otherwise


def test_what_was_undone_is_left_alone(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path, inbox='duplicates = "trash"\nmode = "auto"')
    trees.build(cellar.inbox, {"a": aged("same", OLD), "b": aged("same", NEW)})
    cellar.undo(cellar.dedupe(action="trash"))
    assert cellar.dedupe(automatic=True).counts.planned == 0
    assert cellar.dedupe(action="trash").counts.done == 1


def test_the_brake(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path, inbox='duplicates = "trash"\nmode = "auto"')
    cellar.run(cellar.request("organize", automatic=True))
    trees.build(cellar.inbox, {f"{number}": "same" for number in range(12)})
    waiting = cellar.dedupe(automatic=True)
    assert (waiting.state, waiting.note) == ("proposed", "11 files would go to the trash at once")
    os.unlink(cellar.inbox / "11")
    assert cellar.dedupe(automatic=True).counts.done == 10


# -- acting on a report


def test_a_report_is_acted_on(cellar: Cellar) -> None:
    trio(cellar)
    report = cellar.dedupe()
    done = cellar.dedupe(of=report.id, action="trash")
    assert (done.state, done.counts.done) == ("completed", 2)
    assert cellar.tree() == {"in/old": b"same", "other": b"other"}


def test_what_stays_is_chosen_by_hand(cellar: Cellar) -> None:
    trees.build(cellar.inbox, {"a": "1", "b": "1", "c": "2", "d": "2", "e": "3", "f": "3"})
    report = cellar.dedupe()
    chosen = {1: os.fsencode(cellar.inbox / "d"), 2: os.fsencode(cellar.inbox / "e")}
    done = cellar.dedupe(of=report.id, action="trash", choices=chosen)
    assert cellar.tree().keys() == {"a", "d", "e"}
    assert [why for _, why, _ in cellar.told(done)] == ["first by its path", "chosen by hand", "first by its path"]


def test_what_stays_is_left_to_another_policy(cellar: Cellar) -> None:
    trio(cellar)
    trees.build(cellar.inbox, {"x": aged("2", OLD), "y": aged("2", NEW)})
    report = cellar.dedupe()
    chosen = {1: os.fsencode(cellar.inbox / "x")}
    done = cellar.dedupe(of=report.id, action="trash", keep=["newest"], choices=chosen)
    assert done.state == "completed"
    assert cellar.tree().keys() == {"new", "x", "other"}


def test_what_a_policy_does_not_tell_apart_is_left_to_those_of_the_config(cellar: Cellar) -> None:
    trees.build(cellar.inbox, {"a": aged("1", NEW), "b": aged("1", OLD)})
    trees.build(cellar.inbox, {"in": {"c": aged("2", NEW), "d": aged("2", OLD)}, "e": aged("2", OLD)})
    report = cellar.dedupe()
    done = cellar.dedupe(of=report.id, action="trash", keep=[f"in:{cellar.inbox}/in"])
    assert cellar.tree().keys() == {"b", "in/d"}
    assert cellar.undo(done).state == "completed"


@pytest.mark.parametrize("set_to", ["off", "report", "trash"])
@pytest.mark.parametrize("action", ["trash", "hardlink"])
def test_a_copy_elsewhere_is_never_touched_whatever_shall_stay(tmp_path: Path, set_to: str, action: str) -> None:
    cellar = Cellar(tmp_path, attic=f'duplicates = "{set_to}"')
    trees.build(cellar.inbox, {"a": aged("1", NEW), "b": aged("2", NEW)})
    trees.build(cellar.attic, {"a": aged("1", OLD), "b": aged("2", OLD)})
    before = cellar.whole()
    report = cellar.dedupe()
    chosen = {0: os.fsencode(cellar.inbox / "a")}
    done = cellar.dedupe(of=report.id, action=action, keep=["in:inbox"], choices=chosen)
    assert cellar.whole()[1] == before[1]
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


def test_what_changed_since_the_report_is_skipped_alone(cellar: Cellar) -> None:
    trio(cellar)
    report = cellar.dedupe()
    trees.write(cellar.inbox / "new", b"edited", mtime_ns=NEW + 1)
    done = cellar.dedupe(of=report.id, action="trash")
    assert (done.counts.done, done.counts.skipped) == (1, 1)
    assert cellar.tree() == {"in/old": b"same", "new": b"edited", "other": b"other"}


def _other_folder(cellar: Cellar) -> Operation:
    return cellar.dedupe("attic")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"of": "nothere2", "action": "trash"}, "of"),
        ({"of": "../x", "action": "trash"}, "of"),
        ({"action": "report"}, "action"),
        ({}, "action"),
        ({"action": "trash", "choices": {7: b"/x"}}, "choices"),
        ({"action": "trash", "choices": {0: b"/x"}}, "choices"),
        ({"action": "trash", "folder": "attic"}, "of"),
        ({"action": "trash", "keep": ["eldest"]}, "keep"),
        ({"action": "trash", "keep": ["in:nowhere"]}, "keep"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(cellar: Cellar, fields: dict[str, object], field: str) -> None:
    trio(cellar)
    report = cellar.dedupe()
    with pytest.raises(UsageError) as caught:
        cellar.dedupe(**{"of": report.id, **fields})  # type: ignore[arg-type]
    assert caught.value.fields["field"] == field


# -- pictures that look alike


def _pictures(cellar: Cellar) -> None:
    """A photograph, a smaller copy of it, a copy byte for byte, and another."""
    noise = Image.effect_noise((16, 12), 90).resize((640, 480), Image.Resampling.BICUBIC)
    other = Image.effect_noise((16, 12), 90).resize((640, 480), Image.Resampling.BICUBIC)
    noise.save(cellar.inbox / "large.jpg", quality=92)
    noise.resize((320, 240)).save(cellar.inbox / "small.jpg", quality=80)
    other.save(cellar.inbox / "other.jpg", quality=92)
    trees.write(cellar.inbox / "copy.jpg", trees.content(cellar.inbox / "large.jpg"), mtime_ns=NEW)
    os.utime(cellar.inbox / "large.jpg", ns=(OLD, OLD))


def test_pictures_that_look_alike_are_reported_only(cellar: Cellar) -> None:
    _pictures(cellar)
    done = cellar.dedupe(similar=True, action="trash")
    totals = cellar.totals(done)
    assert (totals.groups, totals.near, totals.redundant) == (1, 1, 1)
    assert cellar.tree().keys() == {"large.jpg", "small.jpg", "other.jpg"}
    near = cellar.groups(done)[1]
    assert near.near
    assert [os.path.basename(file.path) for file in near.files] == [b"large.jpg", b"small.jpg"]
    assert [(file.width, file.height) for file in near.files] == [(640, 480), (320, 240)]
    assert (near.files[0].distance, near.why) == (0, "the most pixels: 640 x 480")


def test_a_picture_goes_when_a_person_chose_and_looked_it_over(cellar: Cellar) -> None:
    _pictures(cellar)
    before = cellar.whole()
    report = cellar.dedupe(similar=True)
    untouched = cellar.dedupe(of=report.id, action="trash", similar=True)
    assert untouched.counts.planned == 0
    chosen = {1: os.fsencode(cellar.inbox / "large.jpg")}
    waiting = cellar.dedupe(of=report.id, action="trash", similar=True, choices=chosen)
    assert waiting.state == "proposed"
    assert waiting.note == "pictures that only look alike: look each over before it goes"
    done = cellar.approve(waiting)
    assert cellar.reasons(done) == [("done", f"it looks like {cellar.inbox}/large.jpg")]
    assert cellar.tree().keys() == {"large.jpg", "other.jpg", "copy.jpg"}
    assert cellar.undo(done).state == "completed"
    assert cellar.whole() == before


@pytest.mark.parametrize("action", ["hardlink", "reflink"])
def test_pictures_that_look_alike_are_never_linked(cellar: Cellar, action: str) -> None:
    _pictures(cellar)
    report = cellar.dedupe(similar=True)
    with pytest.raises(UsageError, match="can go to the trash, and nothing else"):
        cellar.dedupe(of=report.id, action=action, choices={1: os.fsencode(cellar.inbox / "large.jpg")})


# -- any trees

_NAMES = ["a.jpg", "a.raw", "a.xmp", "b", "in/a.jpg", "in/a.xmp", "in/b", "in/deeper/c"]
_FILE = st.tuples(
    st.sampled_from(["", "1", "22", "333", "4" * 5000]), st.integers(0, 3), st.sampled_from([0o600, 0o644])
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    inbox=st.dictionaries(st.sampled_from(_NAMES), _FILE, min_size=2),
    attic=st.dictionaries(st.sampled_from(_NAMES), _FILE),
    links=st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(["link", "in/link"])), max_size=1),
    action=st.sampled_from(["trash", "hardlink"]),
    set_to=st.sampled_from(["off", "report", "trash"]),
)
def test_any_tree_loses_nothing_and_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    inbox: dict[str, tuple[str, int, int]],
    attic: dict[str, tuple[str, int, int]],
    links: list[tuple[str, str]],
    action: str,
    set_to: str,
) -> None:
    with seam.installed(seam.without_syncs(seam.carry_out)):
        cellar = Cellar(tmp_path_factory.mktemp("t"), attic=f'duplicates = "{set_to}"')
        for folder, files in ((cellar.inbox, inbox), (cellar.attic, attic)):
            trees.build(folder, {name: aged(*what[:2], mode=what[2]) for name, what in files.items()})
        for name, link in links:
            if name in inbox:
                (cellar.inbox / link).parent.mkdir(exist_ok=True)
                os.link(cellar.inbox / name, cellar.inbox / link)
        before, contents = cellar.whole(), trees.contents(cellar.inbox, cellar.attic)
        done = cellar.dedupe(action=action)
        assert done.state in ("completed", "partial")
        assert done.counts.failed == 0
        visible = {trees.digest(found.content) for tree in cellar.whole() for found in tree.values() if found.content}
        assert {digest for digest in contents if digest != trees.digest(b"")} <= visible  # each still has a copy
        assert set(contents) <= set(trees.contents(cellar.inbox, cellar.attic))
        assert cellar.whole()[1] == before[1]
        again = cellar.dedupe(action=action)
        assert again.counts.done == 0, cellar.reasons(again)
        undone = cellar.undo(done)
        assert undone.state == "completed", cellar.reasons(undone)
        assert cellar.whole() == before
