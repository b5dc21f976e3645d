"""Which engine is lent, and when one of an older config is closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.engines import Engines
from core.config import Config
from core.engine import Engine
from core.model import Operation, Progress
from core.state import StateDirectory


class _Deaf:
    def changed(self, operation: Operation) -> None: ...

    def progressed(self, progress: Progress) -> None: ...


class _Told(Engine):
    is_closed = False

    def close(self) -> None:
        super().close()
        self.is_closed = True


@pytest.fixture
def old(tmp_path: Path) -> _Told:
    return _Told(StateDirectory.beneath(tmp_path), Config(), _Deaf())


@pytest.fixture
def new(tmp_path: Path) -> _Told:
    return _Told(StateDirectory.beneath(tmp_path), Config(), _Deaf())


def test_one_that_nobody_has_is_closed_at_once(old: _Told, new: _Told) -> None:
    engines = Engines(old)
    with engines.lent() as lent:
        assert lent is old
    engines.replace(new)
    assert old.is_closed and not new.is_closed


def test_one_that_somebody_has_is_closed_when_the_last_gives_it_back(old: _Told, new: _Told) -> None:
    engines = Engines(old)
    with engines.lent():
        with engines.lent():
            engines.replace(new)
        assert not old.is_closed
        with engines.lent() as lent:
            assert lent is new
        assert not old.is_closed
    assert old.is_closed and not new.is_closed


def test_one_is_given_back_by_who_failed(old: _Told, new: _Told) -> None:
    engines = Engines(old)
    with pytest.raises(OSError, match="no disk"), engines.lent():
        engines.replace(new)
        raise OSError("no disk")
    assert old.is_closed
