"""How fast duplicates are found, beside jdupes, rmlint, rdfind and fdupes where they are installed.

    python -m tests.bench duplicates
    python -m tests.bench.bench_duplicates [small files] [gigabytes of large ones] [rounds] [directory]

Everything runs in turn, warm: each figure is the median of the rounds, and a ratio to jdupes in the same run. Shelver's
engine is timed in a process that has started already, the whole command by itself. What is found is compared with what
was made: a wrong answer ends the bench. `least` and `processors` (seconds of all of them) tell of a busy machine.
Memory is what all processes of a run have together, by looking often.
"""

from __future__ import annotations

import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time, sleep

from core.duplicates import Place, find_copies
from core.duplicates.contents import Contents
from core.storage.local import LocalStorage
from tests.bench.copies import Truth, change, files_beneath, make_large, make_small
from tests.bench.duplicates_engine import search
from tests.bench.timing import Timings
from tests.copies import names

PEERS = {
    "jdupes -Q": ["jdupes", "-Q", "-r", "-q"],
    "jdupes": ["jdupes", "-r", "-q"],
    "rdfind": ["rdfind", "-dryrun", "true", "-makeresultsfile", "false"],
    "rmlint -a xxhash": ["rmlint", "--without-fiemap", "-a", "xxhash", "-o", "summary:stdout"],
    "fdupes": ["fdupes", "-r", "-q"],
}
CHANGED_AT_ONCE = 2000


def main() -> None:
    """Measure."""
    files, gigabytes, rounds, where = (*sys.argv[1:], *("200000", "6", "5", "")[len(sys.argv) - 1 :])
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=where or None))
    try:
        bench = Bench(directory, int(rounds))
        bench.small(int(files))
        bench.large(float(gigabytes))
    finally:
        shutil.rmtree(directory)


