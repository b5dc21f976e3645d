"""What arrives in a watched folder is looked up among all that is there, and handled as the folder is set to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents import RESTING, AgentUnderTest, until
from tests.trees import build, content, names

SAME = b"\x00\x01 the very same bytes"


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "dl"
    folder.mkdir()
    return folder


@pytest.fixture
def attic(tmp_path: Path) -> Path:
    build(tmp_path / "attic", {"deep": {"kept.bin": SAME}})
    return tmp_path / "attic"


@pytest.fixture
def agent(tmp_path: Path) -> AgentUnderTest:
    return AgentUnderTest(tmp_path)


def configure(agent: AgentUnderTest, downloads: Path, attic: Path, duplicates: str, mode: str = "auto") -> None:
    agent.folder("dl", downloads, f'mode = "{mode}"', f'duplicates = "{duplicates}"')
    agent.folder("attic", attic, 'mode = "auto"', 'duplicates = "off"')


def dedupes(agent: AgentUnderTest, folder: str = "dl") -> list[dict[str, Any]]:
    return [each for each in agent.get_all() if each["kind"] == "dedupe" and each["folder"] == folder]


def rested(agent: AgentUnderTest) -> dict[str, Any] | None:
    found = dedupes(agent)
    return found[0] if found and all(each["state"] in RESTING for each in found) else None


def groups(agent: AgentUnderTest, operation: str, query: str = "") -> dict[str, Any]:
    answer = agent.get(f"/api/v1/duplicates/{operation}{query}")
    assert answer.status == 200, answer.body
    return answer.body  # type: ignore[no-any-return]


def test_a_copy_that_arrives_goes_to_the_trash_and_comes_back(
    agent: AgentUnderTest, downloads: Path, attic: Path
) -> None:
    configure(agent, downloads, attic, "trash")
    with agent.running():
        agent.passed("dl")
        build(downloads, {"copy.bin": SAME, "own.bin": b"\x00 nobody else has this"})
        done = until(lambda: rested(agent), "it is looked up")
        assert (done["state"], done["counts"]["done"]) == ("completed", 1)
        assert not (downloads / "copy.bin").exists()
        assert content(attic / "deep/kept.bin") == SAME
        assert (downloads / "own.bin").exists()
        found = groups(agent, done["id"])
        assert (found["total"], found["groups"][0]["keep"]) == (1, str(attic / "deep/kept.bin"))
        undo = agent.post(f"/api/v1/operations/{done['id']}/rollback").body
        assert agent.rested(undo["id"])["state"] == "completed"
        build(downloads, {"next.bin": b"\x00 somebody waits for this"})
        until(lambda: agent.folder_status("dl")["waiting"] == 0, "it settled")
        assert content(downloads / "copy.bin") == SAME
        assert len(dedupes(agent)) == 1


def test_copies_that_arrive_are_told_of_in_one_report(agent: AgentUnderTest, downloads: Path, attic: Path) -> None:
    configure(agent, downloads, attic, "report")
    with agent.running():
        agent.passed("dl")
        build(downloads, {"copy.bin": SAME})
        first = until(lambda: rested(agent), "it is looked up")
        assert (first["state"], first["automatic"], first["counts"]["planned"]) == ("completed", True, 0)
        assert first["note"] == "1 file too many, 22 bytes to win"
        build(downloads, {"another.bin": SAME})
        second = until(lambda: (now := rested(agent)) and now["id"] != first["id"] and now, "the next is looked up")
        until(lambda: [each["id"] for each in dedupes(agent)] == [second["id"]], "the older report is gone")
        (group,) = groups(agent, second["id"])["groups"]
        assert {Path(file["path"]).name for file in group["files"]} == {"kept.bin", "copy.bin", "another.bin"}
        assert names(downloads) == {b"copy.bin", b"another.bin"}


def test_in_review_a_copy_waits(agent: AgentUnderTest, downloads: Path, attic: Path) -> None:
    configure(agent, downloads, attic, "trash", mode="review")
    with agent.running():
        agent.passed("dl")
        build(downloads, {"copy.bin": SAME})
        waiting = until(lambda: rested(agent), "it is looked up")
        assert (waiting["state"], waiting["counts"]["planned"]) == ("proposed", 1)
        assert (downloads / "copy.bin").exists()
        assert agent.post(f"/api/v1/operations/{waiting['id']}/approve").status == 202
        assert agent.rested(waiting["id"])["state"] == "completed"
        assert names(downloads) == {b".shelver-trash/%s/copy.bin" % waiting["id"].encode()}


@pytest.mark.parametrize("mode", ["review", "auto"])
def test_copies_that_were_there_before_go_once_the_folder_is_set_to_it(
    agent: AgentUnderTest, downloads: Path, attic: Path, mode: str
) -> None:
    build(downloads, {"copy.bin": SAME, "own.bin": b"\x00 nobody else has this"})
    configure(agent, downloads, attic, "report", mode)
    with agent.running():
        agent.passed("dl")
        assert dedupes(agent) == []
    agent.without_folders()
    configure(agent, downloads, attic, "trash", mode)
    with agent.running():
        agent.passed("dl")
        (found,) = dedupes(agent)
        assert (found["state"], found["counts"]["planned"]) == ("proposed" if mode == "review" else "completed", 1)
        if mode == "review":
            assert content(downloads / "copy.bin") == SAME
            assert agent.post(f"/api/v1/operations/{found['id']}/approve").status == 202
            assert agent.rested(found["id"])["state"] == "completed"
        assert names(downloads) == {b"own.bin", b".shelver-trash/%s/copy.bin" % found["id"].encode()}
        undo = agent.post(f"/api/v1/operations/{found['id']}/rollback").body
        assert agent.rested(undo["id"])["state"] == "completed"
        assert content(downloads / "copy.bin") == SAME
    with agent.running():
        agent.passed("dl")
        until(lambda: rested(agent), "what the agent looks up once more after its start is looked up")
        until(lambda: [each["id"] for each in dedupes(agent)] == [found["id"]], "nothing is found anew")
        assert content(downloads / "copy.bin") == SAME


def test_many_copies_that_were_there_before_wait(agent: AgentUnderTest, downloads: Path, attic: Path) -> None:
    build(downloads, {f"{number}.bin": SAME for number in range(11)})
    configure(agent, downloads, attic, "trash")
    with agent.running():
        agent.passed("dl")
        (waiting,) = dedupes(agent)
        assert (waiting["state"], waiting["counts"]["planned"]) == ("proposed", 11)
        build(downloads, {"11.bin": SAME})
        until(lambda: dedupes(agent)[0]["id"] != waiting["id"] and rested(agent), "what arrived joins it")
        newer = dedupes(agent)[0]
        assert (newer["state"], newer["counts"]["planned"]) == ("proposed", 12)
        until(lambda: dedupes(agent)[1]["state"] == "superseded", "it takes the place of the first")
    assert len(names(downloads)) == 12


def test_what_arrives_is_organized_once_it_was_looked_up(agent: AgentUnderTest, downloads: Path, attic: Path) -> None:
    configure(agent, downloads, attic, "hardlink")
    build(attic, {"notes.txt": "the same notes"})
    with agent.running():
        agent.passed("dl")
        build(downloads, {"more.txt": "the same notes", "other.txt": "other notes!!!"})
        done = until(lambda: rested(agent), "it is looked up")
        assert done["counts"]["done"] == 1
        until(lambda: not {b"more.txt", b"other.txt"} & names(downloads), "they are organized")
        (linked,) = downloads.glob("Documents/*/more.txt")
        assert linked.samefile(attic / "notes.txt")


def test_where_it_is_off_nothing_is_looked_up(agent: AgentUnderTest, downloads: Path, attic: Path) -> None:
    configure(agent, downloads, attic, "off")
    with agent.running():
        agent.passed("dl")
        build(downloads, {"copy.bin": SAME, "a.json": "{}"})
        until((downloads / "Data/a.json").exists, "the other file is organized")
        assert dedupes(agent) == []


# -- what a person asks for


def test_a_person_finds_chooses_and_acts(agent: AgentUnderTest, downloads: Path, attic: Path) -> None:
    configure(agent, downloads, attic, "report")
    build(downloads, {"one.bin": b"first", "two.bin": b"first", "three.bin": b"second", "four.bin": b"second"})
    with agent.running():
        started = agent.post("/api/v1/operations", {"kind": "dedupe", "folder": "dl"})
        assert started.status == 202
        report = agent.rested(started.body["id"])
        assert (report["state"], report["note"]) == ("completed", "2 files too many, 11 bytes to win")
        page = groups(agent, report["id"], "?from=1&limit=1&near=false")
        assert (page["total"], len(page["groups"]), page["redundant"], page["reclaimable"]) == (2, 1, 2, 11)
        assert groups(agent, report["id"], "?near=true") == {**page, "groups": [], "total": 0}
        (group,) = page["groups"]
        chosen = next(file["path"] for file in group["files"] if file["path"] != group["keep"])
        asked = {"kind": "dedupe", "folder": "dl", "of": report["id"], "action": "trash"}
        done = agent.post("/api/v1/operations", {**asked, "choices": {str(group["group"]): chosen}})
        assert done.status == 202, done.body
        assert agent.rested(done.body["id"])["counts"]["done"] == 2
        assert Path(chosen).exists()
        assert len({name for name in names(downloads) if b"/" not in name}) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "shred"}, "action"),
        ({"of": "unknown2", "action": "trash"}, "of"),
        ({"choices": {"0": "/x"}}, "choices"),
        ({"keep": ["eldest"]}, "keep"),
        ({"rules": ["x"]}, "rules"),
        ({"kind": "organize", "action": "trash"}, "action"),
        ({"similar": "yes"}, "similar"),
    ],
)
def test_a_wrong_field_is_named(shared: AgentUnderTest, body: dict[str, Any], field: str) -> None:
    answer = shared.post("/api/v1/operations", {"kind": "dedupe", "folder": "dl", **body})
    assert (answer.status, answer.body["error"].get("field")) == (422, field)


@pytest.mark.parametrize("query", ["?limit=0", "?limit=100000", "?from=-1", "?near=perhaps", "?what=ever"])
def test_a_wrong_query_is_refused(shared: AgentUnderTest, query: str) -> None:
    assert shared.get(f"/api/v1/duplicates/unknown2{query}").status == 422


def test_only_a_dedupe_has_groups(shared: AgentUnderTest) -> None:
    assert shared.get("/api/v1/duplicates/unknown2").status == 404


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentUnderTest]:
    home = tmp_path_factory.mktemp("s")
    (home / "dl").mkdir()
    agent = AgentUnderTest(home)
    agent.folder("dl", home / "dl", 'mode = "auto"')
    with agent.running():
        yield agent
