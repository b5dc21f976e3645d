"""What the README shows works as it stands: its marked blocks are run in a home of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests import trees
from tests.commands import Home
from tui.choices import read_choices
from tui.cli import VERBS, shelver
from tui.keymap import keymap

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")

BLOCK = re.compile(r"<!-- checked: (?P<name>\w+) -->\n```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)
BLOCKS = {match["name"]: match["body"] for match in BLOCK.finditer(TEXT)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    command = made.path / "bin/shelver"
    trees.write(command, f'#!/bin/sh\nexec {sys.executable} -P -m tui.cli "$@"\n'.encode())
    command.chmod(0o755)
    return made


def test_the_keys_it_shows_can_be_had(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text(BLOCKS["keys"])
    assert keymap(read_choices(file).keys)["undo"] == "U"


def run_block(name: str, home: Home) -> str:
    """Run a block of shell commands, each of which must succeed, and return what they print."""
    environment = home.environment
    environment["PATH"] = f"{home.path}/bin:{environment['PATH']}"
    ran = subprocess.run(
        ["bash", "-eu", "-c", BLOCKS[name]],
        env=environment,
        cwd=home.path,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return ran.stdout


def test_the_tour_and_the_undo_work_as_shown(home: Home) -> None:
    trees.build(home.downloads, {"invoice.pdf": b"%PDF-1.4\n", "b.csv": "b"})
    before = trees.read(home.downloads)
    printed = run_block("tour", home)
    assert "Documents/2014/invoice.pdf" in printed
    assert trees.names(home.downloads) == {b"Documents/2014/invoice.pdf", b"Documents/2014/b.csv"}
    run_block("undo", home)
    assert trees.read(home.downloads) == before


def test_duplicates_are_cleared_as_shown(home: Home) -> None:
    trees.build(home.downloads, {"a.iso": b"an image of a disk", "in": {"again.iso": b"an image of a disk"}})
    printed = run_block("duplicates", home)
    assert "again.iso" in printed
    assert (home.downloads / "a.iso").samefile(home.downloads / "in/again.iso")


def test_the_config_it_shows_has_no_mistake(home: Home) -> None:
    home.write_config(BLOCKS["config"])
    told = home.run("config", "check")
    assert (told.code, told.err) == (0, "")


def test_its_first_two_blocks_are_the_two_ways_to_begin() -> None:
    first, second = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)[:2]
    assert "pip install .\n" in first and "shelver demo" in first
    assert "pip install -e '.[test]'" in second and "-m tests.check" in second
    assert TEXT.index("```sh") < 400, "they stand at the top"


def test_it_names_only_verbs_and_options_that_exist() -> None:
    context = click.Context(shelver)
    verbs = {name: shelver.get_command(context, name) for names in VERBS.values() for name in names}
    assert set(re.findall(r"`shelver ([a-z]+)", TEXT)) <= verbs.keys()
    commands: list[click.Command | None] = [shelver, *verbs.values()]
    commands += [inner for verb in verbs.values() if isinstance(verb, click.Group) for inner in verb.commands.values()]
    options = {option for command in commands if command for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"`[^`\n]*?(--[a-z-]+)", TEXT)) <= options


def test_its_exit_codes_are_those_of_the_errors() -> None:
    from core import errors

    codes = {int(code) for code in re.findall(r"(\d+) [a-z]", TEXT.partition("Exit codes: ")[2].partition("\n\n")[0])}
    raised = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")}
    assert codes == raised | {0}
