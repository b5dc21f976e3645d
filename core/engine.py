"""The life of an operation: request → plan → review → execute → seal.

One engine serves the worker and the one-shot command alike. It tells an observer of every change of state; whoever
is the catalog's single writer records it. What it says can be lost: the truth lies in the operation's directory.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from core.config import Config, Folder
from core.duplicates.pages import finding_in_words
from core.errors import (
    Cancelled,
    Interrupted,
    JournalDamaged,
    Locked,
    RemoteLost,
    ShelverError,
    UnknownOperation,
    UsageError,
    WrongState,
)
from core.execute import execute
from core.execute.tally import counts as counts_of
from core.facts import FactReader
from core.journal import Approval, Journal, OperationFiles, Outcomes
from core.journal.outcome_table import keep_outcomes
from core.model import (
    FINAL_STATES,
    Counts,
    Operation,
    Outcome,
    Pending,
    Plan,
    Preview,
    Progress,
    Request,
    State,
    now,
)
from core.planners import Ground, Phase, Planner, duplicates, organize, rollback, sync
from core.planners.deeds import check_part, deeds
from core.planners.reported import check as check_reported
from core.planners.reported import keepers_of
from core.remembering import Remembering
from core.retention import kept_until
from core.review import approved_steps, is_whole_pass, leaves_nothing_of, pass_root, why_it_waits
from core.standing import standing
from core.state import StateDirectory
from core.storage.remotes import Remotes
from core.stores.decisions import Decisions, rejected_decisions
from core.stores.history import History
from core.stores.index import Index
from core.sync.conflicts import Conflict
from core.sync.pairs import Pairs
from core.sync.pending import done, pending
from core.sync.states import Standing, States, check_bucket
from core.views.destinations import Destination
from core.views.preview import preview
from core.views.progress import Meter, Watcher
from core.views.steps import Page, StepPages

if TYPE_CHECKING:
    from core.duplicates.contents import Contents

PLANNERS: dict[str, Planner] = {
    "organize": organize.plan,
    "sync": sync.plan,
    "dedupe": duplicates.plan,
    "rollback": rollback.plan,
}
"""Whoever adds a capability adds a planner here."""

ShouldStop = Callable[[], bool]
"""Returns True to cancel the operation; raises Interrupted where it should stop now and go on later."""


class EngineObserver(Protocol):
    """Is told what happens; called from the thread that runs the operation."""

    def changed(self, operation: Operation) -> None:
        """An operation's state changed."""

    def progressed(self, progress: Progress) -> None:
        """An operation got on; the newest replaces all before it."""


