"""Writing into config.toml: what stands there stays, what would be wrong is never written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from core.config import load_config
from core.config.writing import NewFolder, name_for, obstacle, proposed, write
from core.errors import ConfigError, Refused, UsageError

COMMENTED = """\
# mine, with care
[agent]
mode = "auto"   # as I like it

[[folder]]
name = "scans"
path = "{scans}"

[[rule]]                # the only one
name = "papers"
match = {{ ext = "pdf" }}
to = "Papers/"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "scans").mkdir()
    path = tmp_path / "config.toml"
    path.write_text(COMMENTED.format(scans=tmp_path / "scans"))
    path.chmod(0o600)
    return path


def new(tmp_path: Path, name: str = "downloads", **more: object) -> NewFolder:
    path = tmp_path / name
    path.mkdir(exist_ok=True)
    return NewFolder(name=name, path=os.fsencode(path), **more)  # type: ignore[arg-type]


def test_a_folder_is_added_and_every_comment_stays(config: Path, tmp_path: Path) -> None:
    before = config.read_text()
    proposal = proposed(config, new(tmp_path, mode="review"))
    assert config.read_text() == before
    assert [rule.name for rule in proposal.folder.rules.rules] == ["papers"]
    write(config, proposal)
    assert config.read_text().startswith(before)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert [(f.name, f.mode) for f in load_config(config).folders] == [("scans", "auto"), ("downloads", "review")]
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["config.toml"]


def test_without_a_config_a_private_one_is_made(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "shelver" / "config.toml"
    write(path, proposed(path, new(tmp_path)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [folder.name for folder in load_config(path).folders] == ["downloads"]


def test_a_linked_config_stays_linked(config: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked.toml"
    link.symlink_to(config)
    write(link, proposed(link, new(tmp_path)))
    assert link.is_symlink() and "downloads" in config.read_text()


@pytest.mark.parametrize("name", ['quote"d', "back\\slash", "line\nbreak", "tab\t[x]", "é\u202e"])
def test_names_that_toml_must_escape(config: Path, tmp_path: Path, name: str) -> None:
    write(config, proposed(config, NewFolder(name=name_for(name, ()), path=new(tmp_path, name).path)))
    assert load_config(config).folders[1].path == os.fsencode(tmp_path / name)


def test_what_would_be_wrong_is_told_and_not_written(config: Path, tmp_path: Path) -> None:
    before = config.read_text()
    for wrong in (
        new(tmp_path, "scans"),
        NewFolder(name="other", path=os.fsencode(tmp_path / "scans")),
        NewFolder(name="trash", path=os.fsencode(tmp_path / ".shelver-trash")),
        NewFolder(name="bytes", path=b"/tmp/\xff"),
    ):
        with pytest.raises(UsageError):
            proposed(config, wrong)
    assert config.read_text() == before


def test_a_config_with_mistakes_is_mended_by_hand_first(config: Path, tmp_path: Path) -> None:
    config.write_text('[agent]\nmode = "revue"\n')
    with pytest.raises(ConfigError, match="revue"):
        proposed(config, new(tmp_path))


def test_what_was_changed_meanwhile_is_not_written_over(config: Path, tmp_path: Path) -> None:
    proposal = proposed(config, new(tmp_path))
    config.write_text("# a person was quicker\n")
    with pytest.raises(Refused, match="changed meanwhile"):
        write(config, proposal)
    assert config.read_text() == "# a person was quicker\n"


def test_what_cannot_be_written_is_said_before(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert obstacle(config) == ""
    if os.geteuid() == 0:  # who may write anywhere is told as the kernel would tell others
        monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    config.parent.chmod(0o500)
    assert "cannot be written" in obstacle(config)
    config.parent.chmod(0o700)


def test_names_are_free_ones() -> None:
    assert name_for("/home/lena/Downloads/", ["downloads", "downloads-2"]) == "downloads-3"
    assert name_for("/", []) == "root"
