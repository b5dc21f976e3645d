"""`shelver service`: the unit in its place, systemctl called with lists, and nothing where there is no systemd."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import trees
from tests.commands import Home
from tui.commands import units

CALLED = """#!/bin/sh
printf '%s\\n' "$*" >> "$HOME/called"
case "$*" in
  *is-active*) cat "$HOME/active" 2>/dev/null || { echo inactive; exit 3; } ;;
  *is-enabled*) echo enabled ;;
  *enable*broken*) exit 1 ;;
esac
[ ! -e "$HOME/fail" ] || { echo 'Failed to connect to bus' >&2; exit 1; }
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    trees.write(made.path / "bin/systemctl", CALLED.encode())
    (made.path / "bin/systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{made.path}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(units, "SYSTEMD_RUNS", made.path)
    monkeypatch.setattr(units, "SYSTEM_UNITS", made.path / "etc/systemd/system")
    yield made


def called(home: Home) -> list[str]:
    record = home.path / "called"
    return record.read_text().splitlines() if record.exists() else []


def unit(home: Home) -> Path:
    return home.path / ".config/systemd/user/shelver.service"


def test_install_writes_the_users_unit_and_starts_it(home: Home) -> None:
    told = home.run("service", "install")
    assert told.code == 0, told.err
    assert f"ExecStart={sys.executable} -P -m agent.main" in unit(home).read_text()
    assert unit(home).stat().st_mode & 0o777 == 0o644
    assert called(home) == ["--user daemon-reload", "--user enable --now shelver.service"]
    assert "enable-linger" in told.err


def test_installing_again_is_no_trouble(home: Home) -> None:
    home.run("service", "install")
    assert home.run("service", "install", "--json").object == {"unit": str(unit(home))}


def test_a_wrong_config_is_told_before_anything_is_written(home: Home) -> None:
    home.write_config('[agent]\nmode = "revue"\n')
    assert home.run("service", "install").code == 2
    assert not unit(home).exists() and called(home) == []


def test_what_systemctl_says_is_told(home: Home) -> None:
    (home.path / "fail").touch()
    told = home.run("service", "install")
    assert told.code == 1
    assert "Failed to connect to bus" in told.err


def test_uninstall_stops_it_and_takes_the_unit_away(home: Home) -> None:
    assert home.run("service", "uninstall").code == 2
    home.run("service", "install")
    assert home.run("service", "uninstall").code == 0
    assert not unit(home).exists()
    assert called(home)[-2:] == ["--user disable --now shelver.service", "--user daemon-reload"]


def test_status_tells_whether_it_runs(home: Home) -> None:
    told = home.run("service", "status", "--json")
    assert told.code == 3
    assert told.object == {"unit": str(unit(home)), "installed": False, "active": "inactive", "enabled": "enabled"}
    (home.path / "active").write_text("active\n")
    assert home.run("service", "status").code == 0


def test_without_systemd_it_says_what_to_do_instead(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "SYSTEMD_RUNS", home.path / "nowhere")
    for verb in ("install", "uninstall", "status"):
        told = home.run("service", verb)
        assert told.code == 2
        assert "shelver agent" in told.err
    assert called(home) == []


def test_a_users_service_has_the_users_own_config(home: Home) -> None:
    assert home.run("service", "install", "--state", "elsewhere").code == 2
    assert home.run("service", "install", "--user", "root").code == 2


def test_the_systems_service_needs_root(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert home.run("service", "install", "--system").code == 4


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="writes where only root may")
def test_install_system_names_user_and_config(home: Home) -> None:
    config = home.write_config('[[folder]]\nname = "d"\npath = "~/Downloads"\n')
    assert home.run("service", "install", "--system").code == 2  # whose files?
    user = pwd.getpwuid(os.getuid()).pw_name
    told = home.run("service", "install", "--system", "--user", user, "--config", config)
    assert told.code == 0, told.err
    text = (home.path / "etc/systemd/system/shelver.service").read_text()
    assert f"User={user}\n" in text and f"--config {config}" in text
    assert called(home) == ["daemon-reload", "enable --now shelver.service"]
