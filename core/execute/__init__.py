"""The executor: the only code that changes a user's files. Takes any plan, and resumes what a crash cut off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import closing

from core.errors import REMOTE_AWAY, Cancelled, RemoteLost, StorageError
from core.execute.folders import Folders
from core.execute.groups import Groups
from core.execute.moves import Moves
from core.execute.plain_moves import PlainMoves
from core.execute.recovery import Recovery
from core.execute.remote_steps import RemoteSteps
from core.execute.replacing import Replacing
from core.execute.run import OpenRoot, RootGone, Run
from core.execute.survivors import Survivors
from core.execute.tally import Observer, Tally, counts
from core.execute.transfers import Transfers
from core.journal import Journal, Started
from core.journal.chains import earlier_users
from core.model import Counts, Plan, State, Step
from core.names import shown
from core.storage import open_storage

__all__ = ["Observer", "RootGone", "Tally", "counts", "execute"]

NOT_APPROVED = "not approved"
TOGETHER = "a file that belongs with it has to stay"

_GROUPED = frozenset({"move", "trash", "copy"})


def execute(
    plan: Plan,
    journal: Journal,
    observer: Observer,
    approved: Collection[int] | None = None,
    open_root: OpenRoot = open_storage,
) -> tuple[State, Counts]:
    """Carry out a plan, or what is left of it, and seal its journal; return how it ended.

    Steps not among the `approved` numbers are skipped. A step that cannot be done is skipped or failed alone, with its
    reason. Ends `cancelled` when the observer raises Cancelled; anything else that it raises goes through, with the
    journal unsealed. Raises RootGone where an operation to be resumed finds a root missing or replaced, StateFull
    where nothing can be recorded any more, RemoteLost where a bucket refuses everything or cannot be reached: then
    nothing more is touched, and it can be resumed. `open_root`: opens the storage of each of the plan's roots.
    """
    if journal.outcomes.sealed is not None:
        journal.sync()  # who sealed it may have died before that was durable
        return journal.outcomes.sealed.state, counts(plan, journal.outcomes)
    with closing(Run(plan, journal, observer, open_root)) as run:
        return _Execution(run, approved).execute()


class _Execution:
    def __init__(self, run: Run, approved: Collection[int] | None) -> None:
        self._run = run
        self._approved = None if approved is None else frozenset(approved)
        self._transfers = Transfers(run)
        self._moves = Moves(run, self._transfers)
        self._groups = Groups(run, self._transfers)
        self._replacing = Replacing(run)
        self._survivors = Survivors(run)
        self._remote = RemoteSteps(run)
        self._earlier = earlier_users(run.plan)
        self._durable = -1
        """The last step whose record, with those before it, is known to be on the disk."""
        self._folders = Folders(run, self._transfers)
        self._acts: dict[str, Callable[[Step], None]] = {
            "move": self._moves.move,
            "trash": self._trash,
            "copy": self._moves.copy,
            "link": self._moves.link,
            "replace": self._replacing.replace,
            "mkdir": self._folders.make,
            "rmdir": self._folders.remove,
        }

    def execute(self) -> tuple[State, Counts]:
        """Recover, carry out, seal."""
        try:
            self._begin()
            self._carry_out()
        except Cancelled:
            self._abandon()
            return self._seal("cancelled", "")
        except _Halted as halted:
            self._abandon()
            self._fail_rest(str(halted))
            return self._seal(None, str(halted))
        except REMOTE_AWAY as trouble:
            self._abandon()
            self._run.journal.flush()
            raise RemoteLost(self._run.plan.operation, why=str(trouble)) from None
        except BaseException:
            self._abandon()
            self._run.journal.flush()
            raise
        return self._seal(None, "")

    def _begin(self) -> None:
        """Find the roots, and settle what an earlier attempt left. Raises RootGone, _Halted."""
        run, outcomes = self._run, self._run.outcomes
        is_resumed, boot, earlier_boot = outcomes.attempts > 0, boot_id(), outcomes.boot
        try:
            roots = run.identify_roots()
        except RootGone as gone:
            if is_resumed:
                raise
            run.journal.add(Started(boot, 1))
            raise _Halted(gone) from None
        run.journal.add(Started(boot, outcomes.attempts + 1, roots=roots))
        run.journal.sync()
        if is_resumed:
            recovery = Recovery(run, self._transfers, self._groups, self._replacing, self._remote)
            recovery.recover(self._earlier, same_boot=boot == earlier_boot)

    # -- carrying out

    def _carry_out(self) -> None:
        run, steps = self._run, self._run.plan.steps
        plain = PlainMoves(run, self._moves, self._others())
        number = 0
        while number < len(steps):
            number = plain.carry_out(number)
            if run.is_out_of_breath():
                self._breathe()
            elif number < len(steps):
                number = self._carry_out_next(steps, number)
        self._settle()

    def _settle(self) -> None:
        """Bring to an end what was gathered into batches."""
        self._transfers.settle()
        self._remote.settle()

    def _abandon(self) -> None:
        """Give up what was gathered: it stays pending."""
        self._transfers.abandon()
        self._remote.abandon()

    def _others(self) -> set[int]:
        """Return the steps that are no plain moves because of what was before, or of what was approved."""
        outcomes = self._run.outcomes
        others = {*self._earlier, *outcomes.finished, *outcomes.intended}
        if self._approved is not None:
            others.update(step.seq for step in self._run.plan.steps if step.seq not in self._approved)
        if self._run.buckets:
            others.update(step.seq for step in self._run.plan.steps if self._run.is_remote(step))
        return others

    def _carry_out_next(self, steps: Sequence[Step], number: int) -> int:
        """Carry out the step with a number, or the group that begins there; return the number of the next."""
        group = steps[number].group
        if not group:
            self._carry_out_one(steps[number])
            return number + 1
        end = next((at for at in range(number, len(steps)) if steps[at].group != group), len(steps))
        self._carry_out_group(steps[number:end])
        return end

    def _carry_out_one(self, step: Step) -> None:
        run = self._run
        if step.seq in run.outcomes.finished:
            return
        run.observer.check_cancelled()
        if (step.refused or self._approved is not None) and (reason := self._why_not(step)):
            run.leave(step, "skipped", reason)
        elif step.kind not in self._acts and not run.is_remote(step):
            run.leave(step, "failed", f"steps of the kind {step.kind} cannot be carried out")
        else:
            if step.seq in self._earlier:
                self._wait_for(self._earlier[step.seq], step)
                step = run.followed(step)
            self._act(step)
        if run.is_out_of_breath():
            self._breathe()

    def _act(self, step: Step) -> None:
        if self._run.is_remote(step):
            self._remote.carry_out([step])
        else:
            self._acts[step.kind](step)

    def _trash(self, step: Step) -> None:
        (self._survivors.trash if step.survivor else self._moves.move)(step)

    def _carry_out_group(self, steps: Sequence[Step]) -> None:
        run = self._run
        steps = [step for step in steps if step.seq not in run.outcomes.finished]
        if not steps:
            return
        run.observer.check_cancelled()
        left = {step.seq: reason for step in steps if (reason := self._why_not(step))}
        if left:
            for step in steps:
                run.leave(step, "skipped", left.get(step.seq, TOGETHER))
        elif all(step.kind in _GROUPED for step in steps):
            self._wait_for(max(self._earlier.get(step.seq, -1) for step in steps), steps[0])
            together = [run.followed(step) for step in steps]
            (self._remote if run.is_remote(steps[0]) else self._groups).carry_out(together)
        else:
            for step in steps:
                self._carry_out_one(step)
        if run.is_out_of_breath():
            self._breathe()

    def _why_not(self, step: Step) -> str:
        if step.refused:
            return step.refused
        return "" if self._approved is None or step.seq in self._approved else NOT_APPROVED

    def _wait_for(self, seq: int, step: Step) -> None:
        """See that what became of an earlier step is durable, before a name that it used is used again."""
        if seq > self._durable:
            self._settle()
            self._run.journal.sync()
            self._durable = step.seq - 1

    def _breathe(self) -> None:
        try:
            self._run.breathe()
        except RootGone as gone:
            raise _Halted(gone) from None

    # -- the end

    def _fail_rest(self, reason: str) -> None:
        for step in self._run.plan.steps:
            if step.seq not in self._run.outcomes.finished:
                self._run.leave(step, "failed", reason)

    def _seal(self, state: State | None, error: str) -> tuple[State, Counts]:
        """Make all changes durable, then record the end."""
        run = self._run
        run.journal.flush()
        self._folders.give_back()
        self._remote.end()
        for storage in run.storages.values():
            try:
                storage.sync()
            except StorageError as trouble:
                error = error or f"{shown(storage.root)}: {trouble}"
        total = counts(run.plan, run.outcomes)
        state = state or _state(total, error)
        run.report()
        run.journal.seal(state, total, error)
        return state, total


class _Halted(Exception):
    """A root is gone: the rest of the plan fails."""


def boot_id() -> str:
    """Return what tells one start of the machine from another."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _state(total: Counts, error: str) -> State:
    if total.failed and not total.done:
        return "failed"
    return "partial" if total.failed or total.skipped or error else "completed"
