"""The systemd units, as systemd itself judges them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.service import UNIT, common_root, quoted, system_unit, user_unit
from core.config import AgentSettings, Config, Folder
from core.errors import UsageError

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    path = tmp_path / UNIT
    path.write_text(user_unit(sys.executable))
    return path


@pytest.fixture
def system_file(tmp_path: Path) -> Path:
    path = tmp_path / UNIT
    config = Path("/etc/shelver/config.toml")
    path.write_text(system_unit(sys.executable, "root", Path("/root"), config, b"/srv/my files 100%"))
    return path


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_users_unit(user_file: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(user_file.parent)}
    verified = _analyze("--user", "verify", str(user_file), environment=environment)
    assert (verified.returncode, verified.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_systems_unit(system_file: Path) -> None:
    verified = _analyze("verify", str(system_file))
    assert (verified.returncode, verified.stderr) == (0, "")


@needs_systemd
def test_the_units_are_as_closed_as_organizing_allows(user_file: Path, system_file: Path) -> None:
    assert _exposure(system_file) <= 3.0
    user_file.write_text(user_unit(sys.executable))
    assert _exposure(user_file) <= 7.0


def _exposure(path: Path) -> float:
    text = _analyze("security", "--offline=true", "--no-pager", str(path)).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", text)
    assert found, text
    return float(found[1])


def _analyze(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, env=environment, timeout=50
    )


def test_one_place_above_all_folders_may_be_written(system_file: Path) -> None:
    text = system_file.read_text()
    assert text.count("ReadWritePaths=") == 1
    assert 'ReadWritePaths="/srv/my files 100%%"' in text
    config = Config(
        agent=AgentSettings(destinations=(b"/srv/media/films",)),
        folders=(Folder("a", b"/srv/home/a"), Folder("b", b"/srv/media/b"), Folder("s3", b"s3://bucket")),
    )
    assert common_root(config) == b"/srv"
    with pytest.raises(UsageError):
        common_root(Config())


def test_hostile_names_make_no_unit() -> None:
    assert quoted('/a "b" $c %d') == '"/a \\"b\\" $$c %%d"'
    with pytest.raises(UsageError):
        quoted("/srv/a\nExecStartPre=/bin/sh")
    with pytest.raises(UsageError):
        system_unit(sys.executable, "root\nGroup=x", Path("/root"), Path("/c"), b"/srv")
    with pytest.raises(UsageError):
        system_unit(sys.executable, "root", Path("/root"), Path("/c"), b"/srv/caf\xe9")


def test_the_command_line_prints_a_unit() -> None:
    argv = [sys.executable, "-P", "-m", "agent.service", "user"]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert printed.stdout == user_unit(sys.executable)
