"""The `shelver` command's frame: what is imported, where options may stand, how errors end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from core.errors import BrakeEngaged
from tests.commands import Home
from tui import cli
from tui.cli import VERBS, shelver
from tui.commands.frame import Settings, VerbGroup, spread

ALL_VERBS = [name for names in VERBS.values() for name in names]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


HEAVY = ("textual", "aiohttp", "PIL", "huey", "tinydb", "watchfiles", "asyncio", "sqlite3", "core.engine")


@pytest.mark.parametrize("line", [["--version"], ["--help"], ["organize", "--help"], ["undo", "--help"]])
def test_asking_for_help_imports_nothing_heavy(line: list[str], home: Home) -> None:
    code = f"import sys, tui.cli\ntui.cli.run({line!r})\n"
    code += f"print(*(n for n in {HEAVY!r} if n in sys.modules), file=sys.stderr)"
    unmeasured = {name: value for name, value in home.environment.items() if not name.startswith("COVERAGE_")}
    asked = subprocess.run(
        [sys.executable, "-P", "-c", code], env=unmeasured, capture_output=True, text=True, check=True
    )
    assert asked.stderr.strip() == ""


def test_a_verb_is_imported_only_when_it_is_used(home: Home) -> None:
    code = (
        "import sys, tui.cli\ntui.cli.run(['ops'])\nprint(*(n for n in sys.modules if n.startswith('tui.commands.')))"
    )
    asked = subprocess.run(
        [sys.executable, "-P", "-c", code], env=home.environment, capture_output=True, text=True, check=True
    )
    assert "tui.commands.ops" in asked.stdout
    assert not {f"tui.commands.{name}" for name in ALL_VERBS if name != "ops"} & set(asked.stdout.split())


def test_the_version_is_one_line(home: Home) -> None:
    told = home.process("--version")
    assert (told.code, told.err) == (0, "")
    assert told.lines == [told.out.strip()] and told.out.startswith("shelver ")


@pytest.mark.parametrize("name", ALL_VERBS)
def test_every_verb_has_help_with_an_example_and_the_shared_options(name: str, home: Home) -> None:
    told = home.run(name, "--help")
    assert told.code == 0
    assert "--state DIR" in told.out and "--config FILE" in told.out
    command = shelver.get_command(click.Context(shelver), name)
    if isinstance(command, VerbGroup):
        for inner in command.commands:
            assert f"Example:\n  shelver {name} {inner}" in home.run(name, inner, "--help").out
    else:
        assert f"shelver {name}" in told.out.partition("Example:\n")[2]


def test_the_help_lists_every_verb(home: Home) -> None:
    told = home.run("--help").out
    for name in ALL_VERBS:
        assert f"\n  {name} " in told


def test_shared_options_work_before_and_after_the_verb(home: Home, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text('[agent]\nmode = "auto"\n')
    config.chmod(0o600)
    before = home.run("--config", config, "--json", "config", "show")
    between = home.run("config", "--config", config, "--json", "show")
    after = home.run("config", "show", "--json", "--config", config)
    assert before.code == 0
    assert before.object["agent"]["mode"] == "auto"
    assert before == between == after


def test_the_state_of_an_option_wins_over_the_environments(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.entered():
        monkeypatch.setenv("SHELVER_STATE", str(home.path / "from environment"))
        assert Settings().places().state == home.path / "from environment"
        assert Settings(state=home.path / "given").places().state == home.path / "given"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["OP", "--only", "a", "b"], ["OP", "--only", "a", "--only", "b"]),
        (["OP", "--only", "a", "b", "--json"], ["OP", "--only", "a", "--only", "b", "--json"]),
        (["OP", "--only", "a", "--", "-b"], ["OP", "--only", "a", "--", "-b"]),
        (["--only", "a", "OP"], ["--only", "a", "OP"]),
        (["--config", "c", "--only", "a", "OP"], ["--config", "c", "--only", "a", "OP"]),
        (["OP", "--only=a", "b"], ["OP", "--only=a", "b"]),
    ],
)
def test_an_option_takes_several_values_in_a_row_once_the_argument_was_named(
    given: list[str], meant: list[str]
) -> None:
    assert spread(given, ["--only"], valued=["--config", "--only"], early=False) == meant


def test_without_an_argument_of_its_own_values_spread_at_once() -> None:
    assert spread(["--only", "a", "b"], ["--only"], valued=["--only"], early=True) == ["--only", "a", "--only", "b"]


def test_what_this_version_cannot_do_it_says_and_ends_with_2(home: Home) -> None:
    told = home.run("worker")
    assert told.code == 2
    assert told.out == ""
    assert "cannot do that yet" in told.err


def test_a_wrong_word_is_one_line_and_2(home: Home) -> None:
    told = home.run("organise")
    assert told.code == 2
    assert "No such command" in told.err and "Traceback" not in told.err


def test_a_hostile_argument_reaches_no_terminal(home: Home) -> None:
    for line in (["show", "\x1b]0;title\x07"], ["\x1b[31m"], ["organize", "a", "\x1b[2J"], ["explain", "\x9b31m"]):
        told = home.run(*line)
        assert told.code == 2
        assert not {"\x1b", "\x9b", "\x07"} & set(told.out + told.err)


def test_an_error_ends_with_its_own_code_and_no_traceback(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> int:
        raise BrakeEngaged("too much at once")

    monkeypatch.setattr(cli.shelver, "main", broken)
    told = home.run("ops")
    assert (told.code, told.err) == (5, "shelver: Held back: too much at once.\n")


def test_what_nobody_foresaw_is_one_line_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> int:
        raise KeyError("\x1b[31m")

    monkeypatch.setattr(cli.shelver, "main", broken)
    told = home.run("ops")
    assert told.code == 1
    assert told.err.count("\n") == 1 and "\x1b" not in told.err


def test_a_reader_that_went_away_is_no_trouble(home: Home) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with home.start("config", "show", stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


def test_without_an_agent_and_a_terminal_the_bare_command_ends_with_3(home: Home) -> None:
    told = home.process()
    assert told.code == 3
    assert "shelver up" in told.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_and_completes_verbs(shell: str, home: Home) -> None:
    told = home.run("completion", shell)
    assert told.code == 0
    assert "_SHELVER_COMPLETE" in told.out
    word = "orga" if shell == "fish" else "1"
    asked = {"_SHELVER_COMPLETE": f"{shell}_complete", "COMP_WORDS": "shelver orga", "COMP_CWORD": word}
    completed = home.process(environment=asked)
    assert "organize" in completed.out


def test_what_the_system_refuses_is_one_plain_line(home: Home) -> None:
    (home.path / "file").touch()
    told = home.run("organize", "Downloads", "--state", home.path / "file/state")
    assert told.code == 1
    assert told.err == f"shelver: Not a directory: {home.path}/file/state\n"


def _completed(home: Home, words: str) -> list[str]:
    count = str(len(words.split(" ")) - 1)
    asked = {"_SHELVER_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
    return home.process(environment=asked).lines


def test_completion_knows_operations_and_folders(home: Home) -> None:
    home.write_config('[[folder]]\nname = "papers"\npath = "~/Downloads"\n')
    (home.downloads / "a.csv").write_text("a")
    id = home.run("organize", "papers").fields[0][0]
    assert _completed(home, "shelver undo ") == ["plain,last", f"plain,{id}"]
    assert _completed(home, f"shelver show {id[:2]}") == [f"plain,{id}"]
    assert _completed(home, "shelver organize pa") == ["plain,papers", "dir,pa"]


def test_completion_is_silent_where_something_is_wrong(home: Home) -> None:
    home.write_config("[agent]\nmode = 1\n")
    assert _completed(home, "shelver undo ") == ["plain,last"]
