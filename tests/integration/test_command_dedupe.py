"""`shelver dedupe`: what it prints on a terminal, in a pipe and as JSON; what it does, with an agent and without."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home
from tests.trees import File, HardLink
from tui.commands.agent_process import AgentProcess
from tui.commands.frame import Settings

TREE: trees.Tree = {
    "a": File(b"same", mtime_ns=1),
    "in": {"b": File(b"same", mtime_ns=2, mode=0o600), b"not utf-8 \xff": File(b"same", mtime_ns=3)},
    "big": File(b"longer than that", mtime_ns=1),
    "bigger": File(b"longer than that", mtime_ns=2),
    "other": "other",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "h")


@pytest.fixture(params=["alone", "with an agent"])
def place(request: pytest.FixtureRequest, home: Home) -> Iterator[Home]:
    home.write_config('[[folder]]\nname = "d"\npath = "~/Downloads"\nduplicates = "off"\n')
    if request.param == "alone":
        yield home
        return
    with home.entered():
        process = AgentProcess(Settings())
        process.start()
    yield home
    process.stop()


def test_it_reports_as_the_contract_says(place: Home) -> None:
    trees.build(place.downloads, TREE)
    before = trees.read(place.downloads)
    told = place.run("dedupe", "d", "--json")
    assert told.code == 0, told.err
    *groups, last = told.objects
    assert last == {"groups": 2, "redundant": 3, "reclaimable": 24}
    root = place.downloads
    assert groups == [
        {
            "group": 0,
            "near": False,
            "size": 16,
            "keep": f"{root}/big",
            "files": [{"path": f"{root}/big", "distance": 0}, {"path": f"{root}/bigger", "distance": 0}],
        },
        {
            "group": 1,
            "near": False,
            "size": 4,
            "keep": f"{root}/a",
            "files": [
                {"path": f"{root}/a", "distance": 0},
                {"path": f"{root}/in/b", "distance": 0},
                {"path": f"{root}/in/not utf-8 \\xff", "distance": 0, "path_b64": groups[1]["files"][2]["path_b64"]},
            ],
        },
    ]
    assert trees.read(place.downloads) == before


def test_what_it_reports_was_compared_where_one_asks(place: Home) -> None:
    trees.build(place.downloads, TREE)
    told, compared = (place.run("dedupe", "d", "--json", *more) for more in ([], ["--verify"]))
    assert (compared.code, compared.objects) == (0, told.objects)


def test_it_trashes_and_undo_brings_all_back(place: Home) -> None:
    trees.build(place.downloads, TREE)
    before = trees.read(place.downloads)
    told = place.run("dedupe", "d", "--action", "trash", "--json")
    assert told.code == 0, told.err
    operation = told.objects[-1]["operation"]
    assert {name for name in trees.names(place.downloads) if not name.startswith(b".")} == {b"a", b"big", b"other"}
    (shown,) = place.run("show", operation, "--json").objects
    assert (shown["kind"], shown["state"], shown["counts"]["done"]) == ("dedupe", "completed", 3)
    assert place.run("undo", operation).code == 0
    assert trees.read(place.downloads) == before
    assert place.run("undo", "last").code == 0  # and done again
    assert {name for name in trees.names(place.downloads) if not name.startswith(b".")} == {b"a", b"big", b"other"}


def test_a_dry_run_waits_for_its_approval(place: Home) -> None:
    trees.build(place.downloads, TREE)
    before = trees.read(place.downloads)
    told = place.run("dedupe", "d", "--action", "hardlink", "--dry-run")
    assert told.code == 0
    assert told.fields[-1][3] == "proposed"
    assert [fields[3] for fields in told.fields[:-1]] == ["keep", "extra", "keep", "extra", "extra"]
    assert trees.read(place.downloads) == before
    assert place.run("approve", "last").code == 0
    assert os.path.samefile(place.downloads / "big", place.downloads / "bigger")


def test_in_a_pipe_it_is_a_file_a_line(home: Home) -> None:
    trees.build(home.downloads, TREE)
    trees.build(home.downloads, {"link to other": HardLink("other"), "copy of other": File(b"other", mtime_ns=1)})
    told = home.run("dedupe", home.downloads)
    assert told.code == 0
    fields = {Path(each[4]).name: each for each in told.fields[:-1]}
    assert fields["big"][:4] == ["0", "same", "16", "keep"]
    assert fields["big"][5] == "oldest: 1970-01-01"
    assert fields["bigger"][3] == "extra"
    assert (fields["link to other"][3], fields["link to other"][5]) == ("keep", "it has several names")
    assert told.fields[-1][1:4] == ["dedupe", str(home.downloads), "completed"]


def test_what_could_not_be_done_says_why(home: Home) -> None:
    trees.build(home.downloads, {"a": File(b"same", mtime_ns=1), "b": File(b"same", mtime_ns=2)})
    with open(home.downloads / "b", "r+b"):
        told = home.run("dedupe", home.downloads, "--action", "trash")
    assert told.code == 1
    assert "b: open in another program" in told.err


def test_on_a_terminal_it_shows_and_asks(home: Home) -> None:
    trees.build(home.downloads, TREE)
    with home.terminal("dedupe", "Downloads", "--action", "trash") as terminal:
        terminal.wait_for("Do it? (3 files) [Y/n]")
        assert b"2 groups" in terminal.shown and b"24 B" in terminal.shown and b"oldest: 1970-01-01" in terminal.shown
        assert (home.downloads / "bigger").exists()
        terminal.type("y\n")
        assert terminal.end() == 0
    assert b"Take it back: shelver undo " in terminal.shown
    assert not (home.downloads / "bigger").exists()


def test_on_a_terminal_a_report_asks_nothing(home: Home) -> None:
    trees.build(home.downloads, TREE)
    with home.terminal("dedupe", "Downloads") as terminal:
        assert terminal.end() == 0
    assert b"Remove them: shelver dedupe" in terminal.shown
    assert b"Do it?" not in terminal.shown


def test_no_leaves_everything(home: Home) -> None:
    trees.build(home.downloads, TREE)
    before = trees.read(home.downloads)
    with home.terminal("dedupe", "Downloads", "--action", "hardlink") as terminal:
        terminal.wait_for("[Y/n]")
        terminal.type("n\n")
        assert terminal.end() == 1
    assert b"Nothing was changed." in terminal.shown
    assert trees.read(home.downloads) == before


@pytest.mark.parametrize("arguments", [["nowhere"], ["Downloads", "--action", "shred"], []])
def test_wrong_use(home: Home, arguments: list[str]) -> None:
    assert home.run("dedupe", *arguments).code == 2
