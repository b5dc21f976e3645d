"""An operation's whole life, cut off anywhere from request to seal: the next engine ends what the dead one began."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import Config, load_config
from core.engine import Engine
from core.model import FINAL_STATES, Operation, Progress, Request, now
from core.standing import standing
from core.state import StateDirectory
from tests import trees
from tests.crash import seam
from tests.crash.forks import in_child
from tests.crash.harness import points_of
from tests.crash.seam import Hook, Point

CONFIG = """
[[folder]]
name = "inbox"
path = "{folder}"
[[rule]]
name = "rubbish"
match = {{ ext = "tmp" }}
action = "trash"
[[rule]]
name = "kept twice"
match = {{ ext = "pdf" }}
action = "copy"
to = "Safe/"
[[rule]]
name = "texts"
match = {{ ext = ["txt", "pdf"] }}
to = "Texts/{{modified:%Y}}/"
[[rule]]
name = "pictures"
match = {{ ext = ["jpg", "cr2", "xmp"] }}
to = "Pictures/"
"""

FILES: trees.Tree = {
    "a.txt": "a",
    "b.txt": "b",
    "contract.pdf": "contract",
    "junk.tmp": "junk",
    "i.jpg": "picture",
    "i.cr2": "raw",
    "i.xmp": "notes",
    "left.unknown": "left",
    "Texts/2014/a.txt": "another a",
    "bad\nname \udcff.txt": "bad name",
}

EVERYDAY_POINTS = 6


class Nobody:
    """Hears what an engine tells, and does nothing."""

    def changed(self, operation: Operation) -> None: ...

    def progressed(self, progress: Progress) -> None: ...


class House:
    """A folder, its config and its state, set up anew for each play."""

    _numbers = itertools.count()

    def __init__(self, directory: Path, *, organized: bool) -> None:
        """`organized`: the organizing is over, and what will be cut off is its undo."""
        self.base = directory / f"house{next(self._numbers)}"
        self.folder = self.base / "inbox"
        trees.build(self.folder, FILES)
        (self.base / "config.toml").write_text(CONFIG.format(folder=self.folder))
        self.config: Config = load_config(self.base / "config.toml")
        self.state = StateDirectory.beneath(self.base / "state")
        self.state.prepare()
        if organized:
            self.live("organize")
        self.before = self.look()

    def live(self, id: str) -> None:
        """Ask for an operation if nobody did, and bring it to its end: what a command does, and does again."""
        engine = Engine(self.state, self.config, Nobody())
        if not (engine.files(id).directory / "request").exists():
            shutil.rmtree(engine.files(id).directory, ignore_errors=True)  # an id is never used twice; here it is
            undone = "organize" if id == "undo" else None
            engine.submit(
                Request(
                    id=id,
                    kind="rollback" if undone else "organize",
                    folder="inbox",
                    created=now(),
                    sequence=len(os.listdir(self.state.operations)) + 1,
                    requested_by="test",
                    undo_of=undone,
                )
            )
        if standing(engine.files(id)).state == "interrupted":
            engine.approve(id, "test")
        engine.run(id, cancelled=lambda: False)
        assert standing(engine.files(id)).state in FINAL_STATES, standing(engine.files(id))

    def look(self) -> dict[bytes, trees.Found]:
        return {
            path: found
            for path, found in trees.read(self.folder).items()
            if found.kind != "folder" or trees.TRASH not in path.split(b"/")
        }


@pytest.fixture(params=["organize", "undo"])
def played(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with seam.installed(seam.without_syncs(seam.carry_out)):
        yield


def test_killed_at_a_few_points_of_its_life(tmp_path: Path, played: str) -> None:
    calls, expected = rehearse(tmp_path, played)
    points = points_of(calls)
    for point in random.Random(played).sample(points, EVERYDAY_POINTS):
        check_killed(tmp_path, played, [point], expected)


@pytest.mark.heavy
@pytest.mark.timeout(240)
def test_killed_at_every_point_of_its_life(tmp_path: Path, played: str) -> None:
    calls, expected = rehearse(tmp_path, played)
    points = points_of(calls)
    for point in points:
        check_killed(tmp_path, played, [point], expected)
    chosen = random.Random(played)
    for _ in range(100):
        check_killed(tmp_path, played, [chosen.choice(points) for _ in range(3)], expected)


def rehearse(directory: Path, id: str) -> tuple[list[str], dict[bytes, trees.Found]]:
    calls: list[str] = []

    def recording(number: int, call: seam.Call, real: Callable[..., Any]) -> Any:
        calls.append(call.name)
        return real(*call.arguments, **call.keywords)

    house = House(directory, organized=id == "undo")
    live(house, id, recording)
    return calls, house.look()


def live(house: House, id: str, hook: Hook = seam.carry_out) -> None:
    with seam.installed(hook):
        house.live(id)


def check_killed(directory: Path, id: str, points: list[Point], expected: dict[bytes, trees.Found]) -> None:
    """Kill it at the points, let it live to its end, then undo it."""
    house = House(directory, organized=id == "undo")
    contents = trees.contents(house.folder)
    try:
        for point in points:
            in_child(lambda point=point: live(house, id, seam.dying_at(point)))  # type: ignore[misc]
            assert not contents - trees.contents(house.folder), f"{points}: contents were lost"
        house.live(id)
        assert house.look() == expected, f"{points}"
        house.live(id)
        assert house.look() == expected, f"{points}"
        if id == "organize":
            house.live("undo")
            now_there = {path: found for path, found in house.look().items() if trees.TRASH not in path.split(b"/")}
            assert now_there == house.before, f"{points}"
    finally:
        shutil.rmtree(house.base)
