"""A real agent under load, looked at from outside: what 50 listeners hear while much is organized, how it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from core.model import Operation
from core.state import StateDirectory
from tests.agents import AgentUnderTest
from tests.long.bare import Act, bare_server, write_durably_at
from tui.client import AgentClient

PAUSE = 0.02
"""Seconds between two requests of one asker."""
PATIENCE = 300.0
"""Seconds that a load may take in all."""


@dataclass
class Times:
    """Seconds that something took, again and again."""

    seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        if len(self.seconds) < 2:
            return "not measured"
        p99 = quantiles(self.seconds, n=100)[98]
        thousands = [f"{value * 1000:.1f}" for value in (median(self.seconds), p99, max(self.seconds))]
        return f"p50 {thousands[0]} ms, p99 {thousands[1]} ms, longest {thousands[2]} ms, of {len(self.seconds):,}"


@dataclass
class Heard:
    """What one listener heard of an operation: when each event came, by its number, and how it ended.

    `delays`: the seconds from a worker's report to this listener.
    """

    progress: dict[int, float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    resyncs: int = 0
    end: Operation | None = None


@dataclass
class Load:
    """What happened while an operation ran; `bare_answers`, `bare_writes`: what a bare server and the disk took."""

    heard: list[Heard]
    answers: Times
    accepted: Times
    bare_answers: Times
    bare_writes: Times
    asked: list[str]

    @property
    def delays(self) -> Times:
        """How long after a worker's report a listener heard it."""
        return Times([delay for each in self.heard for delay in each.delays])

    @property
    def silences(self) -> Times:
        """How long no listener heard how far it is."""
        moments = [sorted(each.progress.values()) for each in self.heard]
        return Times([after - before for each in moments for before, after in pairwise(each)])

    @property
    def spreads(self) -> Times:
        """How much later the last listener heard the same than the first."""
        numbers = set().union(*(each.progress for each in self.heard))
        arrivals = [[each.progress[number] for each in self.heard if number in each.progress] for number in numbers]
        return Times([max(each) - min(each) for each in arrivals])


async def organize_and_listen(agent: AgentUnderTest, folder: str, other: str, listeners: int) -> Load:
    """Organize a folder while many listen, somebody looks, and somebody asks for operations in another folder."""
    async with asyncio.timeout(PATIENCE), AgentClient(agent.state.socket) as client:
        operation = await client.submit("organize", folder)
        listening = [asyncio.create_task(_listen(agent.state, operation.id)) for _ in range(listeners)]
        ended = asyncio.gather(*listening)
        answers, accepted, bare_answers, bare_writes = Times(), Times(), Times(), Times()
        asked: list[str] = []

        async def ask() -> None:
            asked.append((await client.submit("organize", other)).id)

        looks: list[Act] = [
            client.status,
            client.operations,
            lambda: client.operation(operation.id),
            client.folders,
            client.me,
        ]
        async with bare_server(agent.home / "bare") as ask_bare:
            await asyncio.gather(
                _again_and_again(looks, answers, ended),
                _again_and_again([ask], accepted, ended),
                _again_and_again([ask_bare], bare_answers, ended),
                _again_and_again([write_durably_at(agent.home / "written")], bare_writes, ended, pause=0.2),
            )
        return Load(await ended, answers, accepted, bare_answers, bare_writes, asked)


async def _listen(state: StateDirectory, id: str) -> Heard:
    heard = Heard()
    async with AgentClient(state.socket) as client:
        async for event in client.events():
            if event.type == "resync":
                heard.resyncs += 1
            if event.progress is not None and event.progress.operation == id:
                heard.progress[event.seq] = time.monotonic()
                if event.progress.at is not None and event.type == "progress":
                    heard.delays.append(time.time() - event.progress.at.timestamp())
            if event.type == "end" and event.operation is not None and event.operation.id == id:
                heard.end = event.operation
                return heard
    return heard


async def _again_and_again(
    acts: Sequence[Act], times: Times, ended: asyncio.Future[list[Heard]], pause: float = PAUSE
) -> None:
    while not ended.done():
        for act in acts:
            began = time.monotonic()
            await act()
            times.seconds.append(time.monotonic() - began)
            await asyncio.sleep(pause)


def descriptors(pid: int) -> int:
    """Return how many files a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident(pid: int) -> int:
    """Return the bytes of memory that belong to a process alone, and its share of the rest."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not say")


def processor(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
