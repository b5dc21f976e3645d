"""The worker may die at any moment, and so may the agent: operations resume, none is lost, none runs twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.channel import InUse, LeftOff
from agent.settings import Settings
from agent.supervisor import STALL_SECONDS, Supervisor
from core.model import Operation, Progress, Request, new_id, now
from tests.agents import AgentUnderTest, until
from tests.trees import build, read


@contextmanager
def held_up(agent: AgentUnderTest, folder: Path) -> Iterator[None]:
    """Hold a folder, as another operation would, so that one that was planned cannot run yet."""

    deadline = time.monotonic() + 5  # of a worker that was killed the kernel lets go in its own time

    def check() -> None:
        assert time.monotonic() < deadline, "the folder is not free"

    with agent.state.folders([os.fsencode(folder)], check):
        yield


def organize(agent: AgentUnderTest) -> dict[str, Any]:
    """Ask for the folder to be organized, and wait until a worker has it in hand."""
    operation: dict[str, Any] = agent.post("/api/v1/operations", {"kind": "organize", "folder": "dl"}).body
    until(lambda: agent.operation(operation["id"])["state"] != "queued", "a worker takes it")
    return operation


def in_hand(agent: AgentUnderTest, id: str) -> bool:
    """Tell whether a worker is at an operation."""
    return b"shelver_operations_running 1" in agent.get("/metrics").body and agent.operation(id)["state"] != "queued"


@pytest.fixture
def messy(agent: AgentUnderTest) -> Path:
    """A folder with files that wait for a person to ask."""
    path = agent.home / "dl"
    build(path, {f"{number}.txt": str(number) for number in range(20)})
    agent.folder("dl", path, 'mode = "review"')
    return path


def _planned(agent: AgentUnderTest, but: set[str]) -> bool:
    """Tell whether an operation that is none of some has a plan."""
    found = [each["id"] for each in agent.get_all() if each["id"] not in but]
    return bool(found) and (agent.state.operation(found[0]) / "plan").exists()


def _is(agent: AgentUnderTest, id: str, state: str) -> bool:
    """Tell whether an operation is in a state."""
    return bool(agent.operation(id)["state"] == state)


def is_organized(folder: Path) -> bool:
    """Tell whether each file is where it belongs, once."""
    files = {path.name: path.read_text() for path in folder.rglob("*.txt")}
    return files == {f"{number}.txt": str(number) for number in range(20)} and not list(folder.glob("*.txt"))


def test_an_operation_outlives_its_worker(agent: AgentUnderTest, messy: Path) -> None:
    with agent.running():
        with held_up(agent, messy):
            operation = organize(agent)
            dead = agent.worker_pid()
            os.kill(dead, signal.SIGKILL)
            until(lambda: agent.is_well() and agent.worker_pid() != dead, "a new worker")
            until(lambda: in_hand(agent, operation["id"]), "it is resumed")
        assert agent.rested(operation["id"])["state"] == "completed"
        assert is_organized(messy)
        assert b"shelver_worker_deaths_total 1" in agent.get("/metrics").body


def test_an_operation_outlives_its_agent(agent: AgentUnderTest, messy: Path) -> None:
    agent.start()
    with held_up(agent, messy):
        operation = organize(agent)
        agent.kill()
    with agent.running():
        assert agent.rested(operation["id"])["state"] == "completed"
        assert is_organized(messy)


@pytest.mark.heavy
def test_an_operation_outlives_a_clean_stop(agent: AgentUnderTest, messy: Path) -> None:
    agent.start()
    with held_up(agent, messy):
        operation = organize(agent)
        assert agent.stop() == 0
        assert len(read(messy)) == 20
    with agent.running():
        assert agent.rested(operation["id"])["state"] == "completed"
        assert is_organized(messy)


@pytest.mark.heavy
def test_an_operation_that_kills_three_workers_fails_and_can_be_resumed(agent: AgentUnderTest, messy: Path) -> None:
    with agent.running():
        with held_up(agent, messy):
            operation = organize(agent)
            for _ in range(3):
                until(lambda: agent.is_well() and in_hand(agent, operation["id"]), "it is in hand")
                dead = agent.worker_pid()
                os.kill(dead, signal.SIGKILL)
                until(lambda dead=dead: agent.is_well() and agent.worker_pid() != dead, "a new worker")  # type: ignore[misc]
            failed = agent.rested(operation["id"])
        assert failed["state"] == "failed" and "3 times" in failed["error"]
        assert agent.post(f"/api/v1/operations/{operation['id']}/approve").status == 202
        until(lambda: agent.operation(operation["id"])["state"] == "completed", "it is resumed by hand")
        assert is_organized(messy)


def test_a_running_operation_is_cancelled(agent: AgentUnderTest, messy: Path) -> None:
    with agent.running():
        before = read(messy)
        with held_up(agent, messy):
            operation = organize(agent)
            cancelling = agent.post(f"/api/v1/operations/{operation['id']}/cancel")
            assert (cancelling.status, cancelling.body["state"]) == (202, "cancelling")
            assert agent.rested(operation["id"])["state"] == "cancelled"
        assert read(messy) == before
        assert agent.post(f"/api/v1/operations/{operation['id']}/cancel").status == 409


def test_a_file_that_was_open_when_its_turn_came_is_moved_once_it_is_closed(agent: AgentUnderTest) -> None:
    folder = agent.home / "dl"
    folder.mkdir()
    agent.folder("dl", folder, 'mode = "auto"')
    with agent.running():
        agent.passed("dl")
        before = {each["id"] for each in agent.get_all()}
        with held_up(agent, folder):
            (folder / "a.txt").write_text("a")
            until(lambda: _planned(agent, before), "it is planned")
            opened = (folder / "a.txt").open("rb+")
        with opened:
            skipped = agent.newest("partial", "completed")
            assert skipped["counts"]["skipped"] == 1
            until(lambda: agent.folder_status("dl")["waiting"] == 1, "it settles anew")
        until(lambda: not (folder / "a.txt").exists(), "it is organized once it is closed")


@pytest.mark.heavy
def test_an_interactive_operation_passes_one_that_takes_long(agent: AgentUnderTest, messy: Path) -> None:
    other = agent.home / "other"
    build(other, {"a.txt": "a"})
    agent.folder("other", other)
    with agent.running(), held_up(agent, messy):
        organize(agent)
        quick = agent.post("/api/v1/operations", {"kind": "organize", "folder": "other"}).body
        assert agent.rested(quick["id"])["state"] == "completed"


@pytest.mark.heavy
def test_an_operation_whose_plan_is_damaged_fails_and_holds_nothing_up(agent: AgentUnderTest, messy: Path) -> None:
    agent.start()
    with held_up(agent, messy):
        operation = organize(agent)
        plan = agent.state.operation(operation["id"]) / "plan"
        until(plan.exists, "it is planned")
        agent.kill()
    plan.write_bytes(plan.read_bytes()[:-9] + b"\0" * 9)
    before = read(messy)
    with agent.running():
        failed = until(lambda: (o := agent.operation(operation["id"]))["state"] == "failed" and o)
        assert "damaged" in failed["error"]
        assert read(messy) == before
        assert agent.rested(organize(agent)["id"])["state"] == "completed"


@pytest.mark.heavy
def test_an_end_that_the_agent_did_not_hear_of_is_told_again(agent: AgentUnderTest, messy: Path) -> None:
    with agent.running():
        operation = organize(agent)
        ended = agent.rested(operation["id"])
        assert ended["state"] == "completed"
    catalog = agent.state.catalog
    catalog.write_text(catalog.read_text().replace('"state":"completed"', '"state":"running"'))
    with agent.running():
        assert agent.rested(operation["id"])["counts"] == ended["counts"]
        assert is_organized(messy)


@pytest.mark.heavy
def test_what_was_cut_off_is_cancelled_only_once_its_folder_is_free(agent: AgentUnderTest) -> None:
    folder = agent.home / "dl"
    build(folder, {f"{number}.txt": str(number) for number in range(8000)})
    agent.folder("dl", folder, 'mode = "review"')
    before = read(folder)
    with agent.running():
        operation = organize(agent)["id"]
        until(
            lambda: (now := agent.operation(operation)["progress"]) and now["phase"] == "executing" and now.get("done")
        )
        os.kill(agent.worker_pid(), signal.SIGKILL)
        with held_up(agent, folder):
            until(agent.is_well)
            cancel = f"/api/v1/operations/{operation}/cancel"
            until(lambda: agent.post(cancel).status == 202, "it is resumed, and waits")  # before it is, 409
            until(lambda: b"shelver_operations_running 0" in agent.get("/metrics").body, "the worker lets go of it")
            assert _is(agent, operation, "cancelling")
        dead = agent.worker_pid()
        os.kill(dead, signal.SIGKILL)  # the next worker makes the agent look for what it lost
        until(lambda: agent.operation(operation)["state"] == "cancelled", "it is settled")
        undo = agent.post(f"/api/v1/operations/{operation}/rollback").body["id"]
        assert agent.rested(undo)["state"] == "completed"
    assert read(folder) == before


@pytest.mark.heavy
def test_files_of_an_operation_that_killed_its_workers_are_found(agent: AgentUnderTest) -> None:
    folder = agent.home / "dl"
    build(folder, {f"{number}.txt": str(number) for number in range(8000)})
    agent.folder("dl", folder, 'mode = "review"')
    with agent.running():
        operation = organize(agent)["id"]
        until(
            lambda: (now := agent.operation(operation)["progress"]) and now["phase"] == "executing" and now.get("done")
        )
        os.kill(agent.worker_pid(), signal.SIGKILL)
        with held_up(agent, folder):  # from here on nothing more is moved
            for _ in range(10):  # a worker that had not taken it yet is not counted
                until(lambda: (agent.is_well() and in_hand(agent, operation)) or _is(agent, operation, "failed"))
                if _is(agent, operation, "failed"):
                    break
                dead = agent.worker_pid()
                os.kill(dead, signal.SIGKILL)
                until(lambda dead=dead: agent.is_well() and agent.worker_pid() != dead, "a new worker")  # type: ignore[misc]
            assert agent.rested(operation)["state"] == "failed"
        moved = next(path for path in folder.rglob("*.txt") if path.parent != folder).name
        assert agent.get(f"/api/v1/history?q=/{moved}").body["results"]


@pytest.mark.heavy
def test_what_was_being_cancelled_when_the_agent_died_is_cancelled(agent: AgentUnderTest, messy: Path) -> None:
    before = read(messy)
    agent.start()
    with held_up(agent, messy):
        operation = organize(agent)
        os.kill(agent.worker_pid(), signal.SIGSTOP)
        assert agent.post(f"/api/v1/operations/{operation['id']}/cancel").body["state"] == "cancelling"
        agent.kill()
    with agent.running():
        assert agent.rested(operation["id"])["state"] == "cancelled"
        assert read(messy) == before


class _Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.taken = asyncio.Event()
        self.died: asyncio.Queue[list[str]] = asyncio.Queue()

    def worker_ready(self) -> None:
        self.ready.set()

    def changed(self, operation: Operation) -> None:
        self.taken.set()

    def progressed(self, progress: Progress) -> None:
        pass

    def left_off(self, end: LeftOff) -> None:
        pass

    def in_use(self, files: InUse) -> None:
        pass

    def worker_died(self, blamed: list[str]) -> None:
        self.died.put_nowait(blamed)


@pytest.mark.heavy
async def test_an_operation_that_hangs_costs_its_worker(agent: AgentUnderTest, messy: Path) -> None:
    from agent.tasks import OperationQueue, nowhere
    from core.engine import Engine

    agent.state.prepare()
    settings = Settings.of(agent.state, agent.config, [], "text")
    heard, moment = _Heard(), 0.0
    request = Request(id=new_id(), kind="organize", folder="dl", created=now(), sequence=1)
    Engine(agent.state, settings.read_config(), heard).submit(request)
    queue = OperationQueue("sqlite:", "interactive", agent.state, nowhere)
    queue.enqueue(request.id)
    queue.close()
    supervisor = Supervisor(settings, heard, lambda: moment)
    with held_up(agent, messy):
        life = asyncio.create_task(supervisor.run())
        async with asyncio.timeout(20):
            await heard.taken.wait()
            moment = STALL_SECONDS - 1
            supervisor.kill_if_stalled()
            assert heard.died.empty()
            moment = 2 * STALL_SECONDS
            supervisor.kill_if_stalled()
            assert await heard.died.get() == [request.id]
        await supervisor.stop(5)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
