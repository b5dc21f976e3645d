"""Looking a plan over by where its files go, approving it without some of them, and what was done by the day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.agents import AgentUnderTest
from tests.trees import build, read

RULE = """
[[rule]]
name = "{0}"
match = {{ ext = "{1}" }}
to = "{0}/"
"""


@pytest.fixture
def mess(agent: AgentUnderTest) -> Path:
    """A folder that waits to be looked over."""
    path = agent.home / "mess"
    build(path, {"a.pdf": "%PDF", "b.pdf": "%PDF", "c.zip": "z", b"\xff.zip": "y", "d.mp3": "song"})
    rules = (("Archives", "zip"), ("Music", "mp3"), ("Documents", "pdf"))
    agent.folder("mess", path, *(RULE.format(name, extension) for name, extension in rules))
    return path


def destinations(agent: AgentUnderTest, id: str) -> list[dict[str, Any]]:
    answer = agent.get(f"/api/v1/operations/{id}/destinations")
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.body["destinations"]
    return found


def test_a_plan_is_looked_over_by_folder_and_approved_without_some(agent: AgentUnderTest, mess: Path) -> None:
    with agent.running():
        id = agent.newest("proposed")["id"]
        where = destinations(agent, id)
        assert sum(each["files"] for each in where) == 5
        assert all(each["fate"] == "into" and each["path"].startswith(str(mess)) for each in where)
        zips = next(number for number, each in enumerate(where) if "Archives" in each["path"])
        page = agent.get(f"/api/v1/operations/{id}/steps?into={zips}").body
        assert [step["source"] for step in page["steps"]] == [f"{mess}/c.zip", f"{mess}/\\xff.zip"]
        assert agent.get(f"/api/v1/operations/{id}/steps?into=99").status == 422
        music = next(each["path"] for each in where if "Music" in each["path"])
        body = {"without": [f"{mess}/a.pdf", music], "without_b64": [page["steps"][1]["source_b64"]]}
        assert agent.post(f"/api/v1/operations/{id}/approve", body).status == 202
        assert agent.rested(id)["counts"] == {"planned": 5, "done": 2, "skipped": 3, "failed": 0, "bytes": 5}
        left = {name for name in read(mess) if not name.startswith((b"Documents", b"Archives"))}
        assert left >= {b"a.pdf", b"d.mp3", b"\xff.zip"}
        assert not left & {b"b.pdf", b"c.zip"}

        today = agent.get("/api/v1/activity?days=7").body["days"]
        assert len(today) == 7
        assert {name: today[-1][name] for name in ("operations", "files", "restored")} == {
            "operations": 1,
            "files": 2,
            "restored": 0,
        }
        assert agent.get("/api/v1/activity?days=0").status == 422

        found = agent.get("/api/v1/operations?filter=MESS%20partial").body["operations"]
        assert [each["id"] for each in found] == [id]
        assert agent.get("/api/v1/operations?filter=!mess").body["operations"] == []


def test_files_that_go_together_are_one_line(agent: AgentUnderTest) -> None:
    path = agent.home / "camera"
    build(path, {"IMG_1.JPG": "j", "IMG_1.JPG.xmp": "x", "b.txt": "t"})
    agent.folder("camera", path)
    with agent.running():
        id = agent.newest("proposed")["id"]
        page = agent.get(f"/api/v1/operations/{id}/steps?folded=true").body
        told = zip(page["lines"], (step["kind"] for step in page["steps"]), strict=False)
        assert page["total"] == len(page["lines"]) < len(page["steps"]) == sum(page["lines"])
        assert 2 in [length for length, _ in told]
