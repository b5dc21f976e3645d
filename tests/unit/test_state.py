"""The state directory: private, held by one at a time; folders exclude each other when one lies in the other."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from core.errors import Locked, StateFull, UnknownOperation
from core.state import RESERVE_BYTES, StateDirectory, write_durably


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    state = StateDirectory.beneath(tmp_path / "state")
    state.prepare()
    return state


class WaitsForever(Exception):
    """Raised in place of waiting for a lock."""


def waits() -> None:
    raise WaitsForever


def test_everything_is_private_to_its_owner(state: StateDirectory) -> None:
    write_durably(state.catalog, b"{}")
    for path in (state.state, *state.state.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_one_process_holds_a_state_at_a_time(state: StateDirectory) -> None:
    with state.lock(), pytest.raises(Locked), state.lock():
        pytest.fail("the lock was given twice")
    with state.lock():
        pass


@pytest.mark.parametrize(
    ("held", "wanted", "excluded"),
    [
        (b"/srv/a", b"/srv/a", True),
        (b"/srv/a", b"/srv/a/within", True),
        (b"/srv/a/within", b"/srv/a", True),
        (b"/srv/a", b"/srv/b", False),
        (b"/srv/a", b"/srv/ab", False),
        (b"/srv/a/one", b"/srv/a/two", False),
    ],
)
def test_folders_exclude_each_other_only_when_one_lies_in_the_other(
    state: StateDirectory, held: bytes, wanted: bytes, excluded: bool
) -> None:
    with state.folders([held], waits):
        if excluded:
            with pytest.raises(WaitsForever), state.folders([wanted], waits):
                pytest.fail("both were given")
        else:
            with state.folders([wanted], waits):
                pass


def test_a_folder_and_its_own_subfolder_are_held_by_one_operation_without_waiting(state: StateDirectory) -> None:
    with state.folders([b"/srv/a/within", b"/srv/a"], waits):
        pass


def test_a_full_disk_refuses_what_is_new(state: StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    state.check_room()
    assert state.reserve.stat().st_size == RESERVE_BYTES
    state.reserve.unlink()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StateFull, match="full"):
        state.check_room()


@pytest.mark.parametrize("id", ["", "../../etc", "a/b", "a b"])
def test_what_is_no_id_names_no_directory(state: StateDirectory, id: str) -> None:
    with pytest.raises(UnknownOperation):
        state.operation(id)


def test_the_places_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / name))
    places = StateDirectory.of_user()
    assert places.state == tmp_path / "STATE_HOME/shelver"
    assert places.cache == tmp_path / "CACHE_HOME/shelver"
    assert places.socket == tmp_path / "RUNTIME_DIR/shelver/agent.sock"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/shelver")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/shelver")
    assert StateDirectory.of_user().state == Path("/var/lib/shelver")
    assert StateDirectory.of_user().socket == Path("/run/shelver/agent.sock")
