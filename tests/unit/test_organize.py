"""Organize: a tree before, rules, a tree after. What is planned is executed for real."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mutagen.id3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Cancelled, ConfigError, UnknownFolder, UsageError
from core.names import collision_key
from core.planners import likeness, organize
from core.planners.naming import Places
from core.rules import RuleSet
from core.rules.reading import read_rule
from core.storage.local import LocalStorage
from core.stores.decisions import Decision
from core.toml.sections import Mistakes, Section
from tests import trees
from tests.organizing import Home, acting, lines, tree_of
from tests.trees import File, Folder, Symlink


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as made:
        yield made


# -- the simplest things


def test_files_go_where_their_rules_say_and_others_stay(home: Home) -> None:
    home.rule('{ext = ["pdf", "txt"]}', "Papers/{ext}/")
    home.build({"a.pdf": "a", "b.TXT": "b", "c.xyz": "c"})
    done = home.organize()
    assert home.tree() == {"Papers/pdf/a.pdf": b"a", "Papers/TXT/b.TXT": b"b", "c.xyz": b"c"}
    assert (done.state, done.counts.done) == ("completed", 2)


def test_a_second_pass_plans_nothing(home: Home) -> None:
    home.rule('{ext = "pdf"}', "Papers/")
    home.build({"a.pdf": "a", "deep": {"a.pdf": "another", "deeper": {"a.pdf": "third"}}})
    home.organize()
    assert set(home.tree()) == {"Papers/a.pdf", "Papers/a (1).pdf", "Papers/a (2).pdf"}
    assert home.again() == []


def test_the_built_in_rules_never_leave_the_folder(home: Home) -> None:
    home.build(trees.MESSY)
    before = trees.contents(home.root)
    home.organize()
    after = home.tree()
    assert trees.contents(home.root) == before
    assert after["Documents/2014/notes (1).txt"] == b"some notes"  # Notes.txt was first
    assert after[".hidden"] == b"leave me"
    assert after["project/main.py"] == b"print('leave me')"
    assert after["movie.mkv.part"] == b"half a film"
    assert home.again() == []


def test_a_plan_says_why_and_what_it_saw(home: Home) -> None:
    home.rule('{ext = "pdf"}', "Papers/")
    home.build({"a.pdf": "a"})
    plan = home.plan()
    status = os.lstat(home.root / "a.pdf")
    assert lines(plan.steps) == [("mkdir", b"", b"Papers"), ("move", b"a.pdf", b"Papers/a.pdf")]
    move = plan.steps[1]
    assert move.why == "it"
    assert move.fingerprint is not None
    assert move.fingerprint.mtime_ns == status.st_mtime_ns
    assert plan.rules == home.config.folders[0].rules.hash
    assert plan.roots == [os.fsencode(home.root)]


def test_planning_changes_nothing(home: Home) -> None:
    home.build(trees.MESSY)
    before = trees.read(home.root, folder_times=True)
    home.plan()
    assert trees.read(home.root, folder_times=True) == before


# -- what is left alone


def test_what_is_never_entered(home: Home) -> None:
    home.rule("{}", "All/")
    kept: trees.Tree = {
        ".cache": {"a.txt": "1"},
        "mercurial": {".hg": {}, "a.txt": "2"},
        "worktree": {".git": "gitdir: elsewhere", "a.txt": "3"},
        "node_modules": {"x": {"a.txt": "4"}},
        "env": {"pyvenv.cfg": "", "a.txt": "5"},
        "@eaDir": {"a.txt": "6"},
        "My.photoslibrary": {"a.jpg": "7"},
        "Tool.app": {"a.txt": "8"},
        ".shelver-trash": {"op": {"a.txt": "9"}},
        ".bashrc": "10",
    }
    home.build({**kept, "sub": {"b.txt": "b"}})
    before = home.tree()
    home.organize()
    expected = {**before, "All/b.txt": b"b"}
    del expected["sub/b.txt"]
    assert home.tree() == expected


def test_links_are_neither_followed_nor_moved(home: Home) -> None:
    home.rule("{}", "All/")
    trees.build(home.disk, {"outside.txt": "outside"})
    home.build({"link.txt": Symlink(os.fsencode(home.disk / "outside.txt")), "linked": Symlink(os.fsencode(home.disk))})
    assert home.plan().steps == []


def test_a_project_folder_itself_is_refused(home: Home) -> None:
    home.build({".git": {}, "a.pdf": "a"})
    with pytest.raises(UsageError, match="project folder"):
        home.plan()


def test_a_folder_that_is_away_is_told(home: Home) -> None:
    home.root.rmdir()
    with pytest.raises(UsageError, match="is its disk mounted"):
        home.plan()


def test_subfolders_are_left_alone_unless_told(home: Home) -> None:
    home.rule('{ext = "pdf"}', "Papers/", folder="subfolders = false")
    home.build({"a.pdf": "a", "sub": {"b.pdf": "b"}})
    assert [step.source for step in home.plan().steps if step.kind == "move"] == [b"a.pdf"]
    home.organize(subfolders=True)
    assert home.tree() == {"Papers/a.pdf": b"a", "Papers/b.pdf": b"b"}


def test_ignored_names(home: Home) -> None:
    home.rule("{}", "All/", folder='subfolders = true\nignore = ["*.ISO", "keep/", "drafts/*.txt"]')
    home.build(
        {"a.iso": "1", "keep": {"deep": {"b.txt": "2"}}, "drafts": {"c.txt": "3", "d.pdf": "4"}, "x": {"e.iso": "5"}}
    )
    home.organize()
    assert set(home.tree()) == {"a.iso", "keep/deep/b.txt", "drafts/c.txt", "All/d.pdf", "x/e.iso"}


@pytest.mark.parametrize(
    "names",
    [
        ["film.mkv.part"],
        ["film.mkv", "film.mkv.part"],
        ["film.mkv", "film.mkv.aria2"],
        ["setup.exe.crdownload"],
        ["x.iso.!ut"],
        ["data.tmp"],
        ["up.zip.filepart"],
        ["report.docx", "~$report.docx"],
        ["document.docx", "~$cument.docx"],
        ["sheet.ods", ".~lock.sheet.ods#"],
        ["IMG_1.jpg", "IMG_1.jpg.xmp", "IMG_1.jpg.part"],
    ],
)
def test_what_is_unfinished_waits(home: Home, names: list[str]) -> None:
    home.rule("{}", "All/")
    home.build({**{name: name for name in names}, "other.txt": "other"})
    assert [step.source for step in home.plan().steps if step.kind == "move"] == [b"other.txt"]
    for name in names:
        assert home.plan(paths=[os.fsencode(name)]).steps == []


def test_what_is_open_for_writing_waits(home: Home) -> None:
    home.rule("{}", "All/")
    home.build({"a.txt": "a", "b.txt": "b"})
    with (home.root / "a.txt").open("ab", buffering=0) as writer:
        writer.write(b"more")
        told = home.plan().steps
        assert [(step.source, step.refused) for step in told if step.kind == "move"] == [
            (b"b.txt", ""),
            (b"a.txt", "open in another program"),
        ]
        assert [step.source for step in home.plan(automatic=True).steps if step.kind == "move"] == [b"b.txt"]
    assert len(acting(home.plan())) == 3


def test_the_innermost_folder_owns_its_files(home: Home) -> None:
    inner = home.root / "inner"
    home.rules(
        '[[rule]]\nname = "it"\nmatch = {ext = "txt"}\nto = "All/"\n',
        folder='subfolders = true\nrules = ["it"]',
        more=f'[[folder]]\nname = "inner"\npath = "{inner}"\nrules = ["it"]',
    )
    home.build({"a.txt": "a", "inner": {"b.txt": "b"}})
    home.organize()
    assert home.tree() == {"All/a.txt": b"a", "inner/b.txt": b"b"}
    home.organize(folder="inner")
    assert home.tree() == {"All/a.txt": b"a", "inner/All/b.txt": b"b"}


def test_what_goes_into_a_nested_folder_goes_there_by_its_own_root(home: Home) -> None:
    inner = home.root / "inner"
    home.rules(
        '[[rule]]\nname = "in"\nmatch = {ext = "txt"}\nto = "inner/deep/"\n'
        '[[rule]]\nname = "stay"\nmatch = {}\naction = "leave"\n',
        folder='subfolders = true\nrules = ["in"]',
        more=f'[[folder]]\nname = "inner"\npath = "{inner}"\nrules = ["stay"]',
    )
    home.build({"a.txt": "a", "inner": {}})
    plan = home.plan()
    assert plan.roots == [os.fsencode(home.root), os.fsencode(inner)]
    assert lines(plan.steps) == [("mkdir", b"", b"deep"), ("move", b"a.txt", b"deep/a.txt")]
    home.scene.run(plan)
    assert home.tree() == {"inner/deep/a.txt": b"a"}


def test_a_part_of_a_folder_can_be_named(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/", folder="subfolders = false")
    home.build({"a.txt": "a", "sub": {"b.txt": "b", "deep": {"c.txt": "c"}}})
    home.organize(folder=str(home.root / "sub"))
    assert set(home.tree()) == {"a.txt", "All/b.txt", "sub/deep/c.txt"}
    home.organize(folder=str(home.root / "sub/deep/c.txt"))
    assert set(home.tree()) == {"a.txt", "All/b.txt", "All/c.txt"}


def test_a_folder_nobody_configured_gets_the_built_in_rules(home: Home) -> None:
    trees.build(home.disk, {"a.zip": b"PK\x05\x06" + bytes(18)})
    home.organize(folder=str(home.disk))
    assert set(tree_of(home.disk)) == {"Archives/a.zip"}
    with pytest.raises(UnknownFolder):
        home.plan(folder="nowhere")


def test_rules_can_be_chosen(home: Home) -> None:
    home.rules(
        '[[rule]]\nname = "one"\nmatch = {ext = "txt"}\nto = "One/"\n'
        '[[rule]]\nname = "two"\nmatch = {ext = "pdf"}\nto = "Two/"\n'
    )
    home.build({"a.txt": "a", "b.pdf": "b"})
    home.organize(rules=["two"])
    assert home.tree() == {"a.txt": b"a", "Two/b.pdf": b"b"}
    with pytest.raises(UsageError, match="did you mean `two`"):
        home.plan(rules=["tow"])


def test_paths_limit_what_is_looked_at(home: Home) -> None:
    home.rule('{ext = ["txt", "jpg"]}', "All/")
    home.build({"a.txt": "a", "b.txt": "b", "p.jpg": "p", "p.jpg.xmp": "x", "sub": {"c.txt": "c"}})
    trees.build(home.disk, {"d.txt": "outside"})
    home.build({"link": Symlink(os.fsencode(home.disk))})
    home.organize(
        paths=[b"b.txt", b"p.jpg.xmp", b"gone.txt", b"../a.txt", b"sub/c.txt", b"", b"link/d.txt", b"b.txt/e", b"/f"]
    )
    assert set(home.tree()) == {"a.txt", "All/b.txt", "All/p.jpg", "All/p.jpg.xmp", "All/c.txt", "link"}


def test_paths_deep_within_what_is_never_entered(home: Home) -> None:
    home.rule("{}", "All/")
    paths = [
        ".config/deep/a.txt",
        "project/src/deep/a.txt",
        "node_modules/x/y/a.txt",
        "Tool.app/x/a.txt",
        "x/.y/z/a.txt",
    ]
    for path in [*paths, "project/.git/HEAD"]:
        home.build({path: "a"})
    assert home.plan(paths=[path.encode() for path in paths]).steps == []


def test_what_a_person_undid_is_left_alone_by_the_agent_until_somebody_asks(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/")
    home.build({"a.txt": "a"})
    status = os.lstat(home.root / "a.txt")
    rules = home.config.folders[0].rules.hash
    path = os.fsencode(home.root / "a.txt")
    home.decisions.record([Decision(path, "undone", status.st_size, status.st_mtime_ns, rules, "op0")])
    assert home.plan(automatic=True).steps == []
    assert len(home.plan().steps) == 2
    trees.write(path, b"edited since")
    assert len(home.plan(automatic=True).steps) == 2


# -- names


def test_conflicts_are_numbered(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/")
    home.build({"All": {"a.txt": "old", "a (1).txt": "older"}, "a.txt": "new", "sub": {"a.txt": "newer"}})
    home.organize()
    assert home.tree() == {
        "All/a.txt": b"old",
        "All/a (1).txt": b"older",
        "All/a (2).txt": b"new",
        "All/a (3).txt": b"newer",
    }
    assert home.again() == []


def test_conflicts_are_skipped(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/", on_conflict="skip")
    home.build({"All": {"a.txt": "old"}, "a.txt": "new", "b.txt": "b"})
    done = home.organize()
    assert home.tree() == {"All/a.txt": b"old", "a.txt": b"new", "All/b.txt": b"b"}
    assert ("skipped", "the place is taken") in done.results()
    assert done.state == "partial"


def test_the_same_bytes_are_skipped_and_others_numbered(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/", on_conflict="same-or-number")
    home.build({
        "All": {"a.txt": "same", "a (1).txt": "second"},
        "a.txt": "same", "one": {"a.txt": "SAME"}, "two": {"a.txt": "second"}, "three": {"a.txt": "SAME"},
    })  # fmt: skip
    done = home.organize()
    assert home.tree() == {
        "All/a.txt": b"same",
        "All/a (1).txt": b"second",
        "a.txt": b"same",
        "All/a (2).txt": b"SAME",
        "three/a.txt": b"SAME",
        "two/a.txt": b"second",
    }
    assert [reason for outcome, reason in done.results() if outcome == "skipped"] == [
        "the same bytes are already there"
    ] * 3


def test_same_size_and_time_is_not_the_same(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/", on_conflict="same-or-number")
    home.build({"All": {"a.txt": File(b"one", 7)}, "a.txt": File(b"two", 7)})
    home.organize()
    assert home.tree() == {"All/a.txt": b"one", "All/a (1).txt": b"two"}


def test_a_digest_only_nominates(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "digest_of", lambda descriptor: b"the same for all")
    home.rule('{ext = "txt"}', "All/", on_conflict="same-or-number")
    home.build({"All": {"a.txt": "one"}, "a.txt": "two", "sub": {"a.txt": "one"}})
    home.organize()
    assert home.tree() == {"All/a.txt": b"one", "All/a (1).txt": b"two", "sub/a.txt": b"one"}


def test_names_that_differ_only_in_case_or_form_never_meet(home: Home) -> None:
    home.rule("{}", "All/")
    home.build({"a.txt": "1", "A.TXT": "2", "u\u0308.txt": "3", "\u00fc.txt": "4", "ALL": {"Ü.txt": "5"}})
    home.organize()
    names = [os.path.basename(path) for path in trees.names(home.root)]
    assert len({collision_key(name) for name in names}) == len(names) == 5
    assert [path for path in home.tree() if not path.startswith("ALL/")] == []  # one folder, not two
    assert home.again() == []


def test_a_folder_is_found_in_whatever_case(home: Home) -> None:
    home.rule('{ext = "txt"}', "papers/{stem}/")
    home.build({"Papers": {}, "X.txt": "1", "sub": {"x.txt": "2"}})
    home.organize()
    assert home.tree() == {"Papers/X/X.txt": b"1", "Papers/X/x (1).txt": b"2"}
    assert home.again() == []


def test_a_folder_that_has_the_wanted_name(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/")
    home.build({"a.txt": "a", "All": {"a.txt": Folder({"keep.bin": "k"})}})
    home.organize()
    assert home.tree() == {"All/a.txt/keep.bin": b"k", "All/a (1).txt": b"a"}


def test_a_file_stands_where_a_folder_should_be(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/")
    home.build({"a.txt": "a", "All": "no folder"})
    done = home.organize()
    assert home.tree() == {"a.txt": b"a", "All": b"no folder"}
    assert done.results() == [("skipped", "a file or a link stands where its folder would be")]


def test_a_file_goes_into_a_folder_of_its_own_name(home: Home) -> None:
    home.rule("{}", "{stem}/")
    home.build({"code": "c", "IMG.jpg": "j", "sub": {"IMG.JPG.txt": "t"}})
    before = trees.read(home.root)
    done = home.organize()
    assert home.tree() == {"code/code": b"c", "IMG/IMG.jpg": b"j", "IMG.JPG/IMG.JPG.txt": b"t"}
    assert done.state == "completed"
    assert home.again() == []
    home.scene.undo(done)
    assert trees.read(home.root) == before


def test_a_copy_does_not_wait_for_the_name_of_its_folder(home: Home) -> None:
    unchecked(home, {"match": {"name": "a"}, "to": "b/", "action": "copy"}, {"match": {"name": "b"}, "to": "c"})
    home.build({"a": "a", "b": "b"})
    done = home.organize()
    assert home.tree() == {"a": b"a", "c": b"b"}
    assert ("skipped", "a file or a link stands where its folder would be") in done.results()


def test_a_link_on_the_way_is_not_followed(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/deep/")
    home.build({"a.txt": "a", "All": Symlink(os.fsencode(home.disk))})
    assert [step.refused for step in home.plan().steps] == ["a file or a link stands where its folder would be"]


@pytest.mark.parametrize("on_conflict", ["number", "skip", "same-or-number"])
def test_many_files_of_one_name_cost_a_few_looks_each(
    home: Home, monkeypatch: pytest.MonkeyPatch, on_conflict: str
) -> None:
    looks = 0
    is_free = Places._is_free

    def counted(self: Places, *arguments: Any, **options: Any) -> bool:
        nonlocal looks
        looks += 1
        return is_free(self, *arguments, **options)

    monkeypatch.setattr(Places, "_is_free", counted)
    home.rule('{ext = "pdf"}', "All/", on_conflict=on_conflict)
    for n in range(1000):
        home.build({f"{n:04}/scan.pdf": f"{n:05}"})
    home.build({"All/scan.pdf": "first"})
    plan = home.plan()
    moves = {step.destination for step in plan.steps if step.kind == "move" and not step.refused}
    assert moves == (set() if on_conflict == "skip" else {b"All/scan (%d).pdf" % n for n in range(1, 1001)})
    assert looks < 3 * 1000


def test_long_names_are_cut_to_fit_their_number(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/")
    name = "\u20ac" * 83 + "xx.txt"  # 255 bytes
    home.build({name: "1", "sub": {name: "2"}})
    home.organize()
    assert sorted(home.tree().values()) == [b"1", b"2"]
    assert max(len(os.path.basename(path)) for path in trees.names(home.root)) <= 255
    assert home.again() == []


def test_hostile_names_arrive_as_they_are(home: Home) -> None:
    home.rule("{}", "All/")
    names = {name for name in trees.HOSTILE_NAMES if b"/" not in name and not name.startswith((b".", b"~$"))}
    home.build({name: name for name in names})
    home.organize()
    moved = {node.content: os.path.basename(path) for path, node in trees.read(home.root / "All").items()}
    assert moved.keys() == names
    alone = [name for name in names if [collision_key(n) for n in names].count(collision_key(name)) == 1]
    assert all(moved[name] == name for name in alone)
    assert home.again() == []


@pytest.mark.parametrize(
    ("artist", "folder"),
    [
        ("../../etc", "_._.._etc"),
        ("/etc/cron.d/x", "_etc_cron.d_x"),
        ("{0.__class__}", "{0.__class__}"),
        ("..", "_."),
        (".shelver-trash", "_shelver-trash"),
        ("\x1b]0;mine\x07", "]0;mine"),
    ],
)
def test_hostile_tags_are_harmless(home: Home, tmp_path: Path, artist: str, folder: str) -> None:
    tags: Any = mutagen.id3.ID3()
    tags.add(mutagen.id3.TPE1(encoding=3, text=[artist]))
    tags.add(mutagen.id3.TALB(encoding=3, text=["../../../" + artist]))
    sound = home.root / "song.mp3"
    tags.save(sound)
    with sound.open("ab") as file:
        file.write((b"\xff\xfb\x90\x00" + bytes(413)) * 8)
    outside = set(tmp_path.rglob("*")) - set(home.root.rglob("*"))
    home.organize()
    (moved,) = [path for path in home.tree() if path.endswith("song.mp3")]
    assert moved.startswith(f"Music/{folder}/_")
    assert moved.count("/") == 3
    assert {path for path in set(tmp_path.rglob("*")) - outside if not path.is_relative_to(home.root)} <= set(
        home.scene.operations.rglob("*")
    )
    assert home.again() == []


# -- renames


def unchecked(home: Home, *tables: dict[str, Any]) -> None:
    """Give the folder rules that no config would pass, because one feeds another: the planner must survive them."""
    mistakes = Mistakes()
    rules = [read_rule(Section({"name": str(n), **table}, (), "", mistakes)) for n, table in enumerate(tables)]
    mistakes.raise_any("the test")
    home.config = replace(home.config, folders=(replace(home.config.folders[0], rules=RuleSet(rules)),))


def renaming(home: Home, renames: dict[str, str]) -> None:
    unchecked(home, *({"match": {"name": f"{old}"}, "to": new} for old, new in renames.items()))


@pytest.mark.parametrize(
    "renames",
    [
        {"a": "b", "b": "a"},
        {"a": "b", "b": "c", "c": "a"},
        {"a": "b", "b": "c", "c": "d"},
        {"a": "b", "b": "a", "c": "d", "d": "c", "e": "a"},
        {"a": "A"},
    ],
)
def test_swaps_and_circles(home: Home, renames: dict[str, str]) -> None:
    renaming(home, renames)
    home.build({name: name for name in renames})
    done = home.organize()
    expected = {new: old.encode() for old, new in renames.items() if old != "e"}
    if "e" in renames:
        expected["a (1)"] = b"e"
    assert home.tree() == expected
    assert done.state == "completed"


def test_a_circle_is_undone(home: Home) -> None:
    renaming(home, {"a": "b", "b": "c", "c": "a"})
    home.build({name: name for name in "abc"})
    before = trees.read(home.root)
    home.scene.undo(home.organize())
    assert trees.read(home.root) == before


def test_a_refused_file_keeps_its_name_for_itself(home: Home) -> None:
    unchecked(home, {"match": {"name": "a"}, "to": "b"}, {"match": {"name": "b"}, "to": "c", "on_conflict": "skip"})
    home.build({"a": "a", "b": "b", "c": "c"})
    plan = home.plan()
    assert [(step.source, step.destination, step.refused) for step in plan.steps] == [
        (b"a", b"b (1)", ""),
        (b"b", b"c", "the place is taken"),
    ]
    home.scene.run(plan)
    assert home.tree() == {"b (1)": b"a", "b": b"b", "c": b"c"}


def test_where_a_file_waits_is_no_name_that_is_yet_to_be_freed(home: Home) -> None:
    renaming(home, {"a": "b", "b": "a", "a (1)": "x"})
    home.build({name: name for name in ("a", "b", "a (1)")})
    plan = home.plan()
    assert lines(plan.steps)[0] == ("move", b"a", b"a (2)")
    home.scene.run(plan)
    assert home.tree() == {"a": b"b", "b": b"a", "x": b"a (1)"}


def test_a_file_never_takes_the_name_of_a_folder_to_be(home: Home) -> None:
    renaming(home, {"one": "New/", "two": "new"})
    home.build({"one": "1", "two": "2"})
    home.organize()
    assert home.tree() == {"New/one": b"1", "new (1)": b"2"}


def test_a_copy_never_counts_on_a_name_that_is_yet_to_be_freed(home: Home) -> None:
    unchecked(
        home, {"match": {"name": "a"}, "to": "b", "action": "copy"}, {"match": {"name": "b"}, "to": "c"},
    )  # fmt: skip
    home.build({"a": "a", "b": "b"})
    assert lines(home.plan().steps) == [("copy", b"a", b"b (1)"), ("move", b"b", b"c")]


def test_bytes_that_leave_are_not_there(home: Home) -> None:
    unchecked(
        home,
        {"match": {"path": "All/*"}, "to": "Gone/"},
        {"match": {"ext": "txt"}, "to": "All/", "on_conflict": "same-or-number"},
    )
    home.build({"All": {"a.txt": "Y"}, "s1": {"a.txt": "X"}, "s2": {"a.txt": "Y"}})
    home.organize()
    assert home.tree() == {"Gone/a.txt": b"Y", "All/a.txt": b"X", "All/a (1).txt": b"Y"}


def test_a_renaming_rule_leaves_numbered_files_at_home(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/note.txt")
    home.build({"a.txt": "1", "b.txt": "2"})
    home.organize()
    assert home.tree() == {"All/note.txt": b"1", "All/note (1).txt": b"2"}
    assert home.again() == []
    (home.root / "All/note.txt").unlink()
    home.organize()
    assert home.tree() == {"All/note.txt": b"2"}
    assert home.again() == []


# -- files that belong together

PICTURES = '{kind = ["image", "video"]}'


def test_a_family_moves_as_one(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/")
    family = ["IMG.jpg", "IMG.CR2", "IMG.mov", "IMG.xmp", "IMG.JPG.xmp", "img.aae", "IMG.jpg.json",
              "IMG.jpg.supplemental-metadata.json", "IMG.xmp.json"]  # fmt: skip
    home.build({name: name for name in [*family, "IMG.txt", "other.xmp", "config.json", "config.py"]})
    plan = home.plan()
    groups = {step.group for step in plan.steps if step.kind == "move"}
    assert len(groups) == 1
    assert groups != {0}
    home.scene.run(plan)
    assert set(home.tree()) == {f"Pictures/{name}" for name in family} | {
        "IMG.txt", "other.xmp", "config.json", "config.py",
    }  # fmt: skip
    assert home.again() == []


def test_a_family_takes_its_number_as_one(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/")
    home.build({
        "Pictures": {"IMG.xmp": "somebody else's", "IMG (1).CR2": "too"},
        "IMG.jpg": "j", "IMG.CR2": "r", "IMG.xmp": "x", "IMG.jpg.xmp": "jx",
    })  # fmt: skip
    home.organize()
    assert home.tree() == {
        "Pictures/IMG.xmp": b"somebody else's",
        "Pictures/IMG (1).CR2": b"too",
        "Pictures/IMG (2).jpg": b"j",
        "Pictures/IMG (2).CR2": b"r",
        "Pictures/IMG (2).xmp": b"x",
        "Pictures/IMG (2).jpg.xmp": b"jx",
    }
    assert home.again() == []


def test_a_family_is_renamed_as_one(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/{modified:%Y-%m-%d}.{ext}")
    home.build({name: name for name in ["IMG.jpg", "IMG.dng", "IMG.jpg.xmp", "IMG.dng.xmp", "IMG.xmp"]})
    home.organize()
    assert home.tree() == {
        "Pictures/2014-05-13.jpg": b"IMG.jpg",
        "Pictures/2014-05-13.dng": b"IMG.dng",
        "Pictures/2014-05-13.jpg.xmp": b"IMG.jpg.xmp",
        "Pictures/2014-05-13.dng.xmp": b"IMG.dng.xmp",
        "Pictures/2014-05-13.xmp": b"IMG.xmp",
    }
    assert home.again() == []


@pytest.mark.parametrize(("name", "steps"), [("IMG.jpeg", 1), ("IMG.JPG", 4)])
def test_a_family_of_which_some_keep_their_names(home: Home, name: str, steps: int) -> None:
    home.rule('{ext = ["jpg", "jpeg"]}', "{stem}.jpg")
    home.build({name: "j", "IMG.xmp": "x"})
    done = home.organize()
    assert home.tree() == {"IMG.jpg": b"j", "IMG.xmp": b"x"}
    assert (done.state, len(done.plan.steps)) == ("completed", steps)
    assert home.again() == []


def test_a_rename_in_case_alone_goes_by_a_name_beside(home: Home) -> None:
    renaming(home, {"a.txt": "A.txt"})
    home.build({"a.txt": "a"})
    plan = home.plan()
    assert lines(plan.steps) == [("move", b"a.txt", b"a (1).txt"), ("move", b"a (1).txt", b"A.txt")]
    home.scene.run(plan)
    assert home.tree() == {"A.txt": b"a"}


def test_a_family_in_two_unicode_forms(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/new.{ext}")
    home.build({"u\u0308ber.x.jpg": "j", "\u00fcber.x.jpg.xmp": "x", "\u00dcBER.X.aae": "a"})
    home.organize()
    assert home.tree() == {"Pictures/new.jpg": b"j", "Pictures/new.jpg.xmp": b"x", "Pictures/new.X.aae": b"a"} or (
        home.tree() == {"Pictures/new.jpg": b"j", "Pictures/new.jpg.xmp": b"x", "Pictures/new.aae": b"a"}
    )


def test_subtitles_follow_their_film(home: Home) -> None:
    home.rule('{ext = "mkv"}', "Films/{stem}/")
    home.build({name: name for name in ["Film.mkv", "Film.srt", "Film.en.srt", "Film.pt-BR.srt", "Film two.srt"]})
    home.organize()
    assert set(home.tree()) == {
        "Films/Film/Film.mkv", "Films/Film/Film.srt", "Films/Film/Film.en.srt", "Films/Film/Film.pt-BR.srt",
        "Film two.srt",
    }  # fmt: skip


def test_a_raw_decides_where_no_rule_takes_the_picture(home: Home) -> None:
    home.rule('{ext = "cr2"}', "Raw/")
    home.build({"IMG.jpg": "j", "IMG.cr2": "r", "IMG.xmp": "x"})
    home.organize()
    assert set(home.tree()) == {"Raw/IMG.jpg", "Raw/IMG.cr2", "Raw/IMG.xmp"}


def test_a_sidecar_never_decides_for_its_leader(home: Home) -> None:
    home.rule('{ext = "xmp"}', "Sidecars/")
    home.build({"IMG.jpg": "j", "IMG.xmp": "x", "lonely.xmp": "l"})
    home.organize()
    assert set(home.tree()) == {"IMG.jpg", "IMG.xmp", "Sidecars/lonely.xmp"}


def test_one_file_in_use_holds_its_family_back(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/")
    home.build({"IMG.jpg": "j", "IMG.xmp": "x"})
    with (home.root / "IMG.xmp").open("ab", buffering=0) as writer:
        writer.write(b"more")
        assert {step.refused for step in home.plan().steps} == {"open in another program"}
        assert home.plan(automatic=True).steps == []


PICTURES_AND_REST = """
[[rule]]
name = "pictures"
match = {ext = "jpg"}
to = "Pictures/{modified:%Y}/"
[[rule]]
name = "rest"
match = {}
to = "Rest/"
"""


@pytest.mark.parametrize("sidecar", ["IMG.jpg.xmp", "IMG.xmp", "IMG.jpg.supplemental-metadata.json"])
def test_a_late_sidecar_follows_its_leader(home: Home, sidecar: str) -> None:
    home.rules(PICTURES_AND_REST, folder="subfolders = false")
    home.build({"Pictures/2014/IMG.jpg": "taken", "IMG.jpg": "j"})
    home.organize()
    assert "Pictures/2014/IMG (1).jpg" in home.tree()
    home.build({sidecar: "late"})
    home.organize(automatic=True, paths=[sidecar.encode()])
    assert home.tree() == {
        "Pictures/2014/IMG.jpg": b"taken",
        "Pictures/2014/IMG (1).jpg": b"j",
        f"Pictures/2014/{sidecar.replace('IMG', 'IMG (1)')}": b"late",
    }


def test_a_late_sidecar_follows_its_leader_through_two_moves(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/", folder="subfolders = false")
    home.build({"IMG.jpg": "j"})
    home.organize()
    home.scene.act([("mkdir", "", "Best"), ("move", "Pictures/IMG.jpg", "Best/one.jpg")])
    home.build({"IMG.xmp": "late"})
    home.organize()
    assert home.tree() == {"Pictures/": b"", "Best/one.jpg": b"j", "Best/one.xmp": b"late"}


def test_a_late_sidecar_does_not_follow_into_the_trash(home: Home) -> None:
    home.rules('[[rule]]\nname = "junk"\nmatch = {ext = "jpg"}\naction = "trash"\n')
    home.build({"IMG.jpg": "j"})
    home.organize()
    home.build({"IMG.xmp": "late"})
    assert home.plan().steps == []


@pytest.mark.parametrize("sidecar", ["IMG.jpg.xmp", "IMG.xmp", "IMG.AAE", "IMG.jpg.supplemental-metadata.json"])
def test_an_early_sidecar_is_fetched_when_its_leader_comes(home: Home, sidecar: str) -> None:
    home.rules(PICTURES_AND_REST, folder="subfolders = false")
    home.build({"any": "a"})
    home.organize()  # a history that is empty is asked nothing more
    home.build({sidecar: "early", "Pictures/2014/IMG.jpg": "taken"})
    home.organize(automatic=True, paths=[sidecar.encode()])
    assert f"Rest/{sidecar}" in home.tree()
    home.build({"IMG.jpg": "j"})
    before = home.tree()
    fetched = home.organize(automatic=True, paths=[b"IMG.jpg"])
    assert home.tree() == {
        "Pictures/2014/IMG.jpg": b"taken",
        "Pictures/2014/IMG (1).jpg": b"j",
        f"Pictures/2014/{sidecar.replace('IMG', 'IMG (1)')}": b"early",
        "Rest/any": b"a",
    }
    home.scene.undo(fetched)
    assert home.tree() == before


def test_a_sidecar_of_long_ago_belonged_to_another_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.rules(PICTURES_AND_REST, folder="subfolders = false")
    home.build({"any": "a"})
    home.organize()
    home.build({"IMG.xmp": "early"})
    home.organize()
    monkeypatch.setattr("core.planners.strays.EARLY_SECONDS", -1)
    home.build({"IMG.jpg": "j"})
    home.organize(automatic=True, paths=[b"IMG.jpg"])
    assert "Rest/IMG.xmp" in home.tree()


def test_an_early_sidecar_that_was_put_elsewhere_by_hand_stays_there(home: Home) -> None:
    home.rules(PICTURES_AND_REST, folder="subfolders = false")
    home.build({"any": "a"})
    home.organize()
    home.build({"IMG.xmp": "early"})
    home.organize()
    (home.root / "Rest/IMG.xmp").rename(home.root / "Rest/mine.xmp")
    home.build({"IMG.jpg": "j"})
    home.organize(automatic=True, paths=[b"IMG.jpg"])
    assert "Rest/mine.xmp" in home.tree()


def test_a_family_is_undone_as_one(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/{modified:%Y}/")
    home.build({"sub": {"IMG.jpg": "j", "IMG.cr2": "r", "IMG.xmp": "x"}, "Pictures": {"2014": {"IMG.xmp": "there"}}})
    before = trees.read(home.root)
    home.scene.undo(home.organize())
    assert trees.read(home.root) == before


# -- copy, trash, leave


def test_copies_run_beside_and_a_content_is_copied_once(home: Home) -> None:
    home.rules(
        f'[[rule]]\nname = "keep"\nmatch = {{ext = "pdf"}}\naction = "copy"\nto = "{home.disk}/backup/"\n'
        '[[rule]]\nname = "sort"\nmatch = {ext = "pdf"}\nto = "Papers/"\n'
    )
    home.build({"a.pdf": "a"})
    done = home.organize()
    assert home.tree() == {"Papers/a.pdf": b"a"}
    assert tree_of(home.disk) == {"backup/a.pdf": b"a"}
    assert [step.kind for step in done.plan.steps] == ["mkdir", "copy", "mkdir", "move"]
    assert home.again() == []


def test_a_copy_is_not_copied(home: Home) -> None:
    home.rules('[[rule]]\nname = "keep"\nmatch = {ext = "pdf"}\naction = "copy"\nto = "Copies/"\n')
    home.build({"a.pdf": "a", "Copies": {"old.pdf": "old"}})
    home.organize()
    assert home.tree() == {"a.pdf": b"a", "Copies/a.pdf": b"a", "Copies/old.pdf": b"old"}
    assert home.again() == []


def test_what_was_copied_is_not_copied_again_though_the_copy_is_gone(home: Home) -> None:
    home.rules(f'[[rule]]\nname = "keep"\nmatch = {{}}\naction = "copy"\nto = "{home.disk}/"\n')
    home.build({"a.pdf": "a"})
    status = os.lstat(home.root / "a.pdf")
    path = os.fsencode(home.root / "a.pdf")
    rules = home.config.folders[0].rules.hash
    assert len(home.plan().steps) == 1
    home.decisions.record([Decision(path, "copied", status.st_size, status.st_mtime_ns, rules, "op0", subject="keep")])
    assert home.plan().steps == []


def test_a_copy_of_other_bytes_takes_a_number(home: Home) -> None:
    home.rules(f'[[rule]]\nname = "keep"\nmatch = {{}}\naction = "copy"\nto = "{home.disk}/"\n')
    home.build({"a.pdf": "new"})
    trees.build(home.disk, {"a.pdf": "old"})
    home.organize()
    assert tree_of(home.disk) == {"a.pdf": b"old", "a (1).pdf": b"new"}
    assert home.again() == []


def test_trash_lies_in_the_folder_by_operation(home: Home) -> None:
    home.rules('[[rule]]\nname = "junk"\nmatch = {ext = ["log", "jpg"]}\naction = "trash"\n')
    home.build({"sub": {"a.log": "a", "IMG.jpg": "j", "IMG.xmp": "x"}, "keep.txt": "k"})
    done = home.organize()
    trash = f".shelver-trash/{done.id}/sub"
    assert home.tree() == {"keep.txt": b"k", f"{trash}/a.log": b"a", f"{trash}/IMG.jpg": b"j", f"{trash}/IMG.xmp": b"x"}
    home.scene.undo(done)
    assert {path for path in home.tree() if "trash" not in path} == {
        "keep.txt",
        "sub/a.log",
        "sub/IMG.jpg",
        "sub/IMG.xmp",
    }


def test_leave_decides(home: Home) -> None:
    home.rules(
        '[[rule]]\nname = "mine"\nmatch = {name = "keep*"}\naction = "leave"\n'
        '[[rule]]\nname = "rest"\nmatch = {}\nto = "All/"\n'
    )
    home.build({"keep me.txt": "k", "a.txt": "a"})
    home.organize()
    assert home.tree() == {"keep me.txt": b"k", "All/a.txt": b"a"}


# -- other roots


def test_an_absolute_destination_is_a_root_of_its_own(home: Home) -> None:
    home.rule('{ext = "iso"}', f"{home.disk}/Images/")
    home.build({"a.iso": "a"})
    plan = home.plan()
    assert plan.roots == [os.fsencode(home.root), os.fsencode(home.disk)]
    home.scene.run(plan)
    assert tree_of(home.disk) == {"Images/a.iso": b"a"}


def test_a_destination_that_is_not_mounted_is_never_made(home: Home) -> None:
    home.rule('{ext = "iso"}', f"{home.disk}/Images/")
    home.disk.rmdir()
    home.build({"a.iso": "a"})
    plan = home.plan()
    assert len(plan.steps) == 1
    assert "is not there" in plan.steps[0].refused
    home.scene.run(plan)
    assert home.tree() == {"a.iso": b"a"}
    assert not home.disk.exists()


def test_destinations_within_the_folder_are_no_second_root(home: Home) -> None:
    home.rules(
        '[[rule]]\nname = "it"\nmatch = {ext = "txt"}\nto = "out/"\n',
        more="",
    )
    agent = replace(home.config.agent, destinations=(os.fsencode(home.root / "out"),))
    home.config = replace(home.config, agent=agent)
    home.build({"a.txt": "a", "out": {"b.txt": "b"}})
    plan = home.plan()
    assert plan.roots == [os.fsencode(home.root)]
    home.scene.run(plan)
    assert home.tree() == {"out/a.txt": b"a", "out/b.txt": b"b"}
    assert home.again() == []


# -- folders


def test_folders_that_the_plan_empties_go_and_no_others(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/")
    home.build({
        "gone": {"deep": {"a.txt": "a"}, "b.txt": "b"},
        "kept": {"c.txt": "c", "d.bin": "d"},
        "hidden": {"e.txt": "e", ".keep": ""},
        "was empty": {},
        "holds empty": {"f.txt": "f", "empty": {}},
    })  # fmt: skip
    done = home.organize()
    assert set(home.tree()) == {
        "All/a.txt", "All/b.txt", "All/c.txt", "All/e.txt", "All/f.txt", "kept/d.bin", "hidden/.keep", "was empty/",
        "holds empty/empty/",
    }  # fmt: skip
    removed = [step for step in done.plan.steps if step.kind == "rmdir"]
    assert [step.source for step in removed] == [b"gone/deep", b"gone"]
    assert all(step.attributes is not None for step in removed)


@pytest.mark.parametrize("name", ["b.txt", "new.txt", "deep/new.txt"])
def test_a_folder_that_something_moves_into_stays(home: Home, name: str) -> None:
    renaming(home, {"a.txt": f"sub/{name}", "b.txt": "c.txt"})
    home.build({"a.txt": "a", "sub": {"b.txt": "b"}})
    plan = home.plan()
    assert [step for step in plan.steps if step.kind == "rmdir"] == []
    home.scene.run(plan)
    assert home.tree() == {f"sub/{name}": b"a", "c.txt": b"b"}


def test_a_destination_that_the_config_names_is_never_removed(home: Home) -> None:
    renaming(home, {"a.txt": "b.txt"})
    agent = replace(home.config.agent, destinations=(os.fsencode(home.root / "out"),))
    home.config = replace(home.config, agent=agent)
    home.build({"out": {"a.txt": "a"}, "other": {"a.txt": "a"}})
    assert [step.source for step in home.plan().steps if step.kind == "rmdir"] == [b"other"]


def test_a_folder_that_is_there_is_not_made(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/deep/")
    home.build({"All": {}, "a.txt": "a"})
    assert lines(home.plan().steps) == [("mkdir", b"", b"All/deep"), ("move", b"a.txt", b"All/deep/a.txt")]


def test_organizing_and_undoing_gives_the_tree_back(home: Home) -> None:
    home.build(trees.MESSY)
    before = trees.read(home.root)
    home.scene.undo(home.organize())
    assert trees.read(home.root) == before


# -- what cannot be looked at


def test_a_folder_that_cannot_be_read_is_told_to_people(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    open_for_walk = LocalStorage._open_for_walk

    def refusing(self: LocalStorage, directory: bytes) -> int:
        if directory == b"locked":
            raise PermissionError(errno.EACCES, "no")
        return open_for_walk(self, directory)

    monkeypatch.setattr(LocalStorage, "_open_for_walk", refusing)
    home.rule("{}", "All/")
    home.build({"a.txt": "a", "locked": {"b.txt": "b"}})
    done = home.organize()
    assert home.tree() == {"All/a.txt": b"a", "locked/b.txt": b"b"}
    assert ("skipped", "this folder cannot be read") in done.results()
    assert home.plan(automatic=True).steps == []


# -- a rule that cannot decide


def test_a_regex_that_never_ends_costs_one_file(home: Home) -> None:
    home.rules(
        '[[rule]]\nname = "slow"\nmatch = {regex = "^(a|aa)+$"}\nto = "Slow/"\n'
        '[[rule]]\nname = "rest"\nmatch = {}\nto = "Rest/"\n'
    )
    home.build({"a" * 60 + "!": "bad", "b.txt": "good"})
    done = home.organize()
    assert home.tree() == {"a" * 60 + "!": b"bad", "Rest/b.txt": b"good"}
    assert ("skipped", "rule slow timed out") in done.results()


def test_the_planner_says_how_far_it_is(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/")
    home.build({f"{n}.txt": "" for n in range(600)})
    home.plan()
    assert ("scanning", 512, 0) in home.reports
    assert ("planning", 512, 600) in home.reports


def test_the_planner_says_how_far_it_is_with_files_that_take_thought(home: Home) -> None:
    home.rule('{ext = "txt"}', "All/", on_conflict="same-or-number")
    home.build({f"{n}.txt": "" for n in range(600)})
    home.plan()
    assert ("scanning", 512, 0) in home.reports
    assert ("planning", 512, 600) in home.reports
    assert home.reports.count(("planning", 600, 600)) == 6  # while it asks for writers, and while it settles names


@pytest.mark.parametrize(("on_conflict", "when"), [("number", n) for n in range(6)] + [("skip", n) for n in range(6)]
                         + [("same-or-number", n) for n in range(8)])  # fmt: skip
def test_planning_can_be_cancelled_at_any_time(home: Home, on_conflict: str, when: int) -> None:
    home.rule('{ext = "txt"}', "All/", on_conflict=on_conflict)
    home.build({f"{n}.txt": "" for n in range(600)})
    reports = 0

    def report(phase: str, done: int, total: int) -> None:
        nonlocal reports
        reports += 1
        if reports > when:
            raise Cancelled

    with pytest.raises(Cancelled):
        organize.plan(home.scene.request(), replace(home.ground(), report=report))


# -- whatever the tree and the rules

NAMES = st.sampled_from(
    ["a.txt", "A.txt", "b.txt", "IMG.jpg", "IMG.JPG.xmp", "IMG.xmp", "img.cr2", "IMG.mov", "c.pdf", "c (1).pdf", "d",
     "\u00fc.txt", "u\u0308.txt", "x.part", ".dot", "All", "note.txt"]
)  # fmt: skip
FOLDERS = st.sampled_from(["", "sub/", "sub/deep/", "All/", "all/", "Pictures/2014/", "c/"])
TREES = st.dictionaries(st.tuples(FOLDERS, NAMES), st.sampled_from(["1", "2", "3"]), max_size=14)
MATCHES = st.sampled_from(['{ext = "txt"}', '{ext = ["jpg", "cr2"]}', '{name = "*c*"}', "{}", '{kind = "image"}'])
TARGETS = st.sampled_from(
    ["All/", "all/{ext}/", "Pictures/{modified:%Y}/", "note.{ext}", "c/{stem}.{ext}", "sub/deep/", "{stem}/", "{name}/"]
)
CLASHES = st.sampled_from(["number", "skip", "same-or-number"])
RULES = st.lists(st.tuples(MATCHES, TARGETS, CLASHES), min_size=1, max_size=2)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(tree=TREES, rules=RULES)
def test_nothing_is_lost_nothing_collides_and_twice_is_once(
    fresh: Callable[[], Path], tree: dict[tuple[str, str], str], rules: list[tuple[str, str, str]]
) -> None:
    with Home(fresh()) as home:
        _organize_twice_and_undo(home, tree, rules)


@pytest.mark.heavy
@pytest.mark.timeout(900)
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(tree=TREES, rules=RULES)
def test_nothing_is_lost_in_many_more_trees(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[tuple[str, str], str], rules: list[tuple[str, str, str]]
) -> None:
    with Home(tmp_path_factory.mktemp("home")) as home:
        _organize_twice_and_undo(home, tree, rules)


def _organize_twice_and_undo(home: Home, tree: dict[tuple[str, str], str], rules: list[tuple[str, str, str]]) -> None:
    text = "".join(
        f'[[rule]]\nname = "{n}"\nmatch = {match}\nto = "{to}"\non_conflict = "{clash}"\n'
        for n, (match, to, clash) in enumerate(rules)
    )
    try:
        home.rules(text)
    except ConfigError:  # a rule that feeds another: refused before anything moves
        return
    for (folder, name), content in tree.items():
        path = home.root / folder / name
        if not any(parent.is_file() for parent in path.parents) and not path.is_dir():
            trees.write(path, content.encode())
    before = trees.contents(home.root)
    names = trees.names(home.root)
    everything = set(trees.read(home.root))
    done = home.organize()
    assert trees.contents(home.root) == before
    assert done.counts.failed == 0
    assert done.counts.skipped == sum(bool(step.refused) for step in done.plan.steps)
    _check_collisions(home, everything)
    assert home.again() == []
    home.scene.undo(done)
    assert trees.names(home.root) == names


PLACES = st.sampled_from(["a", "b", "c", "A", "a (1)", "s/a", "s/b", "t/a"])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(renames=st.dictionaries(PLACES, PLACES, max_size=6), on_conflict=CLASHES)
def test_any_renames_at_all(fresh: Callable[[], Path], renames: dict[str, str], on_conflict: str) -> None:
    with Home(fresh()) as home:
        _rename_and_undo(home, renames, on_conflict)


@pytest.mark.heavy
@pytest.mark.timeout(900)
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(renames=st.dictionaries(PLACES, PLACES, max_size=8), on_conflict=CLASHES)
def test_many_more_renames(tmp_path_factory: pytest.TempPathFactory, renames: dict[str, str], on_conflict: str) -> None:
    with Home(tmp_path_factory.mktemp("home")) as home:
        _rename_and_undo(home, renames, on_conflict)


def _rename_and_undo(home: Home, renames: dict[str, str], on_conflict: str) -> None:
    """Chains, swaps and circles of any shape: every file ends where it should or beside it, and comes back."""
    tables = [
        {
            "match": {"path": old, "regex": f"^{re.escape(os.path.basename(old))}$"},
            "to": new,
            "on_conflict": on_conflict,
        }
        for old, new in renames.items()
    ]
    unchecked(home, *tables)
    for old in renames:
        trees.write(home.root / old, old.encode())
    before = trees.names(home.root)
    wanted = [collision_key(new.encode()) for new in renames.values()]
    done = home.organize()
    now = {content.decode(): path for path, content in home.tree().items() if not path.endswith("/")}
    assert now.keys() == renames.keys()
    assert done.counts.failed == 0
    assert done.counts.skipped == sum(bool(step.refused) for step in done.plan.steps)
    if len(set(wanted)) == len(wanted):
        assert now == renames
    home.scene.undo(done)
    assert trees.names(home.root) == before


def _check_collisions(home: Home, before: set[bytes]) -> None:
    """No folder holds two names that collide, unless both stood there before."""
    seen: dict[tuple[bytes, bytes], bytes] = {}
    for path in sorted(trees.read(home.root), key=lambda path: path not in before):
        directory, name = os.path.split(path)
        twin = seen.setdefault((directory, collision_key(name)), path)
        assert twin == path or (twin in before and path in before)
