"""The agent keeps a folder and its bucket in step by itself: proposed first, then as things change on either side."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from core.storage.s3.objects import Objects
from tests.agents import AgentUnderTest, until
from tests.commands import Home
from tests.s3.faults import FaultProxy
from tests.s3.servers import REGION, Server, environment
from tests.s3.stage import Stage


def own(tree: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in tree.items() if not path.startswith(".shelver")}


@pytest.fixture
def stage(tmp_path: Path, bucket: Objects) -> Stage:
    return Stage(tmp_path, bucket)


@pytest.fixture
def agent(tmp_path: Path, server: Server, stage: Stage) -> AgentUnderTest:
    return agent_for(tmp_path, server, stage)


def agent_for(tmp_path: Path, server: Server, stage: Stage) -> AgentUnderTest:
    agent = AgentUnderTest(tmp_path)
    agent.environment = environment()
    agent.head(
        'settle = "0.1s"', 'mode = "auto"', 'rescan = "1s"', "[[remote]]", 'name = "here"',
        f'endpoint = "{server.url}"', f'region = "{REGION}"', "path_style = true", "requests_per_month = 100000000",
        "[[rule]]", 'name = "nothing"', 'match = { name = "nothing at all" }', 'action = "leave"',
    )  # fmt: skip
    agent.folder("scans", stage.folder, f'sync = "{stage.bucket.root.decode()}"', 'remote = "here"')
    return agent


def test_the_first_sync_is_proposed_and_then_both_sides_follow_each_other(agent: AgentUnderTest, stage: Stage) -> None:
    stage.write({"here.txt": b"here"})
    stage.put({"there.txt": b"there"})
    with agent.running():
        first = agent.newest("proposed")
        assert first["kind"] == "sync" and "first sync" in first["note"]
        assert agent.folder_status("scans")["to_carry"] == 2
        assert own(stage.objects()) == {"there.txt": b"there"}

        agent.post(f"/api/v1/operations/{first['id']}/approve")
        assert agent.rested(first["id"])["state"] == "completed"
        both = {"here.txt": b"here", "there.txt": b"there"}
        assert own(stage.files()) == own(stage.objects()) == both

        stage.write({"new.txt": b"new here"})
        stage.put({"other.txt": b"new there"})
        both |= {"new.txt": b"new here", "other.txt": b"new there"}
        until(lambda: own(stage.files()) == own(stage.objects()) == both, "both sides follow")
        assert agent.folder_status("scans")["in_step"]
        assert agent.folder_status("scans")["bucket"] == stage.bucket.root.decode()


def test_a_bucket_that_is_set_to_is_rid_of_copies_that_arrive(tmp_path: Path, server: Server, stage: Stage) -> None:
    agent = agent_for(tmp_path, server, stage)
    agent.without_folders()
    agent.folder("archive", stage.bucket.root.decode(), 'remote = "here"', 'duplicates = "trash"')
    stage.put({"a.txt": b"same", "b.txt": b"same"})
    with agent.running():
        until(lambda: own(stage.objects_at_rest()) == {"a.txt": b"same"}, "the copy goes")
        stage.put({"c.txt": b"same"})
        until(lambda: own(stage.objects_at_rest()) == {"a.txt": b"same"}, "and one that arrives, too")

        kept = agent.newest("completed")
        assert (kept["kind"], kept["counts"]["done"]) == ("dedupe", 1)
        agent.post("/api/v1/folders/archive/pause")
        undone = agent.post(f"/api/v1/operations/{kept['id']}/rollback").body
        assert agent.rested(undone["id"])["state"] == "completed"
        assert own(stage.objects_at_rest()) == {"a.txt": b"same", "c.txt": b"same"}
        agent.post("/api/v1/folders/archive/resume")
        looks: set[str] = set()

        def is_looked_through() -> bool:  # between two looks at where its files belong stands one at its duplicates
            looks.add(agent.folder_status("archive")["in_step"])
            return len({look for look in looks if look > undone["created"]}) == 2

        until(is_looked_through, "the bucket is looked through")
        assert own(stage.objects_at_rest()) == {"a.txt": b"same", "c.txt": b"same"}, "what came back is left alone"


def test_a_worker_lets_go_of_its_connections_when_the_config_is_read_again(
    agent: AgentUnderTest, server: Server, stage: Stage
) -> None:
    agent.config.write_text(agent.config.read_text().replace('rescan = "1s"', 'rescan = "1h"'))
    stage.put({"there.txt": b"there"})
    with agent.running():
        agent.newest("proposed")
        assert connections_of(agent.worker_pid()) or server.name == "moto", "but for a server that ends each by itself"
        assert agent.process is not None
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: not connections_of(agent.worker_pid()), "the worker lets go of them")


def connections_of(pid: int) -> set[str]:
    """Return the TCP connections that a process has open."""
    sockets = {os.readlink(descriptor) for descriptor in Path(f"/proc/{pid}/fd").iterdir() if descriptor.is_symlink()}
    connections = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {fields[9] for fields in connections if f"socket:[{fields[9]}]" in sockets}


def test_a_conflict_is_told_and_settled_over_the_socket_and_a_paused_pair_says_so(
    agent: AgentUnderTest, stage: Stage
) -> None:
    stage.write({"a.txt": b"old"})
    with agent.running():
        agent.post(f"/api/v1/operations/{agent.newest('proposed')['id']}/approve")
        until(lambda: own(stage.objects()) == {"a.txt": b"old"}, "both are in step")
        agent.post("/api/v1/folders/scans/pause")
        assert agent.folder_status("scans")["sync_paused"] == "paused by a person"
        stage.write({"a.txt": b"mine, longer"})
        stage.put({"a.txt": b"theirs"})
        assert own(stage.objects()) == {"a.txt": b"theirs"}
        agent.post("/api/v1/folders/scans/resume")
        until(lambda: agent.folder_status("scans")["conflicts"] == 1, "the conflict is told")
        until(lambda: agent.folder_status("scans")["to_push"] == 0, "all is carried")
        assert agent.folder_status("scans")["sync_paused"] == ""
        assert 0 < agent.folder_status("scans")["requests_a_month"] <= agent.folder_status("scans")["requests_allowed"]

        (conflict,) = agent.get("/api/v1/folders/scans/conflicts").body["conflicts"]
        assert (conflict["path"], conflict["mine"]["size"], conflict["theirs"]["size"]) == ("a.txt", 12, 6)

        where = ("--state", agent.state.state, "--config", agent.config, "--json")
        home = Home(agent.home / "home")
        assert home.run("sync", "scans", "--conflicts", *where).objects == [conflict]
        planned = home.run("sync", "scans", "--resolve", "both", "a.txt", "--dry-run", *where)
        assert (planned.code, planned.object["state"], planned.object["counts"]["planned"]) == (0, "proposed", 2)
        assert agent.get(f"/api/v1/operations/{planned.object['id']}/carries").body["push"] == 1

        asked = {"kind": "sync", "folder": "scans", "resolve": "mine", "paths": [conflict["copy"]], "dry_run": True}
        plan = agent.rested(agent.post("/api/v1/operations", asked).body["id"])
        assert (plan["state"], plan["resolve"]) == ("proposed", "mine")
        agent.post(f"/api/v1/operations/{plan['id']}/approve")
        assert agent.rested(plan["id"])["state"] == "completed"
        assert own(stage.files()) == own(stage.objects()) == {"a.txt": b"mine, longer"}
        until(lambda: agent.folder_status("scans")["conflicts"] == 0, "no conflict is told any more")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "organize", "resolve": "mine", "paths": ["a"]}, "resolve"),
        ({"kind": "sync", "resolve": "mine"}, "paths"),
        ({"kind": "sync", "resolve": "ours", "paths": ["a"]}, "resolve"),
        ({"kind": "sync", "resolve": "mine", "paths": ["../a"]}, "paths"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(
    agent: AgentUnderTest, body: dict[str, object], field: str
) -> None:
    with agent.running():
        answer = agent.post("/api/v1/operations", {"folder": "scans", **body})

    assert (answer.status, answer.body["error"]["field"]) == (422, field)


@pytest.mark.heavy
def test_a_remote_that_refuses_rests_the_pair_until_it_takes_requests_again(
    tmp_path: Path, shaky: Objects, proxy: FaultProxy
) -> None:
    stage = Stage(tmp_path, shaky)
    agent = agent_for(tmp_path, Server("ministack", proxy.port), stage)
    stage.write({"a": b"a", "b": b"b"})
    with agent.running():
        agent.post(f"/api/v1/operations/{agent.newest('proposed')['id']}/approve")
        until(lambda: agent.folder_status("scans")["in_step"], "both are in step")
        proxy.add("forbidden", ".", times=1_000_000)
        until(lambda: "refuses" in agent.folder_status("scans")["sync_paused"], "why it rests is told")
        stage.write({"c": b"new"})
        assert agent.folder_status("scans")["state"] == "degraded"
        assert own(stage.files()) == {"a": b"a", "b": b"b", "c": b"new"}

        proxy.rules.clear()
        until(lambda: own(stage.objects()) == {"a": b"a", "b": b"b", "c": b"new"}, "it goes on by itself")
        until(lambda: not agent.folder_status("scans")["sync_paused"], "it rests no more")
