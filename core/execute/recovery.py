"""What a crash cut off, worked out from plan, journal and disk.

A step without a record may have been done wholly, in part, or not at all. The disk decides:

| source   | destination | temporary | verdict |
| -------- | ----------- | --------- | ------- |
| same     | absent      | absent    | still to be done |
| same     | absent      | present   | whole: publish it, go on; else remove it, still to be done |
| same     | ours        | either    | the copy is published: take the source away |
| same     | other's     | either    | remove the temporary; still to be done (and the place is taken) |
| changed  | absent      | absent    | still to be done (and it changed) |
| changed  | ours        | either    | done: what has the source's name now is another or was edited, and stays |
| changed  | other's     | absent    | still to be done (and it changed) |
| changed  | not ours    | present   | whole: touch nothing, failed; else remove it, still to be done (and it changed) |
| gone     | ours        | either    | done |
| gone     | absent      | present   | whole: publish it, done; else touch nothing, failed |
| gone     | other's     | either    | touch nothing, failed |
| gone     | absent      | absent    | touch nothing, failed |

The destination is *ours* if it has the source's fingerprint (renamed), or the fingerprint and the bytes of the copy in
the journal's record; only by those is a temporary *whole*. A source that was renamed aside, to be taken away, goes back
first, so that the table holds.
All of it may be cut off and begun anew at any point.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from core.errors import SourceChanged, SourceMissing, StorageError
from core.execute.groups import Groups, Held, Placed
from core.execute.remote_steps import RemoteSteps
from core.execute.replacing import Replacing
from core.execute.run import Run, expected
from core.execute.transfers import Transfer, Transfers
from core.journal import Finished
from core.model import DIRECTORY_KINDS, Fingerprint, Step
from core.names import shown
from core.storage import Copy

Verdict = Literal["pending", "done", "whole", "published", "unclear"]


@dataclass(slots=True)
class Finding:
    """What the disk says of a step.

    `whole`: a confirmed copy waits under its temporary name. `published`: it has its name, and the source is to be
    taken away. `unclear`: `reason` says what was found; nothing may be touched.
    """

    verdict: Verdict
    destination: bytes
    copy: Copy | None = None
    source_is_gone: bool = False
    reason: str = ""


class Recovery:
    """Brings every step that an earlier attempt began to an end, or back to its beginning."""

    def __init__(
        self, run: Run, transfers: Transfers, groups: Groups, replacing: Replacing, remote: RemoteSteps
    ) -> None:
        self._run = run
        self._remote = remote
        self._transfers = transfers
        self._groups = groups
        self._replacing = replacing

    def recover(self, earlier: Mapping[int, int], *, same_boot: bool) -> None:
        """Look at every step without a record and, if the machine was started anew, at those done since the last seal.

        `earlier`: for steps that use names of earlier ones, the last of those.
        Never asks whether to stop: what was cut off is settled first, also when the operation is to be cancelled.
        """
        if not same_boot:
            self._recheck_done()
        self._take_over_syncing()
        finished = self._run.outcomes.finished
        # A copy's record, or one of another name, proves that a step has begun, whatever became of earlier ones since.
        begun_for_sure = self._run.outcomes.copied.keys() | self._run.outcomes.intended.keys()
        recorded = frozenset(finished)
        unfinished = [step for step in self._run.plan.steps if step.seq not in finished and not step.refused]
        if self._run.buckets:
            self._remote.recover([self._run.followed(step) for step in unfinished if self._run.is_remote(step)])
            unfinished = [step for step in unfinished if not self._run.is_remote(step)]
        for group, steps in groupby(unfinished, lambda step: step.group):
            if group:
                begun = _begun_together(list(steps), earlier, recorded, begun_for_sure)
                self._recover_group([self._run.followed(step) for step in begun])
            else:
                for step in steps:
                    if step.seq in begun_for_sure or _may_have_begun(step, earlier, recorded):
                        self._recover_one(self._run.followed(step))
            if self._run.is_out_of_breath():
                self._run.breathe()
        self._run.journal.flush()

    # -- what was done before

    def _take_over_syncing(self) -> None:
        """See that what the dead process did becomes durable with the rest: it did not come to that."""
        outcomes, steps = self._run.outcomes, self._run.plan.steps
        for storage in self._run.storages.values():
            storage.doubt()
        for seq in set(outcomes.loose).intersection(outcomes.finished):
            record, step = outcomes.finished[seq], steps[seq]
            if record.outcome == "done" or step.kind == "replace":
                self._touch(step.source_root, step.source)
                self._touch(step.destination_root, step.destination)
                self._touch(step.destination_root, record.destination or step.trash or step.destination)

    def _touch(self, root: int, path: bytes) -> None:
        if root in self._run.storages:
            self._run.storages[root].touch(path)

    def _recheck_done(self) -> None:
        """Make steps pending again that the disk lost: their records were durable before their changes were."""
        outcomes = self._run.outcomes
        steps = self._run.plan.steps
        lost: set[int] = set()
        for seq in sorted(set(outcomes.loose)):
            record = outcomes.finished.get(seq)
            if record is None or record.outcome != "done":
                continue
            if self._run.bringers.get(seq) in lost or self._was_lost(self._run.followed(steps[seq]), record):
                lost.add(seq)
        for seq in sorted(lost):
            self._run.undo(steps[seq])
        self._run.journal.sync()

    def _was_lost(self, step: Step, record: Finished) -> bool:
        destination = record.destination or step.destination
        if self._run.is_remote(step):
            return self._remote.was_lost(step, destination)
        source, target = self._run.source(step), self._run.target(step)
        try:
            if step.kind == "replace":
                return self._replacing.was_lost(step, record)
            if step.kind == "mkdir":
                return not target.exists(step.destination)
            if step.kind == "rmdir":
                return source.is_directory(step.source)
            if step.kind in ("copy", "link"):
                return not target.exists(destination) and source.fingerprint(step.source) == step.fingerprint
            back = source.fingerprint(step.source) == step.fingerprint
            is_renamed = target.fingerprint(destination) == step.fingerprint
            return back and (not is_renamed or self._is_published(step, destination))
        except StorageError:
            return False

    def _is_published(self, step: Step, destination: bytes) -> bool:
        copy = self._run.copied(step)
        return copy is not None and self._run.target(step).fingerprint(destination) == copy.fingerprint

    # -- single steps

    def _recover_one(self, step: Step) -> None:
        if step.kind in DIRECTORY_KINDS:
            self._recover_directory(step)
            return
        if step.kind == "replace":
            self._replacing.recover(step)
            return
        try:
            finding = self.look(step)
        except StorageError as error:
            self._run.leave(step, "failed", str(error))
            return
        copy = finding.copy
        match finding.verdict:
            case "done":
                self._run.done(
                    step, finding.destination, copy.fingerprint if copy else None, copy.lost if copy else None
                )
            case "unclear":
                self._run.leave(step, "failed", finding.reason)
            case "whole" | "published":
                assert copy is not None
                is_published = finding.verdict == "published"
                self._go_on(Transfer(step, finding.destination, copy, is_published), finding)

    def _go_on(self, transfer: Transfer, finding: Finding) -> None:
        """Bring a transfer to its end from where it was cut off."""
        transfers = self._transfers
        try:
            if finding.verdict == "whole":
                if not finding.source_is_gone:
                    transfers.check_source(transfer)
                transfers.publish(transfer)
            transfers.make_durable(transfer)
            transfers.take_source(transfer)
        except StorageError as error:
            if finding.source_is_gone:
                self._run.refuse(transfer.step, error)
            else:
                transfers.give_up(transfer, error)
        else:
            transfers.record(transfer)

    def _recover_directory(self, step: Step) -> None:
        """Take what is already so for done: the crash may have come between the change and its record."""
        try:
            if step.kind == "mkdir":
                if self._run.target(step).is_directory(step.destination):
                    self._run.done(step)
            elif not self._run.source(step).exists(step.source):
                self._run.done(step, attributes=step.attributes)
        except StorageError as error:
            self._run.leave(step, "failed", str(error))

    # -- groups

    def _recover_group(self, steps: Sequence[Step]) -> None:
        """Complete a group that was begun, or put it back; leave one alone that was not."""
        placed: list[Placed] = []
        pending: list[Step] = []
        try:
            for step in steps:
                self._sort(step, placed, pending)
        except Held as held:
            self._groups.give_up(steps, placed, held)
            return
        if placed:
            self._groups.complete(pending, placed)

    def _sort(self, step: Step, placed: list[Placed], pending: list[Step]) -> None:
        try:
            finding = self.look(step)
            copy = finding.copy
            if finding.verdict in ("done", "published"):
                self._run.source(step).discard(self._run.back(step))  # it was being put back, but is still whole here
            if finding.verdict == "unclear":
                raise Held(step, StorageError(finding.reason))
            if finding.verdict == "pending":
                pending.append(step)
            elif copy is None:
                placed.append(Placed(step, finding.destination, expected(step)))
            elif finding.verdict == "whole" and not finding.source_is_gone:
                self._transfers.remove(Transfer(step, finding.destination, copy))
                pending.append(step)
            else:
                self._end_transfer(Transfer(step, finding.destination, copy), finding.verdict)
                placed.append(Placed(step, finding.destination, copy.fingerprint, copy.lost))
        except StorageError as error:
            raise Held(step, error) from None

    def _end_transfer(self, transfer: Transfer, verdict: Verdict) -> None:
        if verdict == "whole":
            self._transfers.publish(transfer)
        self._transfers.make_durable(transfer)
        self._transfers.take_source(transfer)

    # -- looking

    def look(self, step: Step) -> Finding:
        """Return what the disk says of a step on a file, having put back a source that was renamed aside.

        Removes a temporary only where the source is still what it was copied from. Raises StorageError.
        """
        destination = self._run.destination(step)
        waiting = self._return_aside(step, destination)
        if waiting is not None:
            return waiting
        source = self._run.source(step).fingerprint(step.source)
        there = self._run.target(step).fingerprint(destination)
        copy = self._run.copied(step)
        if copy is not None and self._run.target(step).holds(destination, copy):
            return self._published(step, destination, copy, source)
        if there is not None and there == step.fingerprint and step.kind != "copy":
            return self._renamed(step, destination, source)
        return self._not_there(step, destination, copy, source)

    def _return_aside(self, step: Step, destination: bytes) -> Finding | None:
        """Give a source its name back that was about to be taken away; a Finding where that cannot be."""
        storage, aside = self._run.source(step), self._run.aside(step)
        if not storage.exists(aside):
            return None
        if not storage.exists(step.source):
            storage.move(aside, storage, step.source)
            return None
        copy = self._run.copied(step)
        if copy is not None and self._run.target(step).holds(destination, copy):
            storage.check_unchanged(aside, expected(step))
            storage.discard(aside)
            return Finding("done", destination, copy)
        return Finding("unclear", destination, reason=f"its place is taken, and it waits beside it as {_name(aside)}")

    def _published(self, step: Step, destination: bytes, copy: Copy, source: Fingerprint | None) -> Finding:
        self._run.target(step).discard(self._run.temporary(step, destination))  # its second name, or an earlier attempt
        is_left = step.kind != "copy" and source == step.fingerprint
        return Finding("published" if is_left else "done", destination, copy)

    def _renamed(self, step: Step, destination: bytes, source: Fingerprint | None) -> Finding:
        if step.kind == "link" or source != step.fingerprint:
            return Finding("done", destination)
        there = self._run.target(step).entry(destination)
        if there is not None and there.links > 1:  # a link was made to rename it, and the old name is left
            self._run.source(step).discard(step.source)
            return Finding("done", destination)
        folder, _, name = destination.rpartition(b"/")  # one name, which the file system finds by two spellings
        is_spelled_so = name in self._run.target(step).list_directory(folder)
        return Finding("done" if is_spelled_so else "pending", destination)

    def _not_there(self, step: Step, destination: bytes, copy: Copy | None, source: Fingerprint | None) -> Finding:
        target, temporary = self._run.target(step), self._run.temporary(step, destination)
        if not target.exists(temporary):
            if source is None:
                return Finding("unclear", destination, reason=str(SourceMissing()))
            return Finding("pending", destination)
        is_whole = copy is not None and target.holds(temporary, copy)
        is_same = source == step.fingerprint
        if is_whole and (is_same or source is None) and not target.exists(destination):
            return Finding("whole", destination, copy, source_is_gone=source is None)
        if is_same or (source is not None and not is_whole):
            target.discard(temporary)
            return Finding("pending", destination)
        what = SourceMissing() if source is None else SourceChanged()
        return Finding("unclear", destination, reason=f"{what}; what was copied of it waits as {_name(temporary)}")


def _name(path: bytes) -> str:
    return shown(path.rpartition(b"/")[2])


def _may_have_begun(step: Step, earlier: Mapping[int, int], recorded: Collection[int]) -> bool:
    """Tell whether a step can have begun: who uses an earlier step's name waits until its record is durable."""
    return step.seq not in earlier or earlier[step.seq] in recorded


def _begun_together(
    steps: list[Step], earlier: Mapping[int, int], recorded: Collection[int], begun_for_sure: Collection[int]
) -> list[Step]:
    """Return a group, or nothing if it cannot have begun."""
    if any(step.seq in begun_for_sure for step in steps):
        return steps
    settled = {*recorded, *(step.seq for step in steps)}
    return steps if all(_may_have_begun(step, earlier, settled) for step in steps) else []
