"""A folder is watched, files that settle are organized, people approve, reject, undo, pause."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.journal import OperationFiles
from tests.agents import RESTING, AgentUnderTest, until
from tests.trees import build


def test_a_file_that_arrives_is_organized(agent: AgentUnderTest, downloads: Path) -> None:
    with agent.running():
        agent.passed("dl")
        (downloads / "notes.txt").write_text("hello")
        operation = agent.newest("completed")
        assert [path.name for path in downloads.rglob("*.txt")] == ["notes.txt"]
        assert not (downloads / "notes.txt").exists()
        assert operation["automatic"] and operation["counts"]["done"] == 1
        assert agent.folder_status("dl")["new_today"] == 1


def test_files_that_were_there_before_wait_for_approval(agent: AgentUnderTest, downloads: Path) -> None:
    build(downloads, {"a.txt": "a", "b.json": "{}"})
    with agent.running():
        proposal = agent.newest("proposed")
        assert proposal["note"]
        assert (downloads / "a.txt").exists()
        assert agent.post(f"/api/v1/operations/{proposal['id']}/approve").status == 202
        assert agent.rested(proposal["id"])["state"] == "completed"
        assert sorted(path.name for path in downloads.iterdir()) == ["Data", "Documents"]


@pytest.mark.heavy
def test_an_approved_part_is_all_that_runs(agent: AgentUnderTest, downloads: Path) -> None:
    build(downloads, {"a.txt": "a", "b.json": "{}"})
    with agent.running():
        proposal = agent.newest("proposed")
        only = {"only": [str(downloads / "b.json")]}
        assert agent.post(f"/api/v1/operations/{proposal['id']}/approve", only).status == 202
        assert agent.rested(proposal["id"])["state"] == "partial"
        assert sorted(path.name for path in downloads.iterdir()) == ["Data", "a.txt"]


def test_what_was_undone_stays(agent: AgentUnderTest, downloads: Path) -> None:
    with agent.running():
        agent.passed("dl")
        (downloads / "a.txt").write_text("a")
        done = agent.newest("completed")
        undo = agent.post(f"/api/v1/operations/{done['id']}/rollback").body
        assert agent.rested(undo["id"])["state"] == "completed"
        (downloads / "b.json").write_text("{}")  # what comes later is organized, what was put back is not
        until((downloads / "Data/b.json").exists, "the second file is organized")
        assert (downloads / "a.txt").read_text() == "a"
        assert agent.operation(done["id"])["undone_by"] == undo["id"]


def test_own_moves_are_no_news(agent: AgentUnderTest, downloads: Path) -> None:
    agent._folders.clear()
    agent.folder("dl", downloads, 'mode = "auto"', "subfolders = true")
    with agent.running():
        agent.passed("dl")
        for name in ("a.txt", "b.json", "c.json"):
            before = [each["id"] for each in agent.get_all()]
            (downloads / name).write_text(f'"{name}"')
            operation = until(lambda before=before: (o := agent.newest("completed")) and o["id"] not in before and o)  # type: ignore[misc]
            request = OperationFiles(agent.state.operation(operation["id"])).request()
            assert request.paths == [name.encode()]  # and not where those before it went
        # the first pass and these three: not one more that found nothing to do and was forgotten
        assert _ended(agent.get("/metrics").body) == 4


def test_new_files_join_the_proposal_that_waits(agent: AgentUnderTest, downloads: Path) -> None:
    agent._folders.clear()
    agent.folder("dl", downloads, 'mode = "review"')
    with agent.running():
        agent.passed("dl")
        (downloads / "a.txt").write_text("a")
        first = agent.newest("proposed")
        (downloads / "b.json").write_text("{}")
        second = until(lambda: (found := agent.newest("proposed")) and found["id"] != first["id"] and found)
        until(lambda: agent.operation(first["id"])["state"] == "superseded", "the older one is superseded")
        assert second["counts"]["planned"] == 2
        assert agent.post(f"/api/v1/operations/{first['id']}/approve").status == 409
        assert agent.post(f"/api/v1/operations/{second['id']}/approve").status == 202
        assert agent.rested(second["id"])["state"] == "completed"


@pytest.mark.heavy
def test_what_was_rejected_is_not_proposed_again(agent: AgentUnderTest, downloads: Path) -> None:
    build(downloads, {"a.txt": "a"})
    with agent.running():
        proposal = agent.newest("proposed")
        assert agent.post(f"/api/v1/operations/{proposal['id']}/reject").status == 202
        assert agent.rested(proposal["id"])["state"] == "rejected"
        (downloads / "b.json").write_text("{}")
        until((downloads / "Data/b.json").exists, "the next file is organized")
        assert (downloads / "a.txt").exists()


def test_a_paused_folder_is_left_alone_also_after_a_restart(agent: AgentUnderTest, downloads: Path) -> None:
    with agent.running():
        agent.passed("dl")
        assert agent.post("/api/v1/folders/dl/pause").body["state"] == "paused"
    with agent.running():
        assert agent.folder_status("dl")["state"] == "paused"
        (downloads / "a.txt").write_text("a")
        assert agent.post("/api/v1/folders/dl/resume").body["state"] == "watching"
        until((downloads / "Documents").exists, "the file is organized after all")


@pytest.mark.heavy
def test_files_that_arrive_while_no_agent_runs_are_found(agent: AgentUnderTest, downloads: Path) -> None:
    with agent.running():
        agent.passed("dl")
    (downloads / "a.txt").write_text("a")
    with agent.running():
        until((downloads / "Documents").exists, "the file is organized")


def test_names_that_are_not_utf8_are_organized_too(agent: AgentUnderTest, downloads: Path) -> None:
    hostile = os.path.join(os.fsencode(downloads), b"caf\xe9\x1b[2J\n[b].txt")
    with agent.running():
        agent.passed("dl")
        with open(hostile, "wb") as file:
            file.write(b"x")
        operation = agent.newest("completed")
        assert not os.path.exists(hostile)
        step = agent.get(f"/api/v1/operations/{operation['id']}/steps?filter=caf").body["steps"][0]
        assert "\x1b" not in step["source"] and step["source_b64"]
        (downloads / "b.json").write_text("{}")
        until((downloads / "Data/b.json").exists, "it is watched all the same")
        assert agent.folder_status("dl")["state"] == "watching"


def test_a_file_that_is_written_to_waits(agent: AgentUnderTest, downloads: Path) -> None:
    with agent.running():
        agent.passed("dl")
        with (downloads / "slow.txt").open("w") as file:
            file.write("half")
            file.flush()
            (downloads / "b.json").write_text("{}")
            until((downloads / "Data/b.json").exists, "the other file is organized")
            assert agent.folder_status("dl")["waiting"] == 1
            assert (downloads / "slow.txt").exists()
        until(lambda: not (downloads / "slow.txt").exists(), "it is organized once it is closed")


def test_files_in_new_folders_are_found(agent: AgentUnderTest, downloads: Path) -> None:
    agent._folders.clear()
    agent.folder("dl", downloads, 'mode = "auto"', "subfolders = true")
    with agent.running():
        agent.passed("dl")
        for number in range(30):
            deep = downloads / f"new{number}/deeper"
            deep.mkdir(parents=True)
            (deep / f"{number}.json").write_text("{}")
        until(lambda: len(list((downloads / "Data").glob("*.json"))) == 30, "all are organized")


@pytest.mark.heavy
def test_a_thousand_new_folders_with_a_file_each(agent: AgentUnderTest, downloads: Path) -> None:
    agent._folders.clear()
    agent.folder("dl", downloads, 'mode = "auto"', "subfolders = true")
    with agent.running():
        agent.passed("dl")
        for number in range(1000):
            (downloads / f"new{number}").mkdir()
            (downloads / f"new{number}" / f"{number}.json").write_text("{}")
        until(lambda: len(list((downloads / "Data").glob("*.json"))) == 1000, "all are organized")


def test_a_folder_whose_rules_hold_everything_back_comes_to_rest(agent: AgentUnderTest, downloads: Path) -> None:
    agent._folders.clear()
    agent.folder("dl", downloads, 'mode = "auto"')
    build(downloads, {"one.unknown": b"\x00\x01\x02", ".hidden": "?", "film.mkv.part": "?"})
    with agent.running():
        agent.passed("dl")
        before = _ended(agent.get("/metrics").body)
        build(downloads, {"news.json": "{}"})
        until((downloads / "Data/news.json").exists, "the news is organized")
        until(lambda: all(each["state"] in RESTING for each in agent.get_all()), "all rests")
        assert _ended(agent.get("/metrics").body) == before + 1  # what was held back all the while started nothing


def _ended(metrics: bytes) -> int:
    """Return how many organize operations came to rest, those that found nothing to do among them."""
    lines = [line for line in metrics.splitlines() if line.startswith(b'shelver_operations_total{kind="organize"')]
    return sum(int(float(line.rpartition(b" ")[2])) for line in lines)
