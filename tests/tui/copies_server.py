"""Duplicates on the home server of the tests: copies of pictures, and pictures that look alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from core.model import Counts, Operation
from tests.tui.fake_agent import FakeAgent
from tests.tui.fake_looks import picture
from tests.tui.home_server import CAMERA, HOME, NOW, operation
from tests.tui.looks_server import framed

REPORT = "dupes000"
FIRST_NEAR = 1_000_000


class Many(Sequence[dict[str, Any]]):
    """So many groups, each made when it is asked for."""

    def __init__(self, number: int, make: Callable[[int], dict[str, Any]]) -> None:
        self._number = number
        self._make = make

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._make(place) for place in range(*index.indices(self._number))]
        return self._make(index)


def copies(number: int) -> dict[str, Any]:
    """Return a picture that is there twice; every second one also in a folder that is left alone."""
    name = f"IMG_{number:04}"
    size = max(24_100_000 - number * 100_000, 1000)
    files: list[dict[str, Any]] = [
        {"path": f"{CAMERA}/Pictures/2024/{name}.JPG", "size": size, "mtime": 1.7e9},
        {"path": f"{HOME}/Downloads/{name} (1).JPG", "size": size, "mtime": 1.72e9},
    ]
    if number % 2:
        reason = "folder archive only reports"
        files.append({"path": f"/mnt/archive/{name}.JPG", "size": size, "mtime": 1.75e9, "reason": reason})
        files[-1]["protected"] = True
    return {"group": number, "near": False, "size": size, "keep": files[0]["path"], "why": "the oldest", "files": files}


def alike(number: int) -> dict[str, Any]:
    """Return two or three pictures that look alike."""
    sizes = [(4032, 3024, 3_100_000, 0), (1600, 1200, 310_000, 2), (2600, 1900, 910_000, 6)][: 2 + number % 2]
    files = [
        {
            "path": f"{CAMERA}/beach{number}{'' if not distance else f'-{distance}'}.jpg",
            "size": size,
            "mtime": 1.7e9 + distance * 1e6,
            "width": width,
            "height": height,
            "distance": distance,
            "taken": "2024-05-01T18:22:00" if not distance else "",
        }
        for width, height, size, distance in sizes
    ]
    keep = files[0]["path"]
    why = "the most pixels"
    return {"group": FIRST_NEAR + number, "near": True, "size": 3_100_000, "keep": keep, "why": why, "files": files}


def with_duplicates(agent: FakeAgent, exact: int = 212, near: int = 14) -> Operation:
    """Let the agent have found so many groups in the folder `camera`."""
    groups = [alike(number) for number in range(near)]
    agent.looks.groups[REPORT] = (Many(exact, copies), groups)
    for group in groups:
        for hue, file in enumerate(group["files"]):
            agent.looks.previews[file["path"]] = partial(_seen, file, hue)
    for file in copies(0)["files"] if exact else ():
        agent.looks.previews[file["path"]] = partial(_seen, file, 0)
    return agent.put(operation(REPORT, 99, kind="dedupe", counts=Counts(), finished=NOW))


def _seen(file: dict[str, Any], hue: int, columns: int, rows: int) -> dict[str, Any]:
    raster = picture(*framed(columns, rows), hue / 4)
    return {"path": file["path"], "kind": "image", "size": file["size"], "picture": raster}
