"""`shelver doctor`: each thing that is wrong is found, and told with what would help."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from core import checks
from core.state import StateDirectory
from tests import trees
from tests.commands import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "h")


def findings(home: Home) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for each in home.run("doctor", "--json").objects:
        found.setdefault(each["check"], []).append(each)
    return found


def prepared(home: Home) -> StateDirectory:
    with home.entered():
        places = StateDirectory.of_user()
        places.prepare()
    return places


def test_on_a_fresh_home_nothing_is_wrong(home: Home) -> None:
    told = home.run("doctor")
    assert told.code == 0
    assert "problem" not in {fields[0] for fields in told.fields}
    assert not home.state.exists()


def test_a_config_with_mistakes(home: Home) -> None:
    home.write_config('[agent]\nmode = "revue"\n')
    (found,) = findings(home)["config"]
    assert (found["level"], found["hint"]) == ("problem", "shelver config check")
    assert home.run("doctor").code == 1


def test_a_folder_that_is_not_there(home: Home) -> None:
    home.write_config('[[folder]]\nname = "d"\npath = "~/nowhere"\n')
    assert findings(home)["folder d"][0]["level"] == "problem"


def test_too_few_watches(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_config('[[folder]]\nname = "d"\npath = "~/Downloads"\n')
    trees.build(home.downloads, {"a": {"b": {}, "c": {}}, "link": trees.Symlink("/")})
    limit = tmp_path / "limit"
    limit.write_text("4\n")
    monkeypatch.setattr(checks, "MAX_WATCHES", limit)
    (found,) = (each for each in findings(home)["inotify"] if "directories" in each["message"])
    assert found["level"] == "problem"
    assert found["message"] == "4 directories to watch, 4 allowed"
    assert found["hint"] == "sysctl fs.inotify.max_user_watches=16"


def test_state_that_others_can_read(home: Home) -> None:
    places = prepared(home)
    places.state.chmod(0o755)
    found = [each for each in findings(home)["state"] if each["level"] == "problem"]
    assert found[0]["hint"] == f"chmod 0700 {places.state}"
    assert os.stat(places.state).st_mode & 0o777 == 0o755, "doctor only looks"


def test_a_socket_that_was_left_behind(home: Home) -> None:
    places = prepared(home)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(places.socket))
    (found,) = findings(home)["agent"]
    assert found["level"] == "note" and "left behind" in found["message"]


def test_a_lock_that_is_held(home: Home) -> None:
    places = prepared(home)
    with places.lock():
        assert any("holds the state" in each["message"] for each in findings(home)["agent"])
    assert not any("holds the state" in each["message"] for each in findings(home)["agent"])


def test_the_file_system_of_a_path_is_the_innermost_mounts() -> None:
    assert checks.file_system_of(b"/proc/self") == "proc"
    assert checks.file_system_of(b"/proc") == "proc"
    assert checks.file_system_of(b"/") != "proc"