class Engine:
    """Runs operations of one state directory. Calls may come from several threads, for different operations."""

    def __init__(self, state: StateDirectory, config: Config, observer: EngineObserver) -> None:
        self.state = state
        self.config = config
        self._observer = observer
        self._remotes = Remotes(config, state.remotes)
        self._pairs = Pairs(States(state.sync), self._remotes)
        self._remembering = Remembering(state, config, self._pairs, self.files)
        self._pages = StepPages()

    def close(self) -> None:
        """Let go of the connections to remotes."""
        self._remotes.close()

    def files(self, id: str) -> OperationFiles:
        """Return the directory of an operation. Raises UnknownOperation for what is no id."""
        return OperationFiles(self.state.operation(id))

    # -- asking

    def submit(self, request: Request) -> Operation:
        """Record a request, durably, and return the queued operation.

        Raises UnknownFolder, UnknownOperation, StateFull; WrongState for undoing what did nothing or still runs,
        UsageError for a part that it never touched or an earlier dedupe never found, Locked for what a crash cut off
        and cannot be settled now.
        """
        if request.kind == "rollback":
            self._check_can_roll_back(request)
        elif request.kind == "sync":
            check_bucket(self.config.folder(request.folder))
        elif request.kind == "dedupe":
            duplicates.check_possible(request, self.config.folder(request.folder))
        else:
            self.config.folder(request.folder)
        if request.keep is not None:
            keepers_of(request, self.config)
        if request.of is not None:
            check_reported(request, self._earlier(request.of))
        self.state.check_room()
        self.files(request.id).create(request)
        return standing(self.files(request.id))

    def _earlier(self, id: str) -> OperationFiles:
        try:
            return self.files(id)
        except UnknownOperation as error:
            raise UsageError(str(error), field="of") from None

    def _check_can_roll_back(self, request: Request) -> None:
        id = request.undo_of or ""
        undone = standing(self.files(id))
        if undone.state not in ("completed", "partial", "failed", "cancelled", "interrupted"):
            raise WrongState("there is nothing to undo", operation=id, state=undone.state)
        if undone.state == "interrupted":
            self.run(id, cancelled=lambda: True)  # what a crash cut off is settled first
        if request.only is not None and undone.state != "failed":  # what failed is settled when this is planned
            files = self.files(id)
            check_part(request, deeds(files.plan(), files.outcomes()))

    def approve(self, id: str, by: str, only: list[bytes] | None = None, without: Sequence[bytes] = ()) -> Operation:
        """Let a proposal run, or an interrupted or failed operation go on; return it queued. Raises WrongState.

        `only`, `without`: which part of it; see core.review.approved_steps.
        """
        if not self.files(id).has_plan() and (unplanned := standing(self.files(id))).state == "queued":
            return self._tell(unplanned)  # it was stopped while it was planned: there is nothing to approve yet
        with self._held(id, "proposed", "interrupted", "failed", verb="approve") as (files, journal, _):
            files.approve(Approval(by, only, list(without)))
            if journal.outcomes.sealed is not None:
                journal.reopen()
        return self._tell(replace(standing(files), state="queued"))

    def reject(self, id: str, by: str) -> Operation:
        """End a proposal; the agent leaves its files alone from now on. Raises WrongState."""
        with self._held(id, "proposed", verb="reject") as (files, journal, operation):
            request, plan = files.request(), files.plan()
            with closing(Decisions(self.state.decisions)) as decisions:
                if request.kind != "rollback":
                    decisions.record(rejected_decisions(plan.rules, request, plan))
                if is_whole_pass(request):
                    decisions.record_pass(pass_root(request, plan), plan.rules)
            if request.kind == "sync":
                self._pairs.refuse(self.config.folder(request.folder), request)
            journal.seal("rejected", operation.counts, f"by {by}" if by else "")
        return self._tell(standing(files))

    def supersede(self, id: str) -> Operation:
        """End a proposal because a newer one took its place. Raises WrongState."""
        return self._end(id, "superseded")

    def leaves_nothing_of(self, done: str, waiting: str) -> bool:
        """Tell whether an operation that completed leaves nothing to do of a proposal."""
        return leaves_nothing_of(self.files(done).request(), self.files(waiting).request())

    def cancel(self, id: str) -> Operation:
        """End what no process runs right now; what it did stays, and can be undone. Raises WrongState."""
        if standing(self.files(id)).state == "interrupted":
            return self.run(id, cancelled=lambda: True)
        return self._end(id, "cancelled")

    def fail(self, id: str, error: str) -> Operation:
        """End an operation that killed its workers; it can be resumed by hand. Raises WrongState."""
        with self._held(id, "queued", "proposed", "interrupted", verb="fail") as (files, journal, _):
            journal.seal("failed", _counts(files, journal.outcomes), error)
        return self._tell(standing(files))

    def remember(self, id: str) -> None:
        """Take into the history what an operation did that ended in no worker's hands."""
        files = self.files(id)
        if files.has_plan():
            self._remembering.record(files.request(), files.plan(), files.outcomes())

    def discard(self, id: str) -> None:
        """Forget an operation of the agent's own that found nothing to do."""
        with self._held(id, "completed", verb="discard") as (files, _, operation):
            if operation.automatic and not operation.counts.planned:
                shutil.rmtree(files.directory)

    def _end(self, id: str, state: State) -> Operation:
        with self._held(id, "queued", "proposed", verb="end") as (files, journal, operation):
            journal.seal(state, operation.counts)
        return self._tell(standing(files))

    @contextmanager
    def _held(self, id: str, *states: State, verb: str) -> Iterator[tuple[OperationFiles, Journal, Operation]]:
        files = self.files(id)
        files.request()
        try:
            with files.journal() as journal:
                operation = standing(files, journal.outcomes)
                if operation.state not in states:
                    raise WrongState(f"it is too late to {verb} it", operation=id, state=operation.state)
                yield files, journal, operation
        except Locked:
            raise WrongState(f"it is too late to {verb} it", operation=id, state="running") from None

    # -- running

    def run(self, id: str, cancelled: ShouldStop) -> Operation:
        """Take an operation as far as it may go, resuming whatever it finds, and return how it stands then.

        It ends `proposed` where a person must look first. Raises Locked if another process runs it, or is at the folder
        where one that is to be cancelled must be settled first; UnknownOperation, JournalDamaged. What else
        goes wrong ends the operation: its `error` says why.
        """
        files = self.files(id)
        request = files.request()
        with files.journal() as journal:
            operation = standing(files, journal.outcomes)
            if operation.state in FINAL_STATES:
                if not self._remembering.knows(id):  # a crash came between its seal and that
                    self._ended(files, request, journal.outcomes)
                return operation
            plan: Plan | None = None
            try:
                plan = self._planned(files, request, operation, cancelled)
                waits = None if files.approval() or journal.outcomes.attempts else self._why_it_waits(request, plan)
                if waits is not None:
                    counts = Counts(planned=files.planned_files())
                    return self._tell(replace(operation, state="proposed", counts=counts, note=waits))
                self._executed(files, journal, plan, cancelled)
            except Interrupted as stopped:
                note = str(stopped) if isinstance(stopped, RemoteLost) else None
                return self._tell(replace(standing(files), state="interrupted", note=note))
            except Cancelled:
                if journal.outcomes.attempts:  # it waited for its folder: what was cut off must be settled there first
                    raise Locked(f"the folder of operation {id}") from None
                journal.seal("cancelled", _counts(files, journal.outcomes))
            except ShelverError as error:
                journal.seal("failed", _counts(files, journal.outcomes), str(error))
            return self._ended(files, request, journal.outcomes, plan)

    def _planned(self, files: OperationFiles, request: Request, operation: Operation, cancelled: ShouldStop) -> Plan:
        if files.has_plan():
            return files.plan()
        self._tell(replace(operation, state="planning", started=now()))
        if request.undo_of is not None:
            self._settle(request.undo_of, cancelled)
        meter = Meter(request.id, self._observer.progressed)

        def report(phase: Phase, done: int, total: int) -> None:
            if cancelled():
                raise Cancelled
            meter.planning(phase, done, total)

        with ExitStack() as stack:
            index = stack.enter_context(closing(Index(self.state.index)))
            decisions = stack.enter_context(closing(Decisions(self.state.decisions)))
            history = stack.enter_context(closing(History(self.state.history)))
            facts = stack.enter_context(FactReader(index, remote=self._remotes))
            contents = stack.enter_context(self._contents()) if request.kind == "dedupe" else None
            ground = Ground(
                self.config,
                facts,
                decisions,
                history,
                self.files,
                report,
                contents,
                self._remotes.open,
                self._pairs.states.open,
            )
            plan = PLANNERS[request.kind](request, ground)
        files.write_plan(plan)
        return plan

    def _contents(self) -> Contents:
        from core.duplicates.contents import Contents  # noqa: PLC0415 - numpy, only where needed

        return Contents(self.state.contents)

    def _settle(self, id: str, cancelled: ShouldStop) -> None:
        """Find out what became of the steps that cut off an operation which then failed, so that all is taken back.

        Raises Locked, Cancelled, RootGone.
        """
        files = self.files(id)
        outcomes = files.outcomes()
        failed = outcomes.sealed
        if failed is None or failed.state != "failed" or not outcomes.attempts:
            return
        if len(outcomes.finished) >= files.planned_steps():
            return
        plan, meter = files.plan(), Meter(id, self._observer.progressed)
        with files.journal() as journal:
            journal.reopen()
            try:
                with self.state.folders(plan.roots, Watcher(meter, cancelled).check_cancelled):
                    execute(plan, journal, Watcher(meter, cancelled=lambda: True), open_root=self._remotes.open)
            finally:
                journal.seal("failed", counts_of(plan, journal.outcomes), failed.error)
            self._ended(files, files.request(), journal.outcomes)

    def _why_it_waits(self, request: Request, plan: Plan) -> str | None:
        with closing(Decisions(self.state.decisions)) as decisions, closing(Index(self.state.index)) as index:
            return why_it_waits(request, plan, self._mode(request.folder), decisions, index)

    def _executed(self, files: OperationFiles, journal: Journal, plan: Plan, cancelled: ShouldStop) -> None:
        approval = files.approval()
        in_part = approval is not None and (approval.only is not None or approval.without)
        approved = approved_steps(plan, approval.only, approval.without) if approval and in_part else None
        watcher = Watcher(Meter(plan.operation, self._observer.progressed), cancelled)
        with self.state.folders(plan.roots, watcher.check_cancelled):
            counts = Counts(planned=files.planned_files())
            started = replace(standing(files, journal.outcomes), state="running", counts=counts)
            self._tell(replace(started, started=started.started or now()))
            if files.request().kind == "sync":
                self._pairs.begin(self.config.folder(files.request().folder))
            execute(plan, journal, watcher, approved, self._remotes.open)

    # -- remembering

    def _ended(
        self, files: OperationFiles, request: Request, outcomes: Outcomes, plan: Plan | None = None
    ) -> Operation:
        """Remember what was decided, tell that it ended, and only then do what nobody waits for. `plan`: if at hand."""
        if not files.has_plan():
            return self._tell(standing(files, outcomes))
        plan = plan or files.plan()
        self._remembering.decide(request, plan, outcomes)
        operation = self._tell(replace(standing(files, outcomes), note=finding_in_words(files, request)))
        self._remembering.record(request, plan, outcomes)
        keep_outcomes(files, len(plan.steps))
        return operation

    def _mode(self, folder: str) -> str:
        return self.config.folder(folder).mode

    # -- looking

    def preview(self, id: str) -> Preview:
        """Return what a plan would do, in short. Raises UnknownOperation, WrongState where there is no plan."""
        files = self.files(id)
        found, undone = preview(standing(files), files.plan()), files.request().undo_of
        if undone is None:
            return found
        keep = self.config.history.keep, self.config.trash.keep
        return replace(found, until=kept_until(self.files(undone), *keep))

    def steps(
        self, id: str, start: int, limit: int, text: str = "", outcome: Outcome | None = None, into: int | None = None
    ) -> Page:
        """Return a page of steps; see StepPages.page."""
        return self._pages.page(self.files(id), start, limit, text, outcome, into)

    def lines(self, id: str, start: int, limit: int) -> Page:
        """Return a page of lines, in which files that go together are one; see StepPages.lines."""
        return self._pages.lines(self.files(id), start, limit)

    def destinations(self, id: str) -> list[Destination]:
        """Return where the files of a plan go; see StepPages.destinations."""
        return self._pages.destinations(self.files(id))

    def carries(self, id: str) -> Pending:
        """Return what a sync's plan is still to carry to each side. Raises UnknownOperation, JournalDamaged."""
        files = self.files(id)
        return pending(files.plan(), done(files.outcomes()))

    def conflicts(self, folder: Folder) -> list[Conflict]:
        """Return a pair's conflicts that nobody settled yet. Raises UsageError, StorageError."""
        return self._pairs.states.conflicts(folder)

    def pair_standing(self, folder: Folder) -> Standing:
        """Return how a folder's pair is, as far as is known here."""
        return self._pairs.states.standing(folder)

    def _tell(self, operation: Operation) -> Operation:
        self._observer.changed(operation)
        return operation


def _counts(files: OperationFiles, outcomes: Outcomes) -> Counts:
    """Return what became of the files so far, as the journal knows it."""
    if not files.has_plan():
        return Counts()
    try:
        return counts_of(files.plan(), outcomes)
    except JournalDamaged:
        return Counts(planned=files.planned_files())
