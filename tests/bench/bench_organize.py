"""Organizing and undoing by extension and by kind, beside bare loops that do nothing but rename, and organize-tool.

    python -m tests.bench organize
    ROUNDS=3 ORGANIZE=/path/to/organize python -m tests.bench organize

ORGANIZE names organize-tool's command, to have the peer in the same run: its own start is measured on an empty folder
right before, and taken off. Shelver organizes an empty folder first, too, in the process that is then timed. ROUNDS:
how many there are of each (5 if not told). What is printed are medians, and all that is compared was measured in
turn, in each round, on files a year old.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

from core.config import load_config
from core.engine import Engine
from core.model import Operation, Progress, Request, new_id, now
from core.state import StateDirectory
from tests.bench.timing import Timings, make_files

PEER_CONFIG = """\
rules:
  - name: "by extension"
    locations: [{{path: "{tree}"}}]
    subfolders: true
    filters: [extension]
    actions: [{{move: {{dest: "{out}/{{extension}}/", on_conflict: rename_new}}}}]
"""

BY_EXTENSION = 'match = {}\nto = "by/{ext}/"\n'
_KINDS = ["image", "document", "audio", "video", "archive", "data", "code", "other"]
BY_KIND = f'match = {{ kind = {_KINDS} }}\nto = "by/{{kind}}/"\n'


FLOOR = "scandir + rename"
READING_FLOOR = "scandir + read 4 KiB + rename"
PEER = "organize-tool, its start taken off"


class Silent:
    """An observer that only notes when an operation came to which state."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}

    def changed(self, operation: Operation) -> None:
        """Note the time."""
        self.times[operation.state] = perf_counter()

    def progressed(self, progress: Progress) -> None:
        """Look away."""


def main() -> None:
    """Print the figures."""
    rounds = int(os.environ.get("ROUNDS", "5"))
    for count in (20_000, 200_000):
        timings = Timings()
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(prefix="bench") as directory:
                _one_round(Path(directory), count, timings)
        print(f"  {count:,} files, medians of {rounds}, load {os.getloadavg()[0]:.1f}")
        timings.report(count, FLOOR)
        timings.compare("by kind", READING_FLOOR)
        timings.compare("undo by extension", "by extension")
        if PEER in timings.seconds:
            timings.compare("by extension", PEER)


def _one_round(directory: Path, count: int, timings: Timings) -> None:
    _bare(_tree(directory / "bare", count), timings)
    _shelver(_tree(directory / "ext", count), BY_EXTENSION, "by extension", timings)
    if "ORGANIZE" in os.environ and count <= 20_000:
        _peer(_tree(directory / "peer", count), timings)
    _bare_reading(_tree(directory / "reading", count), timings)
    _shelver(_tree(directory / "kind", count), BY_KIND, "by kind", timings)


def _tree(folder: Path, count: int) -> Path:
    make_files(folder, count)
    os.sync()  # a real folder's files are on the disk: nobody who is timed should have to wait for that
    return folder


def _bare(tree: Path, timings: Timings) -> None:
    with timings.of(FLOOR):
        _rename_all(os.fsencode(tree), read=0)


def _bare_reading(tree: Path, timings: Timings) -> None:
    with timings.of(READING_FLOOR):
        _rename_all(os.fsencode(tree), read=4096)


def _rename_all(tree: bytes, read: int) -> None:
    waiting, found = [tree], []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    found.append((entry.path, entry.name))
    made = set()
    for path, name in found:
        folder = tree + b"/by/" + name.rpartition(b".")[2]
        if folder not in made:
            os.makedirs(folder)
            made.add(folder)
        if read:
            descriptor = os.open(path, os.O_RDONLY)
            os.read(descriptor, read)
            os.close(descriptor)
        os.rename(path, folder + b"/" + name)


def _shelver(tree: Path, rule: str, name: str, timings: Timings) -> None:
    config = tree.parent / f"{tree.name}.toml"
    nothing = tree.parent / f"{tree.name}-nothing"
    nothing.mkdir()
    config.write_text(
        f'[[folder]]\nname = "bench"\npath = "{tree}"\nsubfolders = true\n'
        f'[[folder]]\nname = "nothing"\npath = "{nothing}"\n[[rule]]\nname = "{name}"\n{rule}'
    )
    state = StateDirectory.beneath(tree.parent / f"{tree.name}-state")
    state.prepare()
    silent = Silent()
    engine = Engine(state, load_config(config), silent)
    first = Request(id=new_id(), kind="organize", folder="nothing", created=now())  # imports, and makes the databases
    engine.submit(first)
    engine.run(first.id, cancelled=lambda: False)
    organize = Request(id=new_id(), kind="organize", folder="bench", created=now(), sequence=1)
    _run(engine, silent, organize, name, timings)
    undo = Request(id=new_id(), kind="rollback", folder="bench", created=now(), sequence=2, undo_of=organize.id)
    _run(engine, silent, undo, f"undo {name}", timings)


def _run(engine: Engine, silent: Silent, request: Request, name: str, timings: Timings) -> None:
    """Time an operation from its request until it is told as ended, its parts, and what is done after that."""
    silent.times = {"asked": perf_counter()}
    engine.submit(request)
    ended = engine.run(request.id, cancelled=lambda: False)
    silent.times["over"] = perf_counter()
    if ended.state != "completed":
        print(f"  {request.kind}: {ended}")
    times = silent.times
    timings.add(name, times[ended.state] - times["asked"])
    timings.add("    its plan, made and durable", times["running"] - times["asked"], of=name)
    timings.add("    carried out, synced, remembered", times[ended.state] - times["running"], of=name)
    timings.add("    (its history, after it is told)", times["over"] - times[ended.state], of=name)


def _peer(tree: Path, timings: Timings) -> None:
    nothing = tree.parent / "nothing"
    nothing.mkdir()
    start = _run_peer(nothing)
    timings.add("organize-tool, its start", start)
    timings.add(PEER, _run_peer(tree) - start)


def _run_peer(tree: Path) -> float:
    config = tree.parent / f"{tree.name}.yaml"
    config.write_text(PEER_CONFIG.format(tree=tree, out=tree.parent / "peer-out"))
    start = perf_counter()
    subprocess.run(
        [os.environ["ORGANIZE"], "run", "--format", "errorsonly", str(config)], check=True, stdout=subprocess.DEVNULL
    )
    return perf_counter() - start
