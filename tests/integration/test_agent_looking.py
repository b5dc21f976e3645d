"""What people look at and decide over the socket: explanations, rules, findings, the config, one more folder."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from core.config import load_config
from tests.agents import AgentUnderTest, until
from tests.trees import build, read

RULES = """
[[rule]]
name = "papers"
match = { ext = "pdf" }
to = "Papers/"

[[rule]]
name = "letters"
match = { text = "dear", ext = "txt" }
to = "Letters/{modified:%Y}/"
"""


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentUnderTest]:
    """A running agent that every test here may look at; none may move its files."""
    agent = AgentUnderTest(tmp_path_factory.mktemp("a"))
    build(agent.home / "dl", {"a.pdf": "%PDF-1.4", "l.txt": "dear Lena", "x.bin": "\0", "out": {"s.txt": "secret"}})
    build(agent.home / "other", {"b.pdf": "%PDF-1.4"})
    (agent.home / "dl/link").symlink_to(agent.home / "other")
    (agent.home / "dl/\udcff.pdf").write_bytes(b"%PDF-1.4")
    agent.folder("dl", agent.home / "dl", RULES)
    with agent.running():
        agent.newest("proposed")
        yield agent


def explained(agent: AgentUnderTest, path: Path | str) -> Any:
    return agent.get(f"/api/v1/files/explain?path={quote(str(path))}")


def test_explaining_a_file_looks_into_it_and_says_what_organize_would_do(looked_at: AgentUnderTest) -> None:
    answer = explained(looked_at, looked_at.home / "dl/l.txt")
    assert answer.status == 200
    told = answer.body
    assert [(rule["name"], rule["matches"]) for rule in told["rules"]] == [("papers", False), ("letters", True)]
    assert told["action"] == "move" and told["destination"].endswith("/dl/Letters/2014/l.txt")
    assert told["facts"]["kind"] == "document" and told["facts"]["size"] == 9
    stays = explained(looked_at, looked_at.home / "dl/x.bin").body
    assert stays["action"] is None and stays["left_alone"] == "no rule takes it"


def test_a_name_that_is_not_utf8_is_asked_exactly(looked_at: AgentUnderTest) -> None:
    path = os.fsencode(looked_at.home) + b"/dl/\xff.pdf"
    told = looked_at.get(f"/api/v1/files/explain?path_b64={quote(b64encode(path).decode(), safe='')}").body
    assert told["path"].endswith("/dl/\\xff.pdf") and told["rules"][0]["matches"]


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "relative.pdf", "", "{home}/other/b.pdf", "{home}/dl/../other/b.pdf", "{home}/dl/link/b.pdf",
     "{home}/dl/gone.pdf", "{home}/dl/out", "{home}/dl", "/\0"],
)  # fmt: skip
def test_nothing_outside_of_the_folders_is_explained(looked_at: AgentUnderTest, path: str) -> None:
    answer = explained(looked_at, path.format(home=looked_at.home))
    assert answer.status == 422
    assert answer.body["error"]["field"] == "path"


def test_the_rules_in_order_with_what_each_moved(agent: AgentUnderTest) -> None:
    build(agent.home / "dl", {"a.pdf": "%PDF-1.4", "b.pdf": "%PDF-1.5", "l.txt": "dear Lena"})
    agent.folder("dl", agent.home / "dl", 'ignore = ["*.iso"]', RULES)
    with agent.running():
        agent.rested(agent.post("/api/v1/operations", {"kind": "organize", "folder": "dl"}).body["id"])
        until(lambda: agent.get("/api/v1/folders/dl/rules").body["rules"][0]["moved"] == 2, "the history is there")
        told = agent.get("/api/v1/folders/dl/rules").body
        assert [(rule["name"], rule["moved"]) for rule in told["rules"]] == [("papers", 2), ("letters", 1)]
        assert told["rules"][1]["match"] == {"text": "dear", "ext": "txt"}
        assert (told["built_in"], told["days"], told["settings"]["ignore"]) == (False, 30, ["*.iso"])
        assert agent.get("/api/v1/folders/nowhere/rules").status == 404


def test_a_folder_whose_name_holds_braces(agent: AgentUnderTest) -> None:
    build(agent.home / "dl", {})
    agent.folder("{a} [b] ö", agent.home / "dl")
    with agent.running():
        agent.until_folder("{a} [b] ö", "watching")
        name = quote("{a} [b] ö")
        assert agent.get(f"/api/v1/folders/{name}/rules").body["folder"] == "{a} [b] ö"
        assert agent.post(f"/api/v1/folders/{name}/pause").body["state"] == "paused"


def test_the_doctors_findings(looked_at: AgentUnderTest) -> None:
    found = {each["check"]: each for each in looked_at.get("/api/v1/doctor").body["findings"]}
    assert found["journals"]["level"] == "ok" and found["catalog"]["level"] == "ok"
    assert str(looked_at.state.socket) in found["agent"]["message"]
    assert int(found["inotify use"]["message"].split()[0].replace(",", "")) >= 1


def test_a_config_is_read_again_and_its_mistakes_are_told_with_their_lines(agent: AgentUnderTest) -> None:
    build(agent.home / "dl", {})
    agent.folder("dl", agent.home / "dl")
    with agent.running():
        assert agent.get("/api/v1/config").body["mistakes"] == []
        good = agent.config.read_text()
        agent.config.write_text(good.replace("[[folder]]", '[[folder]]\ncolour = "red"'))
        for told in (agent.get("/api/v1/config").body, agent.post("/api/v1/config/reload").body):
            (mistake,) = told["mistakes"]
            assert (mistake["text"], mistake["where"]) == ('colour = "red"', "folder dl colour")
            assert mistake["line"] == agent.config.read_text().splitlines().index('colour = "red"') + 1
        assert [each["name"] for each in agent.get("/api/v1/folders").body["folders"]] == ["dl"]
        agent.config.write_text(good.replace('name = "dl"', 'name = "renamed"'))
        assert agent.post("/api/v1/config/reload").body["mistakes"] == []
        assert [each["name"] for each in agent.get("/api/v1/folders").body["folders"]] == ["renamed"]


def test_a_config_may_be_read_again_by_many_at_once(agent: AgentUnderTest) -> None:
    for number in range(4):
        build(agent.home / f"f{number}", {})
        agent.folder(f"f{number}", agent.home / f"f{number}")
    with agent.running(), ThreadPoolExecutor(8) as many:
        names = [f"f{number}" for number in range(4)]
        for turn in ("a", "b", "c"):
            text = agent.config.read_text()
            for name in names:
                text = text.replace(f'name = "{name}"', f'name = "{turn}{name[-1]}"')
            agent.config.write_text(text)
            names = [f"{turn}{number}" for number in range(4)]
            answers = list(many.map(lambda _: agent.post("/api/v1/config/reload").status, range(8)))
            assert answers == [202] * 8
            assert [each["name"] for each in agent.get("/api/v1/folders").body["folders"]] == names


def test_a_folder_is_previewed_and_nothing_is_changed(agent: AgentUnderTest) -> None:
    build(agent.home / "dl", {})
    mess = agent.home / "mess"
    build(mess, {"a.pdf": "%PDF-1.4", "l.txt": "dear Lena", "x.bin": "\0", "sub": {"b.pdf": "%PDF-1.4"}})
    agent.folder("dl", agent.home / "dl", RULES)
    before, config = read(mess), agent.config.read_text()
    with agent.running():
        told = agent.post("/api/v1/folders/preview", {"path": str(mess)}).body
        assert (told["files"], told["looked_at"], told["moves"], told["stays"]) == (3, 3, 2, 1)
        assert {each["rule"]: each["files"] for each in told["rules"]} == {"papers": 1, "letters": 1}
        assert told["name"] == "mess" and told["table"].startswith("[[folder]]\n") and told["obstacle"] is None
        assert told["config"] == str(agent.config)
        assert {Path(step["destination"]).parent.parent.name for step in told["sample"]} <= {"mess", "Letters"}
        assert agent.get_all() == [] or all(each["folder"] == "dl" for each in agent.get_all())
    assert agent.config.read_text() == config
    assert read(mess) == before


def test_a_folder_is_added_and_watched(agent: AgentUnderTest) -> None:
    mess = agent.home / "mess"
    build(agent.home, {"dl": {}, "mess": {"a.pdf": "%PDF-1.4"}})
    agent.folder("dl", agent.home / "dl", "# a comment that stays", RULES)
    with agent.running():
        answer = agent.post("/api/v1/folders", {"path": str(mess), "mode": "auto"})
        assert (answer.status, answer.body["name"], answer.body["mode"]) == (202, "mess", "auto")
        proposal = agent.newest("proposed")
        assert proposal["folder"] == "mess" and (mess / "a.pdf").exists()
        assert "# a comment that stays" in agent.config.read_text()
        assert [folder.name for folder in load_config(agent.config).folders] == ["dl", "mess"]
        again = agent.post("/api/v1/folders", {"path": str(mess)})
        assert (again.status, again.body["error"]["field"]) == (422, "path")
        for wrong in (str(agent.home / "gone"), "relative", str(agent.config)):
            for route in ("/api/v1/folders", "/api/v1/folders/preview"):
                answer = agent.post(route, {"path": wrong})
                assert (answer.status, answer.body["error"]["field"]) == (422, "path")


def test_a_newcomers_first_folder_makes_the_config(agent: AgentUnderTest) -> None:
    build(agent.home, {"mess": {"a.pdf": "%PDF-1.4"}})
    agent.config.unlink()
    agent.environment["XDG_CONFIG_HOME"] = str(agent.home / "xdg")
    with agent.running():
        assert agent.get("/api/v1/folders").body == {"folders": []}
        state = agent.get("/api/v1/config").body
        made = agent.home / "xdg/shelver/config.toml"
        assert (state["path"], state["exists"], state["obstacle"]) == (str(made), False, None)
        told = agent.post("/api/v1/folders/preview", {"path": str(agent.home / "mess")}).body
        assert told["moves"] == 1 and told["rules"] == [{"rule": "documents", "files": 1}]
        assert not made.exists()
        assert agent.post("/api/v1/folders", {"path": str(agent.home / "mess")}).status == 202
        assert agent.newest("proposed")["folder"] == "mess"
        assert made.read_text().startswith("# Shelver's config.") and made.stat().st_mode & 0o777 == 0o600


def test_an_agent_without_a_config_shows_the_lines_to_paste(agent: AgentUnderTest) -> None:
    build(agent.home, {"dl": {}, "mess": {"a.pdf": "%PDF-1.4"}})
    with agent.running(arguments=("--folder", str(agent.home / "dl"))):
        told = agent.post("/api/v1/folders/preview", {"path": str(agent.home / "mess")}).body
        assert told["config"] is None and "without a config" in told["obstacle"]
        assert told["moves"] == 1 and "mess" in told["table"]
        assert agent.post("/api/v1/folders", {"path": str(agent.home / "mess")}).status == 409
