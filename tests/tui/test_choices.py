"""What a person chose for the screens: read, checked, and remembered without touching the rest of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UsageError
from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import looking
from tui import app
from tui.choices import Choices, choices_path, read_choices, remember_theme
from tui.commands.frame import Look
from tui.outfit import Outfit


def test_without_a_file_nothing_is_chosen(tmp_path: Path) -> None:
    assert read_choices(tmp_path / "tui.toml") == Choices()


def test_everything_can_be_chosen(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text('theme = "nord"\ncolors = "256"\nascii = true\nmouse = false\n[keys]\nundo = "U"\n')
    assert read_choices(file) == Choices(theme="nord", colors="256", ascii=True, mouse=False, keys={"undo": "U"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('them = "nord"', "unknown field `them`"),
        ('colors = "many"', r"Invalid enum value 'many' - at `\$.colors`"),
        ("[keys]\nundo = 3", r"Expected `str`, got `int` - at `\$.keys"),
        ("theme =", "Invalid value"),
        ("theme = '\xff'", "utf-8"),
    ],
)
def test_a_mistake_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "tui.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=rf"tui\.toml: .*{told}"):
        read_choices(file)


def test_a_separate_shelver_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/x")
    assert choices_path(tmp_path) == tmp_path / "tui.toml"
    assert choices_path(None) == Path("/x/shelver/tui.toml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, 'theme = "nord"\n'),
        ("# mine\nmouse = false\n", 'theme = "nord"\n# mine\nmouse = false\n'),
        ('# mine\ntheme = "dracula" # old\nmouse = false\n', '# mine\ntheme = "nord"\nmouse = false\n'),
        ('[keys]\ntheme = "T"\n', 'theme = "nord"\n[keys]\ntheme = "T"\n'),
    ],
)
def test_remembering_a_theme_leaves_the_rest(tmp_path: Path, before: str | None, after: str) -> None:
    file = tmp_path / "made/tui.toml"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
    remember_theme(file, "nord")
    assert file.read_text() == after
    assert read_choices(file).theme == "nord"


def test_a_link_into_dotfiles_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("mouse = false\n")
    link = tmp_path / "tui.toml"
    link.symlink_to("real.toml")
    remember_theme(link, "nord")
    assert link.is_symlink() and read_choices(tmp_path / "real.toml") == Choices(theme="nord", mouse=False)


def test_the_command_line_stands_over_what_was_chosen(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text('colors = "256"\nmouse = false\n')
    assert app.chosen(Look(choices=file)) == Choices(colors="256", mouse=False)
    assert app.chosen(Look(choices=file, colors="16", ascii=True)) == Choices(colors="16", mouse=False, ascii=True)


def test_mistaken_keys_are_told_with_their_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'tui\.toml: \[keys\] nothing is called "undoo"; did you mean "undo"\?'):
        app.dressed(Choices(keys={"undoo": "U"}), tmp_path / "tui.toml")


async def test_a_theme_chosen_in_the_palette_is_remembered(
    agent: FakeAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tui.toml"
    monkeypatch.setenv("TERM", "xterm-256color")
    outfit = app.dressed(Choices(), file)
    async with looking(agent.socket, outfit=outfit) as look:
        assert not file.exists()
        await look.press("ctrl+p")
        await look.goes("CommandPalette")
        await look.types("theme")
        await look.sees("other colours")
        await look.press("enter")
        await look.sees("Search for themes")
        await look.types("nord")
        await look.until(lambda: look.text.count("nord") > 1)
        await look.press("enter")
        await look.until(lambda: look.face.theme == "nord")
    assert read_choices(file).theme == "nord"
    async with looking(agent.socket, outfit=app.dressed(read_choices(file), file)) as look:
        assert look.face.theme == "nord"


async def test_a_theme_that_cannot_be_remembered_or_found_is_told(agent: FakeAgent) -> None:
    def refuse(theme: str) -> None:
        raise PermissionError(13, "Permission denied")

    async with looking(agent.socket, outfit=Outfit(theme="gone", remember=refuse)) as look:
        await look.sees("No theme is called gone.")
        look.face.theme = "nord"
        await look.sees("The theme is not remembered", "denied")
