"""The socket's routes: what they answer, and how they refuse."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.server import BODY_LIMIT
from tests.agents import AgentUnderTest, Answer, until
from tests.trees import build


def start(agent: AgentUnderTest) -> None:
    """Start an agent with one folder in review mode that holds two files."""
    build(agent.home / "dl", {"a.txt": "a", "b.json": "{}"})
    agent.folder("dl", agent.home / "dl")
    agent.start()
    agent.newest("proposed")


@pytest.fixture
def served(agent: AgentUnderTest) -> Iterator[AgentUnderTest]:
    """A running agent."""
    start(agent)
    yield agent
    assert agent.stop() == 0


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentUnderTest]:
    """A running agent that every test here may look at; none may move its files."""
    agent = AgentUnderTest(tmp_path_factory.mktemp("agent"))
    start(agent)
    yield agent
    assert agent.stop() == 0


def test_looking(looked_at: AgentUnderTest) -> None:
    assert looked_at.process is not None
    status = looked_at.get("/api/v1/status").body
    assert status["agent"]["pid"] == looked_at.process.pid
    idle = {"interactive": 0, "bulk": 0}  # once what other tests asked this agent for is taken
    until(lambda: looked_at.get("/api/v1/status").body["queue"] == idle, "nothing is queued")
    assert status["workers"][0]["alive"] is True
    assert [each["state"] for each in status["waiting"]] == ["proposed"]
    assert looked_at.get("/health") == Answer(200, {"status": "ok"})
    me = looked_at.get("/api/v1/auth/me").body
    assert (me["uid"], me["may"]) == (os.getuid(), ["view", "act"])
    assert looked_at.get("/api/v1/folders").body["folders"][0]["files"] == 2


def test_pages_of_operations_and_steps(served: AgentUnderTest) -> None:
    for _ in range(3):
        body = {"kind": "organize", "folder": "dl", "dry_run": True}
        served.rested(served.post("/api/v1/operations", body).body["id"])
    all_ids = [each["id"] for each in served.get_all()]
    first = served.get("/api/v1/operations?limit=2").body["operations"]
    rest = served.get(f"/api/v1/operations?limit=1000&before={first[-1]['id']}").body["operations"]
    assert [each["id"] for each in (*first, *rest)] == all_ids
    assert {each["state"] for each in served.get("/api/v1/operations?state=superseded").body["operations"]} == {
        "superseded"
    }
    assert served.get("/api/v1/operations?folder=other").body == {"operations": []}
    newest = all_ids[0]
    steps = served.get(f"/api/v1/operations/{newest}/steps?filter=a.txt").body
    assert steps["total"] == 1 and steps["steps"][0]["source"].endswith("/a.txt")
    assert len(served.get(f"/api/v1/operations/{newest}/steps?from=1&limit=1").body["steps"]) == 1


def test_a_preview_of_a_rollback_changes_nothing(served: AgentUnderTest) -> None:
    done = served.post("/api/v1/operations", {"kind": "organize", "folder": "dl"}).body
    assert served.rested(done["id"])["counts"]["done"] == 2
    preview = served.post(f"/api/v1/operations/{done['id']}/rollback", {"dry_run": True}).body
    assert preview["files"] == 2 and len(preview["sample"]) == 2
    assert not (served.home / "dl/a.txt").exists()
    only = {"only": [str(served.home / "dl/a.txt")]}
    undo = served.post(f"/api/v1/operations/{done['id']}/rollback", only).body
    assert served.rested(undo["id"])["counts"]["done"] == 1
    assert (served.home / "dl/a.txt").exists() and not (served.home / "dl/b.json").exists()
    nowhere = served.post(f"/api/v1/operations/{done['id']}/rollback", {"only": ["/etc/passwd"]})
    assert (nowhere.status, nowhere.body["error"]["field"]) == (422, "only")
    passages = served.get("/api/v1/history?q=a.txt").body["results"]
    assert [each["operation"] for each in passages] == [undo["id"], done["id"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "explode", "folder": "dl"}, "kind"),
        ({"kind": "organize"}, "folder"),
        ({"kind": "organize", "folder": "nowhere"}, "folder"),
        ({"kind": "organize", "folder": "dl", "colour": 1}, "colour"),
        ({"kind": "organize", "folder": "dl", "rules": "all"}, "rules"),
        ({"kind": "organize", "folder": "dl", "rules": ["no such rule"]}, "rules"),
        ({"kind": "organize", "folder": "dl", "paths": ["/etc/passwd"]}, "paths"),
        ({"kind": "organize", "folder": "dl", "paths": ["a/../../b"]}, "paths"),
        ({"kind": "sync", "folder": "dl"}, "folder"),
    ],
)
def test_bad_input_is_told_by_field(looked_at: AgentUnderTest, body: dict[str, Any], field: str) -> None:
    answer = looked_at.post("/api/v1/operations", body)
    assert answer.status == 422
    assert answer.body["error"]["field"] == field


def test_refusals(looked_at: AgentUnderTest) -> None:
    nothing = {"kind": "organize", "folder": "dl", "paths": ["gone"]}
    done = looked_at.rested(looked_at.post("/api/v1/operations", nothing).body["id"])["id"]
    expected = {
        ("POST", f"/api/v1/operations/{done}/approve"): 409,
        ("POST", f"/api/v1/operations/{done}/reject"): 409,
        ("POST", f"/api/v1/operations/{done}/cancel"): 409,
        ("POST", "/api/v1/operations/zzzzzzzz/rollback"): 404,
        ("POST", "/api/v1/folders/nowhere/pause"): 404,
        ("GET", "/api/v1/operations/zzzzzzzz"): 404,
        ("GET", "/api/v1/operations/..%2f..%2fetc/steps"): 404,
        ("GET", f"/api/v1/duplicates/{done}"): 404,
        ("GET", "/ws/operations/zzzzzzzz"): 404,
        ("GET", "/nowhere"): 404,
        ("DELETE", "/api/v1/operations"): 405,
        ("GET", "/api/v1/operations?limit=0"): 422,
        ("GET", "/api/v1/operations?state=lost"): 422,
        ("GET", "/api/v1/history"): 422,
    }
    answers = {request: looked_at.ask(*request) for request in expected}
    assert {request: answer.status for request, answer in answers.items()} == expected
    assert all(answer.body["error"]["code"] for answer in answers.values())
    assert looked_at.ask("POST", "/api/v1/operations", b"{nonsense").status == 422
    assert looked_at.ask("POST", "/api/v1/operations", b"x" * (BODY_LIMIT + 1)).status == 413
    assert b"Traceback" not in b"".join(json.dumps(answer.body).encode() for answer in answers.values())


def test_the_description_names_every_route(looked_at: AgentUnderTest) -> None:
    document = looked_at.get("/api/v1/openapi.json").body
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) >= {"/health", "/api/v1/status", "/api/v1/operations/{id}/rollback", "/metrics"}
    references = set(_references(document))
    assert references and all(name in document["components"]["schemas"] for name in references)
    assert "Event" in document["components"]["schemas"]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].removeprefix("#/components/schemas/")
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def test_metrics_are_prometheus_text(looked_at: AgentUnderTest) -> None:
    text = looked_at.get("/metrics").body.decode()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(float(line.rpartition(" ")[2]) >= 0 for line in samples)
    assert 'shelver_folder_state{folder="dl",state="watching"} 1' in samples


# -- who may ----------------------------------------------------------------------------------------------

_AS_SOMEBODY = """
import http.client, os, socket, sys
path, uid, gid, groups, method, route = sys.argv[1:]
connection = http.client.HTTPConnection("agent")
connection.sock = socket.socket(socket.AF_UNIX)
os.setgroups([int(group) for group in groups.split(",") if group])
os.setgid(int(gid))
os.setuid(int(uid))
try:
    connection.sock.connect(path)
    connection.request(method, route, b"{}" if method == "POST" else None)
    print(connection.getresponse().status)
