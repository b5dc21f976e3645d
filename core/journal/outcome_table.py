"""What became of each step, small enough to keep for a million, and read on where the journal grew.

A table of an operation that ended is kept beside its journal (`outcomes`), so that a million steps open at once. It
says nothing that the journal does not: it may be deleted, and one that does not fit the journal is made anew.
"""

from __future__ import annotations

import os
from array import array
from contextlib import suppress
from pathlib import Path
from threading import Lock

import msgspec
from msgspec import Struct, msgpack

from core.errors import JournalDamaged
from core.journal import OperationFiles
from core.journal.frames import framed, frames, payload_at, whole_length
from core.journal.records import Finished, Intended, Record, Sealed, Started
from core.model import Outcome

WORTH_KEEPING = 20_000
"""Steps from which on a table is written down; of fewer, reading the journal takes no time."""

PENDING = 0
_decode_records = msgpack.Decoder(list[Record]).decode


class _Kept(Struct, array_like=True):
    """A table as it stands on disk. `read`: bytes of the journal that it covers."""

    read: int
    codes: bytes
    endings: list[tuple[Outcome, str]]
    places: dict[int, bytes]


class OutcomeTable:
    """The outcomes of one operation's steps, by number. Calls may come from any thread."""

    def __init__(self, files: OperationFiles) -> None:
        self._files = files
        self._lock = Lock()
        self.read = 0
        """Bytes of the journal taken in."""
        self.is_sealed = False
        self.codes = array("I")
        """For each step the number of its ending; those beyond are pending."""
        self.endings: list[tuple[Outcome, str]] = [("pending", "")]
        """How steps ended: outcome and reason, each once."""
        self._numbers: dict[tuple[Outcome, str], int] = {self.endings[PENDING]: PENDING}
        self.places: dict[int, bytes] = {}
        """Where files went that did not go where it was planned."""

    def ending(self, seq: int) -> tuple[Outcome, str]:
        """Return a step's outcome and the reason for it."""
        return self.endings[self.codes[seq]] if seq < len(self.codes) else self.endings[PENDING]

    def codes_of(self, outcome: Outcome) -> frozenset[int]:
        """Return the numbers of the endings with an outcome."""
        return frozenset(number for number, ending in enumerate(self.endings) if ending[0] == outcome)

    # -- reading

    def catch_up(self) -> None:
        """Take in what was written to the journal since. Raises JournalDamaged."""
        with self._lock:
            try:
                size = os.stat(self._files.journal_path).st_size
            except FileNotFoundError:
                size = 0
            if size < self.read:
                self._forget()
            if self.read == 0 and size:
                self._take_kept(size)
            if size > self.read:
                self._read_on()

    def _read_on(self) -> None:
        name = f"journal of {self._files.directory.name}, after byte {self.read}"
        with self._files.journal_path.open("rb") as file:
            file.seek(self.read)
            data = memoryview(file.read())
        whole = whole_length(data, name)
        for payload in frames(data[:whole], name):
            try:
                records = _decode_records(payload)
            except msgspec.MsgspecError as error:
                raise JournalDamaged(f"{name}: {error}") from None
            self._take(records)
        self.read += whole
        if self.is_sealed and len(self.codes) >= WORTH_KEEPING:
            self._keep()

    def _take(self, records: list[Record]) -> None:
        for record in records:
            if isinstance(record, Finished):
                self._put(record.seq, (record.outcome, record.reason))
                if record.destination is not None:
                    self.places[record.seq] = record.destination
            elif isinstance(record, Intended):
                self.places[record.seq] = record.destination
            elif isinstance(record, Sealed | Started):
                self.is_sealed = isinstance(record, Sealed)

    def _put(self, seq: int, ending: tuple[Outcome, str]) -> None:
        number = self._numbers.get(ending)
        if number is None:
            number = self._numbers[ending] = len(self.endings)
            self.endings.append(ending)
        missing = seq - len(self.codes)
        if missing >= 0:
            self.codes.extend(array("I", bytes(4 * missing)))
            self.codes.append(number)
        else:
            self.codes[seq] = number

    def _forget(self) -> None:
        self.read, self.is_sealed = 0, False
        self.codes, self.places = array("I"), {}

    # -- keeping

    @property
    def _path(self) -> Path:
        return self._files.directory / "outcomes"

    def _keep(self) -> None:
        kept = _Kept(self.read, self.codes.tobytes(), self.endings, self.places)
        temporary = self._path.with_name("outcomes.new")
        with suppress(OSError):  # a full or read-only disk costs time, nothing else
            temporary.touch(mode=0o600)
            temporary.write_bytes(framed(kept))
            temporary.replace(self._path)

    def _take_kept(self, size: int) -> None:
        try:
            data = memoryview(self._path.read_bytes())
            kept = msgpack.decode(payload_at(data, 0, str(self._path)), type=_Kept)
        except (OSError, JournalDamaged, msgspec.MsgspecError, StopIteration):
            return
        if kept.read <= size:
            self.read, self.is_sealed, self.places = kept.read, True, kept.places
            self.codes = array("I", kept.codes)
            self.endings = kept.endings
            self._numbers = {ending: number for number, ending in enumerate(kept.endings)}


def keep_outcomes(files: OperationFiles, steps: int) -> None:
    """Write down what became of the steps of an operation that ended, where there are many."""
    if steps >= WORTH_KEEPING:
        with suppress(JournalDamaged):
            OutcomeTable(files).catch_up()
