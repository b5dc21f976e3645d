"""`shelver explain`: what it says is what `organize` then does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_the_built_in_rules_explain_without_any_config(home: Home) -> None:
    trees.build(home.downloads, {"a.csv": "a,b\n"})
    told = home.run("explain", "--json", "Downloads/a.csv").object
    assert list(told)[:5] == ["path", "facts", "rules", "action", "destination"]
    assert told["path"] == str(home.downloads / "a.csv")
    assert {"kind", "taken", "modified", "size"} <= told["facts"].keys()
    assert (told["facts"]["kind"], told["facts"]["size"]) == ("sheet", 4)
    assert [rule["name"] for rule in told["rules"] if rule["matches"]] == ["documents"]
    assert all(rule["why"] for rule in told["rules"])
    assert (told["action"], told["destination"]) == ("move", str(home.downloads / "Documents/2014/a.csv"))
    assert not home.state.exists()

    home.run("organize", "Downloads")
    assert Path(told["destination"]).exists()


def test_a_remembered_undo_is_told(home: Home) -> None:
    trees.build(home.downloads, {"a.csv": "a"})
    home.run("organize", "Downloads")
    home.run("undo", "last")
    told = home.run("explain", home.downloads / "a.csv")
    assert told.code == 0
    assert "took its move back" in told.fields[-1][3]


def test_an_unfinished_download_waits(home: Home) -> None:
    trees.build(home.downloads, {"film.mkv.part": "half"})
    assert "unfinished" in home.run("explain", home.downloads / "film.mkv.part").fields[-1][3]


def test_several_files_one_of_them_missing(home: Home) -> None:
    trees.build(home.downloads, {"a.csv": "a", "b.csv": "b"})
    told = home.run("explain", "--json", "Downloads/a.csv", "Downloads/no\x1bne", "Downloads/b.csv")
    assert told.code == 2
    assert [each["path"][-5:] for each in told.objects] == ["a.csv", "b.csv"]
    assert "no file" in told.err and "\x1b" not in told.err
    assert "path_b64" not in told.objects[0]
    assert "no file" in home.run("explain", "Downloads/not even/a folder.csv").err


def test_a_name_that_is_not_utf8_is_exact_in_json(home: Home) -> None:
    trees.build(home.downloads, {b"\xff.csv": "a"})
    told = home.run("explain", "--json", home.downloads / "\udcff.csv").object
    assert told["path"].endswith("/\\xff.csv")
    from base64 import b64decode

    assert b64decode(told["path_b64"]).endswith(b"/\xff.csv")


def test_a_rule_without_value_for_its_place_says_so(home: Home) -> None:
    home.write_config("""
        [[folder]]
        name = "d"
        path = "~/Downloads"
        [[rule]]
        name = "music"
        match = { ext = "csv" }
        to = "Music/{artist}/"
    """)
    trees.build(home.downloads, {"a.csv": "a"})
    told = home.run("explain", "--json", "Downloads/a.csv").object
    (rule,) = told["rules"]
    assert not rule["matches"] and "artist" in rule["why"]
    assert told["action"] is None and told["destination"] is None