except PermissionError:
    print("no way in")
"""


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_admins_act_viewers_look_and_others_do_neither(agent: AgentUnderTest) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # pytest's own directories are closed to others
        runtime = Path(name)
        runtime.chmod(0o755)
        agent.environment = {
            "RUNTIME_DIRECTORY": name,
            "STATE_DIRECTORY": str(agent.state.state),
            "CACHE_DIRECTORY": str(agent.state.cache),
        }
        agent.state = type(agent.state)(agent.state.state, agent.state.cache, runtime / "agent.sock")
        agent.head('admins = ["daemon", "games"]', 'viewers = ["bin"]')

        def ask(uid: int, gid: int, groups: str, method: str, route: str) -> str:
            argv = [sys.executable, "-c", _AS_SOMEBODY, str(agent.state.socket), str(uid), str(gid), groups, method]
            return subprocess.run([*argv, route], capture_output=True, text=True, check=True).stdout.strip()

        act, look = ("POST", "/api/v1/operations"), ("GET", "/api/v1/status")
        with agent.running():
            assert ask(0, 0, "", *act) == "422"  # let in, and told that the body is wrong
            assert ask(1, 65534, "", *act) == "422"  # the user daemon
            assert ask(65534, 65534, "60", *act) == "422"  # anybody in the group games
            assert ask(2, 2, "", *look) == "200"  # the user bin
            assert ask(2, 2, "", *act) == "403"
            assert ask(65534, 65534, "", *look) == "403"
            assert ask(65534, 65534, "", "GET", "/nowhere") == "403"  # not even what there is
        agent.head()
        with agent.running():
            assert ask(65534, 65534, "", *look) == "no way in"


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_viewers_reach_the_socket_within_a_state_directory_and_nothing_else_there() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # pytest's own directories are closed to others
        Path(name).chmod(0o755)
        agent = AgentUnderTest(Path(name))
        state = agent.state.state

        def ask(method: str, route: str) -> str:
            argv = [sys.executable, "-c", _AS_SOMEBODY, str(agent.state.socket), "65534", "65534", "", method, route]
            return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

        with agent.running():
            assert ask("GET", "/api/v1/status") == "no way in"
            agent.head('viewers = ["nobody"]')
            assert agent.process is not None
            agent.process.send_signal(signal.SIGHUP)
            until(lambda: ask("GET", "/api/v1/status") == "200", "a config that was read again lets viewers in")
            for act in ("", "/zzz/rollback", "/zzz/approve", "/zzz/cancel", "/zzz/reject"):
                assert ask("POST", f"/api/v1/operations{act}") == "403"
            assert state.stat().st_mode & 0o777 == 0o711
            for path in state.rglob("*"):
                assert path == agent.state.socket or path.stat().st_mode & 0o077 == 0 or path.parent != state, path
        agent.head()
        with agent.running():
            assert ask("GET", "/api/v1/status") == "no way in"
            assert state.stat().st_mode & 0o777 == 0o700


def test_the_socket_is_private(looked_at: AgentUnderTest) -> None:
    assert looked_at.state.socket.stat().st_mode & 0o777 == 0o700
    assert looked_at.state.socket.parent.stat().st_mode & 0o777 == 0o700
