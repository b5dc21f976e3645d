"""Rounds: how often a bucket is looked through, and what wakes a round."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.rounds import Round
from core.config import Config, Folder
from core.config.models import Remote
from core.errors import StateFull
from core.model import FolderStatus, Operation, Pending, Request, now
from core.polling import MONTH_SECONDS, PROBES_A_MONTH, polling
from core.sync.states import Standing
from tests.agents import eventually


class Agent:
    """What rounds need; remembers what they ask for."""

    def __init__(self) -> None:
        self.submitted: list[Request] = []
        self.busy = False
        self.may = True
        self.refuses = False
        self.told = 0
        self.stands = Standing()
        self.asked = asyncio.Event()

    async def submit(self, request: Request) -> Operation:
        self.asked.set()
        if self.refuses:
            raise StateFull("the disk")
        self.submitted.append(request)
        return Operation(id=request.id, kind=request.kind, folder=request.folder, created=now())

    def is_busy(self, folder: str) -> bool:
        return self.busy

    def may_start(self, folder: str) -> bool:
        self.asked.set()
        return self.may

    async def standing(self, folder: Folder) -> Standing:
        return self.stands

    def tell_again(self, folder: str) -> None:
        self.told += 1


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder("scans", os.fsencode(tmp_path), settle=5.0, rescan=600.0, sync="s3://bucket/scans", remote="nas")


def config(folder: Folder, budget: int = 100_000) -> Callable[[], Config]:
    return lambda: Config(remotes=(Remote("nas", requests_per_month=budget),), folders=(folder,))


def ended(kind: str, state: str, planned: int = 0, error: str | None = None) -> Operation:
    operation = Operation(id="k2", kind=kind, folder="scans", state=state, created=now(), finished=now())  # type: ignore[arg-type]
    operation.counts.planned = planned
    operation.error = error
    return operation


async def turn(agent: Agent) -> None:
    """Wait until a round asked, or may not start."""
    await asyncio.wait_for(agent.asked.wait(), 10)
    agent.asked.clear()
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("keys", "budget", "sharing", "pause", "requests"),
    [
        (500, 100_000, 1, 600.0, 4 * 4320 + PROBES_A_MONTH),  # its own rescan is slower than the budget
        (1_000_000, 100_000, 1, 1004 * MONTH_SECONDS / (100_000 - PROBES_A_MONTH), 100_000),
        (1_000_000, 100_000, 2, 1004 * MONTH_SECONDS / (50_000 - PROBES_A_MONTH), 50_000),
        (5, 0, 1, MONTH_SECONDS, 4 + PROBES_A_MONTH),
    ],
)
def test_a_bucket_is_looked_through_as_often_as_the_months_requests_allow(
    folder: Folder, keys: int, budget: int, sharing: int, pause: float, requests: int
) -> None:
    folders = (folder, *(replace(folder, name=f"{number}") for number in range(sharing - 1)))
    known = Config(remotes=(Remote("nas", requests_per_month=budget),), folders=folders)

    told = polling(known, folder, keys)

    assert told.pause == pytest.approx(pause)
    assert (told.requests, told.allowed) == (requests, budget // sharing)
    assert told.is_slowed == (pause > folder.rescan)


async def test_a_round_comes_at_once_and_again_when_it_is_due_or_something_changed(folder: Folder) -> None:
    agent, clock = Agent(), Clock()
    rounds = Round(folder, config(folder), agent, clock)
    task = asyncio.create_task(rounds.run())
    await turn(agent)
    assert [(each.kind, each.automatic) for each in agent.submitted] == [("sync", True)]

    rounds.wake()
    await asyncio.sleep(0)
    assert len(agent.submitted) == 1, "what changed has not settled yet"
    clock.time += 5.0
    rounds.wake()
    await turn(agent)
    assert len(agent.submitted) == 2

    task.cancel()


@pytest.mark.parametrize(("duplicates", "kinds"), [("trash", ["organize", "dedupe"]), ("report", ["organize"])])
async def test_a_bucket_is_organized_and_then_rid_of_its_duplicates(duplicates: str, kinds: list[str]) -> None:
    folder = Folder("archive", b"s3://bucket/archive", rescan=600.0, duplicates=duplicates, remote="nas")  # type: ignore[arg-type]
    agent, clock = Agent(), Clock()
    rounds = Round(folder, config(folder), agent, clock)
    task = asyncio.create_task(rounds.run())
    await turn(agent)

    rounds.rested(ended("organize", "completed"))
    if len(kinds) > 1:
        await turn(agent)
    rounds.rested(ended("dedupe", "completed"))
    await asyncio.sleep(0)
    assert [each.kind for each in agent.submitted] == kinds

    clock.time += 600.0
    rounds.wake()
    clock.time += 10.0
    rounds.wake()
    await turn(agent)
    assert [each.kind for each in agent.submitted] == [*kinds, "organize"]
    task.cancel()


async def test_nothing_starts_in_a_folder_that_is_paused(folder: Folder) -> None:
    agent = Agent()
    agent.may = False
    task = asyncio.create_task(Round(folder, config(folder), agent, Clock()).run())
    await turn(agent)
    task.cancel()

    assert agent.submitted == []


async def test_what_became_of_a_round_is_told_with_the_folder(folder: Folder) -> None:
    agent = Agent()
    rounds = Round(folder, config(folder), agent, Clock())
    watching = FolderStatus(name="scans", path="/scans", state="watching")

    rounds.rested(ended("sync", "proposed", planned=7))
    assert rounds.part_of(watching).to_carry == 7

    rounds.rested(ended("sync", "failed", error="the remote refuses: AccessDenied"))
    told = rounds.part_of(watching)
    assert (told.state, told.reason) == ("degraded", "the remote refuses: AccessDenied")

    rounds.rested(ended("sync", "completed"))
    told = rounds.part_of(watching)
    assert (told.state, told.bucket, told.to_carry) == ("watching", "s3://bucket/scans", 0)
    assert told.in_step is not None
    assert agent.told == 3
    assert (told.requests_a_month, told.requests_allowed) == (4 * 4320 + PROBES_A_MONTH, 100_000)


async def test_what_is_left_to_carry_is_told_after_each_look_and_conflicts_settled_are_no_sync(folder: Folder) -> None:
    agent = Agent()
    agent.stands = Standing(Pending(push=2, pull=1), conflicts=3)
    rounds = Round(folder, config(folder), agent, Clock())
    watching = FolderStatus(name="scans", path="/scans", state="watching")
    task = asyncio.create_task(rounds.run())
    await turn(agent)
    told = rounds.part_of(watching)
    assert (told.to_push, told.to_pull, told.conflicts) == (2, 1, 3), "it is known from before the agent began"

    agent.stands = Standing(conflicts=2)
    settled = ended("sync", "completed")
    settled.resolve = "mine"
    rounds.rested(settled)
    await eventually(lambda: rounds.part_of(watching).conflicts == 2)
    assert rounds.part_of(watching).in_step is None
    task.cancel()


@pytest.mark.parametrize(("state", "why"), [("paused", "paused by a person"), ("halted", "it is suddenly empty")])
async def test_a_pair_says_why_it_is_not_kept_in_step(folder: Folder, state: str, why: str) -> None:
    rounds = Round(folder, config(folder), Agent(), Clock())
    resting = FolderStatus(name="scans", path="/scans", state=state, reason=why)  # type: ignore[arg-type]
    watching = FolderStatus(name="scans", path="/scans", state="watching")

    assert rounds.part_of(resting).sync_paused == why
    assert rounds.part_of(watching).sync_paused == ""
    rounds.rested(ended("sync", "failed", error="the remote refuses: AccessDenied"))
    assert rounds.part_of(watching).sync_paused == "the remote refuses: AccessDenied"
    rounds.rested(ended("sync", "completed"))
    assert rounds.part_of(watching).sync_paused == ""


async def test_a_remote_that_is_away_is_asked_less_and_less_often(folder: Folder) -> None:
    agent, clock = Agent(), Clock()
    rounds = Round(folder, config(folder), agent, clock)
    task = asyncio.create_task(rounds.run())
    await turn(agent)
    pauses = []
    for _ in range(6):
        rounds.rested(ended("sync", "interrupted"))
        pauses.append(rounds.due - clock.time)
    task.cancel()

    assert pauses == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]
