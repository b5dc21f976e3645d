"""`python -m tests.long`: the agent's figures under load and at rest, on this machine. Takes some minutes.

Nothing here passes or fails: what must hold whatever the machine is tested with the rest, as heavy tests.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.tasks import OperationQueue, nowhere
from core.model import Operation, new_id, now
from core.state import StateDirectory
from core.stores.catalog import VERSION, Catalog
from tests.agents import AgentUnderTest
from tests.bench.timing import make_files
from tests.long.load import Times, descriptors, organize_and_listen, processor, resident
from tests.trees import build

FILES = 100_000
OPERATIONS = 5_000
LISTENERS = 50
FOLDERS = 10_000
REST_SECONDS = 30


def under_load(home: Path) -> None:
    """Organize 100,000 files while 50 listen and others ask."""
    agent = AgentUnderTest(home)
    make_files(home / "large", FILES)
    build(home / "small", {"a.txt": "a"})
    agent.folder("large", home / "large", 'mode = "review"', "subfolders = true")
    agent.folder("small", home / "small", 'mode = "review"')
    with agent.running():
        began = time.monotonic()
        load = asyncio.run(organize_and_listen(agent, "large", "small", LISTENERS))
        print(f"  {FILES:,} files in {time.monotonic() - began:.1f} s, with {LISTENERS} listeners")
        print(f"  between two news of how far it is: {load.silences}")
        print(f"  the last listener after the first: {load.spreads}")
        print(f"  answers:                           {load.answers}")
        print(f"  operations accepted (durable):     {load.accepted}")
        print(f"  from a worker's report to each:    {load.delays}")
        print(f"  meanwhile, a bare server's answer: {load.bare_answers}")
        print(f"  meanwhile, one file made durable:  {load.bare_writes}")


def catalog(home: Path) -> None:
    """Write one change of state with 5,000 operations in the catalog."""
    state = StateDirectory.beneath(home / "s")
    state.prepare()
    numbered = range(1, OPERATIONS + 1)
    made = [Operation(id=new_id(), kind="organize", folder="d", created=now(), sequence=number) for number in numbered]
    tables = {"meta": {"1": {"version": VERSION}}, "operations": {str(each.sequence): each for each in made}}
    state.catalog.write_bytes(msgspec.json.encode(tables))
    catalog = Catalog(state.catalog)
    times = Times()
    for operation in made[:200]:
        began = time.monotonic()
        catalog.put(operation)
        times.seconds.append(time.monotonic() - began)
    catalog.close()
    print(f"  a change of state among {OPERATIONS:,} operations: {times}")


def enqueuing(home: Path) -> None:
    """Put operations in a queue that workers take them from."""
    state = StateDirectory.beneath(home / "s")
    state.prepare()
    queue = OperationQueue("sqlite:", "interactive", state, nowhere)
    times = Times()
    for _ in range(2000):
        began = time.monotonic()
        queue.enqueue(new_id())
        times.seconds.append(time.monotonic() - began)
    queue.close()
    print(f"  enqueued: {times}")


def at_rest(home: Path) -> None:
    """Watch 10,000 folders and do nothing."""
    agent = AgentUnderTest(home)
    for number in range(FOLDERS):
        (home / f"watched/{number % 100}/{number}").mkdir(parents=True)
    agent.folder("watched", home / "watched", 'mode = "review"', "subfolders = true")
    with agent.running():
        agent.passed("watched")
        assert agent.process is not None
        pids = (agent.process.pid, agent.worker_pid())
        time.sleep(5)
        before = sum(map(processor, pids))
        time.sleep(REST_SECONDS)
        used = (sum(map(processor, pids)) - before) / REST_SECONDS
        memory = sum(map(resident, pids)) / 1024 / 1024
        print(f"  {FOLDERS:,} folders watched: {memory:.0f} MB (PSS), {used:.2%} of a processor, agent and worker")
        print(f"  open files: agent {descriptors(pids[0])}, worker {descriptors(pids[1])}")


PARTS: dict[str, Callable[[Path], None]] = {
    "load": under_load,
    "catalog": catalog,
    "queue": enqueuing,
    "rest": at_rest,
}


def main(names: list[str]) -> int:
    """Measure the parts named, or all. Returns 2 for a name that is none."""
    if unknown := [name for name in names if name not in PARTS]:
        print(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for name in names or PARTS:
        print(f"── {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="s") as home:
            PARTS[name](Path(home))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
