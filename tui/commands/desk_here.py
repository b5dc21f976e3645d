"""The desk where no agent runs: this process does the work itself, under the same locks and with the same journal."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import msgspec

from core.config import Config, Folder
from core.duplicates.views import PageView, page_of
from core.engine import Engine
from core.errors import ShelverError, UnknownOperation, WrongState
from core.model import (
    ConflictView,
    FolderStatus,
    OnConflict,
    Operation,
    OperationKind,
    Outcome,
    Pending,
    Preview,
    Progress,
    Request,
    new_id,
    now,
)
from core.names import shown
from core.standing import standing
from core.state import StateDirectory, write_durably
from core.storage.linux import ignore_lease_breaks
from core.stores.catalog import Catalog
from core.views.conflicts import view
from tui.commands.catalog_care import take_in_what_is_missing
from tui.commands.desk import NOT_WATCHED, PAGE, Watch
from tui.commands.frame import Settings
from tui.commands.interrupts import Interrupts
from tui.commands.traces import search_history
from tui.wire import Status, StepPage, Trace


@contextmanager
def hold_desk(settings: Settings) -> Iterator[HereDesk]:
    """Hold the state directory, finish what a crash cut off, and act. Raises Locked."""
    config = settings.load_config()
    places = settings.places()
    places.prepare()
    ignore_lease_breaks()
    with places.lock(), closing(Catalog(places.catalog)) as catalog:
        take_in_what_is_missing(places, catalog)
        with closing(HereDesk(places, config, catalog)) as desk:
            desk.finish_what_was_cut_off()
            yield desk


@contextmanager
def read_desk(settings: Settings) -> Iterator[HereDesk]:
    """Only look: nothing is made and nothing is locked. Raises ShelverError where the catalog is damaged."""
    config = settings.load_config()
    places = settings.places()
    if not places.catalog.exists():
        yield HereDesk(places, config, None)
        return
    try:
        msgspec.json.decode(places.catalog.read_bytes())
    except msgspec.MsgspecError:
        raise ShelverError("the catalog is damaged; `shelver doctor --rebuild` makes it anew") from None
    with closing(Catalog(places.catalog)) as catalog:
        yield HereDesk(places, config, catalog)


class HereDesk:
    """Does what an agent would do, in this process and while the command lasts. No catalog: nothing was done yet.

    It is its engine's observer: states go into the catalog, progress to whoever watches.
    """

    by_agent = False

    def __init__(self, places: StateDirectory, config: Config, catalog: Catalog | None) -> None:
        self._places = places
        self._catalog = catalog
        self._engine = Engine(places, config, self)
        self._watch: Watch | None = None

    def close(self) -> None:
        """Let go of the connections to remotes."""
        self._engine.close()

    def changed(self, operation: Operation) -> None:
        """Record a state."""
        assert self._catalog is not None
        self._catalog.put(operation)

    def progressed(self, progress: Progress) -> None:
        """Pass progress on."""
        if self._watch is not None:
            self._watch(progress)

    # -- looking

    def status(self) -> Status:
        """Return the folders and what waits."""
        waiting = self._catalog.page(states=("proposed",), limit=PAGE) if self._catalog else []
        return Status(folders=self.folders(), waiting=waiting)

    def operation(self, id: str) -> Operation:
        """Return one operation."""
        if self._catalog is None:
            raise UnknownOperation(shown(id))
        return self._catalog.get(id)

    def page(self, *, folder: str | None = None, limit: int = PAGE, before: str | None = None) -> list[Operation]:
        """Return operations, newest first."""
        if self._catalog is None:
            return []
        sequence = self._catalog.get(before).sequence if before else None
        return self._catalog.page(folder=folder, limit=limit, before=sequence)

    def steps(
        self, id: str, *, start: int = 0, limit: int = PAGE, text: str = "", outcome: Outcome | None = None
    ) -> StepPage:
        """Return a page of steps; none where there is no plan yet."""
        if not self._engine.files(id).has_plan():
            return StepPage(steps=[], total=0)
        page = self._engine.steps(id, start, limit, text, outcome)
        return StepPage(steps=page.steps, total=page.total)

    def duplicates(self, id: str, *, start: int, limit: int) -> PageView:
        """Return a page of the groups that a dedupe found; none before it did."""
        try:
            return page_of(self._engine.files(id), start, limit)
        except WrongState:
            return PageView(groups=[])

    def history(self, text: str) -> list[Trace]:
        """Return where files of that name went. What the history misses is taken in first."""
        return search_history(self._places, text)

    def folders(self) -> list[FolderStatus]:
        """Return the configured folders, none of them watched."""
        paused = self._paused()
        return [self._told(folder, is_paused=folder.name in paused) for folder in self._engine.config.folders]

    def _told(self, folder: Folder, *, is_paused: bool) -> FolderStatus:
        told = FolderStatus(
            name=folder.name,
            path=shown(folder.path),
            state="paused" if is_paused else "starting",
            reason=NOT_WATCHED,
            mode=folder.mode,
            bucket=folder.sync,
        )
        if folder.sync:
            stands = self._engine.pair_standing(folder)
            told.to_push, told.to_pull = stands.pending.push, stands.pending.pull
            told.conflicts, told.sync_paused = stands.conflicts, NOT_WATCHED
        return told

    def carries(self, id: str) -> Pending:
        """Return what a sync is still to carry; nothing where there is no plan."""
        return self._engine.carries(id) if self._engine.files(id).has_plan() else Pending()

    def conflicts(self, folder: str) -> list[ConflictView]:
        """Return a folder's conflicts."""
        return [view(each) for each in self._engine.conflicts(self._engine.config.folder(folder))]

    # -- acting

    def submit(self, kind: OperationKind, folder: str, **options: Any) -> Operation:
        """Record a request, durably."""
        assert self._catalog is not None
        request = Request(
            id=new_id(),
            kind=kind,
            folder=folder,
            created=now(),
            sequence=self._catalog.next_sequence(),
            requested_by=_who(),
            **options,
        )
        operation = self._engine.submit(request)
        self._catalog.put(operation)
        return operation

    def rollback(
        self, id: str, *, only: Sequence[bytes] | None, on_conflict: OnConflict, dry_run: bool = False
    ) -> Operation:
        """Record the request for a rollback."""
        return self.submit(
            "rollback",
            self.operation(id).folder,
            undo_of=id,
            only=None if only is None else list(only),
            on_conflict=on_conflict,
            dry_run=dry_run,
        )

    def preview_rollback(self, id: str, *, only: Sequence[bytes] | None, on_conflict: OnConflict) -> Preview:
        """Plan a rollback and return what it would do."""
        planned = self._run(self.rollback(id, only=only, on_conflict=on_conflict, dry_run=True).id)
        if planned.state != "proposed":
            raise ShelverError(planned.error or f"the rollback {planned.id} is {planned.state}")
        return self._engine.preview(planned.id)

    def approve(self, id: str, *, only: Sequence[bytes] | None = None) -> Operation:
        """Let it run."""
        return self._engine.approve(id, _who(), None if only is None else list(only))

    def reject(self, id: str) -> Operation:
        """Refuse it."""
        return self._engine.reject(id, _who())

    def cancel(self, id: str) -> Operation:
        """End it."""
        return self._engine.cancel(id)

    def finish(self, id: str, watch: Watch) -> Operation:
        """Do it. Ctrl-C interrupts it between two files; `approve` goes on."""
        return self._run(id, watch)

    def _run(self, id: str, watch: Watch | None = None) -> Operation:
        self._watch = watch
        with Interrupts() as interrupts:
            operation = self._engine.run(id, interrupts.check)
        if operation.state == "proposed":
            self._supersede_older(operation)
        elif operation.state == "completed":
            self._supersede_done(operation)
        return operation

    def _supersede_done(self, done: Operation) -> None:
        """End the proposals of which an operation left nothing to do."""
        assert self._catalog is not None
        for waiting in self._catalog.page(folder=done.folder, states=("proposed",), limit=PAGE):
            if waiting.sequence < done.sequence and self._engine.leaves_nothing_of(done.id, waiting.id):
                self._engine.supersede(waiting.id)

    def _supersede_older(self, proposal: Operation) -> None:
        """Keep at most one waiting proposal of a kind in a folder (of one rollback's kind: of one operation)."""
        assert self._catalog is not None
        for older in self._catalog.page(folder=proposal.folder, states=("proposed",), limit=PAGE):
            alike = all(getattr(older, name) == getattr(proposal, name) for name in ("kind", "undo_of", "automatic"))
            if alike and older.sequence < proposal.sequence:
                self._engine.supersede(older.id)

    # -- before anything else

    def finish_what_was_cut_off(self) -> None:
        """Bring to its end what had begun when a process died; what had only been asked for is not started now."""
        assert self._catalog is not None
        for operation in self._catalog.unfinished():
            begun = standing(self._engine.files(operation.id)).state
            if operation.state == "cancelling" or (operation.state == "planning" and begun == "queued"):
                self._engine.cancel(operation.id)
            elif operation.state != "queued":
                self._finish_cut_off(operation.id)

    def _finish_cut_off(self, id: str) -> None:
        try:
            self._run(id)
        except ShelverError as error:  # it must not stand in the way of all others
            print(f"shelver: what was cut off could not be finished: {shown(str(error))}", file=sys.stderr)

    # -- pausing

    def pause(self, folder: str) -> FolderStatus:
        """Have the next agent start nothing there."""
        self._write_paused(self._paused() | {folder})
        return self._status_of(folder)

    def resume(self, folder: str) -> FolderStatus:
        """Have the next agent go on there."""
        self._write_paused(self._paused() - {folder})
        return self._status_of(folder)

    def _paused(self) -> set[str]:
        try:
            return set(self._places.paused.read_text(encoding="utf-8").splitlines())
        except FileNotFoundError:
            return set()

    def _write_paused(self, names: set[str]) -> None:
        write_durably(self._places.paused, "".join(f"{name}\n" for name in sorted(names)).encode())

    def _status_of(self, name: str) -> FolderStatus:
        return next(folder for folder in self.folders() if folder.name == name)


def _who() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        return str(os.getuid())
