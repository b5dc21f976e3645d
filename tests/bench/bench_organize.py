"""Organizing and undoing by extension and by kind, beside bare loops that do nothing but rename, and organize-tool.

Set ORGANIZE to the path of organize-tool's `organize` to have the peer in the same run.
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


class Silent:
    """An observer that only notes when something ended."""

    ended = 0.0

    def changed(self, operation: Operation) -> None:
        """Note the time."""
        self.ended = perf_counter()

    def progressed(self, progress: Progress) -> None:
        """Look away."""


def main() -> None:
    """Print the figures."""
    for count, repeats in ((20_000, 3), (200_000, 1)):
        timings = Timings()
        for _ in range(repeats):
            with tempfile.TemporaryDirectory(prefix="bench") as directory:
                _one_round(Path(directory), count, timings)
        print(f"  {count:,} files")
        timings.report(count, "scandir + rename")


def _one_round(directory: Path, count: int, timings: Timings) -> None:
    _bare(_tree(directory / "bare", count), timings)
    _bare_reading(_tree(directory / "reading", count), timings)
    _shelver(_tree(directory / "ext", count), BY_EXTENSION, "by extension", timings)
    _shelver(_tree(directory / "kind", count), BY_KIND, "by kind", timings)
    if "ORGANIZE" in os.environ and count <= 20_000:
        _peer(_tree(directory / "peer", count), timings)


def _tree(folder: Path, count: int) -> Path:
    make_files(folder, count)
    return folder


def _bare(tree: Path, timings: Timings) -> None:
    with timings.of("scandir + rename"):
        _rename_all(os.fsencode(tree), read=0)


def _bare_reading(tree: Path, timings: Timings) -> None:
    with timings.of("scandir + read 4 KiB + rename"):
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
    config.write_text(
        f'[[folder]]\nname = "bench"\npath = "{tree}"\nsubfolders = true\n[[rule]]\nname = "{name}"\n{rule}'
    )
    state = StateDirectory.beneath(tree.parent / f"{tree.name}-state")
    state.prepare()
    silent = Silent()
    engine = Engine(state, load_config(config), silent)
    organize = Request(id=new_id(), kind="organize", folder="bench", created=now(), sequence=1)
    _run(engine, silent, organize, name, timings)
    undo = Request(id=new_id(), kind="rollback", folder="bench", created=now(), sequence=2, undo_of=organize.id)
    _run(engine, silent, undo, f"undo {name}", timings)


def _run(engine: Engine, silent: Silent, request: Request, name: str, timings: Timings) -> None:
    """Time an operation from its request until it is told as ended, and until its history is written too."""
    start = perf_counter()
    engine.submit(request)
    ended = engine.run(request.id, cancelled=lambda: False)
    timings.add(name, silent.ended - start)
    timings.add(f"{name}, with its history", perf_counter() - start)
    if ended.state != "completed":
        print(f"  {request.kind}: {ended}")


def _peer(tree: Path, timings: Timings) -> None:
    config = tree.parent / "peer.yaml"
    config.write_text(PEER_CONFIG.format(tree=tree, out=tree.parent / "peer-out"))
    with timings.of("organize-tool, with its start"):
        subprocess.run(
            [os.environ["ORGANIZE"], "run", "--format", "errorsonly", str(config)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
