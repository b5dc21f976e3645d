"""The screens on a terminal of 80x24, over a real agent: bytes on the wire, processor time, and keys to paint.

Figures to hold: idle 0 B/s and 0.5 % of a core; while files are moved 3 kB/s and 3 %; a first frame within 400 ms; a
key is painted within 50 ms, 99 times of 100, while 100,000 files are moved; over 64 kbit/s with 40 ms each way it stays
usable. Everything but the terminal is real.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from tests import agents
from tests.agents import AgentUnderTest
from tests.bench.timing import make_files
from tests.tui.pseudo_terminal import PseudoTerminal, terminal
from tests.tui.slow_link import SlowTerminal

FILES = 100_000
IDLE_SECONDS = 10.0
KEYS = 300
"""Keys that are pressed while files are moved: there, back, and there again, until they are so many."""
BETWEEN_KEYS = 0.03
MOST_TURNS = 12
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """Return how much processor time a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Span:
    """Bytes and processor time of the screens over some time."""

    def __init__(self, there: PseudoTerminal) -> None:
        self._there = there
        self._began, self._bytes, self._cpu = perf_counter(), len(there.bytes), processor_seconds(there.process.pid)

    def told(self) -> str:
        """Return both by the second."""
        seconds = perf_counter() - self._began
        rate = (len(self._there.bytes) - self._bytes) / seconds
        cpu = (processor_seconds(self._there.process.pid) - self._cpu) / seconds * 100
        return f"{rate:8,.0f} B/s {cpu:8.1f} % of a core   ({seconds:.0f} s)"


async def painted(there: PseudoTerminal, key: bytes) -> float:
    """Press a key that moves the cursor; return the seconds until the cursor is somewhere else."""
    before = cursor(there)
    began = perf_counter()
    there.type(key)
    async with asyncio.timeout(30):
        while len(now := cursor(there)) != 1 or now == before:
            await there.speaks(1)
    return perf_counter() - began


def cursor(there: PseudoTerminal) -> list[int]:
    """Return the lines that the cursor is on: one, or while it moves two or none."""
    return [number for number, line in enumerate(there.screen.lines) if line.startswith("▸")]


def told(seconds: list[float]) -> str:
    """Return what stands for many times, in milliseconds."""
    most = quantiles(seconds, n=100)[98]
    return f"median {median(seconds) * 1000:5.0f} ms, of 100 the slowest but one {most * 1000:5.0f} ms ({len(seconds)})"


@asynccontextmanager
async def agent_on(files: int) -> AsyncIterator[AgentUnderTest]:
    """Run an agent with a folder of so many files that it was not asked to move yet."""
    with tempfile.TemporaryDirectory(prefix="b") as directory:
        agent = AgentUnderTest(Path(directory))
        agent.head('settle = "1s"')
        agent.folder("mess", Path(directory) / "mess", "subfolders = true", 'mode = "review"')
        (Path(directory) / "calm").mkdir()
        agent.folder("calm", Path(directory) / "calm")
        make_files(Path(directory) / "mess", files)
        with agent.running():
            await asyncio.to_thread(agent.newest, "proposed")
            yield agent


async def quiet(agent: AgentUnderTest, kind: type[PseudoTerminal]) -> None:
    """Measure the first frame, an idle screen, keys and pages."""
    began = perf_counter()
    async with terminal(agent.state.socket, kind=kind) as there:
        await there.shows("Folders")
        print(f"  first frame      {(perf_counter() - began) * 1000:8.0f} ms (with the start of Python)")
        await there.shows("watching", "Waiting for you")
        print(f"  first picture    {(perf_counter() - began) * 1000:8.0f} ms, {len(there.bytes):,} bytes")
        await there.rests()
        span = Span(there)
        await asyncio.sleep(IDLE_SECONDS)
        print(f"  idle             {span.told()}")
        keys = [await painted(there, key) for key in [b"j", b"k"] * 20]
        print(f"  keys             {told(keys)}")
        began = perf_counter()
        there.type(b"l")
        await there.shows("Operations")
        print(f"  another screen   {(perf_counter() - began) * 1000:8.0f} ms")
        there.type(b"\x03")
        await there.ends()


async def pressed_during(agent: AgentUnderTest, there: PseudoTerminal, id: str) -> list[float]:
    """Press keys until an operation is over; return the seconds that each took to be painted."""
    ended = asyncio.create_task(asyncio.to_thread(agent.rested, id))
    keys: list[float] = []
    while not ended.done():
        keys.append(await painted(there, b"jk"[len(keys) % 2 :][:1]))
        await asyncio.sleep(BETWEEN_KEYS)
    return keys


async def busy(agent: AgentUnderTest, files: int) -> None:
    """Measure keys, bytes and processor time while files are moved."""
    async with terminal(agent.state.socket) as there:
        await there.shows("Waiting for you")
        await there.rests()
        proposal = await asyncio.to_thread(agent.newest, "proposed")
        assert agent.post(f"/api/v1/operations/{proposal['id']}/approve").status == 202
        keys: list[float] = []
        span, turns, going = Span(there), 0, proposal["id"]
        while True:
            keys += await pressed_during(agent, there, going)
            turns += 1
            if len(keys) >= KEYS or turns == MOST_TURNS:
                break
            going = agent.post(f"/api/v1/operations/{going}/rollback").body["id"]
        print(f"  with keys        {span.told()}")
        print(f"  key to paint     {told(keys)}, {turns} times {files:,} files")
        await there.rests()
        undo = agent.post(f"/api/v1/operations/{going}/rollback").body
        await there.shows("Running")
        span = Span(there)
        await asyncio.to_thread(agent.rested, undo["id"])
        print(f"  without keys     {span.told()}")
        there.type(b"\x03")
        await there.ends()


async def measure(files: int) -> None:
    """Measure all of it."""
    async with agent_on(files) as agent:
        print("  -- beside the agent")
        await quiet(agent, PseudoTerminal)
        print("  -- over 64 kbit/s, 40 ms each way")
        await quiet(agent, SlowTerminal)
        print(f"  -- while {files:,} files are moved")
        await busy(agent, files)


def main() -> None:
    """Run it; the number of files may be given."""
    agents.DEADLINE_SECONDS = 600.0  # a plan of so many files takes a while
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()]
    asyncio.run(measure(numbers[0] if numbers else FILES))


if __name__ == "__main__":
    main()
