"""Explain: each rule in turn, the facts it looked at, and the planner's own verdict."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import json

from core.config import Config
from core.errors import UsageError
from core.facts import FactReader
from core.stores.decisions import Decision
from core.views.explain import Explanation, explain
from tests import trees
from tests.organizing import Home

TWO_RULES = (
    '[[rule]]\nname = "invoices"\nmatch = {ext = "pdf", regex = "^(?P<who>[a-z]+)-invoice"}\nto = "Invoices/{who}/"\n'
    '[[rule]]\nname = "photos"\nmatch = {kind = "image"}\nto = "Photos/{camera}/"\n'
    '[[rule]]\nname = "papers"\nmatch = {ext = "pdf"}\nto = "Papers/"\n'
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as made:
        made.rules(TWO_RULES)
        yield made


def told(home: Home, name: str) -> Explanation:
    return explain(home.root / name, home.config, home.facts, home.decisions, home.scene.history)


def test_each_rule_in_turn(home: Home) -> None:
    home.build({"acme-invoice.pdf": "%PDF-1.4", "plain.pdf": "%PDF-1.4"})
    found = told(home, "plain.pdf")
    assert [(rule.name, rule.matches) for rule in found.rules] == [
        ("invoices", False), ("photos", False), ("papers", True),
    ]  # fmt: skip
    assert found.rules[0].why == "^(?P<who>[a-z]+)-invoice is not found in its name"
    assert found.rules[1].why == "kind is document, not image"
    assert (found.action, found.destination) == ("move", str(home.root / "Papers/plain.pdf"))
    assert found.left_alone is None
    assert told(home, "acme-invoice.pdf").destination == str(home.root / "Invoices/acme/acme-invoice.pdf")


def test_a_placeholder_without_value_is_said(home: Home) -> None:
    home.build({"p.jpg": b"\xff\xd8\xff\xe0 no camera in it"})
    found = told(home, "p.jpg")
    assert found.rules[1] == type(found.rules[1])("photos", False, "kind is image; but no value for {camera}")
    assert (found.action, found.left_alone) == (None, "no rule takes it")


def test_facts_are_always_the_same_four_and_what_was_asked(home: Home) -> None:
    home.build({"plain.pdf": "%PDF-1.4"})
    facts = told(home, "plain.pdf").facts
    assert {"kind", "taken", "modified", "size"} <= set(facts)
    assert (facts["kind"], facts["size"], facts["modified"]) == ("document", 8, "2014-05-13T16:53:20+00:00")


def test_it_is_json(home: Home) -> None:
    home.build({b"bad \xff\x1b.pdf": "%PDF-1.4"})
    found = explain(os.fsencode(home.root) + b"/bad \xff\x1b.pdf", home.config, home.facts)
    shown = json.decode(json.encode(found))
    assert shown["path"].endswith("bad \\xff\\x1b.pdf")
    assert shown["path_b64"]
    assert shown["destination_b64"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".secret", "a hidden file"),
        (".config/a.pdf", "in the hidden folder .config"),
        ("project/a.pdf", "in a project folder (it has .git)"),
        ("film.pdf.part", "an unfinished download, or the lock of an open document"),
        ("waiting.pdf", "it waits: something unfinished belongs to it"),
        ("skip.iso", "the folder's `ignore` names it"),
        ("node_modules/a.pdf", "in node_modules: packages of a program"),
        ("plain.bin", "no rule takes it"),
    ],
)
def test_what_is_left_alone(home: Home, path: str, reason: str) -> None:
    home.rules(TWO_RULES, folder='subfolders = true\nignore = ["*.iso"]')
    home.build({
        ".secret": "s", ".config": {"a.pdf": "a"}, "project": {".git": {}, "a.pdf": "a"}, "film.pdf.part": "f",
        "waiting.pdf": "w", "waiting.pdf.part": "w", "skip.iso": "i", "node_modules": {"a.pdf": "a"}, "plain.bin": "b",
    })  # fmt: skip
    found = told(home, path)
    assert (found.left_alone, found.action, found.destination) == (reason, None, None)
    assert len(found.rules) == 3


def test_a_file_in_a_subfolder_says_where_a_person_could_send_it(home: Home) -> None:
    home.rules(TWO_RULES, folder="subfolders = false")
    home.build({"sub": {"plain.pdf": "%PDF-1.4"}})
    found = told(home, "sub/plain.pdf")
    assert found.left_alone == "it lies in a subfolder, and the folder has subfolders = false"
    assert found.destination == str(home.root / "Papers/plain.pdf")


def test_what_is_at_home(home: Home) -> None:
    home.build({"Papers": {"plain.pdf": "%PDF-1.4"}})
    found = told(home, "Papers/plain.pdf")
    assert (found.action, found.destination, found.left_alone) == (
        "move", str(home.root / "Papers/plain.pdf"), "it is where it belongs",
    )  # fmt: skip


def test_the_number_that_it_would_take(home: Home) -> None:
    home.build({"plain.pdf": "%PDF-1.4", "Papers": {"plain.pdf": "old"}})
    assert told(home, "plain.pdf").destination == str(home.root / "Papers/plain (1).pdf")


def test_a_rename_in_case_alone(home: Home) -> None:
    home.rules('[[rule]]\nname = "lower"\nmatch = {name = "readme.txt"}\nto = "readme.txt"\n')
    home.build({"README.txt": "r"})
    assert told(home, "README.txt").destination == str(home.root / "readme.txt")


def test_a_remembered_decision(home: Home) -> None:
    home.build({"plain.pdf": "%PDF-1.4"})
    status = os.lstat(home.root / "plain.pdf")
    rules = home.config.folders[0].rules.hash
    path = os.fsencode(home.root / "plain.pdf")
    home.decisions.record([Decision(path, "undone", status.st_size, status.st_mtime_ns, rules, "op0")])
    found = told(home, "plain.pdf")
    assert found.left_alone is not None
    assert "took its move back" in found.left_alone
    assert found.destination == str(home.root / "Papers/plain.pdf")


def test_what_belongs_to_another_file(home: Home) -> None:
    home.rules('[[rule]]\nname = "pictures"\nmatch = {ext = "jpg"}\nto = "Pictures/"\n')
    home.build({"IMG.jpg": "j", "IMG.xmp": "x", "lonely": {"IMG.png": "p", "IMG.png.xmp": "x"}})
    found = told(home, "IMG.xmp")
    assert (found.follows, found.destination) == ("IMG.jpg", str(home.root / "Pictures/IMG.xmp"))
    assert told(home, "lonely/IMG.png.xmp").left_alone == "it stays with IMG.png"


def test_trash_and_leave(home: Home) -> None:
    home.rules(
        '[[rule]]\nname = "junk"\nmatch = {ext = "log"}\naction = "trash"\n'
        '[[rule]]\nname = "mine"\nmatch = {ext = "txt"}\naction = "leave"\n'
    )
    home.build({"a.log": "a", "b.txt": "b"})
    assert (told(home, "a.log").action, told(home, "a.log").destination) == ("trash", None)
    assert (told(home, "b.txt").action, told(home, "b.txt").left_alone) == ("leave", "rule mine leaves it")


def test_a_rule_that_times_out(home: Home) -> None:
    home.rules('[[rule]]\nname = "slow"\nmatch = {regex = "^(a|aa)+$"}\nto = "Slow/"\n')
    name = "a" * 60 + "!"
    home.build({name: "x"})
    found = told(home, name)
    assert [rule.why for rule in found.rules] == ["rule timed out"]
    assert found.left_alone == "rule slow timed out"


def test_without_any_config(tmp_path: Path) -> None:
    trees.build(tmp_path / "dir", {"a.py": "print('hello')\n"})
    with FactReader(None, decoders=1) as facts:
        found = explain(tmp_path / "dir/a.py", Config(), facts)
        assert found.destination == str(tmp_path / "dir/Code/a.py")
        assert [rule.name for rule in found.rules if rule.matches] == ["code"]
        with pytest.raises(UsageError, match="no file"):
            explain(tmp_path / "dir/gone", Config(), facts)
        with pytest.raises(UsageError, match="is no file"):
            explain(tmp_path / "dir", Config(), facts)


def test_a_project_folder(tmp_path: Path) -> None:
    trees.build(tmp_path / "dir", {"a.py": "print('hello')\n", ".git": {}})
    with FactReader(None, decoders=1) as facts:
        found = explain(tmp_path / "dir/a.py", Config(), facts)
    assert (found.action, found.left_alone) == (None, "in a project folder (it has .git)")


def test_explaining_changes_nothing(home: Home) -> None:
    home.build(trees.MESSY)
    before = trees.read(home.root, folder_times=True)
    for name in ("song.mp3", "IMG_2041.xmp", "notes.txt"):
        told(home, name)
    assert trees.read(home.root, folder_times=True) == before
