"""Every error that Shelver raises on purpose.

    ShelverError                     1
    ├── UsageError                   2   the command or request makes no sense
    │   ├── UnknownOperation         2
    │   └── UnknownFolder            2
    ├── ConfigError                  2   config.toml has mistakes: all of them, each with its place
    ├── AgentUnreachable             3   nobody answers on the socket
    ├── NotAllowed                   4   the socket's owner does not let this user do that
    ├── Refused                      5   Shelver could, but must not
    │   ├── Locked                   5   another process holds the lock
    │   ├── BrakeEngaged             5   too much would change at once, or a folder halted
    │   ├── WrongState               5   e.g. approving what is already running
    │   └── StateFull                5   the disk that holds the journals is full
    ├── Cancelled                  130   a person ended the operation; what is done stays, and can be undone
    ├── Interrupted                130   the process was asked to end; the operation goes on later
    │   └── RemoteLost             130   a bucket cannot be reached, or refuses: it goes on once that is over
    ├── JournalDamaged               1   a record in the middle of a journal does not check
    ├── FactUnavailable              1   a fact of one file could not be read (costs that fact only)
    └── StorageError                 1   one step on one file did not work; its message is the step's reason
        ├── SourceMissing            1
        ├── SourceChanged            1
        ├── SourceInUse              1
        ├── DestinationTaken         1
        ├── FolderTaken              1
        ├── EscapesRoot              1
        ├── SurvivorLost             1   of a duplicate: the copy that stays is not what it was
        ├── NotTheSame               1
        ├── SameFile                 1
        ├── CannotStandIn            1
        ├── CrossesDevices           1   a rename cannot do it, a copy can (never seen by a user)
        ├── NoSpace                  1
        ├── AccessDenied             1
        ├── FolderNotEmpty           1
        ├── Archived                 1   an object of a storage class that cannot be read
        ├── RemoteRefused            1   the endpoint or its credentials: 403; no other request will fare better
        ├── RemoteUnreachable        1
        └── IoFailed                 1

An error's docstring is its message; its fields fill the braces. `exit_code` is what a command that
ends with the error returns. Names in fields are shown through `core.names.shown` by whoever raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct


class ShelverError(Exception):
    """Something went wrong: {detail}."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, detail: str = "", **fields: Any) -> None:
        self.detail = detail
        self.fields = {"detail": detail, **fields}
        super().__init__(detail, *fields.values())

    def __init_subclass__(cls) -> None:
        cls.code = "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).strip("_")

    def __str__(self) -> str:
        template = (type(self).__doc__ or "").partition("\n")[0]
        return template.format_map(_Blank(self.fields)).replace(": .", ".").replace(" ()", "")


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


class UsageError(ShelverError):
    """{detail}"""

    exit_code = 2


class UnknownOperation(UsageError):
    """No operation is called {detail}; `shelver ops` lists them."""


class UnknownFolder(UsageError):
    """No folder is called {detail}; `shelver status` lists them."""


class Mistake(Struct, frozen=True):
    """One thing that is wrong in the config: where, what, and what was probably meant."""

    line: int | None
    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{self.where}: {self.message}{hint}"


class ConfigError(ShelverError):
    """{detail}"""

    exit_code = 2

    def __init__(self, detail: str = "", mistakes: Sequence[Mistake] = ()) -> None:
        super().__init__(detail)
        self.mistakes = tuple(mistakes)


class AgentUnreachable(ShelverError):
    """The agent cannot be reached: {detail}."""

    exit_code = 3


class NotAllowed(ShelverError):
    """Not allowed: {detail}."""

    exit_code = 4


class Refused(ShelverError):
    """Refused: {detail}."""

    exit_code = 5


class Locked(Refused):
    """{detail} is in use by another Shelver process."""


class BrakeEngaged(Refused):
    """Held back: {detail}."""


class WrongState(Refused):
    """Operation {operation} is {state}: {detail}."""


class StateFull(Refused):
    """No new operation can be recorded: the disk that holds {detail} is full."""


class Cancelled(ShelverError):
    """Cancelled before the end."""

    exit_code = 130


class Interrupted(ShelverError):
    """Stopped before the end; `shelver approve {detail}` goes on."""

    exit_code = 130


class RemoteLost(Interrupted):
    """{why}; what is done stays, and `shelver approve {detail}` goes on"""


class JournalDamaged(ShelverError):
    """The journal is damaged: {detail}. Nothing was touched; see `shelver doctor`."""


class FactUnavailable(ShelverError):
    """{detail}"""


class StorageError(ShelverError):
    """{detail}"""


class SourceMissing(StorageError):
    """it is no longer there"""


class SourceChanged(StorageError):
    """it changed since it was planned"""


class SourceInUse(StorageError):
    """open in another program"""


class DestinationTaken(StorageError):
    """the place is taken"""


class FolderTaken(StorageError):
    """something else has the name of its folder"""


class EscapesRoot(StorageError):
    """its path leads out of the folder"""


class SurvivorLost(StorageError):
    """the copy that would stay cannot be relied on: {detail}"""


class NotTheSame(StorageError):
    """its content is not that of the copy that would stay"""


class SameFile(StorageError):
    """it is another name of the very file that would stay, not a copy"""


class CannotStandIn(StorageError):
    """nothing can stand in for it: {detail}"""


class CrossesDevices(StorageError):
    """the destination is on another file system"""


class NoSpace(StorageError):
    """no space left for it"""


class AccessDenied(StorageError):
    """permission denied: {detail}"""


class FolderNotEmpty(StorageError):
    """the folder is not empty"""


class Archived(StorageError):
    """it is archived: restore it first"""


class RemoteRefused(StorageError):
    """the remote refuses: {detail}"""


class RemoteUnreachable(StorageError):
    """the remote cannot be reached: {detail}"""


REMOTE_AWAY = (RemoteRefused, RemoteUnreachable)
"""What ends a run for now: no other request to that remote will fare better."""


class IoFailed(StorageError):
    """the file system reported: {detail}"""
