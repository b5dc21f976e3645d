"""Databases that are opened: damage is put aside, and nothing else is taken for damage."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.stores import database
from core.stores.database import opened

SCHEMA = "CREATE TABLE IF NOT EXISTS things (name TEXT);"


def test_what_is_damaged_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database" * 100)

    with closing(opened(tmp_path / "a.db", SCHEMA)) as made:
        assert made.execute("SELECT count(*) FROM things").fetchone() == (0,)
    assert (tmp_path / "a.db.damaged").read_bytes() == b"no database" * 100


def test_what_is_locked_is_not_taken_for_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.01)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE things (name TEXT)")
        other.execute("INSERT INTO things VALUES ('kept')")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            opened(tmp_path / "a.db", SCHEMA)
        other.execute("ROLLBACK")

    with closing(opened(tmp_path / "a.db", SCHEMA)) as found:
        assert found.execute("SELECT name FROM things").fetchall() == [("kept",)]
    assert not (tmp_path / "a.db.damaged").exists()


def test_many_processes_may_open_a_new_one_at_once(tmp_path: Path) -> None:
    act = (
        "import sys; from pathlib import Path; from core.stores.database import opened\n"
        f"c = opened(Path(sys.argv[1]), {SCHEMA!r})\n"
        "with c: c.execute('INSERT INTO things VALUES (?)', (sys.argv[2],))\n"
        "c.close()"
    )
    children = [subprocess.Popen([sys.executable, "-c", act, str(tmp_path / "a.db"), str(n)]) for n in range(12)]
    assert [child.wait(60) for child in children] == [0] * 12

    with closing(opened(tmp_path / "a.db", SCHEMA)) as found:
        assert found.execute("SELECT count(*) FROM things").fetchone() == (12,)
    assert not (tmp_path / "a.db.damaged").exists()
