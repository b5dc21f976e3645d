"""What a journal says: its records, and what they come to.

Records are only ever added; the newest of a step counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import time

from msgspec import Struct, field

from core.model import Attributes, Fingerprint, Outcome, State


class Started(Struct, frozen=True, array_like=True, tag="started"):
    """A process began or resumed to execute the plan.

    `at`: seconds since the epoch, for people. `roots`: the inode of each root, to know them again.
    """

    boot: str
    attempt: int
    at: float = field(default_factory=time)
    roots: list[int] = []


class Intended(Struct, frozen=True, array_like=True, tag="intended", gc=False):
    """A step will use another destination than planned; fsynced before it is acted on."""

    seq: int
    destination: bytes


class Copied(Struct, frozen=True, array_like=True, tag="copied", gc=False):
    """A copy is whole and durable under a temporary name beside the destination; fsynced before it is published.

    `digest`: xxh3-128 of the content. `fingerprint`: of the temporary, which the destination keeps. `lost`: what the
    source has where the copy could not take all of it. `device`: of a source that has other names, too; else 0.
    """

    seq: int
    temporary: bytes
    digest: bytes
    fingerprint: Fingerprint
    lost: Attributes | None = None
    device: int = 0


class Finished(Struct, frozen=True, array_like=True, tag="finished", gc=False):
    """What became of a step.

    `destination`: where the file is now, if not where it was planned. `fingerprint`: what it has there, if not
    the source's own (a copy has an inode of its own). `attributes`: what a removed directory had, or what a file
    had if its copy could not take all of it.
    """

    seq: int
    outcome: Outcome
    reason: str = ""
    destination: bytes | None = None
    fingerprint: Fingerprint | None = None
    attributes: Attributes | None = None


class Purged(Struct, frozen=True, array_like=True, tag="purged", gc=False):
    """The trash's retention removed what a step had trashed; it cannot come back."""

    seq: int


class Sealed(Struct, frozen=True, array_like=True, tag="sealed"):
    """The operation ended. `counts` as in Counts, in its order; `at` as in Started."""

    state: State
    counts: tuple[int, int, int, int, int]
    error: str = ""
    at: float = field(default_factory=time)


Record = Started | Intended | Copied | Finished | Purged | Sealed


class Outcomes(Struct):
    """All that a journal says, in memory: the newest record of each step.

    `loose`: steps that ended since the last seal, whose changes the disk may lose in a power cut.
    `roots`: the roots' inodes when the operation began.
    """

    finished: dict[int, Finished] = field(default_factory=dict)
    intended: dict[int, bytes] = field(default_factory=dict)
    copied: dict[int, Copied] = field(default_factory=dict)
    purged: set[int] = field(default_factory=set)
    attempts: int = 0
    boot: str = ""
    started: float | None = None
    sealed: Sealed | None = None
    roots: list[int] = field(default_factory=list)
    loose: list[int] = field(default_factory=list)

    def add_done(self, numbers: Sequence[int]) -> list[Finished]:
        """Take in that steps were done as planned; return the records."""
        records = [Finished(number, "done") for number in numbers]
        self.finished.update(zip(numbers, records, strict=True))
        self.loose += numbers
        return records

    def add_all(self, records: Iterable[Record]) -> None:
        """Take records in, one after another."""
        for record in records:
            if type(record) is Finished and record.outcome != "pending":  # as nearly all are
                self.finished[record.seq] = record
                self.loose.append(record.seq)
            else:
                self.add(record)

    def add(self, record: Record) -> None:
        """Take one record in."""
        match record:
            case Finished(outcome="pending"):  # it was done, and a power cut undid it
                self.finished.pop(record.seq, None)
            case Finished():
                self.finished[record.seq] = record
                self.loose.append(record.seq)
            case Intended():
                self.intended[record.seq] = record.destination
            case Copied():
                self.copied[record.seq] = record
            case Purged():
                self.purged.add(record.seq)
            case Started():
                self.attempts = record.attempt
                self.boot = record.boot
                self.started = self.started or record.at
                self.sealed = None
                self.roots = self.roots or record.roots
            case Sealed():
                self.sealed = record
                self.loose = []
