"""Looks that take much memory or time, each in a process of its own, so that an agent stays small and quick.

python -P -m core.errands      reads an errand as JSON, prints an Answer as JSON, changes nothing
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct

from core.checks import Site
from core.config.writing import NewFolder
from core.errors import ShelverError

SECONDS = 120
"""An errand that takes longer ends, whoever waits for it."""


class Doctor(Struct, frozen=True, tag="doctor"):
    """Find what is wrong. Found: list[core.checks.Finding]."""

    site: Site


class LookThere(Struct, frozen=True, tag="prospect"):
    """Say what the rules would do in a new folder. Found: core.views.prospect.Prospect."""

    config: str
    folder: NewFolder


Errand = Doctor | LookThere


class Refused(Struct, frozen=True):
    """Why nothing was found: the error's code, message and field."""

    code: str
    message: str
    field: str | None = None


class Answer(Struct, frozen=True):
    """What an errand found (JSON), or why it was refused."""

    found: Raw = Raw(b"null")
    refused: Refused | None = None


def run(errand: Errand) -> Any:
    """Do an errand. Raises ShelverError."""
    if isinstance(errand, Doctor):
        from core.checks import findings  # noqa: PLC0415 -- each errand loads its own

        return findings(errand.site)
    from core.views.prospect import prospect  # noqa: PLC0415

    return prospect(Path(errand.config), errand.folder)


def main() -> int:
    """Do the errand that stands on standard input."""
    signal.alarm(SECONDS)
    errand: Errand = msgspec.json.decode(sys.stdin.buffer.read(), type=Errand)
    try:
        answer = Answer(found=Raw(msgspec.json.encode(run(errand))))
    except ShelverError as error:
        answer = Answer(refused=Refused(error.code, str(error), error.fields.get("field")))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
