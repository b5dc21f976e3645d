"""Plain files and plain deeds go the short way, there and back; with others among them the trees are the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from core.planners.inverse import Inverse
from core.planners.organize import _Organizer
from core.rules import RuleSet, Ruling
from core.storage.local import LocalStorage
from tests import trees
from tests.acting import Done
from tests.organizing import Home
from tests.trees import File


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as made:
        yield made


@pytest.fixture
def the_long_way_closed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> NoReturn:
        raise AssertionError("went the long way")

    monkeypatch.setattr(Inverse, "_inspect", never)
    monkeypatch.setattr(_Organizer, "_errand", never)


def _restored(home: Home, done: Done, before: dict[bytes, trees.Found]) -> None:
    assert home.scene.undo(done).state == "completed"
    assert trees.read(home.root) == before


# -- what is plain


@pytest.mark.usefixtures("the_long_way_closed")
def test_files_that_their_extension_alone_sends_are_plain(home: Home) -> None:
    home.rules('[[rule]]\nname = "e"\nmatch = {}\nto = "by/{ext|\'none\'}/"')
    names = ["a.txt", "b.TXT", "no extension", "dot at the end.", "x.tar.gz", "deep/er/c.txt", "Größe.txt", " .txt"]
    home.build({name: name for name in names})
    before = trees.read(home.root)
    done = home.organize()
    assert home.tree() == {
        "by/txt/a.txt": b"a.txt",
        "by/txt/b.TXT": b"b.TXT",
        "by/none/no extension": b"no extension",
        "by/none/dot at the end.": b"dot at the end.",
        "by/gz/x.tar.gz": b"x.tar.gz",
        "by/txt/c.txt": b"deep/er/c.txt",
        "by/txt/Größe.txt": "Größe.txt".encode(),
        "by/txt/ .txt": b" .txt",
    }
    assert home.again() == []
    _restored(home, done, before)


@pytest.mark.usefixtures("the_long_way_closed")
def test_so_are_files_that_their_kind_alone_sends(home: Home) -> None:
    home.rule('{kind = ["archive", "document"]}', "by/{kind}/{ext}/")
    home.build({"really a zip.txt": b"PK\x05\x06" + bytes(18), "text.txt": "words", "leave.py": "import this"})
    home.organize()
    assert home.tree().keys() == {"by/archive/txt/really a zip.txt", "by/document/txt/text.txt", "leave.py"}


@pytest.mark.usefixtures("the_long_way_closed")
def test_and_files_that_no_rule_takes_or_one_leaves(home: Home) -> None:
    home.rules('[[rule]]\nname = "l"\nmatch = {ext = "txt"}\naction = "leave"\n[[rule]]\nname = "p"\n'
               'match = {ext = "pdf"}\nto = "Papers/"')  # fmt: skip
    home.build({"a.txt": "", "b.jpg": "", "Papers/c.pdf": ""})
    assert home.plan().steps == []


@pytest.mark.usefixtures("the_long_way_closed")
def test_ten_thousand_files_cost_one_question_for_each_extension(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bytes, str | None]] = []
    alike = RuleSet.alike

    def noted(rules: RuleSet, *about: Any) -> Ruling | None:
        asked.append(about)
        return alike(rules, *about)

    monkeypatch.setattr(RuleSet, "alike", noted)
    home.rule('{ext = ["pdf", "txt"]}', "{ext}/")
    home.build({f"{number % 10}/{number}.{('pdf', 'txt')[number % 2]}": "" for number in range(1000)})
    assert len([step for step in home.plan().steps if step.kind == "move"]) == 1000
    assert sorted(asked) == [(b".pdf", None), (b".txt", None)]


# -- plain ones among others


def test_a_folder_may_take_the_name_that_a_plain_file_leaves(home: Home) -> None:
    home.rules('[[rule]]\nname = "t"\nmatch = {ext = "txt"}\nto = "Text/"\n'
               '[[rule]]\nname = "n"\nmatch = {name = "new.md"}\nto = "a.txt/"')  # fmt: skip
    home.build({"a.txt": "old", "new.md": "new"})
    before = trees.read(home.root)
    done = home.organize()
    assert home.tree() == {"Text/a.txt": b"old", "a.txt/new.md": b"new"}
    _restored(home, done, before)


def test_a_family_and_a_plain_file_that_want_one_name_get_two(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/")
    home.build({"1": {"a.jpg": "one", "a.xmp": "of one"}, "2": {"a.jpg": "two"}})
    before = trees.read(home.root)
    done = home.organize()
    assert home.tree() == {
        "Pictures/a.jpg": b"two",
        "Pictures/a (1).jpg": b"one",
        "Pictures/a (1).xmp": b"of one",
    }
    assert home.again() == []
    _restored(home, done, before)


def test_plain_files_that_want_one_name_are_numbered(home: Home) -> None:
    home.rule('{ext = "jpg"}', "Pictures/")
    home.build({"1/a.jpg": "1", "2/A.JPG": "2", "3/a.jpg": "3"})
    home.organize()
    assert home.tree() == {"Pictures/a.jpg": b"1", "Pictures/A (1).JPG": b"2", "Pictures/a (2).jpg": b"3"}
    assert home.again() == []


def test_a_folder_that_plain_files_leave_stays_where_another_file_comes(home: Home) -> None:
    home.rules('[[rule]]\nname = "t"\nmatch = {ext = "txt"}\nto = "Text/"\n'
               '[[rule]]\nname = "n"\nmatch = {name = "new.md"}\nto = "Inbox/{stem}.note"')  # fmt: skip
    home.build({"Inbox": {"a.txt": "", "b.txt": ""}, "Empty": {"new.md": "", "c.txt": ""}})
    home.organize()
    assert home.tree().keys() == {"Inbox/new.note", "Text/a.txt", "Text/b.txt", "Text/c.txt"}


def test_a_file_written_just_now_takes_the_long_way_and_arrives(home: Home) -> None:
    home.rule('{ext = "txt"}', "Text/")
    home.build({"old.txt": "", "new.txt": File(mtime_ns=time.time_ns())})
    with open(home.root / "new.txt", "ab"):
        assert home.organize().results() == [("done", ""), ("skipped", "open in another program")]
    home.organize()
    assert home.tree().keys() == {"Text/old.txt", "Text/new.txt"}


def test_what_nobody_may_look_into_is_left_alone_beside_plain_files(home: Home) -> None:
    home.rule("{}", "by/{ext}/")
    home.build(
        {".hidden": "", "~$locked.docx": "", "unlocked.docx": "", "film.mkv.part": "", "film.mkv": "", "a.b": ""}
    )
    home.organize()
    assert home.tree().keys() == {".hidden", "~$locked.docx", "unlocked.docx", "film.mkv.part", "film.mkv", "by/b/a.b"}


# -- plain deeds among others


@pytest.mark.usefixtures("the_long_way_closed")
def test_plain_deeds_go_back_the_short_way_and_forth_again(home: Home) -> None:
    home.rule("{}", "by/{ext}/")
    home.build({f"{number % 5}/{number}.{number % 3}": str(number) for number in range(60)})
    before = trees.read(home.root)
    done = home.organize()
    organized = trees.contents(home.root)
    undone = home.scene.undo(done)
    assert trees.read(home.root) == before
    assert home.scene.undo(undone).state == "completed"
    assert trees.contents(home.root) == organized


def test_what_happened_to_some_since_holds_no_other_back(home: Home) -> None:
    home.rule('{ext = "txt"}', "Text/")
    home.build({f"in/{name}.txt": name for name in ("edited", "gone", "taken", "fine", "swapped")})
    done = home.organize()
    text = home.root / "Text"
    trees.write(text / "edited.txt", b"another text")
    (text / "gone.txt").unlink()
    (text / "swapped.txt").rename(home.root / "elsewhere")
    trees.write(text / "swapped.txt", b"somebody else's")
    home.build({"in": {"taken.txt": "came later"}})
    home.scene.undo(done)
    assert home.tree() == {
        "in/edited.txt": b"another text",
        "in/taken.txt": b"came later",
        "in/taken (1).txt": b"taken",
        "in/fine.txt": b"fine",
        "in/swapped.txt": b"somebody else's",
        "elsewhere": b"swapped",
    }


def test_an_old_name_behind_a_link_is_not_followed(home: Home, tmp_path: Path) -> None:
    home.rule('{ext = "txt"}', "Text/")
    home.build({"in/a.txt": "a", "b.txt": "b"})
    done = home.organize()
    (tmp_path / "outside").mkdir()
    (home.root / "in").symlink_to(tmp_path / "outside")
    home.scene.undo(done)
    assert home.tree().keys() == {"in", "Text/a.txt", "b.txt"}
    assert not list((tmp_path / "outside").iterdir())


# -- plain moves, carried out


def test_a_plain_move_that_fails_holds_no_other_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.rule('{ext = "txt"}', "Text/")
    home.build({f"{number}.txt": str(number) for number in range(5)})
    plan = home.plan()
    (home.root / "1.txt").unlink()
    trees.write(home.root / "3.txt", b"edited")
    moved: list[bytes] = []
    real = LocalStorage.move_unchanged

    def watched(storage: LocalStorage, source: bytes, *rest: Any) -> None:
        real(storage, source, *rest)
        moved.append(source)

    monkeypatch.setattr(LocalStorage, "move_unchanged", watched)
    done = home.scene.run(plan)
    assert moved == [b"0.txt", b"2.txt", b"4.txt"]
    assert [outcome for outcome, _ in done.results()] == ["done", "skipped", "done", "skipped", "done"]
