"""`shelver config`: every mistake with its place, everything that holds, a first config that is right."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from core.config import load_config
from core.config.writing import starter, toml_text
from tests.commands import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


MISTAKEN = """\
[agent]
mode = "revue"

[[folder]]
name = "downloads"
path = "~/Downloads"
colour = "red"

[[rule]]
name = "pictures"
match = { kind = "image" }
to = "Pictures/{takn:%Y}/"
"""


def test_check_prints_every_mistake_with_its_place_and_a_hint(home: Home) -> None:
    path = home.write_config(MISTAKEN)
    told = home.run("config", "check")
    assert told.code == 2
    assert f"{path}:2: " in told.out and "revue" in told.out
    assert f"{path}:7: " in told.out and "colour" in told.out
    assert f"{path}:12: " in told.out and "did you mean `taken`?" in told.out


def test_check_as_json_is_one_mistake_a_line(home: Home) -> None:
    home.write_config(MISTAKEN)
    told = home.run("config", "check", "--json")
    assert told.code == 2
    assert [mistake["line"] for mistake in told.objects] == [2, 7, 12]
    assert all(mistake.keys() == {"line", "where", "message", "hint"} for mistake in told.objects)


def test_check_of_a_good_config_counts_what_it_holds(home: Home) -> None:
    home.write_config('[[folder]]\nname = "d"\npath = "~/Downloads"\n')
    told = home.run("config", "check")
    assert (told.code, told.err) == (0, "")
    assert "folders: 1, rules: 0" in told.out


def test_check_without_a_config_says_what_holds_then(home: Home) -> None:
    told = home.run("config", "check")
    assert told.code == 0
    assert "built-in rules" in told.out


def test_a_config_that_was_named_must_be_there(home: Home) -> None:
    assert home.run("config", "check", "--config", "missing.toml").code == 2


def test_a_config_that_others_can_write_is_refused(home: Home) -> None:
    home.write_config('[agent]\nmode = "auto"\n').chmod(0o666)
    assert home.run("config", "check").code == 2


def test_every_command_tells_the_mistakes_and_ends_with_2(home: Home) -> None:
    home.write_config(MISTAKEN)
    for line in (["organize", str(home.downloads)], ["ops"], ["undo", "last"], ["status"], ["trash", "list"]):
        told = home.run(*line)
        assert told.code == 2, line
        assert "line 2" in told.err and "revue" in told.err


def test_show_has_every_setting_the_defaults_too(home: Home) -> None:
    home.write_config('[[folder]]\nname = "d"\npath = "~/Downloads"\nsettle = "2s"\n')
    shown = home.run("config", "show", "--json").object
    assert shown["trash"] == {"keep": 30 * 86400.0}
    (folder,) = shown["folders"]
    assert (folder["name"], folder["path"], folder["settle"]) == ("d", str(home.downloads), 2.0)
    assert folder["rules"][0] == "pictures and videos"
    assert [rule["name"] for rule in shown["rules"]] == folder["rules"]
    plain = home.run("config", "show")
    assert "[[folder]]" in plain.lines and "settle = 2.0" in plain.lines


def test_init_writes_a_private_config_that_checks(home: Home) -> None:
    (home.path / "Scans").mkdir()
    wrote = home.run("config", "init", home.downloads, home.path / "Scans")
    assert wrote.code == 0
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert home.run("config", "check").code == 0
    with home.entered():
        folders = load_config(None).folders
    assert [(folder.name, folder.path) for folder in folders] == [
        ("downloads", bytes(home.downloads)),
        ("scans", bytes(home.path / "Scans")),
    ]


def test_init_without_folders_watches_the_downloads(home: Home) -> None:
    home.run("config", "init")
    with home.entered():
        assert [folder.path for folder in load_config(None).folders] == [bytes(home.downloads)]


def test_init_never_overwrites(home: Home) -> None:
    home.write_config("# mine\n")
    assert home.run("config", "init").code == 2
    assert home.config.read_text() == "# mine\n"


def test_init_goes_where_config_says(home: Home) -> None:
    home.run("config", "init", "--config", home.path / "deep/er/other.toml")
    assert (home.path / "deep/er/other.toml").exists()
    assert not home.config.exists()


def test_two_folders_of_one_name_get_two_names(home: Home) -> None:
    for folder in ("a/Inbox", "b/Inbox"):
        (home.path / folder).mkdir(parents=True)
    with home.entered():
        text = starter(("a/Inbox", "b/Inbox"))
    assert [folder["name"] for folder in tomllib.loads(text)["folder"]] == ["inbox", "inbox-2"]


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "a\x7fb", "a\x01b", "日本\U0001f600", "#", "'''"])
def test_toml_holds_any_text(text: str) -> None:
    assert tomllib.loads(f"key = {toml_text(text)}") == {"key": text}


def test_a_path_that_toml_cannot_hold_is_refused(home: Home) -> None:
    told = home.run("config", "init", home.path.joinpath("\udcff") if _made(home.path / "\udcff") else "")
    assert told.code == 2
    assert "not UTF-8" in told.err and not home.config.exists()


def _made(path: Path) -> bool:
    path.mkdir()
    return True


def test_the_example_has_no_mistake(home: Home) -> None:
    home.write_config((Path(__file__).parents[2] / "config.example.toml").read_text(encoding="utf-8"))
    told = home.run("config", "check")
    assert (told.code, told.err) == (0, ""), told.out
