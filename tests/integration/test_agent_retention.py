"""The agent's housekeeping: what was in the trash long enough goes, and with it journals that nobody needs."""

from __future__ import annotations

from pathlib import Path

from agent import retention
from core.config import parse_config
from core.engine import Engine
from core.model import Operation, Progress, Request, new_id, now
from core.state import StateDirectory
from tests.trees import build

CONFIG = """
[trash]
keep = "{trash}"
[history]
keep = "{history}"
[[folder]]
name = "dl"
path = "{path}"
[[rule]]
name = "away"
match = {{ name = "*.tmpfile" }}
action = "trash"
"""


class Nobody:
    """Hears nothing."""

    def changed(self, operation: Operation) -> None:
        pass

    def progressed(self, progress: Progress) -> None:
        pass


def keep_house(home: Path, trash: str, history: str) -> tuple[list[Path], list[Path], list[str]]:
    """Trash a file, keep house with what is kept so long; return what is left of files and journals, and what went."""
    folder, state = home / "dl", StateDirectory.beneath(home / "s")
    build(folder, {"a.tmpfile": "a"})
    state.prepare()
    config = parse_config(CONFIG.format(trash=trash, history=history, path=folder))
    engine = Engine(state, config, Nobody())
    request = Request(id=new_id(), kind="organize", folder="dl", created=now(), sequence=1)
    engine.submit(request)
    assert engine.run(request.id, lambda: False).counts.done == 1
    forgotten: list[str] = []
    retention.keep_house_once(state, config, forgotten.append)
    return list(folder.rglob("*.tmpfile")), list(state.operations.iterdir()), forgotten


def test_what_expired_goes(tmp_path: Path) -> None:
    files, journals, forgotten = keep_house(tmp_path, "0s", "0s")
    assert files == journals == [] and len(forgotten) == 1


def test_what_is_still_in_the_trash_keeps_its_journal(tmp_path: Path) -> None:
    files, journals, forgotten = keep_house(tmp_path, "30d", "0s")
    assert len(files) == len(journals) == 1 and forgotten == []


def test_a_journal_outlives_its_trash(tmp_path: Path) -> None:
    files, journals, forgotten = keep_house(tmp_path, "0s", "1y")
    assert files == [] and forgotten == [] and len(journals) == 1