@dataclass
class Bench:
    """All measures, in one directory that is removed when they end."""

    directory: Path
    rounds: int
    timings: Timings = field(default_factory=Timings)
    processors: Timings = field(default_factory=Timings)

    @property
    def database(self) -> Path:
        """The contents."""
        return self.directory / "contents.db"

    def small(self, files: int) -> None:
        """Many small files: searched for the first time, again when few changed, and as some change."""
        root = self.directory / "small"
        truth = make_small(root, files)
        print(f"{files:,} files of 1-16 KiB, {len(truth):,} groups")
        self._check(root, truth)
        self._in_turn(root, ["cold", "verified"], PEERS)
        self._table(["cold", "verified"])
        self._memory(root)
        self._again(root)
        self._arrivals(root)
        self._command(root)
        shutil.rmtree(root)

    def large(self, gigabytes: float) -> None:
        """Fewer long files."""
        root = self.directory / "large"
        truth = make_large(root, gigabytes)
        print(f"{gigabytes:g} GB in files of 1-8 MiB, {len(truth):,} groups")
        self._check(root, truth)
        self._in_turn(root, ["cold", "verified"], PEERS)
        self._table(["cold", "verified"])
        shutil.rmtree(root)

    # -- measures

    def _check(self, root: Path, truth: Truth) -> None:
        self.timings, self.processors = Timings(), Timings()
        self.database.unlink(missing_ok=True)
        for how in ("cold", "verified", "again"):
            found = names(search(how, root, self.database))
            assert found == truth, f"{how}: {len(found - truth)} wrong, {len(truth - found)} missing"
        print("  found: all of it and nothing else")

    def _in_turn(self, root: Path, ways: Iterable[str], peers: dict[str, list[str]]) -> None:
        there = {name: command for name, command in peers.items() if shutil.which(command[0])}
        with Engine() as engine:
            for _ in range(self.rounds):
                for name, command in there.items():
                    self._peer(name, command, root)
                for how in ways:
                    self._engine(engine, how, root, how)

    def _again(self, root: Path) -> None:
        """Search again and again when one file in a hundred changed since the last time."""
        self.timings, self.processors = Timings(), Timings()
        paths, chance = sorted(files_beneath(root)), random.Random(3)
        search("again", root, self.database)
        with Engine() as engine:
            for _ in range(self.rounds):
                change(chance.sample(paths, len(paths) // 100), chance)
                self._peer_and_engine(engine, root, "jdupes -Q", "1 % changed")
            sleep(2.5)  # what was changed just now is not remembered at once
            engine.search("again", root, self.database)
            for _ in range(self.rounds):
                self._peer_and_engine(engine, root, "jdupes", "unchanged")
            for _ in range(self.rounds):
                self._peer("a walk alone", ["sh", "-c", 'find "$1" -size -1c', "find"], root)
        self._table(["1 % changed", "unchanged", "a walk alone"])

    def _peer_and_engine(self, engine: Engine, root: Path, peer: str, name: str) -> None:
        if shutil.which("jdupes"):
            self._peer(peer, PEERS[peer], root)
        self._engine(engine, "again", root, name)

    def _peer(self, name: str, command: list[str], root: Path) -> None:
        before = os.times()
        with self.timings.of(name):
            subprocess.run([*command, root], cwd=self.directory, capture_output=True, check=True)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        self.processors.add(name, used)

    def _engine(self, engine: Engine, how: str, root: Path, name: str) -> None:
        seconds, processors = engine.search(how, root, self.database)
        self.timings.add(name, seconds)
        self.processors.add(name, processors)

    def _arrivals(self, root: Path) -> None:
        """Look up what changed of a folder that is watched, with all that is remembered of it."""
        paths, chance = sorted(files_beneath(root)), random.Random(4)
        place = Place("small", os.fsencode(root))
        with Contents(self.database) as contents:
            find_copies(place.root, [], [place], contents)  # a worker has been at it before
            for _ in range(self.rounds):
                some = sorted(chance.sample(paths, min(CHANGED_AT_ONCE, len(paths))))
                change(some, chance)
                relative = [os.fsencode(path.relative_to(root)) for path in some]
                used = process_time()
                with self.timings.of(f"{len(some):,} changed paths"):
                    with LocalStorage(place.root) as storage:
                        found = list(map(storage.entry, relative))
                    entries = [entry for entry in found if entry is not None]
                    find_copies(place.root, entries, [place], contents)
                self.processors.add(f"{len(some):,} changed paths", process_time() - used)
        self._table([f"{len(some):,} changed paths"])

    def _command(self, root: Path) -> None:
        state = str(self.directory / "state")
        command = [sys.executable, "-m", "tui.cli", "--state", state, "dedupe", "--dry-run", str(root)]
        start = perf_counter()
        done = subprocess.run(command, capture_output=True, check=False)
        print(f"  the whole command, once: {perf_counter() - start:.2f} s (exit {done.returncode})")

    def _memory(self, root: Path) -> None:
        with Engine() as engine:
            engine.ask("cold", root, self.database)
            ours = _most_memory(engine.process.pid, lambda: engine.has_answered)
            engine.answer()
        print(
            f"  memory of all processes together: {ours[0]:.0f} MB; with shared pages counted once {ours[1]:.0f} MB",
            end="",
        )
        if shutil.which("jdupes"):
            with subprocess.Popen([*PEERS["jdupes"], root], stdout=subprocess.DEVNULL) as process:
                peer = _most_memory(process.pid, lambda: _has_ended(process))
            print(f"; jdupes {peer[0]:.0f} MB ({ours[0] / peer[0]:.2f} and {ours[1] / peer[1]:.2f} times)", end="")
        print()

    def _table(self, ways: Iterable[str]) -> None:
        peers = [name for name in ("jdupes -Q", "jdupes") if name in self.timings.seconds]
        for name in [*(name for name in PEERS if name in self.timings.seconds), *ways]:
            seconds = self.timings.median(name)
            ratios = "".join(f"{seconds / self.timings.median(peer):10.3f} x {peer}" for peer in peers)
            least, processors = min(self.timings.seconds[name]), self.processors.median(name)
            print(f"  {name:<22}{seconds:9.3f} s (least {least:.3f}, processors {processors:.3f}){ratios}")


class Engine:
    """Shelver's search in a process of its own that has started already."""

    def __enter__(self) -> Engine:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.duplicates_engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:
            pass

    def ask(self, how: str, root: Path, database: Path) -> None:
        """Have it search."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{how}\t{root}\t{database}\n")

    @property
    def has_answered(self) -> bool:
        """Whether it is done."""
        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout.fileno()], [], [], 0.002)[0])

    def answer(self) -> tuple[float, float]:
        """Wait until it is done; return the seconds by the clock, and of all processors."""
        assert self.process.stdout is not None
        seconds, processors, *_ = self.process.stdout.readline().split("\t")
        return float(seconds), float(processors)

    def search(self, how: str, root: Path, database: Path) -> tuple[float, float]:
        """Search, and return the seconds by the clock, and of all processors."""
        self.ask(how, root, database)
        return self.answer()


def _most_memory(process: int, is_done: Callable[[], bool]) -> tuple[float, float]:
    """Return the most that a process and its children had at once, in MB: resident, and with shared pages divided."""
    most = (0.0, 0.0)
    while not is_done():
        try:
            with open(f"/proc/{process}/task/{process}/children") as file:
                family = [process, *map(int, file.read().split())]
            now = [sum(each) / 1024 for each in zip(*map(_memory_of, family), strict=True)]
        except (FileNotFoundError, ProcessLookupError):
            continue
        most = max(most[0], now[0]), max(most[1], now[1])
    return most


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    sleep(0.002)
    return process.poll() is not None


def _memory_of(process: int) -> tuple[int, int]:
    with open(f"/proc/{process}/smaps_rollup") as file:
        fields = dict(line.split(":", 1) for line in file.readlines()[1:])
    return tuple(int(fields[name].split()[0]) for name in ("Rss", "Pss"))  # type: ignore[return-value]


if __name__ == "__main__":
    main()
