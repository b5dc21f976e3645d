"""Local files that go up into a bucket: read once for their digest, sent under what the endpoint honours, looked at.

What has the key already goes to the trash first, by a copy of the bucket's own, and only that version is replaced.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace

from core.errors import REMOTE_AWAY, SourceChanged, StorageError
from core.execute.begun_uploads import BegunUpload, begun_in
from core.execute.crew import Batch, Crew, raise_if_away
from core.execute.run import Run, expected
from core.model import Step
from core.storage import Copy, Entry, KeepGoing
from core.storage.copying import hashed
from core.storage.directories import told
from core.storage.local import LocalStorage
from core.storage.s3.objects import SHA256, Content, Move, Objects


class Uploads:
    """Carries out `upload` steps. Nothing is taken away from the folder."""

    def __init__(self, run: Run, crew: Crew) -> None:
        self._run = run
        self._crew = crew
        self._batch = Batch()

    def add(self, step: Step) -> None:
        """Have a file sent with the next batch. Raises Cancelled."""
        self._batch.add(step)
        if self._batch.is_full:
            self.settle()

    def settle(self) -> None:
        """Send all that waits, and record what became of each. Raises Cancelled."""
        waiting = self._batch.take()
        with ExitStack() as stack:
            files = [file for step in self._make_room(waiting) if (file := self._opened(step, stack))]
            if files:
                results = self._crew.each(self._send, files)
                for file, sent in zip(files, results, strict=True):
                    if not isinstance(sent, REMOTE_AWAY):
                        self._end(file, sent)
                raise_if_away(results)

    def end(self) -> None:
        """Give up what was begun and will not be gone on with: parts that nobody sees take room."""
        for begun in begun_in(self._run.journal.directory):
            step = self._run.plan.steps[begun.seq]
            self._run.bucket(step.destination_root).give_up(step.destination, begun)

    def abandon(self) -> None:
        """Forget what waits: nothing was done yet."""
        self._batch.take()

    def recover(self, step: Step) -> None:
        """Record a step whose file is in the bucket already, of an attempt that was cut off; else it is to be done.

        The digest noted beside an object tells that it is ours. Some servers keep what came of an upload that broke
        off: such a torn object goes.
        """
        target = self._run.bucket(step.destination_root)
        head = target.head(step.destination)
        if head is None or head.entry.fingerprint == step.occupant or SHA256 not in head.metadata:
            return
        file = self._opened_again(step)
        if file is None:
            return
        with closing(file):
            content = file.content(lambda count: None)
        if head.metadata[SHA256] != content.sha256.hex():
            return
        if head.entry.size == content.size:
            self.record(step, Copy(step.destination, content.sha256, head.entry.fingerprint))
        else:
            target.remove_all([(step.destination, head.entry.fingerprint)])

    def _opened_again(self, step: Step) -> _Opened | None:
        source = self._run.source(step)
        try:
            source.check_unchanged(step.source, expected(step))
            return _Opened(source, step)
        except StorageError:
            return None

    def record(self, step: Step, sent: Copy) -> None:
        """Record that a file is in the bucket."""
        self._run.record_copy(step, sent)
        self._run.done(step, fingerprint=sent.fingerprint)

    def _make_room(self, steps: Sequence[Step]) -> list[Step]:
        """Copy what will be replaced into the trash; return the steps whose place is ready."""
        ready = [step for step in steps if step.occupant is None]
        replacing = [step for step in steps if step.occupant is not None]
        for root in {step.destination_root for step in replacing}:
            bucket = self._run.bucket(root)
            here = [step for step in replacing if step.destination_root == root]
            moves = [Move(step.destination, step.trash, step.occupant) for step in here if step.occupant]
            for step, copy in zip(here, bucket.copy_all(moves, bucket), strict=True):
                if isinstance(copy, Entry) or self._is_in_trash(bucket, step):
                    ready.append(step)
                else:
                    self._run.refuse(step, copy)
        return sorted(ready, key=lambda step: step.seq)

    @staticmethod
    def _is_in_trash(bucket: Objects, step: Step) -> bool:
        """Tell whether an earlier attempt copied what is replaced: the trash's keys are this operation's alone."""
        there = bucket.entry(step.trash)
        return there is not None and step.occupant is not None and there.size == step.occupant.size

    def _opened(self, step: Step, stack: ExitStack) -> _Opened | None:
        source = self._run.source(step)
        try:
            source.check_unchanged(step.source, expected(step))
            return stack.enter_context(closing(_Opened(source, step)))
        except StorageError as error:
            self._run.refuse(step, error)
        return None

    def _send(self, file: _Opened, go_on: KeepGoing) -> Copy:
        content = replace(
            file.content(lambda count: go_on(0)),  # reading is not sending
            begun=BegunUpload(self._run.journal.directory, file.step.seq),
        )
        target = self._run.bucket(file.step.destination_root)
        sent = target.upload(content, file.step.destination, file.step.occupant, go_on)
        return Copy(file.step.destination, content.sha256, sent.fingerprint)

    def _end(self, file: _Opened, sent: Copy | StorageError) -> None:
        """Record what became of a step; what changed while it was read does not stay in the bucket."""
        step = file.step
        if isinstance(sent, StorageError):
            self._run.refuse(step, sent)
            return
        try:
            file.check_unchanged()
            self._run.source(step).check_unchanged(step.source, expected(step))
        except StorageError as error:
            self._take_back(self._run.bucket(step.destination_root), step, sent)
            self._run.refuse(step, error)
        else:
            self.record(step, sent)

    @staticmethod
    def _take_back(target: Objects, step: Step, sent: Copy) -> None:
        """Remove what was read amid a change; what it replaced comes back from the trash."""
        target.remove_all([(step.destination, sent.fingerprint)])
        if step.occupant is not None and (kept := target.entry(step.trash)):
            target.copy_all([Move(step.trash, step.destination, kept.fingerprint)], target)


class _Opened:
    """A local file while it is sent."""

    def __init__(self, source: LocalStorage, step: Step) -> None:
        with told():
            self._descriptor = source.open_file(step.source, os.O_RDONLY)
        self.step = step
        self._status = os.fstat(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)

    def content(self, go_on: KeepGoing) -> Content:
        """Read the file for its digest."""
        digest = hashed(self._descriptor, "sha256", go_on)
        self.check_unchanged()
        return Content(self._descriptor, self._status.st_size, self._status.st_mtime_ns, digest, _headers(self.step))

    def check_unchanged(self) -> None:
        """Raise SourceChanged if anybody wrote to it since it was opened."""
        now, then = os.fstat(self._descriptor), self._status
        if (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (then.st_size, then.st_mtime_ns, then.st_ctime_ns):
            raise SourceChanged


def _headers(step: Step) -> dict[str, str]:
    kind, encoding = mimetypes.guess_type(os.fsdecode(os.path.basename(step.destination)))
    return {"ContentType": kind} if kind and not encoding else {}
