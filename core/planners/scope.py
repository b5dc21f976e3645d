"""What organizing looks at, and what it leaves alone because of where it lies or how it is called."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable

from core.config import Config, Folder
from core.errors import UsageError
from core.names import collision_key, shown
from core.planners.paths import folder_of, name_of
from core.trash import TRASH

PROJECT_MARKS = (b".git", b".hg", b".svn", b".bzr", b".jj", b"_darcs", b"CVS", b".fslckout", b"pyvenv.cfg")
"""What makes the directory that holds it a project's, or a virtual environment's."""

_NEVER_ENTERED = {b"node_modules": "packages of a program", b"@eadir": "a NAS keeps its notes there"}
_BUNDLES = (
    b".photoslibrary", b".photolibrary", b".aplibrary", b".migratedphotolibrary", b".musiclibrary", b".tvlibrary",
    b".imovielibrary", b".fcpbundle", b".app", b".framework", b".bundle", b".plugin", b".kext", b".xcodeproj",
    b".pages", b".numbers", b".key", b".rtfd", b".sparsebundle", b".lrdata", b".lrcat-data", b".band", b".logicx",
    b".scriv",
)  # fmt: skip

_ENDING = rb"\.(?:part|partial|crdownload|download|opdownload|!ut|!qb|bc!|tmp|temp|filepart|aria2|ut!|td|ytdl)"
_PARTIAL = re.compile(rb"(?P<whole>.+)" + _ENDING + rb"$", re.IGNORECASE | re.DOTALL)
_PARTIAL_AMONG = re.compile(_ENDING + rb"(?:\0|$)", re.IGNORECASE)
_OFFICE_LOCK = re.compile(rb"~\$(?P<end>.+)$", re.DOTALL)
_LIBRE_LOCK = re.compile(rb"\.~lock\.(?P<whole>.+)#$", re.DOTALL)


class Scope:
    """Which directories and names of a folder are looked at.

    `within`: the directory (relative; empty for all of the folder) that a person named; `subfolders` tells
    whether what lies deeper counts. `mark`: says what makes an absolute directory a project's, or nothing.
    """

    def __init__(
        self,
        folder: Folder,
        config: Config,
        *,
        subfolders: bool,
        within: bytes = b"",
        mark: Callable[[bytes], str] | None = None,
    ) -> None:
        self.folder = folder
        self.within = within
        self._subfolders = subfolders
        self._mark = mark or project_mark
        self._nested = frozenset(config.nested_in(folder))
        self._entered: dict[bytes, str] = {b"": ""}

    def check_root(self) -> None:
        """Raise UsageError where the folder itself is one that is never entered."""
        if why := self._mark(self.folder.path):
            raise UsageError(f"{shown(self.folder.path)} is left alone: {why}")

    def descends(self, directory: bytes) -> bool:
        """Tell whether a walk goes into a directory."""
        on_the_way = self.within.startswith(directory + b"/") or self.within == directory
        deeper = self._subfolders and (not self.within or directory.startswith(self.within + b"/"))
        return (on_the_way or deeper) and not self.why_not_entered(directory)

    def _covers(self, directory: bytes) -> bool:
        """Tell whether organizing looks at the files of a directory."""
        return directory == self.within or (
            self._subfolders and (not self.within or directory.startswith(self.within + b"/"))
        )

    def why_not(self, path: bytes) -> str:
        """Say why a file is left alone for its place or name, or nothing."""
        return self.why_not_in(folder_of(path)) or self.why_not_named(path)

    def why_not_in(self, directory: bytes) -> str:
        """Say why all the files of a directory are left alone, or nothing."""
        if why := self.why_not_entered(directory):
            return why
        return "" if self._covers(directory) else "it lies in a subfolder, and the folder has subfolders = false"

    def why_not_named(self, path: bytes) -> str:
        """Say why a file is left alone for its name, or nothing."""
        name = name_of(path)
        if is_unfinished(name):
            return "an unfinished download, or the lock of an open document"
        if name.startswith(b"."):
            return "a hidden file"
        if self.folder.ignores(path):
            return "the folder's `ignore` names it"
        return ""

    def why_not_entered(self, directory: bytes) -> str:
        """Say why nothing in a directory is looked at, or nothing."""
        if directory not in self._entered:
            above = self.why_not_entered(folder_of(directory))
            self._entered[directory] = above or self._why_not_this(directory)
        return self._entered[directory]

    def _why_not_this(self, directory: bytes) -> str:
        path = self.folder.absolute(directory)
        if path in self._nested:
            return f"the folder {shown(path)} owns it"
        return why_never_entered(name_of(directory)) or self._mark(path)


def why_never_entered(name: bytes) -> str:
    """Say why a directory with such a name is left alone wherever it lies, or nothing."""
    if name == TRASH:
        return "in the trash"
    if name.startswith(b"."):
        return f"in the hidden folder {shown(name)}"
    if why := _NEVER_ENTERED.get(name.lower()):
        return f"in {shown(name)}: {why}"
    return f"in the library {shown(name)}" if name.lower().endswith(_BUNDLES) else ""


def project_mark(directory: bytes) -> str:
    """Say what makes a directory a project's or a virtual environment's, or nothing."""
    for mark in PROJECT_MARKS:
        if os.path.lexists(os.path.join(directory, mark)):
            return marked_by(mark)
    return ""


def marked_by(mark: bytes) -> str:
    """Say why what lies beside a project's mark is left alone."""
    return f"in a project folder (it has {shown(mark)})"


def is_unfinished(name: bytes) -> bool:
    """Tell whether a name is that of an unfinished download, or of the lock of an open document."""
    return bool(_PARTIAL.match(name) or name.startswith((b"~$", b".~lock.")))


def may_be_unfinished(names: bytes) -> bool:
    """Tell whether any of some names (NUL between them) may be unfinished: cheaper than to ask for each."""
    return b"~" in names or _PARTIAL_AMONG.search(names) is not None


def awaited(names: Iterable[bytes]) -> Collection[bytes]:
    """Return the files of one directory that something unfinished belongs to, as collision keys."""
    found: set[bytes] = set()
    office: list[bytes] = []
    everything = list(names)
    for name in everything:
        if (partial := _PARTIAL.match(name)) or (partial := _LIBRE_LOCK.match(name)):
            found.add(collision_key(partial["whole"]))
        elif lock := _OFFICE_LOCK.match(name):
            office.append(lock["end"])
    for end in office:  # the lock of `document.docx` is `~$cument.docx`, of `a.docx` it is `~$a.docx`
        found.update(collision_key(n) for n in everything if n.endswith(end) and len(n) <= len(end) + 2)
    return found
