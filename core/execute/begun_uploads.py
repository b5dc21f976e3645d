"""Uploads by parts that were begun, each noted in the operation's directory: an attempt that follows goes on with them.

The notes are files of their own, `upload-SEQ`, for the threads that send write them, and the journal is not theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from core.state import write_durably
from core.storage.s3.parts import Begun, Upload

_PREFIX = "upload-"


class BegunUpload(Begun):
    """The note of one step. `directory`: of the operation."""

    keeps = True

    def __init__(self, directory: Path, seq: int) -> None:
        self.seq = seq
        self._file = directory / f"{_PREFIX}{seq}"

    def known(self) -> Upload | None:
        """Return what was noted, or None; what cannot be read is noted no more."""
        with suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(self._file.read_bytes(), type=Upload)
        return None

    def note(self, upload: Upload) -> None:
        """Note an upload, durably."""
        write_durably(self._file, msgspec.json.encode(upload))

    def forget(self) -> None:
        """Forget it."""
        self._file.unlink(missing_ok=True)


def begun_in(directory: Path) -> Iterator[BegunUpload]:
    """Yield what is noted in an operation's directory."""
    for file in directory.glob(f"{_PREFIX}*"):
        number = file.name.removeprefix(_PREFIX)
        if number.isdigit():
            yield BegunUpload(directory, int(number))
