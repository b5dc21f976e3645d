"""The theatre in which the power goes out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core import execute
from core.stores.history import History
from tests.acting import Scene
from tests.crash import power, seam
from tests.crash.forks import in_child
from tests.crash.harness import Stage, Theatre, run
from tests.crash.power import Disk
from tests.crash.scenarios import Scenario
from tests.crash.seam import Point


def three_disks(kind: str, directory: Path) -> list[Disk]:
    """Return disks for state, home and target; in a process of their own, for they vanish with it."""
    power.leave_the_shared_mounts()
    return [Disk(kind, directory / name) for name in ("state", "home", "target")]


class DarkTheatre(Theatre):
    """Plays on three disks whose power is cut at the point, all at once; every start is a new boot."""

    def __init__(self, scenario: Scenario, disks: Sequence[Disk], history: History) -> None:
        state, _, target = disks
        super().__init__(scenario, state.folder, target.folder, history)
        self._disks = disks
        self._boots = 0

    def scene(self) -> Scene:
        """Return a scene with its home on a disk of its own."""
        scene = super().scene()
        return Scene(scene.directory, scene.disk, self._history, self._disks[1].folder / scene.directory.name)

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        """Set the scenario up, durably; afterwards remove it."""
        scene = self.scene()
        execute.boot_id = lambda: f"boot {self._boots}"  # the process is this test's own
        try:
            with seam.installed(seam.without_syncs(seam.carry_out)):
                stage = self._set_up(scene)
            self._sync()
            with self._in_batches():
                yield stage
        finally:
            for folder in (scene.directory, scene.root, scene.disk):
                shutil.rmtree(folder)

    def die(self, stage: Stage, point: Point) -> bool:
        """Execute or resume until the power goes; it goes at the latest right after the end."""
        killed = in_child(lambda: run(stage.scene, stage.plan, seam.dying_at(point, self._cut))).killed
        if not killed:
            self._cut()
        for disk in self._disks:
            disk.restart()
        self._boots += 1
        return True

    def _cut(self) -> None:
        for disk in self._disks:
            disk.cut()

    def _sync(self) -> None:
        for disk in self._disks:
            disk.sync()
