"""A folder and a bucket kept in step for real: what a sync of the engine does, without the engine's queue."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from core.config import Config
from core.config.models import Direction, Folder
from core.execute import execute
from core.journal import OperationFiles
from core.model import Plan, Request, Resolution, new_id, now
from core.planners import Ground, sync
from core.storage.local import LocalStorage
from core.storage.s3.objects import Objects
from core.sync.conflicts import Conflict, conflicts_of
from core.sync.marks import set_marks
from core.sync.pairs import filters_of
from core.sync.settling import remember, remember_resolved
from core.sync.state import SyncState
from tests.acting import Silent
from tests.s3.stage import Stage


class PairStage(Stage):
    """A pair. `put`, `write`, `objects`, `files` as in Stage; `sync` brings both in step."""

    def __init__(
        self, directory: Path, bucket: Objects, direction: Direction = "both", ignore: tuple[str, ...] = ()
    ) -> None:
        super().__init__(directory, bucket)
        self.operations = directory / "operations"
        self.operations.mkdir(exist_ok=True)
        self.pair = Folder(
            "scans",
            os.fsencode(self.folder),
            settle=5.0,
            sync=bucket.root.decode(),
            direction=direction,
            ignore=ignore,
        )

    def state(self) -> SyncState:
        """Open what is known of the pair."""
        return SyncState(self.directory / "scans.db")

    def ground(self) -> Ground:
        nothing = cast(Any, None)
        return Ground(
            Config(folders=(self.pair,)),
            nothing,
            nothing,
            nothing,
            self.operation,
            lambda phase, done, total: None,
            open_root=self.open_root,
            sync_state=lambda folder: self.state(),
        )

    def plan_sync(self, *, automatic: bool = False) -> Plan:
        """Plan a sync, recorded as the engine would."""
        return self._planned(Request(id=new_id(), kind="sync", folder="scans", created=now(), automatic=automatic))

    def plan_resolution(self, resolution: Resolution, *copies: str) -> Plan:
        """Plan how conflict copies are settled, recorded as the engine would."""
        paths = [copy.encode() for copy in copies]
        return self._planned(
            Request(id=new_id(), kind="sync", folder="scans", created=now(), resolve=resolution, paths=paths)
        )

    def _planned(self, request: Request) -> Plan:
        plan = sync.plan(request, self.ground())
        files = OperationFiles(self.operations / request.id)
        files.create(request)
        files.write_plan(plan)
        return plan

    def carry_out(self, plan: Plan) -> list[tuple[str, str]]:
        """Mark both sides, carry a plan out, remember what is in step; return outcome and reason of each step."""
        files = self.operation(plan.operation)
        with (
            closing(LocalStorage(os.fsencode(self.folder))) as local,
            closing(self.state()) as state,
            files.journal() as journal,
        ):
            state.begin(set_marks(local, self.bucket, state.pair_id), filters_of(self.pair))
            execute(files.plan(), journal, Silent(), open_root=self.open_root)
            settle = remember if files.request().resolve is None else remember_resolved
            settle(plan, files.outcomes(), local, state)
            finished = files.outcomes().finished
            return [(finished[step.seq].outcome, finished[step.seq].reason) for step in plan.steps]

    def sync(self) -> list[str]:
        """Bring both sides in step; return what was done, as `kind path` and where it did not work, why."""
        return self._told(self.plan_sync())

    def resolve(self, resolution: Resolution, *copies: str) -> list[str]:
        """Settle conflict copies; return what was done, as `sync` does."""
        return self._told(self.plan_resolution(resolution, *copies))

    def conflicts(self) -> list[Conflict]:
        """Return what waits to be settled."""
        with closing(self.state()) as state:
            return conflicts_of(self.pair, state)

    def _told(self, plan: Plan) -> list[str]:
        results = self.carry_out(plan)
        return [
            f"{step.kind} {step.source.decode()}" + (f": {reason}" if outcome != "done" else "")
            for step, (outcome, reason) in zip(plan.steps, results, strict=True)
        ]

    # -- trees without what is Shelver's own

    def here(self) -> dict[str, bytes]:
        """Return the folder's own files."""
        return {path: content for path, content in self.files().items() if not path.startswith(".shelver")}

    def there(self) -> dict[str, bytes]:
        """Return the bucket's own objects."""
        return {path: content for path, content in self.objects().items() if not path.startswith(".shelver")}

    def remove(self, *paths: str) -> None:
        """Delete objects, as another program would."""
        for path in paths:
            self.bucket.endpoint.call("delete_object", Bucket=self.bucket.name, Key=self.bucket.prefix + path)
